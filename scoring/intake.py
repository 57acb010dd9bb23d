"""The rows of a file that may train a card: those that pass the gates. The others are set apart, with why.

`scoring.quality` has the gates. What only training knows is added here: a row must tell its outcome (and its
firm, where there is a column of firms) and at least one figure, and a line that stands there twice counts
once.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from core.errors import InvalidInput
from scoring.contract import FeatureSpec
from scoring.csv_rows import read_lines
from scoring.quality import Finding, Profile, QualityReport, inspect
from scoring.scorer import Value
from scoring.table import (
    Table,
    columns_of,
    inferred_kind,
    parse_number,
    read_target,
    require_target,
    table_of_columns,
)

# A file of which more rows are wrong than this is not what it is taken for.
MOST_QUARANTINED: Final = 0.2

Cells = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Intake:
    """A file after the gates: its header and lines, which of these are accepted, and what may train.

    `columns` are the accepted rows' cells of every column but the target, those that are left out too.
    """

    names: Sequence[str]
    lines: Sequence[Sequence[str]]
    report: QualityReport
    specs: tuple[FeatureSpec, ...]
    columns: Mapping[str, Cells]
    bad: Sequence[bool]
    firms: Sequence[str] | None

    def require_usable(self) -> None:
        """Refuse a file of which more than a fifth of the rows are quarantined.

        Raises:
            InvalidInput: `scoring.data_condemned`.
        """
        found = self.report
        if len(found.quarantined) > MOST_QUARANTINED * found.rows:
            told = ", ".join(f"{gate}: {count}" for gate, count in sorted(found.counts().items()))
            raise InvalidInput(
                "scoring.data_condemned",
                f"{len(found.quarantined)} of {found.rows} rows do not pass the gates ({told}). "
                f"The first: row {found.findings[0].row}, {found.reasons()[found.quarantined[0]]}.",
                where="the data",
                hint="Write them to a file with --quarantine FILE, and look at the columns that are told.",
            )

    def table(self) -> Table:
        """Return the accepted rows as training data.

        Raises:
            InvalidInput: what `scoring.table.table_of_columns` raises.
        """
        return table_of_columns(self.specs, self.columns, self.bad, self.firms)

    def write_quarantine(self, path: Path) -> None:
        """Write the quarantined rows as they were, each with its number and its reasons."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["quarantined_row", "quarantined_because", *self.names])
            for row, why in self.report.reasons().items():
                writer.writerow([row, why, *self.lines[row - 1]])


def admit(
    path: Path,
    target: str,
    *,
    described: Sequence[FeatureSpec] = (),
    firm: str | None = None,
    dropped: Sequence[str] = (),
    keep_duplicates: bool = False,
) -> Intake:
    """Read a CSV file with a header row, plain or gzip'd, and let its rows pass the gates.

    Args:
        path: the file.
        target: the column that is 1 for bad rows.
        described: what is known of some columns; of the others the kind is inferred.
        firm: the column that tells whose row it is.
        dropped: columns that are left out.
        keep_duplicates: equal lines are of different parties.

    Raises:
        NotFound, InvalidInput: what `scoring.csv_rows.read_lines` raises; `scoring.target_missing`,
            `scoring.target_value`, `scoring.column_missing`.
    """
    names, lines = read_lines(path)
    require_target(path, target, names)
    for name in (*dropped, *([firm] if firm else []), *(spec.name for spec in described)):
        if name not in names:
            raise InvalidInput("scoring.column_missing", f"{path.name} has no column {name!r}.", where=name)
    columns = columns_of(names, lines)
    outcomes = columns.pop(target)
    # A row without an outcome is quarantined below; one with another than 0 or 1 condemns the column.
    bad = read_target(target, ["0" if cell is None else cell for cell in outcomes])
    firms = columns[firm] if firm else None
    figures = {name: cells for name, cells in columns.items() if name not in {firm, *dropped}}
    specs = _specs(described, figures)
    identities = None if keep_duplicates else [tuple(line) for line in lines]
    report = inspect(
        [_own_profile(spec, figures[spec.name]) for spec in specs],
        _rows(specs, figures, len(lines)),
        identities or range(len(lines)),
    )
    needed = {target: outcomes, **({firm: firms} if firm and firms else {})}
    report = _with_incomplete(report, needed, figures)
    rows = [row - 1 for row in report.accepted]
    return Intake(
        names,
        lines,
        report,
        specs,
        {name: [cells[row] for row in rows] for name, cells in columns.items()},
        [bad[row] for row in rows],
        None if firms is None else [firms[row] or "" for row in rows],
    )


def _specs(described: Sequence[FeatureSpec], columns: Mapping[str, Cells]) -> tuple[FeatureSpec, ...]:
    known = {spec.name: spec for spec in described}
    return tuple(
        known.get(name) or FeatureSpec(name, inferred_kind(cells), name) for name, cells in columns.items()
    )


def _own_profile(spec: FeatureSpec, cells: Cells) -> Profile:
    """Return a profile that holds a column to its declaration alone: there was no training before."""
    return Profile(spec, 1.0, None, frozenset(cell for cell in cells if cell is not None))


def _rows(
    specs: Sequence[FeatureSpec], columns: Mapping[str, Cells], count: int
) -> list[Mapping[str, Value]]:
    read: dict[str, Sequence[Value]] = {
        spec.name: list(_numbers(columns[spec.name])) if spec.kind == "number" else columns[spec.name]
        for spec in specs
    }
    return [{name: values[row] for name, values in read.items()} for row in range(count)]


def _numbers(cells: Cells) -> Iterable[Value]:
    """Return numbers as decimals, and what is no finite number as the text that it is."""
    for cell in cells:
        number = None if cell is None else parse_number(cell)
        yield cell if cell is None or number is None or not math.isfinite(number) else Decimal(cell)


def _with_incomplete(
    report: QualityReport, needed: Mapping[str, Cells], columns: Mapping[str, Cells]
) -> QualityReport:
    """Quarantine also the rows that lack what each must have, or that tell nothing."""
    findings = list(report.findings)
    for name, cells in needed.items():
        for row, cell in enumerate(cells, start=1):
            if cell is None:
                findings.append(Finding("missing", name, row, "each row must tell it"))
    for row, values in enumerate(zip(*columns.values(), strict=True), start=1):
        if all(value is None for value in values):
            findings.append(Finding("missing", "", row, "it tells no figure"))
    wrong = {one.row for one in findings if one.row is not None}
    return QualityReport(
        report.rows,
        tuple(row for row in report.accepted if row not in wrong),
        tuple(sorted(wrong)),
        tuple(findings),
    )
