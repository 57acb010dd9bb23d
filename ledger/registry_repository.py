"""SQL over the registry of keys."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ledger.repository import Connection

# Registering keys of the platform waits for each other: one of them is the first.
_PLATFORM_KEYS_LOCK = 0x5CF0005

_COLUMNS = "key_id, holder, public_key, protection, seq, endorsed_by, valid_by, revoked_by"


class RegisteredKeyRow(NamedTuple):
    """A key as the registry knows it; `seq` is the number of the newest entry in its stream."""

    key_id: str
    holder: str
    public_key: bytes
    protection: str
    seq: int
    endorsed_by: str | None
    valid_by: UUID | None
    revoked_by: UUID | None


async def lock_platform_keys(connection: Connection) -> None:
    """Let no other transaction register a key of the platform until this one ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _PLATFORM_KEYS_LOCK)


async def registered(connection: Connection, key_id: str) -> RegisteredKeyRow | None:
    """Return a key."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM ledger.registered_key WHERE key_id = $1",  # noqa: S608 - constant columns
        key_id,
    )
    return RegisteredKeyRow(*row.values()) if row else None


async def every_key(connection: Connection) -> list[RegisteredKeyRow]:
    """Return all keys."""
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM ledger.registered_key")  # noqa: S608 - constant columns
    return [RegisteredKeyRow(*row.values()) for row in rows]


async def lock_key(connection: Connection, key_id: str) -> RegisteredKeyRow | None:
    """Return a key that is to be endorsed or revoked; what is being signed with it comes before."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM ledger.registered_key WHERE key_id = $1 FOR UPDATE",  # noqa: S608 - constant
        key_id,
    )
    return RegisteredKeyRow(*row.values()) if row else None


async def hold_key(connection: Connection, key_id: str) -> RegisteredKeyRow | None:
    """Return a key as it stands until the transaction ends: nobody revokes it meanwhile."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM ledger.registered_key WHERE key_id = $1 FOR SHARE",  # noqa: S608 - constant
        key_id,
    )
    return RegisteredKeyRow(*row.values()) if row else None


async def valid_keys_of(connection: Connection, holder: str) -> list[str]:
    """Return the ids of a holder's keys that are valid now."""
    rows = await connection.fetch(
        "SELECT key_id FROM ledger.registered_key"
        " WHERE holder = $1 AND valid_by IS NOT NULL AND revoked_by IS NULL ORDER BY registered_at",
        holder,
    )
    return [row["key_id"] for row in rows]


async def insert_key(
    connection: Connection, key: RegisteredKeyRow, registered_by: UUID, at: datetime
) -> bool:
    """Store a key that was registered; False when it is there."""
    stored = await connection.fetchval(
        """
        INSERT INTO ledger.registered_key (key_id, holder, public_key, protection, seq, endorsed_by, valid_by,
                                           registered_by, registered_at, valid_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $7::uuid IS NOT NULL THEN $9::timestamptz END)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        *key[:7],
        registered_by,
        at,
    )
    return bool(stored)


async def endorse(connection: Connection, key_id: str, by: str, entry_id: UUID, at: datetime) -> None:
    """Store that a second person vouched for a key."""
    await connection.execute(
        "UPDATE ledger.registered_key SET seq = seq + 1, endorsed_by = $2, valid_by = $3, valid_at = $4"
        " WHERE key_id = $1",
        key_id,
        by,
        entry_id,
        at,
    )


async def revoke(connection: Connection, key_id: str, reason: str, entry_id: UUID, at: datetime) -> None:
    """Store that a key was revoked."""
    await connection.execute(
        "UPDATE ledger.registered_key SET seq = seq + 1, revoked_for = $2, revoked_by = $3, revoked_at = $4"
        " WHERE key_id = $1",
        key_id,
        reason,
        entry_id,
        at,
    )
