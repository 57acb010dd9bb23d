"""A search filter as JSON data, for commands that keep which cases they are about.

No floats: numbers are decimal texts, moments RFC 3339, each value beside its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core import InvalidInput
from workflows.search import CaseFilter, Op, SearchValue, VariableTest

_MOMENTS = frozenset({"started_from", "started_before", "ended_from", "ended_before"})


def filter_to_json(wanted: CaseFilter) -> dict[str, Any]:
    """Return what is asked for; what does not matter is left out."""
    document: dict[str, Any] = {}
    for each in fields(wanted):
        value = getattr(wanted, each.name)
        if value is None or value == () or value == []:
            continue
        if each.name == "variables":
            document[each.name] = [_test_to_json(test) for test in value]
        elif each.name in _MOMENTS:
            document[each.name] = value.astimezone(UTC).isoformat()
        else:
            document[each.name] = list(value) if each.name == "states" else value
    return document


def filter_from_json(document: Mapping[str, Any]) -> CaseFilter:
    """Read what `filter_to_json` wrote.

    Raises:
        InvalidInput: `search.filter_invalid`, and a code of `search.…` from the filter itself.
    """
    known = {each.name for each in fields(CaseFilter)}
    for name in document:
        if name not in known:
            raise _invalid(name, "is none of a search")
    given = {name: _read(name, value) for name, value in document.items()}
    return CaseFilter(**given)


def _read(name: str, value: Any) -> Any:
    if name == "variables" and isinstance(value, list):
        return tuple(_test_from_json(each) for each in value)
    if name == "states" and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    if name in _MOMENTS:
        return _moment(name, value)
    wanted: type = {"version": int, "has_incident": bool, "overdue": bool}.get(name, str)
    if name in ("variables", "states") or type(value) is not wanted:
        raise _invalid(name, "has not the kind that it takes")
    return value


def _test_to_json(test: VariableTest) -> dict[str, Any]:
    return {
        "name": test.name,
        "op": test.op.name,
        **({"kind": test.kind, "values": [_text(value) for value in test.values]} if test.values else {}),
    }


def _test_from_json(document: Any) -> VariableTest:
    match document:
        case {"name": str(name), "op": str(op), "kind": str(kind), "values": list(texts), **rest}:
            values = tuple(_value(kind, text) for text in texts)
        case {"name": str(name), "op": str(op), **rest}:
            values = ()
        case _:
            raise _invalid("variables", "holds what is no condition")
    if rest or op not in Op.__members__:
        raise _invalid("variables", "holds what is no condition")
    return VariableTest(name, Op[op], values)


def _text(value: SearchValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _value(kind: str, text: Any) -> SearchValue:
    if not isinstance(text, str):
        raise _invalid("variables", "has values that are no texts")
    match kind:
        case "text":
            return text
        case "boolean" if text in ("true", "false"):
            return text == "true"
        case "number":
            try:
                number = Decimal(text)
            except InvalidOperation:
                raise _invalid("variables", f"has {text!r} for a number") from None
            if number.is_finite():
                return number
        case "moment":
            return _moment("variables", text)
    raise _invalid("variables", f"has {text!r} for a {kind}")


def _moment(name: str, text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise _invalid(name, "has what is no time with its zone")


def _invalid(name: str, what: str) -> InvalidInput:
    return InvalidInput(
        "search.filter_invalid", f"The filter's {name} {what}.", where=f"payload.filter.{name}"
    )
