"""The exact search among all ways to join neighbouring pre-bins under a trend, by dynamic programming."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from scoring.contract import Trend
from scoring.prebins import Floats

# A course that turns must explain this much more than the best that does not, or the simpler one is kept.
_TURN_MUST_GAIN: Final = 1.10
_EPSILON: Final = 1e-12
# A way to join pre-bins: (start, end) of each bin, in order.
Joined = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Totals:
    """Good and bad rows of the portfolio, and the pseudo-rows at its own rate that each bin is given."""

    good: int
    bad: int
    pseudo_rows: float

    def woe(self, good: float, bad: float) -> float:
        """Return ln(good share) − ln(bad share) of a bin, smoothed."""
        rows = self.good + self.bad
        smooth_good = good + self.pseudo_rows * self.good / rows
        smooth_bad = bad + self.pseudo_rows * self.bad / rows
        return math.log(smooth_good / self.good) - math.log(smooth_bad / self.bad)

    def iv(self, good: float, bad: float) -> float:
        """Return what a bin adds to the information value."""
        return (good / self.good - bad / self.bad) * self.woe(good, bad)


@dataclass(frozen=True, slots=True)
class Demands:
    """What joined bins must meet: `least` rows and `min_bad` of each class.

    The bad rates of neighbours differ by at least `min_difference`.
    """

    least: int
    min_bad: int
    min_difference: float


def join(trend: Trend, good: Floats, bad: Floats, totals: Totals, demands: Demands) -> tuple[Trend, Joined]:
    """Join under one trend, or the best of those that `monotonic` and `auto` stand for."""
    segments = _Segments(good, bad, totals, demands)
    if trend not in ("monotonic", "auto"):
        return trend, segments.best(trend)[1]
    straight: list[Trend] = ["ascending", "descending"]
    turning: list[Trend] = ["peak", "valley"] if trend == "auto" else []
    found = {course: segments.best(course) for course in (*straight, *turning)}
    chosen = max(straight, key=lambda course: found[course][0])
    for course in turning:
        if found[course][0] > found[chosen][0] * (_TURN_MUST_GAIN if chosen in straight else 1):
            chosen = course
    return chosen, found[chosen][1]


class _Segments:
    """Every run of neighbouring pre-bins that may be a bin, with its WOE, its bad rate and its IV."""

    def __init__(self, good: Floats, bad: Floats, totals: Totals, demands: Demands) -> None:
        self.count = len(good)
        self.min_difference = demands.min_difference
        goods, bads = [0.0, *np.cumsum(good).tolist()], [0.0, *np.cumsum(bad).tolist()]
        self.all: list[_Segment] = []
        for end in range(1, self.count + 1):
            for start in range(end):
                g, b = goods[end] - goods[start], bads[end] - bads[start]
                if g + b >= demands.least and b >= demands.min_bad and g >= demands.min_bad:
                    self.all.append(_Segment(start, end, totals.woe(g, b), b / (g + b), totals.iv(g, b)))

    def best(self, trend: Trend) -> tuple[float, Joined]:
        """Return the highest IV and its bins; one bin of all rows where none may be cut."""
        ends_at: list[list[_State]] = [[] for _ in range(self.count + 1)]
        for last in self.all:
            for phase, may_follow in enumerate(_PHASES[trend]):
                before: _State | None = None
                for state in ends_at[last.start]:
                    if (
                        state.phase <= phase
                        and (before is None or state.iv > before.iv + _EPSILON)
                        and may_follow(state.last.woe, last.woe)
                        and abs(state.last.rate - last.rate) >= self.min_difference
                    ):
                        before = state
                if before is not None:
                    ends_at[last.end].append(_State(before.iv + last.iv, phase, last, before))
                elif last.start == 0 and phase == 0:
                    ends_at[last.end].append(_State(last.iv, phase, last, None))
        final = max(ends_at[self.count], key=lambda state: state.iv, default=None)
        if final is None:
            return 0.0, [(0, self.count)]
        return final.iv, final.joined()


@dataclass(frozen=True, slots=True)
class _Segment:
    start: int
    end: int
    woe: float
    rate: float
    iv: float


@dataclass(frozen=True, slots=True)
class _State:
    """The best way so far whose last bin is `last`, in a phase of the trend."""

    iv: float
    phase: int
    last: _Segment
    before: _State | None

    def joined(self) -> Joined:
        earlier = self.before.joined() if self.before else []
        return [*earlier, (self.last.start, self.last.end)]


def _riskier(before: float, after: float) -> bool:
    return after < before - _EPSILON


def _safer(before: float, after: float) -> bool:
    return after > before + _EPSILON


# The phases of each trend: how the WOE of a bin must lie to that of the bin before it.
_PHASES: Final[dict[Trend, tuple[Callable[[float, float], bool], ...]]] = {
    "ascending": (_riskier,),
    "descending": (_safer,),
    "peak": (_riskier, _safer),
    "valley": (_safer, _riskier),
}
