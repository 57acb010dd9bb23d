"""Back-pressure: while too many entries wait to be logged, nothing more is recorded."""

from __future__ import annotations

import pytest

from core import Unavailable
from ledger import backlog
from ledger.backlog import Backlog

from .conftest import Ledger, draft


@pytest.fixture
def small(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger in which three entries may wait, and which looks each time."""
    monkeypatch.setattr(backlog, "_ANSWER_LASTS", 0.0)
    ledger.recorder._backlog = Backlog(limit=3)
    return ledger


async def test_recording_is_refused_while_too_many_entries_wait(small: Ledger) -> None:
    await small.record(*(draft(seq=number) for number in range(1, 5)))
    with pytest.raises(Unavailable, match=r"ledger\.backlog"):
        await small.record(draft(seq=5))
    assert await small.value("SELECT count(*) FROM ledger.outbox") == 4


async def test_as_many_as_may_wait_are_taken(small: Ledger) -> None:
    for number in range(1, 5):
        await small.record(draft(seq=number))
    with pytest.raises(Unavailable, match=r"ledger\.backlog"):
        await small.record(draft("other", 1))


async def test_what_was_refused_is_taken_once_the_sequencer_has_made_room(small: Ledger) -> None:
    await small.record(*(draft(seq=number) for number in range(1, 5)))
    with pytest.raises(Unavailable):
        await small.record(draft(seq=5))
    await small.sequencer.sequence_once()
    await small.log(draft(seq=5))
    assert await small.value("SELECT count(*) FROM ledger.entry") == 5


async def test_what_the_business_transaction_did_is_undone_with_it(small: Ledger) -> None:
    async with small.database.reading() as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS booked (what text)")
        await connection.execute("TRUNCATE booked")
    await small.record(*(draft(seq=number) for number in range(1, 5)))

    async def book() -> None:
        async with small.database.transaction() as tx:
            await tx.sql.execute("INSERT INTO booked VALUES ('without its entry')")
            await small.recorder.record(tx, draft(seq=5))

    with pytest.raises(Unavailable):
        await book()
    assert await small.value("SELECT count(*) FROM booked") == 0


async def test_it_looks_into_the_outbox_once_in_a_while_only(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "_ANSWER_LASTS", 3600.0)
    ledger.recorder._backlog = Backlog(limit=3)
    for number in range(1, 9):
        await ledger.record(draft(seq=number))
    assert await ledger.value("SELECT count(*) FROM ledger.outbox") == 8
