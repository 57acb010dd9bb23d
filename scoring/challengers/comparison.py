"""The card and its challengers on the same folds: every row is scored by models that never saw it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from scoring.bench.run import fold_figures, paired
from scoring.bench.sets import BenchSet
from scoring.challengers.gradient_trees import fit_gradient_trees
from scoring.challengers.histogram_trees import fit_histogram_trees
from scoring.challengers.swap_set import SwapSet, swap_set
from scoring.prebins import Flags, Floats
from scoring.scorecard import Described, batch_log_odds, fit_card
from scoring.scorer import MICRO
from scoring.table import Table
from scoring.training import FOLDS, SEED
from scoring.validation import Estimate, Holdout, Validation, auc, stratified_folds, validate

CARD: Final = "card"


class Model(Protocol):
    """What scores rows."""

    def log_odds(self, table: Table) -> Floats:
        """Return the log odds of default of each row."""


FITTERS: Final[Mapping[str, Callable[[Table], Model]]] = {
    "lightgbm": fit_gradient_trees,
    "histogram": fit_histogram_trees,
}


@dataclass(frozen=True, slots=True)
class Rival:
    """A challenger's figures, its AUC minus the card's paired over folds (Student's t), and the swap set."""

    figures: Validation
    folds: tuple[float, ...]
    difference: Estimate
    swapped: SwapSet


@dataclass(frozen=True, slots=True)
class Comparison:
    """The card's figures and those of its challengers, all on the same folds."""

    card: Validation
    card_folds: tuple[float, ...]
    rivals: Mapping[str, Rival]


def compare(
    table: Table,
    described: Described,
    names: tuple[str, ...],
    acceptance: float,
    told: Callable[[str], None],
) -> Comparison:
    """Fit the card and the named challengers on four folds each, and judge them on the fifth.

    Raises:
        InvalidInput: what `fit_card` and `swap_set` raise.
        Unavailable: `scoring.challenger_extra` without the extra `challenger`.
    """
    folds = stratified_folds(table.bad, FOLDS, SEED, table.groups)
    log_odds = {name: np.empty(len(table.bad)) for name in (CARD, *names)}
    for fold in range(FOLDS):
        train, test, rows = table.rows(folds != fold), table.rows(folds == fold), folds == fold
        told(f"fold {fold + 1} of {FOLDS}: {CARD}")
        log_odds[CARD][rows] = batch_log_odds(fit_card(train, described), test) / MICRO
        for name in names:
            told(f"fold {fold + 1} of {FOLDS}: {name}")
            log_odds[name][rows] = FITTERS[name](train).log_odds(test)
    of_card = _areas(table.bad, folds, log_odds[CARD])
    rivals = {}
    for name in names:
        areas = _areas(table.bad, folds, log_odds[name])
        rivals[name] = Rival(
            _validated(table.bad, folds, log_odds[name]),
            areas,
            Estimate(*paired(np.array(areas) - np.array(of_card))),
            swap_set(table.bad, log_odds[CARD], log_odds[name], acceptance, folds),
        )
    return Comparison(_validated(table.bad, folds, log_odds[CARD]), of_card, rivals)


def bench_challengers(one: BenchSet, folder: Path, told: Callable[[str], None]) -> dict[str, Any]:
    """Return the challengers' mean figures on the bench's folds of a set, as `bench_set` tells the card's.

    Raises:
        Unavailable: `scoring.challenger_extra` without the extra `challenger`.
    """
    table = one.table(folder)
    folds = stratified_folds(table.bad, FOLDS, SEED)
    figures = {}
    for name, fit in FITTERS.items():
        log_odds = np.empty(len(table.bad))
        for fold in range(FOLDS):
            told(f"{one.stem}: {name}, fold {fold + 1} of {FOLDS}")
            test = folds == fold
            log_odds[test] = fit(table.rows(~test)).log_odds(table.rows(test))
        figures[name] = fold_figures(table.bad, folds, log_odds)
    return figures


def _areas(bad: Flags, folds: NDArray[np.intp], log_odds: Floats) -> tuple[float, ...]:
    return tuple(auc(bad[folds == fold], log_odds[folds == fold]) for fold in range(FOLDS))


def _validated(bad: Flags, folds: NDArray[np.intp], log_odds: Floats) -> Validation:
    pd = 1 / (1 + np.exp(-log_odds))
    return validate(
        [Holdout(bad[folds == fold], log_odds[folds == fold], pd[folds == fold]) for fold in range(FOLDS)],
        SEED,
    )
