"""Which settings a challenger gets: by its log loss in cross-validation within the training rows alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from scoring.prebins import Flags, Floats
from scoring.table import Table
from scoring.validation import stratified_folds

LEARNING_RATE: Final = 0.04
MOST_ROUNDS: Final = 500
LEAST_ROWS_OF_A_LEAF: Final = 10
L2: Final = 1.0
SEED: Final = 42
_FOLDS: Final = 3
# With more rows than this a third of them judges well enough, and one split does for three.
_MANY_ROWS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What is chosen: the leaves of a tree, and the share of columns that a tree (or a split) sees."""

    leaves: int
    column_share: float


GRID: Final = tuple(Settings(leaves, share) for leaves in (7, 15, 31) for share in (0.6, 1.0))


@dataclass(frozen=True, slots=True)
class Tuned:
    """The settings with the lowest log loss, how many trees it took, and that loss."""

    settings: Settings
    rounds: int
    log_loss: float


# What the log loss on the second table is after each tree fitted to the first.
LossCurve = Callable[[Table, Table, Settings], Floats]


def tune(table: Table, curve: LossCurve) -> Tuned:
    """Return the best settings of the grid and the best number of trees, by folds within the table.

    Rows of one firm stay together.
    """
    folds = stratified_folds(table.bad, _FOLDS, SEED, table.groups)
    used = range(1 if len(table.bad) > _MANY_ROWS else _FOLDS)
    found = []
    for settings in GRID:
        curves = [curve(table.rows(folds != fold), table.rows(folds == fold), settings) for fold in used]
        mean = np.mean(curves, axis=0)
        found.append(Tuned(settings, int(mean.argmin()) + 1, float(mean.min())))
    return min(found, key=lambda one: one.log_loss)


def log_loss(bad: Flags, log_odds: Floats) -> float:
    """Return the mean negative log likelihood."""
    return float(np.logaddexp(0, np.where(bad, -log_odds, log_odds)).mean())
