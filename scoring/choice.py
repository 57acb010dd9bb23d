"""Which card is deployed: the selected one or the ridge one, by cross-validation within the training rows.

Candidates are, for each rule of binning, the selected card and the ridge card with ever weaker priors. Each
is binned, selected and fitted on two thirds of the rows and judged by its log loss on the rest, a proper
score that asks for ranking and calibration at once. Rows of one firm stay together. The lowest mean loss
wins. Where rows are many, a stratified sample of them teaches and another judges. Ridge candidates are fitted
by counts, which finds the same weights for less (`scoring.counted`); the winner is fitted to all rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from core.errors import InvalidInput
from scoring.binning import Rule
from scoring.fitting import MANY_ROWS, Fitted, Prepared, fit_ridge, fit_selected, prepare
from scoring.prebins import Flags, Floats
from scoring.table import Table
from scoring.validation import stratified_folds

RULES: Final = (Rule(min_share=0.02), Rule(min_share=0.01))
# Of the priors on single bins, strong to weak: 1,200 is nearly the card on weights of evidence alone.
STRENGTHS: Final = (1200.0, 400.0, 120.0, 40.0)
_FOLDS: Final = 3
_SEED: Final = 42
# Of many rows two folds of at most this size teach, one judges, and none takes turns.
_SAMPLE: Final = 10_000
# A smaller fold would hold too few of the rarer class to judge by.
_LEAST_OF_A_CLASS: Final = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to make a card: a rule of binning, and the prior's strength on the bins or None for selection."""

    rule: Rule
    strength: float | None

    @property
    def name(self) -> str:
        """What the card's file calls it."""
        least = f"bins of {self.rule.min_share:.0%}"
        return f"selected, {least}" if self.strength is None else f"ridge {self.strength:.0f}, {least}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The fitted winner, and the log loss of every candidate that was tried, the best first."""

    fitted: Fitted
    winner: Candidate
    losses: tuple[tuple[Candidate, float], ...]


def choose(table: Table, rules: Sequence[Rule] = RULES) -> Choice:
    """Return the best candidate, fitted to all rows.

    Raises:
        InvalidInput: `scoring.nothing_predicts` when no feature tells good from bad.
    """
    # The matrices are small: threads would wait for each other longer than they work.
    with threadpool_limits(limits=1, user_api="blas"):
        many = len(table.bad) > MANY_ROWS
        judged = _judged(table, rules, many)
        losses = {one: loss for one, tries in judged.items() if math.isfinite(loss := _mean_loss(tries))}
        ranked = sorted(losses.items(), key=lambda one: one[1])
        for winner, _ in ranked:
            start = judged[winner][0].fitted if many else None
            fitted = fit_candidate(prepare(table, winner.rule), winner, start)
            if fitted is not None:
                return Choice(fitted, winner, tuple(ranked))
    raise nothing_predicts(table)


def fit_candidate(data: Prepared, candidate: Candidate, start: Fitted | None = None) -> Fitted | None:
    """Fit one candidate, a ridge card from `start`; None when no feature stands."""
    if candidate.strength is None:
        return fit_selected(data)
    return fit_ridge(data, candidate.strength, start=start)


def nothing_predicts(table: Table) -> InvalidInput:
    """Return the error that no feature of the table predicts."""
    return InvalidInput(
        "scoring.nothing_predicts",
        "No feature tells good rows from bad ones.",
        where=", ".join(spec.name for spec in table.specs),
        hint="Look at the target and at how the features were joined to it.",
    )


@dataclass(frozen=True, slots=True)
class _Try:
    fitted: Fitted | None
    loss: float


def _judged(table: Table, rules: Sequence[Rule], many: bool) -> dict[Candidate, list[_Try]]:
    folds = stratified_folds(table.bad, _sample_folds(table) if many else _FOLDS, _SEED, table.groups)
    tries: dict[Candidate, list[_Try]] = {}
    for fold in range(1 if many else _FOLDS):
        test = table.rows(folds == fold)
        train = table.rows((folds != fold) & (folds < _FOLDS))
        for rule in rules:
            data = prepare(train, rule, counted=True)
            for candidate, fitted in _fits(data):
                loss = np.inf if fitted is None else _log_loss(test.bad, fitted.log_odds(test))
                tries.setdefault(candidate, []).append(_Try(fitted, loss))
    return tries


def _sample_folds(table: Table) -> int:
    """Return how many folds of `_SAMPLE` rows there are, or fewer where these would lack a class."""
    bad = table.bad if table.groups is None else np.bincount(table.groups, weights=table.bad) > 0
    fewest = int(min(bad.sum(), (~bad).sum()))
    return max(_FOLDS, min(math.ceil(len(table.bad) / _SAMPLE), fewest // _LEAST_OF_A_CLASS))


def _mean_loss(tries: Sequence[_Try]) -> float:
    return float(np.mean([one.loss for one in tries]))


def _fits(data: Prepared) -> Iterator[tuple[Candidate, Fitted | None]]:
    start = fit_selected(data)
    yield Candidate(data.rule, None), start
    for strength in STRENGTHS:
        start = fit_ridge(data, strength, intervals=False, start=start)
        yield Candidate(data.rule, strength), start


def _log_loss(bad: Flags, log_odds: Floats) -> float:
    return float(np.logaddexp(0, np.where(bad, -log_odds, log_odds)).mean())
