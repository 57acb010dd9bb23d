"""Process variables in JSON: FEEL's values out and in again without loss.

Null, booleans, strings, lists and contexts are themselves, whole numbers within 2^53 are JSON integers and
all else is an object with one key that begins with `$`:

    {"$n": "1.50"}   number       {"$d": "2026-01-31"}            date       {"$m": 14}     months
    {"$t": "10:00:00"}  time      {"$dt": "2026-01-31T10:00:00Z"} date-time  {"$s": "1.5"}  seconds
    {"$r": [start, end, start included, end included]}            range
    {"$c": [[key, value], …]}    a context with a key that begins with `$` or is not ASCII
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from bpmn.errors import BpmnError
from bpmn.feel.operators import ARITHMETIC
from bpmn.feel.temporal import (
    format_temporal,
    make_months,
    make_nanos,
    parse_date,
    parse_date_time,
    parse_time,
)
from bpmn.feel.values import (
    MAX_DEPTH,
    DayTimeDuration,
    Function,
    Range,
    Value,
    WideDate,
    WideDateTime,
    WideTime,
    YearMonthDuration,
)

__all__ = [
    "MAX_DEPTH",
    "DayTimeDuration",
    "Function",
    "Json",
    "Range",
    "Value",
    "ValueRefused",
    "WideDate",
    "WideDateTime",
    "WideTime",
    "YearMonthDuration",
    "accepted",
    "from_json",
    "to_json",
]

_SAFE_INTEGER = 2**53 - 1

Json: TypeAlias = Any


class ValueRefused(BpmnError):
    """A value cannot be put into JSON, or JSON is no value (`value.no_json`, `value.bad_json`)."""


def accepted(variables: Mapping[str, Value]) -> dict[str, Value]:
    """The variables as they would come back from storage, so that a live and a restored state are the same.

    Raises:
        ValueRefused: for what cannot be stored, such as a float.
    """
    return {str(name): from_json(to_json(value)) for name, value in variables.items()}


def to_json(value: Value) -> Json:
    """Return `value` as JSON that `from_json` turns back into an equal value.

    Raises:
        ValueRefused: `value.no_json` for a function, a float, or nesting deeper than `MAX_DEPTH`.
    """
    return _encode(value, 0)


def from_json(data: Json) -> Value:
    """Return the value that `data` (parsed JSON as `to_json` makes it) stands for.

    Raises:
        ValueRefused: `value.bad_json` for unknown tags, malformed content and floats.
    """
    return _decode(data, 0)


def _encode(value: Any, depth: int) -> Json:
    if value is None or value is True or value is False or type(value) is str:
        return value
    if type(value) is int:
        return value if -_SAFE_INTEGER <= value <= _SAFE_INTEGER else _encode_number(Decimal(value))
    if type(value) is Decimal:
        return _encode_number(value)
    if depth > MAX_DEPTH:
        raise ValueRefused("value.no_json", f"The value nests deeper than {MAX_DEPTH} levels.")
    if isinstance(value, Mapping):
        entries = [(key, _encode(item, depth + 1)) for key, item in value.items()]
        if all(type(key) is str and key.isascii() and not key.startswith("$") for key, _ in entries):
            return dict(entries)
        return {"$c": [list(entry) for entry in sorted(entries)]}
    if isinstance(value, list | tuple):
        return [_encode(item, depth + 1) for item in value]
    if isinstance(value, Range):
        parts: list[Any] = [_encode(value.start, depth + 1), _encode(value.end, depth + 1)]
        parts += [value.start_included, value.end_included]
        return {"$r": parts if value.comparison is None else [*parts, value.comparison]}
    if isinstance(value, YearMonthDuration):
        return {"$m": value.months}
    if isinstance(value, DayTimeDuration):
        return {"$s": str(ARITHMETIC.normalize(ARITHMETIC.scaleb(Decimal(value.nanoseconds), -9)))}
    return _encode_temporal(value)


def _encode_number(value: Decimal) -> Json:
    if not _is_kept(value):
        raise ValueRefused("value.no_json", f"{value} is no number that can be kept.")
    if (
        value.as_tuple().exponent == 0
        and value.copy_abs() <= _SAFE_INTEGER
        and not (value.is_zero() and value.is_signed())
    ):
        return int(value)
    return {"$n": str(value)}


def _encode_temporal(value: Any) -> Json:
    if isinstance(value, dt.datetime | WideDateTime):
        return {"$dt": format_temporal(value)}
    if isinstance(value, dt.date | WideDate):
        return {"$d": format_temporal(value)}
    if isinstance(value, dt.time | WideTime):
        return {"$t": format_temporal(value)}
    raise ValueRefused(
        "value.no_json",
        f"A {type(value).__name__} is no value that can be kept.",
        hint="Keep numbers as Decimal; functions cannot leave the expression that makes them.",
    )


def _decode(data: Any, depth: int) -> Value:
    if data is None or data is True or data is False:
        return data
    if type(data) is str:
        return _decode_text(data)
    if type(data) is int and _is_kept(Decimal(data)):
        return Decimal(data)
    if depth > MAX_DEPTH:
        raise ValueRefused("value.bad_json", f"The JSON nests deeper than {MAX_DEPTH} levels.")
    if isinstance(data, list):
        return [_decode(item, depth + 1) for item in data]
    if isinstance(data, dict):
        if len(data) == 1:
            [(tag, content)] = data.items()
            if isinstance(tag, str) and tag.startswith("$"):
                return _decode_tagged(tag, content, depth + 1)
        if any(not isinstance(key, str) or key.startswith("$") for key in data):
            raise ValueRefused("value.bad_json", "Keys of a context do not begin with $.")
        return {_decode_text(key): _decode(item, depth + 1) for key, item in data.items()}
    raise ValueRefused(
        "value.bad_json",
        f"{data!r} cannot be read without loss."
        if isinstance(data, float)
        else f"A {type(data).__name__} is no JSON.",
        hint='Write a fraction as {"$n": "0.10"}.' if isinstance(data, float) else None,
    )


def _decode_tagged(tag: str, content: Any, depth: int) -> Value:
    value: Value = None
    if tag == "$n" and isinstance(content, str):
        value = _decode_number(content)
    elif tag == "$s" and isinstance(content, str):
        seconds = _decode_number(content)
        value = None if seconds is None else _seconds(seconds)
    elif tag == "$m" and type(content) is int:
        value = make_months(content)
    elif tag == "$d" and isinstance(content, str):
        value = parse_date(content)
    elif tag == "$t" and isinstance(content, str):
        value = parse_time(content)
    elif tag == "$dt" and isinstance(content, str):
        value = parse_date_time(content)
    elif tag == "$r" and isinstance(content, list) and _ends_of_range(content[2:]):
        start, end = (_decode(item, depth) for item in content[:2])
        value = Range(start, end, *content[2:])
    elif (
        tag == "$c"
        and isinstance(content, list)
        and all(
            isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) for entry in content
        )
    ):
        value = {_decode_text(key): _decode(item, depth) for key, item in content}
    if value is None:
        raise ValueRefused("value.bad_json", f"{tag} does not hold such a value: {str(content)[:80]!r}.")
    return value


def _decode_text(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueRefused("value.bad_json", "The text holds half of a surrogate pair.") from None
    return text


def _decode_number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if _is_kept(number) else None


def _is_kept(number: Decimal) -> bool:
    """Whether a number lies within FEEL's exponents: written out, 1E+999999999 would fill a memory."""
    return number.is_finite() and ARITHMETIC.Etiny() <= number.adjusted() <= ARITHMETIC.Emax


def _seconds(seconds: Decimal) -> DayTimeDuration | None:
    """The duration of so many seconds; None when it is longer than FEEL's may be."""
    return make_nanos(int(ARITHMETIC.scaleb(seconds, 9))) if seconds.adjusted() < 20 else None


def _ends_of_range(flags: list[Any]) -> bool:
    """Whether a range tells of both ends if they are included, and at most how it was compared."""
    return (
        len(flags) in (2, 3)
        and all(type(flag) is bool for flag in flags[:2])
        and all(flag in ("=", "<", "<=", ">", ">=") for flag in flags[2:])
    )
