"""A limit is the smallest of its caps, tells which one binds, and never rises with risk."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.default_correlation import joint_pd
from scoring.limit_raises import what_would_raise
from scoring.limits import LimitInputs, LimitPolicy, LossPds, Product, loss_pds, propose, tenor_pd

TODAY = date(2026, 1, 31)
BASE = LimitInputs(
    as_of=TODAY,
    currency="EUR",
    annual_volume=Decimal(3_650_000),
    terms_days=60,
    pd=Decimal("0.02"),
    lgd=Decimal("0.45"),
    grade="C",
)

amounts = st.decimals(0, 50_000_000, places=2)
shares = st.decimals(0, 1, places=4)
inputs = st.builds(
    LimitInputs,
    as_of=st.just(TODAY),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    annual_volume=amounts,
    terms_days=st.integers(0, 400),
    pd=shares,
    recourse_pd=st.none() | shares,
    lgd=shares,
    grade=st.sampled_from("ABCDEF"),
    net_worth=st.none() | st.decimals(-10_000_000, 50_000_000, places=2),
    eligible_receivables=st.none() | amounts,
    haircut=shares,
    portfolio=st.none() | amounts,
    exposure_elsewhere=amounts,
    hard_stops=st.sampled_from([(), ("sanctions hit",)]),
)


@settings(max_examples=150, deadline=None)
@given(known=inputs)
def test_the_limit_is_the_smallest_cap_rounded_down_to_the_step(known: LimitInputs) -> None:
    proposal = propose(known)
    smallest = min(proposal.caps.values())
    assert proposal.caps[proposal.binding_cap] == smallest
    step = [step for start, step in known.policy.steps if start <= smallest][-1]
    assert 0 <= proposal.amount <= smallest < proposal.amount + step
    assert proposal.amount % step == 0
    assert proposal.needs_second_person == (proposal.amount > known.policy.second_person_above)
    assert set(proposal.caps) | set(proposal.left_out) == {
        "policy",
        "need",
        "capacity",
        "expected_loss",
        "collateral",
        "concentration",
    }


RISK = ("pd", "recourse_pd", "lgd", "haircut", "exposure_elsewhere")
STRENGTH = ("annual_volume", "net_worth", "eligible_receivables", "portfolio")


@settings(max_examples=150, deadline=None)
@given(known=inputs, name=st.sampled_from(RISK + STRENGTH), data=st.data())
def test_more_risk_never_raises_the_limit_and_more_strength_never_lowers_it(
    known: LimitInputs, name: str, data: Any
) -> None:
    values = shares if name in ("pd", "recourse_pd", "lgd", "haircut") else amounts
    low, high = sorted(data.draw(st.tuples(values, values)))
    less, more = (propose(replace(known, **{name: value})).amount for value in (low, high))
    assert more <= less if name in RISK else more >= less


def test_need_is_what_the_trade_uses_at_its_peak() -> None:
    proposal = propose(BASE)
    assert proposal.caps["need"] == Decimal("750000.00")  # 10,000 a day × 60 days × 1.25


def test_expected_loss_is_held_to_the_budget_over_the_tenor() -> None:
    cap = propose(BASE).caps["expected_loss"]
    loss = tenor_pd(BASE.pd, BASE.terms_days) * BASE.lgd * cap
    assert abs(loss - BASE.policy.loss_budget) < Decimal("0.01")


@pytest.mark.parametrize(
    ("change", "binding", "amount"),
    [
        ({}, "need", "750000"),
        ({"net_worth": Decimal(1_000_000)}, "capacity", "250000"),
        ({"net_worth": Decimal(-5)}, "capacity", "0"),
        ({"eligible_receivables": Decimal(400_000), "haircut": Decimal("0.2")}, "collateral", "320000"),
        (
            {
                "eligible_receivables": Decimal(400_000),
                "haircut": Decimal("0.2"),
                "policy": LimitPolicy(advance_rate=Decimal("0.8")),
            },
            "collateral",
            "400000",
        ),
        ({"portfolio": Decimal(1_000_000), "exposure_elsewhere": Decimal(50_000)}, "concentration", "100000"),
        (
            {"portfolio": Decimal(0), "policy": LimitPolicy(least_portfolio=Decimal(2_000_000))},
            "concentration",
            "300000",
        ),
        ({"pd": Decimal("0.2"), "lgd": Decimal(1)}, "expected_loss", "138000"),
        ({"grade": "E"}, "policy", "100000"),
        ({"grade": "F"}, "policy", "0"),
        ({"hard_stops": ("sanctions hit",)}, "policy", "0"),
    ],
)
def test_the_binding_cap_is_told(change: dict[str, Any], binding: str, amount: str) -> None:
    proposal = propose(replace(BASE, **change))
    assert (proposal.binding_cap, proposal.amount) == (binding, Decimal(amount))


def test_caps_whose_inputs_are_not_known_are_left_out_and_told() -> None:
    proposal = propose(BASE)
    assert proposal.left_out == ("capacity", "collateral", "concentration")
    assert "expected_loss" in propose(replace(BASE, pd=Decimal(0))).left_out


def test_a_caller_with_coarse_arithmetic_gets_the_same_limit() -> None:
    expected = propose(BASE)
    with localcontext() as context:
        context.prec = 4
        assert propose(BASE) == expected


def test_amounts_have_the_currency_s_minor_unit() -> None:
    policy = LimitPolicy(steps=((Decimal(0), Decimal(1)),))
    assert propose(replace(BASE, currency="JPY", policy=policy)).caps["need"].as_tuple().exponent == 0
    assert propose(replace(BASE, currency="KWD", policy=policy)).caps["need"].as_tuple().exponent == -3


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"annual_volume": Decimal(-1)}, "limit.input_invalid", "annual_volume"),
        ({"annual_volume": Decimal("NaN")}, "limit.input_invalid", "annual_volume"),
        ({"annual_volume": Decimal("1e30")}, "limit.input_invalid", "annual_volume"),
        ({"annual_volume": 1.5}, "limit.input_invalid", "annual_volume"),
        ({"terms_days": -1}, "limit.input_invalid", "terms_days"),
        ({"terms_days": 30.5}, "limit.input_invalid", "terms_days"),
        ({"pd": Decimal("1.01")}, "limit.input_invalid", "pd"),
        ({"lgd": Decimal("Infinity")}, "limit.input_invalid", "lgd"),
        ({"haircut": Decimal("-0.1")}, "limit.input_invalid", "haircut"),
        ({"net_worth": Decimal("-Infinity")}, "limit.input_invalid", "net_worth"),
        ({"grade": "Z"}, "limit.grade_unknown", "grade"),
        ({"currency": "XXX"}, "money.currency_unknown", None),
        ({"recourse_pd": Decimal(-1)}, "limit.input_invalid", "recourse_pd"),
        ({"policy": LimitPolicy(steps=())}, "limit.input_invalid", "policy.steps"),
        ({"policy": LimitPolicy(steps=((Decimal(0), Decimal(0)),))}, "limit.input_invalid", "policy.steps"),
        ({"policy": LimitPolicy(steps=((Decimal(5), Decimal(1)),))}, "limit.input_invalid", "policy.steps"),
        (
            {"policy": LimitPolicy(asset_correlation=Decimal("0.95"))},
            "limit.input_invalid",
            "policy.asset_correlation",
        ),
        ({"policy": LimitPolicy(advance_rate=Decimal(0))}, "limit.input_invalid", "policy.advance_rate"),
        (
            {"policy": LimitPolicy(least_portfolio=Decimal(-1))},
            "limit.input_invalid",
            "policy.least_portfolio",
        ),
        ({"policy": LimitPolicy(review_months={"C": -1})}, "limit.input_invalid", "policy.review_months.C"),
        ({"policy": LimitPolicy(review_months={"A": 1})}, "limit.grade_unknown", "grade"),
        (
            {"policy": LimitPolicy(grade_caps={"C": Decimal(-1)})},
            "limit.input_invalid",
            "policy.grade_caps.C",
        ),
    ],
)
def test_wrong_inputs_are_refused_and_named(change: dict[str, Any], code: str, where: str | None) -> None:
    with pytest.raises(InvalidInput) as refused:
        propose(replace(BASE, **change))
    assert (refused.value.code, refused.value.where) == (code, where)


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("factoring_with_recourse", ("0.01", "0.04")),
        ("receivables_loan", ("0.01", "0.04")),
        ("factoring_without_recourse", ("0.01", None)),
        ("payables_finance", ("0.01", None)),
        ("distributor_finance", ("0.01", None)),
        ("pre_shipment", ("0.04", None)),
    ],
)
def test_the_product_says_whose_default_is_a_loss(product: Product, expected: tuple[str, str | None]) -> None:
    pd, recourse = expected
    found = loss_pds(product, buyer=Decimal("0.01"), seller=Decimal("0.04"))
    assert found == LossPds(Decimal(pd), None if recourse is None else Decimal(recourse))


@pytest.mark.parametrize(
    ("first", "second", "correlation", "expected"),
    [
        # Φ₂(0, 0; ρ) = 1/4 + asin(ρ)/2π (Sheppard 1899): with ρ = 0.5 a third.
        ("0.5", "0.5", "0.5", "0.333333333"),
        # scipy 1.15, multivariate_normal.cdf of the quantiles.
        ("0.01", "0.04", "0.5", "0.003168835"),
        ("0.001", "0.02", "0.24", "0.000100192"),
        ("0.1", "0.1", "0.9", "0.068864940"),
        ("0.02", "0.3", "0", "0.006"),
        ("0", "0.3", "0.5", "0"),
        ("1", "0.3", "0.5", "0.3"),
    ],
)
def test_the_probability_that_both_default(first: str, second: str, correlation: str, expected: str) -> None:
    assert joint_pd(Decimal(first), Decimal(second), Decimal(correlation)) == Decimal(expected)


@settings(max_examples=200, deadline=None)
@given(a=shares, b=shares, low=st.decimals(0, "0.9", places=2), high=st.decimals(0, "0.9", places=2))
def test_both_default_at_least_as_often_as_strangers_and_never_more_often_than_one(
    a: Decimal, b: Decimal, low: Decimal, high: Decimal
) -> None:
    low, high = sorted((low, high))
    assert a * b <= joint_pd(a, b, low) <= joint_pd(a, b, high) <= min(a, b)
    assert joint_pd(a, b, low) == joint_pd(b, a, low)


def test_recourse_raises_what_the_loss_budget_allows_and_less_so_when_the_two_sides_hang_together() -> None:
    alone = propose(BASE).caps["expected_loss"]
    caps = [
        propose(
            replace(
                BASE,
                recourse_pd=Decimal("0.05"),
                policy=LimitPolicy(asset_correlation=Decimal(correlation)),
            )
        ).caps["expected_loss"]
        for correlation in ("0", "0.5", "0.9")
    ]
    assert caps[0] > caps[1] > caps[2] > alone


@pytest.mark.parametrize(
    ("grade", "review"),
    [("A", date(2027, 1, 31)), ("D", date(2026, 4, 30)), ("E", date(2026, 2, 28)), ("F", TODAY)],
)
def test_worse_grades_are_reviewed_sooner(grade: str, review: date) -> None:
    assert propose(replace(BASE, grade=grade)).review_on == review


@pytest.mark.parametrize(
    ("volume", "amount", "second"),
    [("486800", "100000", False), ("491000", "100000", False), ("491600", "101000", True)],
)
def test_larger_limits_have_larger_steps_and_need_a_second_person(
    volume: str, amount: str, second: bool
) -> None:
    proposal = propose(replace(BASE, annual_volume=Decimal(volume)))
    assert (proposal.amount, proposal.needs_second_person) == (Decimal(amount), second)


@settings(max_examples=80, deadline=None)
@given(known=inputs)
def test_a_change_that_would_raise_the_limit_does_and_is_the_least(known: LimitInputs) -> None:
    proposal = propose(known)
    second = min((c for c in proposal.caps.values() if c > proposal.caps[proposal.binding_cap]), default=None)
    for one in what_would_raise(known, proposal):
        if one.input in ("hard_stops", "grade"):
            continue
        again = propose(replace(known, **{one.input: one.needed}))
        assert (again.amount, again.binding_cap) == (one.amount, one.binding_cap)
        assert again.amount > proposal.amount
        unit = {"terms_days": 1}.get(one.input, Decimal("0.000001") if one.input in RATES else minor(known))
        less = one.needed + (unit if one.needed < one.now else -unit)
        assert propose(replace(known, **{one.input: less})).caps[proposal.binding_cap] < second


RATES = ("pd", "recourse_pd", "lgd", "haircut")


def minor(known: LimitInputs) -> Decimal:
    return {"EUR": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}[known.currency]


def test_what_would_raise_a_limit_bound_by_net_worth() -> None:
    known = replace(BASE, net_worth=Decimal(1_000_000))
    (more,) = what_would_raise(known, propose(known))
    # The next cap is the need of 750,000; a quarter of 3,000,000 carries it.
    assert (more.input, more.now, more.needed) == ("net_worth", Decimal(1_000_000), Decimal("3000000.00"))
    assert (more.amount, more.binding_cap) == (Decimal(750_000), "need")


def test_longer_terms_that_cost_more_in_expected_loss_than_they_gain_in_need_are_not_offered() -> None:
    known = replace(BASE, annual_volume=Decimal(600_000), pd=Decimal("0.2"), lgd=Decimal(1))
    proposal = propose(known)
    assert (proposal.binding_cap, proposal.amount) == ("need", Decimal(123_000))
    (more,) = what_would_raise(known, proposal)
    assert (more.input, more.amount) == ("annual_volume", Decimal(138_000))
    # The same need by longer terms: the loss budget carries less then than the limit is today.
    assert propose(replace(known, terms_days=68)).amount < proposal.amount


@pytest.mark.parametrize(
    ("change", "needed"),
    [({"grade": "E"}, ("grade", "D")), ({"hard_stops": ("sanctions hit",)}, ("hard_stops", "none"))],
)
def test_what_would_raise_a_limit_bound_by_policy(change: dict[str, Any], needed: tuple[str, str]) -> None:
    known = replace(BASE, **change)
    (more,) = what_would_raise(known, propose(known))
    assert (more.input, more.needed) == needed
    assert more.amount > propose(known).amount
