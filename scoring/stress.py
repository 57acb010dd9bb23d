"""Stress: what a portfolio loses in a declared state of the economy, and which limits would be cut.

A party's assets are X = √ρ·Z + √(1−ρ)·e, Z the state of the economy, both standard normal. Given Z it
defaults with

    PD(Z) = Φ((Φ⁻¹(PD) − √ρ·Z) / √(1−ρ))        Vasicek, Loan portfolio value, Risk 15 (2002); Basel CRE31.4

so a low Z is a bad year. ρ is Basel's for corporates (CRE31.5) unless the scenario declares one. Where a
loss needs both sides to default, what is left of their correlation r given Z is (r − √(ρₐρ_b)) /
√((1−ρₐ)(1−ρ_b)).

Over one year: expected loss = PD · LGD · unsecured exposure. Unexpected loss = the loss at Z =
−Φ⁻¹(confidence) less the expected one: exact for a portfolio of many small names (one risk factor), too
low for a few large ones, so the effective number of names, 1/Σ share², is told beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import NormalDist
from typing import Final

from core.errors import InvalidInput
from core.money import minor_units
from scoring.artifact import GRADE_SCALE
from scoring.default_correlation import HIGHEST_CORRELATION, joint_pd
from scoring.limits import LimitInputs, propose

CONFIDENCE: Final = Decimal("0.999")  # of the Basel Framework, CRE31.4
_WORST_FACTOR: Final = Decimal(6)
_PD_PLACES: Final = Decimal("0.000001")
_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class StandingLimit:
    """A limit as it stands, with what it would be proposed from today."""

    amount: Decimal
    inputs: LimitInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What is at stake with one party or pair, in the portfolio's currency.

    `exposure` is the exposure at default; `pd` and `recourse_pd` are for one year, as of an average year;
    a loss needs both to default where `recourse_pd` is known. `collateral` counts less its `haircut`.
    """

    name: str
    exposure: Decimal
    pd: Decimal
    lgd: Decimal
    recourse_pd: Decimal | None = None
    collateral: Decimal = Decimal(0)
    haircut: Decimal = Decimal(0)
    limit: StandingLimit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A declared state of the economy and what it does to losses.

    `macro_factor` is Z in standard deviations: 0 an average year, −2.33 the worst in a hundred. `lgd_add` and
    `haircut_add` are added, up to 1. `pair_correlation` ties the assets of buyer and seller.
    """

    name: str
    macro_factor: Decimal
    lgd_add: Decimal = Decimal(0)
    haircut_add: Decimal = Decimal(0)
    asset_correlation: Decimal | None = None
    pair_correlation: Decimal = Decimal("0.5")


# An average year has no factor at all: PDs are as they stand. The LGD add-ons of the bad years are the
# SBA's of 2007 to 2009, as observed and at its upper bound (docs/scoring/lgd.md); the haircuts are this
# project's.
AS_IT_IS: Final = "as it is"
SCENARIOS: Final = (
    Scenario(
        name="one year in ten",
        macro_factor=Decimal("-1.28"),
        lgd_add=Decimal("0.05"),
        haircut_add=Decimal("0.05"),
    ),
    Scenario(
        name="one year in a hundred",
        macro_factor=Decimal("-2.33"),
        lgd_add=Decimal("0.09"),
        haircut_add=Decimal("0.10"),
    ),
    Scenario(
        name="one year in a thousand",
        macro_factor=Decimal("-3.09"),
        lgd_add=Decimal("0.12"),
        haircut_add=Decimal("0.20"),
    ),
)


@dataclass(frozen=True, slots=True)
class LimitCut:
    """A limit that would be proposed lower than it stands."""

    name: str
    standing: Decimal
    stressed: Decimal
    binding_cap: str


@dataclass(frozen=True, slots=True)
class StressResult:
    """What a scenario does to a portfolio over one year; amounts in the portfolio's currency."""

    scenario: str
    expected_loss: Decimal
    unexpected_loss: Decimal
    cuts: tuple[LimitCut, ...]


