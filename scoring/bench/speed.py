"""What fitting and scoring cost on simulated rows, in processor seconds.

100,000 rows of 30 figures, all of them telling something, are binned and fitted: by the whole nested choice,
and the selected card alone. The card then scores 1,000,000 rows in one batch. Run in a process of its own
the peak memory is that of this work.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import orjson
from threadpoolctl import threadpool_limits

from scoring.artifact import Scale
from scoring.card_file import decode, encode
from scoring.choice import RULES, choose
from scoring.contract import FeatureSpec
from scoring.fitting import fit_selected, prepare
from scoring.scorecard import Described, batch_log_odds, batch_pd, card_of
from scoring.table import Table

_FIT_ROWS: Final = 100_000
_BATCH_ROWS: Final = 1_000_000
_FEATURES: Final = 30
_KILOBYTES: Final = 1_024


def measured_apart() -> dict[str, Any]:
    """Return the figures; fit and batch are each measured in a process of its own, for the memory of each."""
    with TemporaryDirectory() as folder:
        card = str(Path(folder) / "card.json")
        found: dict[str, Any] = {}
        for work in ("fit", "batch"):
            done = subprocess.run(  # noqa: S603 (our own module)
                [sys.executable, "-m", "scoring.bench.speed", work, card], check=True, capture_output=True
            )
            found |= orjson.loads(done.stdout)
        return found


def fit(out: Path) -> dict[str, Any]:
    """Fit by the whole nested choice the card that is written to `out`, then the selected card alone."""
    table = simulated(_FIT_ROWS, seed=1)
    started = time.process_time()
    choice = choose(table)
    found = {"fit_chosen_cpu_s": round(time.process_time() - started, 2), "fit_chosen_peak_mb": _peak_mb()}
    card = card_of(choice, table, Described("speed", "simulated", True, "bad"), Scale())
    out.write_bytes(encode(card))
    started = time.process_time()
    with threadpool_limits(limits=1, user_api="blas"):  # as `choose` works
        fit_selected(prepare(table, RULES[0]))
    selected = round(time.process_time() - started, 2)
    return found | {"fit_selected_cpu_s": selected, "fit_selected_peak_mb": _peak_mb()}


def batch(path: Path) -> dict[str, Any]:
    """Score 1,000,000 rows by the card in a file."""
    card = decode(path.read_bytes())
    table = simulated(_BATCH_ROWS, seed=2)
    started = time.process_time()
    batch_pd(batch_log_odds(card, table))
    return {
        "batch_million_cpu_s": round(time.process_time() - started, 2),
        "batch_million_features": len(card.features),
        "batch_million_peak_mb": _peak_mb(),
    }


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KILOBYTES


def simulated(rows: int, seed: int) -> Table:
    """Return rows whose log odds are a weighted sum of 30 figures."""
    random = np.random.Generator(np.random.PCG64(seed))
    log_odds = np.full(rows, -3.0)
    columns = {}
    for i in range(_FEATURES):
        column = random.normal(size=rows).round(4)
        log_odds += (0.2 + 0.01 * i) * column
        columns[f"figure {i}"] = column
    bad = random.random(rows) < 1 / (1 + np.exp(-log_odds))
    specs = tuple(FeatureSpec(name, "number", name, "ascending") for name in columns)
    return Table(specs, columns, bad)


if __name__ == "__main__":
    work = {"fit": fit, "batch": batch}[sys.argv[1]]
    sys.stdout.write(orjson.dumps(work(Path(sys.argv[2]))).decode() + "\n")
