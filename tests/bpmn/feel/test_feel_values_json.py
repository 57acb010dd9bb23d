"""Values survive JSON: what a case stores is what it reads again."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmn.feel import DayTimeDuration, Range, WideDate, YearMonthDuration, compile_expression
from bpmn.values import ValueRefused, from_json, to_json

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

_zones = st.sampled_from(
    [None, dt.UTC, ZoneInfo("Europe/Paris"), dt.timezone(dt.timedelta(hours=-5, minutes=-30))]
)
_number = st.decimals(allow_nan=False, allow_infinity=False)
_scalar = st.one_of(
    st.none(),
    st.booleans(),
    _number,
    st.text(),
    st.dates(),
    st.datetimes(timezones=_zones),
    st.times(timezones=_zones),
    st.integers(-(10**6), 10**6).map(YearMonthDuration),
    st.integers(-(2**63 * 10**9) + 1, 2**63 * 10**9 - 1).map(DayTimeDuration),
    st.builds(WideDate, st.integers(10_000, 999_999_999), st.integers(1, 12), st.integers(1, 28)),
    st.builds(Range, _number, _number, st.booleans(), st.booleans()),
)
_value = st.recursive(
    _scalar,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@given(_value)
def test_a_value_comes_back_from_json_as_it_was(value: Any) -> None:
    stored = orjson.dumps(to_json(value), option=orjson.OPT_SORT_KEYS)
    back = from_json(orjson.loads(stored))
    assert back == value
    assert orjson.dumps(to_json(back), option=orjson.OPT_SORT_KEYS) == stored


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Decimal("1.50"), {"$n": "1.50"}),
        (Decimal(12), 12),
        (Decimal(2**60), {"$n": "1152921504606846976"}),
        (dt.date(2026, 1, 31), {"$d": "2026-01-31"}),
        (dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC), {"$dt": "2026-01-31T10:00:00Z"}),
        (YearMonthDuration(14), {"$m": 14}),
        (DayTimeDuration(1_500_000_000), {"$s": "1.5"}),
        ({"$n": "no number"}, {"$c": [["$n", "no number"]]}),
        ({"città": True}, {"$c": [["città", True]]}),
    ],
)
def test_each_kind_has_one_form(value: Any, stored: Any) -> None:
    assert to_json(value) == stored


@pytest.mark.parametrize(
    "data",
    [0.1, {"$n": "x"}, {"$n": 1}, {"$d": "2026-02-30"}, {"$x": 1}, {"$r": [1]}, {1: 2}, {"$a": 1, "b": 2}],
)
def test_json_that_is_no_value_is_refused(data: Any) -> None:
    with pytest.raises(ValueRefused) as caught:
        from_json(data)
    assert caught.value.code == "value.bad_json"


def test_what_cannot_be_kept_is_refused() -> None:
    function = compile_expression("function(x) x").evaluate({}, now=NOW)
    unkeepable: list[Any] = [function, 0.5, [[object()]], Decimal("NaN")]
    for value in unkeepable:
        with pytest.raises(ValueRefused) as caught:
            to_json(value)
        assert caught.value.code == "value.no_json"
