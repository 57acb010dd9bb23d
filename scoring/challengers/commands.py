"""What `scf score challenge` does; the command line prints the report."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Before the numerical libraries are loaded; see `scoring.commands`.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from core.errors import InvalidInput
from scoring.challengers import extra
from scoring.challengers.artifact import challenger_id, encode
from scoring.challengers.comparison import Comparison, compare
from scoring.challengers.gradient_trees import fit_gradient_trees
from scoring.contract import FeatureSpec
from scoring.scorecard import Described
from scoring.table import Table, inferred_kind, read_columns, read_csv


@dataclass(frozen=True, slots=True)
class ChallengeReport:
    """The figures side by side; `challenger_id` is that of the file that was written, if one was."""

    comparison: Comparison
    rows: int
    bad: int
    challenger_id: str | None


def challenge(
    path: Path,
    target: str,
    names: Sequence[str],
    *,
    without: Sequence[str] = (),
    firm: str | None = None,
    acceptance: float,
    out: Path | None,
    told: Callable[[str], None],
) -> ChallengeReport:
    """Compare card and challengers on a CSV file; with `out`, fit LightGBM to all rows and write its file.

    Raises:
        NotFound, InvalidInput: with the column and the row; see `scoring.table.read_csv`.
        Unavailable: `scoring.challenger_extra` without the extra `challenger`.
    """
    extra.lightgbm()  # told before the data is read
    table = table_without(path, target, without, firm)
    stem = path.name.removesuffix(".gz").removesuffix(".csv")
    described = Described(stem, path.name, False, target)
    comparison = compare(table, described, tuple(names), acceptance, told)
    identifier = None
    if out is not None:
        told("LightGBM on all rows")
        content = encode(
            fit_gradient_trees(table), name=f"{stem} challenger", target=target, data_sha256=table.digest()
        )
        out.write_bytes(content)
        identifier = challenger_id(content)
    return ChallengeReport(comparison, len(table.bad), int(table.bad.sum()), identifier)


def table_without(path: Path, target: str, without: Sequence[str], firm: str | None = None) -> Table:
    """Read a CSV file and leave columns out: identifiers, and what was known only after the outcome.

    Raises:
        NotFound, InvalidInput: see `scoring.table.read_csv`.
    """
    if not without:
        return read_csv(path, target, firm=firm)
    columns = read_columns(path)
    for name in without:
        if name not in columns:
            raise InvalidInput("scoring.column_missing", f"{path.name} has no column {name!r}.", where=name)
    specs = [
        FeatureSpec(name, inferred_kind(cells), name)
        for name, cells in columns.items()
        if name not in {*without, target, firm}
    ]
    return read_csv(path, target, specs, firm)
