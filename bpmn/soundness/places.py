"""Where tokens lie in one scope: markings of the token game.

A marking is a sorted tuple of places, one per token. That makes equal markings equal tuples, whatever
way led to them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from bpmn.soundness.outcomes import Outcome

GO = "go"
"""The token enters the element now."""
AT = "at"
"""It waits there for work to be done or an event to come; `detail`: boundary events that have come."""
IN = "in"
"""It waits at a merge; `detail`: the flow by which it came."""
TRY = "try"
"""A complex gateway has just got a token and asks its activation condition."""
REST = "rest"
"""A complex gateway has started and consumes the rest; `detail`: the flows that it started with."""
NEXT = "next"
"""No token: which activity of a sequential ad-hoc subprocess begins next; `detail`: its number."""
MARK = "mark"
"""No token: the work that a control speaks of has been done."""


class Place(NamedTuple):
    """A token in a scope."""

    kind: str
    ref: str
    detail: tuple[str, ...] = ()


Marking = tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One step of the game: the elements that it passes, and the marking or the outcome that it leads to."""

    path: tuple[str, ...]
    marking: Marking = ()
    outcome: Outcome | None = None


def marking(places: list[Place]) -> Marking:
    """The marking of these places."""
    return tuple(sorted(places))


def without(places: Marking, place: Place) -> list[Place]:
    """The places without one token."""
    rest = list(places)
    rest.remove(place)
    return rest


def covers(greater: Counter[Place], smaller: Counter[Place]) -> bool:
    """Whether `greater` holds all tokens of `smaller` and more that wait, and the same ones on their way."""
    if any(greater[place] < count for place, count in smaller.items()):
        return False
    more = greater - smaller
    return bool(more) and all(place.kind in (AT, IN) for place in more)
