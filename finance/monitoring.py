"""What the books tell of how scores and limits are used: outcomes, overrides, use, rolls of lateness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from core.database import Transaction
from finance import signals_repository
from scoring.monitoring.cohorts import ScoredOutcome
from scoring.monitoring.rates import LimitUse, Rate, RollRates, bucket, limit_use, rate, roll_rates

_ROLL: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PortfolioFigures:
    """How people and parties use what scoring proposes.

    An override is a request that was declined though the proposed limits carried it, of those that they
    carried, or one that was financed though they did not, of all others. `limit_use` is by currency,
    `rolls` over thirty days.
    """

    declined_against: Rate
    financed_against: Rate
    limit_use: Mapping[str, LimitUse]
    rolls: RollRates


async def portfolio_figures(tx: Transaction, *, since: datetime, at: datetime) -> PortfolioFigures:
    """Return the figures as of a moment; overrides are those of requests since another one."""
    decided = await signals_repository.decided_requests(tx.sql, since, at)
    carried = [row["financed"] for row in decided if row["carried"]]
    others = [row["financed"] for row in decided if not row["carried"]]
    use: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for row in await signals_repository.limits_in_use(tx.sql):
        use.setdefault(row["currency"], []).append((row["amount"], row["used"]))
    rolls = []
    for row in await signals_repository.receivables_at(tx.sql, at - _ROLL):
        then = bucket(((at - _ROLL).date() - row["due_date"]).days)
        paid = row["paid_at"] is not None and row["paid_at"] <= at
        rolls.append((then, "paid" if paid else bucket((at.date() - row["due_date"]).days)))
    return PortfolioFigures(
        declined_against=rate(carried.count(False), len(carried)),
        financed_against=rate(others.count(True), len(others)),
        limit_use={currency: limit_use(ones) for currency, ones in sorted(use.items())},
        rolls=roll_rates(rolls),
    )


async def scored_outcomes(tx: Transaction, card_id: str) -> list[ScoredOutcome]:
    """Return a card's scores of buyers with what became of them, the first of each buyer and quarter.

    A buyer has defaulted when the seller was asked to buy back a receivable that it did not pay.
    """
    return [
        ScoredOutcome(row["scored_on"], row["pd"], row["points"], row["defaulted_on"])
        for row in await signals_repository.scored_outcomes(tx.sql, card_id)
    ]
