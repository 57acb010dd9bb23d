"""A synthetic portfolio of small firms with a structural default model. No firm in it is real.

Each firm has assets V₀ = 1 and debt L, both hidden, as in Merton (1974). Within a year its assets move to

    V = exp(μ − σ²/2 + σ·(√ρ·Z + √(1−ρ)·ε))          Z: the year's state of the economy, ε: the firm's own
    fate

(Vasicek's one factor: firms observed in the same year share Z) and it defaults when V falls below its
default point, D = L·(1 + 0.25·liquidity stress). Over good and bad years its true probability of default is
Φ(−(ln(1/D) + μ − σ²/2)/σ). Drift μ follows earnings, volatility σ falls with age and differs by sector,
liquidity stress is a hidden trait that also shows in how late the firm pays.

The figures are noisy views of these: the equity ratio sees L, interest cover and net margin see μ and L,
the current ratio, payables days and days late see the liquidity stress, the dilution rate sees the quality
of the firm's sales. Young firms often lack figures, and firms new to the platform have no payment history:
missing is not at random.

Numbers come from Python's Mersenne Twister by inversion, and figures are rounded as statements print them,
so that a seed gives the same portfolio on every machine.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist
from typing import Final

from scoring.contract import SECTORS

SYNTHETIC_NOTICE: Final = "synthetic portfolio (structural default model); not real firms"
_ASSET_CORRELATION: Final = 0.12  # as Basel's formula gives for firms of this PD, CRE31.5
_INTEREST_RATE: Final = 0.06
_YEARS_OBSERVED: Final = 12
_STANDARD_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class SyntheticFirm:
    """One firm: what a lender sees (`figures`, None where not known), and whether it defaulted.

    `true_pd` is its probability of default over good and bad years, known only because it is made up.
    """

    figures: Mapping[str, Decimal | str | None]
    defaulted: bool
    true_pd: float


@dataclass(frozen=True, slots=True)
class _Sector:
    share: float
    volatility: float
    turnover: float
    margin: float
    dilution: float


_SECTORS: Final[Mapping[str, _Sector]] = dict(
    zip(
        SECTORS,
        (
            _Sector(share=0.25, volatility=0.28, turnover=1.5, margin=0.035, dilution=0.02),
            _Sector(share=0.30, volatility=0.34, turnover=2.2, margin=0.025, dilution=0.05),
            _Sector(share=0.30, volatility=0.22, turnover=1.2, margin=0.045, dilution=0.03),
            _Sector(share=0.15, volatility=0.25, turnover=1.4, margin=0.040, dilution=0.03),
        ),
        strict=True,
    )
)


def generate_portfolio(rows: int, seed: int) -> list[SyntheticFirm]:
    """Return a portfolio of `rows` firms whose year was drawn with `seed`."""
    draw = _Draw(seed)
    economies = [draw.normal() for _ in range(_YEARS_OBSERVED)]
    return [_firm(draw, economies[i % _YEARS_OBSERVED]) for i in range(rows)]


@dataclass(frozen=True, slots=True)
class _Traits:
    """What nobody sees of a firm, and what its figures show with noise."""

    sector: str
    years: float
    quality: float
    efficiency: float
    stress: float
    debt: float
    earnings: float


def _firm(draw: _Draw, economy: float) -> SyntheticFirm:
    traits = _traits(draw)
    sector = _SECTORS[traits.sector]
    volatility = sector.volatility * math.exp(draw.normal(0.0, 0.15)) * (1 + 1.6 / (1 + traits.years))
    default_point = traits.debt * (1 + 0.25 * max(traits.stress, 0.0))
    drift = 0.8 * traits.earnings
    distance = (-math.log(default_point) + drift - volatility**2 / 2) / volatility
    fate = draw.normal()
    shock = math.sqrt(_ASSET_CORRELATION) * economy + math.sqrt(1 - _ASSET_CORRELATION) * fate
    return SyntheticFirm(
        figures=_figures(draw, traits, sector),
        defaulted=shock < -distance,
        true_pd=_STANDARD_NORMAL.cdf(-distance),
    )


def _traits(draw: _Draw) -> _Traits:
    quality, efficiency = draw.normal(), draw.normal()
    return _Traits(
        sector=draw.choice([(name, one.share) for name, one in _SECTORS.items()]),
        years=min(math.exp(draw.normal(2.1, 0.8)), 80.0),
        quality=quality,
        efficiency=efficiency,
        stress=max(draw.normal() - 0.35 * quality - 0.5 * efficiency, -2.5),
        debt=_logistic(draw.normal(-0.45, 0.5) - 0.3 * quality),
        earnings=0.06 + 0.06 * quality + draw.normal(0.0, 0.08),
    )


def _figures(draw: _Draw, traits: _Traits, sector: _Sector) -> dict[str, Decimal | str | None]:
    debt, earnings, stress = traits.debt, traits.earnings, traits.stress
    turnover = sector.turnover * math.exp(0.4 * traits.efficiency + draw.normal(0.0, 0.15))
    equity = min(1 - debt + draw.normal(0.0, 0.1), 1.0)
    margin = sector.margin + 0.35 * (earnings - 0.06) / turnover + draw.normal(0.0, 0.01)
    cover = (earnings + 0.03 + draw.normal(0.0, 0.01)) / (_INTEREST_RATE * max(debt, 0.02))
    liquidity = math.exp(0.35 - 0.18 * stress + 0.35 * (0.5 - debt) + draw.normal(0.0, 0.2))
    payables = max(38 + 9 * stress + draw.normal(0.0, 10.0), 1.0)
    late = max(6 + 7 * stress + draw.normal(0.0, 5.0), 0.0)
    dilution = min(sector.dilution * math.exp(-0.3 * traits.quality + draw.normal(0.0, 0.6)), 0.6)
    no_statement = draw.uniform() < (0.25 if traits.years < 2 else 0.02)
    no_history = draw.uniform() < (0.5 if traits.years < 2 else 0.12)
    return {
        "years_trading": _rounded(traits.years, 1),
        "sector": traits.sector,
        "current_ratio": None if no_statement else _rounded(liquidity, 2),
        "equity_ratio": None if no_statement else _rounded(equity, 3),
        "interest_cover": None if no_statement or debt < 0.08 else _rounded(cover, 2),
        "net_margin": None if no_statement else _rounded(margin, 3),
        "asset_turnover": None if no_statement else _rounded(turnover, 2),
        "payables_days": None if no_statement else _rounded(payables, 0),
        "days_late_12m": None if no_history else _rounded(late, 1),
        "dilution_rate": None if no_history else _rounded(dilution, 3),
    }


class _Draw:
    """Random numbers from one seed, by inversion, so that they do not depend on a library's version."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (a simulation, not a secret)

    def uniform(self) -> float:
        return self._random.random()

    def normal(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        share = self._random.random()
        return mean + deviation * _STANDARD_NORMAL.inv_cdf(share or 2.0**-54)

    def choice(self, shares: list[tuple[str, float]]) -> str:
        point = self._random.random()
        for value, share in shares:
            point -= share
            if point < 0:
                return value
        return shares[-1][0]


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _rounded(number: float, places: int) -> Decimal:
    return Decimal(f"{number:.{places}f}") + 0
