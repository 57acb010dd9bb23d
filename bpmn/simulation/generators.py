"""The variables of generated cases: how each is drawn, exactly, by the luck of its case and name.

    {"constant": "EUR"}
    {"choice": ["A", "B", "C"], "weights": [5, 3, 2]}
    {"uniform": [1000, 250000], "step": 0.01}
    {"normal": {"mean": 60, "deviation": 20}, "low": 30, "high": 120, "step": 1}
    {"sequence": ["DE", "IT"]}                          one after the other, and again from the first
    {"sequence": {"from": 100, "step": 1}}              counted upwards
    "=[case.id]"                                        FEEL over what was drawn

Numbers are decimals on the grid of `step` (1 if not stated), so money has no rounding error.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from statistics import NormalDist
from typing import TypeAlias

from bpmn.feel import Expression
from bpmn.simulation.document import Place
from bpmn.values import Value

Draw: TypeAlias = Callable[[float, int], Value]
"""The value by luck (0 to 1) and the number of the case (from 0)."""

_MAX_WEIGHT = 1_000_000
_MAX_GRID = 10**15


@dataclass(frozen=True, slots=True)
class Generators:
    """How the variables of a case are made: drawn each by itself, then computed from what was drawn."""

    drawn: Mapping[str, Draw]
    computed: Mapping[str, Expression]


def read_generators(place: Place) -> Generators:
    """Read the generators of a case's variables. Raises CasesRefused."""
    drawn: dict[str, Draw] = {}
    computed: dict[str, Expression] = {}
    for name, each in place.members().items():
        if isinstance(each.data, str):
            expression = each.given()
            if not isinstance(expression, Expression):
                raise each.refuse("This says not how to make a value.", 'Write {"constant": …} or "=…".')
            computed[name] = expression
        else:
            drawn[name] = _generator(each)
    return Generators(drawn, computed)


def _generator(place: Place) -> Draw:
    kinds = [kind for kind in _KINDS if kind in place.members()]
    if len(kinds) != 1:
        raise place.refuse("A variable is generated in one way.", f"Use one of {', '.join(_KINDS)}.")
    read, options = _KINDS[kinds[0]]
    return read(place.fields(kinds[0], *options), place)


def _constant(fields: Mapping[str, Place], place: Place) -> Draw:
    value = fields["constant"].value()
    return lambda luck, number: value


def _choice(fields: Mapping[str, Place], place: Place) -> Draw:
    values = [each.value() for each in fields["choice"].items()]
    weights = [1] * len(values)
    if "weights" in fields:
        weights = [each.whole(0, _MAX_WEIGHT) for each in fields["weights"].items()]
    if len(weights) != len(values) or not sum(weights):
        raise place.refuse("Each choice has one weight, and one of them is not 0.", "Correct the weights.")
    bounds = list(accumulate(weights))
    return lambda luck, number: values[bisect_right(bounds, int(luck * bounds[-1]))]


def _uniform(fields: Mapping[str, Place], place: Place) -> Draw:
    bounds = [each.number() for each in fields["uniform"].items()]
    if len(bounds) != 2:
        raise fields["uniform"].refuse("It takes two numbers.", "Write [lowest, highest].")
    low, step, count = _grid(bounds[0], bounds[1], fields, place)
    return lambda luck, number: low + step * min(int(luck * count), count - 1)


def _normal(fields: Mapping[str, Place], place: Place) -> Draw:
    parameters = fields["normal"].fields("mean", "deviation")
    if len(parameters) != 2 or not {"low", "high"} <= set(fields):
        raise place.refuse("It takes mean, deviation, low and high.", "State all four.")
    if parameters["deviation"].number() <= 0:
        raise parameters["deviation"].refuse("A deviation is more than 0.", "Correct it.")
    shape = NormalDist(float(parameters["mean"].number()), float(parameters["deviation"].number()))
    low, step, count = _grid(fields["low"].number(), fields["high"].number(), fields, place)
    # Cut by probability and not by drawing again: one draw, one luck.
    below, above = shape.cdf(float(low)), shape.cdf(float(low + step * (count - 1)))
    if above <= below:
        raise place.refuse("No value of the distribution lies between low and high.", "Widen the bounds.")

    def draw(luck: float, number: int) -> Value:
        at = shape.inv_cdf(below + luck * (above - below))
        return low + step * max(0, min(round((at - float(low)) / float(step)), count - 1))

    return draw


def _grid(
    low: Decimal, high: Decimal, fields: Mapping[str, Place], place: Place
) -> tuple[Decimal, Decimal, int]:
    """The lowest value, the step, and how many values there are."""
    step = fields["step"].number() if "step" in fields else Decimal(1)
    if step <= 0 or high < low or (high - low) / step >= _MAX_GRID:
        raise place.refuse(
            f"There is no way from {low} to {high} in steps of {step}.", "Correct the bounds or the step."
        )
    return low, step, int((high - low) / step) + 1


def _sequence(fields: Mapping[str, Place], place: Place) -> Draw:
    stated = fields["sequence"]
    if isinstance(stated.data, list):
        values = [each.value() for each in stated.items()]
        if not values:
            raise stated.refuse("The sequence is empty.", "List at least one value.")
        return lambda luck, number: values[number % len(values)]
    counting = stated.fields("from", "step")
    first = counting["from"].number() if "from" in counting else Decimal(1)
    step = counting["step"].number() if "step" in counting else Decimal(1)
    return lambda luck, number: first + step * number


_KINDS: dict[str, tuple[Callable[[Mapping[str, Place], Place], Draw], tuple[str, ...]]] = {
    "constant": (_constant, ()),
    "choice": (_choice, ("weights",)),
    "uniform": (_uniform, ("step",)),
    "normal": (_normal, ("low", "high", "step")),
    "sequence": (_sequence, ()),
}
