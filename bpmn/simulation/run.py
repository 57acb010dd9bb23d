"""One case on a virtual clock: what the file states happens at its time, and time jumps from one to the next.

Where two things fall on one moment, what was begun first comes first, and what is done comes before a
timer: who is on time is in time.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bpmn.calls import open_calls
from bpmn.elements.call_activity import CallConfig
from bpmn.elements.events.message import key_text
from bpmn.errors import BpmnError
from bpmn.kernel.commands import (
    BroadcastSignal,
    CompleteJob,
    CompleteTask,
    CorrelateMessage,
    FailJob,
    FireTimers,
    ThrowError,
)
from bpmn.kernel.records import Event, Job, Task
from bpmn.kernel.scopes import Stuck
from bpmn.kernel.state import key_of
from bpmn.model.definition import Model
from bpmn.simulation.cases import NOTHING, Case, Message, Outcome, Signal, variables_of
from bpmn.simulation.document import value_of
from bpmn.simulation.errors import CasesRefused
from bpmn.simulation.halts import Halt, halts_of
from bpmn.simulation.luck import exact, fraction
from bpmn.simulation.scope import OutcomeScope
from bpmn.simulation.world import World
from bpmn.values import Json, Value, to_json

MAX_MOVES = 10_000
"""Happenings in one case; a model that goes round for ever is stuck then."""

MAX_TIME = timedelta(days=3_653)
"""Simulated time of one case: ten years, beyond the terms of every product."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Visit:
    """One activation of an element; times in whole seconds. `end` tells how it ended, if it did."""

    element: str
    end: str  # "completed", "terminated" or "open"
    elapsed: int
    waiting: int
    working: int


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of a case.

    `status` is "completed", "stuck" or "incident" (which needs someone to resolve it); `halts` say where and
    why it is not completed. `ends` are the end events of the process itself that were reached, `tasks` the
    user tasks that were opened, `assumed` the elements of jobs and tasks for which the file states no
    outcome, `unheard` the names of messages with a time that nothing took while the case ran.
    """

    case: str
    status: str
    halts: tuple[Halt, ...]
    duration: int
    visits: tuple[Visit, ...]
    ends: tuple[str, ...]
    tasks: frozenset[str]
    assumed: frozenset[str]
    unheard: tuple[str, ...]
    variables: Mapping[str, Json]
    steps: tuple[tuple[int, Event], ...]
    """Each element step, with the instance that made it (0: the case's own)."""


def run_case(model: Model, case: Case, seed: int) -> Trace:
    """Run one case to its end, or to where it does not go on. It raises no error of the case's own."""
    return _Run(model, case, seed).trace()


class _Run:
    """The case under way: its world, its agenda, and what is open."""

    def __init__(self, model: Model, case: Case, seed: int) -> None:
        self.model = model
        self.case = case
        self.seed = seed
        self.world = World([model], case.start)
        self.seen = 0  # steps that have been looked at
        self.agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self.planned = 0
        self.begun: dict[tuple[int, int], tuple[str, datetime]] = {}
        self.waiting: dict[tuple[int, int], timedelta] = {}
        self.occurrences: Counter[str] = Counter()  # of elements and messages: each has luck of its own
        self.outcomes: Counter[str] = Counter()  # taken so far, by the name that they stand under
        self.unsent: list[str] = []
        self.kept: list[tuple[str, str, Mapping[str, Value]]] = []
        self.tasks: set[str] = set()
        self.assumed: set[str] = set()
        self.visits: list[Visit] = []
        self.known: Mapping[str, Value] = {"id": case.id, **case.variables}

    def trace(self) -> Trace:
        try:
            self._begin()
            halts = self._play()
        except BpmnError as wrong:  # the file's expression, or a command that the model does not take
            halts = [Halt(wrong.where or self.model.process_id, wrong.code, wrong.message)]
        status = "stuck"
        if not any(state.status in ("created", "running") for state in self.world.states):
            status, halts = "completed", []
        elif not halts:
            halts = [halt for state in self.world.states for halt in halts_of(state)]
            status = "incident" if any(state.incidents for state in self.world.states) else "stuck"
        for element, since in self.begun.values():
            self.visits.append(self._visit(element, "open", since, self.world.now, None))
        return Trace(
            self.case.id,
            status,
            tuple(halts),
            (self.world.now - self.case.start) // _SECOND,
            tuple(self.visits),
            tuple(sorted(self._ends())),
            frozenset(self.tasks),
            frozenset(self.assumed),
            tuple(sorted([*self.unsent, *(name for name, _, _ in self.kept)])),
            self._variables(),
            tuple(self.world.steps),
        )

    # Time

    def _begin(self) -> None:
        for message in self.case.messages:
            if message.at is not None:
                self.unsent.append(message.name)
                self._plan(message.at, self._sends(message))
        for signal in self.case.signals:
            self._plan(signal.at, self._signals(signal))
        try:
            self.world.start(
                self.model.process_id, self.case.variables, start_element=self.case.start_element
            )
        finally:
            self._look()

    def _play(self) -> list[Halt]:
        """Let happen what is planned and due until nothing is; tell if a bound ended it."""
        for _ in range(MAX_MOVES):
            due = [state.next_due for state in self.world.states if state.status == "running"]
            timers = min((moment for moment in due if moment is not None), default=None)
            if not due or (timers is None and not self.agenda):
                return []
            planned = self.agenda[0][0] if self.agenda else None
            moment = min(each for each in (timers, planned) if each is not None)
            if moment - self.case.start > MAX_TIME:
                return [
                    Halt(
                        self.model.process_id,
                        "simulation.too-long",
                        f"The case goes on after {MAX_TIME.days} days.",
                    )
                ]
            self.world.now = max(self.world.now, moment)
            if planned == moment:
                heapq.heappop(self.agenda)[2]()
            else:
                self._fire()
            self._look()
        return [
            Halt(
                self.model.process_id,
                "simulation.too-many-moves",
                f"The case goes on after {MAX_MOVES} happenings.",
            )
        ]

    def _plan(self, after: timedelta, happening: Callable[[], None]) -> None:
        self.planned += 1
        heapq.heappush(self.agenda, (self.world.now + after, self.planned, happening))

    def _fire(self) -> None:
        for index, state in enumerate(self.world.states):
            due = state.next_due
            if state.status == "running" and due is not None and due <= self.world.now:
                self.world.send(index, FireTimers(self.world.now))

    # What the model did

    def _look(self) -> None:
        """Look at the new steps: visits begin and end, and what they opened is planned."""
        while self.seen < len(self.world.steps):
            index, event = self.world.steps[self.seen]
            self.seen += 1
            match event.kind:
                case "element.activated":
                    self.begun[index, event.data["token"]] = (event.element, event.at)
                case "element.completed" | "element.terminated":
                    self._close(index, event)
                case "job.created":
                    self._job(index, event)
                case "task.created":
                    self.tasks.add(event.element)
                    self._task(index, event)
                case "message.subscribed":
                    self._answer(event.data["name"], event.data["key"])

    def _close(self, index: int, event: Event) -> None:
        place = (index, event.data["token"])
        begun = self.begun.pop(place, None)
        if begun is None and event.kind == "element.terminated":
            return  # the activity around the rounds of a loop: each round is a visit of its own
        element, since = begun or (event.element, event.at)
        end = event.kind.rpartition(".")[2]
        self.visits.append(self._visit(element, end, since, event.at, self.waiting.pop(place, None)))

    def _visit(
        self, element: str, end: str, since: datetime, until: datetime, waiting: timedelta | None
    ) -> Visit:
        """A job or task first waits, then is worked on; events and joins wait; a scope does neither."""
        elapsed = (until - since) // _SECOND
        waited = 0
        if waiting is not None:
            waited = min(waiting // _SECOND, elapsed)
        elif not self._is_scope(element):
            waited = elapsed
        working = elapsed - waited if waiting is not None else 0
        return Visit(element, end, elapsed, waited, working)

    def _is_scope(self, ref: str) -> bool:
        element = self.model.elements[ref]
        return bool(element.children) or isinstance(element.config, CallConfig)

    def _job(self, index: int, event: Event) -> None:
        job = self.world.states[index].job(event.data["job"])
        if job is None:  # ended by what the same command set off
            return
        stated = self.case.job(self.model.elements[job.element], job.type)
        outcome, luck = self._outcome(job.element, stated, job.variables)
        if outcome is not None:
            self._do(index, job.token, outcome, luck, self._does_job(index, job, outcome, luck))

    def _task(self, index: int, event: Event) -> None:
        state = self.world.states[index]
        task, wait = state.task(event.data["task"]), state.waits.get(key_of(event.data["task"]))
        if task is None or wait is None:
            return
        stated = self.case.task(self.model.elements[task.element], task.form)
        outcome, luck = self._outcome(task.element, stated, task.variables)
        if outcome is not None:
            self._do(index, wait.token, outcome, luck, self._does_task(index, task, outcome, luck))

    def _outcome(
        self,
        element: str,
        stated: tuple[str, tuple[Outcome, ...]] | None,
        variables: Mapping[str, Value],
    ) -> tuple[Outcome | None, tuple[str, int]]:
        """The outcome of this visit (None: it is never done), and the place of its luck."""
        self.occurrences[element] += 1
        luck = (element, self.occurrences[element])
        if stated is None:
            self.assumed.add(element)
            return NOTHING, luck
        name, outcomes = stated
        outcome = outcomes[min(self.outcomes[name], len(outcomes) - 1)]
        self.outcomes[name] += 1
        never = value_of(outcome.never, self._scope(variables, luck), self.world.now)
        return (None if never is True else outcome), luck

    def _do(
        self,
        index: int,
        token: int,
        outcome: Outcome,
        luck: tuple[str, int],
        happening: Callable[[], None],
    ) -> None:
        waiting = outcome.waiting.draw(self._luck(*luck, "waiting"))
        working = outcome.duration.draw(self._luck(*luck, "working"))
        self.waiting[index, token] = waiting
        self._plan(waiting + working, happening)

    # What happens

    def _does_job(self, index: int, job: Job, outcome: Outcome, luck: tuple[str, int]) -> Callable[[], None]:
        def happen() -> None:
            now_open = self.world.states[index].job(job.id)
            if now_open is None:  # an interrupt was faster
                return
            now, scope = self.world.now, self._scope(now_open.variables, luck)
            error, fail = value_of(outcome.error, scope, now), value_of(outcome.fail, scope, now)
            variables = variables_of(outcome.variables, scope, now)
            if error is not None:
                code = _code(error, job.element)
                self.world.send(index, ThrowError(now, job.id, code, "", variables))
            elif fail is not None:
                code = _code(fail, job.element)
                self.world.send(index, FailJob(now, job.id, code, "The file of cases lets it fail."))
            else:
                call = open_calls(self.world.states[index]).get(key_of(job.id))
                taken = call.takes(self.world.states[index], variables) if call is not None else variables
                self.world.send(index, CompleteJob(now, job.id, taken))

        return happen

    def _does_task(
        self, index: int, task: Task, outcome: Outcome, luck: tuple[str, int]
    ) -> Callable[[], None]:
        def happen() -> None:
            now_open = self.world.states[index].task(task.id)
            if now_open is None:
                return
            now = self.world.now
            variables = variables_of(outcome.variables, self._scope(now_open.variables, luck), now)
            self.world.send(index, CompleteTask(now, task.id, variables))

        return happen

    def _sends(self, message: Message) -> Callable[[], None]:
        def happen() -> None:
            self.unsent.remove(message.name)
            scope = self._scope(self.world.states[0].variables, (f"message {message.name}", 1))
            key = value_of(message.key, scope, self.world.now)
            variables = variables_of(message.variables, scope, self.world.now)
            self._hands_over(message.name, _key(key, message.name), variables)()

        return happen

    def _signals(self, signal: Signal) -> Callable[[], None]:
        def happen() -> None:
            scope = self._scope(self.world.states[0].variables, (f"signal {signal.name}", 1))
            variables = variables_of(signal.variables, scope, self.world.now)
            for index, state in enumerate(list(self.world.states)):  # not those that it starts
                if state.status == "running":
                    self.world.send(index, BroadcastSignal(self.world.now, signal.name, variables))

        return happen

    def _answer(self, name: str, key: str) -> None:
        """Something waits for a message: what came too early is taken, or an answer is planned."""
        for kept in self.kept:
            if kept[:2] == (name, key):
                self.kept.remove(kept)
                self._plan(timedelta(0), self._hands_over(*kept))
                return
        for message in self.case.messages:
            if message.name == name and message.after is not None:
                place = f"message {name}"
                self.occurrences[place] += 1
                luck = (place, self.occurrences[place])
                self._plan(
                    message.after.draw(self._luck(*luck, "waiting")), self._answers(message, key, luck)
                )

    def _answers(self, message: Message, key: str, luck: tuple[str, int]) -> Callable[[], None]:
        def happen() -> None:
            scope = self._scope(self.world.states[0].variables, luck)
            self._deliver(message.name, key, variables_of(message.variables, scope, self.world.now))

        return happen

    def _hands_over(self, name: str, key: str, variables: Mapping[str, Value]) -> Callable[[], None]:
        def happen() -> None:
            if not self._deliver(name, key, variables):
                self.kept.append((name, key, variables))

        return happen

    def _deliver(self, name: str, key: str, variables: Mapping[str, Value]) -> bool:
        """Give a message to the first instance that waits for it, if one does."""
        for index, state in enumerate(self.world.states):
            if any(each.message == name and each.key == key for each in state.messages):
                self.world.send(index, CorrelateMessage(self.world.now, name, key, variables))
                return True
        return False

    # What the file's expressions see

    def _scope(self, variables: Mapping[str, Value], luck: tuple[str, int]) -> Mapping[str, Value]:
        element, occurrence = luck
        return OutcomeScope(
            variables,
            self.known,
            lambda: exact(self._luck(element, occurrence, "outcome")),
            occurrence,
        )

    def _luck(self, element: str, occurrence: int, what: str) -> float:
        return fraction(self.seed, self.case.id, element, occurrence, what)

    # What is left

    def _ends(self) -> list[str]:
        return [
            visit.element
            for visit in self.visits
            if visit.end == "completed"
            and self.model.elements[visit.element].tag == "endEvent"
            and self.model.elements[visit.element].parent == self.model.process_id
        ]

    def _variables(self) -> Mapping[str, Json]:
        if not self.world.states:
            return {}
        return {name: to_json(value) for name, value in self.world.states[0].variables.items()}


def _key(value: Value, message: str) -> str:
    """A message's correlation key as text; a message may have none."""
    if value == "":
        return ""
    try:
        return key_text(value, f"of the message {message}")
    except Stuck as wrong:
        raise CasesRefused(wrong.code, wrong.message, where=message, hint="Let it give one.") from wrong


def _code(value: Value, element: str) -> str:
    if isinstance(value, str) and value:
        return value
    raise CasesRefused(
        "cases.no-code", "What the job ends with is no code.", where=element, hint="Let it give a text."
    )
