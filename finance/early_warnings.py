"""What the books tell of each buyer, and what a measure does to its limit.

A hold lets nothing new be drawn; what is drawn runs on. It ends when a person calls its alert false, or
when two people approve the limit anew. A cut lowers the buyer's limit, never below what is in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from core.database import Transaction
from finance import signals_repository
from finance.signals_repository import Row
from scoring.monitoring import Alert, Measure, Signals, acknowledge
from scoring.monitoring.alerts import FALSE
from scoring.monitoring.rules import Delays

# Recent payments are those of the last 90 days; they are held beside those of the year before.
_RECENT = timedelta(days=90)
_YEAR = timedelta(days=365)


async def buyer_signals(
    tx: Transaction, currency: str, *, at: datetime, buyer_id: UUID | None = None
) -> list[Signals]:
    """Return the signals of each buyer with an active limit in a currency, or of one, as known at a moment.

    Dilution is the share of twelve months' purchased invoices that was not eligible; a payment's delay
    runs from the due date to the day on which the last of it was booked.
    """
    rows = await signals_repository.buyer_signals(
        tx.sql,
        currency,
        buyer_id,
        recent_from=at - _RECENT,
        before_from=at - _RECENT - _YEAR,
        year_from=at - _YEAR,
        at=at,
    )
    return [
        Signals(
            subject=row["buyer_id"],
            currency=currency,
            dilution=row["dilution"],
            recent=_delays(row, "recent"),
            before=_delays(row, "before"),
            exposure=row["exposure"],
            portfolio=row["portfolio"],
            limit=row["amount"],
        )
        for row in rows
    ]


async def apply_measures(tx: Transaction, measures: Sequence[Measure], *, at: datetime) -> None:
    """Put buyers' limits on hold, or cut them, as the measures say; others are for people and prices."""
    wanted = {(one.subject, one.currency) for one in measures if one.kind in ("hold", "limit_cut")}
    if not wanted:
        return
    limits = await signals_repository.lock_buyer_limits(tx.sql, wanted)
    for measure in measures:
        limit_id = limits.get((measure.subject, measure.currency))
        if limit_id is None:
            continue
        if measure.kind == "hold":
            await signals_repository.hold_limit(tx.sql, limit_id, at)
        elif measure.kind == "limit_cut" and measure.amount is not None:
            await signals_repository.cut_limit(tx.sql, limit_id, measure.amount)


async def judge_alert(
    tx: Transaction, alert_id: UUID, *, verdict: str, note: str, by: str, at: datetime, entry_id: UUID
) -> Alert:
    """Record whether an alert was true; a hold that was raised by mistake ends.

    Raises:
        ScfError: what `scoring.monitoring.acknowledge` refuses.
    """
    alert = await acknowledge(tx, alert_id, verdict=verdict, note=note, by=by, at=at, entry_id=entry_id)
    if alert.kind == "hold" and alert.verdict == FALSE:
        await lift_hold(tx, alert.subject, alert.currency)
    return alert


async def lift_hold(tx: Transaction, buyer_id: UUID, currency: str) -> None:
    """Let a buyer's limit be drawn again."""
    await signals_repository.lift_hold(tx.sql, buyer_id, currency)


def _delays(row: Row, time: str) -> Delays | None:
    if not row[f"{time}_count"]:
        return None
    return Delays(row[f"{time}_count"], row[f"{time}_mean"], row[f"{time}_deviation"])
