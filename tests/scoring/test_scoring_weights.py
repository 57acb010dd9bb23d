"""Fits with priors, clustered covariances and the information matrix counted from bins are what they
claim."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.design import PlacedDesign, PlacedFeature
from scoring.weights import bootstrap, fit_plain, fit_with_priors


def logistic(rows: int = 1_500, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    design = np.column_stack([np.ones(rows), random.normal(size=(rows, 2))])
    return design, random.random(rows) < 1 / (1 + np.exp(-(design @ [-1.0, 0.8, -0.5])))


def test_maximum_likelihood_is_statsmodels_own() -> None:
    design, bad = logistic()
    found = fit_plain(design, bad)
    assert not isinstance(found, str)
    expected = sm.GLM(bad.astype(float), design, family=sm.families.Binomial()).fit()
    assert found.params == pytest.approx(expected.params)
    assert found.covariance == pytest.approx(expected.cov_params())


def test_rows_of_one_firm_count_as_one_witness() -> None:
    """Each row five times says no more than once: the clustered covariance knows, the plain one does not."""
    design, bad = logistic(300)
    five, firms = np.repeat(design, 5, axis=0), np.repeat(np.arange(300), 5)
    once = fit_plain(design, bad)
    naive = fit_plain(five, np.repeat(bad, 5))
    clustered = fit_plain(five, np.repeat(bad, 5), firms)
    assert not isinstance(once, str)
    assert not isinstance(naive, str)
    assert not isinstance(clustered, str)
    assert np.diag(naive.covariance) == pytest.approx(np.diag(once.covariance) / 5)
    assert np.diag(clustered.covariance) == pytest.approx(np.diag(once.covariance), rel=0.25)


def test_separated_classes_have_no_maximum_likelihood() -> None:
    flag = np.arange(100) >= 50
    assert isinstance(fit_plain(np.column_stack([np.ones(100), flag.astype(float)]), flag), str)


def test_a_prior_draws_to_zero_the_stronger_the_more() -> None:
    design, bad = logistic()
    sizes = [
        np.abs(fit_with_priors(design, bad, np.full(2, m)).params[1:]).sum() for m in (1.0, 100.0, 10_000.0)
    ]
    assert sizes[0] > sizes[1] > sizes[2]
    plain = fit_plain(design, bad)
    assert not isinstance(plain, str)
    assert fit_with_priors(design, bad, np.full(2, 1e-6)).params == pytest.approx(plain.params, abs=1e-4)


def test_a_fit_with_priors_is_where_its_penalised_likelihood_is_highest() -> None:
    """The score of likelihood and log-F(m, m) density together is 0 there."""
    design, bad = logistic()
    m = np.array([30.0, 5.0])
    params = fit_with_priors(design, bad, m).params
    score = design.T @ (bad - 1 / (1 + np.exp(-(design @ params))))
    score[1:] += m * (0.5 - 1 / (1 + np.exp(-params[1:])))
    assert score == pytest.approx(np.zeros(3), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), features=st.integers(1, 4), places=st.integers(1, 5))
def test_the_counted_information_is_the_multiplied_one(seed: int, features: int, places: int) -> None:
    random = np.random.default_rng(seed)
    design = PlacedDesign(
        [
            PlacedFeature(random.integers(0, places, 60), random.normal(size=(places, random.integers(1, 4))))
            for _ in range(features)
        ]
    )
    weights = random.random(60)
    expected = (design.matrix * weights[:, None]).T @ design.matrix
    assert design.gram(weights) == pytest.approx(expected, abs=1e-9)


def test_the_bootstrap_is_seeded_and_as_wide_as_the_covariance() -> None:
    design, bad = logistic()
    fit = fit_plain(design, bad)
    assert not isinstance(fit, str)
    draws = bootstrap(fit, design, bad)
    assert (draws == bootstrap(fit, design, bad)).all()
    assert draws.std(axis=0) == pytest.approx(np.sqrt(np.diag(fit.covariance)), rel=0.2)
    assert draws.mean(axis=0) == pytest.approx(fit.params, abs=0.05)


def test_drawing_whole_firms_widens_the_interval_of_repeated_rows() -> None:
    design, bad = logistic(300)
    five, repeated = np.repeat(design, 5, axis=0), np.repeat(bad, 5)
    fit = fit_plain(five, repeated)
    assert not isinstance(fit, str)
    firms = np.repeat(np.arange(300), 5)
    ratio = bootstrap(fit, five, repeated, firms).std(axis=0) / bootstrap(fit, five, repeated).std(axis=0)
    assert ratio == pytest.approx(np.full(3, np.sqrt(5)), rel=0.2)
