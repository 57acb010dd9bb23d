"""Scikit-learn's histogram gradient boosting, held to the declared trends.

It has no TreeSHAP of its own and no file but a pickle, so it gives no reasons and is not kept: it is here to
tell whether LightGBM's figures are those of boosted trees or of one library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.challengers import extra
from scoring.challengers.encoding import Encoding
from scoring.challengers.tuning import (
    LEARNING_RATE,
    LEAST_ROWS_OF_A_LEAF,
    ROUNDS,
    SEED,
    Settings,
    Tuned,
    tune,
)
from scoring.prebins import Floats
from scoring.table import Table


@dataclass(frozen=True, slots=True)
class HistogramTrees:
    """A fitted model."""

    encoding: Encoding
    tuned: Tuned
    model: Any

    def log_odds(self, table: Table) -> Floats:
        """Return the log odds of default of each row."""
        return self.tuned.to_scale(np.asarray(self.model.decision_function(self.encoding.matrix(table))))


def fit_histogram_trees(table: Table) -> HistogramTrees:
    """Fit to a table, with settings chosen by cross-validation within it.

    Raises:
        Unavailable: `scoring.challenger_extra` without the extra `challenger`.
    """
    tuned = tune(table, _held)
    encoding = Encoding.of(table)
    return HistogramTrees(encoding, tuned, _fitted(encoding, table, tuned.settings, tuned.rounds))


def _held(train: Table, test: Table, settings: Settings) -> Floats:
    encoding = Encoding.of(train)
    model = _fitted(encoding, train, settings, ROUNDS[-1])
    staged = model.staged_decision_function(encoding.matrix(test))
    return np.array([np.ravel(sums) for rounds, sums in enumerate(staged, start=1) if rounds in ROUNDS])


def _fitted(encoding: Encoding, table: Table, settings: Settings, rounds: int) -> Any:
    model = extra.histogram_boosting()(
        learning_rate=LEARNING_RATE,
        max_iter=rounds,
        max_leaf_nodes=settings.leaves,
        min_samples_leaf=LEAST_ROWS_OF_A_LEAF,
        max_features=settings.column_share,
        monotonic_cst=encoding.directions,
        categorical_features=encoding.categories,
        early_stopping=False,
        random_state=SEED,
    )
    return model.fit(encoding.matrix(table), table.bad)
