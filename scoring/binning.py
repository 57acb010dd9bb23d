"""Optimal binning: an exact search over pre-bins, held to a declared trend.

A number is first cut into at most 20 pre-bins where the target changes most (a greedy tree). Among all ways
to join neighbouring pre-bins, dynamic programming then finds the one with the highest information value
whose bins are large enough, differ enough and whose bad rates follow the trend: exactly, in O(pre-bins³)
steps. What is missing and each special code have a bin of their own.

    WOE_i = ln((g_i + m·G/N) / G) − ln((b_i + m·B/N) / B)        IV = Σ (g_i/G − b_i/B) · WOE_i

with g, b the good and bad rows of bin i, G, B all of them, N = G + B. The m pseudo-rows at the portfolio's
own rate keep a small bin's WOE finite and draw it to 0 (no evidence, no points). Source of WOE and IV:
Siddiqi, Credit Risk Scorecards (2006), chapter 6; of the smoothing: the m-estimate, Cestnik (1990). The
interval of the IV is the delta method's for two multinomial samples (Jeffreys' divergence; Pardo, Statistical
Inference Based on Divergence Measures, 2006, ch. 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.contract import Edit, FeatureSpec, Kind, Trend
from scoring.joining import Demands, Totals, join
from scoring.prebins import (
    MAX_PREBINS,
    Column,
    Flags,
    Floats,
    ordered_levels,
    prebins,
)

_REACH: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Rule:
    """What bins must hold: `min_share` of all rows, `min_bad` bad and as many good rows.

    The bad rates of neighbours differ by `min_difference` at least. Levels of a category below `rare_share`
    of the rows are pooled before they are ordered. `pseudo_rows` is the m of the smoothing.
    """

    min_share: float = 0.02
    min_bad: int = 1
    min_difference: float = 0.0
    rare_share: float = 0.01
    pseudo_rows: float = 1.0
    max_prebins: int = MAX_PREBINS


@dataclass(frozen=True, slots=True)
class BinCounts:
    """Rows of one bin, and its weight of evidence."""

    good: int
    bad: int
    woe: float


@dataclass(frozen=True, slots=True)
class Binning:
    """A binned feature: `cuts` of a number or `levels` of a category, and what its bins hold.

    A category that training never met is priced as bin `unseen_as`, which holds those that it seldom met,
    or as the worst. `iv_low` and `iv_high` bound the 95 % interval of the information value.
    """

    name: str
    kind: Kind
    trend: Trend
    cuts: tuple[float, ...]
    levels: tuple[tuple[str, ...], ...]
    bins: tuple[BinCounts, ...]
    missing: BinCounts
    unseen_as: int | None
    codes: tuple[float, ...]
    specials: tuple[BinCounts, ...]
    information_value: float
    iv_low: float
    iv_high: float

    def all_bins(self) -> tuple[BinCounts, ...]:
        """Return the bins in the order of `positions`: regular, missing, then specials or unseen."""
        if self.kind == "number":
            return (*self.bins, self.missing, *self.specials)
        like = _worst(self.bins) if self.unseen_as is None else self.bins[self.unseen_as]
        return (*self.bins, self.missing, BinCounts(0, 0, like.woe))

    def woe(self, column: Column) -> Floats:
        """Return the weight of evidence of each row."""
        weights = np.array([one.woe for one in self.all_bins()])
        return np.asarray(weights[self.positions(column)], dtype=np.float64)

    def positions(self, column: Column) -> NDArray[np.intp]:
        """Return each row's place among `all_bins`."""
        return bin_positions(column, self.kind, self.cuts, self.levels, self.codes)


