"""Where rows are many the fit is counted: the same maximum as statsmodels', in a fraction of the memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.artifact import Scale
from scoring.bench.speed import simulated
from scoring.card_file import encode
from scoring.choice import RULES, STRENGTHS, choose
from scoring.contract import FeatureSpec
from scoring.counted import fit_counted, sandwich
from scoring.design import PlacedDesign, PlacedFeature
from scoring.fitting import MANY_ROWS, Fitted, fit_ridge, prepare
from scoring.scorecard import Described, card_of
from scoring.table import Table
from scoring.weights import bootstrap, fit_with_priors


def world(seed: int = 4, rows: int = 3_000, features: int = 4) -> tuple[PlacedDesign, np.ndarray]:
    """Features of a scale and five flags each, as the ridge card has them."""
    random = np.random.default_rng(seed)
    values = np.column_stack([np.linspace(-1, 1, 5), np.eye(5)])
    design = PlacedDesign([PlacedFeature(random.integers(0, 5, rows), values) for _ in range(features)])
    truth = np.concatenate([[-1.5], random.normal(scale=0.5, size=design.size - 1)])
    return design, random.random(rows) < 1 / (1 + np.exp(-(design.matrix @ truth)))


def figures(rows: int, features: int, seed: int) -> Table:
    table = simulated(rows, seed)
    specs = table.specs[:features]
    return Table(specs, {one.name: table.columns[one.name] for one in specs}, table.bad)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), features=st.integers(1, 4), groups=st.integers(1, 30))
def test_what_is_counted_is_what_multiplying_gives(seed: int, features: int, groups: int) -> None:
    random = np.random.default_rng(seed)
    design, _ = world(seed, 60, features)
    by_row, params = random.normal(size=60), random.normal(size=design.size)
    of_group = random.integers(0, groups, 60)
    assert design.log_odds(params) == pytest.approx(design.matrix @ params)
    assert design.sums(by_row) == pytest.approx(design.matrix.T @ by_row)
    expected = np.zeros((of_group.max() + 1, design.size))
    np.add.at(expected, of_group, design.matrix * by_row[:, None])
    assert design.sums_of(of_group, by_row) == pytest.approx(expected)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_counted_fit_is_that_of_statsmodels(strength: float) -> None:
    design, bad = world()
    strengths = np.full(design.size - 1, strength)
    expected = fit_with_priors(design, bad, strengths)
    params, likelihood = fit_counted(design, bad, strengths)
    assert params == pytest.approx(expected.params, abs=1e-7)
    assert likelihood == pytest.approx(expected.log_likelihood, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.floats(0, 30))
def test_every_start_leads_to_the_one_maximum(seed: int, size: float) -> None:
    design, bad = world(seed, 400)
    strengths = np.full(design.size - 1, 5.0)
    start = np.random.default_rng(seed).normal(scale=size, size=design.size)
    found, _ = fit_counted(design, bad, strengths, start)
    assert found == pytest.approx(fit_counted(design, bad, strengths)[0], abs=1e-6)


def test_the_sandwich_is_the_covariance_of_the_bootstrap() -> None:
    design, bad = world()
    strengths = np.full(design.size - 1, 10.0)
    fit = fit_with_priors(design, bad, strengths)
    draws = bootstrap(fit, design.matrix, bad)
    counted = sandwich(design, bad, strengths, fit.params)
    assert np.sqrt(np.diag(counted)) == pytest.approx(draws.std(axis=0), rel=0.2)


def test_whole_firms_widen_the_sandwich_of_repeated_rows() -> None:
    design, bad = world(rows=600)
    five = PlacedDesign([PlacedFeature(np.repeat(one.places, 5), one.values) for one in design.features])
    repeated, firms = np.repeat(bad, 5), np.repeat(np.arange(600), 5)
    strengths = np.full(design.size - 1, 10.0)
    params, _ = fit_counted(five, repeated, strengths)
    rows = sandwich(five, repeated, strengths, params)
    assert sandwich(five, repeated, strengths, params, firms) == pytest.approx(5 * rows, rel=1e-6, abs=1e-12)


def test_a_counted_card_is_the_multiplied_one_with_like_intervals() -> None:
    table = figures(6_000, 8, seed=3)
    both = [fit_ridge(prepare(table, RULES[1], counted=counted), 40.0) for counted in (True, False)]
    counted, multiplied = (one for one in both if one is not None)
    widths = []
    for one, other in zip(counted.features, multiplied.features, strict=True):
        assert one.binning == other.binning
        assert one.logits == pytest.approx(other.logits, abs=1e-6)
        widths.append((one.high - one.low).mean() / (other.high - other.low).mean())
    assert np.mean(widths) == pytest.approx(1, abs=0.1)


def test_bins_without_rows_have_the_interval_of_the_bin_that_prices_them() -> None:
    table = figures(6_000, 8, seed=3)
    fitted = fit_ridge(prepare(table, RULES[0], counted=True), 40.0)
    assert fitted is not None
    for one in fitted.features:
        worst = int(np.argmax(one.logits[:-1]))
        assert (one.low[-1], one.high[-1]) == (one.low[worst], one.high[worst])


def test_counting_needs_a_fraction_of_the_memory() -> None:
    table = figures(5_000, 12, seed=3)
    data = {one: prepare(table, RULES[1], counted=one) for one in (True, False)}
    peak = {}
    for counted, one in data.items():
        tracemalloc.start()
        fit_ridge(one, 40.0, intervals=False)
        peak[counted] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak[True] * 4 < peak[False]


def test_many_rows_are_fitted_again_to_the_same_bytes_by_the_best_of_all_candidates() -> None:
    table = figures(MANY_ROWS + 5_000, 6, seed=5)
    cards = []
    for _ in range(2):
        choice = choose(table)
        cards.append(encode(card_of(choice, table, Described("many", "simulated", True, "bad"), Scale())))
    assert cards[0] == cards[1]
    assert len(choice.losses) == len(RULES) * (1 + len(STRENGTHS))
    assert choice.winner == choice.losses[0][0]
    assert choice.fitted.method == "penalised"


def test_of_many_rows_with_few_bad_ones_the_sample_is_larger() -> None:
    """130,000 rows are 13 samples, but 12 bad rows are not enough for as many."""
    value = np.arange(130_000) % 8.0
    bad = np.zeros(130_000, dtype=bool)
    for level, count in ((0, 2), (3, 2), (7, 8)):
        bad[np.flatnonzero(value == level)[:count]] = True
    choice = choose(Table((FeatureSpec("x", "number", "X", "ascending"),), {"x": value}, bad))
    assert [one.binning.name for one in choice.fitted.features] == ["x"]


def test_where_the_search_starts_does_not_move_the_card() -> None:
    """The winner's fit to all rows starts from its fit to the sample, whose bins are others."""
    sample, table = figures(3_000, 6, seed=6), figures(6_000, 6, seed=5)
    afresh = fit_ridge(prepare(table, RULES[0], counted=True), 40.0)
    start = fit_ridge(prepare(sample, RULES[0], counted=True), 40.0)
    found = fit_ridge(prepare(table, RULES[0], counted=True), 40.0, start=start)
    assert isinstance(found, Fitted)
    assert isinstance(afresh, Fitted)
    for one, other in zip(found.features, afresh.features, strict=True):
        assert one.logits == pytest.approx(other.logits, abs=1e-6)


def test_negative_zero_is_no_cut() -> None:
    """Zeros of both signs are one value, whichever of them the sort puts first."""
    values = np.array([-1.0] * 300 + [-0.0] * 150 + [0.0] * 150)
    bad = np.arange(600) % 10 < np.where(values < 0, 6, 2)
    table = Table((FeatureSpec("x", "number", "X"),), {"x": values}, bad)
    for order in (slice(None), slice(None, None, -1)):
        turned = Table(table.specs, {"x": values[order]}, bad[order])
        (cut,) = prepare(turned, RULES[0]).binnings["x"].cuts
        assert str(cut) == "0.0"
