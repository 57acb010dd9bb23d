"""FEEL's operators on values: arithmetic, equality, order, membership, and the members of temporal values.

An operation on values that do not go together has no result: the functions return None, FEEL's null.
Semantics: DMN 1.5, tables 50 to 57; numbers are IEEE 754 decimal128 (34 digits, half-even).
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bpmn.feel import temporal
from bpmn.feel.limits import exceeded
from bpmn.feel.runtime import Run
from bpmn.feel.values import (
    MAX_DEPTH,
    DayTimeDuration,
    Function,
    Range,
    WideDate,
    WideDateTime,
    WideTime,
    YearMonthDuration,
)

#: decimal128: what has no finite result raises, and becomes null.
ARITHMETIC = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    clamp=1,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)

_DURATIONS = (YearMonthDuration, DayTimeDuration)
_LISTS = (list, tuple)


# --- kinds ----------------------------------------------------------------------------------------


def kind_of(value: Any) -> str:
    """Return the name of a value's FEEL type."""
    simple = _KINDS.get(type(value))
    if simple is not None:
        return simple
    if isinstance(value, Function):
        return "function"
    for python, name in _KINDS.items():
        if isinstance(value, python):
            return name
    return type(value).__name__


_KINDS: dict[type, str] = {
    type(None): "Null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    dt.datetime: "date and time",
    WideDateTime: "date and time",
    dt.date: "date",
    WideDate: "date",
    dt.time: "time",
    WideTime: "time",
    YearMonthDuration: "years and months duration",
    DayTimeDuration: "days and time duration",
    list: "list",
    tuple: "list",
    dict: "context",
    Range: "range",
}


# --- equality and order ---------------------------------------------------------------------------


def equal(run: Run, left: Any, right: Any, depth: int = 0) -> bool | None:
    """Return whether two values are equal; None when their types do not compare."""
    if left is None or right is None:
        return left is right
    kind = type(left)
    if kind is type(right) and (kind is Decimal or kind is str or kind is bool):
        return bool(left == right)
    run.spend(1)
    if depth > MAX_DEPTH:
        raise exceeded(f"{MAX_DEPTH} levels of nesting in a value")
    name = kind_of(left)
    if name != kind_of(right):
        return None
    if name == "list":
        return _all_equal(run, left, right, depth)
    if name == "context":
        if left.keys() != right.keys():
            return False
        return _all_equal(run, list(left.values()), [right[key] for key in left], depth)
    if name == "range":
        return _equal_ranges(run, left, right, depth)
    if name == "date and time" or name == "time":
        pair = _points(left, right)
        return None if pair is None else pair[0] == pair[1]
    return bool(left == right)


def _all_equal(run: Run, left: Any, right: Any, depth: int) -> bool | None:
    if len(left) != len(right):
        return False
    for one, other in zip(left, right, strict=True):
        if equal(run, one, other, depth + 1) is not True:
            return False
    return True


def _equal_ranges(run: Run, left: Range, right: Range, depth: int) -> bool | None:
    if (left.start_included, left.end_included) != (right.start_included, right.end_included):
        return False
    if left.comparison != right.comparison:
        return False
    return _all_equal(run, (left.start, left.end), (right.start, right.end), depth)


def identical(run: Run, left: Any, right: Any) -> bool:
    """Return whether two values are the same element of their type's domain, zones included: FEEL's `is`."""
    if kind_of(left) != kind_of(right):
        return False
    if isinstance(left, dt.datetime | WideDateTime | dt.time | WideTime):
        return temporal.format_temporal(left) == temporal.format_temporal(right)
    return equal(run, left, right) is True


