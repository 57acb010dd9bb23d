"""Monitoring: rates with their doubt, cohorts whose year is over, rules and their measures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.monitoring import ScoredOutcome, Signals, cohorts, early_warnings, rate, roll_rates
from scoring.monitoring.rates import bucket, limit_use
from scoring.monitoring.rules import Delays

SUBJECT = UUID(int=7)
CALM = Signals(
    subject=SUBJECT,
    currency="EUR",
    dilution=Decimal("0.02"),
    recent=Delays(10, Decimal(2), Decimal(4)),
    before=Delays(40, Decimal(1), Decimal(4)),
    exposure=Decimal(100_000),
    portfolio=Decimal(2_000_000),
    limit=Decimal(300_000),
)


def test_a_rate_has_wilson_s_interval() -> None:
    found = rate(10, 100)
    # Newcombe, Statistics in Medicine 17 (1998), formula of method 3.
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.0552, 0.1744), abs=1e-4)
    assert (rate(0, 0).value, rate(0, 0).low, rate(0, 0).high) == (None, 0.0, 1.0)
    assert rate(0, 20).low == 0.0
    assert rate(20, 20).high == 1.0
    with pytest.raises(InvalidInput):
        rate(3, 2)


def test_the_use_of_limits() -> None:
    found = limit_use([(Decimal(100), Decimal(95)), (Decimal(300), Decimal(5)), (Decimal(0), Decimal(0))])
    assert (found.granted, found.used) == (400, 100)
    assert (found.nearly_full.hits, found.nearly_full.cases) == (1, 2)


@pytest.mark.parametrize(
    ("days", "name"),
    [(-3, "current"), (0, "current"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (400, "over 90")],
)
def test_buckets_of_lateness(days: int, name: str) -> None:
    assert bucket(days) == name


def test_roll_rates_tell_what_got_worse() -> None:
    pairs = [
        ("current", "1-30"),
        ("current", "paid"),
        ("current", "current"),
        ("1-30", "31-60"),
        ("1-30", "paid"),
    ]
    found = roll_rates(pairs)
    assert {end: one.hits for end, one in found.rolls["current"].items()} == {
        "1-30": 1,
        "paid": 1,
        "current": 1,
    }
    assert found.worsened("current").value == pytest.approx(1 / 3)
    assert found.worsened("1-30").value == 0.5
    assert found.worsened("over 90").value is None
    for wrong in (("current", "gone"), ("paid", "current")):
        with pytest.raises(InvalidInput) as refused:
            roll_rates([wrong])
        assert refused.value.code == "monitoring.bucket_unknown"


def outcomes(count: int, factor: float, *, day: date = date(2024, 2, 1)) -> list[ScoredOutcome]:
    """Scores whose true default rate is `factor` times the PD."""
    draw = Random(5)
    made = []
    for _ in range(count):
        pd = draw.choice((0.01, 0.05, 0.2))
        defaulted = day + timedelta(days=100) if draw.random() < pd * factor else None
        made.append(ScoredOutcome(day, Decimal(str(pd)), round(600 - 400 * pd), defaulted))
    return made


def test_a_quarter_is_judged_when_the_last_of_its_scores_is_a_year_old() -> None:
    known = outcomes(200, 1.0)
    assert cohorts(known, as_of=date(2025, 3, 31)) == []
    (judged,) = cohorts(known, as_of=date(2025, 4, 1))
    assert (judged.quarter, judged.rows) == ("2024 Q1", 200)
    both = [*known, *outcomes(50, 1.0, day=date(2023, 12, 31))]
    assert [one.quarter for one in cohorts(both, as_of=date(2025, 4, 1))] == ["2023 Q4", "2024 Q1"]


def test_a_default_after_the_horizon_does_not_count() -> None:
    late = [replace(one, defaulted_on=date(2025, 2, 1)) for one in outcomes(10, 1.0)]
    (judged,) = cohorts(late, as_of=date(2026, 1, 1))
    assert (judged.default_rate.hits, judged.auc) == (0, None)


@pytest.mark.parametrize(
    ("factor", "under", "over"), [(1.0, False, False), (2.0, True, False), (0.3, False, True)]
)
def test_a_card_that_is_too_mild_or_too_strict_is_told(factor: float, under: bool, over: bool) -> None:
    (judged,) = cohorts(outcomes(2_000, factor), as_of=date(2026, 1, 1))
    assert (judged.underestimated, judged.overestimated) == (under, over)
    assert judged.auc is not None
    value, low, high = judged.auc
    assert 0.5 < low < value < high < 1


def test_nothing_is_asked_for_a_calm_party() -> None:
    assert early_warnings(CALM) == []
    unknown = replace(CALM, dilution=None, recent=None, before=None, limit=None, portfolio=Decimal(0))
    assert early_warnings(unknown) == []


@pytest.mark.parametrize(
    ("change", "rule", "kind", "amount"),
    [
        ({"dilution": Decimal("0.08")}, "dilution", "reserve_up", "0.0300"),
        ({"recent": Delays(10, Decimal(9), Decimal(4))}, "drift", "human_task", None),
        ({"recent": Delays(10, Decimal(25), Decimal(4))}, "drift", "hold", None),
        ({"exposure": Decimal(600_000), "limit": None}, "concentration", "limit_cut", "500000.00"),
        ({"exposure": Decimal(280_000)}, "utilisation", "human_task", None),
    ],
)
def test_each_rule_asks_for_its_measure(
    change: dict[str, Any], rule: str, kind: str, amount: str | None
) -> None:
    (measure,) = early_warnings(replace(CALM, **change))
    assert (measure.rule, measure.kind, measure.subject) == (rule, kind, SUBJECT)
    assert measure.amount == (None if amount is None else Decimal(amount))
    assert measure.value > measure.threshold
    assert measure.message


def test_a_drift_within_chance_is_no_drift() -> None:
    wild = Delays(4, Decimal(12), Decimal(30))
    assert early_warnings(replace(CALM, recent=wild)) == []
    one_payment = Delays(1, Decimal(50), Decimal(0))
    assert early_warnings(replace(CALM, recent=one_payment)) == []


def test_a_young_portfolio_is_not_called_concentrated() -> None:
    assert early_warnings(replace(CALM, portfolio=Decimal(150_000))) == []


shares = st.decimals(0, 1, places=4)


@settings(max_examples=100, deadline=None)
@given(low=shares, high=shares)
def test_more_dilution_never_asks_for_less_reserve(low: Decimal, high: Decimal) -> None:
    low, high = sorted((low, high))
    less, more = (next(iter(early_warnings(replace(CALM, dilution=share))), None) for share in (low, high))
    asked = [Decimal(0) if one is None or one.amount is None else one.amount for one in (less, more)]
    assert asked[0] <= asked[1]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"dilution": Decimal("1.2")}, "dilution"),
        ({"exposure": Decimal(-1)}, "exposure"),
        ({"limit": Decimal("NaN")}, "limit"),
        ({"recent": Delays(3, Decimal("Infinity"), Decimal(1))}, "recent"),
    ],
)
def test_signals_that_cannot_be_are_refused(change: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        early_warnings(replace(CALM, **change))
    assert (refused.value.code, refused.value.where) == ("monitoring.signal_invalid", where)
