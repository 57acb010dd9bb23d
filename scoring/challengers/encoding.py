"""Figures as the numbers that trees read, the same for a table and for one snapshot.

A number stays as it is; not known is NaN, for which each split learns a side. Its special codes are not
quantities: they become NaN and a column of their own that tells them apart. A category becomes the place of
its level, and what training never met NaN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.contract import FeatureSpec, Kind
from scoring.prebins import Column, Floats
from scoring.table import Table

# Scikit-learn's trees take at most 255 levels; the rarest ones beyond share the last place.
MAX_LEVELS: Final = 250
_DIRECTIONS: Final = {"ascending": 1, "descending": -1}


@dataclass(frozen=True, slots=True)
class EncodedFeature:
    """How one feature is encoded.

    `direction` is +1 where the probability of default must not fall as the value rises, −1 where it must
    not rise, else 0: trees can be held to a course that does not turn, so `peak` and `valley` are not held.
    """

    name: str
    kind: Kind
    direction: int
    special: tuple[float, ...]
    levels: tuple[str, ...]
    has_rare: bool

    @property
    def width(self) -> int:
        """How many columns it takes."""
        return 1 + len(self.special)


@dataclass(frozen=True, slots=True)
class Encoding:
    """The columns that trees read, feature by feature."""

    features: tuple[EncodedFeature, ...]

    @classmethod
    def of(cls, table: Table) -> Encoding:
        """Return the encoding of a table's features."""
        return cls(tuple(_encoded(spec, table.columns[spec.name]) for spec in table.specs))

    @property
    def directions(self) -> list[int]:
        """The direction of each column."""
        return [
            direction for one in self.features for direction in (one.direction, *(0 for _ in one.special))
        ]

    @property
    def categories(self) -> list[int]:
        """The columns that hold places of levels."""
        return [
            start for one, start in zip(self.features, self.starts(), strict=True) if one.kind == "category"
        ]

    def starts(self) -> list[int]:
        """Return the first column of each feature."""
        widths = [one.width for one in self.features]
        return [sum(widths[:i]) for i in range(len(widths))]

    def matrix(self, table: Table) -> Floats:
        """Return the columns of a table's rows."""
        return np.column_stack([_columns(one, table.columns[one.name]) for one in self.features])

    def row(self, snapshot: Mapping[str, Decimal | int | str | None]) -> Floats:
        """Return the columns of one snapshot; an absent name is not known.

        Raises:
            InvalidInput: `scoring.value_type` or `scoring.value_not_finite`.
        """
        cells = [_columns(one, _one_cell(one, snapshot.get(one.name))) for one in self.features]
        return np.column_stack(cells)

    def by_feature(self, columns: Floats) -> Floats:
        """Return values per column summed over each feature's columns; rows stay rows."""
        return np.add.reduceat(columns, self.starts(), axis=1)


def _encoded(spec: FeatureSpec, column: Column) -> EncodedFeature:
    counts = Counter(value for value in column if value is not None) if spec.kind == "category" else {}
    frequent = sorted(counts, key=lambda level: (-counts[level], level))[:MAX_LEVELS]
    return EncodedFeature(
        name=spec.name,
        kind=spec.kind,
        direction=_DIRECTIONS.get(spec.trend, 0) if spec.kind == "number" else 0,
        special=tuple(map(float, spec.special)),
        levels=tuple(sorted(frequent)),
        has_rare=len(counts) > MAX_LEVELS,
    )


def _columns(one: EncodedFeature, column: Column) -> Floats:
    if one.kind == "category":
        return _places(one, column)[:, None]
    values = column.astype(np.float64)
    codes = [values == code for code in one.special]
    quantity = np.where(np.isin(values, one.special), np.nan, values) if codes else values
    return np.column_stack([quantity, *codes])


def _places(one: EncodedFeature, column: Column) -> Floats:
    place_of = {level: float(i) for i, level in enumerate(one.levels)}
    other = float(len(one.levels)) if one.has_rare else np.nan
    return np.array([np.nan if v is None else place_of.get(v, other) for v in column], dtype=np.float64)


def _one_cell(one: EncodedFeature, value: Decimal | int | str | None) -> NDArray[np.object_] | Floats:
    if one.kind == "category":
        if value is not None and type(value) is not str:
            raise _refused("scoring.value_type", one, value, "a text")
        return np.array([value], dtype=object)
    try:
        number = np.nan if value is None else float(value)
    except ValueError:
        raise _refused("scoring.value_type", one, value, "a decimal number") from None
    if value is not None and not np.isfinite(number):
        raise _refused("scoring.value_not_finite", one, value, "a finite number")
    return np.array([number])


def _refused(code: str, one: EncodedFeature, value: object, needed: str) -> InvalidInput:
    return InvalidInput(
        code,
        f"{one.name} must be {needed} and is {str(value)[:80]!r}.",
        where=one.name,
        hint="Give null when the figure is not known.",
    )
