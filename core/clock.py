"""Time is injected: the domain asks a clock, or is told the time, and never reads the wall clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from core.errors import InvalidInput


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock. Only the outermost composition creates one."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class BusinessTime:
    """An affine map: business time = business_anchor + rate × (real time − real_anchor).

    At rate 1 with equal anchors it is real time. A demo runs at a high rate, so that a 60-day tenor passes in
    seconds, and pauses the map while people act. Immutable: each change returns a new map, continuous at the
    moment of the change, so that business time never jumps or runs backwards.
    """

    real_anchor: datetime
    business_anchor: datetime
    rate: Decimal = Decimal(1)
    paused: bool = False

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise InvalidInput("clock.rate_invalid", "The rate of business time must be positive.")

    @classmethod
    def real(cls, start: datetime) -> BusinessTime:
        """Return the map on which business time is real time."""
        return cls(start, start)

    def at(self, real: datetime) -> datetime:
        """Return the business time at a real time; before the anchor it is the anchor's."""
        if self.paused or real <= self.real_anchor:
            return self.business_anchor
        if self.rate == 1:
            return self.business_anchor + (real - self.real_anchor)
        return self.business_anchor + _scaled(real - self.real_anchor, self.rate)

    def real_at(self, business: datetime) -> datetime | None:
        """Return the real time at which business time reaches `business`; None while paused before it."""
        if business <= self.business_anchor:
            return self.real_anchor
        if self.paused:
            return None
        return self.real_anchor + _scaled(business - self.business_anchor, 1 / self.rate)

    def pause(self, real: datetime, reached: datetime | None = None) -> BusinessTime:
        """Return the map that stands still from `real` on, at its time then or at an earlier one.

        Args:
            real: the real time.
            reached: the business time at which it stands, when whoever reads the clock came late and has
                not gone on to its time.
        """
        paused = self._reanchored(real, paused=True)
        if reached is None or reached >= paused.business_anchor:
            return paused
        return replace(paused, business_anchor=max(reached, self.business_anchor))

    def resume(self, real: datetime) -> BusinessTime:
        """Return the map that runs on from `real`."""
        return self._reanchored(real, paused=False)

    def _reanchored(self, real: datetime, *, paused: bool) -> BusinessTime:
        anchor = max(real, self.real_anchor)
        return replace(self, real_anchor=anchor, business_anchor=self.at(real), paused=paused)


def _scaled(span: timedelta, factor: Decimal) -> timedelta:
    microseconds = Decimal(span // timedelta(microseconds=1)) * factor
    return timedelta(microseconds=int(microseconds.to_integral_value()))
