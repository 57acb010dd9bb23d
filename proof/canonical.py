"""Canonical JSON: one value has one byte string, so that what is signed can be made again.

A profile of RFC 8785: no floats, integers within ±(2^53 − 1), ASCII keys. Within these bounds `orjson` with
sorted keys writes exactly the bytes of RFC 8785, and a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

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
    _require_profile(value, 0)
    try:
        return orjson.dumps(value, default=_as_dict, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise NotCanonical("canonical.text", f"A text cannot be written: {error}.") from None


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


def _require_profile(value: object, depth: int) -> None:
    """Refuse what `orjson` would write in another form than RFC 8785, or in a form that is not JSON's own."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            raise NotCanonical(
                "canonical.integer", "The integer is beyond 2^53 − 1.", hint="Write it as a string."
            )
        return
    if depth >= MAX_DEPTH:
        raise NotCanonical("canonical.depth", f"The value is nested deeper than {MAX_DEPTH} levels.")
    if kind is dict or isinstance(value, Mapping):
        for key, item in value.items():  # type: ignore[attr-defined]
            if type(key) is not str or not key.isascii():
                raise NotCanonical("canonical.key", f"The key {key!r} is not ASCII text.")
            if type(item) is not str:  # most values are texts; not calling for each saves half of the time
                _require_profile(item, depth + 1)
    elif kind is list or kind is tuple:
        for item in value:  # type: ignore[attr-defined]
            _require_profile(item, depth + 1)
    else:
        raise NotCanonical(
            "canonical.type",
            f"A {kind.__name__} has no canonical form.",
            hint="Write amounts and other non-integers as strings.",
        )


def _as_dict(value: object) -> dict[str, object]:
    """Hand a mapping that is no dict to `orjson`; nothing else comes here."""
    return dict(cast("Mapping[str, object]", value))
