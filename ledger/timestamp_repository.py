"""The SQL over time stamps."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ledger.repository import Connection


class TimestampRow(NamedTuple):
    """A time stamp: the note that it covers, and the authority's whole answer (DER)."""

    size: int
    note: str
    authority: str
    response: bytes
    stamped_at: datetime


async def add_timestamp(connection: Connection, row: TimestampRow) -> None:
    """Keep a time stamp."""
    await connection.execute(
        "INSERT INTO ledger.timestamp (size, note, authority, response, stamped_at)"
        " VALUES ($1, $2, $3, $4, $5)",
        *row,
    )


async def newest_timestamp(connection: Connection) -> TimestampRow | None:
    """Return the time stamp over the largest checkpoint."""
    row = await connection.fetchrow(
        "SELECT size, note, authority, response, stamped_at FROM ledger.timestamp"
        " ORDER BY size DESC, id DESC LIMIT 1"
    )
    return TimestampRow(*row.values()) if row else None


async def timestamps_upto(connection: Connection, size: int) -> list[tuple[int, int]]:
    """Return size and number of every time stamp over a checkpoint of at most this size, the oldest first."""
    rows = await connection.fetch("SELECT size, id FROM ledger.timestamp WHERE size <= $1 ORDER BY id", size)
    return [(row["size"], row["id"]) for row in rows]


async def timestamp(connection: Connection, size: int, number: int) -> TimestampRow | None:
    """Return one time stamp."""
    row = await connection.fetchrow(
        "SELECT size, note, authority, response, stamped_at FROM ledger.timestamp"
        " WHERE size = $1 AND id = $2",
        size,
        number,
    )
    return TimestampRow(*row.values()) if row else None
