"""LightGBM: boosted trees held to the declared trends, with exact reasons and a file of plain text."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
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
class GradientTrees:
    """A fitted model. `text` is LightGBM's own text form of its trees."""

    encoding: Encoding
    text: str
    tuned: Tuned
    booster: Any

    def log_odds(self, table: Table) -> Floats:
        """Return the log odds of default of each row."""
        sums = self.booster.predict(self.encoding.matrix(table), raw_score=True, num_threads=1)
        return self.tuned.to_scale(np.asarray(sums))

    def contributions(self, columns: Floats) -> tuple[Floats, Floats]:
        """Return what each feature adds to the log odds of each encoded row, and the base they add to.

        The Shapley values of the trees, exact (TreeSHAP, path dependent: Lundberg, Erion and Lee,
        Consistent Individualized Feature Attribution for Tree Ensembles, 2018). Rows × features.
        """
        found = np.asarray(self.booster.predict(columns, pred_contrib=True, num_threads=1))
        return self.tuned.slope * self.encoding.by_feature(found[:, :-1]), self.tuned.to_scale(found[:, -1])


def fit_gradient_trees(table: Table) -> GradientTrees:
    """Fit to a table, with settings chosen by cross-validation within it; a refit gives the same trees.

    Raises:
        Unavailable: `scoring.challenger_extra` without the extra `challenger`.
    """
    tuned = tune(table, _held)
    encoding = Encoding.of(table)
    booster = _fitted(encoding, table, tuned.settings, tuned.rounds)
    return GradientTrees(encoding, booster.model_to_string(), tuned, booster)


def _held(train: Table, test: Table, settings: Settings) -> Floats:
    encoding = Encoding.of(train)
    booster, columns = _fitted(encoding, train, settings, ROUNDS[-1]), encoding.matrix(test)
    added = [
        booster.predict(
            columns, raw_score=True, num_threads=1, start_iteration=first, num_iteration=last - first
        )
        for first, last in pairwise((0, *ROUNDS))
    ]
    return np.cumsum(added, axis=0)


def _fitted(encoding: Encoding, table: Table, settings: Settings, rounds: int) -> Any:
    data = extra.lightgbm().Dataset(
        encoding.matrix(table), table.bad.astype(np.float64), categorical_feature=encoding.categories
    )
    return extra.lightgbm().train(_parameters(settings, encoding), data, num_boost_round=rounds)


def _parameters(settings: Settings, encoding: Encoding) -> dict[str, Any]:
    held = {"monotone_constraints": encoding.directions, "monotone_constraints_method": "intermediate"}
    return {
        "objective": "binary",
        "num_leaves": settings.leaves,
        "min_data_in_leaf": LEAST_ROWS_OF_A_LEAF,
        "feature_fraction": settings.column_share,
        "learning_rate": LEARNING_RATE,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": SEED,
        "verbosity": -1,
        **(held if any(encoding.directions) else {}),
    }
