"""Binning finds the best bins that keep to a trend, and prices what is missing."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.binning import Binning, Rule, bin_feature
from scoring.contract import FeatureSpec, Trend
from scoring.prebins import MAX_PREBINS, prebin_edges

LOOSE = Rule(min_share=0.0, min_bad=1)
TRENDS: tuple[Trend, ...] = ("ascending", "descending", "peak", "valley", "monotonic", "auto")


def number(trend: Trend = "auto") -> FeatureSpec:
    return FeatureSpec("x", "number", "X", trend)


def follows(woe: list[float], trend: str) -> bool:
    """Ascending risk is descending WOE; a peak of risk is a valley of WOE."""
    steps = [b - a for a, b in itertools.pairwise(woe)]
    falls, rises = [s < 0 for s in steps], [s > 0 for s in steps]
    if trend in ("ascending", "descending"):
        return all(falls if trend == "ascending" else rises)
    first, second = (falls, rises) if trend == "peak" else (rises, falls)
    return any(all(first[:k]) and all(second[k:]) for k in range(len(steps) + 1))


def woe_of(good: float, bad: float, goods: int, bads: int) -> float:
    rows = goods + bads
    return math.log((good + goods / rows) / goods) - math.log((bad + bads / rows) / bads)


@st.composite
def counted_values(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Good and bad rows of each of a few distinct values."""
    cell = st.integers(0, 12)
    counts = draw(st.lists(st.tuples(cell, cell).filter(lambda gb: sum(gb) > 0), min_size=2, max_size=7))
    counts.append((3, 3))
    return counts


def rows_of(counts: list[tuple[int, int]]) -> tuple[Any, Any]:
    values = [float(v) for v, (good, bad) in enumerate(counts) for _ in range(good + bad)]
    bad = [flag for good, bad in counts for flag in [False] * good + [True] * bad]
    return np.array(values), np.array(bad)


def best_by_trying_all(counts: list[tuple[int, int]], trend: Trend) -> float:
    goods, bads = sum(g for g, _ in counts), sum(b for _, b in counts)
    best = -1.0
    for chosen in itertools.product((False, True), repeat=len(counts) - 1):
        edges = [0, *(i + 1 for i, cut in enumerate(chosen) if cut), len(counts)]
        bins = [
            (sum(g for g, _ in counts[a:b]), sum(b for _, b in counts[a:b]))
            for a, b in itertools.pairwise(edges)
        ]
        woe = [woe_of(g, b, goods, bads) for g, b in bins]
        if all(g and b for g, b in bins) and follows(woe, trend):
            best = max(best, sum((g / goods - b / bads) * w for (g, b), w in zip(bins, woe, strict=True)))
    return best


@settings(max_examples=60, deadline=None)
@given(counts=counted_values(), trend=st.sampled_from(TRENDS[:4]))
def test_no_other_way_to_join_the_prebins_has_a_higher_information_value(
    counts: list[tuple[int, int]], trend: Trend
) -> None:
    values, bad = rows_of(counts)
    prebin = np.searchsorted(prebin_edges(values, bad, MAX_PREBINS, 1), values, side="right")
    joined = [(int((~bad[prebin == i]).sum()), int(bad[prebin == i].sum())) for i in range(prebin.max() + 1)]
    found = bin_feature(number(trend), values, bad, LOOSE)
    assert found.information_value == pytest.approx(best_by_trying_all(joined, trend), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    trend=st.sampled_from(TRENDS),
    share=st.sampled_from([0.02, 0.05, 0.2]),
    slope=st.floats(-2, 2),
)
def test_bins_keep_to_the_trend_and_to_the_least_size(
    seed: int, trend: Trend, share: float, slope: float
) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=400).round(1)
    bad = random.random(400) < 1 / (1 + np.exp(1 - slope * values))
    found = bin_feature(number(trend), values, bad, Rule(min_share=share))
    assert follows([one.woe for one in found.bins], found.trend)
    if trend not in ("monotonic", "auto"):
        assert found.trend == trend
    assert list(found.cuts) == sorted(set(found.cuts))
    assert len(found.bins) == 1 or min(one.good + one.bad for one in found.bins) >= share * 400
    assert sum(one.good for one in found.bins) == (~bad).sum()
    assert sum(one.bad for one in found.bins) == bad.sum()


