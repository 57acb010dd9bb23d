"""Recording: one signed outbox row, in the caller's transaction, once."""

from __future__ import annotations

import asyncio
from datetime import datetime

import orjson
import pytest

from core import Broken, Conflict, InvalidInput
from ledger import entry_id
from proof.entry import Body, Envelope

from .conftest import NOON, ORIGIN, Ledger, draft


async def test_an_entry_id_is_known_before_the_entry_is_written(ledger: Ledger) -> None:
    async with ledger.database.transaction() as tx:
        written = await ledger.recorder.record(tx, draft("case-7", 1))
    assert written == entry_id("case-7", 1)
    assert written.version == 5


async def test_an_entry_is_signed_and_says_what_the_draft_says(ledger: Ledger) -> None:
    await ledger.record(draft())
    async with ledger.database.reading() as connection:
        row = await connection.fetchrow("SELECT body, signature FROM ledger.outbox")
    assert row is not None
    Envelope(row["body"], row["signature"]).verify(ledger.keys.signing_key.public_key)
    body = Body.decode(row["body"])
    assert (body.origin, body.stream, body.seq, body.parents) == (ORIGIN, "case-1", 1, ())
    assert (body.kind, body.actor, body.occurred_at) == ("task.complete", "user:ines", NOON)
    assert (body.model_hash, body.state_root, body.events_count) == ("ab" * 32, "cd" * 32, 2)


async def test_neither_payloads_nor_events_are_readable_in_the_database(ledger: Ledger) -> None:
    await ledger.record(draft())
    dump = await ledger.value(
        "SELECT (SELECT string_agg(body, '') FROM ledger.outbox)"
        " || (SELECT string_agg(sealed, '') FROM ledger.payload)"
    )
    assert b"107.50" not in dump
    assert b"flow.taken" not in dump


async def test_each_entry_names_the_leaf_of_the_one_before_it(ledger: Ledger) -> None:
    await ledger.record(draft(seq=1))
    await ledger.record(draft(seq=2), draft(seq=3))
    async with ledger.database.reading() as connection:
        rows = await connection.fetch("SELECT body, signature FROM ledger.outbox ORDER BY seq")
    leaves = [Envelope(row["body"], row["signature"]).leaf.hex() for row in rows]
    assert [Body.decode(row["body"]).parents for row in rows] == [(), (leaves[0],), (leaves[1],)]


async def test_the_same_draft_again_changes_nothing(ledger: Ledger) -> None:
    await ledger.record(draft(seq=1), draft(seq=2))
    before = await ledger.value("SELECT array_agg(body ORDER BY seq) FROM ledger.outbox")
    await ledger.record(draft(seq=1), draft(seq=2), draft(seq=2))
    assert await ledger.value("SELECT array_agg(body ORDER BY seq) FROM ledger.outbox") == before
    assert await ledger.value("SELECT count(*) FROM ledger.payload") == 4


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "task.claim"},
        {"statement": {"decision": "reject"}},
        {"payloads": {"variables": b'{"amount":"1"}'}},
        {"events": []},
    ],
)
async def test_another_body_under_the_same_number_is_an_error(
    ledger: Ledger, change: dict[str, object]
) -> None:
    await ledger.record(draft())
    with pytest.raises(Broken, match=r"ledger\.entry_conflict"):
        await ledger.record(draft(**change))


async def test_what_is_rolled_back_was_never_recorded(ledger: Ledger) -> None:
    async def record_and_fail() -> None:
        async with ledger.database.transaction() as tx:
            await ledger.recorder.record(tx, draft())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await record_and_fail()
    assert await ledger.value("SELECT count(*) FROM ledger.outbox") == 0
    await ledger.record(draft())
    assert await ledger.value("SELECT count(*) FROM ledger.outbox") == 1


async def test_a_key_is_registered_with_the_first_entry_that_stands(ledger: Ledger) -> None:
    async def record_twice_and_fail() -> None:
        async with ledger.database.transaction() as tx:
            await ledger.recorder.record(tx, draft(seq=1))
            await ledger.recorder.record(tx, draft(seq=2))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await record_twice_and_fail()
    assert await ledger.value("SELECT count(*) FROM ledger.key") == 0
    await ledger.record(draft(seq=1))
    assert await ledger.value("SELECT key_id FROM ledger.key") == ledger.keys.signing_key.public_key.key_id


async def test_a_number_cannot_be_skipped(ledger: Ledger) -> None:
    with pytest.raises(Conflict, match=r"ledger\.seq_gap"):
        await ledger.record(draft(seq=2))


async def test_two_transactions_that_begin_a_stream_write_it_once(ledger: Ledger) -> None:
    await asyncio.gather(*(ledger.record(draft(seq=1), draft(seq=2)) for _ in range(4)))
    assert await ledger.value("SELECT array_agg(seq ORDER BY seq) FROM ledger.outbox") == [1, 2]
    assert await ledger.value("SELECT count(*) FROM ledger.payload") == 4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor", "ines"),
        ("kind", "Task Complete"),
        ("occurred_at", datetime(2026, 11, 23, 12)),
        ("model_hash", "xyz"),
        ("statement", {"amount": 1.5}),
        ("statement", {"text": "nul \x00"}),
        ("statement", {"text": "x" * 70_000}),
        ("stream", "case 1"),
        ("payloads", {".events": b""}),
    ],
)
async def test_an_ill_formed_draft_is_refused_and_nothing_is_stored(
    ledger: Ledger, field: str, value: object
) -> None:
    with pytest.raises(InvalidInput, match=r"ledger\.entry_invalid"):
        await ledger.record(draft(**{field: value}))
    assert await ledger.value("SELECT count(*) FROM ledger.stream") == 0


async def test_a_pending_entry_is_shown_as_such(ledger: Ledger) -> None:
    await ledger.record(draft())
    async with ledger.database.reading() as connection:
        shown = await connection.fetchrow(
            "SELECT * FROM ledger.entry_view WHERE entry_id = $1", entry_id("case-1", 1)
        )
    assert shown is not None
    assert (shown["index"], shown["state"], shown["chain"]) == (None, "pending", None)
    assert (shown["kind"], shown["actor"], shown["occurred_at"]) == ("task.complete", "user:ines", NOON)
    assert orjson.loads(shown["body"])["statement"]["decision"] == "approve"
    assert shown["key_id"] == ledger.keys.signing_key.public_key.key_id
