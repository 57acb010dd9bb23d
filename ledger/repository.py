"""All SQL over the ledger's tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg

from proof.tiles import TileId

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# Business transactions that recorded something, and the sequencer that logged it, say so here.
OUTBOX_CHANNEL = "ledger_outbox"
APPENDED_CHANNEL = "ledger_appended"

# The session-level advisory lock of the one sequencer that is at work on a database.
_SEQUENCER_LOCK = 0x5CF0002
# Held by it while it looks into the outbox by itself, so that nobody needs to wake it.
_AWAKE_LOCK = 0x5CF0006


class StreamRow(NamedTuple):
    """The newest entry of a stream."""

    stream: str
    seq: int
    leaf_hash: bytes


class NewStreamRow(NamedTuple):
    """A stream that begins: its newest entry, and its data key as its owner's key wraps it."""

    stream: str
    seq: int
    leaf_hash: bytes
    owner: str
    version: int
    wrapped: bytes


class EntryRow(NamedTuple):
    """A signed entry on its way to the log."""

    entry_id: UUID
    stream: str
    seq: int
    body: bytes
    signature: bytes


class HeadRow(NamedTuple):
    """Where the log ends, and the epoch of the sequencer that may advance it."""

    origin: str
    size: int
    frontier: bytes
    chain: bytes
    epoch: int


class LoggedRow(NamedTuple):
    """An entry in its place in the log, counted from 0."""

    place: int
    entry_id: UUID
    stream: str
    seq: int
    body: bytes
    signature: bytes
    leaf_hash: bytes
    chain: bytes


class CheckpointRow(NamedTuple):
    """A signed note over the log's size and root."""

    size: int
    root: bytes
    note: str


class KeyRow(NamedTuple):
    """A registered public key."""

    key_id: str
    purpose: str
    public_key: bytes


class PayloadRow(NamedTuple):
    """One sealed field of an entry."""

    entry_id: UUID
    stream: str
    field: str
    sealed: bytes


async def append_to_outbox(
    connection: Connection,
    key: KeyRow,
    new: Sequence[NewStreamRow],
    grown: Sequence[StreamRow],
    entries: Sequence[EntryRow],
    payloads: Sequence[PayloadRow],
) -> set[str]:
    """Begin and advance streams, and write their entries, signed by `key`; return those streams.

    A stream is left out, with its entries, when another transaction created it in the meantime, when the
    party's key under which it is to begin is no longer in use, or when its own data key was destroyed. The
    sequencer is notified when it sleeps only: transactions that notify commit one after the other, each
    waiting for the disk.
    """
    moved = await connection.fetchval(
        """
        WITH begun AS (
            SELECT new.* FROM unnest($1::text[], $2::int[], $3::bytea[], $4::text[], $5::int[], $6::bytea[])
                AS new (stream, seq, leaf_hash, owner, version, wrapped)
            JOIN ledger.party_key USING (owner, version) WHERE NOT retired
        ), created AS (
            INSERT INTO ledger.stream (stream, seq, leaf_hash) SELECT stream, seq, leaf_hash FROM begun
            ON CONFLICT DO NOTHING RETURNING stream
        ), keyed AS (
            INSERT INTO ledger.data_key (stream, owner, version, wrapped)
            SELECT stream, owner, version, wrapped FROM begun JOIN created USING (stream)
        ), grown AS (
            UPDATE ledger.stream AS known SET seq = newest.seq, leaf_hash = newest.leaf_hash
            FROM unnest($7::text[], $8::int[], $9::bytea[]) AS newest (stream, seq, leaf_hash)
            JOIN ledger.data_key USING (stream)
            WHERE known.stream = newest.stream
            RETURNING known.stream
        ), moved AS (
            SELECT stream FROM created UNION ALL SELECT stream FROM grown
        ), written AS (
            INSERT INTO ledger.outbox (entry_id, stream, seq, body, signature)
            SELECT entry_id, stream, seq, body, signature
            FROM unnest($10::uuid[], $11::text[], $12::int[], $13::bytea[], $14::bytea[])
                WITH ORDINALITY AS entry (entry_id, stream, seq, body, signature, place)
            JOIN moved USING (stream)
            ORDER BY place
        ), sealed AS (
            INSERT INTO ledger.payload (entry_id, field, sealed)
            SELECT entry_id, field, sealed
            FROM unnest($15::uuid[], $16::text[], $17::text[], $18::bytea[])
                AS payload (entry_id, stream, field, sealed)
            JOIN moved USING (stream)
        ), registered AS (
            INSERT INTO ledger.key (key_id, purpose, public_key)
            SELECT $19, $20, $21::bytea WHERE EXISTS (SELECT FROM moved)
            ON CONFLICT DO NOTHING
        )
        SELECT array_agg(stream) FROM moved,
            (SELECT CASE WHEN pg_try_advisory_lock_shared($23)
                    THEN pg_advisory_unlock_shared($23) AND pg_notify($22, '') IS NOT NULL END) AS woken
        """,
        *_columns(new, 6),
        *_columns(grown, 3),
        *_columns(entries, 5),
        *_columns(payloads, 4),
        *key,
        OUTBOX_CHANNEL,
        _AWAKE_LOCK,
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


async def register_key(connection: Connection, key: KeyRow) -> None:
    """Make sure that a public key is known."""
    await connection.execute(
        "INSERT INTO ledger.key (key_id, purpose, public_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        *key,
    )


async def try_sequencer_lock(connection: Connection) -> bool:
    """Become the sequencer for as long as this connection lives; False when another one is."""
    locked: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _SEQUENCER_LOCK)
    return locked


