"""The design of the ridge card: what its columns give is looked up and counted by places, not multiplied out.

Every column is a function of one feature's place alone. So Xβ is a sum of one looked-up number per feature,
Xᵀ v follows from the sums of v in each feature's places, and Xᵀ W X from the weighted counts of each pair
of features' places: n operations for a pair instead of n for each pair of columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scoring.prebins import Floats


@dataclass(frozen=True, slots=True)
class PlacedFeature:
    """A feature in a design: each row's place, and of each place a row with the feature's columns."""

    places: NDArray[np.intp]
    values: Floats


class PlacedDesign:
    """A design of a column of ones and the columns of each feature, one feature after the other."""

    def __init__(self, features: Sequence[PlacedFeature]) -> None:
        self.features = tuple(features)
        ends = np.cumsum([1, *(one.values.shape[1] for one in features)]).tolist()
        self.blocks = [slice(*ends[i : i + 2]) for i in range(len(features))]
        self.size: int = ends[-1]

    @cached_property
    def matrix(self) -> Floats:
        """X, multiplied out."""
        return np.column_stack(
            [
                np.ones(len(self.features[0].places)),
                *(one.values[one.places] for one in self.features),
            ]
        )

    def log_odds(self, params: Floats) -> Floats:
        """Return X params."""
        total = np.full(len(self.features[0].places), params[0])
        for one, block in zip(self.features, self.blocks, strict=True):
            total += (one.values @ params[block]).take(one.places)
        return total

    def sums(self, by_row: Floats) -> Floats:
        """Return Xᵀ by_row."""
        found = np.empty(self.size)
        found[0] = by_row.sum()
        for one, block in zip(self.features, self.blocks, strict=True):
            found[block] = np.bincount(one.places, by_row, len(one.values)) @ one.values
        return found

    def sums_of(self, groups: NDArray[np.intp], by_row: Floats) -> Floats:
        """Return what each group's rows give to Xᵀ by_row, a row per group; they are numbered from 0 on."""
        count = int(groups.max()) + 1
        found = np.empty((count, self.size))
        found[:, 0] = np.bincount(groups, by_row, count)
        for one, block in zip(self.features, self.blocks, strict=True):
            width = len(one.values)
            both = np.bincount(groups * width + one.places, by_row, count * width)
            found[:, block] = both.reshape(count, width) @ one.values
        return found

    def gram(self, weights: Floats) -> Floats:
        """Return Xᵀ diag(weights) X."""
        found = np.empty((self.size, self.size))
        found[0, 0] = weights.sum()
        widest = max(len(one.values) for one in self.features)
        both = np.empty(len(weights), dtype=np.intp)
        for i, (one, rows) in enumerate(zip(self.features, self.blocks, strict=True)):
            of_place = np.bincount(one.places, weights, len(one.values))
            found[0, rows] = found[rows, 0] = of_place @ one.values
            found[rows, rows] = (one.values * of_place[:, None]).T @ one.values
            first = one.places * widest
            for other, columns in zip(self.features[:i], self.blocks, strict=False):
                np.add(first, other.places, out=both)
                cells = np.bincount(both, weights, len(one.values) * widest).reshape(-1, widest)
                block = one.values.T @ cells[:, : len(other.values)] @ other.values
                found[rows, columns] = block
                found[columns, rows] = block.T
        return found
