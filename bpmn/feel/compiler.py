"""Turns a syntax tree into closures.

Names are resolved when the expression is compiled: a lexical name becomes a slot of a frame some hops away,
and only what is left is looked up among the variables at run time. Inside a filter an item's own members come
first, which can only be told when the item is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bpmn.feel import syntax as ast
from bpmn.feel.builtins import BUILTINS
from bpmn.feel.errors import FeelError, FeelSyntaxError, Place
from bpmn.feel.functions import Closure
from bpmn.feel.iteration import domain_items, filter_list, filter_test
from bpmn.feel.operators import (
    BINARY,
    COMPARISONS,
    compare,
    comparison_range,
    get_member,
    member,
    negate,
)
from bpmn.feel.runtime import Code, Frame, Invocable, Run
from bpmn.feel.types import ANY, Type, resolve
from bpmn.feel.values import Range

#: Name of a cell's input inside its unary tests.
INPUT = "?"


@dataclass(frozen=True, slots=True)
class _Slots:
    """A scope whose names sit in a list of slots."""

    names: tuple[str, ...]


@dataclass(slots=True)
class _Entries:
    """The scope of a context literal: the entries written so far."""

    names: list[str]


@dataclass(frozen=True, slots=True)
class _Item:
    """The scope of a filter: `item` and, if the item is a context, its members."""


_Scope = _Slots | _Entries | _Item


class Compiler:
    """Compiles one tree. `types` are the item definitions that `instance of` and parameters may name."""

    def __init__(self, types: Mapping[str, Type]) -> None:
        self._types = types
        self._scopes: list[_Scope] = []
        self._level = 0
        self._deepest = 0
        self._size = 0
        #: Names that are surely read from the variables.
        self.names: set[str] = set()
        #: Names that are read from the variables only where a filtered item has no such member.
        self.possible_names: set[str] = set()

    def compile(self, node: ast.Node) -> Code:
        """Return the code of `node`."""
        self._level += 1
        self._size += 1
        self._deepest = max(self._deepest, self._level)
        if isinstance(node, ast.Composite):
            code = node.compile(self)
        else:
            code = _COMPILE[type(node)](self, node)
        self._level -= 1
        return code

    def _measured(self, node: ast.Node) -> tuple[Code, int, int]:
        """Return the code of a body with its size and depth, which each turn or call is charged."""
        size, deepest = self._size, self._deepest
        self._deepest = self._level
        code = self.compile(node)
        depth = self._deepest - self._level + 2
        self._deepest = max(deepest, self._deepest)
        return code, self._size - size, depth

    # --- names ---

    def _name(self, node: ast.Name) -> Code:
        return self._lookup(node.name, node.place)

    def _lookup(self, name: str, place: Place | None) -> Code:
        filtered: list[int] = []
        for hops, scope in enumerate(reversed(self._scopes)):
            if isinstance(scope, _Item):
                if name == "item":
                    return _through_items(name, filtered, _slot_item(hops))
                filtered.append(hops)
            elif isinstance(scope, _Slots) and name in scope.names:
                return _through_items(name, filtered, _slot(hops, scope.names.index(name)))
            elif isinstance(scope, _Entries) and name in scope.names:
                return _through_items(name, filtered, _slot(hops, name))
        (self.possible_names if filtered else self.names).add(name)
        return _through_items(
            name, filtered, _variable(len(self._scopes), name, place, lenient=bool(filtered))
        )

    def _literal(self, node: ast.Literal) -> Code:
        value = node.value
        return lambda frame: value

    def _path(self, node: ast.Path) -> Code:
        base, member_name = self.compile(node.base), node.member

        def run_path(frame: Frame) -> Any:
            value = base(frame)
            if type(value) is dict:
                return value.get(member_name)
            return get_member(value, member_name)

        return run_path

    # --- operators ---

    def _negation(self, node: ast.Negation) -> Code:
        operand = self.compile(node.operand)
        return lambda frame: negate(operand(frame))

    def _binary(self, node: ast.Binary) -> Code:
        """Compile an operator; a chain of them (`a + b + c`) becomes one loop, however long it is."""
        if node.operator in COMPARISONS:
            return _comparison(node.operator, self.compile(node.left), self.compile(node.right))
        chain: list[tuple[str, ast.Node]] = []
        first: ast.Node = node
        while isinstance(first, ast.Binary) and _same_chain(first.operator, node.operator):
            chain.append((first.operator, first.right))
            first = first.left
        chain.reverse()
        start = self.compile(first)
        rest = [(operator, self.compile(operand)) for operator, operand in chain]
        if node.operator in ("and", "or"):
            return _logic([start, *(code for _, code in rest)], absorbing=node.operator == "or")
        return _arithmetic(start, [(BINARY[operator], code) for operator, code in rest])

    def _between(self, node: ast.Between) -> Code:
        value, low, high = self.compile(node.value), self.compile(node.low), self.compile(node.high)

        def run_between(frame: Frame) -> bool | None:
            subject = value(frame)
            above, below = compare(subject, low(frame)), compare(subject, high(frame))
            if above is None or below is None:
                return None
            return above >= 0 and below <= 0

        return run_between

    def _is_in(self, node: ast.In) -> Code:
        value = self.compile(node.value)
        self._scopes.append(_Slots((INPUT,)))
        tests = [self._test(test) for test in node.tests]
        self._scopes.pop()
        return _any_test(value, tests)

    def _test(self, test: ast.Test) -> Code:
        """Compile one test of the input, which is slot 0 of the innermost frame."""
        code = self.compile(test.expression)
        if test.operator is not None:
            operation = COMPARISONS[test.operator]
            return lambda frame: operation(frame.run, frame.values[0], code(frame))
        if _mentions_input(test.expression):
            return code
        return lambda frame: member(frame.run, frame.values[0], code(frame))

    def unary_tests(self, node: ast.UnaryTests) -> Code:
        """Compile a cell: code that tells whether the input, slot 0 of its frame, passes."""
        if node.tests is None:
            return lambda frame: True
        self._scopes.append(_Slots((INPUT,)))
        tests = [self._cell_test(test) for test in node.tests]
        self._scopes.pop()
        negated = node.negated

        def run_cell(frame: Frame) -> bool:
            return any(test(frame) is True for test in tests) is not negated

        return run_cell

    def _cell_test(self, test: ast.Test) -> Code:
        """A cell's expression may also be a condition of its own that does not mention the input."""
        if test.operator is not None or _mentions_input(test.expression):
            return self._test(test)
        code = self.compile(test.expression)
        is_constant = isinstance(test.expression, ast.Literal)

        def run_test(frame: Frame) -> bool | None:
            value, subject = code(frame), frame.values[0]
            if value is True and not is_constant and type(subject) is not bool:
                return True
            return member(frame.run, subject, value)

        return run_test

    def _instance_of(self, node: ast.InstanceOf) -> Code:
        value = self.compile(node.value)
        kind = self._type(node.type)

        def run_instance(frame: Frame) -> bool:
            subject = value(frame)
            return subject is not None and kind.holds(subject)

        return run_instance

    def _declared(self, kind: ast.TypeName | Type | None) -> Type:
        if isinstance(kind, ast.TypeName):
            return self._type(kind)
        return ANY if kind is None else kind

    def _type(self, written: ast.TypeName) -> Type:
        kind = resolve(written, self._types)
        if kind is None:
            raise FeelSyntaxError(
                "feel.unknown_type",
                f"There is no type {written.name!r}.",
                where=written.name,
                hint="Use a type of FEEL (number, string, list<…>, …) or an item definition of the model.",
            )
        return kind

    # --- structures ---

    def _list_literal(self, node: ast.ListLiteral) -> Code:
        items = [self.compile(item) for item in node.items]
        return lambda frame: [item(frame) for item in items]

    def _context_literal(self, node: ast.ContextLiteral) -> Code:
        scope = _Entries([])
        self._scopes.append(scope)
        entries: list[tuple[str, Code]] = []
        for key, value in node.entries:
            # A function may call itself: by the time it is called, its entry is there.
            recursive = isinstance(value, ast.FunctionDefinition)
            if recursive:
                scope.names.append(key)
            entries.append((key, self.compile(value)))
            if not recursive:
                scope.names.append(key)
        result = None if node.result is None else self.compile(node.result)
        self._scopes.pop()
        if len(set(scope.names)) != len(scope.names):  # DMN 1.5, 10.3.2.5: the keys of a context are distinct
            return lambda frame: None

        def run_context(frame: Frame) -> Any:
            context: dict[str, Any] = {}
            inner = Frame(context, frame, frame.run)
            for key, value in entries:
                context[key] = value(inner)
            return context if result is None else result(inner)

        return run_context

    def _range_literal(self, node: ast.RangeLiteral) -> Code:
        start, end = self.compile(node.start), self.compile(node.end)
        start_included, end_included = node.start_included, node.end_included

        def run_range(frame: Frame) -> Range | None:
            low, high = start(frame), end(frame)
            if low is not None and high is not None:
                order = compare(low, high)
                if order is None or order > 0:
                    return None
            return Range(low, high, start_included, end_included)

        return run_range

    def _comparison_range(self, node: ast.ComparisonRange) -> Code:
        operator, value = node.operator, self.compile(node.expression)
        return lambda frame: comparison_range(operator, value(frame))

    # --- control ---

    def _conditional(self, node: ast.Conditional) -> Code:
        condition = self.compile(node.condition)
        then, otherwise = self.compile(node.then), self.compile(node.otherwise)
        if node.boxed:
            return _boxed_conditional(condition, then, otherwise)
        return lambda frame: then(frame) if condition(frame) is True else otherwise(frame)

    def _filter(self, node: ast.Filter) -> Code:
        base, boxed = self.compile(node.base), node.boxed
        if isinstance(node.condition, ast.Literal) and type(node.condition.value) is Decimal:
            position = node.condition.value
            return lambda frame: filter_list(frame.run, base(frame), position)
        self._scopes.append(_Item())
        condition, size, _ = self._measured(node.condition)
        self._scopes.pop()
        place = node.place

        def run_filter(frame: Frame) -> Any:
            try:
                return filter_test(frame, base(frame), condition, size, boxed)
            except FeelError as wrong:
                wrong.at(place)
                raise

        return run_filter

    def _iteration(self, node: ast.For) -> Code:
        domains, place = self._bindings(node.bindings), node.place
        self._scopes.append(_Slots(("partial",)))
        body, size, _ = self._measured(node.body)
        del self._scopes[-len(domains) - 1 :]

        def run_for(frame: Frame) -> list[Any] | None:
            results: list[Any] = []
            try:
                for inner in _turns(frame, domains, 0):
                    if inner is None:
                        return None
                    frame.run.spend(size)
                    results.append(body(Frame((results,), inner, frame.run)))
                    frame.run.check_items(len(results) and 1)
            except FeelError as wrong:
                wrong.at(place)
                raise
            return results

        return run_for

    def _quantified(self, node: ast.Quantified) -> Code:
        domains = self._bindings(node.bindings)
        condition, size, _ = self._measured(node.condition)
        del self._scopes[-len(domains) :]
        every, boxed, place = node.every, node.boxed, node.place

        def run_quantified(frame: Frame) -> bool | None:
            unsure = False
            try:
                for inner in _turns(frame, domains, 0):
                    if inner is None:
                        return None
                    frame.run.spend(size)
                    holds = condition(inner)
                    if boxed and type(holds) is not bool:
                        return None
                    if holds is (not every):
                        return not every
                    unsure = unsure or holds is not every
            except FeelError as wrong:
                wrong.at(place)
                raise
            return None if unsure else every

        return run_quantified

    def _bindings(self, bindings: Sequence[ast.Binding]) -> list[tuple[Code, Code | None]]:
        """Compile the domains; each variable is in scope from the next domain on."""
        domains: list[tuple[Code, Code | None]] = []
        for binding in bindings:
            until = None if binding.until is None else self.compile(binding.until)
            domains.append((self.compile(binding.domain), until))
            self._scopes.append(_Slots((binding.name,)))
        return domains

    # --- functions ---

    def _function(self, node: ast.FunctionDefinition) -> Code:
        names = tuple(name for name, _ in node.parameters)
        types = tuple(self._declared(kind) for _, kind in node.parameters)
        result = node.result or ANY
        self._scopes.append(_Slots(names))
        body, size, depth = self._measured(node.body)
        self._scopes.pop()
        return lambda frame: Closure(names, types, result, body, frame, size, depth)

    def _call(self, node: ast.Call) -> Code:
        callee = self._callee(node.callee)
        arguments = [self.compile(argument) for argument in node.arguments]
        names = node.names
        place = node.place

        def run_named(frame: Frame) -> Any:
            try:
                return _call_named(frame, callee(frame), names or (), arguments)
            except FeelError as wrong:
                wrong.at(place)
                raise

        def run_one(frame: Frame) -> Any:
            try:
                return _call(frame, callee(frame), (arguments[0](frame),))
            except FeelError as wrong:
                wrong.at(place)
                raise

        def run_call(frame: Frame) -> Any:
            try:
                return _call(frame, callee(frame), [argument(frame) for argument in arguments])
            except FeelError as wrong:
                wrong.at(place)
                raise

        if names is not None:
            return run_named
        return run_one if len(arguments) == 1 else run_call

    def _callee(self, node: ast.Node) -> Code:
        """A built-in keeps its meaning when a variable that is no function has the same name."""
        builtin = BUILTINS.get(node.name) if isinstance(node, ast.Name) else None
        if builtin is None or not isinstance(node, ast.Name):
            return self.compile(node)
        name = node.name
        if any(name in scope.names for scope in self._scopes if not isinstance(scope, _Item)):
            code = self.compile(node)

            def shadowed(frame: Frame) -> Any:
                value = code(frame)
                return value if isinstance(value, Invocable) else builtin

            return shadowed
        hops = len(self._scopes)

        def known(frame: Frame) -> Any:
            value = _ancestor(frame, hops).values.get(name)
            return value if isinstance(value, Invocable) else builtin

        return known


