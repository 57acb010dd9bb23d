"""Dates and times: making them, the clock, the place in the year (DMN 1.5, 10.3.4.1, 10.3.4.11 and 12)."""

# ruff: noqa: D103 - each function is declared by its signature in FEEL; the standard describes it

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from bpmn.feel import temporal
from bpmn.feel.builtins.registry import builtin
from bpmn.feel.operators import ARITHMETIC, identical
from bpmn.feel.runtime import Run
from bpmn.feel.values import DayTimeDuration, WideDate, WideDateTime, WideTime

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _is_date(value: Any) -> bool:
    return isinstance(value, dt.date | WideDate | WideDateTime)


@builtin("date", "from: Any")
def date(run: Run, value: Any) -> Any:
    if type(value) is str:
        return temporal.parse_date(value)
    return temporal.date_of(value) if _is_date(value) else None


@builtin("date", "year: number", "month: number", "day: number")
def date_of_parts(run: Run, year: Decimal, month: Decimal, day: Decimal) -> Any:
    parts = _integers(year, month, day)
    return None if parts is None else temporal.make_date(parts[0], parts[1], parts[2])


def _integers(*numbers: Decimal) -> list[int] | None:
    """Return whole numbers of moderate size as ints, else None."""
    if any(number.adjusted() > 12 or number != number.to_integral_value() for number in numbers):
        return None
    return [int(number) for number in numbers]


@builtin("time", "from: Any")
def time(run: Run, value: Any) -> Any:
    if type(value) is str:
        return temporal.parse_time(value)
    if isinstance(value, dt.time | WideTime):
        return value
    if isinstance(value, dt.datetime | WideDateTime):
        return temporal.time_of(value)
    return dt.time(0, tzinfo=dt.UTC) if _is_date(value) else None


@builtin("time", "hour: number", "minute: number", "second: number", "offset?: days and time duration?")
def time_of_parts(
    run: Run, hour: Decimal, minute: Decimal, second: Decimal, offset: DayTimeDuration | None
) -> Any:
    parts = _integers(hour, minute)
    if parts is None or not 0 <= parts[0] < 24 or not 0 <= second < 60:
        return None
    zone = None
    if offset is not None:
        zone = temporal.fixed_zone(offset.nanoseconds // temporal.SECOND)
        if zone is None:
            return None
    nanos = int(ARITHMETIC.scaleb(second, 9))
    return temporal.make_time(parts[0], parts[1], *divmod(nanos, temporal.SECOND), zone)


@builtin("date and time", "date: Any", "time: time")
def date_and_time(run: Run, date: Any, time: Any) -> Any:
    return temporal.make_date_time(temporal.date_of(date), time) if _is_date(date) else None


@builtin("date and time", "from: Any")
def date_and_time_from(run: Run, value: Any) -> Any:
    if type(value) is str:
        parsed = temporal.parse_date_time(value)
        if parsed is not None:
            return parsed
        day = temporal.parse_date(value)
        return None if day is None else temporal.at_midnight(day)
    return value if isinstance(value, dt.datetime | WideDateTime) else None


@builtin("duration", "from: string")
def duration(run: Run, text: str) -> Any:
    return temporal.parse_duration(text)


@builtin("years and months duration", "from: Any", "to: Any")
def years_and_months_duration(run: Run, start: Any, end: Any) -> Any:
    return temporal.months_between(start, end) if _is_date(start) and _is_date(end) else None


@builtin("day of year", "date: Any")
def day_of_year(run: Run, day: Any) -> Decimal | None:
    if not _is_date(day):
        return None
    number = temporal.day_number(day.year, day.month, day.day)
    return Decimal(number - temporal.day_number(day.year, 1, 1) + 1)


@builtin("day of week", "date: Any")
def day_of_week(run: Run, day: Any) -> str | None:
    return _DAYS[temporal.weekday_of(day) - 1] if _is_date(day) else None


@builtin("month of year", "date: Any")
def month_of_year(run: Run, day: Any) -> str | None:
    return _MONTHS[day.month - 1] if _is_date(day) else None


@builtin("week of year", "date: Any")
def week_of_year(run: Run, day: Any) -> Decimal | None:
    """The week by ISO 8601: weeks begin on Monday, the first holds the year's first Thursday."""
    if not _is_date(day):
        return None
    number = temporal.day_number(day.year, day.month, day.day)
    thursday = number - temporal.weekday_of(day) + 4
    year = temporal.civil(thursday)[0]
    return Decimal((thursday - temporal.day_number(year, 1, 1)) // 7 + 1)


@builtin("now")
def now(run: Run) -> dt.datetime:
    """The time of the command that is performed, never the machine's clock."""
    return run.now


@builtin("today")
def today(run: Run) -> dt.date:
    """The date of the command that is performed, in the zone of its time."""
    return run.now.date()


@builtin("is", "value1?: Any", "value2?: Any")
def is_(run: Run, value1: Any, value2: Any) -> bool:
    return identical(run, value1, value2)
