"""Expressions and unary tests, compiled and ready to evaluate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from bpmn.feel.builtins import BUILTINS
from bpmn.feel.compiler import Compiler
from bpmn.feel.errors import FeelError, Place
from bpmn.feel.limits import DEFAULT, Limits, exceeded
from bpmn.feel.parser import Parser
from bpmn.feel.runtime import Code, Frame, Run
from bpmn.feel.types import Type
from bpmn.feel.values import MAX_DEPTH, Range, Value
from bpmn.feel.vocabulary import Vocabulary

_FUNCTIONS = Vocabulary(BUILTINS)
_NO_NAMES = Vocabulary()
_NO_TYPES: Mapping[str, Type] = {}


class Expression:
    """A compiled expression; it holds no state and may be evaluated anywhere, any number of times.

    `names` are the variables that it surely reads; `possible_names` those that a filter's condition reads
    where the filtered items have no member of that name.
    """

    __slots__ = ("code", "names", "possible_names", "text")

    def __init__(self, text: str, code: Code, names: frozenset[str], possible_names: frozenset[str]) -> None:
        self.text = text
        self.code = code
        self.names = names
        self.possible_names = possible_names

    def evaluate(
        self, scope: Mapping[str, Any], *, now: dt.datetime, strict: bool = True, limits: Limits = DEFAULT
    ) -> Value:
        """Return the value of the expression over the variables in `scope`.

        `now` is what `now()` and `today()` answer. An unknown variable is an error where `strict`, else null.

        Raises:
            FeelError: `feel.unknown_variable`, or `feel.limit` when the evaluation wants too much work or
            space.
        """
        run = Run(now, limits, strict=strict)
        try:
            return checked(run, self.code(Frame(scope, None, run)))  # type: ignore[no-any-return]
        except RecursionError:
            raise exceeded("nested calls").at(Place(self.text, 0)) from None
        except FeelError as wrong:
            raise wrong.at(Place(self.text, 0)) from None

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


class UnaryTests:
    """The compiled tests of one cell of a decision table."""

    __slots__ = ("code", "names", "text")

    def __init__(self, text: str, code: Code, names: frozenset[str]) -> None:
        self.text = text
        self.code = code
        self.names = names

    def evaluate(
        self,
        value: Any,
        scope: Mapping[str, Any],
        *,
        now: dt.datetime,
        strict: bool = True,
        limits: Limits = DEFAULT,
    ) -> bool:
        """Return whether `value` passes; errors as of `Expression.evaluate`."""
        run = Run(now, limits, strict=strict)
        try:
            return self.code(Frame((value,), Frame(scope, None, run), run)) is True
        except RecursionError:
            raise exceeded("nested calls").at(Place(self.text, 0)) from None
        except FeelError as wrong:
            raise wrong.at(Place(self.text, 0)) from None


def compile_expression(
    text: str,
    *,
    names: Iterable[str] | Vocabulary = (),
    members: Iterable[str] | Vocabulary = (),
    types: Mapping[str, Type] | None = None,
) -> Expression:
    """Compile FEEL text (without the `=` that marks it in a BPMN attribute).

    `names` declares variables of several words, `members` such keys of contexts, `types` what `instance of`
    may name besides FEEL's own types. Names of one word need no declaration.

    Raises:
        FeelSyntaxError: `feel.syntax`, `feel.too_long`, `feel.too_deep` or `feel.unknown_type`, with the
        place.
    """
    if types is None and not names and not members:
        return _compile_plain(text)
    return _compile(text, _vocabulary(names), _vocabulary(members), types or _NO_TYPES)


def compile_unary_tests(
    text: str,
    *,
    names: Iterable[str] | Vocabulary = (),
    members: Iterable[str] | Vocabulary = (),
    types: Mapping[str, Type] | None = None,
) -> UnaryTests:
    """Compile the tests of a cell (`-`, `< 10`, `"a", "b"`, `not([1..5])`); else as `compile_expression`.

    Raises:
        FeelSyntaxError: as of `compile_expression`.
    """
    tree = Parser(text, (_FUNCTIONS, _vocabulary(names)), _vocabulary(members)).unary_tests()
    compiler = Compiler(types or _NO_TYPES)
    code = compiler.unary_tests(tree)
    return UnaryTests(text, code, frozenset(compiler.names))


@lru_cache(maxsize=4_096)
def _compile_plain(text: str) -> Expression:
    return _compile(text, _NO_NAMES, _NO_NAMES, _NO_TYPES)


def _compile(text: str, names: Vocabulary, members: Vocabulary, types: Mapping[str, Type]) -> Expression:
    tree = Parser(text, (_FUNCTIONS, names), members).expression()
    compiler = Compiler(types)
    code = compiler.compile(tree)
    return Expression(text, code, frozenset(compiler.names), frozenset(compiler.possible_names))


def _vocabulary(names: Iterable[str] | Vocabulary) -> Vocabulary:
    return names if isinstance(names, Vocabulary) else Vocabulary(names)


def checked(run: Run, value: Any) -> Any:
    """Charge for walking a result once and refuse one that nests too deep.

    A result may share its parts: forty steps of doubling a list make a value that no one can write down.
    """
    if isinstance(value, list | tuple | dict | Range):
        _walk(run, value, 0)
    return value


def _walk(run: Run, value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise exceeded(f"{MAX_DEPTH} levels of nesting in a value")
    parts = value.values() if isinstance(value, dict) else value
    if isinstance(value, Range):
        parts = (value.start, value.end)
    run.spend(len(parts))
    for part in parts:
        if isinstance(part, list | tuple | dict | Range):
            _walk(run, part, depth + 1)
