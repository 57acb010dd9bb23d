"""Canonical JSON: one value has one byte string, so that what is signed can be made again.

A profile of RFC 8785: no floats, integers within ±(2^53 − 1), ASCII keys. Within these bounds sorted keys, no
spaces and the shortest escapes are exactly the bytes of RFC 8785, and a test holds the two equal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import TypeAlias

from proof.errors import NotCanonical

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 100


def encode(value: Json) -> bytes:
    """Return the canonical bytes of a JSON value.

    Raises:
        NotCanonical: `canonical.type` (a float or another type that JSON does not have), `canonical.key`,
            `canonical.integer`, `canonical.text` (a lone surrogate) or `canonical.depth`.
    """
    try:
        return _written(value, 0).encode()
    except UnicodeEncodeError as error:
        raise NotCanonical("canonical.text", f"A text cannot be written: {error}.") from None


def decode(data: bytes) -> Json:
    """Read canonical bytes, and only such: any other spelling of the same value is refused.

    Raises:
        NotCanonical: `canonical.bytes`, or what `encode` raises.
    """
    try:
        value: Json = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise NotCanonical("canonical.bytes", f"This is not JSON: {error}.") from None
    if encode(value) != data:
        raise NotCanonical("canonical.bytes", "The JSON is not written in its canonical form.")
    return value


def _written(value: object, depth: int) -> str:
    kind = type(value)
    if kind is str:
        return encode_basestring(value)  # type: ignore[arg-type]
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            raise NotCanonical(
                "canonical.integer", "The integer is beyond 2^53 − 1.", hint="Write it as a string."
            )
        return str(value)
    if depth >= MAX_DEPTH:
        raise NotCanonical("canonical.depth", f"The value is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, Mapping):
        for key in value:
            if type(key) is not str or not key.isascii():
                raise NotCanonical("canonical.key", f"The key {key!r} is not ASCII text.")
        items = [f"{encode_basestring(key)}:{_written(value[key], depth + 1)}" for key in sorted(value)]
        return "{" + ",".join(items) + "}"
    if kind is list or kind is tuple:
        return "[" + ",".join([_written(item, depth + 1) for item in value]) + "]"  # type: ignore[attr-defined]
    raise NotCanonical(
        "canonical.type",
        f"A {kind.__name__} has no canonical form.",
        hint="Write amounts and other non-integers as strings.",
    )
