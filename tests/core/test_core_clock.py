"""Business time: an affine map of real time that never jumps and never runs backwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import BusinessTime, InvalidInput

REAL = datetime(2026, 11, 23, 12, tzinfo=UTC)
BUSINESS = datetime(2026, 1, 23, tzinfo=UTC)

rates = st.decimals(Decimal(1), Decimal(5_000_000), places=2)
moments = st.integers(0, 10**10).map(lambda microseconds: REAL + timedelta(microseconds=microseconds))


def test_in_production_business_time_is_real_time() -> None:
    clock = BusinessTime.real(REAL)
    assert clock.at(REAL + timedelta(days=60)) == REAL + timedelta(days=60)


def test_sixty_days_pass_in_six_seconds() -> None:
    clock = BusinessTime(REAL, BUSINESS, Decimal(864_000))
    assert clock.at(REAL + timedelta(seconds=6)) == BUSINESS + timedelta(days=60)
    assert clock.real_at(BUSINESS + timedelta(days=60)) == REAL + timedelta(seconds=6)


@given(rates, st.lists(moments, min_size=2, max_size=6), st.booleans())
def test_it_is_continuous_and_monotonic_through_pauses(
    rate: Decimal, at: list[datetime], pause_first: bool
) -> None:
    clock = BusinessTime(REAL, BUSINESS, rate)
    last = BUSINESS
    for number, moment in enumerate(sorted(at)):
        before = clock.at(moment)
        assert before >= last
        clock = clock.pause(moment) if (number % 2 == 0) is pause_first else clock.resume(moment)
        assert clock.at(moment) == before
        last = before


@given(rates, st.integers(1, 10**9))
def test_a_business_moment_is_reached_at_its_real_moment_to_the_microsecond(
    rate: Decimal, ahead: int
) -> None:
    clock = BusinessTime(REAL, BUSINESS, rate)
    due = BUSINESS + timedelta(seconds=ahead)
    real = clock.real_at(due)
    assert real is not None
    assert abs(clock.at(real) - due) <= timedelta(microseconds=float(rate) + 1)


def test_while_it_stands_still_nothing_ahead_is_reached() -> None:
    clock = BusinessTime(REAL, BUSINESS, Decimal(10)).pause(REAL + timedelta(seconds=1))
    assert clock.real_at(BUSINESS + timedelta(days=1)) is None
    assert clock.real_at(BUSINESS) is not None


@pytest.mark.parametrize("rate", [Decimal(0), Decimal(-1)])
def test_it_does_not_run_backwards(rate: Decimal) -> None:
    with pytest.raises(InvalidInput, match="positive"):
        BusinessTime(REAL, BUSINESS, rate)
