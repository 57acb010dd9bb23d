"""Has the population moved? The PSI of two samples, with a critical value that knows how large they are.

    PSI = Σ (p − q)·ln(p/q)        over the bins, p and q each sample's shares (of a score; of a feature
    it is the CSI)

Where nothing has moved, PSI / (1/n + 1/m) is about χ² with one degree of freedom less than bins (Yurdakul
and Naranjo, Journal of Risk Model Validation 14(4), 2020), so that the usual thresholds of 0.1 and 0.25
alarm almost always in small samples and almost never in large ones. Half a row is added to each bin, so
that an empty one stays finite. As χ² is a limit, up to a tenth too small at a few hundred rows with rare
bins, the level is 4.5 %: false alarms then stay under 5 % from n = 100 on, which a test simulates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import InvalidInput

LEVEL: Final = 0.045
MATERIAL: Final = (
    0.1  # Siddiqi, Credit Risk Scorecards (2006), ch. 8: from here on a shift matters in practice
)
LEAST_ROWS: Final = 100
_ADDED: Final = 0.5


@dataclass(frozen=True, slots=True)
class Stability:
    """A sample held beside a base.

    `psi` is above `critical` by chance in less than 5 % of samples of these sizes; `shifted` tells that
    it is, `material` that it also is large enough to matter. `parts` are the bins' shares of the PSI, the
    largest first.
    """

    psi: float
    critical: float
    shifted: bool
    material: bool
    base_rows: int
    rows: int
    parts: tuple[tuple[str, float], ...]


def stability(base: Mapping[str, int], now: Mapping[str, int]) -> Stability:
    """Return the PSI of two samples, bin → rows; a bin that one of them lacks has no rows there.

    Raises:
        InvalidInput: `monitoring.too_few` under 100 rows in a sample, `monitoring.count_invalid`,
            `monitoring.one_bin`.
    """
    bins = sorted({name for sample in (base, now) for name, rows in sample.items() if rows})
    for sample in (base, now):
        for name, rows in sample.items():
            if type(rows) is not int or rows < 0:
                raise InvalidInput("monitoring.count_invalid", f"Bin {name!r} has {rows!r} rows.", where=name)
    sizes = sum(base.values()), sum(now.values())
    if min(sizes) < LEAST_ROWS:
        raise InvalidInput(
            "monitoring.too_few",
            f"The samples have {sizes[0]} and {sizes[1]} rows; each needs {LEAST_ROWS}.",
            where="the samples",
            hint="Take a longer time.",
        )
    if len(bins) < 2:
        raise InvalidInput("monitoring.one_bin", "All rows are in one bin.", where="the samples")
    parts = {}
    for name in bins:
        p, q = (
            (sample.get(name, 0) + _ADDED) / (size + _ADDED * len(bins))
            for sample, size in zip((base, now), sizes, strict=True)
        )
        parts[name] = (p - q) * math.log(p / q)
    psi = sum(parts.values())
    critical = (1 / sizes[0] + 1 / sizes[1]) * chi_square_quantile(1 - LEVEL, len(bins) - 1)
    return Stability(
        psi=psi,
        critical=critical,
        shifted=psi > critical,
        material=psi > critical and psi >= MATERIAL,
        base_rows=sizes[0],
        rows=sizes[1],
        parts=tuple(sorted(parts.items(), key=lambda part: -part[1])),
    )


def chi_square_quantile(share: float, degrees: int) -> float:
    """Return the value that χ² with these degrees of freedom stays below with probability `share`."""
    low, high = 0.0, degrees + 40.0 * math.sqrt(degrees) + 40.0
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _chi_square(middle, degrees) < share else (low, middle)
    return (low + high) / 2


def _chi_square(x: float, degrees: int) -> float:
    """Return P(χ² ≤ x): the incomplete gamma function by its series (Abramowitz and Stegun 6.5.29)."""
    shape, half = degrees / 2, x / 2
    if half <= 0:
        return 0.0
    term = total = math.exp(shape * math.log(half) - half - math.lgamma(shape + 1))
    count = 1
    while term > total * 1e-16:
        term *= half / (shape + count)
        total += term
        count += 1
    return total
