"""What an evaluation carries along: the time, the work left, and the frames of names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from bpmn.feel.errors import FeelError, Place
from bpmn.feel.limits import Limits, exceeded
from bpmn.feel.values import Function


class Run:
    """One evaluation: its injected time, its policy for unknown variables, and what work is left."""

    __slots__ = ("frames", "limits", "now", "steps", "strict")

    def __init__(self, now: dt.datetime, limits: Limits, *, strict: bool) -> None:
        self.now = now
        self.limits = limits
        self.strict = strict
        self.steps = limits.steps
        self.frames = 0

    def spend(self, steps: int) -> None:
        """Charge `steps` of work."""
        self.steps -= steps
        if self.steps < 0:
            raise exceeded(f"{self.limits.steps:,} steps")

    def check_text(self, length: int) -> None:
        """Charge for a string of `length` characters and refuse one that is too long."""
        if length > self.limits.text:
            raise exceeded(f"{self.limits.text:,} characters in a string")
        self.spend(length >> 6)

    def check_items(self, count: int) -> None:
        """Charge for a list of `count` items and refuse one that is too long."""
        if count > self.limits.items:
            raise exceeded(f"{self.limits.items:,} items in a list")
        self.spend(count)

    def unknown(self, name: str, place: Place | None) -> None:
        """Answer for a variable that nothing defines: null, or an error where that hides mistakes."""
        if self.strict:
            raise FeelError(
                "feel.unknown_variable",
                f"There is no variable {name!r} here.",
                where=name,
                hint="Check the spelling, or set the variable before this point is reached.",
            ).at(place)


class Frame:
    """The names of one scope: a mapping (variables, a context, an item) or a list of slots."""

    __slots__ = ("parent", "run", "values")

    def __init__(self, values: Any, parent: Frame | None, run: Run) -> None:
        self.values = values
        self.parent = parent
        self.run = run


#: A compiled expression.
Code: TypeAlias = Callable[[Frame], Any]


class Invocable(Function):
    """A function that FEEL can call."""

    __slots__ = ()

    parameters: tuple[str, ...] = ()

    def call(self, run: Run, arguments: Sequence[Any]) -> Any:
        """Return the result for arguments by position; None when they do not fit."""
        raise NotImplementedError

    def call_named(self, run: Run, names: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Return the result for arguments by name; None when they do not fit."""
        given = dict(zip(names, arguments, strict=True))
        if len(given) != len(names) or set(given) != set(self.parameters):
            return None
        return self.call(run, [given[name] for name in self.parameters])
