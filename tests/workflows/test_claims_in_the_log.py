"""That an invoice was financed once is proven by a file, and a second financing behind the back is found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from conftest import NewDatabase

import ledger
from core import InvalidInput
from proof.checkpoint import NoteKey
from scf.data_folder import DataFolder
from scf.rooms import ROOMS
from support.cases import Platform
from support.factoring import OPERATIONS, Trade, bring_trade, shipped_platform
from workflows.domain_commands import NewCaseClock
from workflows.replay import replay_case
from workflows.worker import WorkerSettings

CLOCK = NewCaseClock(Decimal(2_000_000), frozenset({"task", "message"}), from_documents=True)


@dataclass(frozen=True)
class Installed:
    """A platform with the command line on its data folder and database."""

    platform: Platform
    folder: DataFolder
    keys: ledger.Keys
    log_key: str

    def scf(self, *words: object, offline: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `scf ledger …`."""
        where = (
            [] if offline else ["--data", self.folder.root, "--database", self.platform.settings.database_url]
        )
        return subprocess.run(
            [sys.executable, "-m", "scf", "ledger", *map(str, [*words, *where])],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    async def log(self) -> None:
        """Move all that was signed to the log."""
        sequencer = ledger.Sequencer(self.platform.database, self.keys.log_key, ledger.DEFAULT_ORIGIN)
        while await sequencer.sequence_once():
            pass
        await sequencer.close()

    async def sealed(self) -> int:
        """Seal what is claimed by now; return the size that the seal covers."""
        await self.log()
        done = self.scf("seal-claims", "--json")
        assert done.returncode == 0, done.stderr
        await self.log()
        return int(json.loads(done.stdout)["size"])

    def proven(self, invoice_id: UUID, file: Path) -> dict[str, Any]:
        """Prove how an invoice stands, and return what the file shows to whom has only the log's key."""
        written = self.scf("prove", "--claim", invoice_id, "-o", file)
        assert written.returncode == 0, written.stderr
        shown = self.scf("verify-proof", file, "--log-key", self.log_key, "--json", offline=True)
        assert shown.returncode == 0, shown.stderr
        told: dict[str, Any] = json.loads(shown.stdout)
        return told

    async def place(self, case_id: UUID, kind: str) -> tuple[int, int]:
        """Return number and place of the last entry of a kind in a case."""
        rows = await self.platform.rows(
            "SELECT seq, index FROM ledger.entry WHERE stream = $1"
            " AND convert_from(body, 'UTF8')::jsonb ->> 'kind' = $2 ORDER BY seq DESC LIMIT 1",
            str(case_id),
            kind,
        )
        return rows[0]["seq"], rows[0]["index"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installed(
    new_database: NewDatabase, temporal_target: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installed]:
    folder = DataFolder.at(tmp_path_factory.mktemp("data"))
    keys = ledger.load_or_create_keys(folder.keys)
    url = await new_database(ROOMS)
    settings = WorkerSettings(url, temporal_target, folder.keys, task_queue="test-claims", case_clock=CLOCK)
    async with shipped_platform(settings) as platform, platform.running():
        yield Installed(platform, folder, keys, str(NoteKey.of(ledger.DEFAULT_ORIGIN, keys.log_key)))


async def funded(trade: Trade) -> UUID:
    case_id = await trade.request()
    await trade.approve(case_id)
    await trade.fund(case_id)
    await trade.platform.case_at(case_id, "WaitForPayment")
    return case_id


async def test_one_financing_and_no_second_is_proven_until_there_is_a_second(
    installed: Installed, tmp_path: Path
) -> None:
    platform = installed.platform
    first = await bring_trade(platform, "retail", "61")
    second = await bring_trade(platform, "manufacturing", "62")
    never = await bring_trade(platform, "retail", "63")
    one, withdrawn = await funded(first), await second.request()
    await platform.task(withdrawn, "VerifyWithBuyer")
    await platform.perform("case.cancel", {"reason": "withdrawn"}, actor=OPERATIONS, case_id=withdrawn)
    size = await installed.sealed()

    seq, place = await installed.place(one, "case.start")
    told = installed.proven(first.invoice_id, tmp_path / "first.proof")
    assert told["shows"] == (
        f"Claimed once by entry {seq} of {one} at place {place}; not released;"
        f" no other claim at checkpoint size {size}."
    )
    told = installed.proven(never.invoice_id, tmp_path / "never.proof")
    assert told["shows"] == f"Not claimed at checkpoint size {size}."
    assert first.number not in (tmp_path / "first.proof").read_text()
    told = installed.proven(second.invoice_id, tmp_path / "second.proof")
    seq, place = await installed.place(withdrawn, "case.cancel")
    assert f"released by entry {seq} of {withdrawn} at place {place};" in told["shows"]

    two = await funded(second)
    size = await installed.sealed()
    told = installed.proven(second.invoice_id, tmp_path / "second.proof")
    seq, place = await installed.place(two, "case.start")
    assert told["shows"] == (
        f"Claimed 2 times, each after a release, last by entry {seq} of {two} at place {place};"
        f" not released; no other claim at checkpoint size {size}."
    )
    for case_id in (one, withdrawn, two):
        assert (await replay_case(platform.database, case_id, platform.vault_key)).agrees
    export = ("verify-export", tmp_path / "log", "--log-key", installed.log_key, "--json")
    assert installed.scf("verify").returncode == 0
    assert installed.scf("export", tmp_path / "log").returncode == 0
    assert installed.scf(*export, offline=True).returncode == 0

    # Whoever owns the database lets the platform forget the first financing.
    async with platform.database.transaction() as tx:
        await tx.sql.execute(
            "UPDATE finance.fingerprint SET released_at = claimed_at WHERE invoice_id = $1", first.invoice_id
        )
        await tx.sql.execute(
            "UPDATE finance.request_item SET live = false WHERE invoice_id = $1", first.invoice_id
        )
        await tx.sql.execute(
            "UPDATE finance.invoice SET request_id = NULL, state = 'MATCHED' WHERE id = $1", first.invoice_id
        )
    again = await first.request()
    await platform.first_of(again, "VerifyWithBuyer", "ApproveFinancing")
    await installed.log()
    _, place = await installed.place(again, "case.start")
    assert installed.scf("export", tmp_path / "log").returncode == 0
    for found in (installed.scf("verify", "--json"), installed.scf(*export, offline=True)):
        assert found.returncode != 0
        findings = json.loads(found.stdout)["findings"]
        assert [(each["code"], each["where"]) for each in findings] == [
            ("log.double_claim", f"entry {place}")
        ]


async def test_what_a_claim_proof_cannot_be(installed: Installed, tmp_path: Path) -> None:
    unknown = installed.scf("prove", "--claim", UUID(int=1))
    assert "invoice.unknown" in unknown.stderr
    both = installed.scf("prove", "0", "--claim", UUID(int=1))
    assert "ledger.proof_of_what" in both.stderr


async def test_nobody_declares_fingerprints_of_their_own(installed: Installed) -> None:
    trade = await bring_trade(installed.platform, "manufacturing", "64")
    task = await installed.platform.task(await trade.request(), "VerifyWithBuyer")
    forged = {
        "task_id": str(task),
        "variables": {"decision": "confirmed"},
        "statement": {"fingerprints": {"claimed": ["ab" * 32], "released": []}},
    }
    with pytest.raises(InvalidInput, match="fingerprints"):
        await installed.platform.submit("task.complete", forged, actor=trade.buyer)