# --- pieces of code -------------------------------------------------------------------------------


def _ancestor(frame: Frame, hops: int) -> Frame:
    for _ in range(hops):
        frame = frame.parent  # type: ignore[assignment]  # the compiler counted the scopes
    return frame


def _slot(hops: int, key: int | str) -> Code:
    if hops == 0:
        return lambda frame: frame.values[key]
    if hops == 1:
        return lambda frame: frame.parent.values[key]  # type: ignore[union-attr]
    return lambda frame: _ancestor(frame, hops).values[key]


def _slot_item(hops: int) -> Code:
    def item(frame: Frame) -> Any:
        value = _ancestor(frame, hops).values
        return value["item"] if type(value) is dict and "item" in value else value

    return item


def _variable(hops: int, name: str, place: Place | None, *, lenient: bool) -> Code:
    builtin = BUILTINS.get(name)

    def variable(frame: Frame) -> Any:
        if hops:
            frame = _ancestor(frame, hops)
        try:
            value = frame.values[name]
        except KeyError:
            if builtin is not None:
                return builtin
            return None if lenient else frame.run.unknown(name, place)
        if type(value) is int:
            return Decimal(value)
        if type(value) is float:
            raise _float_refused(name).at(place)
        return value

    return variable


def _float_refused(name: str) -> FeelError:
    return FeelError(
        "feel.bad_value",
        f"The variable {name!r} holds a binary floating point number.",
        where=name,
        hint="Give numbers as Decimal, so that 0.1 stays 0.1.",
    )


