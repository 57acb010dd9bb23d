"""Rates with their uncertainty: overrides, limit use, rolls from one bucket of lateness to the next."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist
from typing import Final

from core.errors import InvalidInput

BUCKETS: Final = ("current", "1-30", "31-60", "61-90", "over 90")
_Z: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of cases with its 95 % score interval (Wilson, JASA 22, 1927); None where there are none."""

    hits: int
    cases: int
    value: float | None
    low: float
    high: float


def rate(hits: int, cases: int) -> Rate:
    """Return a share with its interval.

    Raises:
        InvalidInput: `monitoring.count_invalid` when there are more hits than cases, or fewer than none.
    """
    if not 0 <= hits <= cases:
        raise InvalidInput("monitoring.count_invalid", f"{hits} of {cases} is no share.", where="hits")
    if not cases:
        return Rate(0, 0, None, 0.0, 1.0)
    share, squared = hits / cases, _Z**2 / cases
    centre = (share + squared / 2) / (1 + squared)
    reach = math.sqrt(squared * share * (1 - share) + squared**2 / 4) / (1 + squared)
    return Rate(hits, cases, share, max(centre - reach, 0.0), min(centre + reach, 1.0))


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How much of the limits is in use: of all together, and how many are used to nine tenths or more."""

    granted: Decimal
    used: Decimal
    nearly_full: Rate


def limit_use(limits: Iterable[tuple[Decimal, Decimal]]) -> LimitUse:
    """Return the use of limits given as (amount, used), in one currency."""
    known = list(limits)
    full = sum(10 * used >= 9 * amount for amount, used in known if amount > 0)
    return LimitUse(
        granted=sum((amount for amount, _ in known), Decimal(0)),
        used=sum((used for _, used in known), Decimal(0)),
        nearly_full=rate(full, sum(amount > 0 for amount, _ in known)),
    )


def bucket(days_overdue: int) -> str:
    """Return the bucket of lateness of a receivable that is so many days over its due date."""
    if days_overdue <= 0:
        return BUCKETS[0]
    return BUCKETS[min((days_overdue - 1) // 30 + 1, len(BUCKETS) - 1)]


@dataclass(frozen=True, slots=True)
class RollRates:
    """Where the receivables of each bucket stood a period later: bucket → (bucket or `paid`) → rate."""

    rolls: Mapping[str, Mapping[str, Rate]]

    def worsened(self, start: str) -> Rate:
        """Return the share of a bucket that stood in a worse one later."""
        later = self.rolls.get(start, {})
        cases = sum(one.hits for one in later.values())
        worse = BUCKETS[BUCKETS.index(start) + 1 :]
        return rate(sum(later[name].hits for name in worse if name in later), cases)


def roll_rates(pairs: Sequence[tuple[str, str]]) -> RollRates:
    """Return roll rates from each receivable's (bucket then, bucket or `paid` now).

    Raises:
        InvalidInput: `monitoring.bucket_unknown`.
    """
    for then, now in pairs:
        for name in (then, now):
            if name not in BUCKETS and (name != "paid" or name is then):
                raise InvalidInput(
                    "monitoring.bucket_unknown", f"{name!r} is no bucket of lateness.", where=name
                )
    rolls: dict[str, dict[str, Rate]] = {}
    for start in BUCKETS:
        ends = [now for then, now in pairs if then == start]
        if ends:
            rolls[start] = {
                end: rate(ends.count(end), len(ends)) for end in (*BUCKETS, "paid") if end in ends
            }
    return RollRates(rolls)
