"""What a score is worth on a set of rows, and whether that holds from period to period.

Gini = 2 · AUC − 1. Where firms are known, every interval is of the cluster bootstrap; else that of the AUC
is DeLong's. Stability: the AUCs of the periods against their mean, weighed by their precision (Cochran's Q,
The Combination of Estimates from Different Experiments, 1954).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from scoring.assessment.resampling import cluster_bootstrap
from scoring.assessment.scored import Scored
from scoring.calibration import Calibration, calibrate
from scoring.prebins import Flags
from scoring.scorer import MICRO
from scoring.validation import Estimate, auc, auc_with_variance, brier, ks, stratified_folds

SEED: Final = 42
_Z: Final = 1.959963984540054
_FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Worth:
    """Ranking (AUC, Gini, KS), error (Brier) and calibration, each with its 95 % interval."""

    rows: int
    bad: int
    firms: int | None
    auc: Estimate
    gini: Estimate
    ks: Estimate
    brier: Estimate
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class PeriodWorth:
    """A period's rows: their bad rate, what was predicted, and the AUC (None without both classes)."""

    period: str
    rows: int
    bad: int
    predicted: float
    auc: Estimate | None


@dataclass(frozen=True, slots=True)
class Stability:
    """The periods, and the probability of AUCs this far apart if ranking were the same in all of them."""

    periods: tuple[PeriodWorth, ...]
    p_value: float | None


def worth(scored: Scored) -> Worth:
    """Return the figures of scored rows."""
    bad, pd, groups = scored.bad, scored.pd, scored.table.groups
    area = (
        delong(bad, scored.log_odds)
        if groups is None
        else cluster_bootstrap(lambda rows: auc(bad[rows], scored.log_odds[rows]), bad, groups, SEED)
    )
    return Worth(
        rows=len(bad),
        bad=int(bad.sum()),
        firms=None if groups is None else int(groups.max()) + 1,
        auc=area,
        gini=Estimate(*(2 * bound - 1 for bound in (area.value, area.low, area.high))),
        ks=cluster_bootstrap(lambda rows: ks(bad[rows], scored.log_odds[rows]), bad, groups, SEED),
        brier=cluster_bootstrap(lambda rows: brier(bad[rows], pd[rows]), bad, groups, SEED),
        calibration=calibrate(bad, scored.log_odds / MICRO, groups),
    )


def delong(bad: Flags, ranking: NDArray[np.int64]) -> Estimate:
    """Return the AUC with DeLong's 95 % interval."""
    area, variance = auc_with_variance(bad, ranking)
    reach = _Z * math.sqrt(variance)
    return Estimate(area, max(area - reach, 0.0), min(area + reach, 1.0))


def stability(scored: Scored, periods: Sequence[str] | None) -> Stability:
    """Return the figures of each period, in the order of their texts; without periods of five folds."""
    if periods is None:
        folds = stratified_folds(scored.bad, _FOLDS, SEED, scored.table.groups)
        periods = [f"fold {fold + 1}" for fold in folds]
    named = np.array(periods)
    found = [_period(scored, str(name), named == name) for name in np.unique(named)]
    return Stability(tuple(found), _same_everywhere(scored, named))


def _period(scored: Scored, name: str, rows: Flags) -> PeriodWorth:
    bad = scored.bad[rows]
    ranked = delong(bad, scored.log_odds[rows]) if _both_classes(bad) else None
    return PeriodWorth(name, len(bad), int(bad.sum()), float(scored.pd[rows].mean()), ranked)


def _same_everywhere(scored: Scored, named: NDArray[np.str_]) -> float | None:
    chosen = [rows for name in np.unique(named) if _both_classes(scored.bad[rows := named == name])]
    areas = [auc_with_variance(scored.bad[rows], scored.log_odds[rows]) for rows in chosen]
    sure = np.array([one for one in areas if one[1] > 0])
    if len(sure) < 2:
        return None
    precision = 1 / sure[:, 1]
    mean = (sure[:, 0] * precision).sum() / precision.sum()
    return float(chi2.sf((precision * (sure[:, 0] - mean) ** 2).sum(), len(sure) - 1))


def _both_classes(bad: Flags) -> bool:
    return bool(0 < bad.sum() < len(bad))
