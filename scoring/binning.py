"""Optimal binning: an exact search over pre-bins, held to a declared trend.

A number is first cut into at most 20 pre-bins where the target changes most (a greedy tree). Among all ways
to join neighbouring pre-bins, dynamic programming then finds the one with the highest information value
whose bins are large enough and whose bad rates follow the trend: exactly, in O(pre-bins³) steps. What is
missing has a bin of its own.

    WOE_i = ln((g_i + m·G/N) / G) − ln((b_i + m·B/N) / B)        IV = Σ (g_i/G − b_i/B) · WOE_i

with g, b the good and bad rows of bin i, G, B all of them, N = G + B. The m pseudo-rows at the portfolio's
own rate keep a small bin's WOE finite and draw it to 0 (no evidence, no points). Source of WOE and IV:
Siddiqi, Credit Risk Scorecards (2006), chapter 6; of the smoothing: the m-estimate, Cestnik (1990).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.contract import FeatureSpec, Kind, Trend

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Column = NDArray[Any]

MAX_PREBINS: Final = 20
_PSEUDO_ROWS: Final = 1.0
# A course that turns must explain this much more than the best that does not, or the simpler one is kept.
_TURN_MUST_GAIN: Final = 1.10
_EPSILON: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Rule:
    """What a bin must hold: `min_share` of all rows, and `min_bad` bad and as many good rows."""

    min_share: float = 0.02
    min_bad: int = 1
    max_prebins: int = MAX_PREBINS


@dataclass(frozen=True, slots=True)
class BinCounts:
    """Rows of one bin, and its weight of evidence."""

    good: int
    bad: int
    woe: float


@dataclass(frozen=True, slots=True)
class Binning:
    """A binned feature: `cuts` (numbers) or `levels` (categories), the bins' counts, and missing apart."""

    name: str
    kind: Kind
    trend: Trend
    cuts: tuple[float, ...]
    levels: tuple[tuple[str, ...], ...]
    bins: tuple[BinCounts, ...]
    missing: BinCounts
    information_value: float

    def woe(self, column: Column) -> Floats:
        """Return the weight of evidence of each training row (see `positions`)."""
        weights = np.array([*(one.woe for one in self.bins), self.missing.woe])
        return np.asarray(weights[self.positions(column)], dtype=np.float64)

    def positions(self, column: Column) -> NDArray[np.intp]:
        """Return each row's bin: 0 … n−1, n for missing, n + 1 for a category that was not in training."""
        return bin_positions(column, self.kind, self.cuts, self.levels)


def bin_positions(
    column: Column, kind: Kind, cuts: Sequence[float], levels: Sequence[Sequence[str]]
) -> NDArray[np.intp]:
    """Return each row's bin among n: 0 … n−1, n for missing, n + 1 for a category in none of `levels`.

    A number equal to a cut lies in the bin above it, as in the one-row scorer.
    """
    if kind == "number":
        found = np.searchsorted(np.array(cuts, dtype=np.float64), column, side="right")
        return np.where(np.isnan(column), len(cuts) + 1, found)
    bin_of = {value: i for i, group in enumerate(levels) for value in group}
    missing, unseen = len(levels), len(levels) + 1
    return np.array(
        [missing if value is None else bin_of.get(value, unseen) for value in column], dtype=np.intp
    )


