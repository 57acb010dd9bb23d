"""`scf ledger prove --case`, `verify-proof` and `verify-export`: a whole case, and whether it goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest_asyncio
from conftest import NewDatabase

from core import Database
from ledger import EntryDraft, Keys, Recorder, Sequencer, load_or_create_keys
from proof.checkpoint import NoteKey
from scf.data_folder import DataFolder
from scf.rooms import ROOMS
from workflows.audit import verify_bundle

ORIGIN = "scf.example/log"
CASE = "5cf00000-0000-5000-8000-0000000000ca"


def scf(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scf", "ledger", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@dataclass(frozen=True)
class Installed:
    """A platform's database whose log grows entry by entry."""

    url: str
    folder: Path
    keys: Keys

    @property
    def log_key(self) -> str:
        return str(NoteKey.of(ORIGIN, self.keys.log_key))

    def on_database(self, *words: object) -> subprocess.CompletedProcess[str]:
        return scf(*words, "--data", self.folder, "--database", self.url)

    async def log(self, *entries: tuple[str, int]) -> None:
        database = await Database.open(self.url, ROOMS)
        recorder = Recorder(self.keys.signing_key, self.keys.vault_key, ORIGIN)
        sequencer = Sequencer(database, self.keys.log_key, ORIGIN)
        at = datetime(2026, 11, 23, 12, tzinfo=UTC)
        async with database.transaction() as tx:
            for stream, seq in entries:
                draft = EntryDraft(
                    stream=stream,
                    seq=seq,
                    kind="task.complete",
                    occurred_at=at,
                    actor="user:i",
                    payloads={"variables": b'{"secret":1}'},
                )
                await recorder.record(tx, draft)
        await sequencer.sequence_once()
        await sequencer.close()
        await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def installed(new_database: NewDatabase, tmp_path: Path) -> AsyncIterator[Installed]:
    folder = DataFolder.at(tmp_path / "data")
    yield Installed(await new_database(ROOMS), folder.root, load_or_create_keys(folder.keys))


async def test_a_case_is_proven_whole_and_the_log_tells_when_it_goes_on(
    installed: Installed, tmp_path: Path
) -> None:
    await installed.log((CASE, 1), ("other", 1), (CASE, 2))
    file, out, key = tmp_path / "case.proof", tmp_path / "out", ("--log-key", installed.log_key)
    written = installed.on_database("prove", "--case", CASE, "-o", file)
    assert written.returncode == 0, written.stderr
    assert b"secret" not in file.read_bytes()

    held = scf("verify-proof", file, *key, "--json")
    told = json.loads(held.stdout)
    assert (told["ok"], told["case"], told["entries"], told["log_size"]) == (True, CASE, 2, 3), held.stderr
    assert "Whether the log has a later one" in scf("verify-proof", file, *key).stderr
    report = verify_bundle(file.read_bytes(), log_key=installed.log_key)
    assert (report.ok, report.reexecuted, report.withheld) == (True, False, 2)

    whole = ("verify-export", out, *key, "--case-proof", file, "--json")
    assert installed.on_database("export", out).returncode == 0
    assert json.loads(scf(*whole).stdout)["ok"] is True
    await installed.log(("other", 2), (CASE, 3))
    assert installed.on_database("export", out).returncode == 0
    goes_on = scf(*whole)
    assert [each["code"] for each in json.loads(goes_on.stdout)["findings"]] == ["log.case_end"]
    assert goes_on.returncode != 0

    tile = out / "tile/0/000.p/5"
    tile.write_bytes(tile.read_bytes()[:-1] + b"\x00")
    broken = scf("verify-export", out, *key)
    assert (broken.returncode != 0, "log.file" in broken.stdout) == (True, True)


async def test_a_case_proof_of_another_log_key_does_not_hold(installed: Installed, tmp_path: Path) -> None:
    await installed.log((CASE, 1))
    file = tmp_path / "case.proof"
    installed.on_database("prove", "--case", CASE, "-o", file)
    other = str(NoteKey(ORIGIN, bytes(32)))
    refused = scf("verify-proof", file, "--log-key", other, "--json")
    assert "bundle.log_key" in {each["code"] for each in json.loads(refused.stdout)["findings"]}
    assert refused.returncode != 0


async def test_a_proof_is_of_something(installed: Installed) -> None:
    await installed.log((CASE, 1))
    for words in ((), ("0", "--case", CASE), ("--case", CASE, "--step", "0")):
        refused = installed.on_database("prove", *words)
        assert "ledger.proof_of_what" in refused.stderr
    unknown = installed.on_database("prove", "--case", "5cf00000-0000-5000-8000-0000000000cb")
    assert "ledger.case_unknown" in unknown.stderr