async def search_by_index(connection: Connection) -> None:
    """Let the session's statements use indexes, whatever the statistics say.

    The outbox is nearly empty whenever it is looked at, but full of what was there: a plan that was made for
    an empty table reads all of that, and a round takes the longer the more was logged since the last vacuum.
    """
    await connection.execute("SET enable_seqscan = off")


async def try_stay_awake(connection: Connection) -> bool:
    """Let writers know that the sequencer looks by itself; False when one of them is just asking."""
    locked: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _AWAKE_LOCK)
    return locked


async def fall_asleep(connection: Connection) -> None:
    """Let writers know that from now on they must wake the sequencer."""
    await connection.execute("SELECT pg_advisory_unlock($1)", _AWAKE_LOCK)


async def kept_origin(connection: Connection, origin: str, chain_start: bytes) -> str:
    """Return the log's name; where there is none yet, begin an empty log of this one."""
    await connection.execute(
        "INSERT INTO ledger.head (origin, size, frontier, chain, epoch) VALUES ($1, 0, '', $2, 0)"
        " ON CONFLICT DO NOTHING",
        origin,
        chain_start,
    )
    kept: str = await connection.fetchval("SELECT origin FROM ledger.head")
    return kept


async def begin_epoch(connection: Connection, origin: str, chain_start: bytes) -> HeadRow | None:
    """Begin a new epoch, after which no earlier sequencer can write; None when the log has another name."""
    if await kept_origin(connection, origin, chain_start) != origin:
        return None
    row = await connection.fetchrow(
        "UPDATE ledger.head SET epoch = epoch + 1 WHERE origin = $1"
        " RETURNING origin, size, frontier, chain, epoch",
        origin,
    )
    return HeadRow(*row.values()) if row else None


async def logged_bodies(connection: Connection, entry_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Return the bodies of those entries that are in the log."""
    rows = await connection.fetch(
        "SELECT entry_id, body FROM ledger.entry WHERE entry_id = ANY($1::uuid[])", entry_ids
    )
    return {row["entry_id"]: row["body"] for row in rows}


async def advance_log(
    connection: Connection,
    entries: Sequence[LoggedRow],
    tiles: Sequence[tuple[int, int, bytes]],
    old_size: int,
    head: HeadRow,
    root: bytes,
    note: str,
) -> bool:
    """Write entries, tree hashes, checkpoint and head; False when the head is not where it should be.

    Args:
        connection: A transaction of the sequencer, to be undone when this returns False.
        entries: The entries in their places.
        tiles: Level, number, and the bytes to append to that tile.
        old_size: The size of the log before; the epoch is that of `head`.
        head: The head after.
        root: The Merkle root after.
        note: The signed checkpoint over it.
    """
    await connection.copy_records_to_table(
        "entry", schema_name="ledger", columns=["index", *LoggedRow._fields[1:]], records=entries
    )
    advanced = await connection.fetchval(
        """
        WITH advanced AS (
            UPDATE ledger.head SET size = $1, frontier = $2, chain = $3
            WHERE origin = $4 AND epoch = $5 AND size = $6
            RETURNING true AS done
        ), grown AS (
            INSERT INTO ledger.tile AS tile (level, index, hashes)
            SELECT * FROM unnest($7::smallint[], $8::bigint[], $9::bytea[])
            ON CONFLICT (level, index) DO UPDATE SET hashes = tile.hashes || excluded.hashes
        ), noted AS (
            INSERT INTO ledger.checkpoint (size, root, note, created_at) VALUES ($1, $10, $11, now())
        )
        SELECT done FROM advanced, pg_notify($12, $1::text)
        """,
        head.size,
        head.frontier,
        head.chain,
        head.origin,
        head.epoch,
        old_size,
        *_columns(tiles, 3),
        root,
        note,
        APPENDED_CHANNEL,
    )
    return bool(advanced)


async def clear_outbox(connection: Connection, positions: Sequence[int]) -> None:
    """Take entries that are in the log out of the outbox."""
    await connection.execute("DELETE FROM ledger.outbox WHERE position = ANY($1::bigint[])", positions)


async def keys(connection: Connection) -> list[KeyRow]:
    """Return every public key that ever signed."""
    rows = await connection.fetch("SELECT key_id, purpose, public_key FROM ledger.key ORDER BY key_id")
    return [KeyRow(*row.values()) for row in rows]


async def head(connection: Connection) -> HeadRow | None:
    """Return where the log ends; None before the installation's first start."""
    row = await connection.fetchrow("SELECT origin, size, frontier, chain, epoch FROM ledger.head")
    return HeadRow(*row.values()) if row else None


async def logged_after(connection: Connection, index: int, limit: int) -> list[LoggedRow]:
    """Return the log's next entries after an index, in order."""
    rows = await connection.fetch(
        "SELECT index, entry_id, stream, seq, body, signature, leaf_hash, chain FROM ledger.entry"
        " WHERE index > $1 ORDER BY index LIMIT $2",
        index,
        limit,
    )
    return [LoggedRow(*row.values()) for row in rows]


async def logged_entry(connection: Connection, entry: UUID | int) -> LoggedRow | None:
    """Return one entry of the log by its id or index."""
    column = "index" if isinstance(entry, int) else "entry_id"
    row = await connection.fetchrow(
        "SELECT index, entry_id, stream, seq, body, signature, leaf_hash, chain FROM ledger.entry"  # noqa: S608 - one of two names
        f" WHERE {column} = $1",
        entry,
    )
    return LoggedRow(*row.values()) if row else None


async def logged_in_stream(connection: Connection, stream: str) -> list[LoggedRow]:
    """Return the entries of a stream that are in the log, in order."""
    rows = await connection.fetch(
        "SELECT index, entry_id, stream, seq, body, signature, leaf_hash, chain FROM ledger.entry"
        " WHERE stream = $1 ORDER BY seq",
        stream,
    )
    return [LoggedRow(*row.values()) for row in rows]


async def logged_with(
    connection: Connection, text: str, index: int, below: int, limit: int
) -> list[LoggedRow]:
    """Return the next entries after an index and below another whose bodies hold a text, in order."""
    rows = await connection.fetch(
        "SELECT index, entry_id, stream, seq, body, signature, leaf_hash, chain FROM ledger.entry"
        " WHERE index > $1 AND index < $2 AND position($3 IN body) > 0 ORDER BY index LIMIT $4",
        index,
        below,
        text.encode(),
        limit,
    )
    return [LoggedRow(*row.values()) for row in rows]


async def pending_in_stream(connection: Connection, stream: str) -> bool:
    """Tell whether entries of a stream wait to be logged."""
    pending: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM ledger.outbox WHERE stream = $1)", stream
    )
    return pending


