"""Makes the contract's types and fields from classes and methods, with their docstrings as descriptions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast, dataclass_transform

import strawberry

C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def output(cls: C) -> C:
    """Make an object type of a class."""
    return strawberry.type(cls, description=inspect.getdoc(cls))


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def interface(cls: C) -> C:
    """Make an interface of a class."""
    return strawberry.interface(cls, description=inspect.getdoc(cls))


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def argument(cls: C) -> C:
    """Make an input type of a class."""
    return strawberry.input(cls, description=inspect.getdoc(cls))


def enum(cls: C) -> C:
    """Make an enum type of an enum."""
    return cast("C", strawberry.enum(cls, description=inspect.getdoc(cls)))  # type: ignore[call-overload]


def resolved(resolver: F) -> F:
    """Make a field of a method that resolves it."""
    return cast("F", strawberry.field(resolver, description=inspect.getdoc(resolver)))


def mutation(resolver: F) -> F:
    """Make a mutation of a method that performs it."""
    return cast("F", strawberry.mutation(resolver, description=inspect.getdoc(resolver)))