def _through_items(name: str, filters: Sequence[int], otherwise: Code) -> Code:
    """Look a name up in the items of the filters around, innermost first."""
    if not filters:
        return otherwise

    def look(frame: Frame) -> Any:
        for hops in filters:
            item = _ancestor(frame, hops).values
            if type(item) is dict and name in item:
                return item[name]
        return otherwise(frame)

    return look


def _boxed_conditional(condition: Code, then: Code, otherwise: Code) -> Code:
    def run_conditional(frame: Frame) -> Any:
        holds = condition(frame)
        if holds is None or type(holds) is bool:
            return then(frame) if holds else otherwise(frame)
        return None

    return run_conditional


def _comparison(operator: str, left: Code, right: Code) -> Code:
    operation = COMPARISONS[operator]
    return lambda frame: operation(frame.run, left(frame), right(frame))


def _same_chain(operator: str, first: str) -> bool:
    return operator == first if first in ("and", "or") else operator in BINARY


def _logic(operands: list[Code], *, absorbing: bool) -> Code:
    """`or` absorbs at the first true, `and` at the first false; what is no boolean counts as unknown."""

    def run_logic(frame: Frame) -> Any:
        unsure = False
        for operand in operands:
            value = operand(frame)
            if value is absorbing:
                return absorbing
            if value is not (not absorbing):
                unsure = True
        return None if unsure else not absorbing

    return run_logic


