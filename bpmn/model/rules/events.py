"""Rules of events: which triggers stand where, links, and what flows may enter or leave."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.model.rules.table import Broken, rule
from bpmn.model.rules.tree import (
    EVENT_DEFINITIONS,
    SUBPROCESSES,
    THROW_EVENTS,
    Node,
    Tree,
    label,
    text,
    true,
)

# Where each trigger may stand, after the standard's table of the types of events (section 10.5).
_PROCESS_STARTS = frozenset({"message", "timer", "conditional", "signal"})
_EVENT_STARTS = _PROCESS_STARTS | {"error", "escalation", "compensate"}
_ENDS = frozenset({"message", "escalation", "error", "cancel", "compensate", "signal", "terminate"})
_CATCHES = frozenset({"message", "timer", "conditional", "link", "signal"})
_THROWS = frozenset({"message", "escalation", "compensate", "link", "signal"})
_BOUNDARIES = frozenset(
    {"message", "timer", "escalation", "error", "cancel", "compensate", "conditional", "signal"}
)
_NOT_INTERRUPTING = frozenset({"message", "timer", "escalation", "conditional", "signal"})


def _misplaced(tree: Tree, events: Iterator[Node], allowed: frozenset[str], place: str) -> Iterator[Broken]:
    for event in events:
        for kind in sorted(tree.kinds(event) - allowed):
            yield event, f"A {kind} trigger is not allowed at {place}, as {label(event)} is."


def _starts(tree: Tree, *, of_events: bool) -> Iterator[Node]:
    """The start events of event subprocesses, or those of all other levels."""
    for event in tree.tagged("startEvent"):
        parent = tree.parent(event)
        if parent is not None and true(parent, "triggeredByEvent") == of_events:
            yield event


# Start events


@rule(
    "ext-098", "10.5.2", "Start the process without a trigger, or by a message, timer, condition or signal."
)
def processes_start_by_outside_triggers(tree: Tree) -> Iterator[Broken]:
    """A process starts by messages, timers, conditions and signals only, or without a trigger."""
    starts = (event for event in _starts(tree, of_events=False) if tree.tag(tree.parent(event)) == "process")
    yield from _misplaced(tree, starts, _PROCESS_STARTS, "the start of a process")


@rule("ext-100", "10.5.2", "Remove the trigger, or make the subprocess an event subprocess.")
def subprocesses_start_without_trigger(tree: Tree) -> Iterator[Broken]:
    """The start event of a subprocess has no trigger, unless it is an event subprocess."""
    for event in _starts(tree, of_events=False):
        if tree.tag(tree.parent(event)) in SUBPROCESSES and tree.triggers(event):
            yield event, f"The start event {label(event)} of a subprocess has a trigger."


@rule("ext-059", "10.5.2", "Start by a message, timer, error, escalation, compensation, condition or signal.")
def event_subprocesses_start_by_allowed_triggers(tree: Tree) -> Iterator[Broken]:
    """An event subprocess starts by a trigger that can happen within its scope.

    A start that does not interrupt cannot be triggered by an error or a compensation.
    """
    for event in _starts(tree, of_events=True):
        interrupting = true(event, "isInterrupting", "true")
        allowed = _EVENT_STARTS if interrupting else _NOT_INTERRUPTING
        place = "the start of an event subprocess" + ("" if interrupting else " that does not interrupt")
        yield from _misplaced(tree, iter((event,)), allowed, place)


@rule("ext-129", "10.5.2", "Give the start event a trigger.")
def event_subprocesses_start_by_a_trigger(tree: Tree) -> Iterator[Broken]:
    """The start event of an event subprocess has a trigger."""
    for event in _starts(tree, of_events=True):
        if not tree.triggers(event):
            yield event, f"The start event {label(event)} of an event subprocess has no trigger."


@rule("ext-097", "10.5.3", "Add a start event to the level, or remove the end event.")
def what_ends_also_starts(tree: Tree) -> Iterator[Broken]:
    """A level with an end event has a start event, or an instantiating gateway or receive task instead."""
    starting = {tree.parent(event) for event in tree.tagged("startEvent")} | {
        tree.parent(node)
        for node in tree.tagged("eventBasedGateway", "receiveTask")
        if true(node, "instantiate")
    }
    for event in tree.tagged("endEvent"):
        if tree.parent(event) not in starting:
            yield event, f"The end event {label(event)} stands on a level without a start event."


@rule("ext-096", "10.5.2", "Remove the flow, or begin at an intermediate event.")
def nothing_leads_to_a_start(tree: Tree) -> Iterator[Broken]:
    """A start event has no incoming sequence flow."""
    for event in tree.tagged("startEvent"):
        for flow in tree.flows_in(event):
            yield event, f"The sequence flow {label(flow)} leads to the start event {label(event)}."


@rule("ext-101", "10.5.2", "Connect the start event with an outgoing flow.")
def starts_lead_on(tree: Tree) -> Iterator[Broken]:
    """A start event has an outgoing sequence flow."""
    for event in tree.tagged("startEvent"):
        if not tree.flows_out(event):
            yield event, f"No sequence flow leaves the start event {label(event)}."


# End events


@rule("ext-107", "10.5.3", "Connect the end event with an incoming flow.")
def ends_are_led_to(tree: Tree) -> Iterator[Broken]:
    """An end event has an incoming sequence flow."""
    for event in tree.tagged("endEvent"):
        if not tree.flows_in(event):
            yield event, f"No sequence flow leads to the end event {label(event)}."


@rule("ext-104", "10.5.3", "Remove the flow, or use an intermediate event.")
def nothing_leaves_an_end(tree: Tree) -> Iterator[Broken]:
    """An end event has no outgoing sequence flow."""
    for event in tree.tagged("endEvent"):
        for flow in tree.flows_out(event):
            yield event, f"The sequence flow {label(flow)} leaves the end event {label(event)}."


@rule("ext-106", "10.5.3", "Use a cancel end event within a transaction only.")
def cancel_ends_are_in_transactions(tree: Tree) -> Iterator[Broken]:
    """A cancel end event stands within a transaction."""
    for event in tree.tagged("endEvent"):
        if "cancel" in tree.kinds(event) and not _within_transaction(tree, event):
            yield event, f"The cancel end event {label(event)} is not within a transaction."


def _within_transaction(tree: Tree, event: Node) -> bool:
    level = tree.parent(event)
    while level is not None and tree.tag(level) not in ("transaction", "process"):
        level = tree.parent(level)
    return tree.tag(level) == "transaction"


@rule("ext-146", "10.5.3", "End without a trigger, or by one that can be thrown at an end.")
def ends_throw_allowed_triggers(tree: Tree) -> Iterator[Broken]:
    """An end event throws messages, escalations, errors, cancels, compensations, signals or terminates."""
    yield from _misplaced(tree, tree.tagged("endEvent"), _ENDS, "an end event")


# Intermediate events


@rule("ext-148", "10.5.4", "Catch a message, timer, condition, link or signal; others belong at a boundary.")
def catches_wait_for_allowed_triggers(tree: Tree) -> Iterator[Broken]:
    """A catching event in the flow waits for a message, timer, condition, link or signal."""
    yield from _misplaced(
        tree, tree.tagged("intermediateCatchEvent"), _CATCHES, "a catching event in the flow"
    )
    for event in tree.tagged("intermediateCatchEvent"):
        if not tree.triggers(event):
            yield event, f"The catching event {label(event)} has no trigger."


@rule("ext-122", "10.5.4", "Attach the compensation event to the border of the activity.")
def compensation_is_not_caught_in_the_flow(tree: Tree) -> Iterator[Broken]:
    """A catching event in the flow does not wait for compensation."""
    for event in tree.tagged("intermediateCatchEvent"):
        if "compensate" in tree.kinds(event):
            yield event, f"The catching event {label(event)} in the flow waits for compensation."


@rule(
    "ext-149", "10.5.4", "Throw a message, escalation, compensation, link or signal; others belong at an end."
)
def throws_have_allowed_triggers(tree: Tree) -> Iterator[Broken]:
    """A throwing event in the flow throws nothing, or a message, escalation, compensation, link or signal."""
    yield from _misplaced(
        tree, tree.tagged("intermediateThrowEvent"), _THROWS, "a throwing event in the flow"
    )


@rule("ext-115", "10.5.4", "Connect the event with an incoming flow.")
def intermediate_events_are_led_to(tree: Tree) -> Iterator[Broken]:
    """An intermediate event in the flow has an incoming sequence flow, unless it catches a link."""
    for event in tree.tagged("intermediateThrowEvent", "intermediateCatchEvent"):
        catching_link = tree.tag(event) == "intermediateCatchEvent" and "link" in tree.kinds(event)
        if not catching_link and not tree.flows_in(event):
            yield event, f"No sequence flow leads to the intermediate event {label(event)}."


@rule("ext-116", "10.5.4", "Connect the event with an outgoing flow.")
def intermediate_events_lead_on(tree: Tree) -> Iterator[Broken]:
    """An intermediate event in the flow has an outgoing sequence flow, unless it throws a link."""
    for event in tree.tagged("intermediateThrowEvent", "intermediateCatchEvent"):
        throwing_link = tree.tag(event) == "intermediateThrowEvent" and "link" in tree.kinds(event)
        if not throwing_link and not tree.flows_out(event):
            yield event, f"No sequence flow leaves the intermediate event {label(event)}."


@rule("ext-011", "8.4.4", "Give the escalation an escalationCode.")
def thrown_escalations_have_a_code(tree: Tree) -> Iterator[Broken]:
    """An escalation that an executable process throws has a code."""
    for event in tree.tagged("intermediateThrowEvent", "endEvent"):
        for trigger in tree.triggers(event):
            if tree.tag(trigger) == "escalationEventDefinition" and tree.runs(event):
                escalation = tree.target(trigger.get("escalationRef"))
                if escalation is None or not escalation.get("escalationCode"):
                    yield event, f"The escalation that {label(event)} throws has no code."


# Links


def _links(tree: Tree, tag: str) -> Iterator[tuple[Node, Node]]:
    for event in tree.tagged(tag):
        for link in tree.children(event, "linkEventDefinition"):
            yield event, link


def _names(tree: Tree, tag: str) -> set[tuple[Node | None, str]]:
    """The names of the links of one direction, with the level on which they stand."""
    return {(tree.parent(event), link.get("name", "")) for event, link in _links(tree, tag)}


@rule("ext-117", "10.5.4", "Remove the flow: the link itself is the connection.")
def links_replace_flows(tree: Tree) -> Iterator[Broken]:
    """A catching link has no incoming sequence flow and a throwing link no outgoing one."""
    for event, _ in _links(tree, "intermediateCatchEvent"):
        if tree.flows_in(event):
            yield event, f"A sequence flow leads to the catching link {label(event)}."
    for event, _ in _links(tree, "intermediateThrowEvent"):
        if tree.flows_out(event):
            yield event, f"A sequence flow leaves the throwing link {label(event)}."


@rule("ext-118", "10.5.5", "Let the target name this link as its source.")
def link_targets_know_their_sources(tree: Tree) -> Iterator[Broken]:
    """The target of a throwing link names this link among its sources."""
    known = {
        (target, source)
        for _, target in _links(tree, "intermediateCatchEvent")
        for source in tree.referred(target, "source")
    }
    for event, link in _links(tree, "intermediateThrowEvent"):
        for target in tree.referred(link, "target"):
            if (target, link) not in known:
                yield (
                    event,
                    f"The link {label(target)}, target of {label(event)}, does not name it as a source.",
                )


@rule("ext-124", "10.5.5", "Name the source of the link, or give a throwing link the same name.")
def catching_links_have_a_source(tree: Tree) -> Iterator[Broken]:
    """A catching link has a source: it names one, or a throwing link of its level bears its name."""
    thrown = _names(tree, "intermediateThrowEvent")
    for event, link in _links(tree, "intermediateCatchEvent"):
        if not tree.children(link, "source") and (tree.parent(event), link.get("name", "")) not in thrown:
            yield event, f"The catching link {label(event)} has no source."


@rule("ext-125", "10.5.5", "Name the target of the link, or give a catching link the same name.")
def throwing_links_have_a_target(tree: Tree) -> Iterator[Broken]:
    """A throwing link has exactly one target: it names it, or a catching link of its level bears its name."""
    caught = _names(tree, "intermediateCatchEvent")
    for event, link in _links(tree, "intermediateThrowEvent"):
        targets = len(tree.children(link, "target"))
        named = (tree.parent(event), link.get("name", "")) in caught
        if targets > 1 or (not targets and not named):
            yield event, f"The throwing link {label(event)} has {targets or 'no'} targets."


@rule("ext-126", "10.5.4", "Use links within one process level only.")
def links_stay_on_their_level(tree: Tree) -> Iterator[Broken]:
    """A link leads to a catching link of the same process level."""
    for event, link in _links(tree, "intermediateThrowEvent"):
        for target in tree.referred(link, "target"):
            catch = tree.parent(target)
            if catch is not None and tree.parent(catch) is not tree.parent(event):
                yield event, f"The link {label(event)} leads to {label(catch)} on another process level."


# Boundary events


@rule("ext-110", "10.5.4", "Give the boundary event a trigger that its activity can have.")
@rule("ext-147", "10.5.4", "Give the boundary event a trigger that its activity can have.")
def boundary_events_catch_allowed_triggers(tree: Tree) -> Iterator[Broken]:
    """A boundary event has triggers: messages, timers, escalations, conditions, signals.

    If it interrupts its activity, errors, cancels and compensations, too.
    """
    for event in tree.tagged("boundaryEvent"):
        interrupting = true(event, "cancelActivity", "true")
        allowed = _BOUNDARIES if interrupting else _NOT_INTERRUPTING
        place = "the border of an activity" + ("" if interrupting else " without interrupting it")
        yield from _misplaced(tree, iter((event,)), allowed, place)
        if not tree.triggers(event):
            yield event, f"The boundary event {label(event)} has no trigger."


@rule("ext-111", "10.5.4", "Attach the cancel event to a transaction, or catch an error.")
@rule("ext-120", "10.5.4", "Attach the cancel event to a transaction, or catch an error.")
def only_transactions_are_cancelled(tree: Tree) -> Iterator[Broken]:
    """A cancel event is attached to a transaction."""
    for event in tree.tagged("boundaryEvent"):
        activity = tree.target(event.get("attachedToRef"))
        if "cancel" in tree.kinds(event) and tree.tag(activity) != "transaction":
            yield event, f"The cancel event {label(event)} is not attached to a transaction."


@rule("ext-112", "10.5.4", "Remove the flow.")
def nothing_leads_to_a_boundary_event(tree: Tree) -> Iterator[Broken]:
    """A boundary event has no incoming sequence flow."""
    for event in tree.tagged("boundaryEvent"):
        for flow in tree.flows_in(event):
            yield event, f"The sequence flow {label(flow)} leads to the boundary event {label(event)}."


@rule("ext-113", "10.5.4", "Connect the event with an outgoing flow.")
def boundary_events_lead_on(tree: Tree) -> Iterator[Broken]:
    """A boundary event has an outgoing sequence flow, unless it catches compensation."""
    for event in tree.tagged("boundaryEvent"):
        if not tree.flows_out(event) and "compensate" not in tree.kinds(event):
            yield event, f"No sequence flow leaves the boundary event {label(event)}."


@rule("ext-114", "10.7.1", "Remove the flow and connect the compensation activity by an association.")
def compensation_events_have_no_flow(tree: Tree) -> Iterator[Broken]:
    """A boundary event that catches compensation has no outgoing sequence flow."""
    for event in tree.tagged("boundaryEvent"):
        if "compensate" in tree.kinds(event) and tree.flows_out(event):
            yield event, f"A sequence flow leaves the compensation event {label(event)}."


def _compensations(tree: Tree) -> Iterator[tuple[Node, list[Node]]]:
    """Each compensation event at a border with what its associations lead to."""
    associated: dict[str, list[Node]] = {}
    for association in tree.tagged("association"):
        target = tree.target(association.get("targetRef"))
        if target is not None:
            associated.setdefault(association.get("sourceRef", ""), []).append(target)
    for event in tree.tagged("boundaryEvent"):
        if "compensate" in tree.kinds(event):
            yield event, associated.get(event.get("id", ""), [])


@rule("ext-143", "10.7.1", "Draw an association from the event to its compensation activity.")
def compensation_events_have_a_handler(tree: Tree) -> Iterator[Broken]:
    """A boundary event that catches compensation is associated with a compensation activity."""
    for event, handlers in _compensations(tree):
        if not handlers:
            yield event, f"The compensation event {label(event)} leads to no compensation activity."


@rule("ext-144", "10.7.1", "Mark the activity as one for compensation (isForCompensation).")
def compensation_activities_are_marked(tree: Tree) -> Iterator[Broken]:
    """The activity with which a compensation event is associated is marked as one for compensation."""
    for event, handlers in _compensations(tree):
        for handler in handlers:
            if tree.tag(handler) != "textAnnotation" and not true(handler, "isForCompensation"):
                yield handler, f"{label(handler)}, which {label(event)} leads to, is not for compensation."


# Event definitions


@rule("ext-095", "10.5.5", "Move the event definition out of the event, or give each event its own.")
def thrown_definitions_are_not_shared(tree: Tree) -> Iterator[Broken]:
    """An event definition inside a throwing event is not used by another event."""
    for reference in tree.tagged("eventDefinitionRef"):
        found = tree.target(text(reference))
        owner = tree.parent(found) if found is not None and tree.tag(found) in EVENT_DEFINITIONS else None
        user = tree.parent(reference)
        if owner is not None and tree.tag(owner) in THROW_EVENTS and user is not None and user is not owner:
            yield user, f"{label(user)} uses the event definition of the throwing event {label(owner)}."


def _messages(tree: Tree) -> Iterator[tuple[Node, Node]]:
    """The message triggers of events in executable processes."""
    for definition in tree.tagged("messageEventDefinition"):
        event = tree.parent(definition)
        if event is not None and tree.runs(event):
            yield event, definition


@rule("ext-127", "10.5.5", "Define a message and refer to it; a throwing event may name a job type instead.")
def message_events_have_a_message(tree: Tree) -> Iterator[Broken]:
    """A message event of an executable process names its message.

    In the zeebe: dialect a throwing message event is a job, so its message is the worker's affair.
    """
    for event, definition in _messages(tree):
        by_job = tree.in_dialect and tree.tag(event) in THROW_EVENTS
        if not definition.get("messageRef") and not by_job:
            yield event, f"The message event {label(event)} names no message."


@rule("ext-128", "10.5.5", "Name the operation by which the message comes or goes.")
def message_events_have_an_operation(tree: Tree) -> Iterator[Broken]:
    """A message event of an executable process names the operation that carries its message.

    In the zeebe: dialect subscriptions and job types take the place of operations.
    """
    for event, definition in () if tree.in_dialect else _messages(tree):
        if not tree.children(definition, "operationRef") and not definition.get("operationRef"):
            yield event, f"The message event {label(event)} names no operation."