def test_a_declared_trend_that_the_data_contradict_leaves_one_bin() -> None:
    values = np.arange(200, dtype=float)
    bad = values >= 100
    bad[[5, 150]] = [True, False]
    against = bin_feature(number("descending"), values, bad)
    assert len(against.bins) == 1
    assert len(bin_feature(number("ascending"), values, bad).bins) > 1


def test_missing_values_have_a_bin_of_their_own() -> None:
    values = np.concatenate([np.arange(300, dtype=float), np.full(60, math.nan)])
    bad = np.concatenate([np.arange(300) % 10 == 0, np.arange(60) % 2 == 0])
    found = bin_feature(number(), values, bad)
    assert (found.missing.good, found.missing.bad) == (30, 30)
    assert found.missing.woe < min(one.woe for one in found.bins)
    assert found.positions(np.array([math.nan]))[0] == len(found.bins)


def test_missing_is_priced_at_the_worst_bin_when_training_had_none() -> None:
    values = np.arange(300, dtype=float)
    found = bin_feature(number("descending"), values, (np.arange(300) % 3 == 0) & (values < 200))
    assert found.missing.good + found.missing.bad == 0
    assert found.missing.woe == min(one.woe for one in found.bins)


def test_categories_are_joined_by_their_risk_and_an_unseen_one_stands_apart() -> None:
    values = np.array(["a", "b", "c", "d"] * 100, dtype=object)
    rate = {"a": 50, "b": 8, "c": 48, "d": 9}
    taken = dict.fromkeys(rate, 0)
    bad = []
    for value in values:
        taken[value] += 1
        bad.append(taken[value] <= rate[value])
    found = bin_feature(FeatureSpec("x", "category", "X"), values, np.array(bad))
    assert {frozenset(group) for group in found.levels} >= {frozenset({"b"}), frozenset({"d"})} or any(
        set(group) == {"b", "d"} for group in found.levels
    )
    assert [one.woe for one in found.bins] == sorted((one.woe for one in found.bins), reverse=True)
    unseen = found.positions(np.array(["z", None, "b"], dtype=object))
    assert list(unseen) == [len(found.bins) + 1, len(found.bins), 0]


def test_a_value_that_equals_a_cut_lies_in_the_bin_above() -> None:
    values = np.arange(100, dtype=float)
    found = bin_feature(number("ascending"), values, values % 7 < values / 20)
    for i, cut in enumerate(found.cuts):
        below, at = found.positions(np.array([np.nextafter(cut, -np.inf), cut]))
        assert (below, at) == (i, i + 1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000), distinct=st.integers(1, 80), least=st.integers(1, 40))
def test_prebins_are_at_most_twenty_and_never_split_a_value(seed: int, distinct: int, least: int) -> None:
    random = np.random.default_rng(seed)
    values = random.integers(0, distinct, 500).astype(float)
    edges = prebin_edges(values, random.random(500) < 0.3, MAX_PREBINS, least)
    assert len(edges) < MAX_PREBINS
    assert list(edges) == sorted(set(edges))
    if len(edges):
        assert np.bincount(np.searchsorted(edges, values, side="right")).min() >= least


def test_woe_is_the_log_of_the_shares() -> None:
    values = np.array([0.0] * 100 + [1.0] * 100)
    bad = np.array([False] * 90 + [True] * 10 + [False] * 60 + [True] * 40)
    found: Binning = bin_feature(number("ascending"), values, bad)
    assert [one.woe for one in found.bins] == pytest.approx(
        [woe_of(90, 10, 150, 50), woe_of(60, 40, 150, 50)], abs=1e-12
    )
    assert found.bins[0].woe == pytest.approx(math.log((90 / 150) / (10 / 50)), abs=0.03)
