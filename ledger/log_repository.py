"""The SQL behind the log's files."""

from __future__ import annotations

from ledger.repository import Connection


async def envelopes(connection: Connection, first: int, count: int) -> list[bytes]:
    """Return the envelopes of up to so many entries from an index on, in order."""
    rows = await connection.fetch(
        "SELECT body || '\\x0a'::bytea || signature AS envelope FROM ledger.entry"
        " WHERE index >= $1 AND index < $2 ORDER BY index",
        first,
        first + count,
    )
    return [row["envelope"] for row in rows]
