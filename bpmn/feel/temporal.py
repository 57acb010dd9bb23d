"""Dates, times and durations: reading, writing, calendar arithmetic and comparison.

All arithmetic goes over whole numbers (days since 1970-01-01, nanoseconds), by the proleptic Gregorian
calendar, so that Python's own types and the `Wide…` ones meet in one place. Functions that can fail return
None, FEEL's null. Formats: DMN 1.5, 10.3.2.3 and 10.3.4.1, which rest on XML Schema 1.1 (lexical forms) and
ISO 8601.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from bpmn.feel.values import DayTimeDuration, WideDate, WideDateTime, WideTime, YearMonthDuration

Date: TypeAlias = dt.date | WideDate
Time: TypeAlias = dt.time | WideTime
DateTime: TypeAlias = dt.datetime | WideDateTime
Duration: TypeAlias = YearMonthDuration | DayTimeDuration

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MAX_YEAR = 999_999_999
_MAX_OFFSET = 18 * 3600
_MAX_MONTHS = 2**63
_MAX_NANOS = 2**63 * SECOND
_CYCLE_DAYS = 146_097  # the Gregorian calendar repeats, weekdays included, every 400 years

_DATE = r"(?P<year>-?(?:[1-9][0-9]{4,8}|[0-9]{4}))-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_TIME = (
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2})?|@[A-Z][A-Za-z0-9_+/-]*)?"
)
# A zone's name begins with a capital: the database's `localtime` would be another zone on every machine.
_DATE_RE = re.compile(_DATE)
_TIME_RE = re.compile(_TIME)
_DATE_TIME_RE = re.compile(f"{_DATE}T{_TIME}")
_MONTHS_RE = re.compile(r"(?P<sign>-?)P(?=[0-9])(?:(?P<years>[0-9]{1,18})Y)?(?:(?P<months>[0-9]{1,18})M)?")
_NANOS_RE = re.compile(
    r"(?P<sign>-?)P(?=[0-9T])(?:(?P<days>[0-9]{1,18})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,18})H)?(?:(?P<minutes>[0-9]{1,18})M)?"
    r"(?:(?P<seconds>[0-9]{1,18})(?:\.(?P<fraction>[0-9]{0,9}))?S)?)?"
)
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


# --- making values --------------------------------------------------------------------------------


def is_leap(year: int) -> bool:
    """Tell whether `year` has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Return the number of days of a month."""
    return 29 if month == 2 and is_leap(year) else _MONTH_DAYS[month - 1]


def make_date(year: int, month: int, day: int) -> Date | None:
    """Return the date, or None when there is no such day in FEEL's calendar."""
    if not (-MAX_YEAR <= year <= MAX_YEAR and 1 <= month <= 12 and 1 <= day <= month_length(year, month)):
        return None
    return dt.date(year, month, day) if 1 <= year <= 9999 else WideDate(year, month, day)


