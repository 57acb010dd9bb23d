"""Walking lists: the domains of `for`, `some` and `every`, and filters."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bpmn.feel import temporal
from bpmn.feel.limits import exceeded
from bpmn.feel.operators import kind_of
from bpmn.feel.runtime import Code, Frame, Run
from bpmn.feel.temporal import Date
from bpmn.feel.values import Range


def domain_items(run: Run, start: Any, until: tuple[Any] | None) -> Iterable[Any] | None:
    """Return what an iteration walks: a list's items, or whole numbers or days from one end to the other.

    `until` holds the second end of `a..b`. A single value counts as a list of one; null has no items to walk.
    """
    if until is not None:
        return _span(run, start, until[0])
    if isinstance(start, Range):
        return _range_items(run, start)
    if start is None:
        return None
    items = start if isinstance(start, list | tuple) else [start]
    run.spend(len(items))
    return items


def _range_items(run: Run, span: Range) -> Iterable[Any] | None:
    """Return the whole numbers or days of a range, its excluded ends left out."""
    items = _span(run, span.start, span.end)
    if items is None:
        return None
    listed = list(items)
    if listed and not span.start_included:
        del listed[0]
    if listed and not span.end_included:
        del listed[-1]
    return listed


def _span(run: Run, start: Any, end: Any) -> Iterable[Any] | None:
    if type(start) is Decimal and type(end) is Decimal:
        if start != start.to_integral_value() or end != end.to_integral_value() or start.adjusted() > 18:
            return None
        if end.adjusted() > 18:
            raise exceeded(f"{run.limits.items:,} items in a list")
        return (Decimal(number) for number in _count(run, int(start), int(end)))
    if kind_of(start) == "date" and kind_of(end) == "date":
        return _days(run, start, end)
    return None


def _days(run: Run, start: Date, end: Date) -> Iterable[Any]:
    first = temporal.day_number(start.year, start.month, start.day)
    last = temporal.day_number(end.year, end.month, end.day)
    return (temporal.make_date(*temporal.civil(number)) for number in _count(run, first, last))


def _count(run: Run, first: int, last: int) -> range:
    run.check_items(abs(last - first) + 1)
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def filter_list(run: Run, value: Any, position: Decimal) -> Any:
    """Return the item at `position`: from 1, or from the end with -1; null when there is none."""
    items = value if isinstance(value, list | tuple) else [value]
    if position != position.to_integral_value() or position.adjusted() > 9:
        return None
    index = int(position)
    if 1 <= index <= len(items):
        return items[index - 1]
    return items[index] if -len(items) <= index <= -1 else None


def filter_test(frame: Frame, value: Any, condition: Code, size: int, boxed: bool) -> Any:
    """Return the items that meet a condition; when the condition turns out to be a number, the item there.

    A `boxed` filter whose condition is neither has no result.
    """
    if value is None:
        return []
    run = frame.run
    items = value if isinstance(value, list | tuple) else [value]
    if not items:
        position = condition(Frame(None, frame, run))
        return filter_list(run, items, position) if type(position) is Decimal else []
    kept: list[Any] = []
    for number, item in enumerate(items):
        run.spend(size)
        holds = condition(Frame(item, frame, run))
        if number == 0 and type(holds) is Decimal:
            return filter_list(run, items, holds)
        if holds is True:
            kept.append(item)
        elif boxed and holds is not None and holds is not False:
            return None
    return kept
