"""The syntax tree of FEEL: what the parser makes and the compiler reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from bpmn.feel.compiler import Compiler
    from bpmn.feel.errors import Place
    from bpmn.feel.runtime import Code
    from bpmn.feel.types import Type


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: number, string, boolean, null or an `@"…"` literal."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A variable or function by its name; here and below, `place` is where errors of the node point."""

    name: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """`base.member`."""

    base: Node
    member: str


@dataclass(frozen=True, slots=True)
class Filter:
    """`base[condition]`. In a box, a condition that is no boolean makes the whole null; likewise below."""

    base: Node
    condition: Node
    boxed: bool = False
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """`callee(arguments)`; `names` tells the parameters of a call by name."""

    callee: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] | None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Negation:
    """`-operand`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`: arithmetic, comparison, `and`, `or`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between:
    """`value between low and high`."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Test:
    """One unary test: an operator with its end point, or (operator None) an expression."""

    operator: str | None
    expression: Node


@dataclass(frozen=True, slots=True)
class UnaryTests:
    """What a cell of a decision table holds; `tests` None is the dash that any input passes."""

    tests: tuple[Test, ...] | None
    negated: bool


@dataclass(frozen=True, slots=True)
class In:
    """`value in tests`."""

    value: Node
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """`value instance of type`."""

    value: Node
    type: TypeName


@dataclass(frozen=True, slots=True)
class Conditional:
    """`if condition then … else …`."""

    condition: Node
    then: Node
    otherwise: Node
    boxed: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """`name in domain` of an iteration; with `until` the domain counts from one to the other."""

    name: str
    domain: Node
    until: Node | None


@dataclass(frozen=True, slots=True)
class For:
    """`for … return body`."""

    bindings: tuple[Binding, ...]
    body: Node
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Quantified:
    """`some … satisfies condition` or `every …`."""

    every: bool
    bindings: tuple[Binding, ...]
    condition: Node
    boxed: bool = False
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """`function(parameters) body`; types are written ones, or resolved ones of a boxed function."""

    parameters: tuple[tuple[str, TypeName | Type | None], ...]
    body: Node
    result: Type | None = None


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextLiteral:
    """`{key: value}`; with `result` a boxed context whose value is that of its last, nameless entry."""

    entries: tuple[tuple[str, Node], ...]
    result: Node | None = None


@dataclass(frozen=True, slots=True)
class RangeLiteral:
    """`[a..b)`."""

    start: Node
    end: Node
    start_included: bool
    end_included: bool


@dataclass(frozen=True, slots=True)
class ComparisonRange:
    """`(< 10)` as a value."""

    operator: str
    expression: Node


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as it is written: `list<number>` is name "list" with one argument."""

    name: str
    arguments: tuple[TypeName, ...] = ()
    members: tuple[tuple[str, TypeName], ...] = ()
    result: TypeName | None = None


class Composite(ABC):
    """A node of another notation (a decision table, say) that knows how to compile itself."""

    __slots__ = ()

    @abstractmethod
    def compile(self, compiler: Compiler) -> Code:
        """Return the node's code; parts are compiled with `compiler`, which knows the scope."""


Node: TypeAlias = (
    Literal
    | Name
    | Path
    | Filter
    | Call
    | Negation
    | Binary
    | Between
    | In
    | InstanceOf
    | Conditional
    | For
    | Quantified
    | FunctionDefinition
    | ListLiteral
    | ContextLiteral
    | RangeLiteral
    | ComparisonRange
    | Composite
)
