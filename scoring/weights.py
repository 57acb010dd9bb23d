"""Logistic regression for cards, all by statsmodels' binomial GLM: maximum likelihood, or with priors.

The log odds of default are β₀ + Xβ. Maximum likelihood has a covariance, clustered by firm where the rows
of a firm are known. Where it has no finite answer (the classes separate) and for the card on all bins, each
weight gets a log-F(m, m) prior by data augmentation: one more row per weight, with only that column set and
half a default, weighing m (Greenland and Mansournia, Statistics in Medicine 34, 2015). Near 0 it acts as a
ridge of m/4. A shrunk estimate has no honest covariance, so its intervals come from a bootstrap of the
score: rows (or firms) are drawn again and each draw is carried to the weights by one step of Newton's
method (Hu and Kalbfleisch, The estimating function bootstrap, Canadian J. of Statistics 28, 2000).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.special import expit

from core.errors import Broken
from scoring.design import PlacedDesign
from scoring.prebins import Flags, Floats

SEPARATED_WEIGHT: Final = 15.0
SEPARATED_PRIORS: Final = (300, 100, 30, 10, 1)
_DRAWS: Final = 200
_DRAWS_AT_ONCE: Final = 20
_SEED: Final = 42
_MOST_STEPS: Final = 100

Groups = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Weights:
    """A fit: `params` has the intercept first.

    `covariance` is that of the estimate; for a fit with priors, the inverse of the penalised information,
    which is too small for an interval (see `bootstrap`).
    """

    params: Floats
    log_likelihood: float
    freedom: float
    covariance: Floats

    @property
    def aic(self) -> float:
        """Akaike's criterion, with effective degrees of freedom for a fit with priors."""
        return 2 * self.freedom - 2 * self.log_likelihood


