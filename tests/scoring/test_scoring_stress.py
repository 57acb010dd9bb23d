"""Stress: a bad year never loses less; over all years the losses are those of the average PD."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.default_correlation import joint_pd
from scoring.limits import LimitInputs
from scoring.stress import (
    SCENARIOS,
    Position,
    Scenario,
    StandingLimit,
    basel_correlation,
    conditional_pd,
    in_scenario,
    loss_pd_given,
    stress,
)
from scoring.stress_file import read_portfolio, read_scenarios

LIMIT = LimitInputs(
    as_of=date(2026, 1, 31),
    currency="EUR",
    annual_volume=Decimal(3_650_000),
    terms_days=60,
    pd=Decimal("0.02"),
    lgd=Decimal("0.45"),
    grade="C",
)
POSITION = Position(
    name="Alfa",
    exposure=Decimal(400_000),
    pd=Decimal("0.02"),
    lgd=Decimal("0.45"),
    limit=StandingLimit(Decimal(750_000), LIMIT),
)
shares = st.decimals(0, 1, places=4)
positions = st.lists(
    st.builds(
        Position,
        name=st.sampled_from(["a", "b", "c"]),
        exposure=st.decimals(0, 10**6, places=2),
        pd=shares,
        lgd=shares,
        recourse_pd=st.none() | shares,
        collateral=st.decimals(0, 10**6, places=2),
        haircut=shares,
    ),
    min_size=1,
    max_size=4,
)


def year(factor: str, **more: Decimal) -> Scenario:
    return Scenario(name="a year", macro_factor=Decimal(factor), **more)


def test_the_conditional_pd_is_basel_s_at_its_confidence() -> None:
    # CRE31.4: the capital of a corporate with PD 1 %, LGD 45 %, before the maturity adjustment is
    # 45 % · PD(Z) − 45 % · 1 %. R = 0.12·(1−e^−0.5) + 0.24·e^−0.5 = 0.19278; PD(Z) = 14.03 %.
    assert basel_correlation(0.01) == pytest.approx(0.19278, abs=1e-5)
    worst = Decimal(str(-NormalDist().inv_cdf(0.999)))
    assert float(conditional_pd(Decimal("0.01"), worst)) == pytest.approx(0.1403, abs=1e-4)


def test_over_all_years_a_party_defaults_as_often_as_its_pd_says() -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    for pd in ("0.002", "0.03", "0.2"):
        years = [float(conditional_pd(Decimal(pd), Decimal(str(z)))) for z in nodes]
        assert np.dot(years, weights) / weights.sum() == pytest.approx(float(pd), abs=2e-6)


@pytest.mark.parametrize("correlation", [None, Decimal("0.2")])
def test_over_all_years_both_sides_default_as_often_as_their_correlation_says(
    correlation: Decimal | None,
) -> None:
    pair = replace(POSITION, recourse_pd=Decimal("0.05"))
    scenario = year("0", pair_correlation=Decimal("0.4"))
    scenario = replace(scenario, asset_correlation=correlation)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    years = [loss_pd_given(pair, scenario, float(z)) for z in nodes]
    both = joint_pd(pair.pd, Decimal("0.05"), Decimal("0.4"))
    assert np.dot(years, weights) / weights.sum() == pytest.approx(float(both), abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(known=positions, low=st.decimals(-4, 4, places=2), high=st.decimals(-4, 4, places=2), add=shares)
def test_a_worse_year_never_loses_less(
    known: list[Position], low: Decimal, high: Decimal, add: Decimal
) -> None:
    low, high = sorted((low, high))
    better, worse = Scenario(name="better", macro_factor=high), Scenario(name="worse", macro_factor=low)
    harder = replace(worse, name="harder", lgd_add=add, haircut_add=add)
    _, *losses = (
        one.expected_loss for one in stress(known, currency="EUR", scenarios=(better, worse, harder)).results
    )
    assert losses[0] <= losses[1] <= losses[2] <= sum(one.exposure for one in known)


def test_the_loss_is_pd_times_lgd_times_what_is_not_secured() -> None:
    secured = replace(POSITION, collateral=Decimal(200_000), haircut=Decimal("0.2"))
    (as_it_is,) = stress([secured], currency="EUR", scenarios=()).results
    # 0.02 × 0.45 × (400,000 − 160,000)
    assert as_it_is.expected_loss == Decimal("2160.00")
    plain = year("0", haircut_add=Decimal("0.3"), asset_correlation=Decimal(0))
    _, harder = stress([secured], currency="EUR", scenarios=[plain]).results
    # 0.02 × 0.45 × (400,000 − 100,000)
    assert harder.expected_loss == Decimal("2700.00")


def test_a_bad_year_cuts_limits_and_tells_which_cap_does_it() -> None:
    as_it_is, *bad = stress([POSITION], currency="EUR").results
    assert as_it_is.cuts == ()
    (cut,) = bad[-1].cuts
    assert (cut.name, cut.standing) == ("Alfa", Decimal(750_000))
    assert cut.stressed < cut.standing
    assert cut.binding_cap in ("policy", "expected_loss")
    assert in_scenario(POSITION, SCENARIOS[-1]).limit.inputs.grade > "C"  # type: ignore[union-attr]


def test_few_names_are_told() -> None:
    names = [replace(POSITION, exposure=Decimal(amount)) for amount in (100, 100, 100, 100)]
    assert stress(names, currency="EUR").effective_names == 4
    one_large = [replace(POSITION, exposure=Decimal(amount)) for amount in (997, 1, 1, 1)]
    assert stress(one_large, currency="EUR").effective_names == 1


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"pd": Decimal("1.1")}, "Alfa.pd"),
        ({"lgd": Decimal("NaN")}, "Alfa.lgd"),
        ({"exposure": Decimal(-1)}, "Alfa.exposure"),
        ({"haircut": Decimal(2)}, "Alfa.haircut"),
    ],
)
def test_wrong_positions_are_refused_and_named(change: dict[str, Decimal], where: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        stress([replace(POSITION, **change)], currency="EUR")
    assert (refused.value.code, refused.value.where) == ("stress.input_invalid", where)


def test_no_positions_a_wild_scenario_and_a_confidence_of_one_are_refused() -> None:
    for positions, scenario, confidence, code in (
        ([], year("0"), "0.99", "stress.no_positions"),
        ([POSITION], year("-7"), "0.99", "stress.input_invalid"),
        ([POSITION], year("0", pair_correlation=Decimal("0.95")), "0.99", "stress.input_invalid"),
        ([POSITION], year("0"), "1", "stress.input_invalid"),
    ):
        with pytest.raises(InvalidInput) as refused:
            stress(positions, currency="EUR", scenarios=[scenario], confidence=Decimal(confidence))
        assert refused.value.code == code


def test_a_portfolio_and_scenarios_come_from_files(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.csv"
    file.write_text(
        "name,currency,exposure,pd,lgd,recourse_pd,collateral,haircut,limit,grade,annual_volume,terms_days\n"
        "Alfa,EUR,400000,0.02,0.45,,,,750000,C,3650000,60\n"
        "Beta,EUR,100000,0.01,0.4,0.05,50000,0.2,,,,\n"
    )
    currency, (first, second) = read_portfolio(file, as_of=date(2026, 1, 31))
    assert (currency, first) == ("EUR", POSITION)
    assert (second.recourse_pd, second.collateral, second.limit) == (Decimal("0.05"), Decimal(50_000), None)
    scenarios = tmp_path / "scenarios.csv"
    scenarios.write_text("name,macro_factor,lgd_add,pair_correlation\nbad,-2,0.1,\nworse,-3,,0.7\n")
    assert read_scenarios(scenarios) == [
        Scenario(name="bad", macro_factor=Decimal(-2), lgd_add=Decimal("0.1")),
        Scenario(name="worse", macro_factor=Decimal(-3), pair_correlation=Decimal("0.7")),
    ]


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        ("name,currency,exposure,pd\na,EUR,1,0.1\n", "scoring.column_missing", "lgd"),
        ("name,currency,exposure,pd,lgd\na,EUR,1,x,0.4\n", "scoring.value_type", "pd, row 1"),
        ("name,currency,exposure,pd,lgd\na,EUR,1,inf,0.4\n", "scoring.value_type", "pd, row 1"),
        (
            "name,currency,exposure,pd,lgd\na,EUR,1,.1,.4\nb,USD,1,.1,.4\n",
            "stress.currencies_differ",
            "currency",
        ),
        ("name,currency,exposure,pd,lgd\n", "scoring.no_rows", None),
        (
            "name,currency,exposure,pd,lgd,limit\na,EUR,1,.1,.4,100\n",
            "scoring.value_type",
            "annual_volume, row 1",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, content: str, code: str, where: str | None) -> None:
    file = tmp_path / "portfolio.csv"
    file.write_text(content)
    with pytest.raises(InvalidInput) as refused:
        read_portfolio(file, as_of=date(2026, 1, 31))
    assert refused.value.code == code
    assert where is None or refused.value.where == where
