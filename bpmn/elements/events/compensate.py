"""Compensation events: thrown to undo completed activities, caught by their handlers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.compensation import drive, drive_beside, scope_of, take_records
from bpmn.elements.events.kind import EventKind
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element
from bpmn.model.nodes import by_event
from bpmn.model.source import local

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class CompensateConfig:
    """The one activity (its ref) that is undone (None: all of the scope), and whether the thrower waits."""

    activity: str | None
    waits: bool = True


class CompensateEvent(EventKind):
    """The thrower waits until all handlers are done, unless it says that it does not."""

    tag = "compensateEventDefinition"
    positions = frozenset({"boundary", "event-start", "throw", "end"})
    attributes = frozenset({"activityRef", "waitForCompletion"})

    def read(
        self, node: etree._Element, event: etree._Element, position: str, reader: Reader
    ) -> CompensateConfig:
        """Read which activity is meant; check that the event can do what it seems to."""
        check_alone(event, reader)
        scope = event.getparent()
        around = scope.getparent() if scope is not None else None
        if position == "event-start" and around is not None and local(around) == "process":
            reader.refuse(
                "compensation.of-process",
                event,
                "A process is never compensated as a whole, so this event subprocess would never start.",
                "Put it into the subprocess that it undoes.",
            )
        if position == "event-start" and not reader.interrupting(event, position):
            reader.refuse(
                "compensation.not-interrupting",
                event,
                "What is compensated is completed, so nothing runs beside the event subprocess.",
                'Remove isInterrupting="false".',
            )
        if position == "boundary" and reader.targets(event):
            reader.refuse(
                "compensation.flow",
                event,
                "A flow leaves a compensation boundary event.",
                "Lead an association to the compensation handler instead.",
            )
        if position in ("boundary", "event-start"):
            return CompensateConfig(None)
        waits = node.get("waitForCompletion", "true") in ("true", "1")
        reference = node.get("activityRef")
        if reference is None:
            return CompensateConfig(None, waits)
        activity = reader.by_id.get(reference.rpartition(":")[2])
        scopes = [scope, around] if scope is not None and by_event(scope) else [scope]
        if activity is None or activity.getparent() not in scopes or not reader.can_be_undone(activity):
            reader.refuse(
                "compensation.bad-activity",
                event,
                f"{reference} is no activity of this scope that can be compensated.",
                "Name an activity beside the event that has a compensation handler.",
            )
            return CompensateConfig(None)
        return CompensateConfig(reader.ref_of(activity), waits)

    def throw(self, burst: Burst, token: Token, element: Element, config: CompensateConfig) -> bool:
        """Undo what has been completed; done at once when there is nothing."""
        records = take_records(burst, scope_of(burst, token), config.activity)
        undone = [record["element"] for record in reversed(records)]
        burst.emit("compensation.thrown", element.ref, {"activities": undone})
        if config.waits:
            return not drive(burst, token, records)
        if records:
            drive_beside(burst, token, records)
        return True

    def compensated(self, burst: Burst, token: Token, element: Element) -> None:
        """All handlers are done: so is the thrower, if it has waited for them."""
        if "beside" in token.data:
            burst.end(token)
        else:
            burst.complete(token.key)


def check_alone(event: etree._Element, reader: Reader) -> None:
    """Refuse compensation or cancellation beside other definitions of one event."""
    definitions = [
        part
        for part in event.iterchildren(etree.Element)
        if local(part).endswith("EventDefinition") or local(part) == "eventDefinitionRef"
    ]
    if len(definitions) > 1:
        reader.refuse(
            "event.not-alone",
            event,
            "Compensation and cancellation cannot be combined with other events.",
            "Use one event for each.",
        )
