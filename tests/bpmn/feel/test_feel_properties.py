"""What holds for every expression and value."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bpmn.feel import FeelError, FeelSyntaxError, compile_expression, compile_unary_tests
from bpmn.feel.limits import Limits

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FEW = Limits(steps=20_000, text=10_000, items=2_000)

_words = st.sampled_from(
    [
        *'1 2.5 .5 1e3 a b ? item x.y "s" @"P1D" @"2026-01-31" true null ( ) [ ] { } , : .. .'.split(),
        *"+ - * / ** = != < <= > >= and or not( if then else for in return some every satisfies".split(),
        *'between instance of number list< date( sum( function( partial // /* " ` \\ 😀'.split(),
    ]
)
_soup = st.lists(_words, max_size=25).map(" ".join)

_number = st.sampled_from([Decimal(n) for n in ("0", "1", "-2.50", "1e30", "0.0001", "7")])
_leaf = st.one_of(
    st.none(), st.booleans(), _number, st.text("ab", max_size=3), st.just(dt.date(2026, 1, 31)), st.just(NOW)
)
_value = st.recursive(
    _leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)


@given(st.one_of(_soup, st.text(max_size=60)))
def test_any_text_compiles_or_is_refused_and_evaluates_or_is_given_up(text: str) -> None:
    try:
        expression = compile_expression(text)
    except FeelSyntaxError:
        return
    given_up: set[str] = set()
    try:
        expression.evaluate({"a": Decimal(1), "b": [Decimal(2)]}, now=NOW, limits=FEW)
    except FeelError as error:
        given_up.add(error.code)
    assert given_up <= {"feel.unknown_variable", "feel.limit"}


@given(_soup)
def test_any_cell_compiles_or_is_refused(text: str) -> None:
    try:
        cell = compile_unary_tests(text)
    except FeelSyntaxError:
        return
    assert cell.evaluate(Decimal(1), {}, now=NOW, strict=False, limits=FEW) in (True, False)


@given(_value, _value, st.sampled_from("+ - * / ** = != < <= > >= and or in".split()))
def test_an_operator_has_a_value_for_all_operands(left: Any, right: Any, operator: str) -> None:
    expression = compile_expression(f"l {operator} r")
    scope = {"l": left, "r": right}
    assert expression.evaluate(scope, now=NOW) == expression.evaluate(scope, now=NOW)


def truth(text: str, **scope: Any) -> Any:
    return compile_expression(text).evaluate(scope, now=NOW)


_exact = st.decimals(min_value=-(10**9), max_value=10**9, places=4)


@given(_exact, _exact, _exact)
def test_arithmetic_keeps_its_laws(a: Decimal, b: Decimal, c: Decimal) -> None:
    assert truth("a + b = b + a", a=a, b=b)
    assert truth("(a + b) + c = a + (b + c)", a=a, b=b, c=c)
    assert truth("a * (b + c) = a * b + a * c", a=a, b=b, c=c)
    assert truth("a - a = 0 and a + -a = 0", a=a)
    assert truth("b = 0 or modulo(a, b) + b * floor(a / b) = a", a=a, b=b) in (True, None) or abs(a) > 0


@given(_value)
def test_every_value_equals_itself(value: Any) -> None:
    assert truth("v = v", v=value) is True


@given(_number, _number)
def test_order_is_total_on_numbers(a: Decimal, b: Decimal) -> None:
    assert [truth(f"a {op} b", a=a, b=b) for op in ("<", "=", ">")].count(True) == 1


_days = st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))


@given(_days, st.integers(-2_000_000, 2_000_000))
def test_a_duration_added_is_a_duration_apart(day: dt.date, days: int) -> None:
    sign = "-" if days < 0 else ""
    assert truth(f'(d + @"{sign}P{abs(days)}D") - d = @"{sign}P{abs(days)}D"', d=day)


@given(_days, st.integers(0, 5_000))
def test_months_added_never_pass_the_month_they_lead_to(day: dt.date, months: int) -> None:
    moved = truth(f'd + @"P{months}M"', d=day)
    assert moved.year * 12 + moved.month == day.year * 12 + day.month + months


@given(_value)
def test_the_text_of_a_value_without_dates_reads_back(value: Any) -> None:
    text = truth("string([v])", v=value)
    if "2026" not in text:
        assert truth("w = [v]", v=value, w=truth(text)) is True
