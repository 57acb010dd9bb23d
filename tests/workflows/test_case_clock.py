"""The business clock of a case, as its policy sets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import InvalidInput
from workflows.clock import ClockPolicy, wake_at
from workflows.domain_commands import NewCaseClock

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_without_a_policy_business_time_is_real_time() -> None:
    clock = ClockPolicy.from_json({}).begin(NOW)
    assert clock.at(NOW + timedelta(days=3)) == NOW + timedelta(days=3)


def test_a_policy_survives_its_json() -> None:
    policy = ClockPolicy(datetime(2005, 6, 21, tzinfo=UTC), Decimal("1000.5"), frozenset({"task"}))
    assert ClockPolicy.from_json(policy.to_json()) == policy


@pytest.mark.parametrize(
    "policy",
    [
        {"rate": "0"},
        {"rate": "fast"},
        {"rate": "Infinity"},
        {"rate": "10000001"},
        {"start": "2026-01-01T00:00:00"},
        {"start": "soon"},
        {"pause_on": ["lunch"]},
        {"speed": "1"},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(policy: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ClockPolicy.from_json(policy)
    assert refusal.value.code == "clock.policy_invalid"


@given(
    rate=st.decimals(1, 10_000_000, places=3),
    span=st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_a_case_that_wakes_finds_its_time_reached(rate: Decimal, span: timedelta) -> None:
    clock = ClockPolicy(rate=rate).begin(NOW)
    wake = wake_at(clock, NOW + span)
    assert wake is not None
    assert clock.at(wake) >= NOW + span


def test_a_case_whose_clock_stands_still_is_not_woken() -> None:
    clock = ClockPolicy().begin(NOW).pause(NOW)
    assert wake_at(clock, NOW + timedelta(hours=1)) is None
    assert wake_at(clock.resume(NOW + timedelta(days=1)), NOW + timedelta(hours=1)) == NOW + timedelta(
        days=1, hours=1, milliseconds=1
    )


def test_nothing_due_is_no_time() -> None:
    assert wake_at(ClockPolicy().begin(NOW), None) is None


def test_a_case_over_old_documents_starts_the_day_after_the_latest() -> None:
    issued = datetime(2005, 6, 21, tzinfo=UTC)
    simulated = NewCaseClock(Decimal(100), frozenset({"task"}), from_documents=True)
    assert simulated.policy(issued).begin(NOW).at(NOW) == datetime(2005, 6, 22, tzinfo=UTC)
    assert NewCaseClock().policy(issued).begin(NOW).at(NOW) == NOW
