"""Binning finds the best bins that keep to a trend, and prices what is missing."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.binning import Binning, Rule, bin_feature, check_edit
from scoring.contract import Edit, FeatureSpec, Trend
from scoring.prebins import MAX_PREBINS, prebins

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


def best_by_trying_all(counts: list[tuple[int, int]], trend: Trend, difference: float = 0.0) -> float:
    goods, bads = sum(g for g, _ in counts), sum(b for _, b in counts)
    best = -1.0
    for chosen in itertools.product((False, True), repeat=len(counts) - 1):
        edges = [0, *(i + 1 for i, cut in enumerate(chosen) if cut), len(counts)]
        bins = [
            (sum(g for g, _ in counts[a:b]), sum(b for _, b in counts[a:b]))
            for a, b in itertools.pairwise(edges)
        ]
        woe = [woe_of(g, b, goods, bads) for g, b in bins]
        rates = [b / (g + b) for g, b in bins]
        apart = all(abs(b - a) >= difference for a, b in itertools.pairwise(rates))
        if all(g and b for g, b in bins) and follows(woe, trend) and apart:
            best = max(best, sum((g / goods - b / bads) * w for (g, b), w in zip(bins, woe, strict=True)))
    return best


@settings(max_examples=60, deadline=None)
@given(counts=counted_values(), trend=st.sampled_from(TRENDS[:4]), difference=st.sampled_from([0.0, 0.15]))
def test_no_other_way_to_join_the_prebins_has_a_higher_information_value(
    counts: list[tuple[int, int]], trend: Trend, difference: float
) -> None:
    values, bad = rows_of(counts)
    prebin = np.searchsorted(prebins(values, bad, MAX_PREBINS, 1).edges, values, side="right")
    joined = [(int((~bad[prebin == i]).sum()), int(bad[prebin == i].sum())) for i in range(prebin.max() + 1)]
    found = bin_feature(number(trend), values, bad, replace(LOOSE, min_difference=difference))
    best = best_by_trying_all(joined, trend, difference)
    assert found.information_value == pytest.approx(max(best, 0.0), abs=1e-9)


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
    edges = prebins(values, random.random(500) < 0.3, MAX_PREBINS, least).edges
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


CODED = FeatureSpec("x", "number", "X", "ascending", special=(Decimal(-9), Decimal(-8)))


def coded_values() -> tuple[Any, Any]:
    """Values 0 … 299 whose risk rises, 60 rows with code -9 that are all but good, 40 not known."""
    random = np.random.default_rng(4)
    values = np.concatenate([np.arange(300.0), np.full(60, -9.0), np.full(40, math.nan)])
    risk = np.concatenate([np.arange(300) / 400, np.full(60, 0.05), np.full(40, 0.5)])
    return values, random.random(400) < risk


def test_a_special_code_has_a_bin_of_its_own_and_moves_no_cut() -> None:
    values, bad = coded_values()
    found = bin_feature(CODED, values, bad)
    rows = bad[values == -9]
    assert (found.specials[0].good, found.specials[0].bad) == ((~rows).sum(), rows.sum())
    elsewhere = replace(CODED, special=(Decimal(5_000), Decimal(-8)))
    assert bin_feature(elsewhere, np.where(values == -9, 5_000, values), bad).cuts == found.cuts
    assert sum(one.good + one.bad for one in found.all_bins()) == len(values)


def test_a_code_that_training_never_met_is_priced_at_the_worst() -> None:
    values, bad = coded_values()
    found = bin_feature(CODED, values, bad)
    assert found.specials[1].woe == min(one.woe for one in found.all_bins())


def test_no_value_is_ever_counted_in_another_bin_than_its_own() -> None:
    """What other libraries put into bin 0 or the last bin without a word has a place of its own here."""
    values, bad = coded_values()
    found = bin_feature(CODED, values, bad)
    n = len(found.bins)
    asked = np.array([math.nan, -9.0, -8.0, -7.0, 1e12])
    assert list(found.positions(asked)) == [n, n + 1, n + 2, 0, n - 1]
    texts = bin_feature(FeatureSpec("x", "category", "X"), np.array(["1", "2"] * 50, dtype=object), bad[:100])
    # The number 1 is not the text "1": it is unseen, and no level's bin.
    assert list(texts.positions(np.array([1, None, "9"], dtype=object))) == [
        len(texts.bins) + 1,
        len(texts.bins),
        len(texts.bins) + 1,
    ]


def edited(**changes: Any) -> FeatureSpec:
    return replace(number("ascending"), edit=Edit("ana", "as agreed in the review", **changes))


def test_cuts_fixed_by_hand_are_kept_as_they_are() -> None:
    values = np.arange(300, dtype=float)
    bad = np.random.default_rng(1).random(300) < values / 400
    found = bin_feature(edited(cuts=(Decimal(50), Decimal(51))), values, bad)
    assert found.cuts == (50.0, 51.0)
    assert [one.good + one.bad for one in found.bins] == [50, 1, 249]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (edited(cuts=(Decimal(9), Decimal(5))), "rise"),
        (edited(cuts=(Decimal("NaN"),)), "finite"),
        (edited(cuts=(Decimal(5_000),)), "no training row lies in bin 2"),
        (edited(levels=(("a",),)), "by cuts"),
        (replace(edited(cuts=(Decimal(150),)), trend="descending"), "against the declared trend"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(spec: FeatureSpec, why: str) -> None:
    values = np.arange(300, dtype=float)
    with pytest.raises(InvalidInput, match=why) as refused:
        check_edit(spec, values, np.random.default_rng(1).random(300) < values / 400)
    assert (refused.value.code, refused.value.where) == ("scoring.edit_invalid", "x")


def test_an_edit_of_a_category_must_name_every_level() -> None:
    values = np.array(["a", "b", "c"] * 40, dtype=object)
    bad = np.arange(120) % 5 == 0
    spec = FeatureSpec("x", "category", "X", edit=Edit("ana", "why", levels=(("a",), ("b", "c"))))
    assert bin_feature(spec, values, bad).levels == (("a",), ("b", "c"))
    with pytest.raises(InvalidInput, match="40 rows hold a level that is in none of its bins"):
        check_edit(replace(spec, edit=Edit("ana", "why", levels=(("a",), ("b",)))), values, bad)


def test_rare_levels_are_pooled_and_an_unseen_one_is_priced_like_them() -> None:
    """Two hundred levels of one row each carry no information, whatever their outcomes were."""
    random = np.random.default_rng(3)
    values = np.array(["common"] * 800 + [f"rare {i}" for i in range(200)], dtype=object)
    bad = random.random(1_000) < np.where(values == "common", 0.1, 0.4)
    found = bin_feature(FeatureSpec("x", "category", "X"), values, bad)
    assert [len(group) for group in found.levels] == [1, 200]
    unseen = found.all_bins()[-1]
    assert unseen.woe == found.bins[1].woe
    two = np.where(values == "common", "common", "rare").astype(object)
    assert (
        found.information_value == bin_feature(FeatureSpec("x", "category", "X"), two, bad).information_value
    )


def test_the_interval_of_the_information_value_covers_it() -> None:
    """Over many samples of one population the 95 % interval holds the population's value about so often."""
    random = np.random.default_rng(8)
    shares, rates = np.array([0.3, 0.4, 0.3]), np.array([0.1, 0.2, 0.4])
    good, bad_share = shares * (1 - rates), shares * rates
    good, bad_share = good / good.sum(), bad_share / bad_share.sum()
    truth = float(((good - bad_share) * np.log(good / bad_share)).sum())
    spec = replace(number("ascending"), edit=Edit("ana", "fixed", cuts=(Decimal(1), Decimal(2))))
    held = 0
    for _ in range(200):
        values = random.choice(3, 1_500, p=shares).astype(float)
        found = bin_feature(spec, values, random.random(1_500) < rates[values.astype(int)])
        held += found.iv_low <= truth <= found.iv_high
    assert 180 <= held <= 199
