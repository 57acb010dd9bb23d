"""All SQL over the vault's keys and what they close."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import asyncpg

from ledger.repository import Connection, StreamRow

# A data key and the party's key that wraps it, of the tables k and p.
_KEY = "k.wrapped AS data_key, k.owner, k.version, p.root_id, p.wrapped AS party_key"


class WrappedParty(NamedTuple):
    """A party's key as it is stored: wrapped by the root key of this id."""

    owner: str
    version: int
    root_id: str
    wrapped: bytes


class WrappedKey(NamedTuple):
    """A stream's data key as it is stored, and the party's key that wraps it.

    `by` is None for one of before parties had keys: the root key wraps it.
    """

    wrapped: bytes
    by: WrappedParty | None


class DataKeyRow(NamedTuple):
    """A data key that is to be stored."""

    stream: str
    owner: str
    version: int
    wrapped: bytes


async def lock_streams(
    connection: Connection, streams: Sequence[str]
) -> dict[str, tuple[StreamRow, WrappedKey | None]]:
    """Lock the streams' newest entries until the transaction ends, always in the same order.

    Their data keys come with them; None for one that was destroyed, or whose party's key was. One stream is
    asked for by its name, and not by a list of one: for lists PostgreSQL plans anew each time, which takes
    longer than the look-up.
    """
    wanted, names = ("$1", streams[0]) if len(streams) == 1 else ("ANY($1::text[])", streams)
    rows = await connection.fetch(
        f"""
        SELECT s.stream, s.seq, s.leaf_hash, {_KEY}
          FROM ledger.stream s
          LEFT JOIN ledger.data_key k USING (stream)
          LEFT JOIN ledger.party_key p ON (p.owner, p.version) = (k.owner, k.version)
         WHERE s.stream = {wanted} ORDER BY s.stream FOR UPDATE OF s
        """,  # noqa: S608 - constant columns, and one of two conditions
        names,
    )
    return {
        row["stream"]: (StreamRow(row["stream"], row["seq"], row["leaf_hash"]), _key(row)) for row in rows
    }


async def data_key(connection: Connection, stream: str) -> WrappedKey | None:
    """Return the data key of a stream; None when it was destroyed, or its party's key was."""
    row = await connection.fetchrow(
        f"""
        SELECT {_KEY} FROM ledger.data_key k
          LEFT JOIN ledger.party_key p ON (p.owner, p.version) = (k.owner, k.version)
         WHERE k.stream = $1
        """,  # noqa: S608 - constant columns
        stream,
    )
    return _key(row) if row else None


async def current_party_keys(connection: Connection, owners: Collection[str]) -> dict[str, WrappedParty]:
    """Return the keys under which the owners' new streams begin."""
    rows = await connection.fetch(
        "SELECT owner, version, root_id, wrapped FROM ledger.party_key"
        " WHERE owner = ANY($1::text[]) AND NOT retired",
        list(owners),
    )
    return {row["owner"]: WrappedParty(*row.values()) for row in rows}


async def next_version(connection: Connection, owner: str) -> int:
    """Return the number of an owner's next key; those that were destroyed count."""
    version: int = await connection.fetchval(
        "SELECT coalesce(max(version), 0) + 1 FROM ledger.party_key WHERE owner = $1", owner
    )
    return version


async def insert_party_key(connection: Connection, key: WrappedParty) -> bool:
    """Store a new key of an owner; False when there is one, or when another root key wraps by now."""
    return bool(
        await connection.fetchval(
            """
            INSERT INTO ledger.party_key (owner, version, root_id, wrapped)
            SELECT $1, $2, $3, $4 FROM ledger.vault WHERE root_id = $3
            ON CONFLICT DO NOTHING RETURNING true
            """,
            *key,
        )
    )


async def current_root(connection: Connection, otherwise: str) -> str:
    """Return the id of the root key that wraps; a vault that has none yet begins with the other."""
    found: str | None = await connection.fetchval("SELECT root_id FROM ledger.vault")
    if found is not None:
        return found
    await connection.execute(
        "INSERT INTO ledger.vault (root_id) VALUES ($1) ON CONFLICT DO NOTHING", otherwise
    )
    begun: str = await connection.fetchval("SELECT root_id FROM ledger.vault")
    return begun


async def set_root(connection: Connection, root_id: str) -> None:
    """Let another root key wrap from now on: who writes a party's key at this time is waited for."""
    await connection.execute("LOCK TABLE ledger.party_key IN SHARE ROW EXCLUSIVE MODE")
    await connection.execute("UPDATE ledger.vault SET root_id = $1", root_id)


async def wrapped_by_others(connection: Connection, root_id: str, limit: int) -> list[WrappedParty]:
    """Return keys of parties that another root key wraps, and hold them until the transaction ends."""
    rows = await connection.fetch(
        "SELECT owner, version, root_id, wrapped FROM ledger.party_key"
        " WHERE root_id <> $1 AND wrapped IS NOT NULL ORDER BY owner, version LIMIT $2 FOR UPDATE",
        root_id,
        limit,
    )
    return [WrappedParty(*row.values()) for row in rows]


