"""Two platforms that share a register, each with processes, a database and a Temporal of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import asyncpg
import httpx
import orjson
import pytest
from conftest import NewDatabase

import ledger
from core import Database, NotFound, Transaction
from scf.rooms import ROOMS
from scf.temporal_server import free_port
from support.cases import Platform
from support.factoring import OPERATIONS, Trade, bring_trade
from support.temporal import temporal_server
from workflows.effects.platform import platform_effects
from workflows.worker import WorkerSettings

_PATIENCE = 90.0


class Remote:
    """The database of a platform whose code runs elsewhere: what driving it by commands takes."""

    def __init__(self, url: str) -> None:
        self._url = url

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.reading() as sql, sql.transaction():
            yield Transaction(sql=sql, orm=cast("Any", None))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Any]:
        sql = await asyncpg.connect(self._url)
        try:
            yield sql
        finally:
            await sql.close()


@dataclass
class Bank:
    """One member of the consortium."""

    name: str
    folder: Path
    database_url: str
    url: str
    platform: Platform

    def scf(self, *words: object) -> str:
        where = ("--data", self.folder, "--database", self.database_url)
        done = subprocess.run(
            [sys.executable, "-m", "scf", *map(str, (*words, *where))],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    async def until(self, query: str, wanted: object) -> None:
        deadline = time.monotonic() + _PATIENCE
        while (found := (await self.platform.rows(query))[0]["found"]) != wanted:
            assert time.monotonic() < deadline, f"{self.name}: {query} gives {found}, not {wanted}"
            await asyncio.sleep(0.1)

    async def request_state(self, case_id: UUID) -> str:
        (row,) = await self.platform.rows(
            "SELECT state FROM finance.request_view WHERE case_id = $1", case_id
        )
        state: str = row["state"]
        return state


@contextmanager
def _running(name: str, folder: Path, url: str) -> Iterator[Bank]:
    """Run Temporal, worker, sequencer and API of one platform."""
    with ExitStack() as services:
        temporal = services.enter_context(temporal_server(folder))
        port = free_port()
        environment = {
            **os.environ,
            "SCF_DATA": str(folder),
            "SCF_DATABASE_URL": url,
            "SCF_TEMPORAL": temporal,
            "SCF_REGISTER_SECONDS": "0.3",
            # The clocks of cases begin at the dates of their documents.
            "SCF_SIMULATED_RATE": "1",
        }
        for service in ("sequencer", "worker", "api"):
            words = ("--port", str(port), "--no-secure-cookie") if service == "api" else ()
            log = services.enter_context((folder / f"{service}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "scf", "serve", service, *words],
                env=environment,
                stdout=log,
                stderr=log,
            )
            services.callback(process.wait)
            services.callback(process.terminate)
        settings = WorkerSettings(url, temporal, folder / "keys")
        platform = Platform(cast("Database", Remote(url)), settings, platform_effects())
        yield Bank(name, folder, url, f"http://127.0.0.1:{port}", platform)


@pytest.fixture(scope="module")
async def urls(new_database: NewDatabase) -> list[str]:
    """Two databases."""
    return [await new_database(ROOMS) for _ in range(2)]


@pytest.fixture(scope="module")
def started(urls: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bank, Bank]]:
    """Two platforms that do not know each other."""
    folders = [tmp_path_factory.mktemp(name) for name in ("north", "south")]
    with (
        _running("North Bank", folders[0], urls[0]) as north,
        _running("South Bank", folders[1], urls[1]) as south,
    ):
        yield north, south


@pytest.fixture(scope="module")
async def banks(started: tuple[Bank, Bank], tmp_path_factory: pytest.TempPathFactory) -> tuple[Bank, Bank]:
    """Two platforms that know each other, and fetch each other's lists over HTTP."""
    north, south = started
    key = tmp_path_factory.mktemp("shared") / "2026-11.key"
    subprocess.run([sys.executable, "-m", "scf", "ledger", "register", "new-key", "-o", key], check=True)
    log_keys: dict[str, str] = {}
    for bank in (north, south):
        await bank.until("SELECT count(*) > 0 AS found FROM ledger.checkpoint", True)
        (log_key,) = await bank.platform.rows("SELECT key_id FROM ledger.key WHERE purpose = 'log'")
        log_keys[bank.name] = log_key["key_id"]
        bank.scf("ledger", "register", "key", "2026-11", key)
        bank.scf("ledger", "register", "contact", f"{bank.name}, receivables desk")
    tokens: dict[str, str] = {}
    for bank, other in ((north, south), (south, north)):
        add = ("ledger", "register", "platform", other.name, log_keys[other.name], "--json")
        tokens[other.name] = orjson.loads(bank.scf(*add))["token"]
    for bank, other in ((north, south), (south, north)):
        file = bank.folder / "token"
        file.write_text(tokens[bank.name])
        bank.scf(
            *("ledger", "register", "platform", other.name, log_keys[other.name]),
            *("--url", other.url, "--token-file", file),
        )
    return north, south


