"""The SQL that looks at what waits to be logged."""

from __future__ import annotations

from ledger.repository import Connection


async def more_wait_than(connection: Connection, limit: int) -> bool:
    """Tell whether more than so many entries wait; it looks at no more than that many."""
    more: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT position FROM ledger.outbox ORDER BY position OFFSET $1)", limit
    )
    return more
