"""The SQL that reads the general ledger by the entries that its journals stand on."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias
from uuid import UUID

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Row = asyncpg.Record


async def postings_of(sql: Connection, entry_ids: Collection[UUID]) -> list[Row]:
    """Return the postings of the journals of entries, each with its journal, in the order of the books.

    A journal without postings has one row whose `side` is null.
    """
    return await sql.fetch(
        """
        SELECT j.entry_id, j.id, j.event, j.object_id, j.request_id, j.currency, j.booked_at, j.reverses,
               p.account, p.side, p.amount, p.asset_id
        FROM finance.journal j LEFT JOIN finance.posting p ON p.journal_id = j.id
        WHERE j.entry_id = ANY($1::uuid[])
        ORDER BY j.position, p.position
        """,
        list(entry_ids),
    )


async def journals_without_entry(sql: Connection) -> list[Row]:
    """Return (id, entry_id) of the journals whose entry is neither logged nor pending."""
    return await sql.fetch(
        """
        SELECT j.id, j.entry_id FROM finance.journal j
        WHERE NOT EXISTS (SELECT FROM ledger.entry_view e WHERE e.entry_id = j.entry_id)
        ORDER BY j.position
        """
    )


async def unbalanced_journals(sql: Connection) -> list[Row]:
    """Return (id, difference) of the journals whose debits are not their credits, or that have neither."""
    return await sql.fetch(
        """
        SELECT j.id, sum(CASE p.side WHEN 'Dr' THEN p.amount ELSE -p.amount END) AS difference
        FROM finance.journal j LEFT JOIN finance.posting p ON p.journal_id = j.id
        GROUP BY j.id, j.position
        HAVING sum(CASE p.side WHEN 'Dr' THEN p.amount ELSE -p.amount END) IS DISTINCT FROM 0
        ORDER BY j.position
        """
    )


async def postings_without_journal(sql: Connection) -> list[Row]:
    """Return (id, journal_id) of the postings whose journal is not there."""
    return await sql.fetch(
        """
        SELECT p.id, p.journal_id FROM finance.posting p
        WHERE NOT EXISTS (SELECT FROM finance.journal j WHERE j.id = p.journal_id) ORDER BY p.id
        """
    )


async def journal_count(sql: Connection) -> int:
    """Return how many journals there are."""
    number: int = await sql.fetchval("SELECT count(*) FROM finance.journal")
    return number
