"""A case's business clock: how it starts, how fast it runs, and when it stands still."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from core import BusinessTime, InvalidInput

# What a case may wait for while its clock stands still.
PAUSES = frozenset({"task", "message"})

# Timers of the server are exact to the millisecond; a timer never fires before its business time is reached.
_TIMER_GRAIN = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """How the clock of a new case runs. The default is real time.

    `start` is the business time at which the case starts (None: now), `rate` the seconds of business time
    per second, and the clock stands still while the case waits for one of `pause_on` ("task", "message").
    """

    start: datetime | None = None
    rate: Decimal = Decimal(1)
    pause_on: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, obj: Mapping[str, Any]) -> ClockPolicy:
        """Read `{"start": "2005-06-21T00:00:00Z", "rate": "100000", "pause_on": ["task"]}`.

        Raises:
            InvalidInput: `clock.policy_invalid`.
        """
        try:
            start = datetime.fromisoformat(obj["start"]) if obj.get("start") else None
            rate = Decimal(obj.get("rate", "1"))
            pause_on = frozenset(obj.get("pause_on", ()))
        except (TypeError, ValueError, InvalidOperation):
            raise _invalid("cannot be read") from None
        if start is not None and start.tzinfo is None:
            raise _invalid("needs a start with a time zone")
        if not rate.is_finite() or not Decimal(1) <= rate <= Decimal(10_000_000):
            raise _invalid("needs a rate from 1 to 10,000,000")
        if not pause_on <= PAUSES or set(obj) - {"start", "rate", "pause_on"}:
            raise _invalid("has an unknown part")
        return cls(start.astimezone(UTC) if start else None, rate, pause_on)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "start": self.start.isoformat() if self.start else None,
            "rate": str(self.rate),
            "pause_on": sorted(self.pause_on),
        }

    def begin(self, real: datetime) -> BusinessTime:
        """Return the clock of a case that starts at the real time `real`."""
        return BusinessTime(real, self.start or real, self.rate)


def wake_at(clock: BusinessTime, due: datetime | None) -> datetime | None:
    """Return the real time at which business time has surely reached `due`; None when nothing is due."""
    real = clock.real_at(due) if due is not None else None
    return real + _TIMER_GRAIN if real is not None else None


def _invalid(what: str) -> InvalidInput:
    return InvalidInput(
        "clock.policy_invalid",
        f"The clock of the case {what}.",
        where="payload.clock",
        hint='Give {"start": "2026-01-01T00:00:00Z", "rate": "1", "pause_on": ["task"]} or leave it out.',
    )
