"""Reading XML that someone else wrote: no DTD, no entity, no network, no huge tree."""

from __future__ import annotations

from lxml import etree

from bpmn.errors import BpmnError

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MAX_BYTES = 10 * 1024 * 1024


def parse_xml(content: bytes, file: str) -> etree._Element:
    """Parse one file into its root element.

    Raises:
        BpmnError: `source.too-large`, `source.dtd` or `source.not-xml`.
    """
    if len(content) > MAX_BYTES:
        raise BpmnError(
            "source.too-large",
            f"The file has more than {MAX_BYTES} bytes.",
            where=file,
            hint="Split the model.",
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as wrong:
        raise BpmnError(
            "source.not-xml",
            f"The file is not well-formed XML: {wrong.msg}.",
            where=file,
            hint="Export the model again from the modeler.",
        ) from wrong
    if root.getroottree().docinfo.internalDTD is not None:
        raise BpmnError(
            "source.dtd",
            "The file declares a document type (DTD), which is refused.",
            where=file,
            hint="Remove the <!DOCTYPE …> declaration.",
        )
    return root


def local(node: etree._Element) -> str:
    """The tag without its namespace."""
    return node.tag.rpartition("}")[2]


def namespace(node: etree._Element) -> str | None:
    """The namespace of the tag."""
    return node.tag[1:].rpartition("}")[0] if node.tag.startswith("{") else None
