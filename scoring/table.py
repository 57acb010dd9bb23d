"""Training data: columns checked once, so that what trains can rely on them.

Whatever would give a silent wrong number is refused here with the column and the row: infinities, text
among numbers, a constant or empty column, a column that stands there twice, a target with one class. Rows
count from 1, without the header.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.contract import FeatureSpec, Kind
from scoring.csv_rows import read_lines, refuse_duplicates
from scoring.generator import SyntheticFirm
from scoring.prebins import Column, Flags

# What data files write where a value is not known.
MISSING_MARKS: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
# A column of texts with more values than this is an identifier, not a category.
MAX_LEVELS: Final = 1_000
# Each class needs this many rows, or five folds cannot be formed with two of each.
LEAST_OF_A_CLASS: Final = 10
_NUMERIC_SHARE: Final = 0.9

Cell = Decimal | int | float | str | None


@dataclass(frozen=True, slots=True)
class Table:
    """Checked training data.

    A column per feature holds floats with NaN, or texts with None, for missing; `bad` is the target;
    `groups`, where known, numbers the firm of each row from 0 on without a gap.
    """

    specs: tuple[FeatureSpec, ...]
    columns: Mapping[str, Column]
    bad: Flags
    groups: NDArray[np.intp] | None = None

    def rows(self, chosen: Flags) -> Table:
        """Return the chosen rows."""
        groups = None if self.groups is None else np.unique(self.groups[chosen], return_inverse=True)[1]
        return Table(
            self.specs,
            {name: column[chosen] for name, column in self.columns.items()},
            self.bad[chosen],
            groups,
        )

    def digest(self) -> str:
        """Return the SHA-256 of the data: names, kinds and values in order; the same on every machine."""
        hasher = hashlib.sha256()
        for spec in self.specs:
            hasher.update(f"{spec.name}\x1f{spec.kind}\x1e".encode())
            column = self.columns[spec.name]
            if spec.kind == "number":
                hasher.update((column + 0.0).astype("<f8").tobytes())
            else:
                hasher.update("\x1e".join("\x00" if v is None else v for v in column).encode())
        hasher.update(self.bad.astype(np.uint8).tobytes())
        return hasher.hexdigest()


def table_of_rows(
    specs: Sequence[FeatureSpec], rows: Sequence[Mapping[str, Cell]], bad: Sequence[bool]
) -> Table:
    """Build a table from one mapping per row; an absent name is missing.

    Raises:
        InvalidInput: see `table_of_columns`.
    """
    return table_of_columns(specs, {spec.name: [row.get(spec.name) for row in rows] for spec in specs}, bad)


def table_of_portfolio(specs: Sequence[FeatureSpec], portfolio: Sequence[SyntheticFirm]) -> Table:
    """Build a table from a synthetic portfolio."""
    return table_of_rows(specs, [firm.figures for firm in portfolio], [firm.defaulted for firm in portfolio])


def table_of_columns(
    specs: Sequence[FeatureSpec],
    columns: Mapping[str, Sequence[Cell]],
    bad: Sequence[bool],
    firms: Sequence[str] | None = None,
    *,
    to_learn: bool = True,
) -> Table:
    """Build a table from columns. `firms` tells whose each row is.

    A column that nothing can be learned from is refused, unless the table is only to be scored.

    Raises:
        InvalidInput: `scoring.no_rows`, `scoring.no_features`, `scoring.one_class`,
            `scoring.class_too_small`, `scoring.column_duplicate`, `scoring.column_empty`,
            `scoring.column_constant`, `scoring.column_length`, `scoring.column_missing`,
            `scoring.special_not_number`, `scoring.value_type`,
            `scoring.value_not_finite`, `scoring.too_many_levels`.
    """
    if not specs:
        raise InvalidInput("scoring.no_features", "There is no feature to train on.")
    refuse_duplicates([spec.name for spec in specs])
    target = _read_classes(bad)
    read: dict[str, Column] = {}
    for spec in specs:
        if spec.name not in columns:
            raise InvalidInput(
                "scoring.column_missing", f"The data have no column {spec.name!r}.", where=spec.name
            )
        if spec.special and spec.kind != "number":
            raise InvalidInput(
                "scoring.special_not_number",
                f"{spec.name} is a category; only a number has special codes.",
                where=spec.name,
                hint="Each level of a category may have a bin of its own as it is.",
            )
        cells = columns[spec.name]
        if len(cells) != len(target):
            raise InvalidInput(
                "scoring.column_length",
                f"{spec.name} has {len(cells)} rows and the target {len(target)}.",
                where=spec.name,
            )
        column = _numbers(spec.name, cells) if spec.kind == "number" else _texts(spec.name, cells)
        if to_learn:
            _refuse_uninformative(spec, column)
        read[spec.name] = column
    groups = None if firms is None else np.unique(np.array(firms), return_inverse=True)[1]
    return Table(tuple(specs), read, target, groups)


def read_csv(
    path: Path,
    target: str,
    specs: Sequence[FeatureSpec] | None = None,
    firm: str | None = None,
    dropped: Sequence[str] = (),
    *,
    to_learn: bool = True,
) -> Table:
    """Read a CSV file with a header row, plain or gzip'd.

    `firm` names the column that tells whose row it is; `dropped` columns are left out; without `to_learn` the
    rows are only to be scored, and a column may be constant or empty.

    Without `specs` every column but the target is a feature; its kind is inferred: a number when at least
    nine in ten of its known values are numbers (the rest are then refused), else a category; its trend is
    left to the data.

    Raises:
        NotFound: `scoring.file_missing`.
        InvalidInput: `scoring.file_unreadable`, `scoring.row_length`, `scoring.target_missing`,
            `scoring.target_value`, `scoring.column_missing`, and what `table_of_columns` raises.
    """
    columns, bad = read_labelled(path, target)
    for name in dropped:
        if columns.pop(name, None) is None:
            raise InvalidInput("scoring.column_missing", f"{path.name} has no column {name!r}.", where=name)
    groups = None if firm is None else _read_firms(path, firm, columns)
    if specs is None:
        specs = [FeatureSpec(name, inferred_kind(cells), name) for name, cells in columns.items()]
    for spec in specs:
        if spec.name not in columns:
            raise InvalidInput(
                "scoring.column_missing", f"{path.name} has no column {spec.name!r}.", where=spec.name
            )
    return table_of_columns(specs, columns, bad, groups, to_learn=to_learn)


def read_labelled(path: Path, target: str) -> tuple[dict[str, list[str | None]], list[bool]]:
    """Return the cells of every column but the target, and the target.

    Raises:
        NotFound, InvalidInput: `scoring.target_missing`, `scoring.target_value`, and what `read_columns`
        raises.
    """
    columns = read_columns(path)
    require_target(path, target, list(columns))
    bad = read_target(target, columns.pop(target))
    return columns, bad


def require_target(path: Path, target: str, names: Sequence[str]) -> None:
    """Refuse a file without the target's column.

    Raises:
        InvalidInput: `scoring.target_missing`.
    """
    if target not in names:
        raise InvalidInput(
            "scoring.target_missing",
            f"{path.name} has no column {target!r}.",
            where=target,
            hint=f"Its columns are {', '.join(names[:12])}{' …' if len(names) > 12 else ''}.",
        )


def _read_firms(path: Path, firm: str, columns: dict[str, list[str | None]]) -> list[str]:
    """Take the firms' column out of the features; each row must tell its firm."""
    if firm not in columns:
        raise InvalidInput("scoring.column_missing", f"{path.name} has no column {firm!r}.", where=firm)
    firms = columns.pop(firm)
    for number, name in enumerate(firms, start=1):
        if name is None:
            raise InvalidInput(
                "scoring.firm_missing",
                f"Row {number} does not tell its firm in {firm}.",
                where=f"{firm}, row {number}",
                hint="Fill it in, or train without a firm column.",
            )
    return [name for name in firms if name is not None]


