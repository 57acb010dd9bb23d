"""The token game of a whole model: each scope is played by itself, and known outside by its outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bpmn.elements.call_activity import CallConfig, CaseCall
from bpmn.elements.job import JobConfig
from bpmn.model.definition import Element, Formula, Model, MultiInstance, StandardLoop
from bpmn.soundness import catching, routing
from bpmn.soundness.outcomes import ANY, COMPLETED, Around, Outcome, Work
from bpmn.soundness.scope import Scope
from bpmn.soundness.search import MAX_STATES, Explored, Search
from bpmn.values import Value

MAX_STATES_IN_ALL = 10_000
"""Markings that are looked at in all scopes of a model together."""
MAX_DEPTH = 30
"""Scopes within one another, by subprocesses and calls, that are looked into."""
WAITING = frozenset({"userTask", "globalUserTask", "receiveTask"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What a game is played with, to ask what would be if.

    `held` is work that is never completed, `silent` that part of it which ends in no other way either,
    `marked` work whose completion is remembered, `known` are variables whose value is given. With `busy`
    multi-instance activities run at least one round, unless the model says that they run none.
    """

    held: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()
    known: Mapping[str, Value] = field(default_factory=dict)
    busy: bool = False


class Game:
    """All scopes of a model that can be reached, as far as they have been played."""

    def __init__(self, model: Model, rules: Rules = Rules()) -> None:
        self.model = model
        self.rules = rules
        self.played: dict[tuple[str, Around], Explored] = {}
        self.prefixes: dict[str, tuple[str, ...]] = {}
        """For each scope that was played: the elements passed on the way to it, the first time."""
        self.reached: set[str] = set()
        self.result = Work(frozenset())
        self.too_deep: set[str] = set()
        """Scopes that were not looked into."""
        self._known: dict[tuple[str, Around], Work] = {}
        self._states = 0
        self._searches: list[tuple[tuple[str, ...], Search]] = []
        self._escalations = frozenset(
            code for element in model.elements.values() for code in catching.escalation_codes(element)
        )

    def play(self) -> Game:
        """Play the main process and everything that it reaches."""
        self.result = self._play(self.model.process, Around())
        return self

    def path_to(self, ref: str) -> tuple[str, ...]:
        """The elements passed on a way to an element that was reached, itself the last."""
        for (scope, _), explored in self.played.items():
            if ref not in explored.scope.reached:
                continue
            for index, node in enumerate(explored.nodes):
                if ref in node.passed:
                    return (*self.prefixes[scope], *explored.path(index))
        for (scope, _), explored in self.played.items():
            if ref in explored.scope.reached:
                return (*self.prefixes[scope], ref)
        return (ref,)

    def path_to_completion(self, *, marked: bool) -> tuple[str, ...] | None:
        """The elements passed on a way to the end of the main process (by which the mark was set)."""
        ended = [outcome for outcome in self.result.outcomes if outcome.kind == "completed"]
        if not any(outcome.marked == marked for outcome in ended):
            return None
        process = self.model.process
        ending = {process.ref, *(self.model.elements[ref].parent for ref in process.event_starts)}
        ways = [
            (outcome.marked != marked, (*self.prefixes[scope], *explored.path(index), *last))
            for (scope, _), explored in self.played.items()
            for index, node in enumerate(explored.nodes)
            for outcome, last in node.outcomes.items()
            if scope in ending and outcome.kind == "completed"
        ]
        # An event subprocess may end the process after the mark was set outside it.
        return min(ways, key=lambda way: way[0])[1]

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return not self.too_deep and all(explored.whole for explored in self.played.values())

    # Work

    def _work(self, scope: Scope, element: Element) -> Work:
        """All ways in which an activity of a scope, with its loop, can end."""
        around = self._around(scope, element)
        key = (element.ref, around)
        if key not in self._known:
            self._known[key] = Work(frozenset({COMPLETED}))  # a process that calls itself may come back
            self._known[key] = self._ruled(element, self._looped(element, self._inside(element, around)))
        return self._known[key]

    def _inside(self, element: Element, around: Around) -> Work:
        if element.children:
            return self._play(element, around)
        if isinstance(element.config, CallConfig):
            called = self.model.elements[element.config.process]
            if called.children:
                return self._play(called, around)
            self.reached.add(called.ref)
            return self._ruled(called, self._inside(called, around))
        if isinstance(element.config, JobConfig | CaseCall):
            return Work(frozenset({COMPLETED, Outcome("error", ANY, element.ref)}))
        return Work(frozenset({COMPLETED}), instant=element.tag not in WAITING)

    def _looped(self, element: Element, work: Work) -> Work:
        loop = element.loop
        if isinstance(loop, MultiInstance):
            rounds = _rounds(loop)
            if rounds == 0:
                return Work(frozenset({COMPLETED}), instant=True)
            work = _with_thrown(element, loop, work)
            if rounds is None and not self.rules.busy:
                return replace(work, outcomes=work.outcomes | {COMPLETED})
        elif isinstance(loop, StandardLoop) and loop.condition is not None:
            again = routing.answer(loop.condition, self.rules.known)
            if again is False and loop.test_before:
                return Work(frozenset({COMPLETED}), instant=True)
            if again is True and loop.maximum is None:
                rest = frozenset(each for each in work.outcomes if each.kind != "completed")
                return replace(work, outcomes=rest)
            if again is None and loop.test_before:
                return replace(work, outcomes=work.outcomes | {COMPLETED})
        return work

    def _ruled(self, element: Element, work: Work) -> Work:
        outcomes = work.outcomes
        if element.ref in self.rules.silent:
            outcomes = frozenset()
        elif element.ref in self.rules.held:
            outcomes = frozenset(each for each in outcomes if each.kind != "completed")
        if element.ref in self.rules.marked:
            outcomes = frozenset(
                replace(each, marked=True) if each.kind == "completed" else each for each in outcomes
            )
        return work if outcomes == work.outcomes else replace(work, outcomes=outcomes)

    # Scopes

    def _around(self, scope: Scope, element: Element) -> Around:
        """What catches, outside an activity of a scope, that which is thrown inside it."""
        events = [self.model.elements[ref] for ref in (*element.boundaries, *scope.element.event_starts)]
        if not element.children and not isinstance(element.config, CallConfig):
            return Around()
        codes = {code for event in events for code in catching.error_codes(event)}
        return Around(
            errors=scope.around.errors | codes,
            escalations=frozenset(
                code for code in self._escalations if self._interrupts(scope, element, code)
            ),
            ends=scope.around.ends
            or any(
                event.interrupting and catching.can_come(event, instant=False, scope=True) for event in events
            ),
        )

    def _interrupts(self, scope: Scope, element: Element, code: str) -> bool:
        caught = catching.escalation_catcher((self.model.elements[ref] for ref in element.boundaries), code)
        if caught is None:
            starts = (self.model.elements[ref] for ref in scope.element.event_starts)
            caught = catching.escalation_catcher(starts, code)
        return caught.interrupting if caught is not None else code in scope.around.escalations

    def _play(self, element: Element, around: Around) -> Work:
        """Play one scope with its event subprocesses."""
        if len(self._searches) >= MAX_DEPTH:
            self.too_deep.add(element.ref)
            return Work(frozenset({COMPLETED}))
        scope = Scope(self.model, element, around, self.rules.known, self._work)
        self.prefixes.setdefault(element.ref, self._current_path())
        self.reached.add(element.ref)
        search = Search(scope, min(MAX_STATES, max(0, MAX_STATES_IN_ALL - self._states)))
        self._searches.append((self.prefixes[element.ref], search))
        explored = search.run()
        self._searches.pop()
        self._states += len(explored.nodes)
        self.played[element.ref, around] = explored
        outcomes = {outcome for node in explored.nodes for outcome in node.outcomes}
        if not explored.whole:
            outcomes.add(COMPLETED)  # for all that is known
        instant = not scope.waits
        for start in (self.model.elements[ref] for ref in element.event_starts):
            outcomes |= self._by_event(scope, start, outcomes, instant=instant)
        self.reached |= scope.reached
        ends = frozenset(outcome for outcome in outcomes if outcome.kind != "handed over")
        return Work(ends, frozenset(scope.thrown), instant, scope.marks)

    def _by_event(
        self, scope: Scope, start: Element, outcomes: set[Outcome], *, instant: bool
    ) -> set[Outcome]:
        """Play an event subprocess, if it can start; gives what it adds to the outcomes of its scope."""
        subprocess = self.model.elements[start.parent or ""]
        handed = {each.marked for each in outcomes if each.source == start.ref and each.kind == "handed over"}
        comes = catching.can_come(start, instant=instant, scope=True)
        handed |= {True} if comes and scope.marks else set()
        if not (handed or comes or start.ref in scope.begun or catching.undoes(start)):
            return set()
        scope.reached |= {start.ref, subprocess.ref}
        around = scope.around
        if not start.interrupting:
            codes = {
                code
                for ref in scope.element.event_starts
                for code in catching.error_codes(self.model.elements[ref])
            }
            around = replace(around, errors=around.errors | codes)
        around = replace(around, ends=around.ends or scope.around.ends)
        key = (subprocess.ref, around)
        if key not in self._known:
            self._known[key] = self._ruled(subprocess, self._play(subprocess, around))
        work = self._known[key]
        scope.thrown |= work.throws
        scope.marks |= work.marks
        if catching.undoes(start):
            return set()
        added = {each for each in work.outcomes if start.interrupting or each.kind != "completed"}
        return added | {replace(each, marked=True) for each in added if True in handed}

    def _current_path(self) -> tuple[str, ...]:
        if not self._searches:
            return ()
        prefix, search = self._searches[-1]
        return (*prefix, *search.result.path(search.current))


def _with_thrown(element: Element, loop: MultiInstance, work: Work) -> Work:
    """What the rounds throw when they are completed, with what the work in them throws."""
    thrown = [each.event for each in loop.events]
    errors = filter(None, map(catching.error_code, thrown))
    return replace(
        work,
        outcomes=work.outcomes | {Outcome("error", code, element.ref) for code in errors},
        throws=work.throws | frozenset(filter(None, map(catching.escalation_code, thrown))),
    )


def _rounds(loop: MultiInstance) -> int | None:
    """How many rounds a multi-instance runs, if the model says so."""
    if loop.cardinality is not None:
        text = loop.cardinality.text.removeprefix("=").strip()
        return int(text) if text.isascii() and text.isdigit() else None
    collection: Formula | None = loop.collection
    if collection is not None and collection.text.removeprefix("=").replace(" ", "") == "[]":
        return 0
    return None
