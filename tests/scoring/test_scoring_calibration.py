"""Calibration tells whether predicted defaults come true, as a slope, an intercept and an interval per
grade."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.calibration import calibrate, grade_outcomes, jeffreys

RANDOM = np.random.default_rng(21)
LOG_ODDS = RANDOM.normal(-2, 1.2, 20_000)
BAD = RANDOM.random(20_000) < 1 / (1 + np.exp(-LOG_ODDS))


def test_true_probabilities_have_slope_1_and_intercept_0() -> None:
    found = calibrate(BAD, LOG_ODDS)
    assert found.slope.low <= 1 <= found.slope.high
    assert found.intercept.low <= 0 <= found.intercept.high


def test_overconfident_log_odds_have_a_slope_below_1() -> None:
    assert calibrate(BAD, 2 * LOG_ODDS).slope.value == pytest.approx(calibrate(BAD, LOG_ODDS).slope.value / 2)


def test_defaults_predicted_too_low_have_an_intercept_above_0() -> None:
    assert calibrate(BAD, LOG_ODDS - 0.7).intercept.value == pytest.approx(0.7, abs=0.1)


def test_repeated_rows_of_firms_widen_the_interval() -> None:
    bad, log_odds = np.repeat(BAD[:2_000], 4), np.repeat(LOG_ODDS[:2_000], 4)
    firms = np.repeat(np.arange(2_000), 4)
    plain, clustered = calibrate(bad, log_odds), calibrate(bad, log_odds, firms)
    ratio = (clustered.slope.high - clustered.slope.low) / (plain.slope.high - plain.slope.low)
    assert ratio == pytest.approx(2, rel=0.2)


def test_each_grade_has_its_rows_and_an_interval_that_holds_what_was_predicted() -> None:
    outcomes = grade_outcomes(BAD, 1 / (1 + np.exp(-LOG_ODDS)))
    assert [one.grade for one in outcomes] == ["A", "B", "C", "D", "E", "F"]
    assert sum(one.rows for one in outcomes) == len(BAD)
    assert sum(one.bad for one in outcomes) == BAD.sum()
    held = [one.low <= one.predicted <= one.high for one in outcomes]
    assert sum(held) >= 5


def test_a_prior_shift_moves_rates_and_bounds_with_the_probabilities() -> None:
    """A sample with half of the goods left out, judged at the population's rate."""
    kept = BAD | (np.arange(len(BAD)) % 2 == 0)
    shift = -np.log(2)
    outcomes = grade_outcomes(BAD[kept], 1 / (1 + np.exp(-LOG_ODDS[kept])), shift)
    held = [one.low <= one.predicted <= one.high for one in outcomes]
    assert sum(held) >= 5


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(1, 500), data=st.data())
def test_jeffreys_interval_holds_the_rate_and_narrows_with_rows(rows: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, rows))
    low, high = jeffreys(rows, bad)
    assert 0 <= low <= bad / rows <= high <= 1
    wider = jeffreys(rows, bad)
    narrower = jeffreys(10 * rows, 10 * bad)
    assert narrower[1] - narrower[0] < wider[1] - wider[0]


def test_jeffreys_interval_is_the_published_one() -> None:
    """Brown, Cai and DasGupta (2001), table 5: no bad row of 7, and 1 of 7."""
    assert jeffreys(7, 0) == (0.0, pytest.approx(0.292, abs=5e-3))
    assert jeffreys(7, 1)[0] == pytest.approx(0.016, abs=5e-3)


def test_grades_hold_the_decimals_that_the_scorer_gives() -> None:
    (one,) = grade_outcomes(np.array([False, True]), np.array([0.005, 0.0050004]))
    assert (one.grade, one.rows, one.predicted) == ("A", 2, Decimal("0.005000"))
