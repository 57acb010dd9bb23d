"""Rows to train on and rows to judge by: of later time, or of other firms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.prebins import Flags


def out_of_time(periods: Sequence[str], first_test_period: str) -> tuple[Flags, Flags]:
    """Return the rows before a period and those from it on. Periods are texts that sort by time (2026-04).

    Raises:
        InvalidInput: `scoring.split_empty` when one side has no row.
    """
    later = np.array([period >= first_test_period for period in periods], dtype=np.bool_)
    return _both_filled(~later, later, first_test_period)


def out_of_sample(
    bad: Flags, test_share: float, seed: int, groups: NDArray[np.intp] | None = None
) -> tuple[Flags, Flags]:
    """Return rows to train on and a random `test_share` to judge by, stratified; a firm lies on one side.

    Raises:
        InvalidInput: `scoring.split_empty` when one side has no row.
    """
    units = bad if groups is None else np.bincount(groups, weights=bad) > 0
    random = np.random.Generator(np.random.PCG64(seed))
    chosen = np.zeros(len(units), dtype=np.bool_)
    for label in (False, True):
        of_class = np.flatnonzero(units == label)
        chosen[random.permutation(of_class)[: round(test_share * len(of_class))]] = True
    test = chosen if groups is None else chosen[groups]
    return _both_filled(~test, test, f"share {test_share}")


def _both_filled(train: Flags, test: Flags, where: str) -> tuple[Flags, Flags]:
    if not train.any() or not test.any():
        raise InvalidInput(
            "scoring.split_empty",
            f"The split leaves {int(train.sum())} rows to train on and {int(test.sum())} to judge by.",
            where=where,
            hint="Choose another period or share.",
        )
    return train, test
