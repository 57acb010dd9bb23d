"""EXPERIMENT: does a card trained on altered copies of its rows stand wrong cells better?

Augmentation adds a copy of every training row in which 5 % of the cells come from other rows. Adversarial
training adds a copy in which the one cell that misleads the plain card most is moved to the neighbouring
bin: a bad row to look better, a good row to look worse (the idea of Goodfellow, Shlens and Szegedy 2015,
for bins). A row and its copy lie in one fold and count as one firm. Such cards are for comparison, not for
use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.artifact import Card
from scoring.assessment.scored import place, score_table
from scoring.assessment.sensitivity import SHARE, with_noise
from scoring.assessment.splits import out_of_sample
from scoring.prebins import Column, Floats
from scoring.scorecard import Described, batch_log_odds, fit_card
from scoring.table import Table
from scoring.validation import auc

SEED: Final = 42
TEST_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Hardened:
    """A way of training: its AUC on untouched test rows, with 5 % noise, and under two attacks.

    `auc_under_attack` is under the attack on the plain card, `auc_under_own_attack` under that on the card
    itself: what a person who knows it would try.
    """

    training: str
    auc: float
    auc_with_noise: float
    auc_under_attack: float
    auc_under_own_attack: float


def harden(table: Table, described: Described) -> tuple[Hardened, ...]:
    """Train plainly, augmented and adversarially on 70 % of the rows; judge all three by the same 30 %.

    Raises:
        InvalidInput: what `fit_card` raises.
    """
    train_rows, test_rows = out_of_sample(table.bad, TEST_SHARE, SEED, table.groups)
    train, test = table.rows(train_rows), table.rows(test_rows)
    plain = fit_card(train, described)
    cards = {
        "plain": plain,
        "augmented": fit_card(_doubled(train, noisy(train)), described),
        "adversarial": fit_card(_doubled(train, misled(plain, train)), described),
    }
    return tuple(
        Hardened(
            name,
            _area(card, test),
            _area(card, test) - with_noise(score_table(card, test)).auc_lost.value,
            _area(card, misled(plain, test)),
            _area(card, misled(card, test)),
        )
        for name, card in cards.items()
    )


def _area(card: Card, table: Table) -> float:
    return auc(table.bad, batch_log_odds(card, table))


def noisy(table: Table) -> Table:
    """Return the rows with 5 % of their cells taken from other rows."""
    random = np.random.Generator(np.random.PCG64(SEED))
    rows = len(table.bad)
    columns = {
        name: np.where(random.random(rows) < SHARE, column[random.integers(0, rows, rows)], column)
        for name, column in table.columns.items()
    }
    return Table(table.specs, columns, table.bad, table.groups)


def misled(card: Card, table: Table) -> Table:
    """Return the rows with the one cell moved to a neighbouring bin that misleads the card most."""
    placed = place(card, table)
    rows = len(table.bad)
    best = np.zeros(rows)
    chosen = np.full(rows, -1)
    target = np.zeros(rows, dtype=np.intp)
    wanted = np.where(table.bad, -1.0, 1.0)  # which way the log odds must move to mislead
    for i, feature in enumerate(card.features):
        places, logits, regular = placed.places[i], placed.micro_logits[i], len(feature.bins)
        filled = np.bincount(places, minlength=regular) > 0
        for step in (-1, 1):
            moved = np.clip(places + step, 0, regular - 1)
            possible = (places < regular) & filled[moved]
            gain = np.where(possible, wanted * (logits[moved] - logits[places]), 0)
            better = gain > best
            best, chosen = np.where(better, gain, best), np.where(better, i, chosen)
            target = np.where(better, moved, target)
    columns = dict(table.columns)
    for i, feature in enumerate(card.features):
        column, at = columns[feature.name].copy(), chosen == i
        column[at] = _examples(columns[feature.name], placed.places[i], len(feature.bins))[target[at]]
        columns[feature.name] = column
    return Table(table.specs, columns, table.bad, table.groups)


def _examples(column: Column, places: NDArray[np.intp], bins: int) -> Column:
    """Return a value of each bin that has rows: the middle one of a number's, the first of a category's."""
    examples = np.empty(bins, dtype=column.dtype)
    for bin_ in np.intersect1d(places, np.arange(bins)):
        inside = column[places == bin_]
        examples[bin_] = inside[0] if inside.dtype == object else np.sort(inside)[len(inside) // 2]
    return examples


def _doubled(table: Table, copies: Table) -> Table:
    columns: dict[str, Column | Floats] = {
        name: np.concatenate([column, copies.columns[name]]) for name, column in table.columns.items()
    }
    groups = np.arange(len(table.bad)) if table.groups is None else table.groups
    return Table(
        table.specs, columns, np.concatenate([table.bad, copies.bad]), np.concatenate([groups, groups])
    )
