"""The design of the ridge card, and its information matrix counted from bins instead of multiplied out.

Every column is a function of one feature's place alone, so Xᵀ W X follows from the weighted counts of each
pair of features' places: n operations for a pair instead of n for each pair of columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
        widths = [one.values.shape[1] for one in features]
        self.starts = [1 + sum(widths[:i]) for i in range(len(widths))]
        self.matrix: Floats = np.column_stack(
            [np.ones(len(features[0].places)), *(one.values[one.places] for one in features)]
        )

    def gram(self, weights: Floats) -> Floats:
        """Return Xᵀ diag(weights) X."""
        size = self.matrix.shape[1]
        found = np.empty((size, size))
        found[0, 0] = weights.sum()
        for i, one in enumerate(self.features):
            rows = slice(self.starts[i], self.starts[i] + one.values.shape[1])
            of_place = np.bincount(one.places, weights, len(one.values))
            found[0, rows] = found[rows, 0] = of_place @ one.values
            found[rows, rows] = (one.values * of_place[:, None]).T @ one.values
            base = one.places * 0
            for j in range(i):
                other = self.features[j]
                columns = slice(self.starts[j], self.starts[j] + other.values.shape[1])
                np.multiply(one.places, len(other.values), out=base)
                base += other.places
                both = np.bincount(base, weights, len(one.values) * len(other.values))
                block = one.values.T @ both.reshape(len(one.values), len(other.values)) @ other.values
                found[rows, columns] = block
                found[columns, rows] = block.T
        return found
