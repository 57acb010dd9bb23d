"""The built-in functions of FEEL (DMN 1.5, 10.3.4), one module per group of the standard."""

from bpmn.feel.builtins import calendar, contexts, conversions, lists, numbers, ranges, strings
from bpmn.feel.builtins.registry import BUILTINS

__all__ = ["BUILTINS", "calendar", "contexts", "conversions", "lists", "numbers", "ranges", "strings"]
