"""Whether predicted probabilities come true: slope and intercept, and each grade's outcome with its interval.

Slope: the weight of the log odds in a logistic regression of the outcome on them; 1 is right, below 1 the
predictions are too extreme (Cox, Two Further Applications of a Model for Binary Regression, 1958).
Intercept: the constant of that regression with the slope held at 1; above 0 defaults were predicted too
low. Both with Wald intervals, clustered by firm where the firms are known. Default rates of grades have
Jeffreys' interval, the quantiles of Beta(b + ½, n − b + ½) (Brown, Cai and DasGupta, Interval Estimation
for a Binomial Proportion, 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.stats import beta

from scoring.artifact import GRADE_SCALE, GradeOutcome
from scoring.prebins import Flags, Floats
from scoring.validation import Estimate

_PLACES: Final = 6
_TAIL: Final = 0.025


@dataclass(frozen=True, slots=True)
class Calibration:
    """Slope and intercept with 95 % intervals."""

    slope: Estimate
    intercept: Estimate


def calibrate(bad: Flags, log_odds: Floats, groups: NDArray[np.intp] | None = None) -> Calibration:
    """Return the calibration of predicted log odds on rows that the model was not fitted to."""
    clustered = {} if groups is None else {"cov_type": "cluster", "cov_kwds": {"groups": groups}}
    target, family = bad.astype(np.float64), sm.families.Binomial()
    ones = np.ones(len(bad))
    free: Any = sm.GLM(target, np.column_stack([ones, log_odds]), family=family).fit(**clustered)
    held: Any = sm.GLM(target, ones, family=family, offset=log_odds).fit(**clustered)
    return Calibration(_estimate(free, 1), _estimate(held, 0))


def grade_outcomes(bad: Flags, pd: Floats, shift: float = 0.0) -> tuple[GradeOutcome, ...]:
    """Return what became of the rows of each grade that has any.

    `pd` are those of the population; where the sample's rate differs, `shift` is the prior shift, and the
    rates and their bounds are moved by it too.
    """
    limits = np.array([float(limit) for _, limit in GRADE_SCALE])
    # Grades hold PDs of six places, as the scorer gives them.
    found = np.searchsorted(limits, pd.round(_PLACES), side="left")
    outcomes = []
    for i, (name, _) in enumerate(GRADE_SCALE):
        rows, bads = int((found == i).sum()), int(bad[found == i].sum())
        if rows:
            low, high = jeffreys(rows, bads)
            outcomes.append(
                GradeOutcome(
                    name,
                    rows,
                    bads,
                    _decimal(float(pd[found == i].mean())),
                    _decimal(_moved(low, shift)),
                    _decimal(_moved(high, shift)),
                )
            )
    return tuple(outcomes)


def jeffreys(rows: int, bad: int) -> tuple[float, float]:
    """Return the 95 % interval of the rate of `bad` among `rows`; it reaches 0 and 1 at the ends."""
    low = 0.0 if bad == 0 else float(beta.ppf(_TAIL, bad + 0.5, rows - bad + 0.5))
    high = 1.0 if bad == rows else float(beta.ppf(1 - _TAIL, bad + 0.5, rows - bad + 0.5))
    return low, high


def _moved(rate: float, shift: float) -> float:
    if rate in (0.0, 1.0):
        return rate
    return float(1 / (1 + np.exp(-(np.log(rate / (1 - rate)) + shift))))


def _estimate(fit: Any, index: int) -> Estimate:
    low, high = np.asarray(fit.conf_int())[index]
    return Estimate(float(fit.params[index]), float(low), float(high))


def _decimal(number: float) -> Decimal:
    return Decimal(f"{number:.{_PLACES}f}")
