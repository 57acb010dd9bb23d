"""The pieces that binning joins: at most 20 runs of a number's values, or groups of a category's levels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Column = NDArray[Any]

MAX_PREBINS: Final = 20
_EPSILON: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Prebins:
    """The leaves of a greedy tree over a number's values, and the good and the bad rows of each.

    An edge is the smallest value of the leaf above it.
    """

    edges: Floats
    good: Floats
    bad: Floats


def prebins(values: Floats, bad: Flags, max_prebins: int, least: int) -> Prebins:
    """Cut the values by a greedy tree into at most `max_prebins` leaves of at least `least` rows.

    The cut that lowers the sum of squared errors (the
    Gini impurity) most is made first.
    """
    order = np.argsort(values)
    ordered = values[order]
    # Between which rows a cut may lie: only where the value changes.
    ends = np.flatnonzero(np.diff(ordered)) + 1
    bads = np.concatenate(([0.0], np.cumsum(bad[order], dtype=np.float64)))
    leaves = [(_best_cut(0, len(ordered), ends, bads, least), 0, len(ordered))]
    edges: list[int] = []
    while len(leaves) < max_prebins:
        position = max(range(len(leaves)), key=lambda i: leaves[i][0][0])
        (gain, cut), start, end = leaves[position]
        if gain <= _EPSILON:
            break
        edges.append(cut)
        leaves[position] = (_best_cut(start, cut, ends, bads, least), start, cut)
        leaves.append((_best_cut(cut, end, ends, bads, least), cut, end))
    edges.sort()
    bounds = np.array([0, *edges, len(ordered)], dtype=np.intp)
    bad_rows = np.diff(bads[bounds])
    # No negative zero, whose place among zeros is the sort's own.
    return Prebins(ordered[bounds[1:-1]] + 0.0, np.diff(bounds) - bad_rows, bad_rows)


def _best_cut(start: int, end: int, ends: NDArray[np.intp], bads: Floats, least: int) -> tuple[float, int]:
    """Return the gain and place of the best cut of rows start … end, or a gain of 0."""
    low, high = np.searchsorted(ends, (start + least, end - least + 1))
    if low >= high:
        return 0.0, start
    cuts = ends[low:high]
    left, whole = bads[cuts] - bads[start], bads[end] - bads[start]
    explained = left**2 / (cuts - start) + (whole - left) ** 2 / (end - cuts) - whole**2 / (end - start)
    best = int(np.argmax(explained))
    return float(explained[best]), int(cuts[best])


def ordered_levels(
    values: Column, bad: Flags, most: int, rare: int, least: int, pseudo_rows: float
) -> tuple[list[list[str]], Floats, Floats]:
    """Order a category's levels from safest to riskiest, in at most `most` groups, with their rows.

    Levels of fewer than `rare` rows are one group: what so few rows say of each is chance, and ordering
    them by it would sell the chance as information. A level's risk is its bad rate with `pseudo_rows` at
    the rate of all (see `scoring.binning`). More groups than `most` are cut as a number is, by a greedy
    tree over their order with at least `least` rows to a leaf.
    """
    names, found = np.unique(values.astype(str), return_inverse=True)
    rows = np.bincount(found, minlength=len(names))
    bads = np.bincount(found[bad], minlength=len(names))
    seldom = np.flatnonzero(rows < rare)
    groups = [np.array([i]) for i in np.flatnonzero(rows >= rare)] + ([seldom] if len(seldom) else [])
    rate = bads.sum() / rows.sum()

    def risk(group: NDArray[np.intp]) -> tuple[float, str]:
        return (bads[group].sum() + pseudo_rows * rate) / (rows[group].sum() + pseudo_rows), str(
            names[group[0]]
        )

    groups.sort(key=risk)
    if len(groups) > most:
        rank_of = np.empty(len(names), dtype=np.float64)
        for rank, group in enumerate(groups):
            rank_of[group] = rank
        cuts = prebins(rank_of[found], bad, most, least).edges.astype(int).tolist()
        groups = [np.concatenate(groups[a:b]) for a, b in pairwise([0, *cuts, len(groups)])]
    return (
        [[str(names[i]) for i in group] for group in groups],
        np.array([float((rows[group] - bads[group]).sum()) for group in groups]),
        np.array([float(bads[group].sum()) for group in groups]),
    )
