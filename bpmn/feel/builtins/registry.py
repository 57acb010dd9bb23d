"""How the built-in functions are declared.

    @builtin("substring", "string: string", "start position: number", "length?: number")
    def substring(run, string, start, length): ...

declares one overload. `name?` may be left out (the body sees None), a type that ends in `?` takes null too,
and a last `*name` takes any number of items (or, when it is the only parameter, one list). Arguments that fit
no overload give null, as the standard asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from bpmn.feel.functions import Builtin, Overload, Parameter
from bpmn.feel.types import ANY, ListType, named_type

Body = TypeVar("Body", bound=Callable[..., Any])

LIST = ListType(ANY)

#: Every built-in function by its name.
BUILTINS: dict[str, Builtin] = {}


def builtin(name: str, *parameters: str) -> Callable[[Body], Body]:
    """Declare the decorated body as an overload of the built-in function `name`."""

    def declare(body: Body) -> Body:
        rest = bool(parameters) and parameters[-1].startswith("*")
        overload = Overload(tuple(_parameter(text) for text in parameters), body, rest)
        BUILTINS.setdefault(name, Builtin(name)).overloads.append(overload)
        return body

    return declare


def _parameter(text: str) -> Parameter:
    if text.startswith("*"):
        return Parameter(text[1:], LIST)
    name, _, written = text.partition(":")
    written = written.strip()
    optional, nullable = name.endswith("?"), written.endswith("?") or written == "Any"
    kind = named_type(written.rstrip("?"))
    if kind is None:
        raise LookupError(f"no type {written!r}")
    return Parameter(name.rstrip("?"), kind, optional, nullable)
