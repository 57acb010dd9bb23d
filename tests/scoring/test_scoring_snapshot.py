"""A snapshot holds what was known on a day, and refuses what became known later."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.snapshot import Observation, snapshot

DAY = date(2026, 3, 31)


def seen(value: int, on: date = DAY, source: str = "statement 7", name: str = "net_margin") -> Observation:
    return Observation(name, Decimal(value), on, source)


def test_the_latest_observation_of_each_figure_counts() -> None:
    taken = snapshot("p", DAY, [seen(3), seen(2, DAY - timedelta(1)), seen(9, name="payables_days")])
    assert taken.values() == {"net_margin": Decimal(3), "payables_days": Decimal(9)}
    assert taken.lineage()["net_margin"] == ("statement 7", DAY)


def test_a_figure_observed_after_the_day_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        snapshot("p", DAY, [seen(3), seen(4, DAY + timedelta(1))])
    assert (refused.value.code, refused.value.where) == ("scoring.observed_after", "net_margin")


def test_two_sources_that_contradict_each_other_on_one_day_are_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        snapshot("p", DAY, [seen(3), seen(4, source="bureau")])
    assert refused.value.code == "scoring.observed_twice"
    assert snapshot("p", DAY, [seen(3), seen(3, source="bureau")]).values() == {"net_margin": Decimal(3)}


def test_an_observation_without_a_source_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        snapshot("p", DAY, [seen(3, source=" ")])
    assert refused.value.code == "scoring.source_missing"


@given(st.lists(st.integers(-400, 400), unique=True, min_size=1))
def test_no_observation_of_a_later_day_ever_gets_in(days: list[int]) -> None:
    observed = [seen(day, DAY + timedelta(day)) for day in days]
    if max(days) > 0:
        with pytest.raises(InvalidInput):
            snapshot("p", DAY, observed)
    else:
        assert snapshot("p", DAY, observed).values() == {"net_margin": Decimal(max(days))}
