"""What `scf score train` does; the command line prints the reports."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

# The fits are small: spread over threads they take twice the processor time, and more where others work too.
# The library reads this when it is loaded, so it is set before training is.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from scoring.bench.run import bench_set
from scoring.bench.sets import chosen_sets
from scoring.training import TrainReport, train_csv, train_portfolio


def train_synthetic(out: Path) -> TrainReport:
    """Train the SME card on the synthetic portfolio and write its file to `out`."""
    report = train_portfolio()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(report.content)
    return report


def train_file(
    path: Path, target: str, firm: str | None = None, population_rate: Decimal | None = None
) -> TrainReport:
    """Train a card on a CSV file whose column `target` is 1 for bad rows.

    Raises:
        NotFound, InvalidInput: with the column and the row; see `scoring.training.train_csv`.
    """
    return train_csv(path, target, firm=firm, population_rate=population_rate)


def bench(folder: Path, stems: list[str], out: Path, told: Callable[[str], None]) -> dict[str, Any]:
    """Measure the modelling core on the sets of a folder; write the folds to `out`.

    Raises:
        NotFound: `scoring.bench_set_unknown`, `scoring.bench_no_sets`.
    """
    return {"sets": {one.stem: bench_set(one, folder, out, told) for one in chosen_sets(folder, stems)}}
