"""Figures of worth agree with their definitions, and folds with those that others publish on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.validation import Holdout, auc, auc_with_variance, brier, ks, stratified_folds, validate

ranked = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=60).filter(
    lambda rows: len({bad for _, bad in rows}) == 2
)


@settings(max_examples=60, deadline=None)
@given(rows=ranked)
def test_auc_is_the_share_of_pairs_ranked_right(rows: list[tuple[int, bool]]) -> None:
    bads, goods = [s for s, bad in rows if bad], [s for s, bad in rows if not bad]
    pairs = [(b > g) + (b == g) / 2 for b in bads for g in goods]
    score, bad = np.array([s for s, _ in rows]), np.array([b for _, b in rows])
    assert auc(bad, score) == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(rows=ranked)
def test_ks_is_the_largest_distance_of_the_distributions(rows: list[tuple[int, bool]]) -> None:
    score, bad = np.array([s for s, _ in rows]), np.array([b for _, b in rows])
    distances = [abs(np.mean(score[bad] <= cut) - np.mean(score[~bad] <= cut)) for cut in np.unique(score)]
    assert ks(bad, score) == pytest.approx(max(distances), abs=1e-12)


def test_brier_is_the_mean_squared_error() -> None:
    assert brier(np.array([True, False]), np.array([0.8, 0.3])) == pytest.approx((0.04 + 0.09) / 2)


def test_delong_s_variance_is_that_of_repeated_samples() -> None:
    random = np.random.default_rng(3)
    bad = np.arange(400) < 80
    drawn = [auc_with_variance(bad, random.normal(size=400) + bad) for _ in range(400)]
    spread = np.var([area for area, _ in drawn])
    assert np.mean([variance for _, variance in drawn]) == pytest.approx(spread, rel=0.2)


def test_folds_are_those_of_scikit_learn() -> None:
    bad = np.array([0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1], dtype=bool)
    # What StratifiedKFold(5, shuffle=True, random_state=42) of scikit-learn 1.9.1 gives.
    expected = [3, 3, 0, 0, 3, 4, 1, 1, 2, 0, 0, 0, 2, 4, 1, 2, 2, 3, 4, 1, 1, 2, 4]
    assert stratified_folds(bad, 5, 42).tolist() == expected
    assert stratified_folds(~bad, 5, 42).tolist() == expected
    assert stratified_folds(bad, 5, 43).tolist() != expected


def test_a_class_smaller_than_the_folds_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        stratified_folds(np.arange(100) < 4, 5, 42)
    assert refused.value.code == "scoring.class_too_small"


def test_intervals_hold_their_figure_and_come_out_the_same_for_a_seed() -> None:
    random = np.random.default_rng(1)
    bad = random.random(600) < 0.2
    pd = 1 / (1 + np.exp(2 - bad - random.normal(size=600)))
    holdouts = [Holdout(bad[:300], pd[:300], pd[:300]), Holdout(bad[300:], pd[300:], pd[300:])]
    result = validate(holdouts, seed=7, bootstraps=100)
    assert result == validate(holdouts, seed=7, bootstraps=100)
    for figure in (result.auc, result.ks, result.brier):
        assert figure.low < figure.value < figure.high
    assert result.auc.value == pytest.approx(np.mean([auc(one.bad, one.ranking) for one in holdouts]))


def test_a_perfect_ranking_has_an_area_of_one() -> None:
    bad = np.arange(40) >= 30
    result = validate([Holdout(bad, np.arange(40), np.where(bad, 0.9, 0.1))], seed=1, bootstraps=20)
    assert (result.auc.value, result.auc.high, result.ks.value) == (1.0, 1.0, 1.0)
