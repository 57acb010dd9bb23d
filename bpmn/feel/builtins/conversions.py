"""Conversions and negation (DMN 1.5, 10.3.4.1 and 10.3.4.2)."""

# ruff: noqa: D103 - each function is declared by its signature in FEEL; the standard describes it

from __future__ import annotations

import re
from decimal import Decimal, DecimalException
from typing import Any

from bpmn.feel.builtins.registry import builtin
from bpmn.feel.limits import exceeded
from bpmn.feel.operators import ARITHMETIC, kind_of
from bpmn.feel.runtime import Run
from bpmn.feel.temporal import format_duration, format_temporal
from bpmn.feel.values import MAX_DEPTH, DayTimeDuration, Range, YearMonthDuration

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")


@builtin("not", "negand: Any")
def not_(run: Run, negand: Any) -> bool | None:
    return not negand if type(negand) is bool else None


@builtin("number", "from: Any")
def number(run: Run, text: Any) -> Decimal | None:
    if type(text) is Decimal:
        return text
    return _read(text) if type(text) is str else None


@builtin("number", "from: string", "grouping separator: string?", "decimal separator: string?")
def number_with_separators(run: Run, text: str, grouping: str | None, point: str | None) -> Decimal | None:
    if (
        grouping not in (None, " ", ",", ".")
        or point not in (None, ",", ".")
        or (grouping and grouping == point)
    ):
        return None
    if grouping:
        text = text.replace(grouping, "")
    if point:
        text = text.replace(point, ".")
    return _read(text)


def _read(text: str) -> Decimal | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return ARITHMETIC.create_decimal(text)
    except DecimalException:
        return None


@builtin("string", "from: Any")
def string(run: Run, value: Any) -> str | None:
    return None if value is None else value if type(value) is str else to_text(run, value)


def to_text(run: Run, value: Any, depth: int = 0) -> str:
    """Return the text of any value, as it would be written in FEEL where it has a literal form."""
    run.spend(1)
    if depth > MAX_DEPTH:
        raise exceeded(f"{MAX_DEPTH} levels of nesting in a value")
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is Decimal:
        return f"{value:f}"
    if type(value) is str:
        return _quoted(value)
    if isinstance(value, list | tuple):
        return _checked(run, f"[{', '.join(to_text(run, item, depth + 1) for item in value)}]")
    if isinstance(value, dict):
        entries = (f"{_key(key)}: {to_text(run, item, depth + 1)}" for key, item in value.items())
        return _checked(run, f"{{{', '.join(entries)}}}")
    if isinstance(value, Range):
        return _range_text(run, value, depth)
    if isinstance(value, YearMonthDuration | DayTimeDuration):
        return format_duration(value)
    if kind_of(value) == "function":
        return f"function({', '.join(getattr(value, 'parameters', ()))})"
    return format_temporal(value)


def _range_text(run: Run, value: Range, depth: int) -> str:
    if value.comparison is not None:
        end = value.end if value.start is None or value.comparison == "=" else value.start
        return f"{value.comparison} {to_text(run, end, depth + 1)}"
    start, end = to_text(run, value.start, depth + 1), to_text(run, value.end, depth + 1)
    return f"{'[' if value.start_included else '('}{start}..{end}{']' if value.end_included else ')'}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _key(key: str) -> str:
    return key if key.replace(" ", "_").isidentifier() else _quoted(key)


def _checked(run: Run, text: str) -> str:
    run.check_text(len(text))
    return text
