"""Two versions of a model: which element of the one can be which of the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bpmn.elements.sub_process import SubProcessConfig
from bpmn.model.definition import Element, Flow, Model

_TASKS = frozenset(
    {
        "task",
        "manualTask",
        "userTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "scriptTask",
        "businessRuleTask",
    }
)
_MERGES = frozenset({"parallelGateway", "inclusiveGateway"})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something cannot be, without saying for which token."""

    code: str
    message: str
    hint: str


class Versions:
    """The old and the new version, and what they ask of a pair of elements."""

    def __init__(self, old: Model, new: Model) -> None:
        self.old = old
        self.new = new
        self._old_handlers = frozenset(each.handler for each in old.elements.values() if each.handler)
        self._new_handlers = frozenset(each.handler for each in new.elements.values() if each.handler)

    def kind(self, element: Element) -> str:
        """What an element may be mapped to: elements of one kind.

        Tasks are one kind: what a token already waits for there decides further. So are the two
        gateways that count arrivals by flow.
        """
        if element.tag == "process":
            return "main process" if element.ref == element.id else "called process"
        if element.tag in _TASKS:
            kind = "task"
        elif element.tag in _MERGES:
            kind = "merge"
        elif element.tag.startswith("global"):
            kind = "global task"
        elif isinstance(element.config, SubProcessConfig) and element.config.by_event:
            kind = "event subprocess"
        else:
            kind = " ".join((element.tag, *event_kinds(element)))
        handlers = self._old_handlers if element is self.old.elements.get(element.ref) else self._new_handlers
        return f"compensation handler ({kind})" if element.ref in handlers else kind

    def unfit(self, source: str, target: str, elements: Mapping[str, str]) -> Reason | None:
        """Why `source` cannot become `target` while the other elements become what `elements` says."""
        old, new = self.old.elements[source], self.new.elements[target]
        before, after = self.kind(old), self.kind(new)
        if before != after:
            return Reason(
                "migration.kind-changed",
                f"{source} is of the kind {before}, {target} of the kind {after}.",
                "Map it to an element of its own kind, or wait until no token stands there.",
            )
        around = elements.get(old.parent) if old.parent is not None else None
        if around != new.parent:
            return Reason(
                "migration.scope-changed",
                f"{source} stands in {old.parent}, {target} in {new.parent}: "
                "a token does not move into a scope or out of one.",
                f"Map {old.parent} to {new.parent}, or wait until no token stands there.",
            )
        host = elements.get(old.attached_to) if old.attached_to is not None else None
        if host != new.attached_to:
            return Reason(
                "migration.host-changed",
                f"{source} hangs on {old.attached_to}, {target} on {new.attached_to}.",
                f"Map {old.attached_to} to {new.attached_to}, or leave the event without a counterpart.",
            )
        return None

    def namesake(self, ref: str, process: str, elements: Mapping[str, str]) -> str:
        """The ref that an element or flow of an old process has in what that process becomes, by its id."""
        main = process == self.old.process_id
        became = elements.get(process if main else f"{process}/{process}")
        if became is None:
            return ref
        own = ref if main else ref.partition("/")[2]
        if became == self.new.process_id:
            return own
        return f"{self.new.elements[became].id}/{own}"


def event_kinds(element: Element) -> tuple[str, ...]:
    """What the element's events are, in order, and whether all of them must come."""
    kinds = tuple(definition.kind.tag for definition in element.events)
    return (*kinds, "all") if getattr(element.config, "every", False) else kinds


def origin(model: Model, flow: Flow, mapped: frozenset[str]) -> str:
    """Where a flow's tokens come from, behind what only this version has put into that branch."""
    source = flow.source
    passed = set()
    while source not in mapped and source not in passed and len(model.elements[source].incoming) == 1:
        passed.add(source)
        source = model.elements[source].incoming[0].source
    return source
