"""What becomes of scores when cells are wrong or not known.

Noise: each cell is replaced, with a probability of 5 %, by that of another row of the same column, a hundred
times. Missing: it is taken away instead. Bins are looked up once: a cell's replacement is its bin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.assessment.resampling import percentiles
from scoring.assessment.scored import Scored
from scoring.scorecard import batch_pd
from scoring.validation import Estimate, auc

SHARE: Final = 0.05
REPEATS: Final = 100
SEED: Final = 42

_Places = tuple[NDArray[np.intp], ...]


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Means over the repetitions, with the range that holds 95 % of them.

    `auc_lost` is the AUC minus that with wrong cells; `points_moved` the mean distance that a row's points
    move; `regraded` the share of rows that change their grade.
    """

    share: float
    repeats: int
    auc_lost: Estimate
    points_moved: Estimate
    regraded: Estimate


def with_noise(scored: Scored, share: float = SHARE, repeats: int = REPEATS) -> Sensitivity:
    """Replace a share of cells by others of their column."""
    rows = len(scored.bad)

    def disturbed(random: np.random.Generator) -> _Places:
        return tuple(
            np.where(random.random(rows) < share, places[random.integers(0, rows, rows)], places)
            for places in scored.placed.places
        )

    return _repeated(scored, disturbed, share, repeats)


def with_missing(scored: Scored, share: float = SHARE, repeats: int = REPEATS) -> Sensitivity:
    """Take a share of cells away."""
    rows = len(scored.bad)

    def disturbed(random: np.random.Generator) -> _Places:
        return tuple(
            np.where(random.random(rows) < share, missing, places)
            for places, missing in zip(scored.placed.places, scored.placed.missing, strict=True)
        )

    return _repeated(scored, disturbed, share, repeats)


def _repeated(
    scored: Scored, disturbed: Callable[[np.random.Generator], _Places], share: float, repeats: int
) -> Sensitivity:
    random = np.random.Generator(np.random.PCG64(SEED))
    before, grades = auc(scored.bad, scored.log_odds), _grades(scored, scored.log_odds)
    found = []
    for _ in range(repeats):
        places = disturbed(random)
        log_odds = scored.placed.log_odds(places)
        found.append(
            (
                before - auc(scored.bad, log_odds),
                np.abs(scored.placed.points(places) - scored.points).mean(),
                (_grades(scored, log_odds) != grades).mean(),
            )
        )
    lost, moved, regraded = (percentiles(float(one.mean()), one) for one in np.array(found).T)
    return Sensitivity(share, repeats, lost, moved, regraded)


def _grades(scored: Scored, log_odds: NDArray[np.int64]) -> NDArray[np.intp]:
    limits = [float(grade.pd_up_to) for grade in scored.card.grades]
    return np.searchsorted(limits, batch_pd(log_odds).round(6), side="left")
