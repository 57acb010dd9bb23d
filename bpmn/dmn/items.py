"""Item definitions: the types that a DMN model declares (DMN 1.5, 7.3.3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bpmn.dmn.source import Element
from bpmn.feel import syntax as ast
from bpmn.feel.builtins import BUILTINS
from bpmn.feel.compiler import Compiler
from bpmn.feel.errors import FeelError, FeelSyntaxError
from bpmn.feel.limits import DEFAULT
from bpmn.feel.parser import Parser
from bpmn.feel.runtime import Code, Frame, Run
from bpmn.feel.types import ANY, ContextType, FunctionType, LazyType, ListType, Type, named_type, resolve
from bpmn.feel.vocabulary import Vocabulary

# A type's allowed values do not depend on when one looks.
_NO_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_FUNCTIONS = Vocabulary(BUILTINS)

Report = Callable[[str, Element, str, str], None]


@dataclass(frozen=True, slots=True)
class ConstrainedType(Type):
    """A type narrowed to the values that pass unary tests."""

    base: Type
    test: Code
    text: str

    def holds(self, value: Any) -> bool:
        """Tell whether `value` is of the base type; `instance of` does not ask for the allowed values."""
        return self.base.holds(value)

    def allows(self, value: Any) -> bool:
        """Tell whether `value` is among the allowed values."""
        if not self.base.allows(value):
            return False
        run = Run(_NO_TIME, DEFAULT, strict=False)
        try:
            return self.test(Frame((value,), Frame({}, None, run), run)) is True
        except FeelError:
            return False

    def accepts(self, other: Type) -> bool:
        """Tell whether every value of `other` is allowed; that is only known of the same constraint."""
        return (
            isinstance(other, ConstrainedType) and self.text == other.text and self.base.accepts(other.base)
        )


class ItemDefinitions:
    """The types of one model, its imports' under their prefixes.

    `members` are the names of all types and components, which contexts may have as keys.
    """

    def __init__(
        self,
        definitions: Element,
        imported: Mapping[str, Mapping[str, Type]],
        report: Report,
    ) -> None:
        self.types: dict[str, Type] = {}
        self.members: set[str] = set()
        self._elements: dict[str, Element] = {}
        self._resolved: dict[str, Type] = {}
        self._report = report
        for prefix, types in imported.items():
            self.types.update({f"{prefix}.{name}" if prefix else name: kind for name, kind in types.items()})
        for element in definitions.all("itemDefinition"):
            name = element.name
            self._elements[name] = element
            self.members.add(name)
            self.types[name] = LazyType(name, lambda name=name: self._resolve(name))  # type: ignore[misc]
        for name in self._elements:
            self._resolve(name)

    def named(self, name: str, element: Element) -> Type:
        """Return the type that a `typeRef` names, Any for none; reports an unknown one at `element`."""
        name = " ".join(name.split())
        if not name:
            return ANY
        kind = self.types.get(name) or _built_in(name)
        if kind is not None:
            return kind
        # DMN 1.1 and some tools qualify FEEL's own types by a prefix (feel:number).
        _, colon, local = name.rpartition(":")
        kind = (self.types.get(local) or _built_in(local)) if colon else None
        if kind is None:
            self._report(
                "dmn.unknown_type",
                element,
                f"There is no type {name!r}.",
                "Use a type of FEEL or an item definition of the model.",
            )
            return ANY
        return kind

    def allowed_values(self, name: str) -> ast.UnaryTests | None:
        """Return the tests that a named type's values pass, in the order in which they are written."""
        element = self._elements.get(" ".join(name.split()))
        constraint = None if element is None else element.first("allowedValues")
        text = None if constraint is None else constraint.text_of("text")
        try:
            return Parser(text, (_FUNCTIONS,), Vocabulary()).unary_tests() if text else None
        except FeelSyntaxError:
            return None  # reported where the type itself is read

    def _resolve(self, name: str) -> Type:
        if name not in self._resolved:
            self._resolved[name] = ANY  # what a definition that contains itself sees of itself
            self._resolved[name] = self._type(self._elements[name])
        return self._resolved[name]

    def _type(self, element: Element) -> Type:
        components = list(element.all("itemComponent"))
        function = element.first("functionItem")
        if components:
            kind: Type = ContextType(tuple((part.name, self._type(part)) for part in components))
            self.members.update(part.name for part in components)
        elif function is not None:
            parameters = tuple(self.named(part.get("typeRef"), part) for part in function.all("parameters"))
            kind = FunctionType(parameters, self.named(function.get("outputTypeRef"), function))
        else:
            kind = self.named(element.text_of("typeRef") or "", element)
        kind = self._constrained(kind, element.first("allowedValues"))
        if element.get("isCollection") == "true":
            kind = ListType(kind)
        return self._constrained(kind, element.first("typeConstraint"))

    def _constrained(self, base: Type, constraint: Element | None) -> Type:
        text = None if constraint is None else constraint.text_of("text")
        if constraint is None or not text:
            return base
        try:
            tree = Parser(text, (_FUNCTIONS,), Vocabulary(self.members)).unary_tests()
            test = Compiler(self.types).unary_tests(tree)
        except FeelSyntaxError as error:
            self._report(
                "dmn.bad_expression", constraint, error.message, error.hint or "Correct the allowed values."
            )
            return base
        return ConstrainedType(base, test, text)


def _built_in(name: str) -> Type | None:
    simple = named_type(name)
    if simple is not None or "<" not in name:
        return simple
    try:
        return resolve(Parser(f"null instance of {name}", (), Vocabulary()).expression().type, {})  # type: ignore[union-attr]
    except (FeelSyntaxError, AttributeError):
        return None
