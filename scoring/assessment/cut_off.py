"""Decisions at a cut-off: who is accepted, and what the wrong decisions cost.

A *missed* case is a bad row that was accepted, a *misjudged* one a good row that was refused. With right
probabilities the cheapest rule refuses where PD > cost of a misjudged / (cost of a misjudged + cost of a
missed) (Elkan, The Foundations of Cost-Sensitive Learning, 2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput
from scoring.prebins import Flags, Floats


@dataclass(frozen=True, slots=True)
class Costs:
    """What one missed and one misjudged case cost, in any unit: only their ratio decides."""

    missed: float = 5.0
    misjudged: float = 1.0

    def __post_init__(self) -> None:
        if not (self.missed > 0 and self.misjudged > 0 and np.isfinite(self.missed + self.misjudged)):
            raise InvalidInput(
                "scoring.costs",
                f"Costs must be above 0 and are {self.missed} and {self.misjudged}.",
                where="costs",
                hint="Give 5 and 1 when a missed case costs five times a misjudged one.",
            )

    @property
    def highest_pd(self) -> float:
        """The highest PD worth accepting, if PDs are right."""
        return self.misjudged / (self.misjudged + self.missed)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by decision and outcome when a PD up to `highest_pd` is accepted; `cost` is per row."""

    highest_pd: float
    accepted_good: int
    missed: int
    misjudged: int
    refused_bad: int
    cost: float

    @property
    def acceptance(self) -> float:
        """The share of rows that is accepted."""
        accepted = self.accepted_good + self.missed
        return accepted / (accepted + self.misjudged + self.refused_bad)


def confusion(bad: Flags, pd: Floats, highest_pd: float, costs: Costs) -> Confusion:
    """Return what deciding at a cut-off does."""
    accepted = pd <= highest_pd
    missed, misjudged = int((accepted & bad).sum()), int((~accepted & ~bad).sum())
    return Confusion(
        highest_pd=highest_pd,
        accepted_good=int((accepted & ~bad).sum()),
        missed=missed,
        misjudged=misjudged,
        refused_bad=int((~accepted & bad).sum()),
        cost=(missed * costs.missed + misjudged * costs.misjudged) / len(bad),
    )


def cheapest(bad: Flags, pd: Floats, costs: Costs) -> Confusion:
    """Return the cut-off that was cheapest on these rows: 0 refuses all.

    It was chosen with the outcomes in sight, so its cost on other rows will be higher.
    """
    order = np.argsort(pd, kind="stable")
    ordered, flags = pd[order], bad[order]
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    missed = np.concatenate(([0], np.cumsum(flags)[ends]))
    misjudged = (~flags).sum() - np.concatenate(([0], np.cumsum(~flags)[ends]))
    best = int((missed * costs.missed + misjudged * costs.misjudged).argmin())
    return confusion(bad, pd, 0.0 if best == 0 else float(ordered[ends[best - 1]]), costs)