def bin_feature(spec: FeatureSpec, column: Column, bad: Flags, rule: Rule | None = None) -> Binning:
    """Bin one feature against the target.

    `column` holds floats with NaN for missing, or texts with None for missing; `bad` is the target. The
    column must hold at least one value and the target both classes (`scoring.table` checks this and names
    what is wrong).
    """
    rule = rule or Rule()
    totals = _Totals(int((~bad).sum()), int(bad.sum()))
    missing = np.isnan(column) if spec.kind == "number" else np.array([value is None for value in column])
    values, target = column[~missing], bad[~missing]
    least = max(1, math.ceil(rule.min_share * len(bad)))
    if spec.kind == "number":
        edges = prebin_edges(values, target, rule.max_prebins, least)
        good, bad_counts = _counts_between(edges, values, target)
        trend, joined = _search(spec.trend, good, bad_counts, totals, least, rule.min_bad)
        cuts = tuple(float(edges[start - 1]) for start, _ in joined[1:])
        levels: tuple[tuple[str, ...], ...] = ()
    else:
        groups, good, bad_counts = _ordered_levels(values, target, totals, rule.max_prebins)
        trend, joined = _search("ascending", good, bad_counts, totals, least, rule.min_bad)
        cuts = ()
        levels = tuple(
            tuple(sorted(value for group in groups[start:end] for value in group)) for start, end in joined
        )
    bins = tuple(totals.bin(int(good[a:b].sum()), int(bad_counts[a:b].sum())) for a, b in joined)
    absent = _missing_bin(int((~bad[missing]).sum()), int(bad[missing].sum()), bins, totals)
    return Binning(
        name=spec.name,
        kind=spec.kind,
        trend=trend,
        cuts=cuts,
        levels=levels,
        bins=bins,
        missing=absent,
        information_value=sum(totals.iv(one.good, one.bad) for one in (*bins, absent)),
    )


@dataclass(frozen=True, slots=True)
class _Totals:
    good: int
    bad: int

    def woe(self, good: float, bad: float) -> float:
        rows = self.good + self.bad
        smooth_good = good + _PSEUDO_ROWS * self.good / rows
        smooth_bad = bad + _PSEUDO_ROWS * self.bad / rows
        return math.log(smooth_good / self.good) - math.log(smooth_bad / self.bad)

    def iv(self, good: float, bad: float) -> float:
        return (good / self.good - bad / self.bad) * self.woe(good, bad)

    def bin(self, good: int, bad: int) -> BinCounts:
        return BinCounts(good, bad, self.woe(good, bad))


def _missing_bin(good: int, bad: int, bins: Sequence[BinCounts], totals: _Totals) -> BinCounts:
    """Price missing by its own rows; where training had none, at the worst bin: silence must not pay."""
    if good + bad:
        return totals.bin(good, bad)
    return BinCounts(0, 0, min(one.woe for one in bins))


