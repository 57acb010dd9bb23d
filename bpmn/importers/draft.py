"""A model on its way into our dialect: findings, what is written, what of SpiffWorkflow is taken away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml import etree

from bpmn.errors import BpmnError, Finding
from bpmn.importers.graph import Graph
from bpmn.importers.python_feel import NotFeel, feel_of
from bpmn.model.source import BPMN, IMPORT, SPIFFWORKFLOW, ZEEBE, local


class Draft:
    """The file as it is being rewritten, and the findings so far."""

    def __init__(self, root: etree._Element, file: str) -> None:
        self.root = _with_zeebe(root)
        self.file = file
        self.graph = Graph(self.root)
        self.findings: list[Finding] = []

    # Findings

    def lost(self, code: str, node: etree._Element, message: str, hint: str) -> None:
        """Something is left out, and the model runs the same."""
        finding = Finding(code, "warning", self.graph.nearest_id(node), message, hint, self.file)
        if finding not in self.findings:
            self.findings.append(finding)

    def gap(self, code: str, node: etree._Element, message: str, hint: str, original: str = "") -> None:
        """Something is missing at a flow node: mark it, so that the model is refused until it is mended."""
        self.findings.append(Finding(code, "error", self.graph.nearest_id(node), message, hint, self.file))
        mark = etree.SubElement(self.graph.extensions(node), f"{{{IMPORT}}}gap", {"code": code})
        mark.text = f"{message} {original}".strip()

    def expression(
        self, python: str, node: etree._Element, what: str, *, condition: bool = False
    ) -> str | None:
        """The FEEL of a Python expression, with `=`; None, and told, if it has none."""
        try:
            feel = feel_of(python, condition=condition)
        except NotFeel as wrong:
            self.gap(
                "import.python",
                node,
                f"The {what} is not translated, because {wrong}.",
                "Write it in FEEL.",
                python.strip(),
            )
            return None
        self.assumes(feel.assumes, node, what)
        return f"={feel.text}"

    def assumes(self, assumes: Iterable[str], node: etree._Element, what: str) -> None:
        """Tell what a translation takes for granted."""
        for each in assumes:
            self.lost(
                "import.types",
                node,
                f"The {what} is translated as if {each}.",
                "Check it: for other types FEEL gives null where Python does something else.",
            )

    # Writing and taking extensions

    def zeebe(self, node: etree._Element, tag: str, **attributes: str) -> etree._Element:
        """Write a `zeebe:` extension at a node."""
        return etree.SubElement(self.graph.extensions(node), f"{{{ZEEBE}}}{tag}", attributes)

    def mapping(self, node: etree._Element, direction: str, source: str, target: str) -> None:
        """Write an input or output mapping; inputs stand before outputs."""
        holder = self.graph.extensions(node)
        mapping = holder.find(f"{{{ZEEBE}}}ioMapping")
        if mapping is None:
            mapping = etree.SubElement(holder, f"{{{ZEEBE}}}ioMapping")
        each = etree.SubElement(mapping, f"{{{ZEEBE}}}{direction}", {"source": source, "target": target})
        first_output = mapping.find(f"{{{ZEEBE}}}output")
        if direction == "input" and first_output is not None:
            first_output.addprevious(each)

    @staticmethod
    def take(node: etree._Element, *names: str) -> bool:
        """Take extensions of these names away from a node; whether there was one."""
        found = [each for each in _extensions_of(node) if local(each) in names]
        for each in found:
            remove(each)
        return bool(found)


def _with_zeebe(root: etree._Element) -> etree._Element:
    """The same document under a root that knows the prefixes which the import writes."""
    names: dict[Any, str] = {**root.nsmap, "zeebe": ZEEBE, "imported": IMPORT}
    attributes = {str(name): str(value) for name, value in root.attrib.items()}
    again = etree.Element(root.tag, attributes, nsmap=names)
    again.extend(list(root))
    return again


def read_extensions(node: etree._Element) -> Mapping[str, Any]:
    """The `spiffworkflow:` extensions of a node, as SpiffWorkflow reads them."""
    from SpiffWorkflow.spiff.parser.task_spec import SpiffTaskParser

    try:
        read: Mapping[str, Any] = SpiffTaskParser._parse_extensions(node)
    except (KeyError, IndexError, ValueError) as wrong:
        raise BpmnError(
            "import.bad-extension",
            f"SpiffWorkflow cannot read the extensions: {wrong!r}.",
            where=node.get("id"),
            hint="Export the model again, or correct them.",
        ) from wrong
    return read


def _extensions_of(node: etree._Element) -> Iterator[etree._Element]:
    for holder in node.iterchildren(f"{{{BPMN}}}extensionElements"):
        yield from holder.iterchildren(f"{{{SPIFFWORKFLOW}}}*")


def remove(node: etree._Element) -> None:
    """Take a node away, and its extensionElements when nothing is left there."""
    holder = node.getparent()
    if holder is None:
        return
    holder.remove(node)
    around = holder.getparent()
    if around is not None and local(holder) == "extensionElements" and len(holder) == 0:
        around.remove(holder)