def _points(left: Any, right: Any) -> tuple[int, int] | None:
    """Return two times or two points in time as seconds on one line.

    Comparison sees whole seconds (DMN 1.5, 10.3.2.3.4 and 5): `10:30:00.1 = 10:30:00.2`.
    """
    if isinstance(left, dt.time | WideTime):
        pair = temporal.comparable_times(left, right)
    elif (left.tzinfo is None) != (right.tzinfo is None):
        pair = None
    else:
        pair = temporal.instant(left), temporal.instant(right)
    return None if pair is None else (pair[0] // temporal.SECOND, pair[1] // temporal.SECOND)


def compare(left: Any, right: Any) -> int | None:
    """Return -1, 0 or 1 as `left` comes before, with or after `right`; None when they have no order."""
    kind = type(left)
    if kind is type(right) and (kind is Decimal or kind is str):
        return int(left > right) - int(left < right)
    if left is None or right is None:
        return None
    name = kind_of(left)
    if name != kind_of(right) or name not in _ORDERED:
        return None
    if name == "date":
        one = (left.year, left.month, left.day)
        other = (right.year, right.month, right.day)
        return (one > other) - (one < other)
    if name == "time" or name == "date and time":
        pair = _points(left, right)
        return None if pair is None else (pair[0] > pair[1]) - (pair[0] < pair[1])
    return int(left > right) - int(left < right)


_ORDERED = frozenset(
    (
        "number",
        "string",
        "date",
        "time",
        "date and time",
        "years and months duration",
        "days and time duration",
    )
)


def less(run: Run, left: Any, right: Any) -> bool | None:
    """`left < right`."""
    order = compare(left, right)
    return None if order is None else order < 0


def less_or_equal(run: Run, left: Any, right: Any) -> bool | None:
    """`left <= right`."""
    order = compare(left, right)
    return None if order is None else order <= 0


def greater(run: Run, left: Any, right: Any) -> bool | None:
    """`left > right`."""
    order = compare(left, right)
    return None if order is None else order > 0


def greater_or_equal(run: Run, left: Any, right: Any) -> bool | None:
    """`left >= right`."""
    order = compare(left, right)
    return None if order is None else order >= 0


def not_equal(run: Run, left: Any, right: Any) -> bool | None:
    """`left != right`."""
    same = equal(run, left, right)
    return None if same is None else not same


COMPARISONS: dict[str, Callable[[Run, Any, Any], bool | None]] = {
    "=": equal,
    "!=": not_equal,
    "<": less,
    "<=": less_or_equal,
    ">": greater,
    ">=": greater_or_equal,
}


# --- membership -----------------------------------------------------------------------------------


def includes(span: Range, value: Any) -> bool | None:
    """Return whether a range holds `value`; None when an end does not compare with it."""
    if span.start is None and span.end is None:
        return None
    if span.start is not None:
        order = compare(value, span.start)
        if order is None:
            return None
        if order < 0 or (order == 0 and not span.start_included):
            return False
    elif span.comparison is None:
        return None
    if span.end is not None:
        order = compare(value, span.end)
        if order is None:
            return None
        if order > 0 or (order == 0 and not span.end_included):
            return False
    elif span.comparison is None:
        return None
    return True


def member(run: Run, value: Any, collection: Any) -> bool | None:
    """Return whether `value` equals `collection` or lies in it, be it a list or a range."""
    if isinstance(collection, Range) and not isinstance(value, Range):
        return includes(collection, value)
    if isinstance(collection, _LISTS):
        run.spend(len(collection))
        if isinstance(value, _LISTS) and equal(run, value, collection):
            return True
        for item in collection:
            if isinstance(item, Range) and not isinstance(value, Range):
                if includes(item, value):
                    return True
            elif equal(run, value, item):
                return True
        return False
    return equal(run, value, collection)


def comparison_range(operator: str, value: Any) -> Range | None:
    """Return the range that `(< value)` and its like stand for."""
    if kind_of(value) not in _ORDERED and operator != "=":
        return None
    if operator == "=":
        return Range(value, value, True, True, operator)
    if operator == "<" or operator == "<=":
        return Range(None, value, False, operator == "<=", operator)
    if operator == ">" or operator == ">=":
        return Range(value, None, operator == ">=", False, operator)
    return None


# --- arithmetic -----------------------------------------------------------------------------------


def add(run: Run, left: Any, right: Any) -> Any:
    """`left + right`: numbers, strings, durations, and points in time with durations."""
    if type(left) is Decimal and type(right) is Decimal:
        return _calculate(ARITHMETIC.add, left, right)
    if type(left) is str and type(right) is str:
        run.check_text(len(left) + len(right))
        return left + right
    if isinstance(left, _DURATIONS) and isinstance(right, _DURATIONS):
        return _add_durations(left, right, 1)
    if isinstance(right, _DURATIONS):
        return _move(left, right, 1)
    if isinstance(left, _DURATIONS):
        return _move(right, left, 1)
    return None


def subtract(run: Run, left: Any, right: Any) -> Any:
    """`left - right`: numbers, durations, points in time."""
    if type(left) is Decimal and type(right) is Decimal:
        return _calculate(ARITHMETIC.subtract, left, right)
    if isinstance(right, _DURATIONS):
        return _add_durations(left, right, -1) if isinstance(left, _DURATIONS) else _move(left, right, -1)
    if isinstance(left, _MOMENTS) and isinstance(right, _MOMENTS):
        return temporal.difference(left, right)
    return None


def multiply(run: Run, left: Any, right: Any) -> Any:
    """`left * right`: numbers, and durations with numbers."""
    if type(left) is Decimal and type(right) is Decimal:
        return _calculate(ARITHMETIC.multiply, left, right)
    if isinstance(left, _DURATIONS) and type(right) is Decimal:
        return _scale(left, right, ARITHMETIC.multiply)
    if isinstance(right, _DURATIONS) and type(left) is Decimal:
        return _scale(right, left, ARITHMETIC.multiply)
    return None


def divide(run: Run, left: Any, right: Any) -> Any:
    """`left / right`: numbers, durations by numbers, and like durations."""
    if type(left) is Decimal and type(right) is Decimal:
        return _calculate(ARITHMETIC.divide, left, right)
    if isinstance(left, _DURATIONS) and type(right) is Decimal:
        return _scale(left, right, ARITHMETIC.divide)
    if isinstance(left, _DURATIONS) and type(left) is type(right):
        return _calculate(ARITHMETIC.divide, Decimal(_amount(left)), Decimal(_amount(right)))
    return None


def power(run: Run, left: Any, right: Any) -> Any:
    """`left ** right` of numbers."""
    if type(left) is Decimal and type(right) is Decimal:
        return _calculate(ARITHMETIC.power, left, right)
    return None


def negate(value: Any) -> Any:
    """`-value` of a number or duration."""
    if type(value) is Decimal:
        return ARITHMETIC.minus(value)
    if isinstance(value, YearMonthDuration):
        return YearMonthDuration(-value.months)
    if isinstance(value, DayTimeDuration):
        return DayTimeDuration(-value.nanoseconds)
    return None


BINARY: dict[str, Callable[[Run, Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}

_MOMENTS = (dt.date, dt.time, WideDate, WideTime, WideDateTime)


def _calculate(
    operation: Callable[[Decimal, Decimal], Decimal], left: Decimal, right: Decimal
) -> Decimal | None:
    try:
        return operation(left, right)
    except decimal.DecimalException:
        return None


def _amount(duration: temporal.Duration) -> int:
    return duration.months if isinstance(duration, YearMonthDuration) else duration.nanoseconds


def _add_durations(left: Any, right: Any, sign: int) -> Any:
    if type(left) is not type(right):
        return None
    if isinstance(left, YearMonthDuration):
        return temporal.make_months(left.months + sign * right.months)
    return temporal.make_nanos(left.nanoseconds + sign * right.nanoseconds)


def _move(moment: Any, duration: temporal.Duration, sign: int) -> Any:
    if not isinstance(moment, _MOMENTS):
        return None
    if isinstance(duration, DayTimeDuration):
        return temporal.add_nanos(moment, sign * duration.nanoseconds)
    if isinstance(moment, dt.time | WideTime):
        return None
    return temporal.add_months(moment, sign * duration.months)


def _scale(
    duration: temporal.Duration, factor: Decimal, operation: Callable[[Decimal, Decimal], Decimal]
) -> Any:
    amount = _calculate(operation, Decimal(_amount(duration)), factor)
    if amount is None or amount.adjusted() > 40:
        return None
    whole = int(amount)
    return (
        temporal.make_months(whole) if isinstance(duration, YearMonthDuration) else temporal.make_nanos(whole)
    )


# --- members --------------------------------------------------------------------------------------


def get_member(value: Any, name: str) -> Any:
    """Return `value.name`: a context's entry, a part of a moment or range; of a list, of each item."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, _LISTS):
        return [get_member(item, name) for item in value]
    part = _PARTS.get((kind_of(value), name))
    return None if part is None else part(value)


def _zone_name(value: Any) -> str | None:
    return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None


def _offset_duration(value: Any) -> DayTimeDuration | None:
    offset = (
        temporal.time_offset(value) if isinstance(value, dt.time | WideTime) else temporal.offset_of(value)
    )
    return None if offset is None else DayTimeDuration(offset * temporal.SECOND)


def _whole(dividend: int, divisor: int, modulus: int | None = None) -> Decimal:
    """Return the quotient toward zero, of what is left of `modulus`."""
    size = abs(dividend) if modulus is None else abs(dividend) % modulus
    quotient = size // divisor
    return Decimal(-quotient if dividend < 0 else quotient)


_PARTS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("years and months duration", "years"): lambda value: _whole(value.months, 12),
    ("years and months duration", "months"): lambda value: _whole(value.months, 1, 12),
    ("days and time duration", "days"): lambda value: _whole(value.nanoseconds, temporal.DAY),
    ("days and time duration", "hours"): lambda value: _whole(value.nanoseconds, temporal.HOUR, temporal.DAY),
    ("days and time duration", "minutes"): lambda value: _whole(
        value.nanoseconds, temporal.MINUTE, temporal.HOUR
    ),
    ("days and time duration", "seconds"): lambda value: _whole(
        value.nanoseconds, temporal.SECOND, temporal.MINUTE
    ),
    ("range", "start"): lambda value: value.start,
    ("range", "end"): lambda value: value.end,
    ("range", "start included"): lambda value: value.start_included,
    ("range", "end included"): lambda value: value.end_included,
}
for _kind in ("date", "date and time"):
    _PARTS[_kind, "year"] = lambda value: Decimal(value.year)
    _PARTS[_kind, "month"] = lambda value: Decimal(value.month)
    _PARTS[_kind, "day"] = lambda value: Decimal(value.day)
    _PARTS[_kind, "weekday"] = lambda value: Decimal(temporal.weekday_of(value))
for _kind in ("time", "date and time"):
    _PARTS[_kind, "hour"] = lambda value: Decimal(value.hour)
    _PARTS[_kind, "minute"] = lambda value: Decimal(value.minute)
    _PARTS[_kind, "second"] = temporal.seconds_of
    _PARTS[_kind, "time offset"] = _offset_duration
    _PARTS[_kind, "timezone"] = _zone_name
