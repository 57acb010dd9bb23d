"""All SQL over the ledger's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias
from uuid import UUID

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

OUTBOX_CHANNEL = "ledger_outbox"


class StreamRow(NamedTuple):
    """The newest entry of a stream, and its wrapped data key (None when it was destroyed)."""

    stream: str
    seq: int
    leaf_hash: bytes
    data_key: bytes | None


class EntryRow(NamedTuple):
    """A signed entry on its way to the log."""

    entry_id: UUID
    stream: str
    seq: int
    body: bytes
    signature: bytes


class PayloadRow(NamedTuple):
    """One sealed field of an entry."""

    entry_id: UUID
    stream: str
    field: str
    sealed: bytes


async def lock_streams(connection: Connection, streams: Sequence[str]) -> dict[str, StreamRow]:
    """Lock the streams' newest entries until the transaction ends, always in the same order."""
    rows = await connection.fetch(
        "SELECT stream, seq, leaf_hash, data_key FROM ledger.stream"
        " WHERE stream = ANY($1::text[]) ORDER BY stream FOR UPDATE",
        streams,
    )
    return {row["stream"]: StreamRow(*row.values()) for row in rows}


async def append_to_outbox(
    connection: Connection,
    streams: Sequence[StreamRow],
    entries: Sequence[EntryRow],
    payloads: Sequence[PayloadRow],
) -> set[str]:
    """Advance the streams and write their entries; return the streams for which this was done.

    A stream is left out, with its entries, when another transaction created it in the meantime under another
    data key.
    """
    moved = await connection.fetchval(
        """
        WITH moved AS (
            INSERT INTO ledger.stream AS known (stream, seq, leaf_hash, data_key)
            SELECT * FROM unnest($1::text[], $2::int[], $3::bytea[], $4::bytea[])
            ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, leaf_hash = excluded.leaf_hash
            WHERE known.data_key = excluded.data_key
            RETURNING known.stream
        ), written AS (
            INSERT INTO ledger.outbox (entry_id, stream, seq, body, signature)
            SELECT entry_id, stream, seq, body, signature
            FROM unnest($5::uuid[], $6::text[], $7::int[], $8::bytea[], $9::bytea[])
                WITH ORDINALITY AS entry (entry_id, stream, seq, body, signature, place)
            JOIN moved USING (stream)
            ORDER BY place
        ), sealed AS (
            INSERT INTO ledger.payload (entry_id, field, sealed)
            SELECT entry_id, field, sealed
            FROM unnest($10::uuid[], $11::text[], $12::text[], $13::bytea[])
                AS payload (entry_id, stream, field, sealed)
            JOIN moved USING (stream)
        )
        SELECT array_agg(stream) FROM moved, pg_notify($14, '')
        """,
        *_columns(streams, 4),
        *_columns(entries, 5),
        *_columns(payloads, 4),
        OUTBOX_CHANNEL,
    )
    return set(moved or ())


async def bodies(connection: Connection, entry_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Return the bodies of entries, pending or logged."""
    rows = await connection.fetch(
        "SELECT entry_id, body FROM ledger.entry WHERE entry_id = ANY($1::uuid[])"
        " UNION ALL SELECT entry_id, body FROM ledger.outbox WHERE entry_id = ANY($1::uuid[])",
        entry_ids,
    )
    return {row["entry_id"]: row["body"] for row in rows}


async def register_key(connection: Connection, key_id: str, purpose: str, public_key: bytes) -> bool:
    """Make sure that a public key is known; tell whether it was already."""
    if await connection.fetchval("SELECT true FROM ledger.key WHERE key_id = $1", key_id):
        return True
    await connection.execute(
        "INSERT INTO ledger.key (key_id, purpose, public_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        key_id,
        purpose,
        public_key,
    )
    return False


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    """Turn rows into columns, as unnest takes them."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
