"""How each feature goes with the outcome by itself: point-biserial correlation and information value.

Point-biserial: Pearson's correlation of a number with the outcome (Tate 1954), over the rows where the number
is known and no code, with Fisher's interval. The interval holds for numbers that are near normal; long tails
make it too narrow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from scoring.assessment.scored import Scored
from scoring.binning import BinCounts, information_value
from scoring.joining import Totals
from scoring.prebins import Flags, Floats
from scoring.validation import Estimate

_Z: Final = 1.959963984540054
_PSEUDO_ROWS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Association:
    """A feature's figures on these rows; `correlation` is None for a category or where nothing varies."""

    feature: str
    correlation: Estimate | None
    information: Estimate
    trained_information: float


def associations(scored: Scored) -> tuple[Association, ...]:
    """Return each feature of the card, the one with the highest information value first."""
    bad = scored.bad
    totals = Totals(int((~bad).sum()), int(bad.sum()), _PSEUDO_ROWS)
    found = []
    for feature, places in zip(scored.card.features, scored.placed.places, strict=True):
        rows, bads = np.bincount(places), np.bincount(places, weights=bad).astype(int)
        counts = [
            BinCounts(int(n - b), int(b), totals.woe(int(n - b), int(b)))
            for n, b in zip(rows, bads, strict=True)
            if n
        ]
        low, value, high = information_value(counts, totals)
        correlation = None
        if feature.kind == "number":
            column = scored.table.columns[feature.name]
            codes = [float(one.code) for one in feature.specials]
            known = ~np.isnan(column) & ~np.isin(column, codes)
            correlation = point_biserial(column[known], bad[known])
        found.append(
            Association(
                feature.name, correlation, Estimate(value, low, high), float(feature.information_value)
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.information.value, one.feature)))


def point_biserial(values: Floats, bad: Flags) -> Estimate | None:
    """Return the correlation with its 95 % interval; None with under four rows or where nothing varies."""
    if len(values) < 4 or values.std() == 0 or bad.all() or not bad.any():
        return None
    correlation = float(np.corrcoef(values, bad)[0, 1])
    middle = math.atanh(min(max(correlation, -1 + 1e-12), 1 - 1e-12))
    reach = _Z / math.sqrt(len(values) - 3)
    return Estimate(correlation, math.tanh(middle - reach), math.tanh(middle + reach))
