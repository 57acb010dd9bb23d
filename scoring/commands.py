"""What `scf score train` does; the command line prints the reports."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

# The fits are small: spread over threads they take twice the processor time, and more where others work too.
# The library reads this when it is loaded, so it is set before training is.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from core.errors import InvalidInput
from scoring.bench.run import bench_set
from scoring.bench.sets import chosen_sets
from scoring.bench.speed import measured_apart
from scoring.leaks import Leak, find_leaks
from scoring.table import read_labelled
from scoring.training import TrainReport, train_csv, train_portfolio


def train_synthetic(out: Path) -> TrainReport:
    """Train the SME card on the synthetic portfolio and write its file to `out`."""
    report = train_portfolio()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(report.content)
    return report


def train_file(
    path: Path,
    target: str,
    *,
    firm: str | None = None,
    dropped: Sequence[str] = (),
    population_rate: Decimal | None = None,
    keep_leaks: bool = False,
) -> TrainReport:
    """Train a card on a CSV file whose column `target` is 1 for bad rows.

    Raises:
        NotFound, InvalidInput: with the column and the row; see `scoring.training.train_csv`.
        `scoring.leak` when
            a column knows the outcome or only who it was, unless they are to be kept.
    """
    if not keep_leaks:
        leaks = [one for one in check_file(path, target) if one.column not in {*dropped, firm}]
        if leaks:
            raise InvalidInput(
                "scoring.leak",
                "; ".join(f"{one.column}: {one.evidence} ({one.reason})" for one in leaks),
                where=", ".join(one.column for one in leaks),
                hint="Leave them out with --drop, or train on them all the same with --keep-leaks.",
            )
    return train_csv(path, target, firm=firm, dropped=dropped, population_rate=population_rate)


def check_file(path: Path, target: str) -> tuple[Leak, ...]:
    """Return the columns of a CSV file that know its outcome or only who it was.

    Raises:
        NotFound, InvalidInput: what `scoring.table.read_labelled` raises.
    """
    columns, bad = read_labelled(path, target)
    return find_leaks(columns, bad)


def bench(
    folder: Path, stems: list[str], out: Path, told: Callable[[str], None], *, speed: bool = False
) -> dict[str, Any]:
    """Measure the modelling core on the sets of a folder, and its `speed`; write the folds to `out`.

    Raises:
        NotFound: `scoring.bench_set_unknown`, `scoring.bench_no_sets`.
    """
    report = {"sets": {one.stem: bench_set(one, folder, out, told) for one in chosen_sets(folder, stems)}}
    return report | {"speed": measured_apart()} if speed else report
