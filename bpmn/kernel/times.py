"""Points in time, durations and repetitions as timers write them (ISO 8601), in UTC.

A duration may mix calendar and clock parts (`P1MT12H`): months are added first, by the calendar,
then the clock part. A repetition is `R[n]/duration` or `R[n]/start/duration`; without n it has no end.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from dataclasses import dataclass

from bpmn.kernel.scopes import Stuck
from bpmn.values import DayTimeDuration, Value, YearMonthDuration

_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<years>\d{1,9})Y)?(?:(?P<months>\d{1,9})M)?(?:(?P<weeks>\d{1,9})W)?(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)
_ENDLESS = -1


@dataclass(frozen=True, slots=True)
class Span:
    """A duration: whole months, then a length of clock time. `text` is how it was written."""

    months: int
    clock: dt.timedelta
    text: str

    def after(self, start: dt.datetime) -> dt.datetime:
        """The point in time one span after `start`. Raises OverflowError beyond the year 9999."""
        if self.months:
            month = start.year * 12 + start.month - 1 + self.months
            year, month = divmod(month, 12)
            if not 1 <= year <= 9999:
                raise OverflowError("the time lies outside the calendar")
            day = min(start.day, monthrange(year, month + 1)[1])
            start = start.replace(year=year, month=month + 1, day=day)
        return start + self.clock


@dataclass(frozen=True, slots=True)
class Repetition:
    """A cycle: how often (-1: for ever), from when (None: from the timer's start), how far apart."""

    times: int
    start: dt.datetime | None
    span: Span


def parse_span(text: str) -> Span:
    """Read a duration. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or text.strip().endswith(("P", "T")):
        raise ValueError(f"{text!r} is no ISO 8601 duration such as P3D or PT1H30M")
    part = {name: value or "0" for name, value in match.groupdict().items() if name != "sign"}
    sign = -1 if match["sign"] else 1
    seconds, _, fraction = part["seconds"].partition(".")
    try:
        clock = dt.timedelta(
            weeks=int(part["weeks"]),
            days=int(part["days"]),
            hours=int(part["hours"]),
            minutes=int(part["minutes"]),
            seconds=int(seconds),
            microseconds=int((fraction + "000000")[:6]),
        )
    except OverflowError as wrong:
        raise ValueError(f"{text!r} is longer than a timer can wait") from wrong
    return Span(sign * (int(part["years"]) * 12 + int(part["months"])), sign * clock, text.strip())


def parse_moment(text: str) -> dt.datetime:
    """Read a date and time with offset (`2026-03-01T10:00:00Z`). Raises ValueError."""
    found = dt.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; end it with Z or an offset")
    try:
        return found.astimezone(dt.UTC)
    except OverflowError as wrong:
        raise ValueError(f"{text!r} lies outside the calendar in UTC") from wrong


def parse_repetition(text: str) -> Repetition:
    """Read a cycle. Raises ValueError."""
    parts = text.strip().split("/")
    if len(parts) not in (2, 3) or not re.fullmatch(r"R(\d{0,9}|-1)", parts[0], re.ASCII):
        raise ValueError(f"{text!r} is no repetition such as R3/PT10M (cron expressions are not supported)")
    count = parts[0][1:]
    span = parse_span(parts[-1])
    if span.months <= 0 and span.clock <= dt.timedelta(0):
        raise ValueError(f"{text!r} does not move forward")
    return Repetition(
        int(count) if count not in ("", "-1") else _ENDLESS,
        parse_moment(parts[1]) if len(parts) == 3 else None,
        span,
    )


def span(value: Value) -> Span:
    """A duration out of a FEEL value or text. Raises Stuck `timer.bad-duration`."""
    if isinstance(value, YearMonthDuration):
        return Span(value.months, dt.timedelta(0), f"P{value.months}M")
    if isinstance(value, DayTimeDuration):
        try:
            clock = value.to_timedelta()
        except OverflowError as wrong:
            raise Stuck(
                "timer.bad-duration", f"A timer cannot wait for {value!r}: it is too long."
            ) from wrong
        return Span(0, clock, f"PT{clock.total_seconds():f}S")
    if isinstance(value, str):
        try:
            return parse_span(value)
        except ValueError as wrong:
            raise Stuck("timer.bad-duration", f"{wrong}.") from wrong
    raise Stuck("timer.bad-duration", f"A timer cannot wait for {value!r}; it needs a duration.")


def moment(value: Value, now: dt.datetime) -> dt.datetime:
    """A point in time out of a FEEL value or text; a date means its first moment in UTC.

    Raises:
        Stuck: `timer.bad-date`.
    """
    if isinstance(value, dt.datetime):
        try:
            return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        except OverflowError as wrong:
            raise Stuck("timer.bad-date", f"{value} lies outside the calendar in UTC.") from wrong
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    if isinstance(value, YearMonthDuration | DayTimeDuration):
        return later(span(value), now)
    if isinstance(value, str):
        try:
            return (
                moment(dt.date.fromisoformat(value.strip()), now)
                if len(value.strip()) == 10
                else parse_moment(value)
            )
        except ValueError as wrong:
            raise Stuck("timer.bad-date", f"{value!r} is no point in time: {wrong}.") from wrong
    raise Stuck("timer.bad-date", f"{value!r} is no point in time.")


def repetition(value: Value) -> Repetition:
    """A cycle out of a text. Raises Stuck `timer.bad-cycle`."""
    if isinstance(value, str):
        try:
            return parse_repetition(value)
        except ValueError as wrong:
            raise Stuck("timer.bad-cycle", f"{wrong}.") from wrong
    raise Stuck("timer.bad-cycle", f"{value!r} is no repetition such as R3/PT10M.")


def later(length: Span, start: dt.datetime) -> dt.datetime:
    """When a span that begins at `start` is over. Raises Stuck when that lies outside the calendar."""
    try:
        return length.after(start)
    except OverflowError as wrong:
        raise Stuck(
            "timer.out-of-calendar", f"{length.text} from {start:%Y-%m-%d} ends after the year 9999."
        ) from wrong
