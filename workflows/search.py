"""Searching cases: what can be asked for, and how a condition on a variable is written in one word.

Answers come from the read model that the bursts themselves write, so what one client wrote is found by the
next call. Variables are those of `workflows.searchable`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from core import InvalidInput
from workflows.searchable import LONGEST_TEXT

STATES = ("running", "waiting", "incident", "completed", "cancelled", "failed")
MOST_TESTS = 10
MOST_VALUES = 100

SearchValue: TypeAlias = str | Decimal | bool | datetime

_TEST = re.compile(r"(?P<name>[^=<>!^]+)((?P<op>!=|<=|>=|\^=|=|<|>)(?P<value>.*))?", re.DOTALL)
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,20})?", re.ASCII)


class Op(Enum):
    """How a variable is compared. A value of another kind, or no value, fits no comparison."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    IN = "in"
    PREFIX = "^="
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class VariableTest:
    """A condition on a variable: its name (`offer.amount` for an entry of a context), and what it must be.

    `values` holds one value, none for EXISTS, and for IN any number of one kind. Texts are compared by the
    code points of their characters.

    Raises:
        InvalidInput: `search.values_wrong`, `search.kind_wrong` or `search.text_too_long`.
    """

    name: str
    op: Op
    values: tuple[SearchValue, ...] = ()

    def __post_init__(self) -> None:
        where = f"variables.{self.name}"
        fits = {
            Op.EXISTS: not self.values,
            Op.IN: 1 <= len(self.values) <= MOST_VALUES and len({_kind(each) for each in self.values}) == 1,
        }.get(self.op, len(self.values) == 1)
        if not fits:
            raise InvalidInput(
                "search.values_wrong",
                f"{self.op.name} does not take these values.",
                where=where,
                hint=f"EXISTS takes none, IN 1 to {MOST_VALUES} of one kind, all others exactly one.",
            )
        for value in self.values:
            ordered = self.op in (Op.LT, Op.LE, Op.GT, Op.GE)
            if (ordered and isinstance(value, bool)) or (self.op is Op.PREFIX and not isinstance(value, str)):
                raise InvalidInput(
                    "search.kind_wrong",
                    f"{self.op.name} does not compare such a value.",
                    where=where,
                    hint="A prefix is a text; true and false have no order.",
                )
            if isinstance(value, str) and len(value) > LONGEST_TEXT:
                raise InvalidInput(
                    "search.text_too_long",
                    f"Texts of more than {LONGEST_TEXT} characters are not searched.",
                    where=where,
                )

    @property
    def kind(self) -> str:
        """The kind of the values: text, number, boolean or moment."""
        return _kind(self.values[0])


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What the cases must be; what is left out does not matter.

    Attributes:
        states: Any of `STATES`.
        product: The key of the process.
        version: The version of the process, with `product`.
        element: The case holds a token there.
        business_key: How the business key begins.
        variables: Conditions that must all hold.
        started_from: Business time, itself included.
        started_before: Business time, itself not included.
        ended_from: As for the start; only cases that have ended.
        ended_before: As for the start; only cases that have ended.
        has_incident: Whether an incident is open.
        incident_code: An incident with this code is open.
        overdue: Whether an open task is past its due date, by the case's own clock.

    Raises:
        InvalidInput: `search.state_unknown`, `search.version_alone` or `search.too_much`.
    """

    states: Sequence[str] = ()
    product: str | None = None
    version: int | None = None
    element: str | None = None
    business_key: str | None = None
    variables: Sequence[VariableTest] = field(default=())
    started_from: datetime | None = None
    started_before: datetime | None = None
    ended_from: datetime | None = None
    ended_before: datetime | None = None
    has_incident: bool | None = None
    incident_code: str | None = None
    overdue: bool | None = None

    def __post_init__(self) -> None:
        for state in self.states:
            if state not in STATES:
                raise InvalidInput(
                    "search.state_unknown",
                    f"There is no state {state!r}.",
                    where="states",
                    hint=f"Use one of {', '.join(STATES)}.",
                )
        if self.version is not None and self.product is None:
            raise InvalidInput(
                "search.version_alone",
                "A version says nothing without its process.",
                where="version",
                hint="Name the process, too.",
            )
        if self.version is not None and not 0 <= self.version < 2**31:
            raise InvalidInput("search.version_invalid", "There is no such version.", where="version")
        if len(self.variables) > MOST_TESTS:
            raise InvalidInput(
                "search.too_much",
                f"One search takes at most {MOST_TESTS} conditions on variables.",
                where="variables",
            )


def read_test(text: str) -> VariableTest:
    """Read a condition on a variable from one word: `amount>=1000`, `buyer^=Nord`, `urgent=true`, `offer`.

    A name alone asks whether the variable is there. What looks like a number, a date, a date-time, `true` or
    `false` is one; in double quotes it is a text.

    Raises:
        InvalidInput: `search.test_invalid`, and what `VariableTest` raises.
    """
    parts = _TEST.fullmatch(text)
    if parts is None:
        raise InvalidInput(
            "search.test_invalid",
            f"{text!r} is no condition on a variable.",
            hint="Write a name, one of = != < <= > >= ^= and a value, such as 'amount>=1000'.",
        )
    name = parts["name"].strip()
    if parts["op"] is None:
        return VariableTest(name, Op.EXISTS)
    op = Op(parts["op"])
    written = parts["value"].strip()
    value = written if op is Op.PREFIX else _value(written)
    return VariableTest(name, op, (value,))


def midnight(day: date) -> datetime:
    """Return the moment that stands for a date: its midnight in UTC."""
    return datetime.combine(day, time(), UTC)


def _value(text: str) -> SearchValue:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _kind(value: SearchValue) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, Decimal) else "moment"
