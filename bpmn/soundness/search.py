"""Exploring the markings of one scope, within a bound."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bpmn.soundness.outcomes import Outcome
from bpmn.soundness.places import AT, GO, TRY, Marking, Place, covers
from bpmn.soundness.scope import Scope

MAX_STATES = 2_000
"""Markings of one scope that are looked at."""
MOVES_PER_STATE = 8
"""Steps from them that are looked at, for each of these."""
MAX_TOKENS = 100
"""Tokens of one marking; a marking with more is not followed."""
MAX_COMPARED = 50_000
"""Pairs of markings, one on the way to the other, between which it is asked whether tokens pile up."""


@dataclass(slots=True)
class Node:
    """A marking that was reached: from where, past which elements, and where it leads.

    `outcomes` are the ways in which the scope may end from here, each with the elements passed last.
    """

    marking: Marking
    before: int
    passed: tuple[str, ...]
    after: list[int] = field(default_factory=list)
    outcomes: dict[Outcome, tuple[str, ...]] = field(default_factory=dict)
    explored: bool = False


@dataclass(slots=True)
class Explored:
    """The markings of a scope that can be reached. `within_bound` tells that the bound left none out.

    `piling` are markings that hold more tokens than one on the way to them and can do it all again; what
    comes after them is not followed.
    """

    scope: Scope
    nodes: list[Node] = field(default_factory=list)
    piling: set[int] = field(default_factory=set)
    within_bound: bool = True

    @property
    def whole(self) -> bool:
        """Whether these are all markings that there are."""
        return self.within_bound and not self.piling

    def path(self, index: int) -> tuple[str, ...]:
        """The elements passed on the way to a marking."""
        parts: list[tuple[str, ...]] = []
        while index >= 0:
            parts.append(self.nodes[index].passed)
            index = self.nodes[index].before
        return tuple(ref for part in reversed(parts) for ref in part)


class Search:
    """A breadth-first search, so that each marking is reached by a shortest path."""

    def __init__(self, scope: Scope, limit: int = MAX_STATES) -> None:
        self.result = Explored(scope)
        self.limit = limit
        self.moves = 0
        self.compared = 0
        self.current = -1
        self._index: dict[Marking, int] = {}
        self._fewest: list[int] = []
        self._counts: list[Counter[Place]] = []

    def run(self) -> Explored:
        """Explore all markings, or as many as the bound allows."""
        scope, nodes = self.result.scope, self.result.nodes
        for move in scope.beginnings():
            self._reach(move.marking, -1, move.path)
        following = 0
        while following < len(nodes):
            if len(nodes) > self.limit or self.moves > self.limit * MOVES_PER_STATE:
                self.result.within_bound = False
                break
            self.current = following
            if len(nodes[following].marking) > MAX_TOKENS:
                self.result.within_bound = False
            elif following not in self.result.piling:
                self._expand(following)
            following += 1
        self.result.within_bound &= not scope.narrowed
        return self.result

    def _expand(self, index: int) -> None:
        node = self.result.nodes[index]
        moves = self.result.scope.moves(node.marking)
        if _tokens(node.marking) > 1 and any(move.marking in self._index for move in moves):
            moves = self.result.scope.moves(node.marking, every=True)
        node.explored = True
        self.moves += len(moves)
        for move in moves:
            if move.outcome is not None:
                node.outcomes.setdefault(move.outcome, move.path)
                continue
            node.after.append(self._reach(move.marking, index, move.path))

    def _reach(self, marking: Marking, before: int, path: tuple[str, ...]) -> int:
        """The index of a marking, which is new or known."""
        known = self._index.get(marking)
        if known is not None:
            return known
        index = len(self.result.nodes)
        self.result.nodes.append(Node(marking, before, path))
        self._index[marking] = index
        fewest = self._fewest[before] if before >= 0 else len(marking)
        self._fewest.append(min(fewest, len(marking)))
        self._counts.append(Counter(marking))
        if len(marking) > fewest and self._covers_one_before(index, before):
            self.result.piling.add(index)
        return index

    def _covers_one_before(self, index: int, before: int) -> bool:
        scope, nodes = self.result.scope, self.result.nodes
        if not scope.is_settled(nodes[index].marking):
            return False
        while before >= 0:
            if self.compared == MAX_COMPARED:
                self.result.within_bound = False
                return False
            self.compared += 1
            node = nodes[before]
            if covers(self._counts[index], self._counts[before]) and scope.is_settled(node.marking):
                return True
            before = node.before
        return False


def _tokens(marking: Marking) -> int:
    return sum(place.kind in (AT, GO, TRY) for place in marking)
