"""The general ledger is what the log tells: what is changed behind the platform's back is found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from conftest import NewDatabase

import finance
import ledger
from core import Database, random_id
from core.money import Money
from finance import accounting, journals

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)
ROOMS = [ledger.ROOM, finance.ROOM]
ORIGIN = "scf.example/log"
STRAY = "journal.posting_stray"


@dataclass
class Books:
    """Journals booked together with their ledger entries, on a database of their own."""

    database: Database
    keys: ledger.Keys
    url: str

    async def book(self, stream: str, *amounts: str) -> UUID:
        """Book money that came in, and record the entry that tells of it; return the entry's id."""
        entry_id = ledger.entry_id(stream, 1)
        recorder = ledger.Recorder(self.keys.signing_key, self.keys.vault_key, ORIGIN)
        async with self.database.transaction() as tx:
            for amount in amounts:
                draft = accounting.money_received(random_id(), Money.of(amount, "EUR"))
                await journals.book(tx, draft, request_id=None, at=NOW, entry_id=entry_id)
            await recorder.record(
                tx,
                ledger.EntryDraft(
                    stream=stream,
                    seq=1,
                    kind="payment.record",
                    occurred_at=NOW,
                    actor="user:tess",
                    payloads=await finance.journal_payload(tx, entry_id),
                ),
            )
        return entry_id

    async def log(self) -> None:
        sequencer = ledger.Sequencer(self.database, self.keys.log_key, ORIGIN)
        while await sequencer.sequence_once():
            pass
        await sequencer.close()

    async def report(self) -> finance.JournalReport:
        return await finance.verify_journal(self.database, self.keys.vault_key)

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A connection of somebody who may do everything, triggers and foreign keys notwithstanding."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("SET session_replication_role = replica")
            yield connection
        finally:
            await connection.close()


@pytest.fixture(scope="module")
async def url(new_database: NewDatabase) -> str:
    return await new_database(ROOMS)


@pytest.fixture
async def books(url: str, tmp_path: Path) -> AsyncIterator[Books]:
    """Three journals of two logged entries, one of an entry that waits, and an entry that booked nothing."""
    database = await Database.open(url, ROOMS)
    books = Books(database, ledger.load_or_create_keys(tmp_path), url)
    async with books.owner() as owner:
        await owner.execute(
            "TRUNCATE finance.journal, finance.posting, ledger.entry, ledger.outbox, ledger.tile,"
            " ledger.checkpoint, ledger.head, ledger.stream, ledger.payload, ledger.key, ledger.data_key,"
            " ledger.party_key, ledger.vault, ledger.published"
        )
    await books.book("command:1", "10.00", "20.00")
    await books.book("command:2", "30.00")
    await books.book("command:none")
    await books.log()
    await books.book("command:3", "40.00")
    yield books
    await database.close()


async def test_books_that_were_left_alone_agree(books: Books) -> None:
    report = await books.report()
    assert (report.ok, report.journals, report.agreeing, report.erased) == (True, 4, 4, 0)
    assert report.as_json()["ok"] is True


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ("UPDATE finance.posting SET amount = 11 WHERE amount = 10", {"journal.changed"}),
        (
            "UPDATE finance.posting SET amount = 11 WHERE amount = 10 AND side = 'Dr'",
            {"journal.changed", "journal.unbalanced"},
        ),
        ("UPDATE finance.posting SET account = '1190' WHERE account = '1100'", {"journal.changed"}),
        ("UPDATE finance.posting SET asset_id = id WHERE amount = 40", {"journal.changed"}),
        ("UPDATE finance.journal SET booked_at = booked_at + interval '1 second'", {"journal.changed"}),
        ("UPDATE finance.journal SET currency = 'USD'", {"journal.changed"}),
        ("DELETE FROM finance.posting WHERE amount = 10", {"journal.changed", "journal.unbalanced"}),
        (
            "DELETE FROM finance.posting WHERE amount = 10 AND side = 'Cr'",
            {"journal.changed", "journal.unbalanced"},
        ),
        (
            "INSERT INTO finance.posting (id, journal_id, position, account, side, amount)"
            " SELECT gen_random_uuid(), journal_id, position + 2, account, side, amount FROM finance.posting",
            {"journal.changed"},
        ),
        ("UPDATE finance.posting SET journal_id = id", {"journal.changed", "journal.unbalanced", STRAY}),
        ("DELETE FROM finance.journal", {"journal.removed", STRAY}),
        ("TRUNCATE finance.journal, finance.posting", {"journal.removed"}),
        (
            "UPDATE finance.journal SET entry_id ="
            " (SELECT entry_id FROM ledger.entry WHERE stream = 'command:none')",
            {"journal.added", "journal.removed"},
        ),
        ("DELETE FROM ledger.outbox", {"journal.entry_missing"}),
        ("DELETE FROM ledger.payload", {"ledger.vault_changed"}),
        ("UPDATE ledger.entry SET body = '{}'", {"journal.entry_unreadable"}),
    ],
)
async def test_what_is_changed_by_hand_is_found(books: Books, change: str, codes: set[str]) -> None:
    async with books.owner() as owner:
        assert not (await owner.execute(change)).endswith(" 0")
    report = await books.report()
    assert set(report.counts) == codes
    assert {finding.code for finding in report.findings} == codes


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        ("command:1", "journal.added"),
        ("command:none", "journal.added"),
        ("command:unknown", "journal.entry_missing"),
    ],
)
async def test_a_whole_journal_that_no_entry_booked_is_found(books: Books, stream: str, code: str) -> None:
    async with books.database.transaction() as tx:
        draft = accounting.money_received(random_id(), Money.of("99.00", "EUR"))
        entry_id = ledger.entry_id(stream, 1)
        journal_id = await journals.book(tx, draft, request_id=None, at=NOW, entry_id=entry_id)
    (finding,) = (await books.report()).findings
    assert (finding.code, finding.where) == (code, str(journal_id))


async def test_after_an_erasure_the_books_are_told_as_erased(books: Books) -> None:
    async with books.owner() as owner:
        await owner.execute("DELETE FROM ledger.data_key WHERE stream = 'command:1'")
    report = await books.report()
    assert (report.ok, report.agreeing, report.erased) == (True, 2, 2)
    async with books.owner() as owner:
        await owner.execute(
            "DELETE FROM finance.journal WHERE entry_id = $1", ledger.entry_id("command:1", 1)
        )
    assert "journal.removed" in (await books.report()).counts


async def test_findings_of_a_kind_are_listed_up_to_a_bound_and_counted(books: Books) -> None:
    await books.book("command:many", *(f"{number}.00" for number in range(100, 130)))
    async with books.owner() as owner:
        await owner.execute("UPDATE finance.posting SET amount = amount + 1 WHERE amount >= 100")
    report = await books.report()
    assert report.counts == {"journal.changed": 30}
    assert len(report.findings) == 20
