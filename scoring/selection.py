"""Which features a card may weigh: information value, then correlation and VIF, then sign, then AIC.

The steps of the textbook scorecard (Siddiqi, Credit Risk Scorecards, 2006, chapters 6 and 10). Each tells why
a feature was left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from scoring.binning import Binning
from scoring.prebins import Flags, Floats
from scoring.weights import Groups, Weights, fit_plain, fit_separated

LEAST_INFORMATION: Final = 0.02  # below it a feature does not predict (Siddiqi 2006)
SAME: Final = 0.99
_CORRELATED: Final = 0.9
_LARGEST_VIF: Final = 10.0  # Kutner, Nachtsheim, Neter and Li, Applied Linear Statistical Models (2005), 10.5
_LEAST_GAIN: Final = 2.0  # a weight whose Wald χ² is below this does not pay for itself in AIC


@dataclass(frozen=True, slots=True)
class Selected:
    """The features that stand, in the order given, their fit (weights on −WOE), and why the others fell."""

    names: tuple[str, ...]
    weights: Weights
    note: str
    penalised: bool
    dropped: Mapping[str, str]


def too_weak(binning: Binning) -> str | None:
    """Tell why a binned feature cannot predict, or None."""
    if sum(one.good + one.bad > 0 for one in binning.all_bins()) < 2:
        return "no cut keeps to the trend with large enough bins"
    if binning.information_value < LEAST_INFORMATION:
        return f"information value {binning.information_value:.4f} is below {LEAST_INFORMATION}"
    return None


def repeated(information: Mapping[str, float], woe: Mapping[str, Floats], limit: float) -> dict[str, str]:
    """Find features whose WOE correlates at least `limit` with one of no less information value."""
    kept: list[str] = []
    found: dict[str, str] = {}
    at = {name: i for i, name in enumerate(woe)}
    matrix = np.column_stack([_unit(column) for column in woe.values()]) if woe else np.empty((0, 0))
    correlation = np.abs(matrix.T @ matrix)
    for name in sorted(woe, key=lambda name: -information[name]):
        twin = next((other for other in kept if correlation[at[name], at[other]] >= limit), None)
        if twin is None:
            kept.append(name)
        else:
            found[name] = f"it says the same as {twin} (correlation at least {limit})"
    return found


def inflated(information: Mapping[str, float], woe: Mapping[str, Floats]) -> dict[str, str]:
    """Find features that the others explain: variance inflation above 10, the least informative first."""
    names = sorted(woe, key=lambda name: -information[name])
    found: dict[str, str] = {}
    unit = {name: _unit(woe[name]) for name in names}
    while len(names) > 1:
        matrix = np.column_stack([unit[name] for name in names])
        factors = np.diag(np.linalg.pinv(matrix.T @ matrix))
        high = [i for i, factor in enumerate(factors) if factor > _LARGEST_VIF]
        if not high:
            break
        last = high[-1]
        found[names[last]] = f"the others explain it (variance inflation {factors[last]:.0f})"
        del names[last]
    return found


def select(
    information: Mapping[str, float], woe: Mapping[str, Floats], bad: Flags, groups: Groups | None
) -> Selected | None:
    """Select from features that are not too weak; None when none stands.

    Weights must have the sign of the WOE. Then the feature with the lowest Wald χ² goes while that lowers
    AIC.
    """
    dropped = repeated(information, woe, _CORRELATED)
    left = {name: column for name, column in woe.items() if name not in dropped}
    dropped |= inflated(information, left)
    names = [name for name in woe if name not in dropped]
    while names:
        design = np.column_stack([np.ones(len(bad)), *(-woe[name] for name in names)])
        plain = fit_plain(design, bad, groups)
        if isinstance(plain, str):
            weights, strength = fit_separated(design, bad)
            note = f"log-F({strength}, {strength}) prior on each weight: maximum likelihood fails: {plain}"
        else:
            weights, note = plain, "maximum likelihood"
        betas = weights.params[1:]
        worst = int(np.argmin(betas))
        if betas[worst] <= 0:
            dropped[names[worst]] = "its weight would oppose its own evidence, beside the other features"
            del names[worst]
            continue
        wald = betas**2 / np.diag(weights.covariance)[1:]
        worst = int(np.argmin(wald))
        if wald[worst] >= _LEAST_GAIN or len(names) == 1:
            return Selected(tuple(names), weights, note, isinstance(plain, str), dropped)
        dropped[names[worst]] = f"it does not lower AIC beside the others (Wald χ² {wald[worst]:.2f})"
        del names[worst]
    return None


def _unit(column: Floats) -> Floats:
    centred = column - column.mean()
    return np.asarray(centred / math.sqrt(centred @ centred), dtype=np.float64)
