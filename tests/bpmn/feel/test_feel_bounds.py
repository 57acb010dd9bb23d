"""No expression takes the engine down: work, depth and size are bounded, and only values are in reach."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal

import pytest

from bpmn.feel import FeelError, FeelSyntaxError, Limits, compile_expression

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DOUBLING = "for i in 1..60 return if count(partial) = 0 then [1] else [partial[-1], partial[-1]]"


@pytest.mark.parametrize(
    "text",
    [
        "for a in 1..100000, b in 1..100000 return a",
        "for a in 1..1e30 return a",
        "some a in 1..1e9 satisfies a < 0",
        "{f: function(g) g(g), r: f(f)}.r",
        'for i in 1..60 return if i = 1 then "aaaaaaaaaa" else partial[-1] + partial[-1]',
        DOUBLING,
        f"{{a: {DOUBLING}, r: a = a}}",
        f"string({DOUBLING})",
        f"flatten({DOUBLING})",
        "for i in 1..5000 return [partial[-1]]",
        'matches("a", "((a{1000}){1000}){1000}")',
        f'replace("{"a" * 20_000}", "a", "{"b" * 5_000}")',
        f'matches("{"a" * 300}", "(a*)(a*)(a*)\\1\\2\\3b")',
        "{f: function(x) f(x), r: f(1)}.r",
        "for i in 1..100000 return every j in 1..100000 satisfies j > 0",
        "9999999999999999 ** 300 * count(for i in 1..1e18 return i)",
        f'matches("{"a" * 30_000}!", "(a+)+{"(a|b)*" * 40}$")',
    ],
)
def test_an_evaluation_that_wants_too_much_is_given_up(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(FeelError) as caught:
        compile_expression(text).evaluate({}, now=NOW)
    assert caught.value.code == "feel.limit"
    assert caught.value.place is not None
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "1" + ")" * 5_000,
        "-" * 60_000 + "1",
        "[" * 5_000,
        "if true then " * 3_000 + "1",
        "a" + ".b" * 20_000,
        "=".join(["1"] * 5_000),
        "1 in (" * 3_000 + "1" + ")" * 3_000,
        "1" * 70_000,
    ],
)
def test_a_text_that_nests_or_runs_too_long_is_refused(text: str) -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression(text)
    assert caught.value.code in ("feel.too_deep", "feel.too_long", "feel.syntax")


def test_a_long_chain_of_operators_is_no_deep_one() -> None:
    assert compile_expression("+".join(["1"] * 10_000)).evaluate({}, now=NOW) == 10_000


def test_recursion_ends_before_the_interpreter_does() -> None:
    bodies = ["n * g(g, n - 1)", "[1][g(g, n - 1)]", "for a in [1], b in [1] return [{x: g(g, n - 1)}]"]
    for body in bodies:
        with pytest.raises(FeelError, match="nested calls"):
            compile_expression(f"{{f: function(g, n) {body}, r: f(f, 1000000)}}.r").evaluate({}, now=NOW)


def test_the_limits_are_the_callers_to_tighten() -> None:
    expression = compile_expression("for i in 1..100 return i")
    with pytest.raises(FeelError):
        expression.evaluate({}, now=NOW, limits=Limits(steps=50))


@pytest.mark.parametrize(
    "text",
    ["x.__class__", '"a".__class__.__mro__', "x.real", "items.append", "fn.__globals__", "now().tzinfo"],
)
def test_a_path_reaches_contexts_and_never_python(text: str) -> None:
    scope = {"x": Decimal(1), "items": [], "fn": compile_expression("function(a) a").evaluate({}, now=NOW)}
    assert not compile_expression(text).evaluate(scope, now=NOW)


@pytest.mark.parametrize("text", ['__import__("os")', 'open("x")', 'eval("1")'])
def test_only_feels_own_functions_exist(text: str) -> None:
    with pytest.raises(FeelError) as caught:
        compile_expression(text).evaluate({}, now=NOW)
    assert caught.value.code == "feel.unknown_variable"
