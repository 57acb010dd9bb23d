"""One BPMN file as the rules see it: an index over the tree, made in one pass."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from bpmn.model.source import BPMN, XSI, ZEEBE

Node = etree._Element

TASKS = frozenset(
    "task sendTask receiveTask serviceTask userTask manualTask scriptTask businessRuleTask".split()
)
SUBPROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SUBPROCESSES | {"callActivity"}
GATEWAYS = frozenset(
    "exclusiveGateway parallelGateway inclusiveGateway complexGateway eventBasedGateway".split()
)
CATCH_EVENTS = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent"})
THROW_EVENTS = frozenset({"intermediateThrowEvent", "endEvent", "implicitThrowEvent"})
EVENTS = CATCH_EVENTS | THROW_EVENTS
ARTIFACTS = frozenset({"association", "group", "textAnnotation"})
CHOREOGRAPHY_ACTIVITIES = frozenset({"choreographyTask", "subChoreography", "callChoreography"})
FLOW_NODES = ACTIVITIES | GATEWAYS | EVENTS | CHOREOGRAPHY_ACTIVITIES
GLOBAL_TASKS = frozenset(
    "globalTask globalUserTask globalManualTask globalScriptTask globalBusinessRuleTask".split()
)
EVENT_DEFINITIONS = frozenset(
    f"{kind}EventDefinition"
    for kind in ("cancel compensate conditional error escalation link message signal terminate timer".split())
)


class Tree:
    """The BPMN elements of a file by id and tag, its sequence flows by their ends, the process of each node.

    `nodes` keeps the elements in the order of the file; diagrams and extensions are left out.
    """

    def __init__(self, root: Node) -> None:
        self.root = root
        self.nodes: list[Node] = []
        self.tags: dict[Node, str] = {}
        self.by_id: dict[str, Node] = {}
        self.by_tag: dict[str, list[Node]] = {}
        self.duplicates: list[Node] = []
        self.processes: dict[Node, Node | None] = {}
        self.incoming: dict[str, list[Node]] = {}
        self.outgoing: dict[str, list[Node]] = {}
        self.namespace = root.get("targetNamespace", "")
        self.in_dialect = ZEEBE in {str(uri) for uri in root.nsmap.values()}
        self._index()

    def _index(self) -> None:
        prefix = f"{{{BPMN}}}"
        pending: list[tuple[Node, Node | None]] = [(self.root, None)]
        while pending:
            node, process = pending.pop()
            tag = str(node.tag)
            if not tag.startswith(prefix) or tag == f"{prefix}extensionElements":
                continue
            name = tag.removeprefix(prefix)
            process = node if name == "process" else process
            self.nodes.append(node)
            self.tags[node] = name
            self.processes[node] = process
            self.by_tag.setdefault(name, []).append(node)
            identifier = node.get("id")
            if identifier is not None:
                if identifier in self.by_id:
                    self.duplicates.append(node)
                else:
                    self.by_id[identifier] = node
            if name == "sequenceFlow":
                self.outgoing.setdefault(node.get("sourceRef", ""), []).append(node)
                self.incoming.setdefault(node.get("targetRef", ""), []).append(node)
            pending.extend((child, process) for child in reversed(node.findall("*")))

    # Nodes

    def tagged(self, *tags: str) -> Iterator[Node]:
        """The elements with one of these tags, tag by tag."""
        for tag in tags:
            yield from self.by_tag.get(tag, ())

    def tag(self, node: Node | None) -> str:
        """The tag without its namespace; empty for what is no BPMN."""
        return self.tags.get(node, "") if node is not None else ""

    def children(self, node: Node, *tags: str) -> list[Node]:
        """The child elements with one of these tags (all, if none is given)."""
        return [child for child in node if child in self.tags and (not tags or self.tags[child] in tags)]

    def parent(self, node: Node) -> Node | None:
        """The element that contains a node."""
        return node.getparent()

    def runs(self, node: Node) -> bool:
        """Whether a node belongs to an executable process."""
        process = self.processes[node]
        return process is not None and true(process, "isExecutable")

    # References

    def target(self, reference: str | None) -> Node | None:
        """The element of this file that a name refers to, with or without a namespace prefix."""
        name = (reference or "").strip()
        found = self.by_id.get(name)
        return found if found is not None else self.by_id.get(name.rpartition(":")[2])

    def foreign(self, reference: str) -> bool:
        """Whether a qualified name points into another file: its prefix stands for another namespace."""
        prefix, colon, _ = reference.strip().partition(":")
        return bool(colon) and self.root.nsmap.get(prefix, self.namespace) != self.namespace

    def referred(self, node: Node, *tags: str) -> list[Node]:
        """What the reference elements inside a node point to, as far as it is in this file."""
        found = [self.target(child.text) for child in self.children(node, *tags)]
        return [each for each in found if each is not None]

    # Sequence flows

    def flows_in(self, node: Node) -> list[Node]:
        """The sequence flows that lead to a node."""
        return self.incoming.get(node.get("id", ""), [])

    def flows_out(self, node: Node) -> list[Node]:
        """The sequence flows that leave a node."""
        return self.outgoing.get(node.get("id", ""), [])

    # Events

    def triggers(self, event: Node) -> list[Node]:
        """The event definitions of an event, its own and those that it refers to."""
        own = [child for child in event if self.tags.get(child) in EVENT_DEFINITIONS]
        return own + self.referred(event, "eventDefinitionRef")

    def kinds(self, event: Node) -> set[str]:
        """The kinds of an event's definitions, such as `timer` and `message`."""
        return {self.tag(each).removesuffix("EventDefinition") for each in self.triggers(event)}


def true(node: Node, attribute: str, default: str = "false") -> bool:
    """Whether a boolean attribute says yes."""
    return node.get(attribute, default) in ("true", "1")


def formal(node: Node) -> bool:
    """Whether an expression says that it is a formal one."""
    return node.get(f"{{{XSI}}}type", "").rpartition(":")[2] == "tFormalExpression"


def text(node: Node) -> str:
    """The text of an element without the white space around it."""
    return (node.text or "").strip()


def label(node: Node) -> str:
    """How a message names an element."""
    return node.get("id") or node.get("name") or "without id"
