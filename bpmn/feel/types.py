"""FEEL's types: which values belong to one, and how a value is fitted to it (DMN 1.5, 10.3.2.9)."""

# ruff: noqa: D102 - the methods of each type do what the docstrings of `Type` say

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from bpmn.feel.operators import kind_of
from bpmn.feel.syntax import TypeName
from bpmn.feel.temporal import at_midnight
from bpmn.feel.values import Function, Range


class Type(ABC):
    """Base of all types."""

    __slots__ = ()

    @abstractmethod
    def holds(self, value: Any) -> bool:
        """Tell whether `value`, which is not null, belongs to the type."""

    def allows(self, value: Any) -> bool:
        """Tell whether `value`, which belongs to the type, is also among its allowed values."""
        return True

    def accepts(self, other: Type) -> bool:
        """Tell whether every value of `other` belongs to this type."""
        return self == other


@dataclass(frozen=True, slots=True)
class AnyType(Type):
    """Every value."""

    def holds(self, value: Any) -> bool:
        return True

    def accepts(self, other: Type) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class SimpleType(Type):
    """A type without parameters, by its kind."""

    kind: str

    def holds(self, value: Any) -> bool:
        return kind_of(value) == self.kind


@dataclass(frozen=True, slots=True)
class ListType(Type):
    """Lists whose items all belong to one type (or are null)."""

    item: Type

    def holds(self, value: Any) -> bool:
        return isinstance(value, list | tuple) and all(
            entry is None or self.item.holds(entry) for entry in value
        )

    def allows(self, value: Any) -> bool:
        return all(entry is None or self.item.allows(entry) for entry in value)

    def accepts(self, other: Type) -> bool:
        return isinstance(other, ListType) and self.item.accepts(other.item)


@dataclass(frozen=True, slots=True)
class RangeType(Type):
    """Ranges whose ends belong to one type."""

    end: Type

    def holds(self, value: Any) -> bool:
        return isinstance(value, Range) and all(
            end is None or self.end.holds(end) for end in (value.start, value.end)
        )

    def accepts(self, other: Type) -> bool:
        return isinstance(other, RangeType) and self.end.accepts(other.end)


@dataclass(frozen=True, slots=True)
class ContextType(Type):
    """Contexts that have at least these members."""

    members: tuple[tuple[str, Type], ...]

    def holds(self, value: Any) -> bool:
        return isinstance(value, dict) and all(
            name in value and (value[name] is None or kind.holds(value[name])) for name, kind in self.members
        )

    def allows(self, value: Any) -> bool:
        return all(value[name] is None or kind.allows(value[name]) for name, kind in self.members)

    def accepts(self, other: Type) -> bool:
        if not isinstance(other, ContextType):
            return False
        given = dict(other.members)
        return all(name in given and kind.accepts(given[name]) for name, kind in self.members)


@dataclass(frozen=True, slots=True)
class FunctionType(Type):
    """Functions; `parameters` None stands for functions of any shape."""

    parameters: tuple[Type, ...] | None
    result: Type

    def holds(self, value: Any) -> bool:
        if not isinstance(value, Function):
            return False
        if self.parameters is None:
            return True
        return self.accepts(value.signature)

    def accepts(self, other: Type) -> bool:
        if not isinstance(other, FunctionType):
            return False
        if self.parameters is None or other.parameters is None:
            return self.parameters is None
        # Parameters are contravariant, results covariant.
        return (
            len(self.parameters) == len(other.parameters)
            and all(
                theirs.accepts(mine) for mine, theirs in zip(self.parameters, other.parameters, strict=True)
            )
            and self.result.accepts(other.result)
        )


@dataclass(frozen=True, slots=True)
class LazyType(Type):
    """A named type that is resolved when it is first asked, so that types may refer to each other."""

    name: str
    resolve: Callable[[], Type]

    def holds(self, value: Any) -> bool:
        return self.resolve().holds(value)

    def allows(self, value: Any) -> bool:
        return self.resolve().allows(value)

    def accepts(self, other: Type) -> bool:
        return self.resolve().accepts(other)


ANY = AnyType()

_NAMED: dict[str, Type] = {
    "Any": ANY,
    "Null": SimpleType("Null"),
    "list": ListType(ANY),
    "context": ContextType(()),
    "function": FunctionType(None, ANY),
    "range": RangeType(ANY),
}
for _name in ("number", "string", "boolean", "date", "time", "date and time"):
    _NAMED[_name] = SimpleType(_name)
for _kind, _names in {
    "date and time": ("dateTime",),
    "days and time duration": ("days and time duration", "dayTimeDuration", "day time duration"),
    "years and months duration": (
        "years and months duration",
        "yearMonthDuration",
        "year month duration",
    ),
}.items():
    for _name in _names:
        _NAMED[_name] = SimpleType(_kind)


def named_type(name: str) -> Type | None:
    """Return a built-in type by its name in FEEL or in a DMN `typeRef`."""
    return _NAMED.get(name)


def resolve(written: TypeName, defined: Mapping[str, Type]) -> Type | None:
    """Return the type that is written; None when a name in it is unknown."""
    arguments = [resolve(argument, defined) for argument in written.arguments]
    if any(argument is None for argument in arguments):
        return None
    known = [argument for argument in arguments if argument is not None]
    if written.result is not None:
        result = resolve(written.result, defined)
        return None if result is None else FunctionType(tuple(known), result)
    if written.members:
        members = [(name, resolve(kind, defined)) for name, kind in written.members]
        complete = tuple((name, kind) for name, kind in members if kind is not None)
        return ContextType(complete) if len(complete) == len(members) else None
    if known:
        maker = {"list": ListType, "range": RangeType}.get(written.name)
        return maker(known[0]) if maker is not None and len(known) == 1 else None
    return defined.get(written.name) or named_type(written.name)


def fit(value: Any, target: Type) -> Any:
    """Return `value` as one of `target`; None when it does not fit.

    A list of one fits as its item, an item as a list of one, a date as its midnight (UTC).
    """
    if value is None or target is ANY:
        return value
    if target.holds(value):
        return value if target.allows(value) else None
    if isinstance(value, list | tuple):
        other = value[0] if len(value) == 1 else None
    elif kind_of(value) == "date" and not target.holds([value]):
        other = at_midnight(value, UTC)
    else:
        other = [value]
    return other if other is not None and target.holds(other) and target.allows(other) else None
