"""Embedded subprocesses, and event subprocesses, which an event starts within their scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from lxml import etree

from bpmn.elements.activity import Activity
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EMPTY, Token
from bpmn.model.definition import BY_ITSELF, Element
from bpmn.values import Value

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class SubProcessConfig:
    """Whether an event starts it."""

    by_event: bool


class SubProcess(Activity):
    """A scope of its own for tokens and variables."""

    tag = "subProcess"
    attributes = frozenset({"triggeredByEvent"})
    extensions = frozenset({"ioMapping"})
    scopes_variables: ClassVar[bool] = True

    def read(self, node: etree._Element, reader: Reader) -> SubProcessConfig:
        """Read whether it is an event subprocess."""
        return SubProcessConfig(node.get("triggeredByEvent", "false") in ("true", "1"))

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Open the event subprocesses within and put a token at the start event."""
        open_scope(burst, token, element, token.data.get("start"))

    def emptied(self, burst: Burst, token: Token, element: Element) -> None:
        """Complete: what was written inside becomes visible outside, unless output mappings choose."""
        if "reopened" in token.data:
            super().emptied(burst, token, element)
            return
        slots = burst.slots(token.key) or EMPTY
        written = {name: slot.value for name, slot in sorted(slots.items()) if not slot.local}
        burst.complete(token.key, written)


def open_scope(burst: Burst, token: Token, element: Element, start: str | None = None) -> None:
    """Begin to run a scope by what `start` names, or by itself: give the elements that begin a token each."""
    if element.event_starts:
        token = burst.open_events(token, element.event_starts)
    first, *others = element.begins[start or BY_ITSELF]
    brought = token.data.get("payload")
    if brought is not None:
        token = burst.put(replace(token, data={k: v for k, v in token.data.items() if k != "payload"}))
    data: Mapping[str, Any] = {"payload": brought} if brought is not None else EMPTY
    if start is not None and burst.element(start).tag != "startEvent":
        data = {"came": start}
    branches = [burst.fork(token, within=True) for _ in others]
    burst.create(first, token.key, token.branch, token.seen, data=data)
    for ref, (branch, seen) in zip(others, branches, strict=True):
        burst.create(ref, token.key, branch, seen)


def start_by_event(burst: Burst, scope: Token, start: Element, payload: Mapping[str, Value]) -> None:
    """Start the event subprocess of a start event within `scope`, instead of or beside what runs there."""
    if start.parent is None:
        raise AssertionError(f"{start.ref} has no parent")
    if start.interrupting:
        known = burst.terminate_children(scope)
        scope = burst.close_waits(
            burst.alive(scope.key), lambda wait: burst.element(wait.element).attached_to is None
        )
        scope = burst.put(replace(scope, data={**scope.data, "interrupted": True}))
        scope = burst.learn(scope, known)
        branch, seen = scope.branch, scope.seen
    else:
        branch, seen = burst.fork(scope, within=True)
    burst.create(
        start.parent, scope.key, branch, seen, data={"start": start.ref, **burst.payload_data(payload)}
    )
