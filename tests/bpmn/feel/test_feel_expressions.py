"""What expressions mean, one line per rule of the standard that this platform leans on."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from bpmn.feel import (
    DayTimeDuration,
    FeelError,
    FeelSyntaxError,
    Range,
    YearMonthDuration,
    compile_expression,
    compile_unary_tests,
)

NOW = dt.datetime(2026, 3, 31, 9, 30, tzinfo=dt.UTC)


def value_of(text: str, **variables: Any) -> Any:
    return compile_expression(text).evaluate(variables, now=NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", Decimal(7)),
        ("0.1 + 0.2", Decimal("0.3")),
        ("2 ** 3 ** 2", Decimal(64)),
        ("-2 ** 2", Decimal(4)),
        ("10 - 2 - 3", Decimal(5)),
        ("1 / 3", Decimal("0.3333333333333333333333333333333333")),
        ("1 / 0", None),
        ('"a" + 1', None),
        ('"a" + "b"', "ab"),
        ("1.50 = 1.5", True),
        ('1 = "1"', None),
        ("null = null", True),
        ("1 != null", True),
        ("1 < null", None),
        ("[1, 2] = [1, 2]", True),
        ("{a: 1, b: 2} = {b: 2, a: 1}", True),
        ("5 between 1 and 5", True),
        ("true and null", None),
        ("false and null", False),
        ("true or null", True),
        ("false or null", None),
        ('true and "x"', None),
        ("if null then 1 else 2", Decimal(2)),
        ("for i in 1..3 return i * i", [Decimal(1), Decimal(4), Decimal(9)]),
        ("for i in 3..1 return i", [Decimal(3), Decimal(2), Decimal(1)]),
        ("for a in [1, 2], b in [10, 20] return a + b", [Decimal(n) for n in (11, 21, 12, 22)]),
        ("for i in 1..4 return if i = 1 then 1 else i * partial[-1]", [Decimal(n) for n in (1, 2, 6, 24)]),
        ("some x in [1, 2] satisfies x > 1", True),
        ("every x in [] satisfies false", True),
        ("[1, 2, 3][2]", Decimal(2)),
        ("[1, 2, 3][-1]", Decimal(3)),
        ("[1, 2, 3][4]", None),
        ("[1, 2, 3][item > 1]", [Decimal(2), Decimal(3)]),
        ("[{n: 1, p: 2}, {n: 2, p: 3}][n = 2].p", [Decimal(3)]),
        ("{a: 1, b: a + 1}.b", Decimal(2)),
        ("{a: 1, a: 2}", None),
        ('{"net amount": 5}.net amount', Decimal(5)),
        ("{net amount: 5, gross: net amount * 2}.gross", Decimal(10)),
        ("5 in (1..5)", False),
        ("5 in [1..5]", True),
        ("5 in (< 3, > 4)", True),
        ("[1..5[ = [1..5)", True),
        ('"x" in ["x", "y"]', True),
        ("1 instance of number", True),
        ('["a", 1] instance of list<string>', False),
        ("null instance of number", False),
        ("(function(a, b) a - b)(b: 1, a: 3)", Decimal(2)),
        (
            "{fact: function(n) if n = 0 then 1 else n * fact(n - 1), r: fact(20)}.r",
            Decimal(2432902008176640000),
        ),
        ('substring(string: "foobar", start position: -3)', "bar"),
        ("max(1, 3, 2)", Decimal(3)),
        ("sum([])", None),
        ('matches("foobar", "^fo*b")', True),
        ('string({a: [1.50, "x"]})', '{a: [1.50, "x"]}'),
        ("decimal(2.5, 0)", Decimal(2)),
        ("round half up(2.5, 0)", Decimal(3)),
        ("modulo(-12, 5)", Decimal(3)),
        ("/* a comment */ 1 // to the end", Decimal(1)),
    ],
)
def test_an_expression_has_the_value_of_the_standard(text: str, expected: Any) -> None:
    value = value_of(text)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('date("2026-01-31") + @"P1M"', dt.date(2026, 2, 28)),
        ('@"2026-01-31" - @"2026-01-01"', DayTimeDuration(30 * 86_400 * 10**9)),
        ('@"10:00:00" + @"PT15H"', dt.time(1)),
        ('@"2026-03-29T00:30:00@Europe/Berlin" + @"PT2H" = @"2026-03-29T03:30:00@Europe/Berlin"', True),
        ('duration("P1Y2M") = @"P14M"', True),
        ('@"P1Y" * 1.5', YearMonthDuration(18)),
        ('@"2026-02-30"', None),
        ('@"2026-05-04".weekday', Decimal(1)),
        ('date("-999999999-01-01") - @"P1D"', None),
        ('string(date(12026, 1, 31) + @"P1M")', "12026-02-28"),
        ('@"2026-01-01T10:00:00Z" = @"2026-01-01T11:00:00+01:00"', True),
        ('@"2026-01-01T10:00:00Z" < @"2026-01-01T11:00:00"', None),
        ('years and months duration(@"2024-02-29", @"2025-02-28")', YearMonthDuration(11)),
        ('time("10:00:00@localtime")', None),
        ('time("23:59:00z") + @"PT2M" = @"00:01:00Z"', True),
        ("now()", NOW),
        ('today() + @"P1M"', dt.date(2026, 4, 30)),
    ],
)
def test_time_is_the_calendars_and_the_commands(text: str, expected: Any) -> None:
    assert value_of(text) == expected


def test_a_variable_of_several_words_is_one_name_where_it_is_in_scope() -> None:
    expression = compile_expression("net amount - discount", names=["net amount", "discount"])
    assert expression.names == {"net amount", "discount"}
    assert expression.evaluate({"net amount": Decimal(9), "discount": Decimal(2)}, now=NOW) == 7


def test_backticks_name_what_is_not_declared() -> None:
    assert value_of("`net amount` + 1", **{"net amount": Decimal(1)}) == 2


def test_words_that_make_no_name_are_told_with_a_hint() -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression("net amount > 1")
    assert caught.value.code == "feel.syntax"
    assert caught.value.where is not None
    assert "line 1, column 5" in caught.value.where
    assert "`net amount`" in str(caught.value.hint)


def test_the_free_names_are_known_before_evaluation() -> None:
    expression = compile_expression("for x in orders return x.total + sum(lines[price > floor].price)")
    assert expression.names == {"orders", "lines"}
    assert expression.possible_names == {"price", "floor"}


def test_an_unknown_variable_is_an_error_in_a_process_and_null_in_a_decision() -> None:
    expression = compile_expression("amuont > 10")
    with pytest.raises(FeelError) as caught:
        expression.evaluate({"amount": Decimal(1)}, now=NOW)
    assert (caught.value.code, caught.value.where) == (
        "feel.unknown_variable",
        "line 1, column 1: 'amuont > 10'",
    )
    assert expression.evaluate({}, now=NOW, strict=False) is None


def test_a_variable_may_have_the_name_of_a_function() -> None:
    assert value_of("count(count) + 1", count=[Decimal(1)]) == 2


def test_integers_are_widened_and_binary_floats_refused() -> None:
    assert value_of("n / 4", n=1) == Decimal("0.25")
    with pytest.raises(FeelError, match="floating") as caught:
        value_of("n", n=0.1)
    assert caught.value.code == "feel.bad_value"


def test_a_range_is_a_value_with_parts() -> None:
    assert value_of("(1..9]") == Range(Decimal(1), Decimal(9), False, True)
    assert value_of("(< 9).end included") is False


@pytest.mark.parametrize(
    ("tests", "value", "passes"),
    [
        ("-", None, True),
        ("< 10", Decimal(9), True),
        ("< 10", None, False),
        ('"a", "b"', "b", True),
        ('not("a", "b")', "c", True),
        ("[1..5], 9", Decimal(9), True),
        ("? * 2 > 10", Decimal(6), True),
        ("limit", Decimal(3), True),
        ("true", False, False),
        ("known", "x", True),
        ("not(known) or true", "x", True),
        ("null", None, True),
    ],
)
def test_unary_tests_ask_their_input(tests: str, value: Any, passes: bool) -> None:
    cell = compile_unary_tests(tests)
    assert cell.evaluate(value, {"limit": Decimal(3), "known": True}, now=NOW) is passes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "(1",
        "[1, 2",
        '"open',
        "if true then 1",
        "for x in [1]",
        "{a 1}",
        "1 ]",
        "f(a: 1, 2)",
        "x instance of nonsense",
        "1e99999",
        '"\\uD800"',
        'function(x) external {java: {class: "java.lang.Math"}}',
    ],
)
def test_what_is_no_feel_is_refused(text: str) -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression(text)
    assert caught.value.code.startswith("feel.")
    assert caught.value.message
