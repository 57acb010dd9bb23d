"""The ridge card's fit from counts of places alone: the maximum that `scoring.weights` finds, for less.

statsmodels multiplies the design out: with 100,000 rows and 300 columns a quarter of a gigabyte, read several
times in each step. Here the score comes from sums per place, and Newton's method keeps an information
matrix as long as its steps shrink fast (Shamanskii, Ukrainian Math. J. 19, 1967). Tests hold the weights to
those of statsmodels' binomial GLM, and the covariance to the bootstrap's.

With many rows the bootstrap of the score has reached its normal limit, so its covariance is counted too,
instead of drawn: the sandwich estimator (Huber 1967; White, Econometrica 50, 1982), with whole firms as
units where they are known.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from scoring.design import PlacedDesign
from scoring.prebins import Flags, Floats
from scoring.weights import Groups, fit_failed

_CLOSE: Final = 1e-8
_FAST: Final = 0.25  # a step of at most this share of the one before is worth more than a new information
_MOST_STEPS: Final = 200
_SAME: Final = 1e-11  # by which sums over rows differ when nothing does


def fit_counted(
    design: PlacedDesign, bad: Flags, strengths: Floats, start: Floats | None = None
) -> tuple[Floats, float]:
    """Return the weights with a log-F(m, m) prior on each but the intercept, and the data's log likelihood.

    `strengths` are the m, `start` weights to search from; where they are worse than 0, the search starts
    there, and climbs from then on.

    Raises:
        Broken: `scoring.fit_failed`.
    """
    params = np.zeros(design.size)
    log_odds = design.log_odds(params)
    height = _height(log_odds, bad, strengths, params)
    if start is not None:
        started = design.log_odds(start)
        reached = _height(started, bad, strengths, start)
        if reached > height:
            params, log_odds, height = start, started, reached
    information: Any = None
    last = math.inf
    for _ in range(_MOST_STEPS):
        pd = expit(log_odds)
        score = design.sums(bad - pd)
        score[1:] += strengths * (0.5 - expit(params[1:]))
        step = None if information is None else cho_solve(information, score)
        if step is None or np.abs(step).max() > last * _FAST:
            information = _factored(_information(design, strengths, params, pd))
            step = cho_solve(information, score)
        last = float(np.abs(step).max())
        if last < _CLOSE:
            return params, _likelihood(log_odds, bad)
        while True:
            log_odds = design.log_odds(params + step)
            reached = _height(log_odds, bad, strengths, params + step)
            if reached >= height - _SAME * abs(height) or np.abs(step).max() < _CLOSE:
                break
            step = step / 2
        params, height = params + step, reached
    raise fit_failed()


def sandwich(
    design: PlacedDesign, bad: Flags, strengths: Floats, params: Floats, groups: Groups | None = None
) -> Floats:
    """Return the covariance that draws of `scoring.weights.bootstrap` tend to as they grow in number."""
    pd = expit(design.log_odds(params))
    left = bad - pd
    if groups is None:
        total, count = design.sums(left), len(bad)
        spread = design.gram(left**2)
    else:
        scores = design.sums_of(groups, left)
        total, count = scores.sum(axis=0), len(scores)
        spread = scores.T @ scores
    spread = spread - np.outer(total, total) / count
    inverse = np.linalg.inv(_information(design, strengths, params, pd))
    return np.asarray(inverse @ spread @ inverse, dtype=np.float64)


def _height(log_odds: Floats, bad: Flags, strengths: Floats, params: Floats) -> float:
    """Return the log likelihood with that of the priors."""
    prior = strengths * (params[1:] / 2 - np.logaddexp(0, params[1:]))
    return _likelihood(log_odds, bad) + float(prior.sum())


def _likelihood(log_odds: Floats, bad: Flags) -> float:
    return float(-np.logaddexp(0, np.where(bad, -log_odds, log_odds)).sum())


def _factored(information: Floats) -> Any:
    try:
        return cho_factor(information)
    except np.linalg.LinAlgError:
        raise fit_failed() from None


def _information(design: PlacedDesign, strengths: Floats, params: Floats, pd: Floats) -> Floats:
    half = expit(params[1:])
    return design.gram(pd * (1 - pd)) + np.diag(np.concatenate([[0.0], strengths * half * (1 - half)]))
