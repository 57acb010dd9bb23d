"""The namespaces of a BPMN file, and its tree."""

from __future__ import annotations

from lxml import etree

from bpmn.errors import BpmnError
from bpmn.xml import XmlRefused, parse

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
SPIFFWORKFLOW = "http://spiffworkflow.org/bpmn/schema/1.0/core"
IMPORT = "urn:scf:import:1.0"
"""Marks what an import could not carry over (`bpmn.importers`)."""
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FEEL = frozenset({"", "feel", "https://www.omg.org/spec/DMN/20191111/FEEL/"})
"""How an expression may name its language; without a name it is FEEL, as everywhere here."""


def parse_xml(content: bytes, file: str) -> etree._Element:
    """Parse one file into its root element.

    Raises:
        BpmnError: `source.too-large`, `source.dtd` or `source.not-xml`.
    """
    try:
        return parse(content)
    except XmlRefused as wrong:
        raise BpmnError(f"source.{wrong.kind}", wrong.message, where=file, hint=wrong.hint) from wrong


def local(node: etree._Element) -> str:
    """The tag without its namespace."""
    return node.tag.rpartition("}")[2]


def namespace(node: etree._Element) -> str | None:
    """The namespace of the tag."""
    return node.tag[1:].rpartition("}")[0] if node.tag.startswith("{") else None
