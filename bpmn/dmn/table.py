"""Decision tables: which rules match, and what the hit policy makes of them (DMN 1.5, 8.2 and 8.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bpmn.dmn.errors import HitPolicyViolated
from bpmn.feel import syntax as ast
from bpmn.feel.builtins.lists import max_, min_, sum_
from bpmn.feel.compiler import Compiler
from bpmn.feel.operators import equal
from bpmn.feel.runtime import Code, Frame, Run
from bpmn.feel.types import ANY, Type, fit


@dataclass(frozen=True, slots=True)
class Input:
    """A column of conditions: what is tested, its type, and the values that may occur."""

    expression: ast.Node
    type: Type
    allowed: ast.UnaryTests | None


@dataclass(frozen=True, slots=True)
class Output:
    """A column of results: its name, type, default, and the allowed values (best first)."""

    name: str
    type: Type
    default: ast.Node | None
    priorities: tuple[ast.Node, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: one cell per input and output."""

    conditions: tuple[ast.UnaryTests, ...]
    results: tuple[ast.Node, ...]


@dataclass(frozen=True, slots=True)
class DecisionTable(ast.Composite):
    """A decision table; `policy` in the words of the standard, `aggregation` of COLLECT or ""."""

    element: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    policy: str
    aggregation: str

    def compile(self, compiler: Compiler) -> Code:
        """Return code that evaluates the table."""
        inputs = [_input(compiler, column) for column in self.inputs]
        rules = [_rule(compiler, rule, self.outputs) for rule in self.rules]
        default = _default(compiler, self.outputs)
        order = _priorities(compiler, self.outputs)
        combine = _POLICIES[self.policy]
        element, aggregation = self.element, self.aggregation

        def run_table(frame: Frame) -> Any:
            run = frame.run
            run.spend(len(inputs) + len(rules))
            cells: list[Frame] = []
            for column in inputs:
                cell = column(frame)
                if cell is None:
                    return default(frame)
                cells.append(cell)
            hits = [result for matches, result in rules if matches(cells)]
            if not hits:
                return _nothing(run, aggregation, default(frame))
            return combine(_Hits(frame, hits, order, element, aggregation))

        return run_table


@dataclass(slots=True)
class _Hits:
    """The rules that matched, in the table's order."""

    frame: Frame
    results: list[Code]
    order: list[list[Code]]
    element: str
    aggregation: str

    def values(self) -> list[Any]:
        return [result(self.frame) for result in self.results]

    def by_priority(self) -> list[Any]:
        """Return the results, best first: by the place of each output among its allowed values."""
        run = self.frame.run
        allowed = [[code(self.frame) for code in codes] for codes in self.order]

        def rank(value: Any) -> tuple[int, ...]:
            parts = list(value.values()) if len(allowed) > 1 else [value]
            return tuple(
                next((place for place, one in enumerate(column) if equal(run, part, one)), len(column))
                for part, column in zip(parts, allowed, strict=True)
            )

        return sorted(self.values(), key=rank)

    def violated(self, message: str, hint: str) -> HitPolicyViolated:
        return HitPolicyViolated("dmn.hit_policy_violated", message, where=self.element, hint=hint)


def _input(compiler: Compiler, column: Input) -> Callable[[Frame], Frame | None]:
    """Return what makes the frame in which a column's cells see their input; None for a value not allowed."""
    expression = compiler.compile(column.expression)
    allowed = None if column.allowed is None else compiler.unary_tests(column.allowed)
    kind = column.type

    def evaluate(frame: Frame) -> Frame | None:
        value = expression(frame)
        cell = Frame((value if kind is ANY else fit(value, kind),), frame, frame.run)
        return cell if allowed is None or value is None or allowed(cell) else None

    return evaluate


def _rule(
    compiler: Compiler, rule: Rule, outputs: Sequence[Output]
) -> tuple[Callable[[Sequence[Frame]], bool], Code]:
    conditions = [
        (column, compiler.unary_tests(cell))
        for column, cell in enumerate(rule.conditions)
        if cell.tests is not None
    ]

    def matches(cells: Sequence[Frame]) -> bool:
        return all(test(cells[column]) is True for column, test in conditions)

    return matches, _outputs(compiler, outputs, [compiler.compile(result) for result in rule.results])


def _outputs(compiler: Compiler, outputs: Sequence[Output], codes: Sequence[Code]) -> Code:
    """Return code for a row's result: the value of the only column, or a context of all."""
    fitted = [_fitted(code, output.type) for code, output in zip(codes, outputs, strict=True)]
    if len(fitted) == 1:
        return fitted[0]
    names = [output.name for output in outputs]
    return lambda frame: {name: code(frame) for name, code in zip(names, fitted, strict=True)}


def _fitted(code: Code, kind: Type) -> Code:
    return code if kind is ANY else lambda frame: fit(code(frame), kind)


def _default(compiler: Compiler, outputs: Sequence[Output]) -> Code:
    if all(output.default is None for output in outputs):
        return lambda frame: None
    nothing = ast.Literal(None)
    return _outputs(compiler, outputs, [compiler.compile(output.default or nothing) for output in outputs])


def _priorities(compiler: Compiler, outputs: Sequence[Output]) -> list[list[Code]]:
    return [[compiler.compile(value) for value in output.priorities] for output in outputs]


def _nothing(run: Run, aggregation: str, default: Any) -> Any:
    return Decimal(0) if default is None and aggregation == "COUNT" else default


def _unique(hits: _Hits) -> Any:
    if len(hits.results) > 1:
        raise hits.violated(
            f"{len(hits.results)} rules match, but the hit policy UNIQUE allows one.",
            "Make the rules exclude each other, or choose FIRST or COLLECT.",
        )
    return hits.results[0](hits.frame)


def _first(hits: _Hits) -> Any:
    return hits.results[0](hits.frame)


def _any(hits: _Hits) -> Any:
    first, *rest = hits.values()
    if any(equal(hits.frame.run, first, other) is not True for other in rest):
        raise hits.violated(
            "Matching rules give different results, but the hit policy ANY wants them to agree.",
            "Give overlapping rules the same result, or choose another hit policy.",
        )
    return first


def _priority(hits: _Hits) -> Any:
    return hits.by_priority()[0]


def _rule_order(hits: _Hits) -> Any:
    return hits.values()


def _output_order(hits: _Hits) -> Any:
    return hits.by_priority()


def _collect(hits: _Hits) -> Any:
    values, run = hits.values(), hits.frame.run
    if hits.aggregation == "COUNT":
        return Decimal(len(values))
    if hits.aggregation == "SUM":
        return sum_(run, values)
    if hits.aggregation == "MIN":
        return min_(run, values)
    return max_(run, values) if hits.aggregation == "MAX" else values


_POLICIES: dict[str, Callable[[_Hits], Any]] = {
    "UNIQUE": _unique,
    "FIRST": _first,
    "ANY": _any,
    "PRIORITY": _priority,
    "RULE ORDER": _rule_order,
    "OUTPUT ORDER": _output_order,
    "COLLECT": _collect,
}
POLICIES = frozenset(_POLICIES)
AGGREGATIONS = frozenset(("", "SUM", "COUNT", "MIN", "MAX"))