def _arithmetic(start: Code, rest: list[tuple[Callable[[Run, Any, Any], Any], Code]]) -> Code:
    if len(rest) == 1:
        [(operation, operand)] = rest
        return lambda frame: operation(frame.run, start(frame), operand(frame))

    def run_chain(frame: Frame) -> Any:
        value = start(frame)
        for operation, operand in rest:
            value = operation(frame.run, value, operand(frame))
        return value

    return run_chain


def _any_test(value: Code, tests: list[Code]) -> Code:
    def run_in(frame: Frame) -> bool | None:
        inner = Frame((value(frame),), frame, frame.run)
        unsure = False
        for test in tests:
            passed = test(inner)
            if passed is True:
                return True
            unsure = unsure or passed is None
        return None if unsure else False

    return run_in


def _turns(frame: Frame, domains: list[tuple[Code, Code | None]], index: int) -> Any:
    """Yield a frame for each combination of the domains' items; None when a domain is no list."""
    domain, until = domains[index]
    items = domain_items(frame.run, domain(frame), None if until is None else (until(frame),))
    if items is None:
        yield None
        return
    last = index + 1 == len(domains)
    for item in items:
        inner = Frame((item,), frame, frame.run)
        if last:
            yield inner
        else:
            yield from _turns(inner, domains, index + 1)


