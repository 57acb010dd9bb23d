"""FEEL, the expression language of DMN and of BPMN models: sandboxed, exact and bounded.

    expression = compile_expression("amount * 1.05 > limit")
    expression.evaluate({"amount": Decimal(100), "limit": Decimal(90)}, now=at)

An expression sees its variables and the built-in functions, nothing else: no attribute access, no I/O, no
clock.
"""

from bpmn.feel.errors import FeelError, FeelSyntaxError
from bpmn.feel.expression import Expression, UnaryTests, compile_expression, compile_unary_tests
from bpmn.feel.limits import Limits
from bpmn.feel.values import (
    DayTimeDuration,
    Function,
    Range,
    Value,
    WideDate,
    WideDateTime,
    WideTime,
    YearMonthDuration,
)

__all__ = [
    "DayTimeDuration",
    "Expression",
    "FeelError",
    "FeelSyntaxError",
    "Function",
    "Limits",
    "Range",
    "UnaryTests",
    "Value",
    "WideDate",
    "WideDateTime",
    "WideTime",
    "YearMonthDuration",
    "compile_expression",
    "compile_unary_tests",
]
