"""optbinning beside our binning and card, where it is installed (`uv sync --group oracle`)."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.binning import Binning, Rule, bin_feature
from scoring.contract import FeatureSpec
from scoring.prebins import Flags, Floats
from scoring.table import Table

# The same demands on both sides: hardly any smoothing, no pooling of levels, straight trends, bins of 2 %.
_RULE = Rule(min_share=0.02, min_bad=1, rare_share=0.0, pseudo_rows=1e-9)


@dataclass(frozen=True, slots=True)
class OracleBinning:
    """Information values of the same variables, ours and optbinning's, and the processor seconds of each."""

    variables: int
    at_least: int
    higher: int
    lowest_ratio: float
    lowest_variable: str
    our_cpu: float
    its_cpu: float


def available() -> bool:
    """Tell whether optbinning can be imported."""
    return find_spec("optbinning") is not None


def compare_binning(table: Table) -> OracleBinning:
    """Bin every variable of a table by both, under the same demands."""
    from optbinning import OptimalBinning

    target = table.bad.astype(int)
    least = math.ceil(_RULE.min_share * len(target)) / len(target)
    our_cpu = its_cpu = 0.0
    ratios: list[tuple[float, str]] = []
    for spec in table.specs:
        column = table.columns[spec.name]
        plain = FeatureSpec(spec.name, spec.kind, spec.label, "monotonic", special=spec.special)
        started = time.process_time()
        ours = bin_feature(plain, column, table.bad, _RULE)
        our_cpu += time.process_time() - started
        other: Any = OptimalBinning(
            name=spec.name,
            dtype="numerical" if spec.kind == "number" else "categorical",
            prebinning_method="cart",
            max_n_prebins=_RULE.max_prebins,
            min_prebin_size=least,
            min_bin_size=least,
            min_bin_n_event=1,
            min_bin_n_nonevent=1,
            monotonic_trend="auto_asc_desc" if spec.kind == "number" else "ascending",
            special_codes=[float(code) for code in spec.special] or None,
        )
        started = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other.fit(column, target)
            its_cpu += time.process_time() - started
            ratios.append((_ratio(ours, _regular_iv(other)), spec.name))
    lowest = min(ratios)
    return OracleBinning(
        variables=len(ratios),
        at_least=sum(ratio >= 1 - 1e-9 for ratio, _ in ratios),
        higher=sum(ratio > 1 + 1e-9 for ratio, _ in ratios),
        lowest_ratio=lowest[0],
        lowest_variable=lowest[1],
        our_cpu=our_cpu,
        its_cpu=its_cpu,
    )


def scorecard_pd(table: Table, train: Flags, test: Flags) -> Floats:
    """Return the PDs that optbinning's Scorecard, as its users build it, gives the test rows."""
    import pandas as pd
    from optbinning import BinningProcess, Scorecard
    from sklearn.linear_model import LogisticRegression

    frame = pd.DataFrame({spec.name: table.columns[spec.name] for spec in table.specs})
    process = BinningProcess(
        variable_names=list(frame.columns),
        categorical_variables=[spec.name for spec in table.specs if spec.kind == "category"],
        special_codes=sorted({float(code) for spec in table.specs for code in spec.special}) or None,
    )
    card: Any = Scorecard(binning_process=process, estimator=LogisticRegression(max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        card.fit(
            frame[train], table.bad[train].astype(int), metric_special="empirical", metric_missing="empirical"
        )
        return np.asarray(card.predict_proba(frame[test])[:, 1], dtype=np.float64)


def _regular_iv(other: Any) -> float:
    """Return the information value of optbinning's regular bins, counted from its own table."""
    table = other.binning_table.build()
    table = table[table.index != "Totals"]
    regular = table[~table["Bin"].astype(str).isin(["Special", "Missing"])]
    return _iv(regular[["Non-event", "Event"]].to_numpy(), table[["Non-event", "Event"]].to_numpy())


def _ratio(ours: Binning, its: float) -> float:
    """Return our information value of the regular bins over its own."""
    bins = np.array([[one.good, one.bad] for one in ours.bins])
    value = _iv(bins, np.array([[one.good, one.bad] for one in ours.all_bins()]))
    return value / its if its > 0 else (1.0 if value == 0 else math.inf)


def _iv(bins: NDArray[Any], whole: NDArray[Any]) -> float:
    """Return Σ (g − b) ln(g/b) over bins with both classes; g, b: shares of all good and all bad rows."""
    shares = (bins / whole.sum(axis=0)).astype(np.float64)
    both = shares[(shares > 0).all(axis=1)]
    return float(((both[:, 0] - both[:, 1]) * np.log(both[:, 0] / both[:, 1])).sum())
