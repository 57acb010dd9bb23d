"""The SQL of buyers' signals and of what measures do to their limits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Row = asyncpg.Record


async def buyer_signals(
    sql: Connection,
    currency: str,
    buyer_id: UUID | None,
    *,
    recent_from: datetime,
    before_from: datetime,
    year_from: datetime,
    at: datetime,
) -> list[Row]:
    """Return each buyer's dilution, payments, exposure and limit, and what is drawn on all together."""
    return await sql.fetch(
        """
        WITH active AS (
            SELECT buyer_id, amount, reserved + utilised AS exposure FROM finance.limit_
            WHERE scope = 'BUYER' AND state = 'ACTIVE' AND currency = $1
        ), bought AS (
            SELECT buyer_id, 1 - sum(eligible) / sum(face) AS dilution FROM finance.asset
            WHERE currency = $1 AND purchased_at > $5 AND purchased_at <= $6 GROUP BY buyer_id
        ), paid AS (
            SELECT a.buyer_id, max(j.booked_at) AS paid_at,
                   (max(j.booked_at) AT TIME ZONE 'UTC')::date - a.due_date AS delay
            FROM finance.asset a
            JOIN finance.posting p ON p.asset_id = a.id
            JOIN finance.journal j ON j.id = p.journal_id
            WHERE a.currency = $1 AND a.state IN ('COLLECTED', 'SETTLED') AND j.event = 'collection'
            GROUP BY a.id HAVING max(j.booked_at) > $4 AND max(j.booked_at) <= $6
        ), payments AS (
            SELECT buyer_id,
                   count(*) FILTER (WHERE paid_at > $3) AS recent_count,
                   avg(delay) FILTER (WHERE paid_at > $3) AS recent_mean,
                   coalesce(stddev_samp(delay) FILTER (WHERE paid_at > $3), 0) AS recent_deviation,
                   count(*) FILTER (WHERE paid_at <= $3) AS before_count,
                   avg(delay) FILTER (WHERE paid_at <= $3) AS before_mean,
                   coalesce(stddev_samp(delay) FILTER (WHERE paid_at <= $3), 0) AS before_deviation
            FROM paid GROUP BY buyer_id
        )
        SELECT active.buyer_id, active.amount, active.exposure, bought.dilution, payments.recent_count,
               payments.recent_mean, payments.recent_deviation, payments.before_count, payments.before_mean,
               payments.before_deviation, (SELECT sum(exposure) FROM active) AS portfolio
        FROM active LEFT JOIN bought USING (buyer_id) LEFT JOIN payments USING (buyer_id)
        WHERE $2::uuid IS NULL OR active.buyer_id = $2 ORDER BY active.buyer_id
        """,
        currency,
        buyer_id,
        recent_from,
        before_from,
        year_from,
        at,
    )


async def lock_buyer_limits(
    sql: Connection, wanted: Collection[tuple[UUID, str]]
) -> dict[tuple[UUID, str], UUID]:
    """Lock the active limits of these (buyer, currency), in the order of requests; return their ids."""
    rows = await sql.fetch(
        """
        SELECT id, buyer_id, currency FROM finance.limit_
        WHERE scope = 'BUYER' AND state = 'ACTIVE' AND buyer_id = ANY($1) ORDER BY id FOR UPDATE
        """,
        [buyer for buyer, _ in wanted],
    )
    found = {(row["buyer_id"], row["currency"]): row["id"] for row in rows}
    return {key: found[key] for key in wanted if key in found}


async def hold_limit(sql: Connection, limit_id: UUID, at: datetime) -> None:
    """Put a limit on hold; one that is held already keeps its time."""
    await sql.execute(
        "UPDATE finance.limit_ SET on_hold_since = coalesce(on_hold_since, $2) WHERE id = $1", limit_id, at
    )


async def cut_limit(sql: Connection, limit_id: UUID, amount: Decimal) -> None:
    """Lower a limit to an amount, or to what is in use where that is more; never raise it."""
    await sql.execute(
        """
        UPDATE finance.limit_ SET amount = greatest($2, reserved + utilised), binding_cap = 'early_warning'
        WHERE id = $1 AND amount > greatest($2, reserved + utilised)
        """,
        limit_id,
        amount,
    )


async def lift_hold(sql: Connection, buyer_id: UUID, currency: str) -> None:
    """End the hold on a buyer's limit."""
    await sql.execute(
        """
        UPDATE finance.limit_ SET on_hold_since = NULL
        WHERE scope = 'BUYER' AND buyer_id = $1 AND currency = $2
        """,
        buyer_id,
        currency,
    )


async def decided_requests(sql: Connection, since: datetime, upto: datetime) -> list[Row]:
    """Return (carried, financed) of decided requests; carried: by each of the limits proposed for it."""
    return await sql.fetch(
        """
        SELECT r.state IN ('FUNDED', 'SETTLED') AS financed, bool_and(p.amount >= r.face) AS carried
        FROM finance.financing_request r JOIN finance.limit_proposal p ON p.request_id = r.id
        WHERE r.state IN ('FUNDED', 'SETTLED', 'DECLINED') AND p.state <> 'REPLACED'
          AND r.requested_at >= $1 AND r.requested_at < $2
        GROUP BY r.id, r.state
        """,
        since,
        upto,
    )


async def limits_in_use(sql: Connection) -> list[Row]:
    """Return (currency, amount, used) of the active pair limits."""
    return await sql.fetch(
        """
        SELECT currency, amount, reserved + utilised AS used FROM finance.limit_
        WHERE scope = 'PAIR' AND state = 'ACTIVE'
        """
    )


async def receivables_at(sql: Connection, at: datetime) -> list[Row]:
    """Return (due_date, paid_at) of the receivables owed at a moment; paid_at: when the last was paid."""
    return await sql.fetch(
        """
        SELECT a.due_date, CASE WHEN a.state IN ('COLLECTED', 'SETTLED') THEN max(j.booked_at) END AS paid_at
        FROM finance.asset a
        LEFT JOIN finance.posting p ON p.asset_id = a.id
        LEFT JOIN finance.journal j ON j.id = p.journal_id AND j.event = 'collection'
        WHERE a.purchased_at <= $1
        GROUP BY a.id, a.due_date, a.state
        HAVING a.state NOT IN ('COLLECTED', 'SETTLED') OR max(j.booked_at) > $1
        """,
        at,
    )


async def scored_outcomes(sql: Connection, card_id: str) -> list[Row]:
    """Return (scored_on, pd, points, defaulted_on): buyers' first scores of each quarter by a card."""
    return await sql.fetch(
        """
        WITH defaulted AS (
            SELECT a.buyer_id, min(j.booked_at) AS at
            FROM finance.journal j JOIN finance.asset a ON a.id = j.object_id
            WHERE j.event = 'recourse' GROUP BY a.buyer_id
        )
        SELECT DISTINCT ON (r.party_id, date_trunc('quarter', r.at AT TIME ZONE 'UTC'))
               (r.at AT TIME ZONE 'UTC')::date AS scored_on, r.pd, r.points,
               (d.at AT TIME ZONE 'UTC')::date AS defaulted_on
        FROM scoring.run_view r LEFT JOIN defaulted d ON d.buyer_id = r.party_id
        WHERE r.card_id = $1 AND (d.at IS NULL OR d.at > r.at)
          AND EXISTS (SELECT 1 FROM finance.financing_request q WHERE q.buyer_id = r.party_id)
        ORDER BY r.party_id, date_trunc('quarter', r.at AT TIME ZONE 'UTC'), r.at
        """,
        card_id,
    )
