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


async def timestamps_upto(connection: Connection, size: int) -> list[tuple[int, TimestampRow]]:
    """Return every time stamp over a checkpoint of at most this size, with its id."""
    rows = await connection.fetch(
        "SELECT id, size, note, authority, response, stamped_at FROM ledger.timestamp"
        " WHERE size <= $1 ORDER BY id",
        size,
    )
    return [(row["id"], TimestampRow(*row[1:])) for row in rows]
