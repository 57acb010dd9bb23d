"""Whether a card treats segments of people or firms alike; the segments must not be features of the card.

Against the largest group: the difference in selection rate (demographic parity), in the acceptance of those
who repay (equal opportunity: Hardt, Price and Srebro 2016), in AUC, and in calibration (observed minus
predicted default rate). They cannot all be equal where the groups' default rates differ (Kleinberg,
Mullainathan and Raghavan 2016): which one counts is a decision of people and of the law. Intervals: cluster
bootstrap over rows or firms; that of the AUC's difference is DeLong's, with the groups taken as independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.assessment.resampling import draws_of_firms, percentiles
from scoring.assessment.scored import Scored
from scoring.prebins import Flags, Floats
from scoring.validation import Estimate, auc_with_variance

SEED: Final = 42
# With fewer good or bad rows nothing is said of a group.
LEAST_OF_A_CLASS: Final = 20
_BANDS: Final = 4
_MANY_VALUES: Final = 10
_Z: Final = 1.959963984540054
NOT_KNOWN: Final = "not known"


@dataclass(frozen=True, slots=True)
class GroupTreatment:
    """A group's rates, and its differences to the largest group (None for that group itself).

    `selection` is the share accepted, `opportunity` the share of good rows accepted, `miscalibration` the
    observed minus the predicted default rate.
    """

    group: str
    rows: int
    bad: int
    selection: float
    opportunity: float
    auc: float
    miscalibration: float
    selection_difference: Estimate | None
    opportunity_difference: Estimate | None
    auc_difference: Estimate | None
    calibration_difference: Estimate | None


@dataclass(frozen=True, slots=True)
class Fairness:
    """A segment's groups, the largest first; `in_card` when the card weighs it; `too_small` are left out."""

    segment: str
    in_card: bool
    groups: tuple[GroupTreatment, ...]
    too_small: tuple[str, ...]


def fairness(scored: Scored, segment: str, cells: Sequence[str | None], highest_pd: float) -> Fairness:
    """Compare the groups of a segment where a PD up to `highest_pd` is accepted.

    A number with more than ten values is cut into quarters of the rows.
    """
    labels = np.array(banded(cells))
    names, rows = np.unique(labels, return_counts=True)
    members = {str(name): labels == name for name in names[np.argsort(-rows, kind="stable")]}
    told = {name: chosen for name, chosen in members.items() if _enough(scored.bad[chosen])}
    rates = {name: _Rates(scored, chosen, highest_pd) for name, chosen in told.items()}
    drawn: dict[str, list[Floats]] = {name: [] for name in told}
    for weights in draws_of_firms(len(labels), scored.table.groups, SEED):
        for name, one in rates.items():
            drawn[name].append(one.weighed(weights))
    reference = next(iter(told), None)
    groups = tuple(
        _treatment(name, rates, {key: np.array(value) for key, value in drawn.items()}, reference)
        for name in told
    )
    in_card = segment in {feature.name for feature in scored.card.features}
    return Fairness(segment, in_card, groups, tuple(name for name in members if name not in told))


def banded(cells: Sequence[str | None]) -> list[str]:
    """Return the group of each cell: its text, or the quarter that its number lies in."""
    numbers = [_number(cell) for cell in cells]
    known = np.array([number for number in numbers if number is not None])
    is_number = len(known) == sum(cell is not None for cell in cells)
    if not is_number or len(np.unique(known)) <= _MANY_VALUES:
        return [NOT_KNOWN if cell is None else cell for cell in cells]
    cuts = np.unique(np.quantile(known, [i / _BANDS for i in range(1, _BANDS)]))
    texts = [f"{cut:g}" for cut in cuts]
    labels = [f"below {texts[0]}", *(f"{a} to below {b}" for a, b in pairwise(texts))]
    labels.append(f"{texts[-1]} or more")
    return [
        NOT_KNOWN if number is None else labels[int(np.searchsorted(cuts, number, side="right"))]
        for number in numbers
    ]


class _Rates:
    """The rates of one group, of all its rows or of a draw."""

    def __init__(self, scored: Scored, chosen: Flags, highest_pd: float) -> None:
        self.chosen = chosen
        self.bad = scored.bad[chosen]
        self.pd = scored.pd[chosen]
        self.accepted = self.pd <= highest_pd
        self.log_odds: NDArray[np.int64] = scored.log_odds[chosen]

    def weighed(self, weights: Floats) -> Floats:
        """Return selection, opportunity and miscalibration, each row counted by its weight."""
        own = weights[self.chosen]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.array(
                [
                    (own * self.accepted).sum() / own.sum(),
                    (own * (self.accepted & ~self.bad)).sum() / (own * ~self.bad).sum(),
                    (own * (self.bad - self.pd)).sum() / own.sum(),
                ]
            )


def _treatment(
    name: str, rates: dict[str, _Rates], drawn: dict[str, Floats], reference: str | None
) -> GroupTreatment:
    one = rates[name]
    selection, opportunity, miscalibration = one.weighed(np.ones(len(one.chosen)))
    area, variance = auc_with_variance(one.bad, one.log_odds)
    differences: list[Estimate | None] = [None] * 4
    if reference is not None and name != reference:
        base = rates[reference]
        at_base = base.weighed(np.ones(len(base.chosen)))
        moved = drawn[name] - drawn[reference]
        of_rates = [
            percentiles(float(value - by), moved[:, i])
            for i, (value, by) in enumerate(
                zip((selection, opportunity, miscalibration), at_base, strict=True)
            )
        ]
        its_area, its_variance = auc_with_variance(base.bad, base.log_odds)
        reach = _Z * math.sqrt(variance + its_variance)
        gap = area - its_area
        differences = [of_rates[0], of_rates[1], Estimate(gap, gap - reach, gap + reach), of_rates[2]]
    return GroupTreatment(
        name,
        len(one.bad),
        int(one.bad.sum()),
        float(selection),
        float(opportunity),
        area,
        float(miscalibration),
        *differences,
    )


def _enough(bad: Flags) -> bool:
    return bool(min(bad.sum(), (~bad).sum()) >= LEAST_OF_A_CLASS)


def _number(cell: str | None) -> float | None:
    try:
        number = None if cell is None else float(cell)
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None
