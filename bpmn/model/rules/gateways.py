"""Rules of gateways."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.model.rules.table import Broken, rule
from bpmn.model.rules.tree import GATEWAYS, Node, Tree, label, true


def _directed(tree: Tree, direction: str) -> Iterator[Node]:
    for gateway in tree.tagged(*sorted(GATEWAYS)):
        if gateway.get("gatewayDirection") == direction:
            yield gateway


@rule("ext-017", "8.4.9", "Correct gatewayDirection, or split with a second gateway.")
def converging_gateways_do_not_split(tree: Tree) -> Iterator[Broken]:
    """A gateway whose direction is converging has at most one outgoing sequence flow."""
    for gateway in _directed(tree, "Converging"):
        if len(tree.flows_out(gateway)) > 1:
            yield gateway, f"The converging gateway {label(gateway)} has several outgoing flows."


@rule("ext-018", "8.4.9", "Correct gatewayDirection, or join with a second gateway.")
def diverging_gateways_do_not_join(tree: Tree) -> Iterator[Broken]:
    """A gateway whose direction is diverging has at most one incoming sequence flow."""
    for gateway in _directed(tree, "Diverging"):
        if len(tree.flows_in(gateway)) > 1:
            yield gateway, f"The diverging gateway {label(gateway)} has several incoming flows."


@rule("ext-019", "8.4.9", "Correct gatewayDirection.")
def mixed_gateways_join_and_split(tree: Tree) -> Iterator[Broken]:
    """A gateway whose direction is mixed has several incoming and several outgoing sequence flows."""
    for gateway in _directed(tree, "Mixed"):
        if len(tree.flows_in(gateway)) < 2 or len(tree.flows_out(gateway)) < 2:
            yield gateway, f"The mixed gateway {label(gateway)} does not both join and split."


@rule("ext-135", "10.6.1", "Remove the gateway, or connect it with further flows.")
def gateways_join_or_split(tree: Tree) -> Iterator[Broken]:
    """A gateway has several incoming or several outgoing sequence flows."""
    for gateway in tree.tagged(*sorted(GATEWAYS)):
        if len(tree.flows_in(gateway)) < 2 and len(tree.flows_out(gateway)) < 2:
            yield gateway, f"The gateway {label(gateway)} neither joins nor splits."


def _after_event_gateways(tree: Tree) -> Iterator[tuple[Node, Node, Node]]:
    """Each event-based gateway with its outgoing flows and where they lead."""
    for gateway in tree.tagged("eventBasedGateway"):
        for flow in tree.flows_out(gateway):
            target = tree.target(flow.get("targetRef"))
            if target is not None:
                yield gateway, flow, target


@rule("ext-136", "10.6.6", "Add a second event to wait for, or wait without the gateway.")
def event_gateways_wait_for_several_events(tree: Tree) -> Iterator[Broken]:
    """An event-based gateway has two or more outgoing sequence flows."""
    for gateway in tree.tagged("eventBasedGateway"):
        if len(tree.flows_out(gateway)) < 2:
            yield gateway, f"The event-based gateway {label(gateway)} does not wait for several events."


@rule("ext-137", "10.6.6", "Remove the condition.")
def event_gateways_ask_no_conditions(tree: Tree) -> Iterator[Broken]:
    """The outgoing flows of an event-based gateway have no condition: the event decides."""
    for gateway, flow, _ in _after_event_gateways(tree):
        if tree.children(flow, "conditionExpression"):
            yield (
                flow,
                f"The flow {label(flow)} out of the event-based gateway {label(gateway)} has a condition.",
            )


@rule(
    "ext-138",
    "10.6.6",
    "Let the flow lead to a message, signal, timer or conditional event or a receive task.",
)
def event_gateways_lead_to_events(tree: Tree) -> Iterator[Broken]:
    """An event-based gateway leads to receive tasks and catching events only.

    The events wait for messages, signals, timers or conditions, or for several of these.
    """
    for gateway, flow, target in _after_event_gateways(tree):
        kinds = tree.kinds(target)
        waits = tree.tag(target) == "intermediateCatchEvent" and kinds
        if tree.tag(target) != "receiveTask" and not (
            waits and kinds <= {"message", "signal", "timer", "conditional"}
        ):
            yield (
                flow,
                f"The event gateway {label(gateway)} leads to {label(target)}: it cannot wait for that.",
            )


@rule("ext-139", "10.6.6", "Wait for all messages by events, or for all by receive tasks.")
def event_gateways_wait_for_messages_in_one_way(tree: Tree) -> Iterator[Broken]:
    """An event-based gateway leads either to receive tasks or to message events, not to both."""
    ways: dict[Node, set[str]] = {}
    for gateway, _, target in _after_event_gateways(tree):
        if tree.tag(target) == "receiveTask" or "message" in tree.kinds(target):
            ways.setdefault(gateway, set()).add(tree.tag(target))
    for gateway, tags in ways.items():
        if {"receiveTask", "intermediateCatchEvent"} <= tags:
            yield (
                gateway,
                f"The event-based gateway {label(gateway)} leads to receive tasks and message events.",
            )


@rule("ext-140", "10.6.6", "Remove the boundary event, or wait with a message event instead.")
def receive_tasks_after_event_gateways_stand_alone(tree: Tree) -> Iterator[Broken]:
    """A receive task that an event-based gateway leads to has no boundary events."""
    attached = {tree.target(event.get("attachedToRef")): event for event in tree.tagged("boundaryEvent")}
    for gateway, _, target in _after_event_gateways(tree):
        if tree.tag(target) == "receiveTask" and target in attached:
            yield (
                attached[target],
                f"The receive task {label(target)} after the event-based gateway {label(gateway)} "
                f"has the boundary event {label(attached[target])}.",
            )


@rule("ext-141", "10.6.6", "Lead the other flows to an element behind the event.")
def only_the_event_gateway_leads_to_its_events(tree: Tree) -> Iterator[Broken]:
    """What an event-based gateway leads to has no other incoming sequence flow."""
    for gateway, _, target in _after_event_gateways(tree):
        if len(tree.flows_in(target)) > 1:
            yield (
                target,
                f"{label(target)} has incoming flows beside that of the event gateway {label(gateway)}.",
            )


@rule("ext-142", "10.6.6", "Remove the incoming flows, or set instantiate to false.")
def instantiating_event_gateways_come_first(tree: Tree) -> Iterator[Broken]:
    """An event-based gateway that starts the process has no incoming sequence flow."""
    for gateway in tree.tagged("eventBasedGateway"):
        if true(gateway, "instantiate") and tree.flows_in(gateway):
            yield gateway, f"The instantiating gateway {label(gateway)} has an incoming flow."