def bin_positions(
    column: Column,
    kind: Kind,
    cuts: Sequence[float],
    levels: Sequence[Sequence[str]],
    codes: Sequence[float],
) -> NDArray[np.intp]:
    """Return each row's bin among n: 0 … n−1, n for missing, n + 1 for a category in none of `levels`.

    The i-th special code of a number lies at n + 1 + i. A number equal to a cut lies in the bin above it,
    as in the one-row scorer.
    """
    if kind == "number":
        missing = len(cuts) + 1
        found = np.searchsorted(np.array(cuts, dtype=np.float64), column, side="right")
        found[np.isnan(column)] = missing
        for i, code in enumerate(codes):
            found[column == code] = missing + 1 + i
        return found
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

    Raises:
        InvalidInput: `scoring.edit_invalid` when bins fixed by hand do not fit the data or the declared
        trend.
    """
    return bin_and_place(spec, column, bad, rule or Rule())[0]


def bin_and_place(
    spec: FeatureSpec, column: Column, bad: Flags, rule: Rule
) -> tuple[Binning, NDArray[np.intp]]:
    """Bin one feature as `bin_feature` does, and tell each row's place among `all_bins`."""
    totals = Totals(int((~bad).sum()), int(bad.sum()), rule.pseudo_rows)
    codes = tuple(float(code) for code in spec.special)
    absent = np.isnan(column) if spec.kind == "number" else np.array([value is None for value in column])
    regular = ~absent & ~np.isin(column, codes) if codes else ~absent
    values, target = column[regular], bad[regular]
    demands = Demands(max(1, math.ceil(rule.min_share * len(bad))), max(rule.min_bad, 1), rule.min_difference)
    rare: frozenset[str] = frozenset()
    cuts: tuple[float, ...] = ()
    levels: tuple[tuple[str, ...], ...] = ()
    trend = spec.trend
    if spec.edit is not None:
        _check_shape(spec, spec.edit)
        cuts, levels = tuple(map(float, spec.edit.cuts)), spec.edit.levels
    elif not len(values):
        levels = () if spec.kind == "number" else ((),)
    elif spec.kind == "number":
        found = prebins(values, target, rule.max_prebins, demands.least)
        trend, joined = join(trend, found.good, found.bad, totals, demands)
        cuts = tuple(float(found.edges[start - 1]) for start, _ in joined[1:])
    else:
        least = math.ceil(rule.rare_share * len(bad))
        groups, good, bads = ordered_levels(
            values, target, rule.max_prebins, least, demands.least, rule.pseudo_rows
        )
        trend, joined = join("ascending", good, bads, totals, demands)
        levels = tuple(tuple(sorted(v for group in groups[a:b] for v in group)) for a, b in joined)
        names, rows = np.unique(values.astype(str), return_counts=True)
        rare = frozenset(str(name) for name in names[rows < least])
    places = bin_positions(column, spec.kind, cuts, levels, codes)
    count = len(cuts) + 1 if spec.kind == "number" else len(levels)
    rows = np.bincount(places, minlength=count + 2 + len(codes))
    bad_rows = np.bincount(places[bad], minlength=count + 2 + len(codes))
    counted = [_bin(totals, int(n - b), int(b)) for n, b in zip(rows, bad_rows, strict=True)]
    bins = tuple(counted[:count])
    worst = _worst(counted)
    low, value, high = information_value(counted, totals)
    binning = Binning(
        name=spec.name,
        kind=spec.kind,
        trend=trend,
        cuts=cuts,
        levels=levels,
        bins=bins,
        missing=_known(counted[count], worst),
        unseen_as=next((i for i, group in enumerate(levels) if rare.intersection(group)), None),
        codes=codes,
        specials=tuple(_known(one, worst) for one in counted[count + 1 :][: len(codes)]),
        information_value=value,
        iv_low=low,
        iv_high=high,
    )
    return binning, places


def check_edit(spec: FeatureSpec, column: Column, bad: Flags) -> None:
    """Refuse bins fixed by hand that the data cannot fill or that contradict the declared trend.

    To be asked of all training rows; a part of them may leave a bin empty.

    Raises:
        InvalidInput: `scoring.edit_invalid`.
    """
    if spec.edit is None:
        return
    found = bin_feature(spec, column, bad)
    if spec.kind == "category":
        outside = int((found.positions(column) == len(found.bins) + 1).sum())
        if outside:
            raise _bad_edit(spec, f"{outside} rows hold a level that is in none of its bins")
    for i, one in enumerate(found.bins):
        if not _rows(one):
            raise _bad_edit(spec, f"no training row lies in bin {i + 1}")
    order = {"ascending": -1, "descending": 1}.get(spec.trend, 0)
    for i, (one, after) in enumerate(pairwise(found.bins)):
        if (after.woe - one.woe) * order < 0 and spec.kind == "number":
            raise _bad_edit(spec, f"bins {i + 1} and {i + 2} run against the declared trend {spec.trend}")