def make_time(hour: int, minute: int, second: int, nanosecond: int, zone: dt.tzinfo | None) -> Time | None:
    """Return the time of day, or None when a part is out of range."""
    if hour == 24 and minute == second == nanosecond == 0:
        hour = 0  # XML Schema's other way to write midnight
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return None
    if nanosecond % 1_000:
        return WideTime(hour, minute, second, nanosecond, zone)
    return dt.time(hour, minute, second, nanosecond // 1_000, zone)


def make_date_time(date: Date, time: Time) -> DateTime:
    """Return the point in time at `time` (with its zone) of `date`."""
    nanosecond = nanosecond_of(time)
    if isinstance(date, dt.date) and nanosecond % 1_000 == 0:
        return dt.datetime(
            date.year,
            date.month,
            date.day,
            time.hour,
            time.minute,
            time.second,
            nanosecond // 1_000,
            time.tzinfo,
        )
    return WideDateTime(
        date.year, date.month, date.day, time.hour, time.minute, time.second, nanosecond, time.tzinfo
    )


def make_months(months: int) -> YearMonthDuration | None:
    """Return the duration, or None when it is beyond all bounds."""
    return YearMonthDuration(months) if abs(months) < _MAX_MONTHS else None


def make_nanos(nanoseconds: int) -> DayTimeDuration | None:
    """Return the duration, or None when it is beyond all bounds."""
    return DayTimeDuration(nanoseconds) if abs(nanoseconds) < _MAX_NANOS else None


def fixed_zone(seconds: int) -> dt.tzinfo | None:
    """Return the zone at a fixed offset from UTC, or None beyond 18 hours."""
    if abs(seconds) > _MAX_OFFSET:
        return None
    return dt.UTC if seconds == 0 else dt.timezone(dt.timedelta(seconds=seconds))


# --- reading --------------------------------------------------------------------------------------


def parse_date(text: str) -> Date | None:
    """Read `YYYY-MM-DD` (more digits and a minus sign for far years)."""
    match = _DATE_RE.fullmatch(text)
    return _matched_date(match) if match else None


def parse_time(text: str) -> Time | None:
    """Read `hh:mm:ss[.fraction][Z|±hh:mm|@Zone/Name]`."""
    match = _TIME_RE.fullmatch(text)
    return _matched_time(match) if match else None


def parse_date_time(text: str) -> DateTime | None:
    """Read a date, `T` and a time with its zone."""
    match = _DATE_TIME_RE.fullmatch(text)
    if match is None:
        return None
    date, time = _matched_date(match), _matched_time(match)
    if date is None or time is None:
        return None
    if match["hour"] == "24":
        date = make_date(*civil(day_number(date.year, date.month, date.day) + 1))
    return None if date is None else make_date_time(date, time)


def parse_duration(text: str) -> Duration | None:
    """Read `P1Y2M` as months, or `P1DT2H3M4.5S` as nanoseconds; the two never mix."""
    match = _MONTHS_RE.fullmatch(text)
    if match:
        months = int(match["years"] or 0) * 12 + int(match["months"] or 0)
        return make_months(-months if match["sign"] else months)
    match = _NANOS_RE.fullmatch(text)
    if match is None:
        return None
    seconds = (int(match["days"] or 0) * 24 + int(match["hours"] or 0)) * 60 + int(match["minutes"] or 0)
    nanos = (seconds * 60 + int(match["seconds"] or 0)) * SECOND + _fraction(match["fraction"])
    return make_nanos(-nanos if match["sign"] else nanos)


def parse_temporal(text: str) -> Date | Time | DateTime | Duration | None:
    """Read what an `@"…"` literal holds: whichever of the five kinds the text has the form of."""
    return parse_date(text) or parse_date_time(text) or parse_time(text) or parse_duration(text)


def _matched_date(match: re.Match[str]) -> Date | None:
    return make_date(int(match["year"]), int(match["month"]), int(match["day"]))


def _matched_time(match: re.Match[str]) -> Time | None:
    zone = None
    if match["zone"]:
        zone = parse_zone(match["zone"])
        if zone is None:
            return None
    parts = int(match["hour"]), int(match["minute"]), int(match["second"])
    return make_time(*parts, _fraction(match["fraction"]), zone)


def _fraction(digits: str | None) -> int:
    return int(digits.ljust(9, "0")) if digits else 0


def parse_zone(text: str) -> dt.tzinfo | None:
    """Return the zone of `Z`, `±hh:mm[:ss]` or `@Area/City`; None when there is none such."""
    if text in ("Z", "z"):
        return dt.UTC
    if text.startswith("@"):
        try:
            return ZoneInfo(text[1:])
        except (ValueError, OSError, KeyError):
            return None
    parts = [int(part) for part in text[1:].split(":")]
    if parts[1] > 59 or (len(parts) == 3 and parts[2] > 59):
        return None
    seconds = parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) == 3 else 0)
    return fixed_zone(-seconds if text[0] == "-" else seconds)


# --- writing --------------------------------------------------------------------------------------


def format_temporal(value: Date | Time | DateTime) -> str:
    """Return the text that reads back as `value`."""
    if isinstance(value, dt.datetime | WideDateTime):
        return f"{_format_date(value)}T{_format_time(value)}"
    return _format_date(value) if isinstance(value, dt.date | WideDate) else _format_time(value)


def _format_date(value: Date | DateTime) -> str:
    sign = "-" if value.year < 0 else ""
    return f"{sign}{abs(value.year):04}-{value.month:02}-{value.day:02}"


def _format_time(value: Time | DateTime) -> str:
    fraction = f".{nanosecond_of(value):09}".rstrip("0").rstrip(".")
    return f"{value.hour:02}:{value.minute:02}:{value.second:02}{fraction}{_format_zone(value.tzinfo)}"


