"""Boxed expressions: DMN's XML turned into FEEL's syntax tree (DMN 1.5, 10.2).

A boxed context is a FEEL context, a boxed invocation a FEEL call, and so on; what FEEL has no words for
(tables and values fitted to a type) are nodes of their own. So scopes mean the same in boxes as in text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bpmn.dmn.items import ItemDefinitions, Report
from bpmn.dmn.source import Element
from bpmn.dmn.table import AGGREGATIONS, POLICIES, DecisionTable, Input, Output, Rule
from bpmn.feel import syntax as ast
from bpmn.feel.builtins import BUILTINS
from bpmn.feel.compiler import Compiler
from bpmn.feel.errors import FeelSyntaxError
from bpmn.feel.parser import Parser
from bpmn.feel.runtime import Code
from bpmn.feel.types import ANY, Type, fit
from bpmn.feel.vocabulary import Vocabulary

EXPRESSIONS = (
    "literalExpression",
    "decisionTable",
    "context",
    "invocation",
    "list",
    "relation",
    "functionDefinition",
    "conditional",
    "filter",
    "for",
    "some",
    "every",
)
_LANGUAGES = ("", "feel", "sfeel", "s-feel")
_FUNCTIONS = Vocabulary(BUILTINS)
_NULL: ast.Node = ast.Literal(None)
_Tree = TypeVar("_Tree")


@dataclass(frozen=True, slots=True)
class Fitted(ast.Composite):
    """An expression whose value is fitted to a type: null when it does not belong to it."""

    value: ast.Node
    type: Type

    def compile(self, compiler: Compiler) -> Code:
        """Return the code."""
        code, kind = compiler.compile(self.value), self.type
        return lambda frame: fit(code(frame), kind)


class Translator:
    """Turns the boxed expressions of one decision or function into a tree.

    `names` are the variables in scope; boxes add theirs while their inner parts are read.
    """

    def __init__(self, items: ItemDefinitions, names: Sequence[str], report: Report) -> None:
        self._items = items
        self._names = [Vocabulary(names)]
        self._members = Vocabulary(items.members)
        self._report = report

    def logic(self, owner: Element) -> ast.Node:
        """Return the tree of the expression that `owner` holds."""
        element = owner.first(*EXPRESSIONS)
        if element is None:
            self._report(
                "dmn.no_logic",
                owner,
                f"The {owner.tag} {owner.name or owner.get('id')!r} has no expression.",
                "Give it a decision table, a literal expression or another boxed expression.",
            )
            return _NULL
        return self.expression(element)

    def expression(self, element: Element) -> ast.Node:
        """Return the tree of one boxed expression."""
        return self.fitted(_TRANSLATE[element.tag](self, element), element)

    def fitted(self, node: ast.Node, owner: Element | None) -> ast.Node:
        """Return the node, fitted to the type that `owner` (a variable, say) declares."""
        kind = ANY if owner is None else self._items.named(owner.get("typeRef"), owner)
        return node if kind is ANY else Fitted(node, kind)

    # --- text ---

    def _parse(self, element: Element, text: str, read: Callable[[Parser], _Tree], instead: _Tree) -> _Tree:
        language = element.get("expressionLanguage")
        if (
            not language.rstrip("/").lower().endswith(("feel", "feel.xsd"))
            and language.lower() not in _LANGUAGES
        ):
            self._report(
                "dmn.expression_language",
                element,
                f"The expression is written in {language!r}.",
                "Only FEEL is executed; rewrite it in FEEL.",
            )
            return instead
        try:
            return read(Parser(text, (_FUNCTIONS, *self._names), self._members))
        except FeelSyntaxError as error:
            place = f" ({error.where})" if error.where else ""
            self._report("dmn.bad_expression", element, error.message + place, error.hint or "Correct it.")
            return instead

    def text(self, element: Element) -> ast.Node:
        """Return the tree of an element's `text`."""
        text = element.text_of("text")
        if not text:
            self._report(
                "dmn.no_logic", element, "The expression is empty.", "Write null if that is what is meant."
            )
            return _NULL
        return self._parse(element, text, Parser.expression, instead=_NULL)

    def _tests(self, element: Element) -> ast.UnaryTests:
        text = element.text_of("text")
        anything = ast.UnaryTests(None, negated=False)
        return self._parse(element, text, Parser.unary_tests, anything) if text else anything

    def _declare(self, *names: str) -> None:
        self._names.append(Vocabulary(names))

    def _forget(self, count: int) -> None:
        if count:
            del self._names[-count:]

    # --- boxes ---

    def _context(self, element: Element) -> ast.Node:
        entries: list[tuple[str, ast.Node]] = []
        result: ast.Node | None = None
        for entry in element.all("contextEntry"):
            variable = entry.first("variable")
            node = self.fitted(self.logic(entry), variable)
            if variable is None or not variable.name:
                result = node
            else:
                entries.append((variable.name, node))
                self._declare(variable.name)
        self._forget(len(entries))
        return ast.ContextLiteral(tuple(entries), result)

    def _invocation(self, element: Element) -> ast.Node:
        callee = self.logic(element)
        names: list[str] = []
        arguments: list[ast.Node] = []
        for binding in element.all("binding"):
            parameter = binding.first("parameter")
            names.append("" if parameter is None else parameter.name)
            has_value = binding.first(*EXPRESSIONS) is not None
            arguments.append(self.fitted(self.logic(binding) if has_value else _NULL, parameter))
        return ast.Call(callee, tuple(arguments), tuple(names) or None)

    def _list(self, element: Element) -> ast.Node:
        return ast.ListLiteral(tuple(self.expression(item) for item in element.all(*EXPRESSIONS)))

    def _relation(self, element: Element) -> ast.Node:
        columns = list(element.all("column"))
        rows: list[ast.Node] = []
        for row in element.all("row"):
            cells = [self.expression(cell) for cell in row.all(*EXPRESSIONS)]
            if len(cells) != len(columns):
                self._report("dmn.row_width", row, "The row does not fit the columns.", "Fill in every cell.")
                return _NULL
            fitted = [self.fitted(cell, column) for cell, column in zip(cells, columns, strict=True)]
            names = [column.name for column in columns]
            # A row's cells do not see each other, so each is evaluated outside the row's context.
            rows.append(Row(tuple(names), tuple(fitted)))
        return ast.ListLiteral(tuple(rows))

    def function(self, element: Element, result: Type | None = None) -> ast.Node:
        """Return the tree of a boxed function, whose result is fitted to `result`."""
        kind = element.get("kind") or "FEEL"
        if kind != "FEEL":
            self._report(
                "dmn.function_kind",
                element,
                f"Functions of kind {kind} are not executed.",
                "Write the function in FEEL, or call a service task.",
            )
            return _NULL
        parameters = [
            (part.name, self._items.named(part.get("typeRef"), part))
            for part in element.all("formalParameter")
        ]
        self._declare(*(name for name, _ in parameters))
        body = self.logic(element)
        self._forget(1)
        return ast.FunctionDefinition(tuple(parameters), body, result)

    def _conditional(self, element: Element) -> ast.Node:
        condition, then, otherwise = (self._part(element, tag) for tag in ("if", "then", "else"))
        return ast.Conditional(condition, then, otherwise, boxed=True)

    def _part(self, element: Element, tag: str) -> ast.Node:
        part = element.first(tag)
        if part is None:
            self._report("dmn.no_logic", element, f"The {element.tag} has no {tag!r}.", "Complete it.")
            return _NULL
        return self.logic(part)

    def _filter(self, element: Element) -> ast.Node:
        base = self._part(element, "in")
        self._names.append(self._members)
        condition = self._part(element, "match")
        self._forget(1)
        return ast.Filter(base, condition, boxed=True)

    def _iteration(self, element: Element) -> ast.Node:
        variable = " ".join(element.get("iteratorVariable").split())
        source = element.first("in")
        domain = self.fitted(self._part(element, "in"), source)
        self._declare(variable)
        body = self._part(element, "return" if element.tag == "for" else "satisfies")
        self._forget(1)
        bindings = (ast.Binding(variable, domain, None),)
        if element.tag == "for":
            return ast.For(bindings, body)
        return ast.Quantified(element.tag == "every", bindings, body, boxed=True)

    # --- tables ---

    def _table(self, element: Element) -> ast.Node:
        policy = element.get("hitPolicy") or "UNIQUE"
        aggregation = element.get("aggregation")
        if policy not in POLICIES or aggregation not in AGGREGATIONS:
            self._report(
                "dmn.hit_policy",
                element,
                f"The hit policy {policy} {aggregation} is not known.".replace("  ", " "),
                "Choose UNIQUE, FIRST, ANY, PRIORITY, RULE ORDER, OUTPUT ORDER or COLLECT.",
            )
            return _NULL
        inputs = tuple(self._input(column) for column in element.all("input"))
        outputs = tuple(self._output(column) for column in element.all("output"))
        if aggregation and len(outputs) > 1:
            self._report(
                "dmn.hit_policy",
                element,
                f"COLLECT {aggregation} does not know which of {len(outputs)} outputs to aggregate.",
                "Keep one output, or collect without aggregation.",
            )
            return _NULL
        rules: list[Rule] = []
        for rule in element.all("rule"):
            conditions = tuple(self._tests(cell) for cell in rule.all("inputEntry"))
            results = tuple(self._result(cell) for cell in rule.all("outputEntry"))
            if len(conditions) != len(inputs) or len(results) != len(outputs):
                self._report(
                    "dmn.row_width", rule, "The rule does not fit the columns.", "Fill in every cell."
                )
                return _NULL
            rules.append(Rule(conditions, results))
        return DecisionTable(element.get("id"), inputs, outputs, tuple(rules), policy, aggregation)

    def _result(self, cell: Element) -> ast.Node:
        text = cell.text_of("text")
        return self.text(cell) if text and text != "-" else _NULL

    def _input(self, column: Element) -> Input:
        expression = column.first("inputExpression") or column
        allowed = column.first("inputValues")
        return Input(
            self.text(expression),
            self._items.named(expression.get("typeRef"), column),
            None if allowed is None else self._tests(allowed),
        )

    def _output(self, column: Element) -> Output:
        values = column.first("outputValues")
        default = column.first("defaultOutputEntry")
        kind = self._items.named(column.get("typeRef"), column)
        allowed = None if values is None else self._tests(values)
        tests = self._items.allowed_values(column.get("typeRef")) if allowed is None else allowed
        priorities = tuple(test.expression for test in tests.tests or ()) if tests is not None else ()
        return Output(column.name, kind, None if default is None else self.text(default), priorities)


@dataclass(frozen=True, slots=True)
class Row(ast.Composite):
    """A row of a relation: a context whose entries do not see each other."""

    names: tuple[str, ...]
    cells: tuple[ast.Node, ...]

    def compile(self, compiler: Compiler) -> Code:
        """Return the code."""
        entries = [(name, compiler.compile(cell)) for name, cell in zip(self.names, self.cells, strict=True)]
        return lambda frame: {name: code(frame) for name, code in entries}


_TRANSLATE: dict[str, Callable[[Translator, Element], ast.Node]] = {
    "literalExpression": Translator.text,
    "decisionTable": Translator._table,
    "context": Translator._context,
    "invocation": Translator._invocation,
    "list": Translator._list,
    "relation": Translator._relation,
    "functionDefinition": Translator.function,
    "conditional": Translator._conditional,
    "filter": Translator._filter,
    "for": Translator._iteration,
    "some": Translator._iteration,
    "every": Translator._iteration,
}