def information_value(bins: Sequence[BinCounts], totals: Totals) -> tuple[float, float, float]:
    """Return the lower bound, the value and the upper bound of the IV, 95 % by the delta method."""
    good = np.array([one.good for one in bins]) / totals.good
    bad = np.array([one.bad for one in bins]) / totals.bad
    woe = np.array([one.woe for one in bins])
    value = float(((good - bad) * woe).sum())
    # ∂IV/∂g = WOE + 1 − b/g and ∂IV/∂b = −WOE + 1 − g/b, with e^−WOE for b/g so that a pure bin stays finite.
    of_good, of_bad = woe + 1 - np.exp(-woe), -woe + 1 - np.exp(woe)
    variance = ((good * of_good**2).sum() - (good * of_good).sum() ** 2) / totals.good
    variance += ((bad * of_bad**2).sum() - (bad * of_bad).sum() ** 2) / totals.bad
    reach = _REACH * math.sqrt(max(variance, 0.0))
    return max(value - reach, 0.0), value, value + reach


def joined_at(binning: Binning, places: Sequence[int], rule: Rule, totals: tuple[int, int]) -> Binning:
    """Return the binning of a number with bin i joined to bin i + 1 for every i in `places`."""
    both = Totals(*totals, rule.pseudo_rows)
    bins: list[BinCounts] = []
    for i, one in enumerate(binning.bins):
        if i - 1 in places and bins:
            last = bins.pop()
            one = _bin(both, last.good + one.good, last.bad + one.bad)
        bins.append(one)
    worst = _worst([*bins, *binning.specials])
    missing = binning.missing if _rows(binning.missing) else worst
    specials = tuple(one if _rows(one) else worst for one in binning.specials)
    low, value, high = information_value([*bins, missing, *specials], both)
    return replace(
        binning,
        cuts=tuple(cut for i, cut in enumerate(binning.cuts) if i not in places),
        bins=tuple(bins),
        missing=missing,
        specials=specials,
        information_value=value,
        iv_low=low,
        iv_high=high,
    )


def _bin(totals: Totals, good: int, bad: int) -> BinCounts:
    return BinCounts(good, bad, totals.woe(good, bad) if good + bad else 0.0)


def _rows(one: BinCounts) -> int:
    return one.good + one.bad


def _worst(bins: Sequence[BinCounts]) -> BinCounts:
    """Price what training had no rows of at the worst bin: silence must not pay."""
    return BinCounts(0, 0, min((one.woe for one in bins if _rows(one)), default=0.0))


def _known(one: BinCounts, worst: BinCounts) -> BinCounts:
    return one if _rows(one) else worst


def _check_shape(spec: FeatureSpec, edit: Edit) -> None:
    if list(edit.cuts) != sorted(set(edit.cuts)) or any(not cut.is_finite() for cut in edit.cuts):
        raise _bad_edit(spec, "its cuts must be finite and rise")
    named = [value for group in edit.levels for value in group]
    if len(set(named)) != len(named):
        raise _bad_edit(spec, "a level stands in two bins")
    if bool(edit.levels) != (spec.kind == "category") or (edit.cuts and spec.kind == "category"):
        raise _bad_edit(spec, "a number is edited by cuts and a category by levels")


def _bad_edit(spec: FeatureSpec, why: str) -> InvalidInput:
    return InvalidInput(
        "scoring.edit_invalid",
        f"The bins fixed by hand for {spec.name} cannot be kept: {why}.",
        where=spec.name,
        hint="Correct the edit, or leave it out to have the bins found.",
    )


def decimal_cuts(cuts: Sequence[float]) -> tuple[Decimal, ...]:
    """Return cuts as the decimals that their shortest text writes, which is what data files hold."""
    return tuple(Decimal(repr(cut)) for cut in cuts)
