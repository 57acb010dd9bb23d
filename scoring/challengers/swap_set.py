"""Who would be accepted by one model and refused by the other, when both accept the same share.

The bad rate of those whom the challenger lets in, against that of those whom it turns away, is what a change
of models would change (Siddiqi, Credit Risk Scorecards, 2006, ch. 8, swap sets).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.calibration import jeffreys
from scoring.prebins import Flags
from scoring.validation import Estimate


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that both models treat alike; `bad_rate` with Jeffreys' 95 % interval, None without rows."""

    rows: int
    bad: int
    bad_rate: Estimate | None


@dataclass(frozen=True, slots=True)
class SwapSet:
    """The four groups: `swapped_in` only the challenger accepts, `swapped_out` only the champion."""

    acceptance: float
    both_accept: Group
    swapped_in: Group
    swapped_out: Group
    both_refuse: Group


def swap_set(
    bad: Flags,
    champion: NDArray[Any],
    challenger: NDArray[Any],
    acceptance: float,
    folds: NDArray[np.intp] | None = None,
) -> SwapSet:
    """Compare two rankings (higher is riskier) where each accepts the same share, in each fold apart.

    Of equal scores, those are accepted that stand first in the data: both models then accept equally many.

    Raises:
        InvalidInput: `scoring.acceptance_rate` when the share is not between 0 and 1.
    """
    if not 0 < acceptance < 1:
        raise InvalidInput(
            "scoring.acceptance_rate",
            f"The acceptance rate must lie between 0 and 1 and is {acceptance}.",
            where="acceptance",
            hint="Give 0.8 to accept eight in ten.",
        )
    parts = np.zeros(len(bad), dtype=np.intp) if folds is None else folds
    ours = _accepted(champion, acceptance, parts)
    its = _accepted(challenger, acceptance, parts)
    return SwapSet(
        acceptance,
        both_accept=_group(bad[ours & its]),
        swapped_in=_group(bad[~ours & its]),
        swapped_out=_group(bad[ours & ~its]),
        both_refuse=_group(bad[~ours & ~its]),
    )


def _accepted(ranking: NDArray[Any], acceptance: float, parts: NDArray[np.intp]) -> Flags:
    accepted = np.zeros(len(ranking), dtype=np.bool_)
    for part in np.unique(parts):
        rows = np.flatnonzero(parts == part)
        order = rows[np.argsort(ranking[rows], kind="stable")]
        accepted[order[: round(acceptance * len(rows))]] = True
    return accepted


def _group(bad: Flags) -> Group:
    rows, bads = len(bad), int(bad.sum())
    return Group(rows, bads, Estimate(bads / rows, *jeffreys(rows, bads)) if rows else None)
