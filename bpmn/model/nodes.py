"""Small questions about the nodes of a BPMN file."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from bpmn.model.source import BPMN, local

SCOPES = frozenset({"process", "subProcess", "transaction", "adHocSubProcess"})
"""The nodes that contain others."""


CALLABLE = frozenset(
    {
        "process",
        "globalTask",
        "globalManualTask",
        "globalUserTask",
        "globalScriptTask",
        "globalBusinessRuleTask",
    }
)
"""What stands beside processes and can be called."""


def by_event(node: etree._Element) -> bool:
    """Whether this is an event subprocess."""
    return local(node) == "subProcess" and node.get("triggeredByEvent", "false") in ("true", "1")


def for_compensation(node: etree._Element) -> bool:
    """Whether this activity is a compensation handler (an event subprocess is one by its start event)."""
    return node.get("isForCompensation", "false") in ("true", "1") and not by_event(node)


def can_begin(node: etree._Element) -> bool:
    """Whether this begins without a flow where no start event does: activities, gateways, events between."""
    tag = local(node)
    return (
        (tag.lower().endswith(("task", "subprocess", "gateway")) or tag in _BEGINNING)
        and not by_event(node)
        and not for_compensation(node)
        and node.find(f"{{{BPMN}}}linkEventDefinition") is None
    )


_BEGINNING = frozenset({"callActivity", "transaction", "intermediateCatchEvent", "intermediateThrowEvent"})


def instantiates(node: etree._Element) -> bool:
    """Whether this is an event-based gateway or receive task that starts a process."""
    return local(node) in ("eventBasedGateway", "receiveTask") and node.get("instantiate", "false") in (
        "true",
        "1",
    )


def has_definition(node: etree._Element) -> bool:
    """Whether an event has a trigger."""
    return any(
        local(child).endswith("EventDefinition") or local(child) == "eventDefinitionRef"
        for child in node.iterchildren(etree.Element)
    )


def position(node: etree._Element) -> str:
    """Where an event stands; empty for what is no event."""
    tag = local(node)
    if tag == "startEvent":
        parent = node.getparent()
        return "event-start" if parent is not None and by_event(parent) else "start"
    return {
        "endEvent": "end",
        "boundaryEvent": "boundary",
        "intermediateCatchEvent": "catch",
        "intermediateThrowEvent": "throw",
    }.get(tag, "")


def is_placeholder(data: etree._Element) -> bool:
    """Whether this is the property to which bpmn-js leads the data input associations that it draws."""
    return local(data) == "property" and data.get("name") == "__targetRef_placeholder"


def only_drawn(association: etree._Element) -> bool:
    """Whether a data association describes and copies nothing: it names no source, or no real target."""
    parts = {local(part): part for part in association.iterchildren(etree.Element)}
    if parts.keys() & {"transformation", "assignment"}:
        return False
    target = parts["targetRef"].text if "targetRef" in parts else None
    holder = association.getparent()
    return "sourceRef" not in parts or any(
        is_placeholder(each) and each.get("id") == target
        for each in (holder.iterchildren(f"{{{BPMN}}}property") if holder is not None else ())
    )


def boundary_events(scope: etree._Element) -> Iterator[etree._Element]:
    """The boundary events of a scope."""
    return scope.iterchildren(f"{{{BPMN}}}boundaryEvent")
