"""One burst: what a command sets off, up to the next wait.

The burst plays the token game on its workspace: creating, moving, joining and ending tokens, scopes,
waits and incidents. What an element does with these is the matter of its file in `bpmn.elements`.

Order: tokens that may go on stand in one queue, first in, first out. Everything that ends tokens
(interrupts, terminate) works at once, and the queue skips the dead, so an interrupt takes effect
before the next step in its scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Literal

from bpmn.errors import BpmnError
from bpmn.kernel.causality import merged
from bpmn.kernel.records import (
    EMPTY,
    EventWait,
    Seen,
    Slot,
    Stop,
    TimerWait,
    Token,
)
from bpmn.kernel.scopes import NOTHING, Scopes, Stuck
from bpmn.model.definition import Element, Flow, Formula
from bpmn.values import Value

MAX_STEPS = 200_000
"""Element steps that one command may set off; beyond it the next token stops with `burst.too-long`."""

Phase = Literal["activate", "complete", "leave", "job"]


class Burst(Scopes):
    """The working copy of a state during one command."""

    # Running

    def run(self) -> None:
        """Let every token go on until all wait."""
        while True:
            while self._queue or self._emptied or self._ask:
                if self._ask:
                    self._answer_conditions()
                    continue
                if self._emptied:
                    self._close_scope(self._emptied.popleft())
                    continue
                token = self.token(self._queue.popleft())
                if token is not None and token.status == "ready":
                    self._activate(token)
            if not self._settle():
                return

    # Lifecycle

    def _activate(self, token: Token) -> None:
        self._steps += 1
        try:
            if self._steps > MAX_STEPS:
                raise _too_long()
            element = self._elements[token.element]
            element.behaviour.enter(self, token, element)
        except (Stuck, BpmnError) as stuck:
            self.stop(token.key, "activate", stuck)

    def check_room(self, tokens: int) -> None:
        """Refuse to make more tokens than the burst has steps left for: they could only stop.

        Without this, tokens that multiply would fill the memory before their steps are counted.

        Raises:
            Stuck: `burst.too-long`.
        """
        if self._steps + len(self._queue) + tokens > MAX_STEPS:
            raise _too_long()

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
        if element.remembered:
            self.remember(token, element)
        if token.waits:
            token = self.close_waits(token)
        self.move_on(token, element)

    def remember(self, token: Token, element: Element) -> None:
        """Let the scope keep what undoing this completed activity, or round of a loop, will need."""
        record: dict[str, Any] = {"element": element.ref}
        if element.handler is None or "body" in token.data:
            inner = token.data.get("compensable", []) if element.handler is None else []
            if element.handler is None and element.undo is None and not inner:
                return
            slots = self.slots(token.key) or EMPTY
            record |= {"inner": inner, "variables": {name: slots[name].json for name in sorted(slots)}}
        if "body" in token.data:
            record["round"] = token.data["body"]
        self._keep_records(token.scope, [record])

    def _keep_records(self, key: int, records: Sequence[Any]) -> None:
        scope = self.alive(key)
        known = scope.data.get("compensable", ())
        self.put(replace(scope, data={**scope.data, "compensable": [*known, *records]}))

    def move_on(self, token: Token, element: Element) -> None:
        """Choose outgoing flows and take them; with none to take the token ends in its scope."""
        if element.watched and self._is_enough(token):
            return
        if not element.outgoing:
            self.end(token)
            return
        try:
            flows = element.behaviour.choose(self, token, element)
            if len(flows) * element.gives > 1:
                self.check_room(len(flows) * element.gives)
        except (Stuck, BpmnError) as stuck:
            self.put(replace(token, status="leaving"))
            self.stop(token.key, "leave", stuck)
            return
        self.take(token, flows, times=element.gives)

    def _is_enough(self, token: Token) -> bool:
        """Tell the scope that an activity in it is completed; True if the token goes no further."""
        scope = self.alive(token.scope)
        around = self._elements[scope.element]
        try:
            enough = around.behaviour.inner_completed(self, scope, around, token)
        except (Stuck, BpmnError) as stuck:
            self.put(replace(token, status="leaving"))
            self.stop(token.key, "leave", stuck)
            return True
        if enough:
            self.end(self.alive(token.key))
        return enough

    def take(self, token: Token, flows: Sequence[Flow], *, times: int = 1) -> None:
        """Replace the token by one (or as many as `times` says) on each flow's target."""
        scope, branch, seen = token.scope, token.branch, token.seen
        forked: Seen | None = None
        self._drop(token)
        first = True
        for flow in flows:
            for _ in range(times):
                self.emit("flow.taken", flow.ref)
                data = {"via": flow.ref} if self._elements[flow.target].joins else EMPTY
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
            self._emptied.append(scope.key)

    def _close_scope(self, key: int) -> None:
        """Tell a scope that its last token has ended, unless an event has brought a new one since."""
        scope = self.token(key)
        if scope is not None and self.live(key) == 0:
            element = self._elements[scope.element]
            element.behaviour.emptied(self, scope, element)

    def end_round(self, body: Token, element: Element) -> None:
        """One round of a loop is over."""
        if element.remembered:
            self.remember(body, element)
        self._drop(body)
        self._pass_on(body)

    def loop_over(self, container: Token) -> Token:
        """Mark that a loop runs no more rounds, and forget its counts.

        What can be undone stays known, and what has come for the events at its border.
        """
        stays = ("compensable", "brought", "again")
        kept = {name: each for name, each in container.data.items() if name.partition(":")[0] in stays}
        return self.put(replace(container, data={"finished": True, **kept}))

    def finish_loop(self, container: Token, element: Element, results: Mapping[str, Value]) -> None:
        """All rounds of a loop are over: set its results outside and move on."""
        try:
            self.propagate(container, results, start=container.scope)
        except (Stuck, BpmnError) as stuck:
            container = self.keep_payload(container, results)
            self.stop(container.key, "complete", stuck)
            return
        self.emit("loop.completed", container.element, {"token": container.key})
        if "compensable" in container.data:
            # Only now that the whole activity is completed can its rounds be undone.
            self._keep_records(container.scope, container.data["compensable"])
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

    def follow_all(self, gateway: Token, came: str | None) -> None:
        """Leave an event-based gateway of which every event is waited for; one of them may have come."""
        self.emit("element.completed", gateway.element, {"token": gateway.key})
        scope, branch, seen = gateway.scope, gateway.branch, gateway.seen
        for index, flow in enumerate(self._elements[gateway.element].outgoing):
            if index:
                branch, seen = self.fork(gateway)
            self.emit("flow.taken", flow.ref)
            data = {"came": True} if flow.target == came else EMPTY
            self.create(flow.target, scope, branch, seen, data=data)
        self._drop(gateway)

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

    def gathered(self, waiting: Token) -> Token:
        """The token that has waited for others begins, and waits no longer; the next ones gather anew."""
        scope = self.alive(waiting.scope)
        joins = {ref: key for ref, key in scope.data["joins"].items() if ref != waiting.element}
        data = {name: value for name, value in scope.data.items() if name != "joins"}
        self.put(replace(scope, data={**data, "joins": joins} if joins else data))
        return self.put(replace(waiting, data=EMPTY))

    def pass_join(self, waiting: Token, flows: Iterable[str], keep: Mapping[str, Any] = EMPTY) -> None:
        """Let the waiting token go on with one arrival of each flow; the rest waits for the next round.

        With something to `keep` in mind a token stays behind even when no arrival is left.
        """
        left = dict(waiting.data["arrived"])
        for flow in flows:
            left[flow] -= 1
        left = {flow: count for flow, count in left.items() if count}
        scope = self.alive(waiting.scope)
        joins = {ref: key for ref, key in scope.data["joins"].items() if ref != waiting.element}
        if left or keep:
            rest = self.create(
                waiting.element,
                waiting.scope,
                self.number(),
                waiting.seen,
                status="active",
                data={"arrived": left, **keep},
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

    def look_again(self, token: Token, was: Element) -> None:
        """Let a token that came from the element `was` of another model look at what it waits for here."""
        self._touched[token.scope] = None
        element = self._elements[token.element]
        try:
            element.behaviour.migrated(self, token, element, was)
        except (Stuck, BpmnError) as stuck:
            self.stop(token.key, "activate", stuck)

    def trigger(self, wait: TimerWait | EventWait, payload: Mapping[str, Value] = NOTHING) -> None:
        """The event that a wait stands for has come."""
        element = self._elements[wait.element]
        element.behaviour.triggered(self, self.alive(wait.token), element, payload, wait)

    def _answer_conditions(self) -> None:
        """Trigger every event whose condition has become true since it was last asked."""
        self._ask = False
        waits = (*self.subscriptions("condition", "no"), *self.subscriptions("condition", "yes"))
        for wait in sorted(waits, key=attrgetter("key")):
            if self.wait(wait.key) is not wait:
                continue
            answer = "yes" if self._holds(wait) else "no"
            if answer == wait.name:
                continue
            wait = self.rename_wait(wait, answer)
            if answer == "yes":
                self.emit("condition.met", wait.element, {"subscription": f"{wait.element}:{wait.key}"})
                self.trigger(wait)

    def _holds(self, wait: EventWait) -> bool:
        """Whether the condition of a wait is true; what cannot be answered now is no yes."""
        condition: Formula = self._elements[wait.element].events[wait.definition].config
        try:
            return self.evaluate(condition, wait.token) is True
        except BpmnError:
            return False

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
            if "body" not in current.data and "reopened" not in current.data:
                best = self._best(element.boundaries, catches)
                if best is not None:
                    return current, best
            current = self.token(current.scope)
            if current is not None and self._listens(current):
                best = self._best(self._elements[current.element].event_starts, catches)
                if best is not None:
                    return current, best
        return None

    def _listens(self, scope: Token) -> bool:
        """Whether the event subprocesses of a scope can start; in a loop each round has its own."""
        around_rounds = self._elements[scope.element].loop is not None and "body" not in scope.data
        return not around_rounds and not scope.data.keys() & {"interrupted", "reopened"}

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

    def lift(self, stop: Stop, status: Literal["ready", "active"] = "active") -> Token:
        """The incident is over; gives its token, which stands still no longer."""
        token = self.alive(stop.token)
        self._remove(self._stops, self._base.stops.get(stop.key), stop.key)
        left = tuple(key for key in token.waits if key != stop.key)
        token = self.put(replace(token, status=status, waits=left))
        self.emit("incident.resolved", token.element, {"incident": f"{stop.element}:{stop.key}"})
        return token

    def resume(self, stop: Stop) -> None:
        """Try again what an incident stopped."""
        token = self.lift(stop, "ready" if stop.phase == "activate" else "active")
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


def _too_long() -> Stuck:
    return Stuck(
        "burst.too-long",
        f"One command set off more than {MAX_STEPS} element steps: the model may loop for ever.",
    )
