"""Verification: a sound log passes, and no single byte of what is stored can change unseen."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from core import InvalidInput
from ledger import Recorder, verify_log
from proof.checkpoint import NoteKey
from proof.signatures import KeySigner

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
    newest = "SELECT root FROM ledger.checkpoint_view ORDER BY size DESC LIMIT 1"
    assert report.root == await ledger.value(newest)
    assert report.as_json()["ok"] is True


async def test_an_empty_log_passes(ledger: Ledger) -> None:
    report = await verify_log(ledger.database)
    assert (report.ok, report.entries, report.pending) == (True, 0, 0)


async def test_entries_that_wait_for_the_first_sequencer_pass(ledger: Ledger) -> None:
    await ledger.record(draft(seq=1), draft(seq=2))
    report = await verify_log(ledger.database)
    assert (report.ok, report.entries, report.pending) == (True, 0, 2)


async def test_the_log_of_another_key_is_not_the_one_expected(ledger: Ledger) -> None:
    await ledger.log(draft())
    other = str(NoteKey(ORIGIN, bytes(32)))
    report = await verify_log(ledger.database, log_key=other)
    assert set(report.counts) == {"ledger.note"}
    with pytest.raises(InvalidInput, match=r"ledger\.log_key"):
        await verify_log(ledger.database, log_key="nonsense")


# Each column in which one changed byte must be found, and as what. Nothing signed covers `created_at`.
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
    ("checkpoint", "size", None),
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
    async with database_owner(filled) as owner:
        for table, column, code in COVERED:
            await owner.execute(f"CREATE TEMP TABLE IF NOT EXISTS kept_{table} AS TABLE ledger.{table}")
            for _ in range(4):
                change = await flip_one_bit(owner, table, column, chance)
                report = await verify_log(filled.database, log_key=key)
                assert not report.ok, f"{change} was not found"
                assert code is None or code in report.counts, f"{change} gave {report.findings}"
                await owner.execute(f"DELETE FROM ledger.{table}")  # noqa: S608
                await owner.execute(f"INSERT INTO ledger.{table} SELECT * FROM kept_{table}")  # noqa: S608
    assert (await verify_log(filled.database, log_key=key)).ok


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("DELETE FROM ledger.entry WHERE index = 100", "ledger.index"),
        ("DELETE FROM ledger.entry WHERE index = 299", "ledger.stream_end"),
        ("DELETE FROM ledger.outbox WHERE seq = 101", "ledger.stream_end"),
        ("DELETE FROM ledger.stream WHERE stream = 'case-1'", "ledger.stream_end"),
        ("DELETE FROM ledger.tile WHERE level = 1", "ledger.tile"),
        ("DELETE FROM ledger.checkpoint WHERE size = 300", "ledger.checkpoint"),
        ("DELETE FROM ledger.head", "ledger.head"),
        ("DELETE FROM ledger.key WHERE purpose = 'entry'", "ledger.key"),
        ("INSERT INTO ledger.tile (level, index, hashes) VALUES (2, 0, sha256(''))", "ledger.tile"),
        (
            "UPDATE ledger.entry SET leaf_hash = sha256(leaf_hash), chain = sha256(chain) WHERE index > 250",
            "ledger.root",
        ),
    ],
)
async def test_what_is_missing_or_added_is_found(filled: Ledger, change: str, code: str) -> None:
    async with database_owner(filled) as owner:
        assert not (await owner.execute(change)).endswith(" 0")
    assert code in (await verify_log(filled.database)).counts


async def test_an_entry_signed_by_a_stranger_is_found(ledger: Ledger) -> None:
    await ledger.log(draft(seq=1))
    stranger = Recorder(KeySigner(ec.generate_private_key(ec.SECP256R1())), ledger.keys.vault_key, ORIGIN)
    async with ledger.database.transaction() as tx:
        await stranger.record(tx, draft(seq=2))
    async with database_owner(ledger) as owner:
        await owner.execute(
            "DELETE FROM ledger.key WHERE key_id <> $1 AND purpose = 'entry'", own_key_id(ledger)
        )
    await ledger.log()
    assert set((await verify_log(ledger.database)).counts) == {"ledger.key"}


@asynccontextmanager
async def database_owner(ledger: Ledger) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection that no trigger holds back, such as whoever owns the database can have."""
    connection = await asyncpg.connect(ledger.database.url)
    try:
        await connection.execute("SET session_replication_role = replica")
        yield connection
    finally:
        await connection.close()


async def flip_one_bit(
    owner: asyncpg.Connection[asyncpg.Record], table: str, column: str, chance: random.Random
) -> str:
    """Change one byte of one value of a column, and tell which."""
    rows = await owner.fetch(f'SELECT ctid, "{column}" AS value FROM ledger.{table} ORDER BY ctid')  # noqa: S608
    update = f'UPDATE ledger.{table} SET "{column}" = $2 WHERE ctid = $1'  # noqa: S608
    while True:
        row = chance.choice(rows)
        changed = flipped(row["value"], chance)
        try:
            await owner.execute(update, row["ctid"], changed)
        except asyncpg.UniqueViolationError:  # a neighbour's name was hit; the database itself refuses that
            continue
        return f"{table}.{column}: {row['value']!r} became {changed!r}"


def flipped(value: object, chance: random.Random) -> object:
    match value:
        case bytes():
            at = chance.randrange(len(value))
            return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
        case str():
            at = chance.randrange(len(value))
            return value[:at] + chr(ord(value[at]) ^ 1 << chance.randrange(4)) + value[at + 1 :]
        case int():
            return value ^ 1 << chance.randrange(9, 14)
        case UUID():
            return UUID(bytes=flipped(value.bytes, chance))
    raise AssertionError(value)


def own_key_id(ledger: Ledger) -> str:
    return ledger.keys.signing_key.public_key.key_id


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            "UPDATE ledger.payload SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)"
            " WHERE field = 'variables'",
            "ledger.vault_changed",
        ),
        ("DELETE FROM ledger.payload WHERE field = 'variables'", "ledger.vault_changed"),
        ("DELETE FROM ledger.payload WHERE field <> 'variables'", "ledger.vault_changed"),
        (
            "UPDATE ledger.data_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)",
            "ledger.vault_key",
        ),
    ],
)
async def test_with_the_vault_key_a_change_of_what_is_sealed_is_found(
    ledger: Ledger, change: str, code: str
) -> None:
    await ledger.log(draft(seq=1), draft(seq=2))
    assert (await verify_log(ledger.database, vault_key=ledger.keys.vault_key)).ok

    async with database_owner(ledger) as owner:
        assert not (await owner.execute(change)).endswith(" 0")

    report = await verify_log(ledger.database, vault_key=ledger.keys.vault_key)
    assert report.counts == {code: 2}
    assert (await verify_log(ledger.database)).ok


async def test_what_was_erased_is_no_finding(ledger: Ledger) -> None:
    await ledger.log(draft())
    async with database_owner(ledger) as owner:
        await owner.execute("DELETE FROM ledger.data_key")

    assert (await verify_log(ledger.database, vault_key=ledger.keys.vault_key)).ok
