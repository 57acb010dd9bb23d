"""What a person may answer: the fields of a task's form, read strictly into FEEL values.

Only fields of the form enter the case, so nobody can set a variable that the analyst did not offer.
The schema is form-js's; the field kinds read here are those that carry a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from bpmn.values import Value
from core import InvalidInput

_CONTAINERS = frozenset({"group"})
_LONGEST_TEXT = 4000
# No exponent, so that no number grows when it is written out; the size that documents may state, too.
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?", re.ASCII)


def read_answers(form: Mapping[str, Any] | None, answers: Mapping[str, Any]) -> dict[str, Value]:
    """Return the answers as variables.

    Args:
        form: the form-js schema, or None for a task that asks nothing.
        answers: field key → JSON value; numbers are integers or decimal strings.

    Raises:
        InvalidInput: `task.answer_unknown`, `task.answer_missing` or `task.answer_invalid`, naming the field.
    """
    fields = {field["key"]: field for field in _fields(form)} if form else {}
    for name in answers:
        if name not in fields:
            raise InvalidInput(
                "task.answer_unknown",
                f"The form does not ask for {name!r}.",
                where=f"variables.{name}",
                hint=f"It asks for {', '.join(fields) or 'nothing'}.",
            )
    return {
        name: value
        for name, field in fields.items()
        if (value := _read(name, field, answers.get(name))) is not None
    }


def _fields(component: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for child in component.get("components", ()):
        if child.get("type") in _CONTAINERS:
            yield from _fields(child)
        elif child.get("type") in _READERS and "key" in child and not child.get("readonly"):
            yield child


def _read(name: str, field: Mapping[str, Any], answer: Any) -> Value:
    rules = field.get("validate", {})
    if answer is None or answer == "":
        if rules.get("required"):
            raise InvalidInput(
                "task.answer_missing",
                f"{field.get('label', name)} is required.",
                where=f"variables.{name}",
            )
        return None
    return _READERS[field["type"]](name, field, answer)


def _text(name: str, field: Mapping[str, Any], answer: Any) -> Value:
    limit = field.get("validate", {}).get("maxLength", _LONGEST_TEXT)
    if not isinstance(answer, str) or len(answer) > limit:
        raise _invalid(name, f"must be a text of at most {limit} characters")
    return answer


def _number(name: str, field: Mapping[str, Any], answer: Any) -> Value:
    if isinstance(answer, bool) or not isinstance(answer, int | str):
        raise _invalid(name, 'must be a whole number or a decimal string such as "90.00"')
    if not _NUMBER.fullmatch(str(answer)):
        raise _invalid(name, "must be a plain number of at most 15 digits and 10 places")
    number = Decimal(answer)
    rules = field.get("validate", {})
    if "min" in rules and number < Decimal(str(rules["min"])):
        raise _invalid(name, f"must be at least {rules['min']}")
    if "max" in rules and number > Decimal(str(rules["max"])):
        raise _invalid(name, f"must be at most {rules['max']}")
    return number


def _choice(name: str, field: Mapping[str, Any], answer: Any) -> Value:
    choices = [choice["value"] for choice in field.get("values", ())]
    if answer not in choices:
        raise _invalid(name, f"must be one of {', '.join(map(str, choices))}")
    return str(answer)


def _flag(name: str, field: Mapping[str, Any], answer: Any) -> Value:
    if not isinstance(answer, bool):
        raise _invalid(name, "must be true or false")
    return answer


def _day(name: str, field: Mapping[str, Any], answer: Any) -> Value:
    try:
        return date.fromisoformat(answer)
    except (TypeError, ValueError):
        raise _invalid(name, "must be a date such as 2026-11-23") from None


_READERS: Mapping[str, Callable[[str, Mapping[str, Any], Any], Value]] = {
    "textfield": _text,
    "textarea": _text,
    "number": _number,
    "radio": _choice,
    "select": _choice,
    "checkbox": _flag,
    "datetime": _day,
}


def _invalid(name: str, expected: str) -> InvalidInput:
    return InvalidInput("task.answer_invalid", f"{name} {expected}.", where=f"variables.{name}")
