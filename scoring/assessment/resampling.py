"""Intervals by drawing firms again: the rows of a firm are not independent, so they are drawn together.

Percentile intervals of a seeded cluster bootstrap (Davison and Hinkley, Bootstrap Methods and their
Application, 1997, ch. 3.8). Where no firm is known each row is one of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.prebins import Flags, Floats
from scoring.validation import Estimate

DRAWS: Final = 500
_TAILS: Final = (0.025, 0.975)

Rows = NDArray[np.intp]


def cluster_bootstrap(
    figure: Callable[[Rows], float], bad: Flags, groups: Rows | None, seed: int, draws: int = DRAWS
) -> Estimate:
    """Return a figure of all rows, with its 95 % interval over draws of firms.

    A draw without both classes says nothing of a ranking and is drawn again.
    """
    whole = np.arange(len(bad))
    members = _members(whole if groups is None else groups)
    random = np.random.Generator(np.random.PCG64(seed))
    drawn: list[float] = []
    while len(drawn) < draws:
        chosen = random.integers(0, len(members), len(members))
        rows = chosen if groups is None else np.concatenate([members[i] for i in chosen])
        if 0 < bad[rows].sum() < len(rows):
            drawn.append(figure(rows))
    low, high = np.quantile(drawn, _TAILS)
    return Estimate(figure(whole), float(low), float(high))


def draws_of_firms(rows: int, groups: Rows | None, seed: int, draws: int = DRAWS) -> Iterator[Floats]:
    """Yield, draw by draw, how often each row is drawn."""
    numbers = np.arange(rows) if groups is None else groups
    count = int(numbers.max()) + 1
    random = np.random.Generator(np.random.PCG64(seed))
    for _ in range(draws):
        yield np.bincount(random.integers(0, count, count), minlength=count)[numbers].astype(np.float64)


def percentiles(value: float, drawn: Floats) -> Estimate:
    """Return a value with the 95 % interval of its draws; draws that are not numbers say nothing."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Estimate(value, value, value)
    low, high = np.quantile(known, _TAILS)
    return Estimate(value, float(low), float(high))


def _members(groups: Rows) -> list[Rows]:
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
