"""Reading XML that strangers send: no DTD, entity or network, bounded size; and the digest of its content."""

from __future__ import annotations

import hashlib
import re

from lxml import etree

from core.errors import InvalidInput

MAX_BYTES = 10 * 1024 * 1024
MAX_ELEMENTS = 200_000

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
_EXT = "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"
# What signing adds to a UBL document. Extensions carry the enveloped signature and nothing that is invoiced.
_SIGNATURES = (f"{{{_CAC}}}Signature", f"{{{_DSIG}}}Signature", f"{{{_EXT}}}UBLExtensions")
_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def parse(content: bytes, *, filename: str) -> etree._Element:
    """Return the root element of a document that holds no DTD and is of bounded size.

    Raises:
        InvalidInput: `document.too_large`, `document.dtd_refused`, `document.malformed`.
    """
    if len(content) > MAX_BYTES:
        raise InvalidInput(
            "document.too_large",
            f"The document has {len(content):,} bytes; at most {MAX_BYTES:,} are taken.",
            where=filename,
            hint="Leave embedded attachments out, or split the document.",
        )
    # A declared entity can grow in an attribute while it is parsed, so the DTD is refused before parsing as
    # well. UTF-16 hides the letters behind zero bytes; without them the pattern finds those too.
    if _DOCTYPE.search(content.replace(b"\x00", b"")):
        raise _dtd_refused(filename)
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
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise InvalidInput(
            "document.malformed",
            f"This is not well-formed XML: {error}.",
            where=f"{filename}, line {line}" if line else filename,
            hint="Send the document again as its system wrote it.",
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _dtd_refused(filename)
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise InvalidInput(
            "document.too_large",
            f"The document has more than {MAX_ELEMENTS:,} elements.",
            where=filename,
            hint="Split the document.",
        )
    return root


def content_digest(root: etree._Element) -> str:
    """Return the SHA-256 (hex) of what the document says.

    Signatures, namespace prefixes, comments, schema locations, attribute order and white space around values
    do not count: the plain, the signed and the re-serialised copy of a document have one digest. The
    serialisation is exclusive canonical XML (W3C xml-exc-c14n) of a tree whose prefixes are numbered in
    document order.

    Raises:
        InvalidInput: `document.malformed` for a document that has no canonical form.
    """
    try:
        canonical = etree.tostring(_normalised(root), method="c14n", exclusive=True)
    except etree.C14NError as error:
        raise InvalidInput(
            "document.malformed",
            "A namespace of the document is no absolute URI, so it has no canonical form.",
            hint="Send the document again as its system wrote it.",
        ) from error
    return hashlib.sha256(canonical).hexdigest()


def _normalised(root: etree._Element) -> etree._Element:
    """Copy the tree without what signing and serialising add; every element declares its own prefix `n`."""

    def create(source: etree._Element) -> etree._Element:
        name = etree.QName(source)
        made = etree.Element(source.tag, nsmap={"n": name.namespace} if name.namespace else None)
        for key, value in source.attrib.items():
            if etree.QName(key).namespace != _XSI:
                made.set(key, value.strip())
        made.text = (source.text or "").strip() or None
        return made

    copy = create(root)
    open_elements = [(root, copy)]
    while open_elements:
        source, made = open_elements.pop()
        for child in source.iterchildren("*"):  # elements only: an entity reference is nobody's value
            if child.tag in _SIGNATURES:
                continue
            child_copy = create(child)
            made.append(child_copy)
            open_elements.append((child, child_copy))
    return copy


def _dtd_refused(filename: str) -> InvalidInput:
    return InvalidInput(
        "document.dtd_refused",
        "The document declares a DTD or entities, which trade documents never need.",
        where=filename,
        hint="Send it without a DOCTYPE.",
    )
