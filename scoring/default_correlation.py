"""That two parties default together: the joint probability under a Gaussian copula.

    PD_joint = Φ₂(Φ⁻¹(PD_a), Φ⁻¹(PD_b); ρ)

Each party defaults when the latent value of its assets falls below the threshold that its own PD gives;
the two values are standard normal with the asset correlation ρ (Merton 1974; Li, Journal of Fixed Income
9, 2000; the Basel Committee's double default, BCBS 128 (2006) paragraph 284). Φ₂ by the integral of
Drezner and Wesolowsky (1990) in the form of Genz, Statistics and Computing 14 (2004), equation 3,

    Φ₂(h, k; ρ) = Φ(h)·Φ(k) + 1/2π ∫₀^asin ρ exp(−(h² + k² − 2hk·sin θ) / (2·cos² θ)) dθ

with 20 Gauss-Legendre points. Needs neither scipy nor numpy, as a limit is proposed where a score is.
"""

from __future__ import annotations

import math
from decimal import Decimal
from statistics import NormalDist
from typing import Final

from core.errors import InvalidInput

HIGHEST_CORRELATION: Final = Decimal("0.9")  # up to here 20 points give ten exact places
_PLACES: Final = Decimal("1e-9")
_NORMAL: Final = NormalDist()
# The positive nodes of the Legendre polynomial of degree 20, and their weights (Abramowitz and Stegun
# 25.4.30).
_NODES: Final = (
    (0.07652652113349734, 0.15275338713072585),
    (0.22778585114164507, 0.14917298647260374),
    (0.37370608871541955, 0.14209610931838204),
    (0.5108670019508271, 0.13168863844917664),
    (0.636053680726515, 0.11819453196151841),
    (0.7463319064601508, 0.10193011981724044),
    (0.8391169718222188, 0.08327674157670475),
    (0.912234428251326, 0.06267204833410907),
    (0.9639719272779138, 0.04060142980038694),
    (0.9931285991850949, 0.01761400713915212),
)


def joint_pd(first: Decimal, second: Decimal, correlation: Decimal, days: int = 365) -> Decimal:
    """Return the probability that both default within `days`, to nine places.

    Args:
        first: one party's PD for one year, 0 to 1; brought to the days by a constant hazard.
        second: the other's.
        correlation: of the two parties' assets, 0 to 0.9; 0 gives the product.
        days: the time in which both must default, 0 or more.

    Raises:
        InvalidInput: `limit.input_invalid` with the argument.
    """
    shares = {"first": (first, Decimal(1)), "second": (second, Decimal(1))}
    for name, (share, most) in {**shares, "correlation": (correlation, HIGHEST_CORRELATION)}.items():
        if not (share.is_finite() and 0 <= share <= most):
            raise InvalidInput(
                "limit.input_invalid",
                f"{name} must be a decimal from 0 to {most} and is {share}.",
                where=name,
            )
    lower, higher = sorted(_within(float(pd), days) for pd in (first, second))
    if 0 < lower and higher < 1:
        both = _bivariate_normal(_NORMAL.inv_cdf(lower), _NORMAL.inv_cdf(higher), float(correlation))
        # Correlated parties default together at least as often as strangers, and at most as often as one.
        lower = min(max(both, lower * higher), lower)
    return Decimal(lower).quantize(_PLACES)


def _within(annual_pd: float, days: int) -> float:
    if annual_pd == 1:
        return 1.0 if days > 0 else 0.0
    return -math.expm1(days / 365 * math.log1p(-annual_pd))


def _bivariate_normal(h: float, k: float, correlation: float) -> float:
    half = math.asin(correlation) / 2
    total = 0.0
    for node, weight in _NODES:
        for side in (1 - node, 1 + node):
            sine = math.sin(half * side)
            total += weight * math.exp(-(h * h + k * k - 2 * h * k * sine) / (2 * (1 - sine * sine)))
    return _NORMAL.cdf(h) * _NORMAL.cdf(k) + half * total / (2 * math.pi)
