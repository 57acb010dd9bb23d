"""How points and ranges lie to each other (DMN 1.5, 10.3.4.8, Allen's interval algebra), and `range`."""

# ruff: noqa: D103 - each function is declared by its signature in FEEL; the standard describes it

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from bpmn.feel import syntax as ast
from bpmn.feel.builtins.calendar import date, date_and_time_from, duration, time
from bpmn.feel.builtins.registry import builtin
from bpmn.feel.errors import FeelSyntaxError
from bpmn.feel.operators import compare
from bpmn.feel.parser import Parser
from bpmn.feel.runtime import Run
from bpmn.feel.values import Range
from bpmn.feel.vocabulary import Vocabulary


class _Incomparable(Exception):
    """Two ends have no order."""


def _cmp(left: Any, right: Any) -> int:
    order = compare(left, right)
    if order is None:
        raise _Incomparable
    return order


def _starts(one: Range, other: Range) -> int:
    """Compare where two ranges start: -1 when `one` holds points before all of `other`."""
    if one.start is None or other.start is None:
        return (other.start is None) - (one.start is None)
    order = _cmp(one.start, other.start)
    return order or other.start_included - one.start_included


def _ends(one: Range, other: Range) -> int:
    """Compare where two ranges end: 1 when `one` holds points after all of `other`."""
    if one.end is None or other.end is None:
        return (one.end is None) - (other.end is None)
    order = _cmp(one.end, other.end)
    return order or one.end_included - other.end_included


def _gap(earlier: Range, later: Range) -> bool:
    """Tell whether `earlier` ends before `later` starts."""
    if earlier.end is None or later.start is None:
        return False
    order = _cmp(earlier.end, later.start)
    return order < 0 or (order == 0 and not (earlier.end_included and later.start_included))


def _span(value: Any) -> Range:
    """Return a range as itself and a point as the range that holds it alone."""
    return value if isinstance(value, Range) else Range(value, value)


def _touch(earlier: Range, later: Range) -> bool:
    if earlier.end is None or later.start is None:
        return False
    return earlier.end_included and later.start_included and _cmp(earlier.end, later.start) == 0


_Holds: TypeAlias = Callable[[Range, Range], bool]


def _relation(name: str, *shapes: str) -> Callable[[_Holds], _Holds]:
    """Declare a relation of ranges; `shapes` tell where it is defined (p a point, r a range, as in "pr")."""

    def declare(holds: _Holds) -> _Holds:
        def decide(run: Run, one: Any, other: Any) -> bool | None:
            shape = "".join("r" if isinstance(value, Range) else "p" for value in (one, other))
            if shape not in shapes or one is None or other is None:
                return None
            try:
                return holds(_span(one), _span(other))
            except _Incomparable:
                return None

        for shape in shapes:
            builtin(name, *_PARAMETERS[shape])(decide)
        return holds

    return declare


_PARAMETERS = {
    "pp": ("point1: Any", "point2: Any"),
    "pr": ("point: Any", "range: Any"),
    "rp": ("range: Any", "point: Any"),
    "rr": ("range1: Any", "range2: Any"),
}


@_relation("before", "pp", "pr", "rp", "rr")
def before(one: Range, other: Range) -> bool:
    return _gap(one, other)


@_relation("after", "pp", "pr", "rp", "rr")
def after(one: Range, other: Range) -> bool:
    return _gap(other, one)


@_relation("meets", "rr")
def meets(one: Range, other: Range) -> bool:
    return _touch(one, other)


@_relation("met by", "rr")
def met_by(one: Range, other: Range) -> bool:
    return _touch(other, one)


@_relation("overlaps", "rr")
def overlaps(one: Range, other: Range) -> bool:
    return not _gap(one, other) and not _gap(other, one)


@_relation("overlaps before", "rr")
def overlaps_before(one: Range, other: Range) -> bool:
    return _starts(one, other) < 0 and not _gap(one, other) and _ends(one, other) <= 0


@_relation("overlaps after", "rr")
def overlaps_after(one: Range, other: Range) -> bool:
    return overlaps_before(other, one)


@_relation("finishes", "pr", "rr")
def finishes(one: Range, other: Range) -> bool:
    return _ends(one, other) == 0 and _starts(one, other) >= 0


@_relation("finished by", "rp", "rr")
def finished_by(one: Range, other: Range) -> bool:
    return finishes(other, one)


@_relation("includes", "rp", "rr")
def includes(one: Range, other: Range) -> bool:
    return _starts(one, other) <= 0 and _ends(one, other) >= 0


@_relation("during", "pr", "rr")
def during(one: Range, other: Range) -> bool:
    return includes(other, one)


@_relation("starts", "pr", "rr")
def starts(one: Range, other: Range) -> bool:
    return _starts(one, other) == 0 and _ends(one, other) <= 0


@_relation("started by", "rp", "rr")
def started_by(one: Range, other: Range) -> bool:
    return starts(other, one)


@_relation("coincides", "pp", "rr")
def coincides(one: Range, other: Range) -> bool:
    return _starts(one, other) == 0 and _ends(one, other) == 0


# --- range("[1..9]") ------------------------------------------------------------------------------

_TEMPORAL = {"date": date, "time": time, "date and time": date_and_time_from, "duration": duration}
_NAMES = Vocabulary(_TEMPORAL)


@builtin("range", "from: string")
def range_(run: Run, text: str) -> Range | None:
    """Read a range whose ends are literals or one of the calls that stand for a literal."""
    try:
        tree = Parser(text, (_NAMES,), Vocabulary()).expression()
    except FeelSyntaxError:
        return None
    if not isinstance(tree, ast.RangeLiteral):
        return None
    start, end = _constant(run, tree.start), _constant(run, tree.end)
    order = compare(start, end)
    if order is None or order > 0:
        return None
    return Range(start, end, tree.start_included, tree.end_included)


def _constant(run: Run, node: ast.Node) -> Any:
    if isinstance(node, ast.Literal):
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.callee, ast.Name) and len(node.arguments) == 1:
        [argument] = node.arguments
        reader = _TEMPORAL.get(node.callee.name)
        if reader is not None and isinstance(argument, ast.Literal) and type(argument.value) is str:
            return reader(run, argument.value)
    return None
