"""The SQL of alerts, and of what monitoring reads of the scores."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast
from uuid import UUID

from scoring.monitoring.rules import Measure

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]
    Record = asyncpg.Record


async def raise_alert(
    connection: Connection, *, alert_id: UUID, measure: Measure, at: datetime, entry_id: UUID
) -> Record:
    """Store an alert unless one of the rule and party awaits its verdict; return the one that stands."""
    await connection.execute(
        """
        INSERT INTO scoring.alert
            (id, rule, kind, subject, currency, value, threshold, amount, message, raised_at, entry_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT DO NOTHING
        """,
        alert_id,
        measure.rule,
        measure.kind,
        measure.subject,
        measure.currency,
        measure.value,
        measure.threshold,
        measure.amount,
        measure.message,
        at,
        entry_id,
    )
    row = await connection.fetchrow(
        """
        SELECT id, rule, kind, subject, currency, verdict FROM scoring.alert
        WHERE id = $1 OR (subject = $2 AND currency = $3 AND rule = $4 AND verdict IS NULL)
        ORDER BY (verdict IS NULL) DESC LIMIT 1
        """,
        alert_id,
        measure.subject,
        measure.currency,
        measure.rule,
    )
    return cast("Record", row)


async def was_false(connection: Connection, measure: Measure, *, since: datetime) -> bool:
    """Tell whether the rule's newest verdict on the party since a moment is that it was false."""
    verdict: str | None = await connection.fetchval(
        """
        SELECT verdict FROM scoring.alert
        WHERE subject = $1 AND currency = $2 AND rule = $3 AND judged_at > $4
        ORDER BY judged_at DESC LIMIT 1
        """,
        measure.subject,
        measure.currency,
        measure.rule,
        since,
    )
    return verdict == "false"


async def lock_alert(connection: Connection, alert_id: UUID) -> Record | None:
    """Return an alert and lock it."""
    return await connection.fetchrow("SELECT * FROM scoring.alert WHERE id = $1 FOR UPDATE", alert_id)


async def judge_alert(
    connection: Connection, alert_id: UUID, *, verdict: str, note: str, by: str, at: datetime, entry_id: UUID
) -> None:
    """Record a person's verdict."""
    await connection.execute(
        """
        UPDATE scoring.alert
        SET verdict = $2, note = $3, judged_by = $4, judged_at = $5, judged_entry_id = $6
        WHERE id = $1
        """,
        alert_id,
        verdict,
        note,
        by,
        at,
        entry_id,
    )


async def judged_by_rule(connection: Connection, since: datetime) -> list[Record]:
    """Return (rule, raised, judged, false) of the alerts raised since a moment, by rule."""
    return await connection.fetch(
        """
        SELECT rule, count(*) AS raised, count(verdict) AS judged,
               count(*) FILTER (WHERE verdict = 'false') AS false
        FROM scoring.alert WHERE raised_at >= $1 GROUP BY rule ORDER BY rule
        """,
        since,
    )


async def runs_between(connection: Connection, card_id: str, since: datetime, upto: datetime) -> list[Record]:
    """Return (grade, reasons) of a card's scores in a time."""
    return await connection.fetch(
        "SELECT grade, reasons FROM scoring.run WHERE card_id = $1 AND at >= $2 AND at < $3",
        card_id,
        since,
        upto,
    )


async def grades_before(connection: Connection, card_id: str, upto: datetime) -> dict[str, int]:
    """Return how often a card gave each grade before a moment."""
    rows = await connection.fetch(
        "SELECT grade, count(*) AS rows FROM scoring.run WHERE card_id = $1 AND at < $2 GROUP BY grade",
        card_id,
        upto,
    )
    return {row["grade"]: row["rows"] for row in rows}
