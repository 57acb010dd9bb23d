"""One burst: what a command sets off, up to the next wait.

The burst works on an overlay over the state's tables, so a token that is born and dies within it
never touches them; `finish` writes what is left. It owns the token game: creating, moving, joining
and ending tokens, scopes of variables, waits, incidents. What an element does with these is the
matter of its file in `bpmn.elements`.

Order: tokens that may go on stand in one queue, first in, first out. Everything that ends tokens
(interrupts, terminate) works at once, and the queue skips the dead, so an interrupt takes effect
before the next step in its scope.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from bpmn.errors import BpmnError
from bpmn.kernel.causality import knows, merged, pruned
from bpmn.kernel.records import (
    EMPTY,
    Event,
    EventWait,
    Seen,
    Slot,
    Stop,
    Stored,
    TimerWait,
    Token,
    Variables,
    Wait,
)
from bpmn.kernel.state import State, VariableView, channel_key
from bpmn.model.definition import Element, Flow, Formula, Model
from bpmn.values import Value

MAX_STEPS = 200_000
"""Element steps that one command may set off; beyond it the next token stops with `burst.too-long`."""

NOTHING: Mapping[str, Value] = EMPTY

Phase = Literal["activate", "complete", "leave", "job"]


class Stuck(Exception):
    """The token cannot go on; an incident with this code is raised at it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Burst:
    """The working copy of a state during one command."""

    def __init__(self, state: State, at: datetime) -> None:
        self.model: Model = state.model
        self.at = at
        self.status = state.status
        self.root_token = state.root_token
        self.events: list[Event] = []
        self._base = state
        self._elements = state.model.elements
        self._next = state.next_key
        self._seq = state.seq
        self._steps = 0
        self._queue: deque[int] = deque()
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

    # Running

    def run(self) -> None:
        """Let every token go on until all wait."""
        while True:
            while self._queue:
                token = self.token(self._queue.popleft())
                if token is not None and token.status == "ready":
                    self._activate(token)
            if not self._settle():
                return

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
            kernel=base.kernel,
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

    # Lifecycle

    def _activate(self, token: Token) -> None:
        self._steps += 1
        try:
            if self._steps > MAX_STEPS:
                raise Stuck(
                    "burst.too-long",
                    f"One command set off more than {MAX_STEPS} element steps: the model may loop for ever.",
                )
            element = self._elements[token.element]
            element.behaviour.enter(self, token, element)
        except (Stuck, BpmnError) as stuck:
            self.stop(token.key, "activate", stuck)

    def begin(self, token: Token, element: Element) -> Token:
        """The common beginning of an activation: event, input mappings, boundary events."""
        self.emit("element.activated", token.element, {"token": token.key})
        token = self.put(replace(token, status="active"))
        if element.inputs:
            self._map_inputs(token, element)
        if element.boundaries and "body" not in token.data:
            token = self.open_events(token, element.boundaries)
        return token

    def open_events(self, token: Token, events: Sequence[str]) -> Token:
        """Open the waits of these event elements on behalf of `token`."""
        for ref in events:
            event = self._elements[ref]
            for index, definition in enumerate(event.events):
                definition.kind.open(self, token, event, index, definition.config)
                token = self.alive(token.key)
        return token

    def complete(self, key: int, payload: Mapping[str, Value] = NOTHING) -> None:
        """The element's work is done: take its result, then go on along its outgoing flows."""
        token = self.alive(key)
        element = self._elements[token.element]
        try:
            self.take_payload(token, element, payload)
            element.behaviour.complete(self, self.alive(key), element)
        except (Stuck, BpmnError) as stuck:
            if payload:
                token = self.keep_payload(self.alive(key), payload)
            self.stop(key, "complete", stuck)

    def leave(self, token: Token, element: Element) -> None:
        """The element is completed: move the token along the flows that its behaviour chooses."""
        self.emit("element.completed", token.element, {"token": token.key})
        if token.waits:
            token = self.close_waits(token)
        self.move_on(token, element)

    def move_on(self, token: Token, element: Element) -> None:
        """Choose outgoing flows and take them; with none to take the token ends in its scope."""
        if not element.outgoing:
            self.end(token)
            return
        try:
            flows = element.behaviour.choose(self, token, element)
        except (Stuck, BpmnError) as stuck:
            self.put(replace(token, status="leaving"))
            self.stop(token.key, "leave", stuck)
            return
        self.take(token, flows)

    def take(self, token: Token, flows: Sequence[Flow], *, times: int = 1) -> None:
        """Replace the token by one on each flow's target."""
        scope, branch, seen = token.scope, token.branch, token.seen
        forked: Seen | None = None
        self._drop(token)
        first = True
        for flow in flows:
            for _ in range(times):
                self.emit("flow.taken", flow.ref)
                data = {"via": flow.ref} if self._elements[flow.target].behaviour.joins else EMPTY
                if first:
                    self.create(flow.target, scope, branch, seen, data=data)
                    first = False
                    continue
                if forked is None:
                    forked = self._pruned(merged(seen, ((branch, self._next),)), scope)
                self.create(flow.target, scope, self.number(), forked, data=data)

    def end(self, token: Token) -> None:
        """The token ends; a scope that holds none any more is told so."""
        self._drop(token)

        scope = self._pass_on(token)
        if scope is not None and self.live(scope.key) == 0:
            element = self._elements[scope.element]
            element.behaviour.emptied(self, scope, element)

    def end_round(self, body: Token) -> None:
        """One round of a loop is over."""
        self._drop(body)
        self._pass_on(body)

    def finish_loop(self, container: Token, element: Element, results: Mapping[str, Value]) -> None:
        """All rounds of a loop are over: set its results outside and move on."""
        try:
            self.propagate(container, results, start=container.scope)
        except (Stuck, BpmnError) as stuck:
            container = self.keep_payload(container, results)
            self.stop(container.key, "complete", stuck)
            return
        self.emit("loop.completed", container.element, {"token": container.key})
        self.move_on(self.close_waits(self.alive(container.key)), element)

    def decide(self, gateway: Token, event: Element, payload: Mapping[str, Value]) -> None:
        """An event behind an event-based gateway came first: complete the gateway and go on at the event."""
        gateway = self.close_waits(gateway)
        self.emit("element.completed", gateway.element, {"token": gateway.key})
        flow = next(flow for flow in self._elements[gateway.element].outgoing if flow.target == event.ref)
        scope, branch, seen = gateway.scope, gateway.branch, gateway.seen
        self._drop(gateway)
        self.emit("flow.taken", flow.ref)
        self.create(event.ref, scope, branch, seen, data={"came": True, **self.payload_data(payload)})

    def payload_data(self, payload: Mapping[str, Value]) -> dict[str, Any]:
        """What an event brings, kept for the token that is made for it."""
        return {"payload": self.store(dict(payload))} if payload else {}

    def jump(self, token: Token, ref: str) -> None:
        """Move the token to an element without a flow between (links)."""
        scope, branch, seen = token.scope, token.branch, token.seen
        self.emit("element.completed", token.element, {"token": token.key})
        self._drop(token)
        self.create(ref, scope, branch, seen)

    def call(self, token: Token, process: str, given: Mapping[str, Slot]) -> None:
        """Run a process inside a token, with these variables."""
        called = self.create(process, token.key, token.branch, token.seen)
        self._own_slots(called.key).update(given)

    def return_call(self, called: Token, written: Mapping[str, Value]) -> None:
        """A called process has ended."""
        self._drop(called)
        caller = self._pass_on(called)
        if caller is None:
            raise AssertionError(f"the caller of {called.element} is gone")
        element = self._elements[caller.element]
        element.behaviour.returned(self, caller, element, written)

    def finish_instance(self, root: Token, status: str) -> None:
        """The process scope has ended: nothing is live any more; its variables stay to be read."""
        self._drop(root)
        self.status = status
        self.emit(f"process.{status}", root.element)

    def _pass_on(self, token: Token) -> Token | None:
        """What an ended token knew, its scope knows."""
        scope = self.token(token.scope)
        if scope is None or scope.key == self.root_token:
            return scope
        if scope.branch != token.branch or scope.seen != token.seen:
            scope = self.learn(scope, merged(token.seen, ((token.branch, self._next),)))
        return scope

    def terminate(self, key: int) -> Seen:
        """End a token and all within it at once; gives what they knew, for whoever goes on instead."""
        known: Seen = ()
        stack = [(key, False)]
        while stack:
            current, inner_done = stack.pop()
            token = self.token(current)
            if token is None:
                continue
            if not inner_done and self.live(current):
                stack.append((current, True))
                stack.extend((child.key, False) for child in reversed(self.children(current)))
                continue
            known = merged(known, (*token.seen, (token.branch, self._next)))
            element = self._elements[token.element]
            element.behaviour.terminate(self, token, element)
            self.emit("element.terminated", token.element, {"token": token.key})
            self._drop(token)
        return known

    def terminate_children(self, scope: Token, *, but: int = 0) -> Seen:
        """End everything in a scope, except the token `but`."""
        known: Seen = ()
        for child in self.children(scope.key):
            if child.key != but:
                known = merged(known, self.terminate(child.key))
        scope = self.alive(scope.key)
        if "joins" in scope.data:
            self.put(replace(scope, data={k: v for k, v in scope.data.items() if k != "joins"}))
        return known

    def fork(self, token: Token) -> tuple[int, Seen]:
        """A new branch that begins at the token: its number and clock."""
        seen = self._pruned(merged(token.seen, ((token.branch, self._next),)), token.scope)
        return self.number(), seen

    def learn(self, token: Token, known: Seen) -> Token:
        """Add to what a token knows."""
        return self.put(replace(token, seen=self._pruned(merged(token.seen, known), token.key)))

    # Joins: an element that gathers tokens keeps one token per scope, named in the scope's data

    def joining(self, token: Token) -> Token | None:
        """The token that already waits at this token's element in the same scope."""
        key = self.alive(token.scope).data.get("joins", EMPTY).get(token.element)
        return self.token(key) if key else None

    def await_join(self, token: Token) -> Token:
        """Make `token` the one that waits at its element for others."""
        via = token.data["via"]
        scope = self.alive(token.scope)
        joins = {**scope.data.get("joins", EMPTY), token.element: token.key}
        self.put(replace(scope, data={**scope.data, "joins": joins}))
        return self.put(replace(token, status="active", data={"arrived": {via: 1}}))

    def arrive(self, waiting: Token, token: Token) -> Token:
        """Merge an arriving token into the one that waits."""
        via = token.data["via"]
        arrived = dict(waiting.data["arrived"])
        arrived[via] = arrived.get(via, 0) + 1
        self._drop(token)
        known = merged(token.seen, ((token.branch, self._next),))
        return self.learn(replace(waiting, data={**waiting.data, "arrived": arrived}), known)

    def pass_join(self, waiting: Token, flows: Iterable[str]) -> None:
        """Let the waiting token go on with one arrival of each flow; the rest waits for the next round."""
        left = dict(waiting.data["arrived"])
        for flow in flows:
            left[flow] -= 1
        left = {flow: count for flow, count in left.items() if count}
        scope = self.alive(waiting.scope)
        joins = {ref: key for ref, key in scope.data["joins"].items() if ref != waiting.element}
        if left:
            rest = self.create(
                waiting.element,
                waiting.scope,
                self.number(),
                waiting.seen,
                status="active",
                data={"arrived": left},
            )
            joins[waiting.element] = rest.key
        data = {name: value for name, value in scope.data.items() if name != "joins"}
        self.put(replace(scope, data={**data, "joins": joins} if joins else data))
        self.emit("gateway.joined", waiting.element, {"token": waiting.key})
        waiting = self.put(replace(waiting, data=EMPTY))
        self.complete(waiting.key)

    def _settle(self) -> bool:
        """Let merges that wait for the rest of their scope look again; True if one of them went on."""
        touched, self._touched = self._touched, {}
        if not self.model.settling:
            return False
        moved = False
        for key in [key for scope in touched for key in self._settling_in(scope)]:
            token = self.token(key)
            if token is None or token.status != "active":
                continue
            element = self._elements[token.element]
            try:
                moved |= element.behaviour.settle(self, token, element)
            except (Stuck, BpmnError) as stuck:
                self.stop(key, "activate", stuck)
        return moved

    def _settling_in(self, scope_key: int) -> list[int]:
        """The tokens in a scope that wait at a merge which depends on the rest of the scope."""
        scope = self.token(scope_key)
        joins = scope.data.get("joins", EMPTY) if scope is not None else EMPTY
        return [joins[ref] for ref in self.model.settling if ref in joins]

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
            else:
                self._remove(self._stops, self._base.stops.get(key), key)
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

    def trigger(self, wait: TimerWait | EventWait, payload: Mapping[str, Value] = NOTHING) -> None:
        """The event that a wait stands for has come."""
        element = self._elements[wait.element]
        element.behaviour.triggered(self, self.alive(wait.token), element, payload, wait)

    def broadcast(self, name: str, payload: Mapping[str, Value] = NOTHING) -> None:
        """Trigger every open subscription to a signal."""
        for wait in self.subscriptions("signal", name):
            if self.wait(wait.key) is not None:
                self.trigger(wait, payload)

    def catcher(self, token: Token, catches: Callable[[Element], int]) -> tuple[Token, Element] | None:
        """The nearest event outside `token` that catches what it throws, with the token it hangs on.

        Looks at the boundary events of the token's own activity, then at the event subprocesses and
        the boundary events of each scope outwards. `catches` ranks an event: 0 no, the greatest wins.
        """
        current: Token | None = token
        while current is not None:
            element = self._elements[current.element]
            if "body" not in current.data:
                best = self._best(element.boundaries, catches)
                if best is not None:
                    return current, best
            current = self.token(current.scope)
            if current is not None and "interrupted" not in current.data:
                best = self._best(self._elements[current.element].event_starts, catches)
                if best is not None:
                    return current, best
        return None

    def _best(self, events: Sequence[str], catches: Callable[[Element], int]) -> Element | None:
        ranked = [(catches(self._elements[ref]), self._elements[ref]) for ref in events]
        ranked = [each for each in ranked if each[0]]
        return max(ranked, key=lambda each: each[0])[1] if ranked else None

    # Incidents

    def stop(self, key: int, phase: Phase, stuck: Stuck | BpmnError, *, job: int = 0) -> None:
        """Raise an incident: the token stands still, what it had begun in this phase is undone."""
        token = self.alive(key)
        if phase == "activate":
            token = self.close_waits(token)
            if "body" not in token.data and key != self.root_token:
                self._forget_variables(key)
        stop = Stop(self.number(), key, token.element, phase, stuck.code, stuck.message, job)
        self._stops[stop.key] = stop
        self.put(replace(token, status="stopped", waits=(*token.waits, stop.key)))
        self.emit(
            "incident.raised",
            token.element,
            {
                "incident": f"{token.element}:{stop.key}",
                "code": stuck.code,
                "message": stuck.message,
                "token": key,
            },
        )

    def stop_record(self, key: int) -> Stop | None:
        """The open incident with this key."""
        return self._stops[key] if key in self._stops else self._base.stops.get(key)

    def resume(self, stop: Stop) -> None:
        """Try again what an incident stopped."""
        token = self.alive(stop.token)
        self._remove(self._stops, self._base.stops.get(stop.key), stop.key)
        status: Literal["ready", "active"] = "ready" if stop.phase == "activate" else "active"
        left = tuple(key for key in token.waits if key != stop.key)
        token = self.put(replace(token, status=status, waits=left))
        self.emit("incident.resolved", token.element, {"incident": f"{stop.element}:{stop.key}"})
        if stop.phase == "activate":
            self._queue.append(token.key)
        elif stop.phase == "complete":
            token, payload = self.kept_payload(token)
            if "finished" in token.data:
                self.finish_loop(token, self._elements[token.element], payload)
            else:
                self.complete(token.key, payload)
        elif stop.phase == "leave":
            self.move_on(token, self._elements[token.element])

    def keep_payload(self, token: Token, payload: Mapping[str, Value]) -> Token:
        """Keep a result that could not be taken, for the next try."""
        key = self.store(dict(payload))
        return self.put(replace(token, data={**token.data, "payload": key}))

    def kept_payload(self, token: Token) -> tuple[Token, Mapping[str, Value]]:
        """The result that was kept, which is kept no longer."""
        key = token.data.get("payload", 0) if token.data else 0
        if not key:
            return token, NOTHING
        payload = self.stored(key)
        self.unstore(key)
        data = {name: value for name, value in token.data.items() if name != "payload"}
        return self.put(replace(token, data=data)), payload  # type: ignore[return-value]

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

    # Variables

    def view(self, key: int, extra: Mapping[str, Value] | None = None) -> VariableView:
        """The variables that the token sees, under `extra` ones."""
        chain = tuple(self._chain(key))
        if extra:
            chain = ({name: Slot(value, 0, 0) for name, value in extra.items()}, *chain)
        return VariableView(chain)

    def evaluate(self, formula: Formula, key: int, extra: Mapping[str, Value] | None = None) -> Value:
        """What a formula gives at a token. Raises FeelError, which becomes an incident."""
        if formula.expression is None:
            return formula.text
        return formula.value(self.view(key, extra), self.at)

    def chain(self, key: int) -> list[Mapping[str, Slot]]:
        """The scopes that a token sees, innermost first."""
        return list(self._chain(key))

    def slots(self, key: int) -> Mapping[str, Slot] | None:
        """The variables that live at a token itself."""
        if key in self._variables:
            return self._variables[key]
        variables = self._base.variable_table.get(key)
        return variables.slots if variables is not None else None

    def set_local(self, token: Token, values: Mapping[str, Value], *, local: bool = True) -> None:
        """Set variables at the token itself; they are new there or its own."""
        slots = self._own_slots(token.key)
        for name, value in values.items():
            slots[name] = Slot(value, token.branch, self.number(), local)

    def propagate(self, token: Token, values: Mapping[str, Value], *, start: int | None = None) -> None:
        """Set variables where they are defined, looking outwards from `start`; new ones in the nearest scope.

        Raises:
            Stuck: `variable.conflict` when a write that the token does not know lies there; then
                nothing is written.
        """
        if not values:
            return
        places = []
        for name in values:
            place = self._place(self.alive(start or token.key), name)
            before = (self.slots(place) or EMPTY).get(name)
            if before is not None and not knows(token, before):
                raise Stuck(
                    "variable.conflict",
                    f"The variable {name} was written by a parallel branch since the fork; "
                    "writing it here would lose that value.",
                )
            places.append((place, name, before is not None and before.local))
        for place, name, local in places:
            # In a called process a copy becomes its own by being written; elsewhere what is local stays so.
            stays = local and not self._elements[self.alive(place).element].behaviour.closed
            self._own_slots(place)[name] = Slot(values[name], token.branch, self.number(), stays)
        self.emit("variables.changed", token.element, {"names": sorted(values), "token": token.key})

    def absorb_visible(self, token: Token) -> Token:
        """Let the token know every write that it sees: a person looked, and decided what comes next."""
        known = [(slot.branch, slot.write) for slots in self._chain(token.key) for slot in slots.values()]
        return self.learn(token, merged((), known))

    def take_payload(self, token: Token, element: Element, payload: Mapping[str, Value]) -> None:
        """Bring a result into the scopes: by the output mappings if there are any, else as it is."""
        if element.outputs:
            body = "body" in token.data
            results: dict[str, Value] = {}
            view = self.view(token.key, payload)
            for mapping in element.outputs:
                value = mapping.source.value(view, self.at)
                _set_path(results, mapping.target, value, view)
            if body:
                self.set_local(token, results)
            else:
                self.propagate(token, results, start=token.scope)
        elif payload and not element.behaviour.scopes_variables:
            self.propagate(token, payload)
        elif payload and "body" not in token.data:
            self.propagate(token, payload, start=token.scope)

    def _map_inputs(self, token: Token, element: Element) -> None:
        values: dict[str, Value] = {}
        for mapping in element.inputs:
            # A later mapping sees what the earlier ones gave.
            value = self.evaluate(mapping.source, token.key, values)
            _set_path(values, mapping.target, value, values)
        self.set_local(token, values)

    def _place(self, token: Token, name: str) -> int:
        """Where a write of `name` from this token goes."""
        nearest = 0
        current: Token | None = token
        while current is not None:
            if name in (self.slots(current.key) or EMPTY):
                return current.key
            if not nearest and (
                "body" in current.data or self._elements[current.element].behaviour.scopes_variables
            ):
                nearest = current.key
            closed = self._elements[current.element].behaviour.closed
            current = self.token(current.scope) if not closed else None
        return nearest

    def _chain(self, key: int) -> Iterator[Mapping[str, Slot]]:
        while key:
            slots = self.slots(key)
            if slots:
                yield slots
            token = self.token(key)
            closed = token is None or self._elements[token.element].behaviour.closed
            key = token.scope if token is not None and not closed else 0

    def _own_slots(self, key: int) -> dict[str, Slot]:
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

    def _pruned(self, seen: Seen, key: int) -> Seen:
        return seen if len(seen) <= 8 else pruned(seen, self._chain(key))


def _set_path(
    target: dict[str, Value], path: tuple[str, ...], value: Value, existing: Mapping[str, Value]
) -> None:
    """Set `a.b.c` in nested contexts; what already lies there stays beside the new entry."""
    name = path[0]
    if len(path) == 1:
        target[name] = value
        return
    old = target.get(name, existing.get(name))
    inner: dict[str, Value] = dict(old) if isinstance(old, dict) else {}
    _set_path(inner, path[1:], value, {})
    target[name] = inner
