"""Verification: a sound log passes, and no single byte of what is stored can change unseen."""

from __future__ import annotations

import random

import pytest

from core import InvalidInput
from ledger import verify_log
from proof.checkpoint import NoteKey

from .conftest import ORIGIN, Ledger, draft

SMALL = {"events": (), "payloads": {}, "statement": None}


@pytest.fixture
async def filled(ledger: Ledger) -> Ledger:
    """Three hundred entries in three streams, logged in several commits, and two that wait."""
    for first in (1, 41, 71):
        await ledger.log(
            *(
                draft(f"case-{stream}", number, **SMALL)
                for stream in range(3)
                for number in range(first, {1: 41, 41: 71, 71: 101}[first])
            )
        )
    await ledger.record(draft("case-0", 101), draft("case-9", 1))
    return ledger


async def test_a_sound_log_passes_with_both_signature_libraries(ledger: Ledger) -> None:
    await ledger.log(draft(seq=1), draft(seq=2), draft("other", 1))
    await ledger.record(draft(seq=3))
    key = str(NoteKey.of(ORIGIN, ledger.keys.log_key))
    report = await verify_log(ledger.database, log_key=key, backends=("cryptography", "ecdsa"))
    assert (report.ok, report.entries, report.pending, report.pinned) == (True, 3, 1, True)
    assert report.root == await ledger.value(
        "SELECT root FROM ledger.checkpoint_view ORDER BY size DESC LIMIT 1"
    )
    assert report.as_json()["ok"] is True


async def test_an_empty_log_passes(ledger: Ledger) -> None:
    report = await verify_log(ledger.database)
    assert (report.ok, report.entries, report.pending) == (True, 0, 0)


async def test_the_log_of_another_key_is_not_the_one_expected(ledger: Ledger) -> None:
    await ledger.log(draft())
    other = str(NoteKey(ORIGIN, bytes(32)))
    report = await verify_log(ledger.database, log_key=other)
    assert set(report.counts) == {"ledger.note"}
    with pytest.raises(InvalidInput, match=r"ledger\.log_key"):
        await verify_log(ledger.database, log_key="nonsense")


# What each column of the log may hold wrongly, one byte flipped; `created_at` alone is covered by nothing signed.
COVERED = [
    ("entry", "index", "ledger.index"),
    ("entry", "entry_id", "ledger.columns"),
    ("entry", "stream", "ledger.columns"),
    ("entry", "seq", "ledger.columns"),
    ("entry", "body", "ledger.leaf"),
    ("entry", "signature", "ledger.leaf"),
    ("entry", "leaf_hash", "ledger.leaf"),
    ("entry", "chain", "ledger.chain"),
    ("tile", "level", "ledger.tile"),
    ("tile", "index", "ledger.tile"),
    ("tile", "hashes", "ledger.tile"),
    ("checkpoint", "size", "ledger.checkpoint"),
    ("checkpoint", "root", "ledger.root"),
    ("checkpoint", "note", "ledger.note"),
    ("head", "origin", "ledger.head"),
    ("head", "size", "ledger.head"),
    ("head", "frontier", "ledger.head"),
    ("head", "chain", "ledger.head"),
    ("stream", "stream", "ledger.stream_end"),
    ("stream", "seq", "ledger.stream_end"),
    ("stream", "leaf_hash", "ledger.stream_end"),
    ("outbox", "entry_id", "ledger.columns"),
    ("outbox", "stream", "ledger.columns"),
    ("outbox", "seq", "ledger.columns"),
    ("outbox", "body", None),
    ("outbox", "signature", "ledger.signature"),
    ("key", "key_id", "ledger.key"),
    ("key", "public_key", "ledger.key"),
]


async def test_every_single_byte_change_is_found(filled: Ledger) -> None:
    chance = random.Random(2026)
    key = str(NoteKey.of(ORIGIN, filled.keys.log_key))
    assert (await verify_log(filled.database, log_key=key)).ok
    for table, column, code in COVERED:
        for _ in range(3):
            undo = await flip_a_byte(filled, table, column, chance)
            report = await verify_log(filled.database, log_key=key)
            assert not report.ok, f"a change of {table}.{column} was not found"
            if code:
                assert code in report.counts, f"{table}.{column}: {report.findings}"
            await tamper(filled, undo)
    assert (await verify_log(filled.database, log_key=key)).ok
