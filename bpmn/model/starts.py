"""What starts a process: the list that a driver reads to subscribe, to schedule, and to name what came.

Starting is the driver's part: the kernel takes a `Start` that says by which event an instance begins.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bpmn.errors import BpmnError
from bpmn.kernel import times
from bpmn.kernel.scopes import Stuck
from bpmn.model.definition import Formula
from bpmn.values import Value

TriggerKind = Literal["message", "signal", "timer", "condition"]
TimerForm = Literal["date", "duration", "cycle"]


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing that starts a process.

    `formula` is the name of the message or signal, the time of the timer, or the condition; `form` how a
    timer is written.
    """

    kind: TriggerKind
    formula: Formula
    form: TimerForm | None = None

    def name(self, now: dt.datetime) -> Value:
        """The name of the message or signal; an expression sees no variables, for there are none yet.

        Raises:
            FeelError: when the name is an expression that fails.
        """
        return self.formula.value({}, now)

    def holds(self, variables: Mapping[str, Value], now: dt.datetime) -> bool:
        """Whether this is a condition that is true for the variables of the instance to be.

        Raises:
            FeelError: when the condition cannot be asked of them.
        """
        return self.kind == "condition" and self.formula.value(variables, now) is True

    def moments(self, now: dt.datetime) -> Iterator[dt.datetime]:
        """When a timer starts instances of a model that is deployed at `now`; an endless cycle has no end.

        A moment in the past is due at once, as with every timer.

        Raises:
            BpmnError: `timer.…` or `feel.…` when the time cannot be told.
        """
        try:
            value = self.formula.value({}, now)
            if self.form == "date":
                return iter((times.moment(value, now),))
            cycle = times.repetition(value)
            return _rounds(cycle, cycle.start or times.later(cycle.span, now))
        except Stuck as stuck:
            raise BpmnError(stuck.code, stuck.message) from stuck

    def next_moment(self, now: dt.datetime, due: dt.datetime, fired: int) -> dt.datetime | None:
        """The one of `moments(now)` that follows `due`, the last of `fired` ones; None after the last.

        Raises:
            BpmnError: `timer.…` or `feel.…` when the time cannot be told.
        """
        if self.form == "date":
            return None
        try:
            cycle = times.repetition(self.formula.value({}, now))
        except Stuck as stuck:
            raise BpmnError(stuck.code, stuck.message) from stuck
        if fired == cycle.times:
            return None
        try:
            return cycle.span.after(due)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class ProcessStart:
    """One way in which a process starts.

    `element` is what `Start.start_element` names: a start event, an event or receive task behind an
    event-based gateway that starts the process, or a receive task that does; None where the process
    starts without a start event, by everything to which no flow leads. Without `triggers` it starts
    because someone asks for it; of several any one is enough, unless `every` of them has to come.
    """

    element: str | None
    triggers: tuple[Trigger, ...]
    every: bool

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its triggers; only "none" where it has no trigger."""
        return frozenset(trigger.kind for trigger in self.triggers) or frozenset({"none"})

    def conditional(self) -> bool:
        """Whether the variables of an instance alone can decide that it begins here."""
        conditions = sum(trigger.kind == "condition" for trigger in self.triggers)
        return conditions == len(self.triggers) > 0 if self.every else conditions > 0

    def holds(self, variables: Mapping[str, Value], now: dt.datetime) -> bool:
        """Whether its condition (or every one of them) is true for the variables of the instance to be.

        Raises:
            FeelError: when a condition cannot be asked of them.
        """
        enough = all if self.every else any
        return enough(trigger.holds(variables, now) for trigger in self.triggers)


def by_plain_start(starts: Sequence[ProcessStart]) -> Sequence[ProcessStart]:
    """Where a `Start` that names no element may begin an instance.

    At the only start without a trigger, if there is one; where there is none, at the first condition
    that holds. Among several starts without a trigger the caller has to choose.
    """
    plain = [start for start in starts if not start.triggers]
    if plain:
        return plain if len(plain) == 1 else ()
    return [start for start in starts if start.conditional()]


def _rounds(cycle: times.Repetition, first: dt.datetime) -> Iterator[dt.datetime]:
    due, left = first, cycle.times
    while left != 0:
        yield due
        left -= 1
        try:
            due = cycle.span.after(due)
        except OverflowError:
            return