def read_columns(path: Path) -> dict[str, list[str | None]]:
    """Return the cells of a CSV file's columns, None where a value is not known.

    Raises:
        NotFound: `scoring.file_missing`.
        InvalidInput: `scoring.file_unreadable`, `scoring.no_rows`, `scoring.row_length`,
            `scoring.column_duplicate`.
    """
    return columns_of(*read_lines(path))


def columns_of(names: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, list[str | None]]:
    """Return the cells of columns, None where a value is not known."""
    cells = [[None if _is_missing(cell) else cell for cell in row] for row in rows]
    return {name: [row[i] for row in cells] for i, name in enumerate(names)}


def _is_missing(cell: str) -> bool:
    return cell.lower() in MISSING_MARKS


def inferred_kind(cells: Iterable[str | None]) -> Kind:
    """Return `number` when at least nine in ten of the known cells are numbers, else `category`."""
    known = [cell for cell in cells if cell is not None]
    numbers = sum(parse_number(cell) is not None for cell in known)
    return "number" if numbers >= _NUMERIC_SHARE * len(known) else "category"


def read_target(name: str, cells: Sequence[str | None]) -> list[bool]:
    """Return which rows are bad.

    Raises:
        InvalidInput: `scoring.target_value` for a cell that is neither 0 nor 1.
    """
    for number, cell in enumerate(cells, start=1):
        if cell is None or parse_number(cell) not in (0.0, 1.0):
            raise InvalidInput(
                "scoring.target_value",
                f"The target {name} must be 0 (good) or 1 (bad) and is {cell!r} in row {number}.",
                where=f"{name}, row {number}",
            )
    return [parse_number(cell or "") == 1.0 for cell in cells]


