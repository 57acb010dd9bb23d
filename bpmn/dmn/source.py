"""Reads DMN's XML, in the namespaces of DMN 1.1 to 1.5, as elements without prefixes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from bpmn.dmn.errors import DmnRefused
from bpmn.errors import Finding
from bpmn.xml import Refusal, XmlRefused, parse

NAMESPACES = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
_CODES: dict[Refusal, str] = {"too-large": "dmn.too_large", "dtd": "dmn.doctype", "not-xml": "dmn.not_xml"}
_MAX_DEPTH = 120


@dataclass(frozen=True, slots=True)
class Element:
    """An XML element of DMN's own namespace; what other tools added is not there."""

    tag: str
    attributes: dict[str, str]
    text: str
    children: tuple[Element, ...] = ()

    def get(self, name: str) -> str:
        """Return an attribute, "" when it is absent."""
        return self.attributes.get(name, "")

    @property
    def name(self) -> str:
        """The attribute `name` with its white space collapsed."""
        return " ".join(self.get("name").split())

    def all(self, *tags: str) -> Iterator[Element]:
        """Yield the children with one of these tags."""
        return (child for child in self.children if child.tag in tags)

    def first(self, *tags: str) -> Element | None:
        """Return the first child with one of these tags."""
        return next(self.all(*tags), None)

    def text_of(self, tag: str) -> str | None:
        """Return the text of a child, None when there is no such child."""
        child = self.first(tag)
        return None if child is None else child.text.strip()


def read(xml: bytes, file: str = "") -> Element:
    """Return the `definitions` element of a DMN file.

    Raises:
        DmnRefused: `dmn.not_xml`, `dmn.too_large`, `dmn.doctype` or `dmn.not_dmn`.
    """
    try:
        root = parse(xml)
    except XmlRefused as wrong:
        raise _refused(_CODES[wrong.kind], wrong.message, wrong.hint, file) from wrong
    name = etree.QName(root)
    if name.localname != "definitions" or name.namespace not in NAMESPACES:
        raise _refused(
            "dmn.not_dmn",
            f"The root is {root.tag}, which is no DMN that is known here.",
            "Save the model as DMN 1.1 to 1.5.",
            file,
        )
    return _element(root, str(name.namespace), 0, file)


def _element(node: etree._Element, namespace: str, depth: int, file: str) -> Element:
    if depth > _MAX_DEPTH:
        raise _refused("dmn.too_deep", "The file nests too deep.", "Split the expression.", file)
    children = tuple(
        _element(child, namespace, depth + 1, file) for child in node.iterchildren(f"{{{namespace}}}*")
    )
    attributes = {str(key): str(value) for key, value in node.attrib.items()}
    return Element(etree.QName(node).localname, attributes, node.text or "", children)


def _refused(code: str, message: str, hint: str, file: str) -> DmnRefused:
    return DmnRefused([Finding(code, "error", None, message, hint, file)])
