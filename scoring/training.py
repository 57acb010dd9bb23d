"""Training: a card for use, fitted to all rows, with figures from folds it was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from scoring.artifact import Card, Scale, card_id, encode
from scoring.binning import Rule
from scoring.contract import SME_FEATURES, FeatureSpec
from scoring.generator import SYNTHETIC_NOTICE, generate_portfolio
from scoring.scorecard import Described, batch_log_odds, batch_pd, fit_card
from scoring.table import Table, read_csv, table_of_portfolio
from scoring.validation import Estimate, Holdout, Validation, stratified_folds, validate

FOLDS: Final = 5
SEED: Final = 42
PORTFOLIO_ROWS: Final = 12_000
PORTFOLIO_SEED: Final = 20_260
_FIGURE_PLACES: Final = 4


@dataclass(frozen=True, slots=True)
class TrainReport:
    """A trained card and what it was worth out of sample.

    `content` is the card's file and `card_id` its id; `out_of_sample` are means over stratified folds, each
    fold scored by a card that was trained (binned, selected and fitted) without it; `folds` is the AUC of
    each.
    """

    card: Card
    card_id: str
    content: bytes
    out_of_sample: Validation
    folds: tuple[float, ...]
    seed: int


def train(
    table: Table,
    described: Described,
    *,
    scale: Scale | None = None,
    rule: Rule | None = None,
    seed: int = SEED,
) -> TrainReport:
    """Train a card on a table and validate it by stratified cross-validation.

    Raises:
        InvalidInput: `scoring.nothing_predicts`.
    """
    holdouts = cross_validate(table, described, rule=rule, seed=seed)
    result = validate(holdouts, seed)
    card = replace(fit_card(table, described, scale, rule), figures=_figures(result))
    content = encode(card)
    areas = tuple(validate([one], seed, bootstraps=1).auc.value for one in holdouts)
    return TrainReport(card, card_id(content), content, result, areas, seed)


def cross_validate(
    table: Table, described: Described, *, rule: Rule | None = None, seed: int = SEED
) -> list[Holdout]:
    """Return each fold, scored by a card that never saw it."""
    folds = stratified_folds(table.bad, FOLDS, seed)
    holdouts = []
    for fold in range(FOLDS):
        card = fit_card(table.rows(folds != fold), described, rule=rule)
        test = table.rows(folds == fold)
        log_odds = batch_log_odds(card, test)
        holdouts.append(Holdout(test.bad, log_odds, batch_pd(log_odds)))
    return holdouts


def train_portfolio(rows: int = PORTFOLIO_ROWS, seed: int = PORTFOLIO_SEED) -> TrainReport:
    """Train the SME card on the synthetic portfolio; the defaults give the shipped card's bytes."""
    table = table_of_portfolio(SME_FEATURES, generate_portfolio(rows, seed))
    described = Described("sme-synthetic-1", f"{SYNTHETIC_NOTICE}; {rows} rows, seed {seed}", True, "default")
    return train(table, described)


def train_csv(
    path: Path, target: str, *, specs: Sequence[FeatureSpec] | None = None, rule: Rule | None = None
) -> TrainReport:
    """Train a card on a CSV file (see `scoring.table.read_csv`).

    Raises:
        NotFound, InvalidInput: what `read_csv` raises, and `scoring.nothing_predicts`.
    """
    name = path.name.removesuffix(".gz").removesuffix(".csv")
    return train(read_csv(path, target, specs), Described(name, path.name, False, target), rule=rule)


def _figures(result: Validation) -> tuple[tuple[str, Decimal], ...]:
    figures = {"auc": result.auc, "brier": result.brier, "ks": result.ks}
    return tuple(
        (f"{name}{suffix}", _rounded(value))
        for name, estimate in figures.items()
        for suffix, value in _named(estimate)
    )


def _named(estimate: Estimate) -> tuple[tuple[str, float], ...]:
    return ("", estimate.value), ("_high", estimate.high), ("_low", estimate.low)


def _rounded(value: float) -> Decimal:
    return Decimal(f"{value:.{_FIGURE_PLACES}f}")
