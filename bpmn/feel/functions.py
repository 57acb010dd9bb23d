"""Functions as values: the built-in ones with their parameters, and those that an expression defines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bpmn.feel.limits import exceeded
from bpmn.feel.runtime import Code, Frame, Invocable, Run
from bpmn.feel.types import ANY, FunctionType, Type, fit

#: Marks an argument that was not given (null is a value); the function's body sees null.
_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a built-in: its name, the type it takes, and whether it may be left out or be null."""

    name: str
    type: Type
    optional: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a built-in.

    With `rest` the last parameter takes all remaining arguments as a list; when it is the only parameter, a
    single list stands for its items.
    """

    parameters: tuple[Parameter, ...]
    body: Callable[..., Any]
    rest: bool = False

    def fit(self, arguments: Sequence[Any]) -> list[Any] | None:
        """Return the arguments fitted to the parameters, or None when they do not fit."""
        if self.rest:
            arguments = self._gather(arguments)
        if len(arguments) > len(self.parameters):
            return None
        fitted: list[Any] = []
        for index, parameter in enumerate(self.parameters):
            argument = arguments[index] if index < len(arguments) else _MISSING
            if argument is _MISSING:
                if not parameter.optional:
                    return None
                argument = None
            elif argument is None:
                if not parameter.nullable:
                    return None
            elif parameter.type is not ANY:
                argument = fit(argument, parameter.type)
                if argument is None:
                    return None
            fitted.append(argument)
        return fitted

    def _gather(self, arguments: Sequence[Any]) -> Sequence[Any]:
        leading = len(self.parameters) - 1
        if len(arguments) <= leading:
            return arguments
        if leading == 0 and len(arguments) == 1 and isinstance(arguments[0], list | tuple):
            return arguments
        return [*arguments[:leading], list(arguments[leading:])]

    def order(self, names: Sequence[str], arguments: Sequence[Any]) -> list[Any] | None:
        """Return arguments given by name in the parameters' order, or None when the names do not fit."""
        given = dict(zip(names, arguments, strict=True))
        known = {parameter.name for parameter in self.parameters}
        if len(given) != len(names) or not given.keys() <= known:
            return None
        return [given.get(parameter.name, _MISSING) for parameter in self.parameters]


class Builtin(Invocable):
    """A function of the language, with its overloads."""

    __slots__ = ("name", "overloads")

    def __init__(self, name: str) -> None:
        self.name = name
        self.overloads: list[Overload] = []

    @property
    def signature(self) -> FunctionType:
        """The type of the first overload; results are not declared."""
        return FunctionType(tuple(parameter.type for parameter in self.overloads[0].parameters), ANY)

    def call(self, run: Run, arguments: Sequence[Any]) -> Any:
        """Call the first overload that the arguments fit."""
        run.spend(1)
        for overload in self.overloads:
            fitted = overload.fit(arguments)
            if fitted is not None:
                return overload.body(run, *fitted)
        return None

    def call_named(self, run: Run, names: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Call the first overload that the named arguments fit."""
        run.spend(1)
        for overload in self.overloads:
            ordered = overload.order(names, arguments)
            if ordered is None:
                continue
            fitted = overload.fit(ordered)
            if fitted is not None:
                return overload.body(run, *fitted)
        return None


class Closure(Invocable):
    """A function that an expression defines, with the frame in which it was defined."""

    __slots__ = ("body", "depth", "frame", "parameters", "result", "size", "types")

    def __init__(
        self,
        parameters: tuple[str, ...],
        types: tuple[Type, ...],
        result: Type,
        body: Code,
        frame: Frame,
        size: int,
        depth: int,
    ) -> None:
        self.parameters = parameters
        self.types = types
        self.result = result
        self.body = body
        self.frame = frame
        self.size = size
        self.depth = depth

    @property
    def signature(self) -> FunctionType:
        """The declared type; what is not declared is Any."""
        return FunctionType(self.types, self.result)

    def call(self, run: Run, arguments: Sequence[Any]) -> Any:
        """Evaluate the body with the arguments; null when they do not fit the declared types."""
        if len(arguments) != len(self.parameters):
            return None
        fitted: list[Any] = []
        for argument, kind in zip(arguments, self.types, strict=True):
            value = argument if kind is ANY else fit(argument, kind)
            if value is None and argument is not None:
                return None
            fitted.append(value)
        enter(run, self.size, self.depth)
        result = self.body(Frame(fitted, self.frame, run))
        run.frames -= self.depth
        return result if self.result is ANY else fit(result, self.result)


def enter(run: Run, size: int, depth: int) -> None:
    """Charge for entering a function's body and refuse recursion that goes too deep."""
    run.spend(size)
    run.frames += depth
    if run.frames > run.limits.frames:
        raise exceeded(f"{run.limits.frames} levels of nested calls")
