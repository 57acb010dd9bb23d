"""A card's JSON, read field by field: whatever is not of its type is refused with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

from core.errors import InvalidInput

_MAX_EXPONENT: Final = 40  # a card of a few bytes must not print as gigabytes of zeros
_T = TypeVar("_T")


class Node:
    """A JSON object and its place.

    Each reading raises `scoring.card_invalid` where the field is not what is asked for.
    """

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise invalid(path, "an object is needed")
        self.value: Mapping[str, object] = value
        self.path = path

    def field(self, name: str, kind: type[_T]) -> _T:
        """Return a field of exactly this type."""
        value = self.value.get(name)
        if type(value) is not kind:
            raise invalid(self._at(name), f"a {kind.__name__} is needed")
        return value

    def is_null(self, name: str) -> bool:
        """Tell whether a field stands there and is null."""
        return name in self.value and self.value[name] is None

    def child(self, name: str) -> Node:
        """Return an object within."""
        return Node(self.value.get(name), self._at(name))

    def each(self, name: str, read: Callable[[Node], _T]) -> tuple[_T, ...]:
        """Read every object of a list."""
        items = self.field(name, list)
        return tuple(read(Node(item, f"{self._at(name)}[{i}]")) for i, item in enumerate(items))

    def decimal(self, name: str) -> Decimal:
        """Return a decimal, which is written as text."""
        return _decimal(self.field(name, str), self._at(name))

    def perhaps(self, name: str) -> Decimal | None:
        """Return a decimal, or None for null."""
        return None if self.is_null(name) else self.decimal(name)

    def matrix(self, name: str) -> tuple[tuple[Decimal, ...], ...]:
        """Return lists of decimals."""
        return tuple(
            tuple(_decimal(number, f"{self._at(name)}[{i}][{j}]") for j, number in enumerate(row))
            for i, row in enumerate(self.lists(name))
        )

    def decimals(self, name: str) -> tuple[Decimal, ...]:
        """Return a list of decimals."""
        return tuple(
            _decimal(item, f"{self._at(name)}[{i}]") for i, item in enumerate(self.field(name, list))
        )

    def lists(self, name: str) -> list[list[object]]:
        """Return a list of lists of whatever they hold."""
        rows = self.field(name, list)
        for i, row in enumerate(rows):
            if type(row) is not list:
                raise invalid(f"{self._at(name)}[{i}]", "a list is needed")
        return rows

    def texts(self, name: str) -> tuple[tuple[str, ...], ...]:
        """Return lists of texts."""
        groups = self.lists(name)
        for i, group in enumerate(groups):
            if not all(type(value) is str for value in group):
                raise invalid(f"{self._at(name)}[{i}]", "a list of texts is needed")
        return tuple(tuple(str(value) for value in group) for group in groups)

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _decimal(value: object, where: str) -> Decimal:
    try:
        number = Decimal(value) if type(value) is str else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        raise invalid(where, "a finite decimal of ordinary size, as text, is needed")
    return number


def invalid(where: str, why: str) -> InvalidInput:
    """Return the error that a file is not a card, with the place and why."""
    return InvalidInput(
        "scoring.card_invalid",
        f"This is not a card that can be scored with: {why}.",
        where=where or "the card",
        hint="Train it again with `scf score train`.",
    )
