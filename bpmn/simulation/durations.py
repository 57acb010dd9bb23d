"""How long something takes: a stated distribution, drawn by inverting it at a given luck.

    "PT2H"                                            always
    {"uniform": ["PT1H", "PT3H"]}                     evenly between the two
    {"triangular": ["PT1H", "PT2H", "P1D"]}           least, most frequent, longest
    {"exponential": "PT4H"}                           mean
    {"lognormal": {"median": "PT4H", "sigma": 0.6}}   sigma: of the logarithm
    {"empirical": ["PT1H", "PT1H", "P2D"]}            one of those that were observed

Draws are rounded to whole seconds. Inverting makes longer what is luckless in every version: two versions
of a distribution, drawn at the same luck, differ by what was changed in it and no more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import NormalDist

from bpmn.simulation.document import Place
from bpmn.values import Json

LONGEST = timedelta(days=36_525)
"""A draw is cut here: the tail of a distribution must not leave the calendar."""

_MAX_SIGMA = 5
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Duration:
    """A distribution of durations: `stated` as the file has it, `quantile` in seconds by luck."""

    stated: Json
    quantile: Callable[[float], float] = field(compare=False, repr=False)

    def draw(self, luck: float) -> timedelta:
        """The duration at a luck between 0 and 1, in whole seconds."""
        return min(timedelta(seconds=round(self.quantile(luck))), LONGEST)


AT_ONCE = Duration("PT0S", lambda luck: 0.0)


def read_duration(place: Place) -> Duration:
    """Read a stated distribution. Raises CasesRefused."""
    if isinstance(place.data, str):
        seconds = place.duration().total_seconds()
        return Duration(place.data, lambda luck: seconds)
    stated = place.fields(*_KINDS)
    if len(stated) != 1:
        raise place.refuse("A duration has one distribution.", f"Use one of {', '.join(_KINDS)}.")
    [(kind, parameters)] = stated.items()
    return Duration(_stated(place), _KINDS[kind](parameters))


def _stated(place: Place) -> Json:
    """The distribution as it was written, with the fractions as texts: reports hold no floats."""
    if isinstance(place.data, dict):
        if set(place.data) == {"$n"}:
            return place.data["$n"]
        return {name: _stated(each) for name, each in place.members().items()}
    return [_stated(each) for each in place.items()] if isinstance(place.data, list) else place.data


def _uniform(place: Place) -> Callable[[float], float]:
    low, high = _ascending(place, 2)
    return lambda luck: low + luck * (high - low)


def _triangular(place: Place) -> Callable[[float], float]:
    low, mode, high = _ascending(place, 3)
    width = high - low
    if not width:
        return lambda luck: low
    peak = (mode - low) / width

    def quantile(luck: float) -> float:
        if luck < peak:
            return low + math.sqrt(luck * width * (mode - low))
        return high - math.sqrt((1 - luck) * width * (high - mode))

    return quantile


def _exponential(place: Place) -> Callable[[float], float]:
    mean = place.duration().total_seconds()
    return lambda luck: -mean * math.log1p(-luck)


def _lognormal(place: Place) -> Callable[[float], float]:
    parameters = place.fields("median", "sigma")
    if len(parameters) != 2:
        raise place.refuse("A lognormal duration has a median and a sigma.", "State both.")
    median = parameters["median"].duration().total_seconds()
    sigma = parameters["sigma"].number()
    if not 0 <= sigma <= _MAX_SIGMA:
        raise parameters["sigma"].refuse(
            f"A sigma of {sigma} is no spread of durations.", f"Use 0 to {_MAX_SIGMA}."
        )
    spread = float(sigma)
    return lambda luck: median * math.exp(spread * _NORMAL.inv_cdf(luck))


def _empirical(place: Place) -> Callable[[float], float]:
    observed = sorted(each.duration().total_seconds() for each in place.items())
    if not observed:
        raise place.refuse("Nothing was observed.", "List at least one duration.")
    return lambda luck: observed[int(luck * len(observed))]


def _ascending(place: Place, count: int) -> list[float]:
    bounds = [each.duration().total_seconds() for each in place.items()]
    if len(bounds) != count or bounds != sorted(bounds):
        raise place.refuse(f"It takes {count} durations, the shortest first.", "Correct them.")
    return bounds


_KINDS: dict[str, Callable[[Place], Callable[[float], float]]] = {
    "uniform": _uniform,
    "triangular": _triangular,
    "exponential": _exponential,
    "lognormal": _lognormal,
    "empirical": _empirical,
}
