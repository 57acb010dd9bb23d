"""What starts processes by itself, held against a clock: timers, messages and signals."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from bpmn.model.definition import Model
from bpmn.model.starts import ProcessStart, Trigger, TriggerKind
from bpmn.values import Value

MAX_ROUNDS = 100
"""Instances that one cycle starts; an endless one would never let the world come to rest."""

Begun = tuple[str, str | None, Mapping[str, Value]]
"""An instance to be started: process, what starts it, and the variables that this brings."""


@dataclass(slots=True)
class _Waiting:
    """One start of a process: what has come of each of its triggers, and when its timers are due."""

    process: str
    start: ProcessStart
    come: list[deque[Mapping[str, Value]]] = field(default_factory=list)
    due: list[deque[datetime]] = field(default_factory=list)

    def take(self, index: int, variables: Mapping[str, Value]) -> Begun | None:
        """A trigger has come: what it starts, or None while other triggers have to come as well."""
        if not self.start.every:
            return self.process, self.start.element, variables
        self.come[index].append(variables)
        if not all(self.come):
            return None
        brought = [each.popleft() for each in self.come]
        gathered = {name: value for each in brought for name, value in each.items()}
        return self.process, self.start.element, gathered


class Subscriptions:
    """The starts of deployed models. Where every trigger has to come, they pair in the order of coming."""

    def __init__(self, models: Iterable[Model], now: datetime) -> None:
        """Let the timers run from `now`. Raises BpmnError when the time of one cannot be told."""
        self._waiting = [
            _Waiting(
                model.process_id,
                start,
                [deque() for _ in start.triggers],
                [deque(_moments(trigger, now)) for trigger in start.triggers],
            )
            for model in models
            for start in model.starts
        ]

    @property
    def next_due(self) -> datetime | None:
        """When the next timer is due that starts an instance."""
        return min((due[0] for each in self._waiting for due in each.due if due), default=None)

    def due(self, now: datetime) -> Iterator[Begun]:
        """What the timers start that are due at `now`, in the order of the models."""
        for waiting in self._waiting:
            for index, due in enumerate(waiting.due):
                while due and due[0] <= now:
                    due.popleft()
                    begun = waiting.take(index, {})
                    if begun is not None:
                        yield begun

    def message(self, name: str, variables: Mapping[str, Value], now: datetime) -> Begun | None:
        """What a message starts: the first process that waits for it takes it, and no other."""
        for waiting, index in self._matching("message", name, now):
            return waiting.take(index, variables)
        return None

    def signal(self, name: str, variables: Mapping[str, Value], now: datetime) -> Iterator[Begun]:
        """What a signal starts, in the order of the models."""
        for waiting, index in self._matching("signal", name, now):
            begun = waiting.take(index, variables)
            if begun is not None:
                yield begun

    def _matching(self, kind: TriggerKind, name: str, now: datetime) -> Iterator[tuple[_Waiting, int]]:
        """The starts that wait for this, each with the trigger of which least has come."""
        for waiting in self._waiting:
            indexes = [
                index
                for index, trigger in enumerate(waiting.start.triggers)
                if trigger.kind == kind and trigger.name(now) == name
            ]
            if indexes:
                yield waiting, min(indexes, key=lambda index: len(waiting.come[index]))


def _moments(trigger: Trigger, now: datetime) -> Iterator[datetime]:
    return islice(trigger.moments(now), MAX_ROUNDS) if trigger.kind == "timer" else iter(())