@dataclass(frozen=True, slots=True)
class StressReport:
    """A portfolio as it is and in each scenario."""

    currency: str
    exposure: Decimal
    positions: int
    effective_names: Decimal
    confidence: Decimal
    results: tuple[StressResult, ...]


def stress(
    positions: Sequence[Position],
    *,
    currency: str,
    scenarios: Sequence[Scenario] = SCENARIOS,
    confidence: Decimal = CONFIDENCE,
) -> StressReport:
    """Return what the portfolio loses as it is and in each scenario.

    Args:
        positions: all in one currency.
        currency: which.
        scenarios: what is asked.
        confidence: of the unexpected loss, above 0.5 and below 1.

    Raises:
        InvalidInput: `stress.input_invalid` with position or scenario and field, `stress.no_positions`,
            `money.currency_unknown`, and what `scoring.limits.propose` raises.
    """
    _check(positions, scenarios, confidence)
    exposure = sum((one.exposure for one in positions), start=Decimal(0))
    squares = sum((one.exposure**2 for one in positions), start=Decimal(0))
    plain = Scenario(name=AS_IT_IS, macro_factor=Decimal(0))
    results = [_result(positions, plain, currency, confidence)]
    for scenario in scenarios:
        stressed = [in_scenario(position, scenario) for position in positions]
        results.append(_result(stressed, scenario, currency, confidence))
    return StressReport(
        currency=currency,
        exposure=exposure,
        positions=len(positions),
        effective_names=(exposure**2 / squares).quantize(Decimal("0.1")) if squares else Decimal(0),
        confidence=confidence,
        results=tuple(results),
    )


def in_scenario(position: Position, scenario: Scenario) -> Position:
    """Return a position as the scenario leaves it: its PDs, LGD, haircut and the inputs of its limit."""
    pd = conditional_pd(position.pd, scenario.macro_factor, scenario.asset_correlation)
    recourse_pd = position.recourse_pd
    if recourse_pd is not None:
        recourse_pd = conditional_pd(recourse_pd, scenario.macro_factor, scenario.asset_correlation)
    lgd = min(position.lgd + scenario.lgd_add, Decimal(1))
    haircut = min(position.haircut + scenario.haircut_add, Decimal(1))
    limit = position.limit
    if limit is not None:
        known = limit.inputs
        limit = replace(
            limit,
            inputs=replace(
                known,
                pd=pd,
                recourse_pd=None if known.recourse_pd is None else recourse_pd,
                lgd=min(known.lgd + scenario.lgd_add, Decimal(1)),
                haircut=min(known.haircut + scenario.haircut_add, Decimal(1)),
                grade=next(grade for grade, up_to in GRADE_SCALE if pd <= up_to),
            ),
        )
    return replace(position, pd=pd, recourse_pd=recourse_pd, lgd=lgd, haircut=haircut, limit=limit)


def conditional_pd(pd: Decimal, macro_factor: Decimal, asset_correlation: Decimal | None = None) -> Decimal:
    """Return the one-year PD given the state of the economy, to six places.

    Args:
        pd: of an average year, 0 to 1.
        macro_factor: Z, in standard deviations; low is bad.
        asset_correlation: ρ; None: Basel's for corporates.
    """
    correlation = basel_correlation(float(pd)) if asset_correlation is None else float(asset_correlation)
    return Decimal(_given(float(pd), float(macro_factor), correlation)).quantize(_PD_PLACES)


def loss_pd_given(position: Position, scenario: Scenario, factor: float) -> float:
    """Return the probability of a loss on a position in a year of the state `factor` (Z).

    The scenario gives the correlations; what else it does is in the position already (`in_scenario`).
    """
    declared = scenario.asset_correlation
    own = basel_correlation(float(position.pd)) if declared is None else float(declared)
    given = _given(float(position.pd), factor, own)
    if position.recourse_pd is None:
        return given
    others = basel_correlation(float(position.recourse_pd)) if declared is None else float(declared)
    left = (float(scenario.pair_correlation) - math.sqrt(own * others)) / math.sqrt((1 - own) * (1 - others))
    residual = min(max(Decimal(left), Decimal(0)), HIGHEST_CORRELATION)
    other = _given(float(position.recourse_pd), factor, others)
    return float(joint_pd(Decimal(given), Decimal(other), residual))


