"""The working copy of a state during a burst: its records, changed in an overlay over the tables.

A token that is born and dies within the burst never touches the tables; `finish` writes what is left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from bpmn.kernel.records import (
    EMPTY,
    Event,
    EventWait,
    JobWait,
    Seen,
    Slot,
    Stop,
    Stored,
    TaskWait,
    TimerWait,
    Token,
    Uncaught,
    Variables,
    Wait,
)
from bpmn.kernel.state import State, channel_key
from bpmn.model.definition import Element, Model
from bpmn.values import Value


class Workspace:
    """Storage: tokens, waits, incidents, kept values and variables, with their indexes."""

    def __init__(self, state: State, at: datetime) -> None:
        self.model: Model = state.model
        self.at = at
        self.status = state.status
        self.root_token = state.root_token
        self.events: list[Event] = []
        self.uncaught: list[Uncaught] = []
        self._base = state
        self._elements = state.model.elements
        self._next = state.next_key
        self._seq = state.seq
        self._steps = 0
        self._queue: deque[int] = deque()
        self._emptied: deque[int] = deque()
        self._tokens: dict[int, Token | None] = {}
        self._variables: dict[int, dict[str, Slot] | None] = {}
        self._waits: dict[int, Wait | None] = {}
        self._stops: dict[int, Stop | None] = {}
        self._stored: dict[int, Stored | None] = {}
        self._live: dict[int, int] = {}
        self._born: dict[int, dict[int, None]] = {}
        self._channels = state.channels
        self._due = state.due
        self._touched: dict[int, None] = {}
        self._ask = False

    def take_up(self, at: datetime) -> None:
        """Begin with a command: its time, and a count of element steps of its own."""
        self.at = at
        self._steps = 0

    def finish(self) -> State:
        """The state after the burst."""
        base = self._base
        children = base.children
        for key, token in self._tokens.items():
            before = base.tokens.get(key)
            if token is None:
                if before is not None:
                    children = children.without_key((before.scope, key))
            elif before is None:
                children = children.with_key((token.scope, key))
        return State(
            base.model,
            base.instance,
            status=self.status,
            at=self.at,
            next_key=self._next,
            seq=self._seq,
            root_token=self.root_token,
            tokens=base.tokens.updated(self._tokens),
            variable_table=base.variable_table.updated(
                {
                    key: Variables(key, slots) if slots is not None else None
                    for key, slots in self._variables.items()
                }
            ),
            waits=base.waits.updated(self._waits),
            stops=base.stops.updated(self._stops),
            stored=base.stored.updated(self._stored),
            live=base.live.updated({scope: count or None for scope, count in self._live.items()}),
            children=children,
            channels=self._channels,
            due=self._due,
        )

    def number(self) -> int:
        """The next number of the instance: keys, branches and writes count on one counter."""
        number = self._next
        self._next += 1
        return number

    def emit(self, kind: str, element: str, data: Mapping[str, Any] = EMPTY) -> None:
        """Record one element step."""
        self._seq += 1
        self.events.append(Event(self._seq, kind, element, self.at, data))

    # Tokens

    def element(self, ref: str) -> Element:
        """The model's element."""
        return self._elements[ref]

    def token(self, key: int) -> Token | None:
        """The live token with this key."""
        if key in self._tokens:
            return self._tokens[key]
        return self._base.tokens.get(key)

    def alive(self, key: int) -> Token:
        """The live token with this key, which must exist."""
        token = self.token(key)
        if token is None:
            raise AssertionError(f"token {key} is gone")
        return token

    def put(self, token: Token) -> Token:
        """Store a changed token."""
        self._tokens[token.key] = token
        return token

    def create(
        self,
        element: str,
        scope: int,
        branch: int,
        seen: Seen,
        *,
        status: Literal["ready", "active"] = "ready",
        data: Mapping[str, Any] = EMPTY,
    ) -> Token:
        """A new token; a ready one stands at the end of the queue."""
        token = Token(self.number(), element, scope, status, branch, seen, (), data)
        self._tokens[token.key] = token
        self._live[scope] = self.live(scope) + 1
        self._born.setdefault(scope, {})[token.key] = None
        self._touched[scope] = None
        if status == "ready":
            self._queue.append(token.key)
        return token

    def _drop(self, token: Token) -> None:
        """Take a token away with all that belongs to it alone."""
        self.close_waits(token)
        key = token.key
        if self._base.tokens.get(key) is not None:
            self._tokens[key] = None
        else:
            del self._tokens[key]
            del self._born[token.scope][key]
        if "payload" in token.data:
            self.unstore(token.data["payload"])
        self._live[token.scope] = self.live(token.scope) - 1
        if key != self.root_token:
            self._forget_variables(key)
        self._touched[token.scope] = None

    def live(self, scope: int) -> int:
        """How many tokens a scope contains."""
        count = self._live.get(scope)
        return count if count is not None else (self._base.live.get(scope) or 0)

    def children(self, scope: int) -> list[Token]:
        """The tokens that a scope contains, oldest first."""
        old = (self.token(key) for _, key in self._base.children.starting_with((scope,)))
        born = (self.token(key) for key in self._born.get(scope, ()))
        return [token for token in (*old, *born) if token is not None]

    # Waits

    def open_wait(self, token: Token, make: Callable[[int], Wait]) -> Wait:
        """Open a wait that ends with the token."""
        wait = make(self.number())
        self._waits[wait.key] = wait
        if isinstance(wait, TimerWait):
            self._due = self._due.with_key((wait.due, wait.key))
        elif isinstance(wait, EventWait):
            self._channels = self._channels.with_key(channel_key(wait))
        self.put(replace(token, waits=(*token.waits, wait.key)))
        return wait

    def wait(self, key: int) -> Wait | None:
        """The open wait with this key."""
        if key in self._waits:
            return self._waits[key]
        return self._base.waits.get(key)

    def rename_wait(self, wait: EventWait, name: str) -> EventWait:
        """Let a subscription listen for another name."""
        renamed = replace(wait, name=name)
        self._waits[wait.key] = renamed
        self._channels = self._channels.without_key(channel_key(wait)).with_key(channel_key(renamed))
        return renamed

    def put_wait(self, wait: Wait) -> None:
        """Store a changed wait (its channel and due time must be the same)."""
        self._waits[wait.key] = wait

    def close_wait(self, wait: Wait) -> Token:
        """Close one wait of a living token."""
        token = self.alive(wait.token)
        self._remove_wait(wait.key)
        return self.put(replace(token, waits=tuple(key for key in token.waits if key != wait.key)))

    def close_waits(self, token: Token, only: Callable[[Wait], bool] | None = None) -> Token:
        """Close all waits of a token (its incident too), or those that `only` picks."""
        if not token.waits:
            return token
        left = []
        for key in token.waits:
            wait = self.wait(key)
            if only is not None and (wait is None or not only(wait)):
                left.append(key)
            elif wait is not None:
                self._remove_wait(key)
                if isinstance(wait, JobWait | TaskWait):
                    kind = "job" if isinstance(wait, JobWait) else "task"
                    self.emit(f"{kind}.cancelled", wait.element, {kind: f"{wait.element}:{key}"})
            else:
                self._remove(self._stops, self._base.stops.get(key), key)
                self.emit("incident.cancelled", token.element, {"incident": f"{token.element}:{key}"})
        return self.put(replace(token, waits=tuple(left)))

    def _remove_wait(self, key: int) -> None:
        wait = self.wait(key)
        if isinstance(wait, TimerWait):
            self._due = self._due.without_key((wait.due, key))
        elif isinstance(wait, EventWait):
            self._channels = self._channels.without_key(channel_key(wait))
        self._remove(self._waits, self._base.waits.get(key), key)

    @staticmethod
    def _remove(overlay: dict[int, Any], before: object, key: int) -> None:
        if before is not None:
            overlay[key] = None
        else:
            overlay.pop(key, None)

    def due_timers(self) -> Iterator[TimerWait]:
        """The timers that are due at the command's time, the earliest first, as long as there are any."""
        while True:
            first = self._due.first()
            if first is None or first[0] > self.at:
                return
            wait = self.wait(first[1])
            if not isinstance(wait, TimerWait):
                raise AssertionError(f"timer {first[1]} is gone")
            yield wait

    def subscriptions(self, channel: str, name: str, correlation: str = "") -> list[EventWait]:
        """The open subscriptions of a channel, oldest first."""
        keys = [key[3] for key in self._channels.starting_with((channel, name, correlation))]
        waits = (self.wait(key) for key in keys)
        return [wait for wait in waits if isinstance(wait, EventWait)]

    def ask_conditions(self) -> None:
        """Let the conditions that events wait for be asked before the next step."""
        self._ask = True

    # Incidents

    def stop_record(self, key: int) -> Stop | None:
        """The open incident with this key."""
        return self._stops[key] if key in self._stops else self._base.stops.get(key)

    # Values kept under keys of their own

    def store(self, value: Value, key: int = 0) -> int:
        """Keep a value under a key (a new one unless one is given)."""
        key = key or self.number()
        self._stored[key] = Stored(key, Slot(value, 0, 0))
        return key

    def stored(self, key: int) -> Value:
        """A value that was kept; None if there is none."""
        kept = self._stored[key] if key in self._stored else self._base.stored.get(key)
        return kept.slot.value if kept is not None else None

    def unstore(self, key: int) -> None:
        """Keep a value no longer."""
        self._remove(self._stored, self._base.stored.get(key), key)

    # Variables, as they are stored

    def slots(self, key: int) -> Mapping[str, Slot] | None:
        """The variables that live at a token itself."""
        if key in self._variables:
            return self._variables[key]
        variables = self._base.variable_table.get(key)
        return variables.slots if variables is not None else None

    def _own_slots(self, key: int) -> dict[str, Slot]:
        self._ask = self.model.conditional
        slots = self._variables.get(key)
        if slots is None:
            base = self._base.variable_table.get(key) if key not in self._variables else None
            slots = dict(base.slots) if base is not None else {}
            self._variables[key] = slots
        return slots

    def _forget_variables(self, key: int) -> None:
        if self._base.variable_table.get(key) is not None:
            self._variables[key] = None
        else:
            self._variables.pop(key, None)
