"""One set on its five folds: the card, its rivals, optbinning where it is installed, and feature engineering.

The folds are those of `stratified_folds` with seed 42. For each fold the card is binned, selected, chosen and
fitted on the other four; nothing is learnt from the fold's own rows.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from scoring.artifact import Scale
from scoring.bench import oracle
from scoring.bench.engineering import STAGES, staged_log_odds
from scoring.bench.sets import BenchSet
from scoring.calibration import calibrate
from scoring.choice import Candidate, Choice, choose, fit_candidate
from scoring.fitting import prepare
from scoring.prebins import Flags, Floats
from scoring.scorecard import Described, batch_log_odds, batch_pd, batch_points, card_of
from scoring.scorer import MICRO
from scoring.table import Table
from scoring.training import FOLDS, SEED
from scoring.validation import auc, brier, ks, stratified_folds

_PLACES: Final = 5


def bench_set(one: BenchSet, folder: Path, out: Path, told: Callable[[str], None]) -> dict[str, Any]:
    """Measure one set; write each row's fold to `out`, and tell what is being done.

    The figures are means over folds; `folds` holds those of each. Seconds are of this process' processor
    time.
    """
    table = one.table(folder)
    folds = stratified_folds(table.bad, FOLDS, SEED)
    result: dict[str, Any] = {
        "rows": len(table.bad),
        "bad": int(table.bad.sum()),
        "features": len(table.specs),
        "folds_sha256": write_folds(folds, out / f"{one.stem}.folds.csv"),
    }
    models = {name: np.empty(len(table.bad)) for name in ("card", "selected", "ridge", *STAGES)}
    points = np.empty(len(table.bad), dtype=np.int64)
    chosen, cpu = [], 0.0
    for fold in range(FOLDS):
        told(f"{one.stem}: fold {fold + 1} of {FOLDS}")
        train, test, rows = table.rows(folds != fold), table.rows(folds == fold), folds == fold
        started = time.process_time()
        choice = choose(train)
        card = card_of(choice, train, Described(one.stem, one.stem, False, one.target), Scale())
        cpu += time.process_time() - started
        chosen.append(choice.winner.name)
        models["card"][rows] = batch_log_odds(card, test) / MICRO
        points[rows] = batch_points(card, test)
        for name, log_odds in _rivals(choice, train, test).items():
            models[name][rows] = log_odds
        for name, log_odds in staged_log_odds(train, test, _best(choice, ridge=True)).items():
            models[name][rows] = log_odds
    figures = {name: fold_figures(table.bad, folds, log_odds) for name, log_odds in models.items()}
    slope = calibrate(table.bad, models["card"])
    of_points = _per_fold(table.bad, folds, -points.astype(np.float64), auc)
    result["card"] = figures["card"] | {
        "calibration_slope": _shown(slope.slope.value),
        "calibration_slope_low": _shown(slope.slope.low),
        "calibration_slope_high": _shown(slope.slope.high),
        "calibration_intercept": _shown(slope.intercept.value),
        "rounding_loss": _shown(figures["card"]["auc"] - float(np.mean(of_points))),
        "cpu_s": round(cpu, 2),
        "chosen": chosen,
    }
    result["selected"], result["ridge"] = figures["selected"], figures["ridge"]
    result["engineering"] = {stage: figures[stage]["auc"] for stage in STAGES}
    if oracle.available():
        told(f"{one.stem}: optbinning")
        result["optbinning"] = _beside_optbinning(table, folds, models["card"])
    return result


def write_folds(folds: NDArray[np.intp], path: Path) -> str:
    """Write each row's fold, in the order of the file's rows, and return the SHA-256 of what was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "row,fold\n" + "".join(f"{row},{fold}\n" for row, fold in enumerate(folds, start=1))
    path.write_text(content, encoding="ascii")
    return hashlib.sha256(content.encode("ascii")).hexdigest()


def _best(choice: Choice, *, ridge: bool) -> Candidate:
    return next(one for one, _ in choice.losses if (one.strength is not None) == ridge)


def _rivals(choice: Choice, train: Table, test: Table) -> dict[str, Floats]:
    """Score by the best selected and the best ridge card, whichever of them won."""
    scored = {}
    for name, ridge in (("selected", False), ("ridge", True)):
        candidate = _best(choice, ridge=ridge)
        fitted = fit_candidate(prepare(train, candidate.rule), candidate)
        if fitted is not None:
            scored[name] = fitted.log_odds(test)
    return scored


def _beside_optbinning(table: Table, folds: NDArray[np.intp], log_odds: Floats) -> dict[str, Any]:
    pd, started = np.empty(len(table.bad)), time.process_time()
    for fold in range(FOLDS):
        pd[folds == fold] = oracle.scorecard_pd(table, folds != fold, folds == fold)
    cpu = time.process_time() - started
    its = _per_fold(table.bad, folds, pd, auc)
    ours = _per_fold(table.bad, folds, log_odds, auc)
    mean, low, high = paired(np.array(ours) - np.array(its))
    binning = oracle.compare_binning(table)
    return {
        "auc": _shown(float(np.mean(its))),
        "ks": _shown(float(np.mean(_per_fold(table.bad, folds, pd, ks)))),
        "brier": _shown(float(np.mean(_per_fold(table.bad, folds, pd, brier)))),
        "folds": [_shown(value) for value in its],
        "cpu_s": round(cpu, 2),
        "difference": _shown(mean),
        "difference_low": _shown(low),
        "difference_high": _shown(high),
        "variables": binning.variables,
        "iv_at_least": binning.at_least,
        "iv_higher": binning.higher,
        "iv_lowest_ratio": _shown(binning.lowest_ratio),
        "iv_lowest_variable": binning.lowest_variable,
        "binning_cpu_s": round(binning.our_cpu, 3),
        "its_binning_cpu_s": round(binning.its_cpu, 3),
    }


def paired(differences: Floats) -> tuple[float, float, float]:
    """Return the mean of paired differences over folds and its 95 % interval by Student's t."""
    count = len(differences)
    mean = float(differences.mean())
    reach = float(student.ppf(0.975, count - 1) * differences.std(ddof=1) / np.sqrt(count))
    return mean, mean - reach, mean + reach


def fold_figures(bad: Flags, folds: NDArray[np.intp], log_odds: Floats) -> dict[str, Any]:
    """Return mean AUC, KS and Brier over the folds, and the AUC of each; log odds are those of default."""
    pd = batch_pd(np.round(log_odds * MICRO).astype(np.int64))
    areas = _per_fold(bad, folds, log_odds, auc)
    return {
        "auc": _shown(float(np.mean(areas))),
        "ks": _shown(float(np.mean(_per_fold(bad, folds, log_odds, ks)))),
        "brier": _shown(float(np.mean(_per_fold(bad, folds, pd, brier)))),
        "folds": [_shown(area) for area in areas],
    }


def _per_fold(
    bad: Flags, folds: NDArray[np.intp], ranking: Floats, figure: Callable[[Flags, Floats], float]
) -> list[float]:
    return [figure(bad[folds == fold], ranking[folds == fold]) for fold in range(FOLDS)]


def _shown(value: float) -> float:
    return round(value, _PLACES)