def _format_zone(zone: dt.tzinfo | None) -> str:
    if zone is None:
        return ""
    if isinstance(zone, ZoneInfo):
        return f"@{zone.key}"
    seconds = fixed_offset(zone)
    if not seconds:
        return "Z"
    hours, rest = divmod(abs(seconds), 3600)
    tail = f":{rest % 60:02}" if rest % 60 else ""
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{rest // 60:02}{tail}"


def format_duration(value: Duration) -> str:
    """Return the shortest XML Schema form (`P1Y2M`, `P1DT2H`, `PT0S`)."""
    if isinstance(value, YearMonthDuration):
        years, months = divmod(abs(value.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return f"{'-' if value.months < 0 else ''}P{text}"
    days, rest = divmod(abs(value.nanoseconds), DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds, nanos = divmod(rest, SECOND)
    tail = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    if rest:
        tail += f"{seconds}" + f".{nanos:09}".rstrip("0").rstrip(".") + "S"
    text = f"{days}D" * bool(days) + (f"T{tail}" if tail else "")
    return f"{'-' if value.nanoseconds < 0 else ''}P{text or 'T0S'}"


# --- parts ----------------------------------------------------------------------------------------


def nanosecond_of(value: Time | DateTime) -> int:
    """Return the part of a second in nanoseconds."""
    return value.nanosecond if isinstance(value, WideTime | WideDateTime) else value.microsecond * 1_000


def date_of(value: Date | DateTime) -> Date:
    """Return the calendar date of a point in time."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, WideDateTime):
        date = make_date(value.year, value.month, value.day)
        assert date is not None  # noqa: S101 - a date-time is only made of a date
        return date
    return value


def time_of(value: DateTime) -> Time:
    """Return the time of day of a point in time, with its zone."""
    time = make_time(value.hour, value.minute, value.second, nanosecond_of(value), value.tzinfo)
    assert time is not None  # noqa: S101 - a date-time is only made of a time
    return time


def weekday_of(value: Date | DateTime) -> int:
    """Return 1 for Monday to 7 for Sunday."""
    return (day_number(value.year, value.month, value.day) + 3) % 7 + 1


def day_number(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01 (after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms")."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return (
        era * _CYCLE_DAYS + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468
    )


def civil(number: int) -> tuple[int, int, int]:
    """Return year, month and day of a `day_number`."""
    era, day_of_era = divmod(number + 719_468, _CYCLE_DAYS)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def fixed_offset(zone: dt.tzinfo) -> int | None:
    """Return the offset of a zone in seconds when it never changes, else None."""
    delta = zone.utcoffset(None)
    return None if delta is None else delta.days * 86_400 + delta.seconds


def offset_of(value: DateTime) -> int | None:
    """Return the offset from UTC in seconds at a point in time; None for a local one."""
    if value.tzinfo is None:
        return None
    fixed = fixed_offset(value.tzinfo)
    if fixed is not None:
        return fixed
    # Beyond Python's years a zone's rules are taken from the like year of the calendar's 400-year cycle;
    # before year 1 every zone is on its local mean time.
    year = (
        value.year if 1 <= value.year <= 9999 else (1 if value.year < 1 else 9_600 + value.year % 400 - 400)
    )
    day = min(value.day, month_length(year, value.month))
    like = dt.datetime(year, value.month, day, value.hour, value.minute, value.second, tzinfo=value.tzinfo)
    delta = like.replace(fold=getattr(value, "fold", 0)).utcoffset()
    return None if delta is None else delta.days * 86_400 + delta.seconds


def local_nanos(value: DateTime) -> int:
    """Return nanoseconds since 1970-01-01T00:00:00 by the value's own clock."""
    return day_number(value.year, value.month, value.day) * DAY + clock_nanos(value)


def clock_nanos(value: Time | DateTime) -> int:
    """Return nanoseconds since midnight by the value's own clock."""
    return (value.hour * 3600 + value.minute * 60 + value.second) * SECOND + nanosecond_of(value)


def instant(value: DateTime) -> int:
    """Return nanoseconds since 1970-01-01T00:00:00Z; a local value counts as UTC."""
    return local_nanos(value) - (offset_of(value) or 0) * SECOND


def time_offset(value: Time) -> int | None:
    """Return the offset in seconds of a time of day; None when it has none or it depends on the date."""
    return None if value.tzinfo is None else fixed_offset(value.tzinfo)


# --- arithmetic -----------------------------------------------------------------------------------


def from_local_nanos(nanos: int, zone: dt.tzinfo | None) -> DateTime | None:
    """Return the point in time whose own clock shows `nanos` since 1970-01-01T00:00:00."""
    days, clock = divmod(nanos, DAY)
    date, time = make_date(*civil(days)), from_clock_nanos(clock, zone)
    return None if date is None else make_date_time(date, time)


def from_clock_nanos(nanos: int, zone: dt.tzinfo | None) -> Time:
    """Return the time of day `nanos` after midnight (modulo a day)."""
    seconds, nanosecond = divmod(nanos % DAY, SECOND)
    time = make_time(seconds // 3600, seconds // 60 % 60, seconds % 60, nanosecond, zone)
    assert time is not None  # noqa: S101 - the parts of a day are in range
    return time


def from_instant(nanos: int, zone: dt.tzinfo) -> DateTime | None:
    """Return the point in time `nanos` after 1970-01-01T00:00:00Z, told by the clocks of `zone`."""
    fixed = fixed_offset(zone)
    if fixed is None:
        utc = from_local_nanos(nanos, dt.UTC)
        if isinstance(utc, dt.datetime) and 1 < utc.year < 9999:
            return utc.astimezone(zone)
        # Near a change of offset this may be off by the change; such years have no civil clocks to be right
        # about.
        guess = from_local_nanos(nanos, zone)
        fixed = offset_of(guess) if guess is not None else None
    return None if fixed is None else from_local_nanos(nanos + fixed * SECOND, zone)


def add_months(value: Date | DateTime, months: int) -> Date | DateTime | None:
    """Move by whole months; a day that the month does not have becomes its last one."""
    year, month = divmod(value.year * 12 + value.month - 1 + months, 12)
    if abs(year) > MAX_YEAR:
        return None
    date = make_date(year, month + 1, min(value.day, month_length(year, month + 1)))
    if date is None or isinstance(value, WideDate) or not isinstance(value, dt.datetime | WideDateTime):
        return date
    return make_date_time(date, time_of(value))


def add_nanos(value: Date | DateTime | Time, nanos: int) -> Date | DateTime | Time | None:
    """Move by a fixed length of time: times wrap at midnight, dates count from midnight and drop the rest."""
    if isinstance(value, dt.time | WideTime):
        return from_clock_nanos(clock_nanos(value) + nanos, value.tzinfo)
    if isinstance(value, dt.datetime | WideDateTime):
        if value.tzinfo is None:
            return from_local_nanos(local_nanos(value) + nanos, None)
        return from_instant(instant(value) + nanos, value.tzinfo)
    days = day_number(value.year, value.month, value.day) + nanos // DAY
    return make_date(*civil(days))


def difference(later: Any, earlier: Any) -> DayTimeDuration | None:
    """Return `later` minus `earlier` (points in time, dates or times); None when they do not compare."""
    if isinstance(later, dt.time | WideTime) and isinstance(earlier, dt.time | WideTime):
        pair = comparable_times(later, earlier)
        return None if pair is None else make_nanos(pair[0] - pair[1])
    if isinstance(later, dt.time | WideTime) or isinstance(earlier, dt.time | WideTime):
        return None
    # A date counts as midnight UTC, so it goes with dates and with zoned points in time.
    first, second = at_midnight(later, dt.UTC), at_midnight(earlier, dt.UTC)
    if (first.tzinfo is None) != (second.tzinfo is None):
        return None
    return make_nanos(instant(first) - instant(second))


def at_midnight(value: Date | DateTime, zone: dt.tzinfo | None = None) -> DateTime:
    """Return a date as its first moment (in `zone`); a point in time stays itself."""
    if isinstance(value, dt.datetime | WideDateTime):
        return value
    return make_date_time(value, dt.time(0, tzinfo=zone))


def comparable_times(one: Time, other: Time) -> tuple[int, int] | None:
    """Return both as nanoseconds of one clock, or None when their zones have no common one."""
    if one.tzinfo is None and other.tzinfo is None:
        return clock_nanos(one), clock_nanos(other)
    if one.tzinfo is None or other.tzinfo is None:
        return None
    first, second = time_offset(one), time_offset(other)
    if first is None or second is None:
        return (clock_nanos(one), clock_nanos(other)) if one.tzinfo == other.tzinfo else None
    return clock_nanos(one) - first * SECOND, clock_nanos(other) - second * SECOND


def months_between(start: Date | DateTime, end: Date | DateTime) -> YearMonthDuration | None:
    """Return the whole months from the date of `start` to that of `end` (negative when `end` comes first)."""
    months = (end.year - start.year) * 12 + end.month - start.month
    rest = end.day - start.day
    if months > 0 and rest < 0:
        months -= 1
    elif months < 0 and rest > 0:
        months += 1
    return make_months(months)


def seconds_of(value: Time | DateTime) -> Decimal:
    """Return the second of the minute with its fraction."""
    return Decimal(f"{value.second}.{nanosecond_of(value):09}".rstrip("0").rstrip("."))