def basel_correlation(pd: float) -> float:
    """Return Basel's asset correlation for corporates, 0.24 for the best to 0.12 for the worst: CRE31.5."""
    weight = (1 - math.exp(-50 * pd)) / (1 - math.exp(-50))
    return 0.12 * weight + 0.24 * (1 - weight)


def _given(pd: float, factor: float, correlation: float) -> float:
    if not 0 < pd < 1:
        return pd
    return _NORMAL.cdf((_NORMAL.inv_cdf(pd) - math.sqrt(correlation) * factor) / math.sqrt(1 - correlation))


def _result(
    positions: Sequence[Position], scenario: Scenario, currency: str, confidence: Decimal
) -> StressResult:
    expected = sum(_loss_pd(one, scenario) * _severity(one) for one in positions)
    factor = -_NORMAL.inv_cdf(float(confidence))
    worst = sum(loss_pd_given(one, scenario, factor) * _severity(one) for one in positions)
    return StressResult(
        scenario=scenario.name,
        expected_loss=_money(expected, currency),
        unexpected_loss=_money(worst - expected, currency),
        cuts=tuple(cut for one in positions if (cut := _cut(one)) is not None),
    )


def _loss_pd(position: Position, scenario: Scenario) -> float:
    if position.recourse_pd is None:
        return float(position.pd)
    return float(joint_pd(position.pd, position.recourse_pd, scenario.pair_correlation))


def _severity(position: Position) -> float:
    secured = position.collateral * (1 - position.haircut)
    return float(max(position.exposure - secured, Decimal(0)) * position.lgd)


def _cut(position: Position) -> LimitCut | None:
    if position.limit is None:
        return None
    proposal = propose(position.limit.inputs)
    if proposal.amount >= position.limit.amount:
        return None
    return LimitCut(position.name, position.limit.amount, proposal.amount, proposal.binding_cap)


def _money(amount: float, currency: str) -> Decimal:
    quantum = Decimal(1).scaleb(-minor_units(currency))
    return Decimal(amount).quantize(quantum, rounding=ROUND_HALF_EVEN)


def _check(positions: Sequence[Position], scenarios: Sequence[Scenario], confidence: Decimal) -> None:
    if not positions:
        raise InvalidInput("stress.no_positions", "The portfolio has no position.", where="positions")
    if not (confidence.is_finite() and Decimal("0.5") < confidence < 1):
        raise _invalid("confidence", confidence, "above 0.5 and below 1")
    one = Decimal(1)
    for position in positions:
        for name, share in (
            ("pd", position.pd),
            ("lgd", position.lgd),
            ("haircut", position.haircut),
            ("recourse_pd", position.recourse_pd or Decimal(0)),
        ):
            _check_range(f"{position.name}.{name}", share, Decimal(0), one)
        for name, amount in (("exposure", position.exposure), ("collateral", position.collateral)):
            _check_range(f"{position.name}.{name}", amount, Decimal(0), Decimal(10) ** 18)
    for scenario in scenarios:
        _check_range(f"{scenario.name}.macro_factor", scenario.macro_factor, -_WORST_FACTOR, _WORST_FACTOR)
        _check_range(f"{scenario.name}.lgd_add", scenario.lgd_add, Decimal(0), one)
        _check_range(f"{scenario.name}.haircut_add", scenario.haircut_add, Decimal(0), one)
        for name, correlation in (
            ("asset_correlation", scenario.asset_correlation or Decimal(0)),
            ("pair_correlation", scenario.pair_correlation),
        ):
            _check_range(f"{scenario.name}.{name}", correlation, Decimal(0), HIGHEST_CORRELATION)


def _check_range(where: str, value: Decimal, low: Decimal, high: Decimal) -> None:
    if not (value.is_finite() and low <= value <= high):
        raise _invalid(where, value, f"from {low:f} to {high:f}")


def _invalid(where: str, value: Decimal, needed: str) -> InvalidInput:
    return InvalidInput(
        "stress.input_invalid", f"{where} must be {needed} and is {value}.", where=where, hint="Correct it."
    )
