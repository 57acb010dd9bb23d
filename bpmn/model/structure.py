"""Rules about the shape of a process: what flows may connect, and what they reach."""

from __future__ import annotations

from lxml import etree

from bpmn.model.beginnings import unled
from bpmn.model.definition import Element
from bpmn.model.nodes import by_event, for_compensation, has_definition, instantiates
from bpmn.model.reader import Reader
from bpmn.model.source import BPMN, local


def check_structure(reader: Reader, node: etree._Element, element: Element) -> None:
    """Refuse flows and gateways that could never do what they seem to."""
    tag = element.tag
    if tag in ("startEvent", "boundaryEvent") and element.incoming:
        reader.refuse("flow.into-start", node, f"A flow leads into the {tag}.", "Let flows begin here.")
    if tag == "endEvent" and element.outgoing:
        reader.refuse("flow.out-of-end", node, "A flow leaves the end event.", "Use an intermediate event.")
    if tag == "boundaryEvent" and not has_definition(node):
        reader.refuse("boundary.no-event", node, "The boundary event has no trigger.", "Give it one.")
    if tag == "intermediateCatchEvent" and not has_definition(node):
        reader.refuse("event.no-trigger", node, "The catch event has no trigger.", "Give it one.")
    if tag in ("exclusiveGateway", "inclusiveGateway", "complexGateway") and len(element.outgoing) > 1:
        for flow in element.outgoing:
            if flow.condition is None and flow is not element.default:
                reader.refuse(
                    "flow.no-condition",
                    node,
                    f"The flow {flow.ref} out of the {tag} has no condition and is not the default.",
                    "Give it a condition, or make it the default flow.",
                )
    if tag == "parallelGateway" and any(flow.condition for flow in element.outgoing):
        reader.warn(
            "flow.condition-ignored",
            node,
            "Conditions on flows out of a parallel gateway do not count.",
            "Remove them, or use an inclusive gateway.",
        )
    if tag == "subProcess" and by_event(node) and (element.incoming or element.outgoing):
        reader.refuse(
            "flow.event-subprocess",
            node,
            "A flow is connected to an event subprocess.",
            "Remove the flow.",
        )
    if for_compensation(node) and (element.incoming or element.outgoing):
        reader.refuse(
            "compensation.handler-in-flow",
            node,
            "A flow is connected to a compensation handler.",
            "Remove the flow; an association leads from the compensation boundary event to the handler.",
        )
    if tag.endswith("Gateway") and not element.outgoing:
        reader.refuse("gateway.no-way-out", node, "The gateway has no outgoing flow.", "Add one.")


def warn_unreachable(reader: Reader, scope: etree._Element, nodes: list[etree._Element]) -> None:
    """Warn of elements that nothing begins or leads to; in an ad-hoc subprocess all begin."""
    if local(scope) == "adHocSubProcess":
        return
    reached: set[str] = set()
    begin = {node.get("id") for node in unled(reader, scope)}
    pending: list[etree._Element] = [
        node
        for node in nodes
        if local(node) in ("startEvent", "boundaryEvent")
        or node.get("id") in begin
        or instantiates(node)
        or by_event(node)
        or _link_catch(node)
        or _undoes(reader, node)
    ]
    while pending:
        node = pending.pop()
        if node.get("id", "") in reached:
            continue
        reached.add(node.get("id", ""))
        pending.extend(reader.targets(node))
    for node in nodes:
        if node.get("id", "") not in reached:
            reader.warn(
                "element.unreachable",
                node,
                f"No flow leads to the {local(node)} {node.get('id')}.",
                "Connect or remove it.",
            )


def _undoes(reader: Reader, node: etree._Element) -> bool:
    """Whether a compensation boundary event leads to this handler."""
    return for_compensation(node) and any(
        association.get("targetRef") == node.get("id")
        for association in reader.root.iter(f"{{{BPMN}}}association")
    )


def _link_catch(node: etree._Element) -> bool:
    return local(node) == "intermediateCatchEvent" and node.find(f"{{{BPMN}}}linkEventDefinition") is not None