async def rewrap_party_keys(connection: Connection, keys: Sequence[WrappedParty]) -> None:
    """Store keys of parties as another root key wraps them."""
    await connection.executemany(
        "UPDATE ledger.party_key SET root_id = $3, wrapped = $4 WHERE owner = $1 AND version = $2", keys
    )


async def wrapped_by_root(connection: Connection, limit: int) -> list[tuple[str, bytes]]:
    """Return data keys that the root key itself wraps, and hold them until the transaction ends."""
    rows = await connection.fetch(
        "SELECT stream, wrapped FROM ledger.data_key WHERE owner IS NULL ORDER BY stream LIMIT $1 FOR UPDATE",
        limit,
    )
    return [(row["stream"], row["wrapped"]) for row in rows]


async def wrapped_by_older(
    connection: Connection, owner: str, version: int, limit: int
) -> list[tuple[str, WrappedKey]]:
    """Return data keys that an owner's older key wraps, and hold them until the transaction ends."""
    rows = await connection.fetch(
        f"""
        SELECT k.stream, {_KEY} FROM ledger.data_key k
          JOIN ledger.party_key p ON (p.owner, p.version) = (k.owner, k.version)
         WHERE k.owner = $1 AND k.version < $2 AND p.wrapped IS NOT NULL
         ORDER BY k.stream LIMIT $3 FOR UPDATE OF k
        """,  # noqa: S608 - constant columns
        owner,
        version,
        limit,
    )
    return [(row["stream"], key) for row in rows if (key := _key(row))]


async def rewrap_data_keys(connection: Connection, keys: Sequence[DataKeyRow]) -> None:
    """Store data keys as another key wraps them."""
    await connection.executemany(
        "UPDATE ledger.data_key SET owner = $2, version = $3, wrapped = $4 WHERE stream = $1", keys
    )


async def retired_party_key(connection: Connection, owner: str) -> bool:
    """Tell whether an owner has a key that wraps nothing new and is not destroyed yet."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM ledger.party_key WHERE owner = $1 AND retired AND wrapped IS NOT NULL)",
        owner,
    )
    return found


async def retire_party_key(connection: Connection, owner: str) -> None:
    """Let an owner's key wrap nothing new."""
    await connection.execute(
        "UPDATE ledger.party_key SET retired = true WHERE owner = $1 AND NOT retired", owner
    )


async def destroy_retired(connection: Connection, owner: str, version: int) -> bool:
    """Destroy the keys before an owner's newest; False when a stream still needs one of them.

    Whoever writes a data key at this time is waited for: it may have begun under an older key.
    """
    await connection.execute("LOCK TABLE ledger.data_key IN SHARE ROW EXCLUSIVE MODE")
    needed = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM ledger.data_key k JOIN ledger.party_key p USING (owner, version)"
        " WHERE k.owner = $1 AND k.version < $2 AND p.wrapped IS NOT NULL)",
        owner,
        version,
    )
    if needed:
        return False
    await connection.execute(
        "UPDATE ledger.party_key SET wrapped = NULL WHERE owner = $1 AND version < $2", owner, version
    )
    return True


async def destroy_party_keys(connection: Connection, owner: str) -> list[str]:
    """Destroy every key of an owner, and return the streams that they closed."""
    await connection.execute(
        "UPDATE ledger.party_key SET wrapped = NULL, retired = true WHERE owner = $1", owner
    )
    rows = await connection.fetch("SELECT stream FROM ledger.data_key WHERE owner = $1", owner)
    return [row["stream"] for row in rows]


async def destroy_data_keys(connection: Connection, streams: Sequence[str]) -> list[str]:
    """Destroy the data keys of streams and what they sealed; return those that had one, in order."""
    rows = await connection.fetch(
        "DELETE FROM ledger.data_key WHERE stream = ANY($1::text[]) RETURNING stream", streams
    )
    await connection.execute(
        """
        DELETE FROM ledger.payload WHERE entry_id IN (
            SELECT entry_id FROM ledger.entry WHERE stream = ANY($1::text[])
            UNION ALL SELECT entry_id FROM ledger.outbox WHERE stream = ANY($1::text[]))
        """,
        streams,
    )
    return sorted(row["stream"] for row in rows)


def _key(row: asyncpg.Record) -> WrappedKey | None:
    if row["data_key"] is None or row["owner"] is None:
        return WrappedKey(row["data_key"], None) if row["data_key"] else None
    if row["party_key"] is None:
        return None
    by = WrappedParty(row["owner"], row["version"], row["root_id"], row["party_key"])
    return WrappedKey(row["data_key"], by)
