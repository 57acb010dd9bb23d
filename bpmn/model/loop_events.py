"""Reading what the rounds of a multi-instance throw: its behaviour (BPMN 2.0.2, section 10.3.8)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from bpmn.model.definition import EventDefinition, LoopEvent
from bpmn.model.reader import Reader
from bpmn.model.source import BPMN, local
from bpmn.model.strict import SILENT, check_attributes, check_definition

THROWN = (
    "signalEventDefinition",
    "messageEventDefinition",
    "escalationEventDefinition",
    "errorEventDefinition",
)
REFERENCES = {"noneBehaviorEventRef": "None", "oneBehaviorEventRef": "One"}
ATTRIBUTES = frozenset({"behavior", *REFERENCES})


def read_loop_events(reader: Reader, node: etree._Element, loop: etree._Element) -> tuple[LoopEvent, ...]:
    """What each round, the first one, or those that meet a condition throw when they are completed.

    Findings: `loop.behaviour`, `loop.behaviour-no-event`, `loop.behaviour-unused`, `loop.event-kind`,
    and those of the events themselves.
    """
    behaviour = loop.get("behavior", "All")
    if behaviour not in ("None", "One", "All", "Complex"):
        reader.refuse(
            "loop.behaviour", node, f"There is no behaviour {behaviour}.", "Use None, One, All or Complex."
        )
        return ()
    _check_unused(reader, node, loop, behaviour)
    if behaviour == "Complex":
        found = tuple(_complex(reader, node, loop))
    else:
        found = tuple(_simple(reader, node, loop, behaviour))
    if behaviour != "All" and not found:
        reader.refuse(
            "loop.behaviour-no-event",
            node,
            f"The behaviour {behaviour} names no event that the rounds could throw.",
            "Refer to an event definition (None, One), or give each complexBehaviorDefinition an event.",
        )
    return found


def _check_unused(reader: Reader, node: etree._Element, loop: etree._Element, behaviour: str) -> None:
    unused = [name for name, wanted in REFERENCES.items() if loop.get(name) and behaviour != wanted]
    if behaviour != "Complex" and loop.find(f"{{{BPMN}}}complexBehaviorDefinition") is not None:
        unused.append("complexBehaviorDefinition")
    for name in unused:
        reader.refuse(
            "loop.behaviour-unused",
            node,
            f"With the behaviour {behaviour} the {name} never takes effect.",
            "Remove it, or choose the behaviour that it belongs to.",
        )


def _simple(
    reader: Reader, node: etree._Element, loop: etree._Element, behaviour: str
) -> Iterator[LoopEvent]:
    for name, wanted in REFERENCES.items():
        reference = loop.get(name)
        if behaviour == wanted and reference:
            event = _referred(reader, node, reference)
            if event is not None:
                yield LoopEvent(event, only_first=behaviour == "One", condition=None)


def _complex(reader: Reader, node: etree._Element, loop: etree._Element) -> Iterator[LoopEvent]:
    for part in loop.iterchildren(f"{{{BPMN}}}complexBehaviorDefinition"):
        condition = part.find(f"{{{BPMN}}}condition")
        text = (condition.text or "").strip() if condition is not None else ""
        if not text.startswith("="):
            reader.refuse(
                "loop.condition-no-feel", node, f"The condition {text!r} is no FEEL.", "Begin with =."
            )
            continue
        formula = reader.formula(text, node, "condition")
        for holder in part.iterchildren(f"{{{BPMN}}}event"):
            for event in _implicit(reader, node, holder):
                yield LoopEvent(event, only_first=False, condition=formula)


def _implicit(reader: Reader, node: etree._Element, holder: etree._Element) -> Iterator[EventDefinition]:
    """The events of an implicit throw event, which throws what it holds and does nothing else."""
    check_attributes(reader, holder, frozenset(), at=node)
    _check_extensions(reader, node, holder)
    for part in holder.iterchildren(etree.Element):
        if local(part) == "eventDefinitionRef":
            event = _referred(reader, node, (part.text or "").strip())
        elif local(part).endswith("EventDefinition"):
            event = _event(reader, node, part)
        elif local(part) in SILENT:
            continue
        else:
            event = None
            reader.refuse(
                "element.unsupported",
                node,
                f"The element {local(part)} in an event of a multi-instance is not supported.",
                "Remove it.",
            )
        if event is not None:
            yield event


def _check_extensions(reader: Reader, node: etree._Element, holder: etree._Element) -> None:
    for extension in reader.extensions(holder):
        reader.refuse(
            "extension.unsupported",
            node,
            f"zeebe:{local(extension)} at an event of a multi-instance is not supported.",
            "Remove it: what a round throws has no content, and a message is handed to the driver.",
        )


def _referred(reader: Reader, node: etree._Element, reference: str) -> EventDefinition | None:
    definition = reader.by_id.get(reference.rpartition(":")[2])
    if definition is None or not local(definition).endswith("EventDefinition"):
        reader.refuse(
            "event.missing-definition",
            node,
            f"There is no event definition {reference}.",
            "Define it beside the processes.",
        )
        return None
    return _event(reader, node, definition)


def _event(reader: Reader, node: etree._Element, definition: etree._Element) -> EventDefinition | None:
    tag = local(definition)
    if tag not in THROWN:
        reader.refuse(
            "loop.event-kind",
            node,
            f"The rounds of a multi-instance cannot throw a {tag}.",
            "Let them throw a signal, message, escalation or error.",
        )
        return None
    _check_extensions(reader, node, definition)
    kind = reader.kernel.event_kinds[tag]
    check_definition(reader, node, definition, kind)
    return EventDefinition(kind, kind.read(definition, definition, "end", reader))
