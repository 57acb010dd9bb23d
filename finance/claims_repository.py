"""The SQL of what the log tells of claims."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def changed_by(sql: Connection, entry_id: UUID) -> tuple[list[str], list[str]]:
    """Return the fingerprints that an entry claims and does not release itself, and those that it releases.

    A release counts when an earlier entry told of the claim.
    """
    rows = await sql.fetch(
        """
        SELECT exact, claimed_entry = $1 AS claimed FROM finance.fingerprint
         WHERE claimed_entry = $1 AND released_entry IS DISTINCT FROM $1
            OR released_entry = $1 AND claimed_entry <> $1
        """,
        entry_id,
    )
    return [row["exact"] for row in rows if row["claimed"]], [
        row["exact"] for row in rows if not row["claimed"]
    ]


async def claimed_as(sql: Connection, invoice_id: UUID) -> str | None:
    """Return the fingerprint under which an invoice was claimed last; None when it never was."""
    exact: str | None = await sql.fetchval(
        "SELECT exact FROM finance.fingerprint WHERE invoice_id = $1 ORDER BY claimed_at DESC, id LIMIT 1",
        invoice_id,
    )
    return exact


async def take_untold(sql: Connection, entry_id: UUID, most: int) -> list[str]:
    """Let an entry tell of claims that count and that none tells of; return their fingerprints."""
    rows = await sql.fetch(
        """
        UPDATE finance.fingerprint SET claimed_entry = $1
         WHERE id IN (SELECT id FROM finance.fingerprint
                       WHERE claimed_entry IS NULL AND released_at IS NULL
                       ORDER BY id LIMIT $2 FOR UPDATE)
        RETURNING exact
        """,
        entry_id,
        most,
    )
    return [row["exact"] for row in rows]
