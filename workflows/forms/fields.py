"""How one field of a form-js schema is read: by its kind, and by the rules that the analyst gave it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from bpmn.feel import FeelError, compile_expression
from bpmn.feel.temporal import parse_date_time, parse_time
from bpmn.values import Value
from core import InvalidInput
from workflows.forms.context import Context
from workflows.plain import plain

LONGEST_TEXT = 4000
# No exponent, so that no number grows when it is written out; the size that documents may state, too.
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?", re.ASCII)
_TEXT_KINDS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "email": (re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+"), "an e-mail address"),
    "phone": (re.compile(r"(\+|00)\d{4,20}", re.ASCII), "a telephone number such as +4930123456"),
}
# form-js writes hours and minutes; FEEL reads seconds, too.
_NO_SECONDS = re.compile(r"^((?:[^T]*T)?\d{2}:\d{2})(?!:)", re.ASCII)
# No pattern asks for the time.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# XPath's regular expressions, in linear time: whoever wrote the pattern cannot stop the platform with it.
_MATCHES = compile_expression("matches(text, pattern)")

Place = str
Reader = Callable[[Place, Mapping[str, Any], Any, Context], Value]


def is_empty(answer: Any) -> bool:
    """Tell whether nothing was answered."""
    return answer is None or answer == "" or answer == []


def is_missing(field: Mapping[str, Any], answer: Any) -> bool:
    """Tell whether a required field lacks its answer; a box that must be ticked lacks it while it is not."""
    return is_empty(answer) or (field["type"] == "checkbox" and answer is False)


def pattern_works(pattern: Any) -> bool:
    """Tell whether a pattern can be matched at all."""
    return isinstance(pattern, str) and _matched("", pattern) is not None


def matches(text: str, pattern: str) -> bool:
    """Tell whether a pattern matches somewhere in a text. One that cannot be matched matches nothing."""
    return _matched(text, pattern) is True


def _matched(text: str, pattern: str) -> Value:
    """Return whether a pattern matches, None when it is no pattern."""
    try:
        return _MATCHES.evaluate({"text": text, "pattern": pattern}, now=_NEVER)
    except FeelError:  # more work than an evaluation may do
        return None


def _text(place: Place, field: Mapping[str, Any], answer: Any, context: Context) -> Value:
    rules = context.rules(field)
    most = rules.get("maxLength", LONGEST_TEXT)
    if not isinstance(answer, str) or len(answer) > max(most, LONGEST_TEXT) or len(answer.strip()) > most:
        raise invalid(place, f"must be a text of at most {most} characters")
    if len(answer.strip()) < rules.get("minLength", 0):
        raise invalid(place, f"must have at least {rules['minLength']} characters")
    if rules.get("pattern") and not matches(answer, rules["pattern"]):
        raise invalid(place, f"must match the pattern {rules['pattern']}")
    kind = _TEXT_KINDS.get(rules.get("validationType", ""))
    if kind is not None and not kind[0].fullmatch(answer.strip()):
        raise invalid(place, f"must be {kind[1]}")
    return answer


def _number(place: Place, field: Mapping[str, Any], answer: Any, context: Context) -> Value:
    if isinstance(answer, bool) or not isinstance(answer, int | str):
        raise invalid(place, 'must be a whole number or a decimal string such as "90.00"')
    if not _NUMBER.fullmatch(str(answer)):
        raise invalid(place, "must be a plain number of at most 15 digits and 10 places")
    number = Decimal(answer)
    rules = context.rules(field)
    if "min" in rules and number < rules["min"]:
        raise invalid(place, f"must be at least {rules['min']}")
    if "max" in rules and number > rules["max"]:
        raise invalid(place, f"must be at most {rules['max']}")
    places = field.get("decimalDigits")
    if isinstance(places, int) and number != round(number, places):
        raise invalid(place, f"must have at most {places} decimal places")
    return number


def _choice(place: Place, field: Mapping[str, Any], answer: Any, context: Context) -> Value:
    choices = context.choices(field)
    for choice in choices:
        if _is(choice, answer):
            return choice
    raise invalid(place, f"must be one of {', '.join(str(plain(choice)) for choice in choices)}")


def _is(choice: Value, answer: Any) -> bool:
    """Tell whether an answer names a choice; a number may come as an integer, and true is not 1."""
    if isinstance(answer, bool) or isinstance(choice, bool):
        return answer is choice
    return bool(plain(choice) == (str(answer) if isinstance(answer, int) else answer))


def _choices(place: Place, field: Mapping[str, Any], answer: Any, context: Context) -> Value:
    if not isinstance(answer, list):
        raise invalid(place, "must be a list")
    chosen = [_choice(f"{place}[{number}]", field, each, context) for number, each in enumerate(answer)]
    if any(choice in chosen[:number] for number, choice in enumerate(chosen)):
        raise invalid(place, "names one choice twice")
    return chosen


def _flag(place: Place, field: Mapping[str, Any], answer: Any, context: Context) -> Value:
    if not isinstance(answer, bool):
        raise invalid(place, "must be true or false")
    return answer


def _moment(place: Place, field: Mapping[str, Any], answer: Any, context: Context) -> Value:
    subtype = field.get("subtype", "date")
    value = _READ_MOMENT.get(subtype, _day)(answer) if isinstance(answer, str) else None
    if value is None:
        raise invalid(place, f"must be {_EXAMPLES.get(subtype, _EXAMPLES['date'])}")
    if field.get("disallowPassedDates") and isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        if day < context.now.date():
            raise invalid(place, "must not have passed")
    return value


_EXAMPLES: Mapping[str, str] = {
    "date": "a date such as 2026-11-23",
    "time": "a time such as 09:30",
    "datetime": "a time such as 2026-11-23T09:30:00Z",
}


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _time(text: str) -> time | None:
    value = parse_time(_NO_SECONDS.sub(r"\1:00", text))
    return value if isinstance(value, time) else None


def _date_time(text: str) -> datetime | None:
    value = parse_date_time(_NO_SECONDS.sub(r"\1:00", text))
    return value if isinstance(value, datetime) else None


_READ_MOMENT: Mapping[str, Callable[[str], Value]] = {"time": _time, "datetime": _date_time}


READERS: Mapping[str, Reader] = {
    "textfield": _text,
    "textarea": _text,
    "number": _number,
    "radio": _choice,
    "select": _choice,
    "checklist": _choices,
    "taglist": _choices,
    "checkbox": _flag,
    "datetime": _moment,
}


def invalid(place: Place, expected: str) -> InvalidInput:
    """Return the refusal of an answer."""
    return InvalidInput("task.answer_invalid", f"{place.removeprefix('variables.')} {expected}.", where=place)
