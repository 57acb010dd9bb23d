"""Instances together on a virtual clock: what they throw reaches the others, time jumps to the next timer.

For trying models out: conformance suites, tests, dry runs. Jobs and user tasks stay open; whoever
drives the world completes them by `send`. What starts processes by itself happens: messages and signals
that are thrown, and the timers of start events, which run from the world's beginning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from bpmn.kernel.commands import BroadcastSignal, Command, CorrelateMessage, FireTimers, Start
from bpmn.kernel.records import Event
from bpmn.kernel.state import State
from bpmn.kernel.step import new_instance
from bpmn.kernels import step
from bpmn.model.definition import Model
from bpmn.simulation.subscriptions import Begun, Subscriptions
from bpmn.values import Value, from_json

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
MAX_JUMPS = 10_000


class World:
    """Deployed models, their instances, the messages and signals between them, and one clock."""

    def __init__(self, models: Iterable[Model], now: datetime = EPOCH) -> None:
        self.models = list(models)
        self.now = now
        self.states: list[State] = []
        self.steps: list[tuple[int, Event]] = []
        self._thrown: deque[tuple[int, Event]] = deque()
        self._starts = Subscriptions(self.models, now)

    @property
    def events(self) -> list[Event]:
        """All element steps so far; `steps` says of each which instance made it."""
        return [event for _, event in self.steps]

    def start(self, process: str, variables: Mapping[str, Value], *, start_element: str | None = None) -> int:
        """Start an instance of a deployed process and deliver what it throws; gives its index."""
        index = self._open(process, variables, start_element)
        self._deliver()
        return index

    def send(self, index: int, command: Command) -> None:
        """Send a command to one instance, at the world's time, and deliver what it throws."""
        self._apply(index, command)
        self._deliver()

    def signal(self, name: str, variables: Mapping[str, Value]) -> None:
        """Broadcast a signal from outside, and deliver what it sets off."""
        self._deliver_signal(None, name, variables)
        self._deliver()

    def message(self, name: str, key: str, variables: Mapping[str, Value]) -> None:
        """Send a message from outside, and deliver what it sets off; nobody may take it."""
        self._deliver_message(name, key, variables)
        self._deliver()

    def run(self) -> None:
        """Jump from timer to timer until none is left (or the model never ends)."""
        for _ in range(MAX_JUMPS):
            due = [state.next_due for state in self.states if state.status == "running"]
            moments = [moment for moment in (*due, self._starts.next_due) if moment is not None]
            if not moments:
                return
            self.now = max(self.now, min(moments))
            for begun in self._starts.due(self.now):
                self._begin(begun)
            for index, state in enumerate(self.states):
                if state.status == "running" and state.next_due is not None and state.next_due <= self.now:
                    self._apply(index, FireTimers(self.now))
            self._deliver()

    def _open(self, process: str, variables: Mapping[str, Value], start_element: str | None) -> int:
        model = next(model for model in self.models if model.process_id == process)
        self.states.append(new_instance(model, f"{process}-{len(self.states) + 1}"))
        index = len(self.states) - 1
        self._apply(index, Start(self.now, variables, start_element))
        return index

    def _begin(self, begun: Begun) -> None:
        process, element, variables = begun
        self._open(process, variables, element)

    def _apply(self, index: int, command: Command) -> None:
        state = self.states[index]
        done = step(state.model, state, replace(command, at=self.now))
        self.states[index] = done.state
        self.steps.extend((index, event) for event in done.events)
        for event in done.events:
            if event.kind in ("message.thrown", "signal.thrown"):
                self._thrown.append((index, event))

    def _deliver(self) -> None:
        while self._thrown:
            sender, event = self._thrown.popleft()
            variables = {name: from_json(value) for name, value in event.data["variables"].items()}
            if event.kind == "message.thrown":
                self._deliver_message(event.data["name"], event.data["key"], variables)
            else:
                self._deliver_signal(sender, event.data["name"], variables)

    def _deliver_message(self, name: str, key: str, variables: Mapping[str, Value]) -> None:
        """To the first instance that waits for it, else the first process that it starts, else nobody."""
        for index, state in enumerate(self.states):
            if any(each.message == name and each.key == key for each in state.messages):
                self._apply(index, CorrelateMessage(self.now, name, key, variables))
                return
        begun = self._starts.message(name, variables, self.now)
        if begun is not None:
            self._begin(begun)

    def _deliver_signal(self, sender: int | None, name: str, variables: Mapping[str, Value]) -> None:
        """To every other instance that waits, and to every process that it starts."""
        waiting = [
            index
            for index, state in enumerate(self.states)
            if index != sender and any(each.signal == name for each in state.signals)
        ]
        for index in waiting:
            self._apply(index, BroadcastSignal(self.now, name, variables))
        for begun in self._starts.signal(name, variables, self.now):
            self._begin(begun)
