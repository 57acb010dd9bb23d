"""What the rules of a form may rest on: what the task shows, and what has been answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bpmn.feel import FeelError, compile_expression
from bpmn.values import Value

# The rules of a field that are numbers.
BOUNDS = frozenset({"min", "max", "minLength", "maxLength"})


@dataclass(frozen=True, slots=True)
class Context:
    """The variables that expressions see, and the business time."""

    variables: Mapping[str, Value]
    now: datetime

    def evaluate(self, text: str) -> Value:
        """Return the value of an expression that begins with `=`; null when it has none."""
        try:
            return compile_expression(text[1:]).evaluate(self.variables, now=self.now, strict=False)
        except FeelError:
            return None

    def holds(self, setting: Any) -> bool:
        """Tell whether a setting is on: true itself, or an expression that is true."""
        return (self.evaluate(setting) if is_expression(setting) else setting) is True

    def rules(self, field: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a field's rules, with the values of those that are expressions.

        A bound that comes out as no number bounds nothing, as in the browser.
        """
        rules: dict[str, Any] = {}
        for name, rule in (field.get("validate") or {}).items():
            value = self.evaluate(rule) if is_expression(rule) else rule
            if name in BOUNDS:
                value = number_of(value)
            if value is not None:
                rules[name] = value
        return rules

    def choices(self, field: Mapping[str, Any]) -> list[Value]:
        """Return what may be chosen: listed in the form, in a variable, or by an expression."""
        if "values" in field:
            found: Any = field["values"]
        elif "valuesKey" in field:
            found = self.variables
            for part in field["valuesKey"].split("."):
                found = found.get(part) if isinstance(found, Mapping) else None
        else:
            found = self.evaluate(field["valuesExpression"]) if "valuesExpression" in field else None
        choices = found if isinstance(found, list | tuple) else ()
        return [
            _exact(choice["value"] if isinstance(choice, Mapping) and "value" in choice else choice)
            for choice in choices
        ]


def is_expression(setting: Any) -> bool:
    """Tell whether a setting of a form is an expression."""
    return isinstance(setting, str) and setting.startswith("=")


def number_of(value: Any) -> Decimal | None:
    """Return a number of a form's JSON, or of an expression, exactly; None when it is none."""
    is_number = isinstance(value, Decimal | int | float) and not isinstance(value, bool)
    return Decimal(str(value)) if is_number else None


def _exact(choice: Any) -> Value:
    """Return a choice of the form's JSON as a FEEL value."""
    number = number_of(choice)
    value: Value = choice if number is None else number
    return value
