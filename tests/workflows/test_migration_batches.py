"""Many cases go over as a batch: tried out first, started by another person, paused, resumed, cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
import pytest
import pytest_asyncio

from core import InvalidInput
from support.bpmn_text import end, flow, start
from support.cases import Platform
from support.events import task
from support.versions import OPERATIONS, deploy, last_entry, migrate, replayed, text_of
from workflows import Actor

SECOND = Actor("olga", frozenset({"operations"}))
OLD = start() + task("one") + task("gone") + task("two") + end() + flow("start > one > gone > two > end")
NEW = start() + task("one") + task("two") + end() + flow("start > one > two > end")


@pytest_asyncio.fixture(loop_scope="session")
async def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches whose slices are so small that a test meets them in the middle."""
    monkeypatch.setattr("workflows.migration_batches.AT_ONCE", 2)
    monkeypatch.setattr("workflows.migration_batches._TRIED_AT_ONCE", 3)


async def cases(platform: Platform, key: str, *, stand_at_one: int, stand_at_gone: int = 0) -> list[UUID]:
    """Cases on the first of two versions; those that stand at `gone` cannot go to the second."""
    await deploy(platform, key, text_of(key, OLD))
    started = [
        await platform.start(key, {"number": number}) for number in range(stand_at_one + stand_at_gone)
    ]
    for case_id in started[stand_at_one:]:
        await platform.complete(case_id, "one", OPERATIONS)
    await deploy(platform, key, text_of(key, NEW))
    return started


async def planned(platform: Platform, key: str, **fields: Any) -> UUID:
    """A batch whose dry run is over."""
    payload = {"product": key, "version": 2, "reason": "a new version", **fields}
    result = await platform.perform("migration.plan", payload, actor=OPERATIONS)
    batch_id = UUID(result["batch_id"])
    await in_state(platform, batch_id, "planned")
    return batch_id


async def do(platform: Platform, verb: str, batch_id: UUID, actor: Actor = SECOND) -> Mapping[str, Any]:
    return await platform.perform(f"migration.{verb}", {"batch_id": str(batch_id)}, actor=actor)


async def refused(platform: Platform, verb: str, batch_id: UUID, actor: Actor = SECOND) -> str:
    return await platform.refusal(f"migration.{verb}", {"batch_id": str(batch_id)}, actor=actor)


async def in_state(platform: Platform, batch_id: UUID, state: str) -> Mapping[str, Any]:
    """Wait until a batch is in a state, and return its progress."""
    found = "SELECT * FROM workflows.migration_batch_view WHERE id = $1 AND state = $2"
    await platform.until(found, 1, batch_id, state)
    return (await platform.rows(found, batch_id, state))[0]


async def progress(platform: Platform, batch_id: UUID) -> dict[str, int]:
    """How many cases of a batch are where; what is nought is left out."""
    rows = await platform.rows(
        "SELECT result, count(*)::int AS count FROM workflows.migration_item_view"
        " WHERE batch_id = $1 GROUP BY result",
        batch_id,
    )
    return {row["result"]: row["count"] for row in rows}


async def versions(platform: Platform, started: list[UUID]) -> list[int]:
    return [(await platform.case(case_id))["definition_version"] for case_id in started]


async def test_a_batch_is_tried_out_before_anything_moves(platform: Platform, few_at_once: None) -> None:
    started = await cases(platform, "tried", stand_at_one=4, stand_at_gone=3)
    batch_id = await planned(platform, "tried")
    assert await progress(platform, batch_id) == {"possible": 4, "refused": 3}
    assert await versions(platform, started) == [1] * 7
    items = await platform.rows(
        "SELECT case_id, result, reasons FROM workflows.migration_item_view WHERE batch_id = $1"
        " ORDER BY position",
        batch_id,
    )
    assert [item["case_id"] for item in items] == started
    (reason,) = orjson.loads(items[-1]["reasons"])
    assert (reason["code"], reason["element"], reason["token"] > 0) == (
        "migration.no-counterpart",
        "gone",
        True,
    )


async def test_who_has_planned_a_batch_does_not_start_it(platform: Platform) -> None:
    await cases(platform, "eyes", stand_at_one=1)
    batch_id = await planned(platform, "eyes")
    assert await refused(platform, "start", batch_id, OPERATIONS) == "migration.four_eyes"
    result = await do(platform, "start", batch_id)
    assert (result["possible"], result["refused"]) == (1, 0)


async def test_each_case_goes_under_an_entry_of_its_own(platform: Platform, few_at_once: None) -> None:
    started = await cases(platform, "many", stand_at_one=7, stand_at_gone=2)
    batch_id = await planned(platform, "many")
    await do(platform, "start", batch_id)
    done = await in_state(platform, batch_id, "done")
    assert (done["cases"], done["migrated"], done["refused"], done["waiting"]) == (9, 7, 2, 0)
    assert (done["planned_by"], done["started_by"]) == ("user:oona", "user:olga")
    assert await versions(platform, started) == [2] * 7 + [1] * 2
    for case_id in started[:7]:
        assert await platform.entries(case_id) == ["case.start", "case.migrate"]
    entry = await last_entry(platform, started[0])
    assert (entry["actor"], entry["statement"]["batch"]) == ("user:olga", str(batch_id))
    assert (await replayed(platform, started[0])).agrees
    entries = await platform.rows(
        "SELECT kind, actor, body FROM ledger.entry_view WHERE stream = $1 ORDER BY seq",
        f"migration:{batch_id}",
    )
    assert [(entry["kind"], entry["actor"]) for entry in entries] == [
        ("migration.plan", "user:oona"),
        ("migration.start", "user:olga"),
    ]
    statement = orjson.loads(entries[1]["body"])["statement"]
    assert (statement["possible"], statement["refused"], statement["version"]) == (7, 2, 2)


