"""An error of an expression points into it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from bpmn.feel import FeelError, FeelSyntaxError, Limits, compile_expression, compile_unary_tests

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def failure(text: str, **variables: Any) -> FeelError:
    with pytest.raises(FeelError) as caught:
        compile_expression(text).evaluate(variables, now=NOW, limits=Limits(steps=20_000))
    return caught.value


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("1 + ", "1 + |"),
        ("1 + * 2", "1 + |* 2"),
        ('if a then "x" ele 2', 'if a then "x" |ele 2'),
        ("net amount > 1", "net |amount > 1"),
        ('a = "open', 'a = |"open'),
        ("[1, 2", "[1, 2|"),
        ("(" * 100, "(" * 48 + "|" + "(" * 52),
        ("a +\n  b c\n+ 1", "a +\n  b |c\n+ 1"),
    ],
)
def test_a_syntax_error_points_to_what_does_not_fit(text: str, marked: str) -> None:
    error = failure(text)
    assert isinstance(error, FeelSyntaxError)
    assert error.place is not None
    assert text[: error.place.position] + "|" + text[error.place.position :] == marked


@pytest.mark.parametrize(
    ("text", "pointed"),
    [
        ("1 + (amuont * 2)", "amuont"),
        ("if n > 1 then {a: bc} else 1", "bc}"),
        ("n + count(for i in 1..200 return for j in 1..1000 return i)", "for j"),
        ("1 + count([1, 2][some x in 1..1000000 satisfies x < 0])", "some x"),
        ("{f: function(x) 1 + f(x + 1), r: 2 * f(1)}.r", "f(x + 1)"),
        ("count((for i in 1..900 return i)[count((for j in 1..900 return j)) > 1])", "for j"),
        ('1 + count(split(string join(for i in 1..2000 return "abcdefg", ""), "(a|b)*c"))', "split"),
    ],
)
def test_an_evaluation_that_ends_points_to_what_ended_it(text: str, pointed: str) -> None:
    error = failure(text, n=Decimal(2))
    assert error.place is not None
    assert text[error.place.position :].startswith(pointed)
    assert f"column {error.place.column}" in str(error)


def test_a_limit_without_a_nearer_place_points_to_the_whole_expression() -> None:
    error = failure("a = b", a=[[]] * 30_000, b=[[]] * 30_000)
    assert (error.code, error.where) == ("feel.limit", "line 1, column 1: 'a = b'")
    with pytest.raises(FeelError) as caught:
        compile_unary_tests("missing").evaluate(Decimal(1), {}, now=NOW)
    assert caught.value.where == "line 1, column 1: 'missing'"


def test_a_float_is_refused_where_it_is_read() -> None:
    error = failure("1 + rate", rate=0.1)
    assert (error.code, error.where) == ("feel.bad_value", "line 1, column 5: '1 + rate'")


def test_the_excerpt_is_the_line_with_a_caret_below_the_place() -> None:
    assert failure("1 +\n  limt * 2").excerpt == "  limt * 2\n  ^"
    long = failure(" + ".join(["1"] * 100) + " + limt + " + " + ".join(["2"] * 100))
    shown, caret = long.excerpt.split("\n")
    assert len(shown) <= 80
    assert shown[caret.index("^") :].startswith("limt")
