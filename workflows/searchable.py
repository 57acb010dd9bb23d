"""What of a case's variables can be searched: names and values that a comparison can be made with.

The variables of the process scope are flattened: `offer.amount` is the entry `amount` of the context `offer`.
Texts, numbers, booleans, dates and date-times are values; of anything else (a list, a duration, a text longer
than `LONGEST_TEXT`) only that it is there is known. A null is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from bpmn.values import Value

LONGEST_TEXT = 200
"""A longer text is kept in the case's state only: an index is no archive."""

_LONGEST_NAME = 200
_DEEPEST = 4
# Names that one variable may take in the index, with the entries of its contexts.
_MOST_NAMES = 100


@dataclass(frozen=True, slots=True)
class Searchable:
    """A value as the index holds it: one of the four, or none of them when it only is there.

    `moment` is a date-time, in UTC where it has no zone, or the midnight (UTC) at which a date begins.
    """

    text: str | None = None
    number: Decimal | None = None
    boolean: bool | None = None
    moment: datetime | None = None


def changes(
    before: Mapping[str, Value], after: Mapping[str, Value]
) -> tuple[dict[str, Searchable], list[str]]:
    """Return what the index is to hold that it does not hold yet, by name, and the names it must forget."""
    written: dict[str, Searchable] = {}
    gone: list[str] = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old is new:
            continue
        was, becomes = _entries(name, old), _entries(name, new)
        written |= {each: value for each, value in becomes.items() if was.get(each) != value}
        gone += [each for each in was if each not in becomes]
    return written, gone


def _entries(name: str, value: Value) -> dict[str, Searchable]:
    entries: dict[str, Searchable] = {}
    for each, found in _walk(name, value, 1):
        if len(each) <= _LONGEST_NAME and "\x00" not in each:
            entries[each] = found
            if len(entries) == _MOST_NAMES:
                break
    return entries


def _walk(name: str, value: Value, depth: int) -> Iterator[tuple[str, Searchable]]:
    if value is None:
        return
    yield name, _searchable(value)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        for key, item in value.items():
            yield from _walk(f"{name}.{key}", item, depth + 1)


def _searchable(value: Value) -> Searchable:
    if isinstance(value, bool):
        return Searchable(boolean=value)
    if isinstance(value, str):
        searched = len(value) <= LONGEST_TEXT and "\x00" not in value
        return Searchable(text=value) if searched else Searchable()
    if isinstance(value, Decimal | int):
        return Searchable(number=Decimal(value))
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return Searchable(moment=datetime.combine(value, time(), UTC))
    return Searchable()


def _moment(value: datetime) -> Searchable:
    try:
        return Searchable(moment=value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))
    except OverflowError:  # within a day of the first or the last that a date-time can tell
        return Searchable()
