"""What the expressions of a file of cases see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from bpmn.values import Value

_ADDED = ("case", "luck", "visit")


class OutcomeScope(Mapping[str, Value]):
    """The variables of a job or task, behind `case`, `luck` and `visit`; each is looked up when asked.

    `case` is the case's id and the variables that it started with, `luck` a number from 0 to below 1 for
    this visit, `visit` its number within the case (from 1).
    """

    __slots__ = ("_case", "_luck", "_variables", "_visit")

    def __init__(
        self,
        variables: Mapping[str, Value],
        case: Mapping[str, Value],
        luck: Callable[[], Decimal],
        visit: int,
    ) -> None:
        self._variables = variables
        self._case = case
        self._luck = luck
        self._visit = visit

    def __getitem__(self, name: str) -> Value:
        if name == "case":
            return dict(self._case)
        if name == "luck":
            return self._luck()
        if name == "visit":
            return Decimal(self._visit)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*_ADDED, *self._variables}))

    def __len__(self) -> int:
        return len({*_ADDED, *self._variables})
