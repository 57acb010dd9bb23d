"""The data of one element: what it has, what it sees around it, and which associations copy something."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from lxml import etree

from bpmn.model.items import STORES, held, hiding, holder_of, is_data, loop_items, variable
from bpmn.model.nodes import only_drawn, position
from bpmn.model.reader import Reader
from bpmn.model.source import BPMN, FEEL, local

SETS = {"inputSet": "Input", "outputSet": "Output"}


class ElementData:
    """The data of a process, activity or event while it is read."""

    def __init__(self, reader: Reader, node: etree._Element) -> None:
        self.reader = reader
        self.node = node
        self.own = dict.fromkeys(held(reader, node))
        self.items = list(loop_items(reader, node))
        self.loop = reader.loop_of(node)
        self.loop_input = self._looped("loopDataInputRef")
        self.loop_output = self._looped("loopDataOutputRef")

    @property
    def name(self) -> str:
        """How messages call the element."""
        return self.node.get("name") or self.node.get("id") or ""

    def refuse(self, code: str, at: etree._Element, message: str, hint: str = "Connect it again.") -> None:
        """Record an error at the element or one of its parts."""
        self.reader.refuse(code, at, message, hint)

    def executed(self, tag: str) -> list[etree._Element]:
        """The associations of the element that copy something."""
        return [each for each in self.node.iterchildren(f"{{{BPMN}}}{tag}") if not only_drawn(each)]

    def sources(self, association: etree._Element) -> tuple[str, ...] | None:
        """The variables around the element that an association reads; None if it cannot read one of them."""
        names = []
        for reference in references(association):
            source = self.reader.data(reference)
            if source is not None and source in self.items and local(source) == "inputDataItem":
                name = variable(self.reader, source)
            else:
                name = self.around(reference, association)
            if not name:
                return None
            names.append(name)
        return tuple(names)

    def around(self, reference: str, at: etree._Element) -> str:
        """The variable of data around the element; empty, and refused, where none can be read and written."""
        data = self.reader.data(reference)
        if data is not None and local(data) in STORES:
            self.refuse(
                "data.store",
                at,
                f"{data.get('name') or data.get('id')} is a data store, which lies outside the process.",
                "Read and write it by a service task.",
            )
            return ""
        if data is None or not is_data(data) or holder_of(data) not in list(self.node.iterancestors()):
            self.refuse("data.out-of-sight", at, f"{reference} is no data around {self.name}.")
            return ""
        hider = hiding(self.reader, self.node, data)
        if hider is not None:
            self.refuse(
                "data.hidden",
                at,
                f"In {hider.get('id')} another variable has the name {variable(self.reader, data)}.",
                "Use different names.",
            )
            return ""
        return variable(self.reader, data)

    @cached_property
    def optional(self) -> frozenset[etree._Element]:
        """The data inputs and outputs that may be missing."""
        named = (
            reference.text
            for tag, short in SETS.items()
            for each in self.sets(tag)
            for reference in each.iterchildren(f"{{{BPMN}}}optional{short}Refs")
        )
        found = (self.reader.data(reference) for reference in named)
        return frozenset(data for data in found if data is not None)

    def sets(self, tag: str) -> Iterator[etree._Element]:
        """The input or output sets of the element."""
        for holder in (self.node, *self.node.iterchildren(f"{{{BPMN}}}ioSpecification")):
            yield from holder.iterchildren(f"{{{BPMN}}}{tag}")

    def whole_value(self, association: etree._Element, sources: tuple[str, ...]) -> str:
        """The expression by which an association gives a value as a whole; empty where it is refused."""
        transformation = association.find(f"{{{BPMN}}}transformation")
        if transformation is not None:
            return (transformation.text or "").strip() if self.is_feel(transformation, association) else ""
        if len(sources) == 1:
            return f"={sources[0]}"
        self.refuse(
            "data.several-sources",
            association,
            f"It has {len(sources)} sources and does not say what becomes of them.",
            "Add a transformation.",
        )
        return ""

    def is_feel(self, expression: etree._Element, at: etree._Element) -> bool:
        """Whether an expression is FEEL; else that is refused."""
        text, language = (expression.text or "").strip(), expression.get("language", "")
        if language in FEEL and text.startswith("="):
            return True
        self.refuse(
            "data.expression-no-feel",
            at,
            f"The {local(expression)} {text!r} is no FEEL expression.",
            "Begin it with = and write it in FEEL.",
        )
        return False

    def given_by_start(self, data: etree._Element) -> bool:
        """Whether a data output is that of a process's start: it is what the process was started with."""
        scope = self.node.getparent()
        return (
            local(data) == "dataOutput"
            and position(self.node) == "start"
            and scope is not None
            and local(scope) == "process"
        )

    def _looped(self, tag: str) -> etree._Element | None:
        """The collection that the loop goes through, or puts together."""
        return self.reader.data(text_of(self.loop, tag)) if self.loop is not None else None


def text_of(node: etree._Element, tag: str) -> str:
    """The text of the first child of this tag; empty without one."""
    child = node.find(f"{{{BPMN}}}{tag}")
    return (child.text or "").strip() if child is not None else ""


def references(association: etree._Element) -> list[str]:
    """The sources that an association names."""
    return [(each.text or "").strip() for each in association.iterchildren(f"{{{BPMN}}}sourceRef")]