def prebin_edges(values: Floats, bad: Flags, max_prebins: int, least: int) -> Floats:
    """Return where a greedy tree cuts the values: at most `max_prebins` leaves of at least `least` rows.

    An edge is the smallest value of the leaf above it. The cut that lowers the sum of squared errors (the
    Gini impurity) most is made first.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    # Between which rows a cut may lie: only where the value changes.
    ends = np.flatnonzero(np.diff(ordered)) + 1
    bads = np.concatenate(([0.0], np.cumsum(bad[order], dtype=np.float64)))
    leaves = [(_best_cut(0, len(ordered), ends, bads, least), 0, len(ordered))]
    edges: list[int] = []
    while len(leaves) < max_prebins:
        position = max(range(len(leaves)), key=lambda i: leaves[i][0][0])
        (gain, cut), start, end = leaves[position]
        if gain <= _EPSILON:
            break
        edges.append(cut)
        leaves[position] = (_best_cut(start, cut, ends, bads, least), start, cut)
        leaves.append((_best_cut(cut, end, ends, bads, least), cut, end))
    return np.asarray(ordered[np.sort(np.array(edges, dtype=np.intp))], dtype=np.float64)


def _best_cut(start: int, end: int, ends: NDArray[np.intp], bads: Floats, least: int) -> tuple[float, int]:
    """Return the gain and place of the best cut of rows start … end, or a gain of 0."""
    low, high = np.searchsorted(ends, (start + least, end - least + 1))
    if low >= high:
        return 0.0, start
    cuts = ends[low:high]
    left, whole = bads[cuts] - bads[start], bads[end] - bads[start]
    explained = left**2 / (cuts - start) + (whole - left) ** 2 / (end - cuts) - whole**2 / (end - start)
    best = int(np.argmax(explained))
    return float(explained[best]), int(cuts[best])


def _counts_between(edges: Floats, values: Floats, bad: Flags) -> tuple[Floats, Floats]:
    found = np.searchsorted(edges, values, side="right")
    rows = np.bincount(found, minlength=len(edges) + 1).astype(np.float64)
    bads = np.bincount(found, weights=bad, minlength=len(edges) + 1)
    return rows - bads, np.asarray(bads, dtype=np.float64)


def _ordered_levels(
    values: Column, bad: Flags, totals: _Totals, most: int
) -> tuple[list[list[str]], Floats, Floats]:
    """Order categories from safest to riskiest; pool neighbours down to `most` groups."""
    names, found = np.unique(values.astype(str), return_inverse=True)
    rows = np.bincount(found, minlength=len(names))
    bads = np.bincount(found, weights=bad, minlength=len(names))
    woe = [totals.woe(n - b, b) for n, b in zip(rows, bads, strict=True)]
    order = sorted(range(len(names)), key=lambda i: (-woe[i], names[i]))
    groups: list[list[str]] = []
    goods, group_bads = [], []
    for chunk in np.array_split(np.array(order), max(1, min(most, len(order)))):
        groups.append([str(names[i]) for i in chunk])
        goods.append(float((rows[chunk] - bads[chunk]).sum()))
        group_bads.append(float(bads[chunk].sum()))
    return groups, np.array(goods), np.array(group_bads)


# A way to join pre-bins: (start, end) of each bin, in order.
_Joined = list[tuple[int, int]]


def _search(
    trend: Trend, good: Floats, bad: Floats, totals: _Totals, least: int, min_bad: int
) -> tuple[Trend, _Joined]:
    """Join under one trend, or the best of those that `monotonic` and `auto` stand for."""
    segments = _Segments(good, bad, totals, least, min_bad)
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
    """Every run of neighbouring pre-bins, with its WOE, its IV and whether it may be a bin."""

    def __init__(self, good: Floats, bad: Floats, totals: _Totals, least: int, min_bad: int) -> None:
        self.count = len(good)
        goods, bads = [0.0, *np.cumsum(good).tolist()], [0.0, *np.cumsum(bad).tolist()]
        self.woe: dict[tuple[int, int], float] = {}
        self.iv: dict[tuple[int, int], float] = {}
        for start in range(self.count):
            for end in range(start + 1, self.count + 1):
                g, b = goods[end] - goods[start], bads[end] - bads[start]
                if g + b >= least and b >= min_bad and g >= min_bad:
                    self.woe[start, end] = totals.woe(g, b)
                    self.iv[start, end] = totals.iv(g, b)

    def best(self, trend: Trend) -> tuple[float, _Joined]:
        """Return the highest IV and its bins; one bin of all rows where none may be cut."""
        ends_at: list[list[_State]] = [[] for _ in range(self.count + 1)]
        for start, end in sorted(self.iv, key=lambda segment: segment[1]):
            woe, iv = self.woe[start, end], self.iv[start, end]
            for phase, may_follow in enumerate(_PHASES[trend]):
                before: _State | None = None
                for state in ends_at[start]:
                    if (
                        state.phase <= phase
                        and may_follow(state.woe, woe)
                        and (before is None or state.iv > before.iv + _EPSILON)
                    ):
                        before = state
                if before is not None:
                    ends_at[end].append(_State(before.iv + iv, woe, phase, start, end, before))
                elif start == 0 and phase == 0:
                    ends_at[end].append(_State(iv, woe, phase, start, end, None))
        final = max(ends_at[self.count], key=lambda state: state.iv, default=None)
        if final is None:
            return 0.0, [(0, self.count)]
        return final.iv, final.joined()


@dataclass(frozen=True, slots=True)
class _State:
    """The best way so far whose last bin is start … end, in a phase of the trend."""

    iv: float
    woe: float
    phase: int
    start: int
    end: int
    before: _State | None

    def joined(self) -> _Joined:
        earlier = self.before.joined() if self.before else []
        return [*earlier, (self.start, self.end)]


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
