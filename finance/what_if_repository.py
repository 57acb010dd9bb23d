"""The SQL of what-if questions: a score run, and the limits that stand for its party."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Row = asyncpg.Record


async def limits_of_party(sql: Connection, party_id: UUID, most: int) -> list[Row]:
    """Return (id, scope, seller_id, buyer_id, currency, granted) of a party's limits, one of each kind.

    The limit in force stands for its kind, with what it grants; else the newest proposal, which grants
    nothing.
    """
    return await sql.fetch(
        """
        WITH standing AS (
            SELECT id, scope, seller_id, buyer_id, currency, amount AS granted,
                   NULL::timestamptz AS proposed_at
            FROM finance.limit_ WHERE state = 'ACTIVE' AND (seller_id = $1 OR buyer_id = $1)
            UNION ALL
            SELECT id, scope, seller_id, buyer_id, currency, 0, proposed_at
            FROM finance.limit_proposal WHERE state = 'PROPOSED' AND (seller_id = $1 OR buyer_id = $1)
        )
        SELECT DISTINCT ON (scope, seller_id, buyer_id, currency)
               id, scope, seller_id, buyer_id, currency, granted
        FROM standing
        ORDER BY scope, seller_id, buyer_id, currency, proposed_at DESC NULLS FIRST, id
        LIMIT $2
        """,
        party_id,
        most,
    )


async def newest_runs(sql: Connection, parties: Collection[UUID], at: datetime) -> dict[UUID, Row]:
    """Return the newest score of each party up to a moment, by party."""
    rows = await sql.fetch(
        """
        SELECT DISTINCT ON (party_id) id, party_id, card_id, points, pd, grade, synthetic
        FROM scoring.run_view WHERE party_id = ANY($1::uuid[]) AND at <= $2 ORDER BY party_id, at DESC, id
        """,
        list(parties),
        at,
    )
    return {row["party_id"]: row for row in rows}
