"""Reading JSON that someone else wrote: every place knows its path, and what is not understood is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias

from bpmn.feel import Expression, FeelSyntaxError, compile_expression
from bpmn.kernel.times import parse_moment, parse_span
from bpmn.simulation.errors import CasesRefused
from bpmn.values import Json, Value, ValueRefused, from_json

Given: TypeAlias = Value | Expression
"""A value that the file states, or the FEEL expression that will give it."""


def parse(content: bytes, file: str) -> Place:
    """Read JSON without loss: fractions are decimals, and no key may occur twice.

    Raises:
        CasesRefused: `cases.not-json` or `cases.duplicate-key`.
    """
    try:
        data = json.loads(
            content.decode(),
            parse_float=lambda text: {"$n": text},
            parse_constant=_no_number,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError) as wrong:
        raise CasesRefused(
            "cases.not-json", f"The file is no JSON: {wrong}.", where=file, hint="Correct it there."
        ) from wrong
    return Place(data, "")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise CasesRefused(
            "cases.duplicate-key",
            f"The key {twice!r} stands twice in one object.",
            where=twice,
            hint="Remove one of them.",
        )
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """JSON data with the path to it."""

    data: Json
    path: str

    def refuse(self, message: str, hint: str, code: str = "cases.malformed") -> CasesRefused:
        """The error that something here is wrong."""
        return CasesRefused(code, message, where=self.path or "the file", hint=hint)

    def fields(self, *allowed: str) -> dict[str, Place]:
        """The members of an object that may have these and no others."""
        found = self.members()
        for name, place in found.items():
            if name not in allowed:
                raise place.refuse(
                    f"{name!r} means nothing here.", f"Use {', '.join(allowed)}.", "cases.unknown-key"
                )
        return found

    def members(self) -> dict[str, Place]:
        """The members of an object with any names."""
        if not isinstance(self.data, dict):
            raise self.refuse("This is no object.", "Write {…}.")
        prefix = f"{self.path}." if self.path else ""
        return {name: Place(each, f"{prefix}{name}") for name, each in self.data.items()}

    def items(self) -> Iterator[Place]:
        """The items of a list."""
        if not isinstance(self.data, list):
            raise self.refuse("This is no list.", "Write […].")
        for number, each in enumerate(self.data):
            yield Place(each, f"{self.path}[{number}]")

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.data, str) or not self.data:
            raise self.refuse("This is no text.", 'Write "…".')
        return self.data

    def whole(self, least: int, most: int) -> int:
        """A whole number between two bounds."""
        if type(self.data) is not int or not least <= self.data <= most:
            raise self.refuse(f"This is no whole number from {least} to {most}.", "Write one without quotes.")
        return self.data

    def number(self) -> Decimal:
        """A decimal number."""
        value = self.value()
        if not isinstance(value, Decimal):
            raise self.refuse("This is no number.", "Write one without quotes.")
        return value

    def value(self) -> Value:
        """Any value of a variable, as `bpmn.values` writes it; JSON fractions are decimals."""
        try:
            return from_json(self.data)
        except ValueRefused as wrong:
            raise self.refuse(
                wrong.message, wrong.hint or "Write values as in the states of cases."
            ) from wrong

    def given(self) -> Given:
        """A value, or what a text that begins with `=` says in FEEL."""
        if not isinstance(self.data, str) or not self.data.startswith("="):
            self._no_expression_inside(self.data)
            return self.value()
        try:
            return compile_expression(self.data[1:])
        except FeelSyntaxError as wrong:
            raise self.refuse(
                f"The expression cannot be read: {wrong.message}", wrong.hint or "Correct it.", wrong.code
            ) from wrong

    def _no_expression_inside(self, data: Json) -> None:
        inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
        for each in inner:
            if isinstance(each, str) and each.startswith("="):
                raise self.refuse(
                    f"The expression {each!r} stands inside a value, where it would not be evaluated.",
                    'Write the whole value as one expression, such as "={amount: case.amount}".',
                    "cases.expression-inside",
                )
            self._no_expression_inside(each)

    def duration(self) -> timedelta:
        """An ISO 8601 duration of clock time that does not lead backwards."""
        try:
            span = parse_span(self.text())
        except ValueError as wrong:
            raise self.refuse(f"{wrong}.", "Write a duration such as PT2H or P3D.") from wrong
        if span.months or span.clock < timedelta(0):
            raise self.refuse(
                f"{self.data} has no fixed length.", "Write days, hours, minutes and seconds, not negative."
            )
        return span.clock

    def moment(self) -> datetime:
        """A point in time with its offset."""
        try:
            return parse_moment(self.text())
        except ValueError as wrong:
            raise self.refuse(f"{wrong}.", "Write a time such as 2026-03-02T09:00:00Z.") from wrong


def value_of(given: Given, scope: Mapping[str, Value], now: datetime) -> Value:
    """The value; an expression sees `scope`, and null where nothing is, as in a model. Raises FeelError."""
    if isinstance(given, Expression):
        return given.evaluate(scope, now=now, strict=False)
    return given
