"""Alerts: each warning is raised once, a person says whether it was true, and false ones are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import Conflict, InvalidInput, NotFound
from core.ids import derived_id
from scoring.monitoring import repository
from scoring.monitoring.rates import Rate, rate
from scoring.monitoring.rules import Measure

if TYPE_CHECKING:
    import asyncpg

    from core.database import Transaction

TRUE, FALSE = "true", "false"
_SILENCE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Alert:
    """A raised alert. `verdict` is None until a person has said whether it was true."""

    id: UUID
    rule: str
    kind: str
    subject: UUID
    currency: str
    verdict: str | None


@dataclass(frozen=True, slots=True)
class Misjudgement:
    """How often a rule was wrong: the alerts that people called false, of those that they judged."""

    rule: str
    raised: int
    false: Rate


async def raise_alerts(
    tx: Transaction, measures: Sequence[Measure], *, at: datetime, entry_id: UUID
) -> list[tuple[Measure, Alert]]:
    """Keep the measures as alerts; return those that count, each with the alert that stands for it.

    A rule has one alert that nobody has judged per party and currency: while it stands, the rule raises no
    other. After it was called false, the rule is silent on the party for thirty days and its measure does
    not count.
    """
    counting = []
    for measure in measures:
        if not await repository.was_false(tx.sql, measure, since=at - _SILENCE):
            row = await repository.raise_alert(
                tx.sql,
                alert_id=derived_id("alert", measure.subject, measure.currency, measure.rule, entry_id),
                measure=measure,
                at=at,
                entry_id=entry_id,
            )
            counting.append((measure, _alert(row, row["verdict"])))
    return counting


async def acknowledge(
    tx: Transaction, alert_id: UUID, *, verdict: str, note: str, by: str, at: datetime, entry_id: UUID
) -> Alert:
    """Record whether an alert was true; the same by the same person again changes nothing.

    Raises:
        NotFound: `scoring.alert_unknown`.
        Conflict: `scoring.alert_judged` when it was judged otherwise, or by another person.
        InvalidInput: `scoring.verdict_invalid`, `scoring.person_missing`.
    """
    if verdict not in (TRUE, FALSE):
        raise InvalidInput(
            "scoring.verdict_invalid", f"An alert is true or false, not {verdict!r}.", where="verdict"
        )
    if not by.strip():
        raise InvalidInput("scoring.person_missing", "Say who does this.", where="by")
    row = await repository.lock_alert(tx.sql, alert_id)
    if row is None:
        raise NotFound("scoring.alert_unknown", f"No alert has the id {alert_id}.", where=str(alert_id))
    if row["verdict"] is None:
        await repository.judge_alert(
            tx.sql, alert_id, verdict=verdict, note=note, by=by, at=at, entry_id=entry_id
        )
    elif (row["verdict"], row["judged_by"]) != (verdict, by):
        raise Conflict(
            "scoring.alert_judged",
            f"{row['judged_by']} has called this alert {row['verdict']}.",
            where=str(alert_id),
        )
    return _alert(row, verdict)


async def misjudgements(
    connection: asyncpg.Connection[asyncpg.Record], *, since: datetime
) -> list[Misjudgement]:
    """Return how often each rule was wrong since a moment, by rule."""
    return [
        Misjudgement(row["rule"], row["raised"], rate(row["false"], row["judged"]))
        for row in await repository.judged_by_rule(connection, since)
    ]


def _alert(row: asyncpg.Record, verdict: str | None) -> Alert:
    return Alert(row["id"], row["rule"], row["kind"], row["subject"], row["currency"], verdict)