async def test_a_batch_takes_those_that_its_filter_finds_and_no_others(platform: Platform) -> None:
    started = await cases(platform, "some", stand_at_one=4)
    number = {"name": "number", "op": "GE", "kind": "number", "values": ["2"]}
    batch_id = await planned(platform, "some", filter={"variables": [number], "version": 1})
    items = await platform.rows(
        "SELECT case_id FROM workflows.migration_item WHERE batch_id = $1 ORDER BY position", batch_id
    )
    assert [item["case_id"] for item in items] == started[2:]
    wrong = {"product": "some", "version": 2, "reason": "why", "filter": {"number": 1}}
    with pytest.raises(InvalidInput, match=r"search\.filter_invalid"):
        await platform.submit("migration.plan", wrong, actor=OPERATIONS)


async def test_a_batch_pauses_resumes_and_is_cancelled(platform: Platform, few_at_once: None) -> None:
    started = await cases(platform, "paused", stand_at_one=12)
    batch_id = await planned(platform, "paused")
    assert await refused(platform, "pause", batch_id) == "migration.state_wrong"
    await do(platform, "start", batch_id)
    await do(platform, "pause", batch_id)
    # What had been told to go goes; nothing else does.
    await platform.until(
        "SELECT 1 WHERE NOT EXISTS (SELECT FROM workflows.migration_item_view"
        " WHERE batch_id = $1 AND result = 'waiting')",
        1,
        batch_id,
    )
    before = await progress(platform, batch_id)
    assert 0 < before.get("possible", 0) <= 12
    await asyncio.sleep(1.2)
    assert await progress(platform, batch_id) == before

    await do(platform, "resume", batch_id)
    await do(platform, "cancel", batch_id)
    stopped = await in_state(platform, batch_id, "cancelled")
    assert stopped["finished_at"] is not None
    await platform.until(
        "SELECT 1 WHERE NOT EXISTS (SELECT FROM workflows.migration_item_view"
        " WHERE batch_id = $1 AND result = 'waiting')",
        1,
        batch_id,
    )
    after = await progress(platform, batch_id)
    assert after.get("migrated", 0) + after.get("cancelled", 0) == 12
    assert (await versions(platform, started)).count(2) == after.get("migrated", 0)
    for verb in ("start", "pause", "resume", "cancel"):
        assert await refused(platform, verb, batch_id) == "migration.state_wrong"
    assert await refused(platform, "start", UUID(int=7)) == "migration.unknown"


async def test_a_case_that_has_moved_on_since_the_dry_run_is_refused_and_the_others_go(
    platform: Platform,
) -> None:
    started = await cases(platform, "moved", stand_at_one=3)
    batch_id = await planned(platform, "moved")
    await platform.complete(started[1], "one", OPERATIONS)
    await migrate(platform, started[2], 2)
    await do(platform, "start", batch_id)
    await in_state(platform, batch_id, "done")
    items = await platform.rows(
        "SELECT result, reasons FROM workflows.migration_item_view WHERE batch_id = $1 ORDER BY position",
        batch_id,
    )
    assert [
        (item["result"], [reason["code"] for reason in orjson.loads(item["reasons"])]) for item in items
    ] == [
        ("migrated", []),
        ("refused", ["migration.no-counterpart"]),
        ("refused", ["migration.already-there"]),
    ]


async def test_a_batch_of_which_nothing_can_go_is_not_started(platform: Platform) -> None:
    await cases(platform, "nothing", stand_at_one=0, stand_at_gone=1)
    batch_id = await planned(platform, "nothing")
    assert await refused(platform, "start", batch_id) == "migration.nothing_to_go"


async def test_a_batch_to_a_version_that_was_retired_meanwhile_is_not_started(platform: Platform) -> None:
    await cases(platform, "late", stand_at_one=1)
    batch_id = await planned(platform, "late")
    await deploy(platform, "late", text_of("late", OLD.replace("two", "last")))
    assert await refused(platform, "start", batch_id) == "definition.retired"


async def test_the_same_batch_planned_twice_is_one(platform: Platform) -> None:
    await cases(platform, "same", stand_at_one=1)
    payload = {"product": "same", "version": 2, "reason": "why"}
    how: dict[str, Any] = {"actor": OPERATIONS, "key": "same-batch"}
    first = await platform.perform("migration.plan", payload, **how)
    assert await platform.perform("migration.plan", payload, **how) == first
    rows = await platform.rows("SELECT id FROM workflows.migration_batch WHERE product = 'same'")
    assert len(rows) == 1
