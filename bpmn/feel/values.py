"""The values that FEEL expressions compute with.

FEEL type                   Python
null, boolean, string       None, bool, str
number                      decimal.Decimal (34 digits; ints are accepted and widened on entry)
date                        datetime.date, or `WideDate`
time                        datetime.time, or `WideTime`
date and time               datetime.datetime (naive: local; aware: offset or zone), or `WideDateTime`
years and months duration   `YearMonthDuration`
days and time duration      `DayTimeDuration`
list, context, range        list or tuple, dict with str keys, `Range`
function                    `Function`

FEEL's calendar runs from year -999,999,999 to 999,999,999 and counts nanoseconds; Python's runs from year 1
to 9999 and counts microseconds. A value that Python can hold is always Python's own; the `Wide…` classes
stand in only beyond that, so that equal values have one representation. Values are never changed after they
are made.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

#: Depth to which values may nest: deeper ones are refused rather than met by a stack overflow later.
MAX_DEPTH = 64


@dataclass(frozen=True, slots=True, order=True)
class YearMonthDuration:
    """A duration in whole months (negative: backwards)."""

    months: int


@dataclass(frozen=True, slots=True, order=True)
class DayTimeDuration:
    """A duration of a fixed length in nanoseconds (negative: backwards)."""

    nanoseconds: int

    def to_timedelta(self) -> dt.timedelta:
        """Return Python's duration, parts of a microsecond dropped; OverflowError beyond 10^9 days."""
        return dt.timedelta(microseconds=self.nanoseconds // 1_000)


@dataclass(frozen=True, slots=True)
class WideDate:
    """A date outside the years 1 to 9999."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class WideTime:
    """A time of day with parts of a microsecond."""

    hour: int
    minute: int
    second: int
    nanosecond: int
    tzinfo: dt.tzinfo | None


@dataclass(frozen=True, slots=True)
class WideDateTime:
    """A date and time outside the years 1 to 9999 or with parts of a microsecond."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanosecond: int
    tzinfo: dt.tzinfo | None


@dataclass(frozen=True, slots=True)
class Range:
    """An interval between two comparable values; an end that is None is open to infinity.

    `comparison` names the operator when the range was written as one (`< 10`): such a range has no end at the
    other side, which is something else than an end that happens to be null.
    """

    start: Any
    end: Any
    start_included: bool = True
    end_included: bool = True
    comparison: str | None = None


class Function:
    """A FEEL function as a value; `bpmn.feel.functions` defines the concrete kinds.

    No abstract base class: `isinstance`, which each call asks, takes five times as long with those.
    """

    __slots__ = ()

    @property
    def signature(self) -> Any:
        """The function's type (`bpmn.feel.types.FunctionType`)."""
        raise NotImplementedError


Value: TypeAlias = (
    bool
    | Decimal
    | str
    | dt.date
    | dt.time
    | dt.datetime
    | WideDate
    | WideTime
    | WideDateTime
    | YearMonthDuration
    | DayTimeDuration
    | Range
    | Function
    | list[Any]
    | tuple[Any, ...]
    | dict[str, Any]
    | None
)
