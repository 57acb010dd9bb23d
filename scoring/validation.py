"""How well a card ranks and predicts, with confidence intervals, and folds to find it out of sample.

AUC with the interval of DeLong, DeLong and Clarke-Pearson (1988), by the midranks of Sun and Xu (2014);
Kolmogorov–Smirnov and Brier with stratified bootstrap percentile intervals, seeded. Over k folds a figure
is the mean of the folds' figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.prebins import Flags, Floats

BOOTSTRAPS: Final = 500
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the bounds of its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Validation:
    """What a score was worth on rows that it was not trained on."""

    auc: Estimate
    ks: Estimate
    brier: Estimate


@dataclass(frozen=True, slots=True)
class Holdout:
    """A test set: the target, what ranks its rows (any monotone score, higher is riskier) and their PDs."""

    bad: Flags
    ranking: NDArray[Any]
    pd: Floats


def stratified_folds(
    bad: Flags, count: int, seed: int, groups: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Return each row's fold, 0 … count−1, with the classes spread evenly.

    With `groups` (a number per firm) the rows of a firm lie in one fold, and firms with a bad row are
    spread evenly.

    The same folds as scikit-learn's `StratifiedKFold(count, shuffle=True, random_state=seed)`, so that
    figures compare with others' on these very folds; hence NumPy's legacy generator, whose stream never
    changes.

    Raises:
        InvalidInput: `scoring.class_too_small` when a class has fewer rows than folds.
    """
    if groups is not None:
        firm_bad = np.bincount(groups, weights=bad) > 0
        return stratified_folds(firm_bad, count, seed)[groups]
    if min(bad.sum(), (~bad).sum()) < count:
        raise InvalidInput(
            "scoring.class_too_small",
            f"Each class needs at least {count} rows for {count} folds.",
            where="target",
        )
    # Classes in the order in which they first appear.
    encoded = (bad != bad[0]).astype(np.intp)
    ordered = np.sort(encoded)
    allocation = np.array([np.bincount(ordered[i::count], minlength=2) for i in range(count)])
    random = np.random.RandomState(seed)
    folds = np.empty(len(bad), dtype=np.intp)
    for label in range(2):
        of_class = np.arange(count).repeat(allocation[:, label])
        random.shuffle(of_class)
        folds[encoded == label] = of_class
    return folds


def validate(holdouts: Sequence[Holdout], seed: int, bootstraps: int = BOOTSTRAPS) -> Validation:
    """Return the mean figures over the test sets, taken as independent given the models."""
    random = np.random.Generator(np.random.PCG64(seed))
    areas = [auc_with_variance(one.bad, one.ranking) for one in holdouts]
    mean = float(np.mean([area for area, _ in areas]))
    error = math.sqrt(sum(variance for _, variance in areas)) / len(areas)
    reach = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error
    return Validation(
        auc=Estimate(mean, max(mean - reach, 0.0), min(mean + reach, 1.0)),
        ks=_bootstrap(holdouts, lambda one, rows: ks(one.bad[rows], one.ranking[rows]), random, bootstraps),
        brier=_bootstrap(holdouts, lambda one, rows: brier(one.bad[rows], one.pd[rows]), random, bootstraps),
    )


def auc(bad: Flags, ranking: NDArray[Any]) -> float:
    """Return the area under the ROC curve: how often a bad row outranks a good one, ties half."""
    return auc_with_variance(bad, ranking)[0]


def auc_with_variance(bad: Flags, ranking: NDArray[Any]) -> tuple[float, float]:
    """Return the AUC and DeLong's estimate of its variance."""
    bads, goods = ranking[bad], ranking[~bad]
    whole = _midranks(np.concatenate((bads, goods)))
    m, n = len(bads), len(goods)
    placed_bad = (whole[:m] - _midranks(bads)) / n
    placed_good = 1 - (whole[m:] - _midranks(goods)) / m
    variance = (_variance(placed_bad) / m) + (_variance(placed_good) / n)
    return float(placed_bad.mean()), variance


def ks(bad: Flags, ranking: NDArray[Any]) -> float:
    """Return the largest distance between the score distributions of good and bad rows."""
    order = np.argsort(ranking, kind="stable")
    ordered, flags = ranking[order], bad[order]
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    bads = np.cumsum(flags)[ends] / flags.sum()
    goods = np.cumsum(~flags)[ends] / (~flags).sum()
    return float(np.abs(goods - bads).max())


def brier(bad: Flags, pd: Floats) -> float:
    """Return the mean squared error of the predicted probabilities."""
    return float(np.mean((pd - bad) ** 2))


def _variance(values: Floats) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0


def _midranks(values: NDArray[Any]) -> Floats:
    _, found, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[found], dtype=np.float64)


def _bootstrap(
    holdouts: Sequence[Holdout],
    figure: Callable[[Holdout, NDArray[np.intp]], float],
    random: np.random.Generator,
    bootstraps: int,
) -> Estimate:
    """Resample good and bad rows of each test set apart, so that every sample holds both classes."""
    value = float(np.mean([figure(one, np.arange(len(one.bad))) for one in holdouts]))
    classes = [(np.flatnonzero(one.bad), np.flatnonzero(~one.bad)) for one in holdouts]
    drawn = [
        np.mean(
            [
                figure(one, np.concatenate([random.choice(rows, len(rows)) for rows in both]))
                for one, both in zip(holdouts, classes, strict=True)
            ]
        )
        for _ in range(bootstraps)
    ]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))
