"""Canonical JSON: one value has one byte string, so that what is signed can be made again.

A profile of RFC 8785: no floats, integers within ±(2^53 − 1), ASCII keys. Within these bounds `orjson` with
sorted keys writes exactly the bytes of RFC 8785, and a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import orjson

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
    return orjson.dumps(_plain(value, 0), option=orjson.OPT_SORT_KEYS)


def decode(data: bytes) -> Json:
    """Read canonical bytes, and only such: any other spelling of the same value is refused.

    Raises:
        NotCanonical: `canonical.bytes`, or what `encode` raises.
    """
    try:
        value: Json = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise NotCanonical("canonical.bytes", f"This is not JSON: {error}.") from None
    if encode(value) != data:
        raise NotCanonical("canonical.bytes", "The JSON is not written in its canonical form.")
    return value


def _plain(value: object, depth: int) -> object:
    """Return the value as plain dicts and lists, after checking that each part is in the profile."""
    kind = type(value)
    if kind is str:
        return _text(value)  # type: ignore[arg-type]
    if value is None or kind is bool:
        return value
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            raise NotCanonical(
                "canonical.integer", "The integer is beyond 2^53 − 1.", hint="Write it as a string."
            )
        return value
    if depth >= MAX_DEPTH:
        raise NotCanonical("canonical.depth", f"The value is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, Mapping):
        return {_key(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    raise NotCanonical(
        "canonical.type",
        f"A {kind.__name__} has no canonical form.",
        hint="Write amounts and other non-integers as strings.",
    )


def _key(key: object) -> str:
    if type(key) is not str or not key.isascii():
        raise NotCanonical("canonical.key", f"The key {key!r} is not ASCII text.")
    return key


def _text(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NotCanonical("canonical.text", "The text holds a lone surrogate.") from None
    return text