async def _claimed(bank: Bank, trade: Trade) -> UUID:
    """Offer a trade's invoice, and wait until it is checked and the case stands at a person's task."""
    case_id = await trade.request()
    await bank.platform.first_of(case_id, "VerifyWithBuyer", "ApproveFinancing")
    return case_id


async def _commands(bank: Bank, seq: int, case_id: UUID) -> bytes:
    """What the case's jobs told in one of its bursts, out of the vault."""
    async with bank.platform.database.reading() as sql:
        try:
            entry = ledger.entry_id(str(case_id), seq)
            return (await ledger.reveal(sql, entry, bank.platform.vault_key))["commands"]
        except NotFound:
            return b""


async def test_an_invoice_pledged_on_both_is_found_and_nothing_else_is_told(banks: tuple[Bank, Bank]) -> None:
    north, south = banks
    trade = await bring_trade(north.platform, "retail", "81")
    case_id = await _claimed(north, trade)
    claims = "SELECT count(*) > 0 AS found FROM finance.register_foreign"
    await south.until(claims, True)

    # The same invoice, offered to the other bank.
    again = await bring_trade(south.platform, "retail", "81")
    refused = await again.request()
    await south.platform.case_in(refused, "completed")
    assert await south.request_state(refused) == "DECLINED"
    assert "DuplicateFound" in await south.platform.steps(refused)
    told = b"".join([await _commands(south, seq, refused) for seq in (1, 2)])
    assert b"on the platform North Bank (ask North Bank, receivables desk)" in told

    # An invoice that nobody else has is financed as ever.
    plain = await bring_trade(south.platform, "retail", "82")
    assert await _claimed(south, plain)

    # What is exchanged tells nothing of the invoice.
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"{north.url}/register/list").status_code == 401
        assert (
            client.get(f"{north.url}/register/list", headers={"authorization": "Bearer guess"}).status_code
            == 401
        )
        (token,) = await south.platform.rows("SELECT token FROM finance.register_platform")
        fetched = client.get(
            f"{north.url}/register/list", headers={"authorization": f"Bearer {token['token']}"}
        )
    assert fetched.status_code == 200
    (invoice,) = await north.platform.rows(
        "SELECT i.*, f.exact, f.fuzzy FROM finance.invoice_view i"
        " JOIN finance.fingerprint f ON f.invoice_id = i.id WHERE i.id = $1",
        trade.invoice_id,
    )
    known = [row["identifier"] for row in await north.platform.rows("SELECT * FROM finance.party_identifier")]
    for text in (
        *(invoice["number"], invoice["seller_name"], invoice["buyer_name"], str(invoice["total"])),
        *(str(invoice["issue_date"]), str(invoice["due_date"]), str(trade.invoice_id)),
        *(invoice["exact"], invoice["fuzzy"], str(invoice["seller_id"]), str(invoice["buyer_id"])),
        *(identifier.partition(":")[2] for identifier in known),
    ):
        assert text.encode() not in fetched.content, text

    # What one gives back, the other may finance.
    await north.platform.perform("case.cancel", {"reason": "withdrawn"}, case_id=case_id, actor=OPERATIONS)
    await south.until("SELECT count(*) AS found FROM finance.register_foreign", 0)
    assert await _claimed(south, again)


async def test_lists_are_exchanged_as_files_too(banks: tuple[Bank, Bank], tmp_path: Path) -> None:
    north, south = banks
    file = tmp_path / "south.json"
    south.scf("ledger", "register", "export", "-o", file)
    told = orjson.loads(north.scf("ledger", "register", "import", file, "--json"))
    assert (told["platform"], told["double"]) == ("South Bank", [])
    assert told["claims"] > 0
    listed = orjson.loads(north.scf("ledger", "register", "list", "--json"))
    assert [each["platform"] for each in listed["platforms"]] == ["South Bank"]
