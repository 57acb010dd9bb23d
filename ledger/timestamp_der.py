"""Bringing an authority's answer into the strict DER that its reader wants.

A set is sorted in DER. Authorities that run on OpenSSL write their certificates in another order, and
`rfc3161_client` refuses such answers. Certificates stand outside of what the authority signs, and each proves
itself; so they may be sorted before they are read. What is kept is the answer as it came.
"""

from __future__ import annotations

from typing import NamedTuple

_CERTIFICATES = 0xA0  # [0] IMPLICIT in SignedData (RFC 5652 section 5.1)


class _Element(NamedTuple):
    tag: int
    start: int
    content: int
    end: int


def with_sorted_certificates(response: bytes) -> bytes:
    """Return a TimeStampResp with its certificates sorted; what is no such answer is returned as it is."""
    try:
        (answer,) = _elements(response, 0, len(response))
        token = _inside(response, answer)[1]
        signed_data = _inside(response, _inside(response, token)[1])[0]
        certificates = next(one for one in _inside(response, signed_data) if one.tag == _CERTIFICATES)
        each = _inside(response, certificates)
    except (IndexError, ValueError, StopIteration):
        return response
    together = b"".join(sorted(response[one.start : one.end] for one in each))
    return response[: certificates.content] + together + response[certificates.end :]


def _inside(data: bytes, element: _Element) -> list[_Element]:
    return _elements(data, element.content, element.end)


def _elements(data: bytes, at: int, end: int) -> list[_Element]:
    """Return the elements that fill a stretch; IndexError or ValueError when it is not DER."""
    found: list[_Element] = []
    while at < end:
        start, tag, length = at, data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        if at + length > end:
            raise ValueError("an element is longer than what it stands in")
        found.append(_Element(tag, start, at, at + length))
        at += length
    return found
