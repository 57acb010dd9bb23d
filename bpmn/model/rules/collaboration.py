"""Rules of pools, message flows, conversations and choreographies."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.model.rules.table import Broken, rule
from bpmn.model.rules.tree import (
    ARTIFACTS,
    CHOREOGRAPHY_ACTIVITIES,
    SUBPROCESSES,
    Node,
    Tree,
    label,
    true,
)

_CONVERSATIONS = ("conversation", "subConversation", "callConversation")


def _ends(tree: Tree, role: str) -> Iterator[tuple[Node, Node]]:
    """Each message flow with the element at one of its ends."""
    for flow in tree.tagged("messageFlow"):
        end = tree.target(flow.get(role))
        if end is not None:
            yield flow, end


@rule("ext-008", "7.6.2", "Let the message flow lead to a pool, activity or event.")
def no_message_goes_to_an_artifact(tree: Tree) -> Iterator[Broken]:
    """An artifact is no target of a message flow."""
    for flow, end in _ends(tree, "targetRef"):
        if tree.tag(end) in ARTIFACTS:
            yield flow, f"The message flow {label(flow)} leads to the {tree.tag(end)} {label(end)}."


@rule("ext-009", "7.6.2", "Let the message flow begin at a pool, activity or event.")
def no_message_comes_from_an_artifact(tree: Tree) -> Iterator[Broken]:
    """An artifact is no source of a message flow."""
    for flow, end in _ends(tree, "sourceRef"):
        if tree.tag(end) in ARTIFACTS:
            yield flow, f"The message flow {label(flow)} begins at the {tree.tag(end)} {label(end)}."


@rule("ext-031", "9.4", "Use a sequence flow within a pool; a message flow joins two pools.")
def messages_go_between_pools(tree: Tree) -> Iterator[Broken]:
    """A message flow joins different pools."""
    for flow, source in _ends(tree, "sourceRef"):
        target = tree.target(flow.get("targetRef"))
        if target is not None and _pool(tree, source) is _pool(tree, target):
            yield flow, f"Both ends of the message flow {label(flow)} are in one pool."


def _pool(tree: Tree, end: Node) -> Node:
    """The process an end of a message flow belongs to, or else the end itself."""
    process = tree.target(end.get("processRef")) if tree.tag(end) == "participant" else tree.processes[end]
    return process if process is not None else end


@rule("ext-102", "10.5.2", "Let the message flow begin at a throwing event or an activity.")
def start_events_send_nothing(tree: Tree) -> Iterator[Broken]:
    """A start event is no source of a message flow."""
    for flow, end in _ends(tree, "sourceRef"):
        if tree.tag(end) == "startEvent":
            yield end, f"The message flow {label(flow)} begins at the start event {label(end)}."


@rule("ext-103", "10.5.2", "Give the start event a message trigger.")
def start_events_that_receive_are_message_events(tree: Tree) -> Iterator[Broken]:
    """A start event to which a message flow leads has a message trigger."""
    for flow, end in _ends(tree, "targetRef"):
        if tree.tag(end) == "startEvent" and "message" not in tree.kinds(end):
            yield end, f"The message flow {label(flow)} leads to {label(end)}, which waits for no message."


@rule("ext-108", "10.5.3", "Let the message flow lead to a catching event or an activity.")
def end_events_receive_nothing(tree: Tree) -> Iterator[Broken]:
    """An end event is no target of a message flow."""
    for flow, end in _ends(tree, "targetRef"):
        if tree.tag(end) == "endEvent":
            yield end, f"The message flow {label(flow)} leads to the end event {label(end)}."


@rule("ext-109", "10.5.3", "Give the end event a message trigger.")
def end_events_that_send_are_message_events(tree: Tree) -> Iterator[Broken]:
    """An end event at which a message flow begins has a message trigger."""
    for flow, end in _ends(tree, "sourceRef"):
        if tree.tag(end) == "endEvent" and "message" not in tree.kinds(end):
            yield end, f"The message flow {label(flow)} begins at {label(end)}, which sends no message."


@rule("ext-119", "10.5.4", "Turn the message flow round, or exchange throwing and catching event.")
def intermediate_events_send_or_receive(tree: Tree) -> Iterator[Broken]:
    """A throwing event is no target of a message flow, and a catching event no source."""
    for role, tag in (("targetRef", "intermediateThrowEvent"), ("sourceRef", "intermediateCatchEvent")):
        for flow, end in _ends(tree, role):
            if tree.tag(end) == tag:
                verb = "leads to" if role == "targetRef" else "begins at"
                yield end, f"The message flow {label(flow)} {verb} the {tag} {label(end)}."


@rule("ext-030", "9.3", "Correct the minimum or the maximum.")
def multiplicities_have_a_range(tree: Tree) -> Iterator[Broken]:
    """The maximum of a participant's multiplicity is one or more, and not below the minimum."""
    for node in tree.tagged("participantMultiplicity"):
        try:
            minimum, maximum = int(node.get("minimum", "0")), int(node.get("maximum", "1"))
        except ValueError:
            continue  # the schema refuses what is no number
        if maximum < max(1, minimum):
            yield node, f"The multiplicity allows from {minimum} to {maximum} participants."


@rule("ext-027", "9.2", "Remove the reference to the choreography.")
def only_collaborations_refer_to_choreographies(tree: Tree) -> Iterator[Broken]:
    """A choreography or global conversation refers to no choreography."""
    for node in tree.tagged("choreography", "globalConversation"):
        if tree.children(node, "choreographyRef"):
            yield node, f"The {tree.tag(node)} {label(node)} refers to a choreography."


@rule("ext-032", "9.5", "Remove it, or use a collaboration.")
def global_conversations_are_plain(tree: Tree) -> Iterator[Broken]:
    """A global conversation contains no conversations and no artifacts."""
    for conversation in tree.tagged("globalConversation"):
        for node in tree.children(conversation, *_CONVERSATIONS, *sorted(ARTIFACTS)):
            yield node, f"The global conversation {label(conversation)} contains a {tree.tag(node)}."


@rule("ext-033", "9.2", "Remove the message flow, or open the choreography (isClosed).")
def closed_choreographies_know_all_messages(tree: Tree) -> Iterator[Broken]:
    """A collaboration that refers to a closed choreography has no message flows beyond it."""
    for collaboration in tree.tagged("collaboration"):
        choreographies = tree.referred(collaboration, "choreographyRef")
        closed = next((each for each in choreographies if true(each, "isClosed")), None)
        for flow in tree.children(collaboration, "messageFlow") if closed is not None else ():
            yield flow, f"A closed choreography does not know the message flow {label(flow)}."


@rule("ext-036", "10.2", "Use tasks, or move the choreography out of the process.")
def processes_contain_no_choreography(tree: Tree) -> Iterator[Broken]:
    """A process contains no choreography activities."""
    yield from _choreography_in(tree, ("process",))


@rule("ext-056", "10.3.5", "Use tasks, or move the choreography out of the subprocess.")
def subprocesses_contain_no_choreography(tree: Tree) -> Iterator[Broken]:
    """A subprocess contains no choreography activities."""
    yield from _choreography_in(tree, SUBPROCESSES)


def _choreography_in(tree: Tree, levels: frozenset[str] | tuple[str, ...]) -> Iterator[Broken]:
    for node in tree.tagged(*sorted(CHOREOGRAPHY_ACTIVITIES)):
        level = tree.parent(node)
        if level is not None and tree.tag(level) in levels:
            yield node, f"The {tree.tag(level)} {label(level)} contains a {tree.tag(node)}."