def _call(frame: Frame, function: Any, arguments: Sequence[Any]) -> Any:
    return function.call(frame.run, arguments) if isinstance(function, Invocable) else None


def _call_named(frame: Frame, function: Any, names: Sequence[str], arguments: Sequence[Code]) -> Any:
    if not isinstance(function, Invocable):
        return None
    return function.call_named(frame.run, names, [argument(frame) for argument in arguments])


def _mentions_input(expression: ast.Node) -> bool:
    """Tell whether an expression reads `?`, except inside tests of its own."""
    left: list[Any] = [expression]
    while left:
        node = left.pop()
        if isinstance(node, ast.Name) and node.name == INPUT:
            return True
        if isinstance(node, ast.In):
            left.append(node.value)
        elif isinstance(node, tuple):
            left.extend(node)
        else:
            left.extend(getattr(node, slot) for slot in getattr(node, "__slots__", ()))
    return False


_COMPILE: dict[type, Callable[[Compiler, Any], Code]] = {
    ast.Literal: Compiler._literal,
    ast.Name: Compiler._name,
    ast.Path: Compiler._path,
    ast.Filter: Compiler._filter,
    ast.Call: Compiler._call,
    ast.Negation: Compiler._negation,
    ast.Binary: Compiler._binary,
    ast.Between: Compiler._between,
    ast.In: Compiler._is_in,
    ast.InstanceOf: Compiler._instance_of,
    ast.Conditional: Compiler._conditional,
    ast.For: Compiler._iteration,
    ast.Quantified: Compiler._quantified,
    ast.FunctionDefinition: Compiler._function,
    ast.ListLiteral: Compiler._list_literal,
    ast.ContextLiteral: Compiler._context_literal,
    ast.RangeLiteral: Compiler._range_literal,
    ast.ComparisonRange: Compiler._comparison_range,
}
