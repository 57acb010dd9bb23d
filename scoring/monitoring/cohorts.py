"""Was the card right? Calibration and AUC on cohorts whose year is over.

A score is judged only when its horizon has passed: before, the good ones are only those who have not
failed yet, and every card would look too strict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from scoring.monitoring.rates import Rate, rate

HORIZON: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class ScoredOutcome:
    """A score and what became of the party: `defaulted_on` is None where it has not."""

    scored_on: date
    pd: Decimal
    points: int
    defaulted_on: date | None


@dataclass(frozen=True, slots=True)
class Cohort:
    """The scores of one quarter whose horizon is over.

    `underestimated` tells that even the lower bound of the default rate is above the mean PD,
    `overestimated` the reverse. `auc` has DeLong's 95 % interval; None where all or none defaulted.
    """

    quarter: str
    rows: int
    mean_pd: float
    default_rate: Rate
    underestimated: bool
    overestimated: bool
    auc: tuple[float, float, float] | None


def cohorts(outcomes: Iterable[ScoredOutcome], *, as_of: date) -> list[Cohort]:
    """Return the matured quarters in order; a quarter counts once the last score in it is a horizon old."""
    quarters: dict[str, list[ScoredOutcome]] = {}
    for one in outcomes:
        quarters.setdefault(_quarter(one.scored_on), []).append(one)
    return [
        _cohort(name, ones)
        for name, ones in sorted(quarters.items())
        if _end_of(ones[0].scored_on) + HORIZON <= as_of
    ]


def _cohort(name: str, ones: list[ScoredOutcome]) -> Cohort:
    bad = [one.defaulted_on is not None and one.defaulted_on <= one.scored_on + HORIZON for one in ones]
    mean = float(sum((one.pd for one in ones), Decimal(0)) / len(ones))
    found = rate(sum(bad), len(ones))
    return Cohort(
        quarter=name,
        rows=len(ones),
        mean_pd=mean,
        default_rate=found,
        underestimated=found.low > mean,
        overestimated=found.high < mean,
        auc=_auc(bad, [-one.points for one in ones]) if 0 < sum(bad) < len(bad) else None,
    )


def _auc(bad: list[bool], ranking: list[int]) -> tuple[float, float, float]:
    # numpy is loaded only where cohorts are judged: the alerts of a running case need none.
    import numpy as np

    from scoring.validation import Holdout, validate

    flags = np.array(bad)
    found = validate([Holdout(flags, np.array(ranking), flags.astype(np.float64))], seed=0, bootstraps=1).auc
    return found.value, found.low, found.high


def _quarter(day: date) -> str:
    return f"{day.year} Q{(day.month - 1) // 3 + 1}"


def _end_of(day: date) -> date:
    """Return the first day after the day's quarter."""
    first = (day.month - 1) // 3 * 3 + 4
    return date(day.year + first // 12, first % 12, 1) if first > 12 else date(day.year, first, 1)
