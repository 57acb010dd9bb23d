"""Rules of activities: quantities, resources, services, subprocesses, calls and loops."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bpmn.model.rules.table import Broken, rule
from bpmn.model.rules.tree import (
    ACTIVITIES,
    CHOREOGRAPHY_ACTIVITIES,
    GLOBAL_TASKS,
    Node,
    Tree,
    label,
    true,
)

_URI = re.compile(r"##\w+|[A-Za-z][A-Za-z0-9+.-]*:([\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")


def _below_one(tree: Tree, attribute: str) -> Iterator[Broken]:
    for activity in tree.tagged(*sorted(ACTIVITIES)):
        value = activity.get(attribute, "1")
        if re.fullmatch(r"-\d+|0+", value.strip()):
            yield activity, f"The {attribute} of {label(activity)} is {value}."


@rule("ext-037", "10.3", "Write a whole number from 1 up.")
def activities_start_with_a_token(tree: Tree) -> Iterator[Broken]:
    """The start quantity of an activity is at least one."""
    yield from _below_one(tree, "startQuantity")


@rule("ext-038", "10.3", "Write a whole number from 1 up.")
def activities_complete_with_a_token(tree: Tree) -> Iterator[Broken]:
    """The completion quantity of an activity is at least one."""
    yield from _below_one(tree, "completionQuantity")


@rule("ext-039", "10.3.1", "Keep either the resource or the assignment expression.")
def resources_are_named_or_computed(tree: Tree) -> Iterator[Broken]:
    """A resource role names a resource with parameters, or has an assignment expression, not both."""
    for node in tree.tagged("resourceAssignmentExpression"):
        role = tree.parent(node)
        if role is not None and tree.children(role, "resourceRef", "resourceParameterBinding"):
            yield role, f"The {tree.tag(role)} {label(role)} has a resource and an assignment expression."


@rule("ext-049", "10.3.3", "Remove the incoming flows, or set instantiate to false.")
def instantiating_receive_tasks_come_first(tree: Tree) -> Iterator[Broken]:
    """A receive task that starts the process has no incoming sequence flow."""
    for task in tree.tagged("receiveTask"):
        if true(task, "instantiate") and tree.flows_in(task):
            yield task, f"The instantiating receive task {label(task)} has an incoming flow."


# Subprocesses


@rule("ext-057", "10.3.5", "Remove the flow: its start event starts an event subprocess.")
def event_subprocesses_have_no_flows(tree: Tree) -> Iterator[Broken]:
    """An event subprocess has neither incoming nor outgoing sequence flows."""
    for node in tree.tagged("subProcess"):
        if true(node, "triggeredByEvent") and (tree.flows_in(node) or tree.flows_out(node)):
            yield node, f"The event subprocess {label(node)} has sequence flows."


@rule("ext-058", "10.3.5", "Keep exactly one start event.")
def event_subprocesses_have_one_start(tree: Tree) -> Iterator[Broken]:
    """An event subprocess has exactly one start event."""
    for node in tree.tagged("subProcess"):
        starts = len(tree.children(node, "startEvent"))
        if true(node, "triggeredByEvent") and starts != 1:
            yield node, f"The event subprocess {label(node)} has {starts or 'no'} start events."


@rule("ext-060", "10.3.5", "Write ##Compensate, ##Store, ##Image or a URI.")
def transaction_methods_are_uris(tree: Tree) -> Iterator[Broken]:
    """The method of a transaction is one that the standard names, or a URI."""
    for node in tree.tagged("transaction"):
        method = node.get("method")
        if method is not None and not _URI.fullmatch(method):
            yield node, f"The method {method!r} of the transaction {label(node)} is no URI."


@rule("ext-061", "10.3.5", "Put an activity into the ad-hoc subprocess.")
def ad_hoc_subprocesses_have_activities(tree: Tree) -> Iterator[Broken]:
    """An ad-hoc subprocess contains at least one activity."""
    for node in tree.tagged("adHocSubProcess"):
        if not tree.children(node, *ACTIVITIES):
            yield node, f"The ad-hoc subprocess {label(node)} contains no activity."


@rule("ext-062", "10.3.5", "Remove it from the ad-hoc subprocess.")
def ad_hoc_subprocesses_have_no_start_and_end(tree: Tree) -> Iterator[Broken]:
    """An ad-hoc subprocess contains no start events, end events and choreography activities."""
    for node in tree.tagged("adHocSubProcess"):
        for child in tree.children(node, "startEvent", "endEvent", *CHOREOGRAPHY_ACTIVITIES):
            yield child, f"The ad-hoc subprocess {label(node)} contains a {tree.tag(child)}."


# Calls


def _calls(tree: Tree) -> Iterator[tuple[Node, Node]]:
    """Each call activity with what it calls."""
    for call in tree.tagged("callActivity"):
        called = tree.target(call.get("calledElement"))
        if called is not None:
            yield call, called


@rule("ext-099", "10.5.2", "Give the called process a start event without a trigger.")
def called_processes_start_without_trigger(tree: Tree) -> Iterator[Broken]:
    """A process that is called has a start event without a trigger, if it has start events."""
    for call, called in _calls(tree):
        starts = tree.children(called, "startEvent")
        if starts and all(tree.triggers(each) for each in starts):
            yield (
                call,
                f"Every start event of the process {label(called)}, called by {label(call)}, has a trigger.",
            )


@rule("ext-063", "10.3.6", "Give the call the data inputs and outputs of what it calls.")
def calls_match_the_data_of_what_they_call(tree: Tree) -> Iterator[Broken]:
    """A call has as many data inputs and outputs as the process or global task that it calls.

    This is checked where both of them say what data they have.
    """
    for call, called in _calls(tree):
        if not all(tree.children(each, "ioSpecification") for each in (call, called)):
            continue
        for tag in ("dataInput", "dataOutput"):
            own, wanted = len(_data(tree, call, tag)), len(_data(tree, called, tag))
            if own != wanted:
                yield (
                    call,
                    f"The call {label(call)} has {own} elements {tag}, but {label(called)} has {wanted}.",
                )


def _data(tree: Tree, node: Node, tag: str) -> list[Node]:
    return [each for io in tree.children(node, "ioSpecification") for each in tree.children(io, tag)]


@rule("ext-064", "8.5", "Bind each operation of the interface by an ioBinding.")
def interfaces_are_bound(tree: Tree) -> Iterator[Broken]:
    """A process or global task that supports an interface binds each of its operations."""
    for node in tree.tagged("process", *sorted(GLOBAL_TASKS)):
        bound = {tree.target(each.get("operationRef")) for each in tree.children(node, "ioBinding")}
        for interface in tree.referred(node, "supportedInterfaceRef"):
            for operation in tree.children(interface, "operation"):
                if operation not in bound:
                    yield (
                        node,
                        f"{label(node)} does not bind the operation {label(operation)} of its interface.",
                    )
