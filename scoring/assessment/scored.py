"""A file's rows, scored by a card: what each feature added, and what the rows say beside the features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.artifact import Card
from scoring.binning import bin_positions
from scoring.contract import FeatureSpec
from scoring.prebins import Flags, Floats
from scoring.scorecard import batch_pd
from scoring.scorer import MICRO
from scoring.table import Table, read_columns, read_csv


@dataclass(frozen=True, slots=True)
class Placed:
    """Each row's place among each feature's bins, and what a place adds to the log odds and points."""

    intercept: int
    base_points: int
    places: tuple[NDArray[np.intp], ...]
    micro_logits: tuple[NDArray[np.int64], ...]
    points_of: tuple[NDArray[np.int64], ...]
    missing: tuple[int, ...]

    def log_odds(self, places: Sequence[NDArray[np.intp]]) -> NDArray[np.int64]:
        """Return the log odds in millionths of rows that lie in these places."""
        return self.intercept + _summed(self.micro_logits, places)

    def points(self, places: Sequence[NDArray[np.intp]]) -> NDArray[np.int64]:
        """Return the points of rows that lie in these places."""
        return self.base_points + _summed(self.points_of, places)


@dataclass(frozen=True, slots=True)
class Scored:
    """Scored rows. `beside` holds the cells of columns that are no features: segments, periods."""

    card: Card
    table: Table
    placed: Placed
    log_odds: NDArray[np.int64]
    points: NDArray[np.int64]
    beside: Mapping[str, Sequence[str | None]]

    @property
    def bad(self) -> Flags:
        """The target."""
        return self.table.bad

    @property
    def pd(self) -> Floats:
        """The probabilities of default."""
        return batch_pd(self.log_odds)


def score_file(
    card: Card, path: Path, target: str, *, firm: str | None = None, beside: Sequence[str] = ()
) -> Scored:
    """Score a CSV file by a card, and keep the columns `beside`.

    Raises:
        NotFound, InvalidInput: see `scoring.table.read_csv`; `scoring.column_missing` for a column that is
            not there.
    """
    table = read_csv(path, target, specs_of(card), firm, to_learn=False)
    columns = read_columns(path) if beside else {}
    for name in beside:
        if name not in columns:
            raise InvalidInput("scoring.column_missing", f"{path.name} has no column {name!r}.", where=name)
    return score_table(card, table, {name: columns[name] for name in beside})


def score_table(card: Card, table: Table, beside: Mapping[str, Sequence[str | None]] | None = None) -> Scored:
    """Score a table by a card."""
    placed = place(card, table)
    return Scored(
        card, table, placed, placed.log_odds(placed.places), placed.points(placed.places), beside or {}
    )


def specs_of(card: Card) -> list[FeatureSpec]:
    """Return what a card needs to know of its features' columns."""
    return [
        FeatureSpec(one.name, one.kind, one.label, special=tuple(special.code for special in one.specials))
        for one in card.features
    ]


def place(card: Card, table: Table) -> Placed:
    """Return where a table's rows lie among a card's bins."""
    places = tuple(
        bin_positions(
            table.columns[one.name],
            one.kind,
            [float(cut) for cut in one.cuts],
            one.levels,
            [float(special.code) for special in one.specials],
        )
        for one in card.features
    )
    return Placed(
        intercept=int((card.fit.intercept * MICRO).to_integral_value()),
        base_points=card.base_points,
        places=places,
        micro_logits=tuple(
            np.array([int((bin_.logit * MICRO).to_integral_value()) for bin_ in one.all_bins()])
            for one in card.features
        ),
        points_of=tuple(np.array([bin_.points for bin_ in one.all_bins()]) for one in card.features),
        missing=tuple(len(one.bins) for one in card.features),
    )


def _summed(values: Sequence[NDArray[np.int64]], places: Sequence[NDArray[np.intp]]) -> NDArray[np.int64]:
    added = [of_bin[place] for of_bin, place in zip(values, places, strict=True)]
    return np.asarray(np.sum(added, axis=0), dtype=np.int64)
