"""What feature engineering does for a set: the same logistic regression on ever better prepared columns.

raw          numbers as they are (unknown: the median), categories as one column per level
winsorised   numbers drawn in to the 1st and 99th percentile of the training rows
woe          the weight of evidence of optimal bins, for every feature that is not too weak
selected     the selected card (`scoring.selection`)
ridge        the ridge card on all bins, its prior chosen within the training rows
interactions the ridge card and cells of the five pairs of features whose joint residuals are furthest from 0

All but `selected` are fitted with a log-F(1, 1) prior on each weight, next to nothing, so that every fit is
finite. Everything is learnt from training rows alone.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.choice import Candidate
from scoring.fitting import Fitted, fit_ridge, fit_selected, prepare
from scoring.prebins import Floats
from scoring.table import Table
from scoring.weights import fit_with_priors

STAGES: Final = ("raw", "winsorised", "woe", "selected", "ridge", "interactions")
_PAIRED_FEATURES: Final = 8
_PAIRS: Final = 5
_GROUPS: Final = 3
_Apply = Callable[[Table], Floats]


def staged_log_odds(train: Table, test: Table, ridge: Candidate) -> dict[str, Floats]:
    """Return the log odds of the test rows at each stage; `ridge` is the best ridge candidate of the rows."""
    scored = {
        "raw": _regression(train, test, _plain_columns(train, (0, 100))),
        "winsorised": _regression(train, test, _plain_columns(train, (1, 99))),
        "woe": _regression(train, test, _woe_columns(train, ridge)),
    }
    data = prepare(train, ridge.rule)
    selected = fit_selected(data)
    fitted = fit_ridge(data, ridge.strength or 0.0, intervals=False)
    if selected is not None and fitted is not None:
        scored["selected"] = selected.log_odds(test)
        scored["ridge"] = fitted.log_odds(test)
        scored["interactions"] = _with_interactions(train, test, fitted, ridge.strength or 0.0)
    return scored


def _regression(train: Table, test: Table, columns: _Apply) -> Floats:
    fitted = columns(train)
    centre, spread = fitted.mean(axis=0), fitted.std(axis=0)
    used = spread > 0

    def design(table: Table) -> Floats:
        scaled = (columns(table)[:, used] - centre[used]) / spread[used]
        return np.column_stack([np.ones(len(table.bad)), scaled])

    weights = fit_with_priors(design(train), train.bad, np.ones(int(used.sum())))
    return np.asarray(design(test) @ weights.params, dtype=np.float64)


def _plain_columns(train: Table, percentiles: tuple[int, int]) -> _Apply:
    known = {
        spec.name: train.columns[spec.name][~np.isnan(train.columns[spec.name])]
        for spec in train.specs
        if spec.kind == "number"
    }
    bounds = {name: np.percentile(values, percentiles) for name, values in known.items() if len(values)}
    levels = {
        spec.name: sorted({value for value in train.columns[spec.name] if value is not None})
        for spec in train.specs
        if spec.kind == "category"
    }

    def columns(table: Table) -> Floats:
        found: list[Floats] = []
        for name, (low, high) in bounds.items():
            column = table.columns[name]
            filled = np.where(np.isnan(column), np.median(known[name]), column)
            found.append(np.clip(filled, low, high))
        for name, values in levels.items():
            found += [(table.columns[name] == value).astype(np.float64) for value in values]
        return np.column_stack(found)

    return columns


def _woe_columns(train: Table, ridge: Candidate) -> _Apply:
    data = prepare(train, ridge.rule)

    def columns(table: Table) -> Floats:
        return np.column_stack([-data.binnings[name].woe(table.columns[name]) for name in data.usable()])

    return columns


def _with_interactions(train: Table, test: Table, fitted: Fitted, strength: float) -> Floats:
    """Fit, with the ridge card's log odds as one column, the cells of the pairs it explains worst."""
    base = fitted.log_odds(train)
    pd = 1 / (1 + np.exp(-base))
    strongest = sorted(fitted.features, key=lambda one: -one.binning.information_value)[:_PAIRED_FEATURES]
    cuts = {
        one.binning.name: np.quantile(one.binning.woe(train.columns[one.binning.name]), (1 / 3, 2 / 3))
        for one in strongest
    }

    def groups(table: Table) -> dict[str, NDArray[np.intp]]:
        return {
            one.binning.name: np.searchsorted(
                cuts[one.binning.name], one.binning.woe(table.columns[one.binning.name])
            )
            for one in strongest
        }

    def cells(found: dict[str, NDArray[np.intp]], pair: tuple[str, str]) -> NDArray[np.intp]:
        return found[pair[0]] * _GROUPS + found[pair[1]]

    def misfit(pair: tuple[str, str]) -> float:
        cell = cells(of_train, pair)
        residual = np.bincount(cell, weights=train.bad - pd, minlength=_GROUPS**2)
        variance = np.bincount(cell, weights=pd * (1 - pd), minlength=_GROUPS**2)
        return float((residual**2 / np.maximum(variance, 1e-9)).sum())

    of_train, of_test = groups(train), groups(test)
    pairs = sorted(combinations(sorted(of_train), 2), key=misfit, reverse=True)[:_PAIRS]

    def design(log_odds: Floats, found: dict[str, NDArray[np.intp]]) -> Floats:
        flags = [(cells(found, pair) == cell) for pair in pairs for cell in range(_GROUPS**2)]
        return np.column_stack([np.ones(len(log_odds)), log_odds, *flags]).astype(np.float64)

    strengths = np.array([1.0, *[strength] * (len(pairs) * _GROUPS**2)])
    weights = fit_with_priors(design(base, of_train), train.bad, strengths)
    return np.asarray(design(fitted.log_odds(test), of_test) @ weights.params, dtype=np.float64)
