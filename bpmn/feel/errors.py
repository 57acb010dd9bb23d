"""What can go wrong with an expression.

    FeelError             evaluation stopped: `feel.unknown_variable`, `feel.limit`, `feel.bad_value`
    └── FeelSyntaxError   the text is no FEEL: `feel.syntax`, `feel.too_long`, `feel.too_deep`

An operation that has no result (a string minus a number, say) is no error in FEEL: it yields null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from bpmn.errors import BpmnError

_AROUND = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A position, in characters from 0, in the text of an expression."""

    text: str
    position: int

    @property
    def line(self) -> int:
        """The line, from 1."""
        return self.text.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int:
        """The column within the line, from 1."""
        return self.position - self.text.rfind("\n", 0, self.position)

    @property
    def excerpt(self) -> str:
        """What of the line is around the position, and below it a caret that points there."""
        begin = self.position - self.column + 1
        end = self.text.find("\n", self.position)
        first = max(begin, self.position - 2 * _AROUND)
        last = min(len(self.text) if end < 0 else end, self.position + 2 * _AROUND)
        shown = self.text[first:last].replace("\t", " ")
        return f"{shown}\n{' ' * (self.position - first)}^"

    def __str__(self) -> str:
        around = self.text[max(0, self.position - _AROUND) : self.position + _AROUND]
        return f"line {self.line}, column {self.column}: {' '.join(around.split())!r}"


class FeelError(BpmnError):
    """The expression was given up; it has no value. `where` tells line, column and the text around it."""

    place: Place | None = None

    def at(self, place: Place | None) -> Self:
        """Tell where the error arose, unless that is known already: what is further inside is more exact."""
        if self.place is None and place is not None:
            self.place, self.where = place, str(place)
        return self

    @property
    def excerpt(self) -> str:
        """The line of the expression with a caret below the place, "" when the place is not known."""
        return "" if self.place is None else self.place.excerpt


class FeelSyntaxError(FeelError):
    """The text is not a FEEL expression."""
