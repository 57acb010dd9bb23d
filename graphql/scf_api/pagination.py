"""Keyset pages: a cursor names the last row that was seen, so that a page costs the same wherever it lies."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

from core import InvalidInput

DEFAULT_PAGE = 20
LARGEST_PAGE = 100


class Kind(Enum):
    """The type of a value that rows are ordered by."""

    TIME = "timestamptz"
    DATE = "date"
    TEXT = "text"
    NUMBER = "bigint"
    UUID = "uuid"


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows are wanted, after which cursor."""

    first: int
    after: str | None

    @classmethod
    def of(cls, first: int | None, after: str | None) -> Page:
        """Check what the caller asked for.

        Raises:
            InvalidInput: `page.size_invalid` unless 1 ≤ first ≤ 100.
        """
        size = DEFAULT_PAGE if first is None else first
        if not 1 <= size <= LARGEST_PAGE:
            raise InvalidInput(
                "page.size_invalid",
                f"A page has 1 to {LARGEST_PAGE} entries, not {size}.",
                where="first",
                hint="Ask for less and follow pageInfo.endCursor.",
            )
        return cls(size, after)


def encode_cursor(key: object, row_id: object) -> str:
    """Return the opaque cursor of a row: its sort key and its id."""
    return base64.urlsafe_b64encode(orjson.dumps([_plain(key), _plain(row_id)])).decode().rstrip("=")


def decode_cursor(cursor: str, kinds: tuple[Kind, Kind]) -> tuple[Any, Any]:
    """Return the sort key and the id that a cursor holds.

    Raises:
        InvalidInput: `page.cursor_invalid` when it is not a cursor of this list.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key, row_id = orjson.loads(raw)
        return _PARSERS[kinds[0]](key), _PARSERS[kinds[1]](row_id)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise InvalidInput(
            "page.cursor_invalid",
            "This is not a cursor of this list.",
            where="after",
            hint="Use pageInfo.endCursor or an edge's cursor of the same list.",
        ) from error


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _time(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a cursor's time is aware")
    return moment.astimezone(UTC)


def _text(value: object) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError("not a text")
    return value


def _number(value: object) -> int:
    if type(value) is not int or abs(value) >= 2**63:
        raise TypeError("not a bigint")
    return value


_PARSERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TIME: _time,
    Kind.DATE: date.fromisoformat,
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.UUID: UUID,
}
