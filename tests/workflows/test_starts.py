"""What starts cases by itself: timers of the deployed version, each moment once, and what is refused."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

import ledger
from core import InvalidInput
from support.bpmn_text import end
from support.cases import Platform
from support.events import by_message, by_signal, by_timer, deploy, message, row, signal, starting
from workflows.definitions import Definitions
from workflows.deliveries import Deliveries
from workflows.upkeep import Upkeep


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clockwork(platform: Platform) -> Platform:
    """A running platform."""
    return platform


def timed(definition: str) -> str:
    return row(("begin", starting("begin", definition)), ("end", end()))


def moment(later: timedelta) -> str:
    return (datetime.now(UTC) + later).isoformat()


async def timers(platform: Platform, product: str) -> list[tuple[datetime | None, int]]:
    """Return when the timers of a process start the next case, and how many they have started."""
    rows = await platform.rows(
        "SELECT due_at, fired FROM workflows.start_view WHERE definition_key = $1", product
    )
    return [(row["due_at"], row["fired"]) for row in rows]


async def version(platform: Platform, product: str, number: int) -> str:
    (found,) = await platform.rows(
        "SELECT id FROM workflows.definition_view WHERE key = $1 AND version = $2", product, number
    )
    return str(found["id"])


async def started_by(platform: Platform, product: str) -> list[tuple[str, str]]:
    """Return which version of a process starts cases by itself, and by what."""
    rows = await platform.rows(
        "SELECT definition_id, kind FROM workflows.start_view WHERE definition_key = $1", product
    )
    return [(str(row["definition_id"]), row["kind"]) for row in rows]


async def test_a_date_starts_one_case(clockwork: Platform) -> None:
    await deploy(clockwork, "once", timed(by_timer("timeDate", moment(timedelta(seconds=1)))), "")
    await clockwork.until(
        "SELECT 1 FROM workflows.case_view WHERE product = 'once' AND state = 'completed'", 1
    )
    assert await timers(clockwork, "once") == [(None, 1)]


async def test_a_cycle_starts_as_many_cases_as_it_says(clockwork: Platform) -> None:
    await deploy(clockwork, "thrice", timed(by_timer("timeCycle", "R3/PT0.5S")), "")
    await clockwork.until("SELECT 1 FROM workflows.case_view WHERE product = 'thrice'", 3)
    assert await timers(clockwork, "thrice") == [(None, 3)]
    assert len(await clockwork.rows("SELECT 1 FROM workflows.case_view WHERE product = 'thrice'")) == 3


async def test_a_new_version_ends_the_timers_of_the_one_before(clockwork: Platform) -> None:
    await deploy(clockwork, "changed", timed(by_timer("timeCycle", "R/PT1H")), "")
    await deploy(clockwork, "changed", timed(by_message("b")), message("b", "Changed"))
    rows = await clockwork.rows(
        "SELECT kind, name FROM workflows.start_view WHERE definition_key = 'changed'"
    )
    assert [tuple(each.values()) for each in rows] == [("message", "Changed")]


async def test_what_starts_cases_follows_the_latest_version_that_is_deployed(clockwork: Platform) -> None:
    await deploy(clockwork, "sold", timed(by_timer("timeCycle", "R/PT1H")), "")
    first = await version(clockwork, "sold", 1)
    await clockwork.perform("definition.tag", {"definition_id": first, "tag": "stable"})
    await deploy(clockwork, "sold", timed(by_message("b")), message("b", "Sold"))
    second = await version(clockwork, "sold", 2)
    assert await started_by(clockwork, "sold") == [(second, "message")]
    for command, definition, expected in (
        ("retire", second, [(first, "timer")]),
        ("retire", first, []),
        ("reinstate", second, [(second, "message")]),
        ("reinstate", first, [(second, "message")]),
    ):
        payload = {"definition_id": definition, "reason": "The market has changed."}
        await clockwork.perform(f"definition.{command}", payload)
        assert await started_by(clockwork, "sold") == expected


async def test_relays_at_once_start_a_moment_once(stopped_platform: Platform) -> None:
    """After a night without workers every round is caught up, and none twice, however many look."""
    content = row(("begin", starting("begin", by_timer("timeCycle", "R5/PT1H"))), ("end", end()))
    await deploy(stopped_platform, "nightly", content, "")
    keys = ledger.load_or_create_keys(stopped_platform.settings.key_folder)
    recorder = ledger.Recorder(keys.signing_key, keys.vault_key, "test")
    upkeep = Upkeep(stopped_platform.database, recorder, Definitions(), Deliveries())
    morning = datetime.now(UTC) + timedelta(hours=4, minutes=1)
    # One look finds one round of each timer; looks go on as long as there may be more.
    for _ in range(5):
        await asyncio.gather(*(upkeep.run(morning) for _ in range(3)))
    commands = await stopped_platform.rows(
        "SELECT payload ->> 'business_key' AS key FROM workflows.command"
        " WHERE kind = 'case.start' AND payload ->> 'product' = 'nightly'"
    )
    assert len({command["key"] for command in commands}) == len(commands) == 4
    (row_,) = await stopped_platform.rows(
        "SELECT * FROM workflows.start_view WHERE definition_key = 'nightly'"
    )
    assert (row_["fired"], row_["due_at"] > morning) == (4, True)


async def test_a_start_that_needs_several_events_is_refused(clockwork: Platform) -> None:
    both = starting("begin", by_message("b") + by_signal("s"), 'parallelMultiple="true"')
    content = row(("begin", both), ("end", end()))
    with pytest.raises(InvalidInput) as refusal:
        await deploy(clockwork, "gathering", content, message("b", "B") + signal("s", "S"))
    assert (refusal.value.code, refusal.value.where) == ("start.every_not_served", "begin")


async def test_a_time_that_cannot_be_told_is_refused(clockwork: Platform) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await deploy(clockwork, "never", timed(by_timer("timeDate", '="tomorrow"')), "")
    assert refusal.value.code == "timer.bad-date"
