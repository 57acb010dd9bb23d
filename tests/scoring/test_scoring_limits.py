"""A limit is the smallest of its caps, tells which one binds, and never rises with risk."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.limits import LimitInputs, LimitPolicy, propose, tenor_pd

BASE = LimitInputs(
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
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    annual_volume=amounts,
    terms_days=st.integers(0, 400),
    pd=shares,
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
    assert 0 <= proposal.amount <= smallest < proposal.amount + known.policy.step
    assert proposal.amount % known.policy.step == 0
    assert set(proposal.caps) | set(proposal.left_out) == {
        "policy",
        "need",
        "capacity",
        "expected_loss",
        "collateral",
        "concentration",
    }


RISK = ("pd", "lgd", "haircut", "exposure_elsewhere")
STRENGTH = ("annual_volume", "net_worth", "eligible_receivables", "portfolio")


@settings(max_examples=150, deadline=None)
@given(known=inputs, name=st.sampled_from(RISK + STRENGTH), data=st.data())
def test_more_risk_never_raises_the_limit_and_more_strength_never_lowers_it(
    known: LimitInputs, name: str, data: Any
) -> None:
    values = shares if name in ("pd", "lgd", "haircut") else amounts
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
        ({"portfolio": Decimal(1_000_000), "exposure_elsewhere": Decimal(50_000)}, "concentration", "100000"),
        ({"pd": Decimal("0.2"), "lgd": Decimal(1)}, "expected_loss", "138800"),
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
    policy = LimitPolicy(step=Decimal(1))
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
        ({"policy": LimitPolicy(step=Decimal(0))}, "limit.input_invalid", "policy.step"),
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
