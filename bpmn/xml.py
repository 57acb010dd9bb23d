"""Reading XML that someone else wrote: no DTD, no entity, no network, and a tree of bounded size."""

from __future__ import annotations

import re
from typing import Literal

from lxml import etree

MAX_BYTES = 10 * 1024 * 1024
MAX_ELEMENTS = 100_000
#: Reading an element's attributes takes time that grows with the square of their number.
MAX_ATTRIBUTES = 200

# What may stand before a document type: a byte order mark, the declaration, comments, instructions. Without
# the zero bytes of UTF-16 its letters are those of ASCII.
_DOCTYPE = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?(?>\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL
)

Refusal = Literal["too-large", "dtd", "not-xml"]


class XmlRefused(Exception):
    """The content is none that is read here: what is the matter, why, and how to mend it."""

    def __init__(self, kind: Refusal, message: str, hint: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint


def parse(content: bytes) -> etree._Element:
    """Return the root element.

    A document type is refused before anything is parsed: declaring entities alone can take a second.

    Raises:
        XmlRefused: the content is too large, declares a document type, or is not well-formed.
    """
    if len(content) > MAX_BYTES:
        raise XmlRefused("too-large", f"The file has more than {MAX_BYTES:,} bytes.", "Split the model.")
    if _DOCTYPE.match(content.replace(b"\0", b"")):
        raise _dtd()
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as wrong:
        raise XmlRefused(
            "not-xml",
            f"The file is not well-formed XML: {wrong.msg}.",
            "Export the model again from the modeler.",
        ) from wrong
    if root.getroottree().docinfo.internalDTD is not None:
        raise _dtd()
    if root.xpath(f"count(//*) > {MAX_ELEMENTS} or boolean(//*[count(@*) > {MAX_ATTRIBUTES}])"):
        raise XmlRefused(
            "too-large",
            f"The file has over {MAX_ELEMENTS:,} elements, or over {MAX_ATTRIBUTES} attributes at one.",
            "Split the model.",
        )
    return root


def _dtd() -> XmlRefused:
    return XmlRefused(
        "dtd",
        "The file declares a document type (DTD), which is refused.",
        "Remove the <!DOCTYPE …> declaration.",
    )
