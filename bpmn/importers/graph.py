"""The graph of a BPMN file, to look things up in and to add elements to."""

from __future__ import annotations

from lxml import etree

from bpmn.model.nodes import by_event, for_compensation
from bpmn.model.reader import nearest_id
from bpmn.model.source import BPMN, local

BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
SIZE = (100.0, 80.0)
GAP = 30.0


class Graph:
    """Nodes, flows, lanes and shapes of one file, by id."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.by_id = {node.get("id", ""): node for node in root.iter(f"{{{BPMN}}}*") if node.get("id")}
        # Nodes may list the flows at them; whoever lists some must list all.
        self.lists_flows = any(True for _ in root.iter(f"{{{BPMN}}}incoming", f"{{{BPMN}}}outgoing"))
        self.shapes = {shape.get("bpmnElement", ""): shape for shape in root.iter(f"{{{BPMNDI}}}BPMNShape")}
        self.lanes = {
            (ref.text or "").strip(): lane.get("name", "")
            for lane in root.iter(f"{{{BPMN}}}lane")
            for ref in lane.iterchildren(f"{{{BPMN}}}flowNodeRef")
        }

    @staticmethod
    def nearest_id(node: etree._Element) -> str | None:
        """The id of a node, or of the nearest one around it that has one."""
        return nearest_id(node)

    def lane(self, node: etree._Element) -> str:
        """The name of the lane in which a node lies, or that of the subprocess around it; empty if none."""
        around: etree._Element | None = node
        while around is not None:
            found = self.lanes.get(around.get("id", ""))
            if found:
                return found
            around = around.getparent()
        return ""

    def extensions(self, node: etree._Element) -> etree._Element:
        """The extensionElements of a node, made where the schema wants them if they are missing."""
        holder = node.find(f"{{{BPMN}}}extensionElements")
        if holder is None:
            holder = etree.Element(f"{{{BPMN}}}extensionElements")
            node.insert(len(node.findall(f"{{{BPMN}}}documentation")), holder)
        return holder

    # Order

    def sort_by_height(self, gateway: etree._Element) -> None:
        """Put a gateway's flows in the order of their targets from top to bottom, as SpiffWorkflow does."""
        scope = gateway.getparent()
        if scope is None:
            return
        flows = [each for each in self._flows(scope) if each.get("sourceRef") == gateway.get("id")]
        places = [scope.index(each) for each in flows]
        ordered = sorted(flows, key=lambda each: self._top(each.get("targetRef", "")))
        for flow in flows:
            scope.remove(flow)
        for place, flow in zip(places, ordered, strict=True):
            scope.insert(place, flow)

    def _top(self, node: str) -> float:
        bounds = self._bounds(node)
        return bounds[1] if bounds else 0.0

    def _bounds(self, node: str) -> tuple[float, float, float, float] | None:
        shape = self.shapes.get(node)
        bounds = shape.find(f"{{{DC}}}Bounds") if shape is not None else None
        if bounds is None:
            return None
        try:
            x, y, width, height = (float(bounds.get(name, "0")) for name in ("x", "y", "width", "height"))
        except ValueError:
            return None
        return x, y, width, height

    # New script tasks

    def before(self, node: etree._Element) -> etree._Element | None:
        """A new script task through which all flows into a node go; None where there can be none."""
        scope = node.getparent()
        if scope is None or not self._in_flow(node, scope):
            return None
        flows = [each for each in self._flows(scope) if each.get("targetRef") == node.get("id")]
        sources = [self.by_id.get(each.get("sourceRef", "")) for each in flows]
        if not flows or any(
            source is not None and local(source) == "eventBasedGateway" for source in sources
        ):
            return None
        added = self._script(node, "before")
        for flow in flows:
            flow.set("targetRef", added.get("id", ""))
        _move(node, added, "incoming")
        self._connect(added, node, scope)
        return added

    def after(self, node: etree._Element) -> etree._Element | None:
        """A new script task through which all flows out of a node go; None where there can be none."""
        scope = node.getparent()
        if scope is None or not self._in_flow(node, scope):
            return None
        added = self._script(node, "after")
        for flow in self._flows(scope):
            if flow.get("sourceRef") == node.get("id"):
                flow.set("sourceRef", added.get("id", ""))
        if node.get("default"):
            added.set("default", node.attrib.pop("default"))
        _move(node, added, "outgoing")
        self._connect(node, added, scope)
        return added

    @staticmethod
    def _flows(scope: etree._Element) -> list[etree._Element]:
        return list(scope.iterchildren(f"{{{BPMN}}}sequenceFlow"))

    @staticmethod
    def _in_flow(node: etree._Element, scope: etree._Element) -> bool:
        return local(scope) != "adHocSubProcess" and not by_event(node) and not for_compensation(node)

    def _script(self, node: etree._Element, side: str) -> etree._Element:
        identifier = self._free(f"{node.get('id')}_{side}")
        name = f"{node.get('name') or node.get('id')} ({side})"
        added = etree.Element(f"{{{BPMN}}}scriptTask", {"id": identifier, "name": name})
        node.addprevious(added)
        self.by_id[identifier] = added
        self._draw(node, identifier, side)
        return added

    def _free(self, identifier: str) -> str:
        while identifier in self.by_id:
            identifier += "_"
        return identifier

    def _connect(self, source: etree._Element, target: etree._Element, scope: etree._Element) -> None:
        ends = {"sourceRef": source.get("id", ""), "targetRef": target.get("id", "")}
        identifier = self._free(f"{ends['sourceRef']}_to_{ends['targetRef']}")
        flow = etree.Element(f"{{{BPMN}}}sequenceFlow", {"id": identifier, **ends})
        flows = self._flows(scope)
        (flows[-1] if flows else target).addnext(flow)
        self.by_id[identifier] = flow
        for node, role in ((source, "outgoing"), (target, "incoming")) if self.lists_flows else ():
            wiring = etree.Element(f"{{{BPMN}}}{role}")
            wiring.text = identifier
            node.insert(_wiring_place(node, role), wiring)
        self._draw_edge(identifier, *ends.values())

    # Drawing

    def _draw(self, node: etree._Element, identifier: str, side: str) -> None:
        """Draw a new script task above or below its node, so that it is seen and can be moved."""
        bounds = self._bounds(node.get("id", ""))
        shape = self.shapes.get(node.get("id", ""))
        if bounds is None or shape is None:
            return
        x, y, _, height = bounds
        top = y - SIZE[1] - GAP if side == "before" else y + height + GAP
        added = etree.Element(
            f"{{{BPMNDI}}}BPMNShape", {"id": self._free(f"{identifier}_di"), "bpmnElement": identifier}
        )
        place = {"x": x, "y": top, "width": SIZE[0], "height": SIZE[1]}
        etree.SubElement(added, f"{{{DC}}}Bounds", {name: f"{value:g}" for name, value in place.items()})
        shape.addnext(added)
        self.shapes[identifier] = added

    def _draw_edge(self, identifier: str, source: str, target: str) -> None:
        ends = [self._bounds(source), self._bounds(target)]
        shape = self.shapes.get(target)
        if shape is None or None in ends:
            return
        edge = etree.Element(
            f"{{{BPMNDI}}}BPMNEdge", {"id": self._free(f"{identifier}_di"), "bpmnElement": identifier}
        )
        for bounds in ends:
            if bounds is not None:
                x, y, width, height = bounds
                point = {"x": f"{x + width / 2:g}", "y": f"{y + height / 2:g}"}
                etree.SubElement(edge, f"{{{DI}}}waypoint", point)
        shape.addnext(edge)


def _move(node: etree._Element, to: etree._Element, role: str) -> None:
    """Hand the list of a node's incoming or outgoing flows over."""
    for each in node.findall(f"{{{BPMN}}}{role}"):
        to.append(each)


def _wiring_place(node: etree._Element, role: str) -> int:
    """Where in a node the schema wants an incoming or outgoing: after texts, extensions and incoming ones."""
    before = {"documentation", "extensionElements", "auditing", "monitoring", "incoming"}
    before |= {"outgoing"} if role == "outgoing" else set()
    return sum(local(child) in before for child in node.iterchildren(etree.Element))
