"""The gates of `scoring.quality`, held against what a card knows of its training."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from scoring.artifact import Card
from scoring.assessment.scored import Scored, specs_of
from scoring.prebins import Column
from scoring.quality import Gate, Profile, inspect
from scoring.scorer import Value


@dataclass(frozen=True, slots=True)
class GateFinding:
    """What a gate found in a column: in how many `rows` (None: in the column as a whole), and why."""

    gate: Gate
    column: str
    rows: int | None
    why: str


def gate_findings(scored: Scored) -> tuple[GateFinding, ...]:
    """Return which of a file's columns do not look like the card's training rows.

    A card keeps levels and missing shares, and neither bounds nor typical sizes: ranges and units are not
    looked at. Equal rows may be of different parties here.
    """
    columns = {name: _values(column) for name, column in scored.table.columns.items()}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    report = inspect(profile_of_card(scored.card), rows, range(len(rows)))
    of_columns = [
        GateFinding(one.gate, one.column, None, one.why) for one in report.findings if one.row is None
    ]
    of_rows = Counter((one.gate, one.column) for one in report.findings if one.row is not None)
    return (
        *of_columns,
        *(GateFinding(gate, name, count, "not met in training") for (gate, name), count in of_rows.items()),
    )


def profile_of_card(card: Card) -> tuple[Profile, ...]:
    """Return what a card knows of its training rows, as the gates need it."""
    return tuple(
        Profile(
            spec,
            (one.missing.good + one.missing.bad) / card.data.rows,
            None,
            frozenset(level for group in one.levels for level in group),
        )
        for spec, one in zip(specs_of(card), card.features, strict=True)
    )


def _values(column: Column) -> list[Value]:
    if column.dtype == object:
        return list(column)
    return [None if number != number else Decimal(number) for number in column.tolist()]
