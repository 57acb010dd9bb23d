"""LightGBM: boosted trees held to the declared trends, with exact reasons and a file of plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.challengers import extra
from scoring.challengers.encoding import Encoding
from scoring.challengers.tuning import (
    L2,
    LEARNING_RATE,
    LEAST_ROWS_OF_A_LEAF,
    MOST_ROUNDS,
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
        return np.asarray(self.booster.predict(self.encoding.matrix(table), raw_score=True, num_threads=1))

    def contributions(self, columns: Floats) -> tuple[Floats, Floats]:
        """Return what each feature adds to the log odds of each encoded row, and the base they add to.

        The Shapley values of the trees, exact (TreeSHAP, path dependent: Lundberg, Erion and Lee,
        Consistent Individualized Feature Attribution for Tree Ensembles, 2018). Rows × features.
        """
        found = np.asarray(self.booster.predict(columns, pred_contrib=True, num_threads=1))
        return self.encoding.by_feature(found[:, :-1]), found[:, -1]


def fit_gradient_trees(table: Table) -> GradientTrees:
    """Fit to a table, with settings chosen by cross-validation within it; a refit gives the same trees.

    Raises:
        Unavailable: `scoring.challenger_extra` without the extra `challenger`.
    """
    tuned = tune(table, _curve)
    encoding = Encoding.of(table)
    booster = extra.lightgbm().train(
        _parameters(tuned.settings, encoding), _data(encoding, table), num_boost_round=tuned.rounds
    )
    return GradientTrees(encoding, booster.model_to_string(), tuned, booster)


def _curve(train: Table, test: Table, settings: Settings) -> Floats:
    encoding = Encoding.of(train)
    data = _data(encoding, train)
    told: dict[str, Any] = {}
    extra.lightgbm().train(
        {**_parameters(settings, encoding), "metric": "binary_logloss"},
        data,
        num_boost_round=MOST_ROUNDS,
        valid_sets=[data.create_valid(encoding.matrix(test), test.bad.astype(np.float64))],
        valid_names=["test"],
        callbacks=[extra.lightgbm().record_evaluation(told)],
    )
    return np.array(told["test"]["binary_logloss"])


def _data(encoding: Encoding, table: Table) -> Any:
    return extra.lightgbm().Dataset(
        encoding.matrix(table), table.bad.astype(np.float64), categorical_feature=encoding.categories
    )


def _parameters(settings: Settings, encoding: Encoding) -> dict[str, Any]:
    held = {"monotone_constraints": encoding.directions, "monotone_constraints_method": "intermediate"}
    return {
        "objective": "binary",
        "num_leaves": settings.leaves,
        "min_data_in_leaf": LEAST_ROWS_OF_A_LEAF,
        "feature_fraction": settings.column_share,
        "lambda_l2": L2,
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
