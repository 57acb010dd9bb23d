"""Rules of sequence flows."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.model.rules.table import Broken, rule
from bpmn.model.rules.tree import (
    ACTIVITIES,
    ARTIFACTS,
    FLOW_NODES,
    GATEWAYS,
    Node,
    Tree,
    label,
    text,
    true,
)


def _ends(tree: Tree, role: str) -> Iterator[tuple[Node, Node]]:
    """Each sequence flow with the element at one of its ends."""
    for flow in tree.tagged("sequenceFlow"):
        end = tree.target(flow.get(role))
        if end is not None:
            yield flow, end


@rule("ext-006", "7.6.1", "Let the flow lead to an activity, gateway or event; use an association for notes.")
def no_flow_leads_to_an_artifact(tree: Tree) -> Iterator[Broken]:
    """An artifact (text annotation, group, association) is no target of a sequence flow."""
    for flow, end in _ends(tree, "targetRef"):
        if tree.tag(end) in ARTIFACTS:
            yield flow, f"The sequence flow {label(flow)} leads to the {tree.tag(end)} {label(end)}."


@rule(
    "ext-007", "7.6.1", "Let the flow begin at an activity, gateway or event; use an association for notes."
)
def no_flow_begins_at_an_artifact(tree: Tree) -> Iterator[Broken]:
    """An artifact (text annotation, group, association) is no source of a sequence flow."""
    for flow, end in _ends(tree, "sourceRef"):
        if tree.tag(end) in ARTIFACTS:
            yield flow, f"The sequence flow {label(flow)} begins at the {tree.tag(end)} {label(end)}."


def _cannot_flow(tree: Tree, end: Node) -> bool:
    tag = tree.tag(end)
    return (tag not in FLOW_NODES and tag not in ARTIFACTS) or true(end, "triggeredByEvent")


@rule("ext-021", "8.4.13", "Let the flow begin at an activity, gateway or event in the normal flow.")
def flows_begin_at_flow_nodes(tree: Tree) -> Iterator[Broken]:
    """Only activities, gateways and events are sources of flows, and event subprocesses are not."""
    for flow, end in _ends(tree, "sourceRef"):
        if _cannot_flow(tree, end):
            yield flow, f"The sequence flow {label(flow)} begins at {label(end)}, which no flow may leave."


@rule("ext-022", "8.4.13", "Let the flow lead to an activity, gateway or event in the normal flow.")
def flows_lead_to_flow_nodes(tree: Tree) -> Iterator[Broken]:
    """Only activities, gateways and events are targets of flows, and event subprocesses are not."""
    for flow, end in _ends(tree, "targetRef"):
        if _cannot_flow(tree, end):
            yield flow, f"The sequence flow {label(flow)} leads to {label(end)}, which no flow may enter."


@rule("ext-023", "8.4.13", "Draw the flow again, so that both of its ends name it in incoming and outgoing.")
def both_ends_know_their_flow(tree: Tree) -> Iterator[Broken]:
    """A flow's target names it as incoming and its source as outgoing.

    The schema lets a file leave these lists out; a file that has none of them is not checked.
    """
    if not (tree.by_tag.get("incoming") or tree.by_tag.get("outgoing")):
        return
    for role, listing in (("targetRef", "incoming"), ("sourceRef", "outgoing")):
        known = {(tree.parent(each), text(each).rpartition(":")[2]) for each in tree.tagged(listing)}
        for flow, end in _ends(tree, role):
            if tree.tag(end) in FLOW_NODES and (end, flow.get("id", "")) not in known:
                yield flow, f"{label(end)} does not name the sequence flow {label(flow)} as {listing}."


@rule("ext-024", "8.4.13", "Remove isImmediate.")
def flows_of_executable_processes_are_immediate(tree: Tree) -> Iterator[Broken]:
    """In an executable process nothing happens between the ends of a flow: isImmediate is not false."""
    for flow in tree.tagged("sequenceFlow"):
        if tree.runs(flow) and not true(flow, "isImmediate", "true"):
            yield flow, f"The sequence flow {label(flow)} of an executable process is not immediate."


@rule("ext-026", "8.4.13", "Choose one of the element's own outgoing flows as its default.")
def a_default_flow_leaves_its_owner(tree: Tree) -> Iterator[Broken]:
    """The default flow of an activity or gateway has this activity or gateway as its source."""
    for owner in tree.tagged(*sorted(ACTIVITIES | GATEWAYS)):
        flow = tree.target(owner.get("default"))
        if flow is not None and tree.target(flow.get("sourceRef")) is not owner:
            yield owner, f"The default flow {label(flow)} of {label(owner)} does not begin there."


@rule("ext-028", "7.6.1", "Use a message flow between pools.")
def no_flow_leaves_its_pool(tree: Tree) -> Iterator[Broken]:
    """A sequence flow does not cross the border of a pool: both ends are in one process."""
    for flow, source in _ends(tree, "sourceRef"):
        target = tree.target(flow.get("targetRef"))
        if target is not None and tree.processes[source] is not tree.processes[target]:
            yield flow, f"The sequence flow {label(flow)} leads from one pool into another."


@rule("ext-152", "7.6.1", "Keep the flow within one process level; leave a subprocess by its own flows.")
def no_flow_leaves_its_subprocess(tree: Tree) -> Iterator[Broken]:
    """A sequence flow does not cross the border of a subprocess: both ends are on one level."""
    for flow, source in _ends(tree, "sourceRef"):
        target = tree.target(flow.get("targetRef"))
        if (
            target is not None
            and tree.processes[source] is tree.processes[target]
            and tree.parent(source) is not tree.parent(target)
        ):
            yield flow, f"The sequence flow {label(flow)} crosses the border of a subprocess."


def _in_normal_flow(tree: Tree, boundary_of: str) -> Iterator[Node]:
    """The activities, gateways and intermediate events in scopes that have such a start or end event."""
    levels = dict.fromkeys(tree.parent(event) for event in tree.tagged(boundary_of))
    for level in levels:
        for node in tree.children(level) if level is not None else ():
            tag = tree.tag(node)
            inner = tag in GATEWAYS or tag in ("intermediateCatchEvent", "intermediateThrowEvent")
            called = true(node, "isForCompensation") or true(node, "triggeredByEvent")
            if inner or (tag in ACTIVITIES and not called):
                yield node


@rule("ext-150", "10.5.2", "Connect the element with an incoming flow, or remove it.")
def with_a_start_event_all_is_led_to(tree: Tree) -> Iterator[Broken]:
    """Where a start event begins a level, every other flow node has an incoming sequence flow.

    Not so boundary events, catching links, compensation activities, event subprocesses, and the event-based
    gateways and receive tasks that start the process themselves.
    """
    for node in _in_normal_flow(tree, "startEvent"):
        catching_link = tree.tag(node) == "intermediateCatchEvent" and "link" in tree.kinds(node)
        instantiating = tree.tag(node) in ("eventBasedGateway", "receiveTask") and true(node, "instantiate")
        if not tree.flows_in(node) and not catching_link and not instantiating:
            yield node, f"No sequence flow leads to {label(node)}, though its level has a start event."


@rule("ext-151", "10.5.3", "Connect the element with an outgoing flow, or remove it.")
def with_an_end_event_all_leads_on(tree: Tree) -> Iterator[Broken]:
    """Where an end event ends a level, every other flow node has an outgoing sequence flow.

    Not so throwing links, compensation activities, compensation boundary events and event subprocesses.
    """
    for node in _in_normal_flow(tree, "endEvent"):
        throwing_link = tree.tag(node) == "intermediateThrowEvent" and "link" in tree.kinds(node)
        if not tree.flows_out(node) and not throwing_link:
            yield node, f"No sequence flow leaves {label(node)}, though its level has an end event."
