"""Variables: what a token sees, where its writes go, and which of them it may overwrite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bpmn.kernel.causality import knows, merged, pruned
from bpmn.kernel.records import (
    EMPTY,
    Seen,
    Slot,
    Token,
)
from bpmn.kernel.state import VariableView
from bpmn.kernel.workspace import Workspace
from bpmn.model.definition import Element, Formula
from bpmn.values import Value

NOTHING: Mapping[str, Value] = EMPTY


class Stuck(Exception):
    """The token cannot go on; an incident with this code is raised at it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Scopes(Workspace):
    """The scopes of variables along the chain of tokens."""

    def view(self, key: int, extra: Mapping[str, Value] = NOTHING) -> VariableView:
        """The variables that the token sees, under `extra` ones."""
        return VariableView(tuple(self._chain(key)), extra)

    def evaluate(self, formula: Formula, key: int, extra: Mapping[str, Value] = NOTHING) -> Value:
        """What a formula gives at a token. Raises FeelError, which becomes an incident."""
        if formula.expression is None:
            return formula.text
        return formula.value(self.view(key, extra), self.at)

    def chain(self, key: int) -> list[Mapping[str, Slot]]:
        """The scopes that a token sees, innermost first."""
        return list(self._chain(key))

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
        elif payload and element.behaviour.closed:
            self.set_local(token, payload, local=False)
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

    def _pruned(self, seen: Seen, key: int) -> Seen:
        return seen if len(seen) <= 8 else pruned(seen, self._chain(key))

    def fork(self, token: Token, *, within: bool = False) -> tuple[int, Seen]:
        """A new branch that begins at the token (beside it, or within its scope): its number and clock."""
        seen = merged(token.seen, ((token.branch, self._next),))
        seen = self._pruned(seen, token.key if within else token.scope)
        return self.number(), seen

    def learn(self, token: Token, known: Seen) -> Token:
        """Add to what a token knows."""
        return self.put(replace(token, seen=self._pruned(merged(token.seen, known), token.key)))

    # Results that wait to be taken

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

    def payload_data(self, payload: Mapping[str, Value]) -> dict[str, Any]:
        """What an event brings, kept for the token that is made for it."""
        return {"payload": self.store(dict(payload))} if payload else {}


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
