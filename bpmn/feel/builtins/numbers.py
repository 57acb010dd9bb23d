"""Numeric functions (DMN 1.5, 10.3.4.5)."""

# ruff: noqa: D103 - each function is declared by its signature in FEEL; the standard describes it

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

from bpmn.feel.builtins.registry import builtin
from bpmn.feel.operators import ARITHMETIC
from bpmn.feel.runtime import Run
from bpmn.feel.values import DayTimeDuration, YearMonthDuration

_MIN_SCALE, _MAX_SCALE = -6111, 6176


def rounded(number: Decimal, scale: Decimal, rounding: str) -> Decimal | None:
    """Return `number` with at most `scale` decimal places; None when the scale is out of range."""
    if not _MIN_SCALE <= scale <= _MAX_SCALE:
        return None
    places = int(scale)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or places >= -exponent:
        return number
    if number.adjusted() < -places - 1:
        # Less than half a unit of the last place: quantize would want more digits than the number has.
        number = Decimal((0, (1,), -places - 2)).copy_sign(number) if number else Decimal(0)
    try:
        result = number.quantize(Decimal((0, (1,), -places)), rounding, ARITHMETIC)
    except decimal.InvalidOperation:
        return None
    return ARITHMETIC.create_decimal(f"{result:f}") if places < 0 else result


@builtin("decimal", "n: number", "scale: number")
def decimal_(run: Run, n: Decimal, scale: Decimal) -> Decimal | None:
    return rounded(n, scale, decimal.ROUND_HALF_EVEN)


@builtin("floor", "n: number", "scale?: number")
def floor(run: Run, n: Decimal, scale: Decimal | None) -> Decimal | None:
    return rounded(n, scale or Decimal(0), decimal.ROUND_FLOOR)


@builtin("ceiling", "n: number", "scale?: number")
def ceiling(run: Run, n: Decimal, scale: Decimal | None) -> Decimal | None:
    return rounded(n, scale or Decimal(0), decimal.ROUND_CEILING)


@builtin("round up", "n: number", "scale: number")
def round_up(run: Run, n: Decimal, scale: Decimal) -> Decimal | None:
    return rounded(n, scale, decimal.ROUND_UP)


@builtin("round down", "n: number", "scale: number")
def round_down(run: Run, n: Decimal, scale: Decimal) -> Decimal | None:
    return rounded(n, scale, decimal.ROUND_DOWN)


@builtin("round half up", "n: number", "scale: number")
def round_half_up(run: Run, n: Decimal, scale: Decimal) -> Decimal | None:
    return rounded(n, scale, decimal.ROUND_HALF_UP)


@builtin("round half down", "n: number", "scale: number")
def round_half_down(run: Run, n: Decimal, scale: Decimal) -> Decimal | None:
    return rounded(n, scale, decimal.ROUND_HALF_DOWN)


@builtin("abs", "n: Any")
def absolute(run: Run, n: Any) -> Any:
    if type(n) is Decimal:
        return n.copy_abs()
    if isinstance(n, YearMonthDuration):
        return YearMonthDuration(abs(n.months))
    if isinstance(n, DayTimeDuration):
        return DayTimeDuration(abs(n.nanoseconds))
    return None


@builtin("modulo", "dividend: number", "divisor: number")
def modulo(run: Run, dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """The remainder with the divisor's sign: dividend - divisor * floor(dividend / divisor)."""
    try:
        rest = ARITHMETIC.remainder(dividend, divisor)
        return ARITHMETIC.add(rest, divisor) if rest and (rest < 0) != (divisor < 0) else rest
    except decimal.DecimalException:
        return None


@builtin("sqrt", "number: number")
def sqrt(run: Run, number: Decimal) -> Decimal | None:
    return None if number < 0 else ARITHMETIC.sqrt(number)


@builtin("log", "number: number")
def log(run: Run, number: Decimal) -> Decimal | None:
    return ARITHMETIC.ln(number) if number > 0 else None


@builtin("exp", "number: number")
def exp(run: Run, number: Decimal) -> Decimal | None:
    try:
        return ARITHMETIC.exp(number)
    except decimal.Overflow:
        return None


@builtin("odd", "number: number")
def odd(run: Run, number: Decimal) -> bool | None:
    return _parity(number, 1)


@builtin("even", "number: number")
def even(run: Run, number: Decimal) -> bool | None:
    return _parity(number, 0)


def _parity(number: Decimal, wanted: int) -> bool | None:
    if number != number.to_integral_value():
        return None
    return int(number) % 2 == wanted if number.adjusted() < 40 else wanted == 0
