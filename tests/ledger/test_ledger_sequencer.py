"""The sequencer: every recorded entry gets one place in the log, whoever runs, dies or comes twice."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from core import Broken, Unavailable
from ledger import Sequencer, repository, verify_log
from ledger.repository import OUTBOX_CHANNEL
from ledger.sequencer import BATCH

from .conftest import ORIGIN, Ledger, draft


async def wait_until_free(ledger: Ledger) -> None:
    """The server notices a closed connection in its own time; only then is its lock free."""
    held = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    )
    while await ledger.value(held):
        await asyncio.sleep(0.01)


async def test_it_moves_entries_in_the_order_in_which_they_were_recorded(ledger: Ledger) -> None:
    await ledger.record(draft("b", 1), draft("a", 1))
    await ledger.record(draft("b", 2))
    assert await ledger.sequencer.sequence_once() == 3
    assert await ledger.value("SELECT array_agg(stream || seq ORDER BY index) FROM ledger.entry") == [
        "b1",
        "a1",
        "b2",
    ]
    assert await ledger.value("SELECT count(*) FROM ledger.outbox") == 0
    assert await ledger.sequencer.sequence_once() == 0


async def test_a_logged_entry_is_shown_with_its_place(ledger: Ledger) -> None:
    await ledger.log(draft())
    async with ledger.database.reading() as connection:
        shown = await connection.fetchrow("SELECT * FROM ledger.entry_view")
        checkpoint = await connection.fetchrow("SELECT * FROM ledger.checkpoint_view")
    assert shown is not None
    assert (shown["index"], shown["state"], shown["stream"], shown["seq"]) == (0, "logged", "case-1", 1)
    assert len(shown["chain"]) == len(shown["leaf_hash"]) == len(shown["body_hash"]) == 64
    assert checkpoint is not None
    assert (checkpoint["size"], checkpoint["root"]) == (1, shown["leaf_hash"])
    assert checkpoint["note"].startswith(f"{ORIGIN}\n1\n")


async def test_it_moves_no_more_than_a_batch_per_commit(ledger: Ledger) -> None:
    small = {"events": (), "payloads": {}, "statement": None}
    await ledger.record(*(draft("bulk", number, **small) for number in range(1, BATCH + 7)))
    assert [await ledger.sequencer.sequence_once() for _ in range(3)] == [BATCH, 6, 0]
    assert (await verify_log(ledger.database)).ok


async def test_only_one_is_at_work_and_the_other_takes_over(ledger: Ledger) -> None:
    other = Sequencer(ledger.database, ledger.keys.log_key, ORIGIN)
    await ledger.log(draft(seq=1))
    await ledger.record(draft(seq=2))
    assert await other.sequence_once() == 0
    await ledger.sequencer.close()
    await wait_until_free(ledger)
    assert await other.sequence_once() == 1
    await other.close()
    report = await verify_log(ledger.database)
    assert (report.ok, report.entries) == (True, 2)


async def test_one_that_was_overtaken_can_no_longer_write(ledger: Ledger) -> None:
    await ledger.log(draft(seq=1))
    async with ledger.database.reading() as connection:
        await connection.execute("UPDATE ledger.head SET epoch = epoch + 1")
    await ledger.record(draft(seq=2))
    with pytest.raises(Unavailable, match=r"ledger\.sequencer_lost"):
        await ledger.sequencer.sequence_once()
    assert await ledger.value("SELECT count(*) FROM ledger.entry") == 1


async def test_an_entry_that_comes_a_second_time_is_logged_once(ledger: Ledger) -> None:
    await ledger.record(draft(seq=1))
    async with ledger.database.reading() as connection:
        await connection.execute("CREATE TEMP TABLE copy AS TABLE ledger.outbox")
        await ledger.sequencer.sequence_once()
        await connection.execute("INSERT INTO ledger.outbox SELECT * FROM copy")
    await ledger.log(draft(seq=2))
    report = await verify_log(ledger.database)
    assert (report.ok, report.entries, report.pending) == (True, 2, 0)


async def test_another_body_under_a_logged_id_stops_the_log(ledger: Ledger) -> None:
    await ledger.log(draft())
    async with ledger.database.reading() as connection:
        await connection.execute(
            "INSERT INTO ledger.outbox (entry_id, stream, seq, body, signature)"
            " SELECT entry_id, stream, seq, body || ' ', signature FROM ledger.entry"
        )
    with pytest.raises(Broken, match=r"ledger\.entry_conflict"):
        await ledger.sequencer.sequence_once()
    assert await ledger.value("SELECT count(*) FROM ledger.outbox") == 1


async def test_a_log_keeps_its_name(ledger: Ledger) -> None:
    await ledger.log(draft())
    await ledger.sequencer.close()
    other = Sequencer(ledger.database, ledger.keys.log_key, "scf.example/other")
    await wait_until_free(ledger)
    with pytest.raises(Broken, match=r"ledger\.origin"):
        await other.sequence_once()


async def test_running_it_logs_what_comes_soon_and_stops_when_told(ledger: Ledger) -> None:
    stop = asyncio.Event()
    appended = asyncio.Event()
    listener = await asyncpg.connect(ledger.database.url)
    await listener.add_listener("ledger_appended", lambda *_: appended.set())
    running = asyncio.create_task(ledger.sequencer.run(stop))
    for number in (1, 2, 3):
        appended.clear()
        await ledger.record(draft(seq=number))
        await asyncio.wait_for(appended.wait(), 5)
    stop.set()
    await asyncio.wait_for(running, 5)
    await listener.close()
    assert await ledger.value("SELECT count(*) FROM ledger.entry") == 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger.entry SET signature = ''",
        "DELETE FROM ledger.entry",
        "TRUNCATE ledger.entry",
        "UPDATE ledger.checkpoint SET note = ''",
        "DELETE FROM ledger.checkpoint",
        "UPDATE ledger.tile SET hashes = sha256('')",
        "DELETE FROM ledger.tile",
        "DELETE FROM ledger.outbox",
        "UPDATE ledger.outbox SET body = ''",
        "UPDATE ledger.payload SET sealed = ''",
        "UPDATE ledger.key SET public_key = ''",
    ],
)
async def test_the_database_refuses_changes_to_what_is_signed(ledger: Ledger, change: str) -> None:
    await ledger.log(draft(seq=1))
    await ledger.record(draft(seq=2))
    async with ledger.database.reading() as connection:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(change)


async def test_writers_notify_a_sequencer_that_sleeps_and_leave_one_alone_that_is_awake(
    ledger: Ledger,
) -> None:
    heard: list[int] = []
    listener = await asyncpg.connect(ledger.database.url)
    await listener.add_listener(OUTBOX_CHANNEL, lambda *_: heard.append(1))
    awake = await asyncpg.connect(ledger.database.url)

    await ledger.record(draft(seq=1))
    await listener.execute("SELECT 1")
    assert len(heard) == 1

    assert await repository.try_stay_awake(awake)
    await ledger.record(draft(seq=2), draft("other", 1))
    await listener.execute("SELECT 1")
    assert len(heard) == 1

    await repository.fall_asleep(awake)
    await ledger.record(draft(seq=3))
    await listener.execute("SELECT 1")
    assert len(heard) == 2
    await listener.close()
    await awake.close()


async def test_it_stays_awake_while_entries_come_and_falls_asleep_after_them(ledger: Ledger) -> None:
    locks = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    )

    async def until(number: int) -> None:
        async with asyncio.timeout(30):
            while await ledger.value(locks) != number:
                await asyncio.sleep(0.01)

    stop = asyncio.Event()
    running = asyncio.create_task(ledger.sequencer.run(stop))
    for seq in (1, 2):
        await until(2)
        await until(1)
        await ledger.record(draft(seq=seq))
    stop.set()
    await running


async def test_whatever_is_in_the_log_is_under_a_checkpoint(ledger: Ledger) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(ledger.sequencer.run(stop))
    for number in range(1, 41):
        await ledger.record(draft(seq=number))
        async with ledger.database.transaction() as tx:
            logged, covered = await tx.sql.fetchrow(
                "SELECT (SELECT count(*) FROM ledger.entry), (SELECT max(size) FROM ledger.checkpoint)"
            )
        assert logged == (covered or 0)
    stop.set()
    await running


async def test_a_transaction_that_has_woken_it_does_not_keep_it_from_staying_awake(ledger: Ledger) -> None:
    awake = await asyncpg.connect(ledger.database.url)
    async with ledger.database.transaction() as tx:
        await ledger.recorder.record(tx, draft())
        assert await repository.try_stay_awake(awake)
    await awake.close()


async def test_a_round_does_not_read_again_what_left_the_outbox(ledger: Ledger) -> None:
    """Plans that were made for the empty outbox would read all that was ever there, until the next vacuum."""
    read = "SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables WHERE relname = 'outbox'"
    before = await ledger.value(read)
    small = {"events": (), "payloads": {}, "statement": None}
    for number in range(1, 61):
        await ledger.log(draft(seq=number, **small))
    await ledger.sequencer.close()  # a session tells what it read at its end
    await wait_until_free(ledger)
    assert await ledger.value(read) == before
