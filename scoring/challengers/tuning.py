"""Which settings a challenger gets, and what brings its log odds to scale: by folds within the training rows.

A challenger is asked to rank, so the settings and the number of trees are those with the highest AUC. Trees
that rank best are too sure of themselves, above all where bad rows are few; their log odds are therefore
brought to scale on the rows that the folds held out (Platt, Probabilistic Outputs for Support Vector Machines
and Comparisons to Regularized Likelihood Methods, 1999). The order of the rows stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import statsmodels.api as sm

from scoring.prebins import Flags, Floats
from scoring.table import Table
from scoring.validation import auc, stratified_folds

LEARNING_RATE: Final = 0.04
LEAST_ROWS_OF_A_LEAF: Final = 20
# The numbers of trees that are tried.
ROUNDS: Final = tuple(range(10, 501, 10))
SEED: Final = 42
_FOLDS: Final = 3
# With more rows than this a third of them judges well enough, and one split does for three.
_MANY_ROWS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What is chosen: the leaves of a tree, and the share of columns that a tree (or a split) sees."""

    leaves: int
    column_share: float


GRID: Final = tuple(Settings(leaves, share) for leaves in (7, 15) for share in (0.6, 1.0))


@dataclass(frozen=True, slots=True)
class Tuned:
    """The settings and number of trees with the highest mean AUC on rows held out, and the scale there."""

    settings: Settings
    rounds: int
    auc: float
    slope: float
    shift: float

    def to_scale(self, log_odds: Floats) -> Floats:
        """Return the trees' sums as log odds of default."""
        return self.shift + self.slope * log_odds


# The log odds of the second table's rows after each of `ROUNDS` trees fitted to the first: rounds × rows.
Held = Callable[[Table, Table, Settings], Floats]


def tune(table: Table, held: Held) -> Tuned:
    """Return the best settings of the grid, the best number of trees and their scale.

    All is judged by folds within the table. Rows of one firm stay together.
    """
    folds = stratified_folds(table.bad, _FOLDS, SEED, table.groups)
    used = range(1 if len(table.bad) > _MANY_ROWS else _FOLDS)
    found: list[Tuned] = []
    for settings in GRID:
        judged = [
            (table.bad[folds == fold], held(table.rows(folds != fold), table.rows(folds == fold), settings))
            for fold in used
        ]
        areas = np.mean([[auc(bad, after) for after in log_odds] for bad, log_odds in judged], axis=0)
        best = int(areas.argmax())
        scale = platt(
            np.concatenate([bad for bad, _ in judged]),
            np.concatenate([log_odds[best] for _, log_odds in judged]),
        )
        found.append(Tuned(settings, ROUNDS[best], float(areas[best]), *scale))
    return max(found, key=lambda one: one.auc)


def platt(bad: Flags, log_odds: Floats) -> tuple[float, float]:
    """Return the slope and shift that bring log odds to scale, fitted to Platt's smoothed targets.

    The smoothing keeps both finite where the log odds tell good from bad without an error. A slope below 0
    would turn the ranking round and with it the declared trends: then the slope is 0.
    """
    bads, goods = int(bad.sum()), int((~bad).sum())
    target = np.where(bad, (bads + 1) / (bads + 2), 1 / (goods + 2))
    columns = np.column_stack([log_odds, np.ones(len(bad))])
    fit: Any = sm.GLM(target, columns, family=sm.families.Binomial()).fit()
    slope, shift = map(float, fit.params)
    return (slope, shift) if slope > 0 else (0.0, float(np.log(target.mean() / (1 - target.mean()))))