def fit_plain(design: Floats, bad: Flags, groups: Groups | None = None) -> Weights | str:
    """Return the maximum likelihood fit, or in a few words why there is none.

    `design` has the column of ones first. With `groups` (a number per firm) the covariance is clustered.
    """
    clustered = {} if groups is None else {"cov_type": "cluster", "cov_kwds": {"groups": groups}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit: Any = sm.GLM(bad.astype(np.float64), design, family=sm.families.Binomial()).fit(
                maxiter=50, **clustered
            )
            covariance = np.asarray(fit.cov_params())
    except (Warning, np.linalg.LinAlgError, ValueError) as failure:
        return str(failure).splitlines()[0].rstrip(".")
    if not fit.converged:
        return "it does not converge"
    if max(map(abs, fit.params[1:]), default=0.0) > SEPARATED_WEIGHT:
        return f"good and bad rows separate (a weight grows beyond {SEPARATED_WEIGHT:.0f})"
    if not np.isfinite(covariance).all():
        return "the covariance is not finite"
    return Weights(np.asarray(fit.params), float(fit.llf), float(design.shape[1]), covariance)


def fit_with_priors(
    design: Floats | PlacedDesign, bad: Flags, strengths: Floats, start: Floats | None = None
) -> Weights:
    """Return the fit with a log-F(m, m) prior on each weight but the intercept; `strengths` are the m.

    `start` are weights to search from; they are taken when their number fits.
    """
    placed = design if isinstance(design, PlacedDesign) else None
    matrix = design.matrix if isinstance(design, PlacedDesign) else design
    count = matrix.shape[1] - 1
    model = _WithPriors(
        np.concatenate([bad.astype(np.float64), np.full(count, 0.5)]),
        np.vstack([matrix, np.column_stack([np.zeros(count), np.eye(count)])]),
        gram=placed.gram if placed else lambda by: np.asarray((matrix * by[:, None]).T @ matrix),
        family=sm.families.Binomial(),
        var_weights=np.concatenate([np.ones(len(bad)), strengths]),
    )
    fit = _search(model, count, start)
    params = np.asarray(fit.params, dtype=np.float64)
    log_odds = matrix @ params
    pd = expit(log_odds)
    inverse = np.asarray(fit.normalized_cov_params)
    return Weights(
        params,
        float(-np.logaddexp(0, np.where(bad, -log_odds, log_odds)).sum()),
        float(np.trace(model.gram(pd * (1 - pd)) @ inverse)),
        inverse,
    )


def _search(model: _WithPriors, count: int, start: Floats | None) -> Any:
    """Find the only maximum: by Newton from `start`, then from 0, and where both overshoot by BFGS."""
    zero = np.zeros(count + 1)
    ways = [("newton", zero), ("lbfgs", zero)]
    if start is not None and len(start) == count + 1:
        ways.insert(0, ("newton", start))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for method, begin in ways:
            steps = _MOST_STEPS if method == "newton" else _MOST_STEPS * 100
            try:
                fit = model.fit(method=method, start_params=begin, max_start_irls=0, maxiter=steps, disp=0)
            except np.linalg.LinAlgError:
                continue
            if fit.mle_retvals["converged"] and np.isfinite(fit.params).all():
                return fit
    raise fit_failed()


def fit_failed() -> Broken:
    """Return the error that no search found a fit's maximum."""
    return Broken(
        "scoring.fit_failed",
        "A fit with priors has one maximum, and no search found it.",
        hint="Look for columns of extreme size, and report the data's shape to the maintainers.",
    )


def fit_separated(design: Floats, bad: Flags) -> tuple[Weights, int]:
    """Return the fit with the equal prior that has the lowest AIC, and the prior's strength m."""
    fits: list[tuple[Weights, int]] = []
    for strength in SEPARATED_PRIORS:
        start = fits[-1][0].params if fits else None
        strengths = np.full(design.shape[1] - 1, float(strength))
        fits.append((fit_with_priors(design, bad, strengths, start), strength))
    return min(fits, key=lambda one: one[0].aic)


class _WithPriors(sm.GLM):  # type: ignore[misc] # statsmodels has no types
    """A GLM whose last rows are the priors.

    They give it full rank, so the rank need not be found by a decomposition. `gram` is Xᵀ W X of the other
    rows.
    """

    def __init__(
        self, target: Floats, matrix: Floats, gram: Callable[[Floats], Floats], **options: Any
    ) -> None:
        self.gram = gram
        super().__init__(target, matrix, hasconst=False, **options)

    def initialize(self) -> None:
        self.wnobs = self.exog.shape[0]
        self.df_model = float(self.exog.shape[1] - 1)
        self.df_resid = self.wnobs - self.df_model - 1

    def hessian(self, params: Floats, scale: float | None = None, observed: bool | None = None) -> Floats:
        factor = self.hessian_factor(params, scale=scale, observed=observed is not False)
        priors = len(params) - 1
        found = self.gram(factor[:-priors])
        found[np.diag_indices(priors + 1)] += np.concatenate([[0.0], factor[-priors:]])
        return -found


def bootstrap(weights: Weights, design: Floats, bad: Flags, groups: Groups | None = None) -> Floats:
    """Return 200 seeded draws of the weights, one per row; with `groups` whole firms are drawn again."""
    pd = expit(design @ weights.params)
    scores = design * (bad - pd)[:, None]
    if groups is not None:
        summed = np.zeros((int(groups.max()) + 1, scores.shape[1]))
        np.add.at(summed, groups, scores)
        scores = summed
    random = np.random.Generator(np.random.PCG64(_SEED))
    rows = len(scores)
    drawn = []
    for _ in range(_DRAWS // _DRAWS_AT_ONCE):
        times = np.array(
            [np.bincount(random.integers(0, rows, rows), minlength=rows) for _ in range(_DRAWS_AT_ONCE)],
            dtype=np.float64,
        )
        drawn.append(weights.params + (times - 1) @ scores @ weights.covariance)
    return np.vstack(drawn)
