"""Training: a card for use, fitted to all rows, with figures from folds it was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.artifact import Card, Scale
from scoring.binning import Rule
from scoring.calibration import Calibration, calibrate, grade_outcomes
from scoring.card_file import card_id, encode
from scoring.choice import RULES, choose
from scoring.contract import SME_FEATURES
from scoring.generator import SYNTHETIC_NOTICE, generate_portfolio
from scoring.prebins import Flags, Floats
from scoring.scorecard import Described, batch_log_odds, batch_pd, batch_points, card_of, fit_card
from scoring.scorer import MICRO
from scoring.table import Table, table_of_portfolio
from scoring.validation import Estimate, Holdout, Validation, auc, stratified_folds, validate

FOLDS: Final = 5
SEED: Final = 42
PORTFOLIO_ROWS: Final = 12_000
PORTFOLIO_SEED: Final = 20_260
_FIGURE_PLACES: Final = 4


@dataclass(frozen=True, slots=True)
class TrainReport:
    """A trained card and what it was worth out of sample.

    `content` is the card's file and `card_id` its id; `out_of_sample` are means over stratified folds, each
    fold scored by a card that was trained (binned, selected and fitted) without it; `calibration` is that
    of all rows, each scored by such a card; `rounding_loss` is the AUC of the log odds minus that of the
    points; `folds` is the AUC of each.
    """

    card: Card
    card_id: str
    content: bytes
    out_of_sample: Validation
    calibration: Calibration
    rounding_loss: float
    folds: tuple[float, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Every row scored by a card that never saw it: log odds in millionths and points.

    `cards` are those of the folds.
    """

    bad: Flags
    folds: NDArray[np.intp]
    log_odds: NDArray[np.int64]
    points: NDArray[np.int64]
    cards: tuple[Card, ...]

    @property
    def pd(self) -> Floats:
        """The probabilities of default."""
        return batch_pd(self.log_odds)

    def holdouts(self) -> list[Holdout]:
        """Return the test set of each fold."""
        chosen = [self.folds == fold for fold in range(len(self.cards))]
        return [Holdout(self.bad[rows], self.log_odds[rows], self.pd[rows]) for rows in chosen]

    def rounding_loss(self) -> float:
        """Return the mean over folds of the AUC of the log odds minus that of the points."""
        losses = []
        for fold in range(len(self.cards)):
            rows = self.folds == fold
            losses.append(auc(self.bad[rows], self.log_odds[rows]) - auc(self.bad[rows], -self.points[rows]))
        return float(np.mean(losses))


def train(
    table: Table,
    described: Described,
    *,
    scale: Scale | None = None,
    rules: Sequence[Rule] = RULES,
    seed: int = SEED,
    population_rate: Decimal | None = None,
) -> TrainReport:
    """Train a card on a table and validate it by stratified cross-validation.

    Raises:
        InvalidInput: what `fit_card` raises.
    """
    card = fit_card(table, described, scale, rules, population_rate)
    crossed = cross_validate(table, described, rules=rules, seed=seed)
    result = validate(crossed.holdouts(), seed)
    calibration = calibrate(table.bad, crossed.log_odds / MICRO, table.groups)
    shift = float(card.fit.prior_shift)
    card = replace(
        card,
        figures=_figures(result, calibration, crossed.rounding_loss()),
        outcomes=grade_outcomes(table.bad, batch_pd(crossed.log_odds + round(shift * MICRO)), shift),
    )
    content = encode(card)
    areas = tuple(auc(one.bad, one.ranking) for one in crossed.holdouts())
    return TrainReport(
        card, card_id(content), content, result, calibration, crossed.rounding_loss(), areas, seed
    )


def cross_validate(
    table: Table, described: Described, *, rules: Sequence[Rule] = RULES, seed: int = SEED
) -> CrossValidated:
    """Score each fold by a card that never saw it."""
    folds = stratified_folds(table.bad, FOLDS, seed, table.groups)
    log_odds = np.empty(len(table.bad), dtype=np.int64)
    points = np.empty(len(table.bad), dtype=np.int64)
    cards = []
    for fold in range(FOLDS):
        train_rows = table.rows(folds != fold)
        card = card_of(choose(train_rows, rules), train_rows, described, Scale())
        test = table.rows(folds == fold)
        log_odds[folds == fold] = batch_log_odds(card, test)
        points[folds == fold] = batch_points(card, test)
        cards.append(card)
    return CrossValidated(table.bad, folds, log_odds, points, tuple(cards))


def train_portfolio(rows: int = PORTFOLIO_ROWS, seed: int = PORTFOLIO_SEED) -> TrainReport:
    """Train the SME card on the synthetic portfolio; the defaults give the shipped card's bytes."""
    table = table_of_portfolio(SME_FEATURES, generate_portfolio(rows, seed))
    described = Described("sme-synthetic-2", f"{SYNTHETIC_NOTICE}; {rows} rows, seed {seed}", True, "default")
    return train(table, described)


def _figures(
    result: Validation, calibration: Calibration, rounding_loss: float
) -> tuple[tuple[str, Decimal], ...]:
    figures = {
        "auc": result.auc,
        "brier": result.brier,
        "calibration_intercept": calibration.intercept,
        "calibration_slope": calibration.slope,
        "ks": result.ks,
    }
    named = [
        (f"{name}{suffix}", _rounded(value))
        for name, estimate in figures.items()
        for suffix, value in _named(estimate)
    ]
    return tuple(sorted([*named, ("rounding_loss", _rounded(rounding_loss))]))


def _named(estimate: Estimate) -> tuple[tuple[str, float], ...]:
    return ("", estimate.value), ("_high", estimate.high), ("_low", estimate.low)


def _rounded(value: float) -> Decimal:
    return round(Decimal(value), _FIGURE_PLACES) + 0