async def pending_after(connection: Connection, position: int, limit: int) -> list[tuple[int, EntryRow]]:
    """Return the outbox's next entries after a position, with their positions, in order."""
    rows = await connection.fetch(
        "SELECT position, entry_id, stream, seq, body, signature FROM ledger.outbox"
        " WHERE position > $1 ORDER BY position LIMIT $2",
        position,
        limit,
    )
    return [(row["position"], EntryRow(*row[1:])) for row in rows]


async def checkpoints_between(connection: Connection, after: int, upto: int) -> list[CheckpointRow]:
    """Return the checkpoints of sizes in (after, upto]."""
    rows = await connection.fetch(
        "SELECT size, root, note FROM ledger.checkpoint WHERE size > $1 AND size <= $2 ORDER BY size",
        after,
        upto,
    )
    return [CheckpointRow(*row.values()) for row in rows]


async def newest_checkpoint(connection: Connection) -> CheckpointRow | None:
    """Return the checkpoint of the largest size."""
    row = await connection.fetchrow(
        "SELECT size, root, note FROM ledger.checkpoint ORDER BY size DESC LIMIT 1"
    )
    return CheckpointRow(*row.values()) if row else None


async def tile_hashes(connection: Connection, wanted: Collection[TileId]) -> dict[TileId, bytes]:
    """Return the tiles that are there of those wanted."""
    rows = await connection.fetch(
        "SELECT level, index, hashes FROM ledger.tile"
        " JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (level, index) USING (level, index)",
        *_columns(list(wanted), 2),
    )
    return {TileId(row["level"], row["index"]): row["hashes"] for row in rows}


async def count(connection: Connection, table: Literal["tile", "checkpoint", "stream"]) -> int:
    """Return the number of rows of a table."""
    number: int = await connection.fetchval(f"SELECT count(*) FROM ledger.{table}")  # noqa: S608 - a literal
    return number


async def streams_after(connection: Connection, stream: str, limit: int) -> list[StreamRow]:
    """Return the next streams after a name, in the order of their names' bytes."""
    rows = await connection.fetch(
        'SELECT stream, seq, leaf_hash FROM ledger.stream WHERE stream COLLATE "C" > $1'
        ' ORDER BY stream COLLATE "C" LIMIT $2',
        stream,
        limit,
    )
    return [StreamRow(*row.values()) for row in rows]


async def payloads(connection: Connection, entry_id: UUID) -> dict[str, bytes]:
    """Return the sealed fields of an entry."""
    rows = await connection.fetch("SELECT field, sealed FROM ledger.payload WHERE entry_id = $1", entry_id)
    return {row["field"]: row["sealed"] for row in rows}


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    """Turn rows into columns, as unnest takes them."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