def _read_classes(bad: Sequence[bool]) -> Flags:
    if not len(bad):
        raise _no_rows()
    target = np.array(bad, dtype=np.bool_)
    bads = int(target.sum())
    goods = len(target) - bads
    if not bads or not goods:
        only = "good" if goods else "bad"
        raise InvalidInput(
            "scoring.one_class",
            f"All {len(target)} rows are {only}, so there is nothing to tell apart.",
            where="target",
        )
    if min(bads, goods) < LEAST_OF_A_CLASS:
        raise InvalidInput(
            "scoring.class_too_small",
            f"There are {goods} good and {bads} bad rows; each class needs {LEAST_OF_A_CLASS}.",
            where="target",
        )
    return target


def _numbers(name: str, cells: Sequence[Cell]) -> Column:
    read = np.empty(len(cells), dtype=np.float64)
    for i, cell in enumerate(cells):
        if cell is None:
            read[i] = math.nan
            continue
        number = parse_number(cell)
        if number is None:
            raise _refused("scoring.value_type", name, i, cell, "a number")
        if not math.isfinite(number):
            raise _refused("scoring.value_not_finite", name, i, cell, "a finite number")
        read[i] = number
    return read


def _texts(name: str, cells: Sequence[Cell]) -> Column:
    read = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        if cell is not None and type(cell) is not str:
            raise _refused("scoring.value_type", name, i, cell, "a text")
        read[i] = cell
    return read


def parse_number(cell: object) -> float | None:
    """Return the number that a cell writes, or None; `1_000` is Python's, not data's."""
    if isinstance(cell, bool) or (isinstance(cell, str) and "_" in cell):
        return None
    try:
        return float(cell) if isinstance(cell, str | int | float | Decimal) else None
    except (ValueError, OverflowError):
        return None


def _refuse_uninformative(spec: FeatureSpec, column: Column) -> None:
    known = column[~np.isnan(column)] if spec.kind == "number" else [v for v in column if v is not None]
    if not len(known):
        raise InvalidInput(
            "scoring.column_empty",
            f"{spec.name} has no value in any row.",
            where=spec.name,
            hint="Leave the column out.",
        )
    values = len(np.unique(known)) if spec.kind == "number" else len(set(known))
    if values == 1 and len(known) == len(column):
        raise InvalidInput(
            "scoring.column_constant",
            f"{spec.name} is {known[0]} in every row.",
            where=spec.name,
            hint="Leave the column out.",
        )
    if spec.kind == "category" and values > MAX_LEVELS:
        raise InvalidInput(
            "scoring.too_many_levels",
            f"{spec.name} has {values} different texts; a category has at most {MAX_LEVELS}.",
            where=spec.name,
            hint="It looks like an identifier: leave the column out.",
        )


def _refused(code: str, name: str, index: int, cell: Cell, needed: str) -> InvalidInput:
    return InvalidInput(
        code,
        f"{name} must be {needed} and is {str(cell)[:80]!r} in row {index + 1}.",
        where=f"{name}, row {index + 1}",
        hint="Leave the cell empty when the value is not known.",
    )


def _no_rows() -> InvalidInput:
    return InvalidInput("scoring.no_rows", "There are no rows to train on.", where="the data")
