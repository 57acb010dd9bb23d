"""What a kill leaves of a batch of migrations: every case once, whenever its worker dies."""

from __future__ import annotations

from uuid import UUID

from support.bpmn_text import end, flow, start
from support.cases import Platform
from support.events import task
from support.versions import OPERATIONS, deploy, replayed, text_of
from support.workers import worker
from workflows import Actor

SECOND = Actor("olga", frozenset({"operations"}))
OLD = start() + task("one") + end() + flow("start > one > end")
NEW = start() + task("one") + task("two") + end() + flow("start > one > two > end")
CASES = 150
_RESULT = "SELECT 1 FROM workflows.migration_item_view WHERE batch_id = $1 AND result = $2"


async def test_a_batch_whose_worker_is_killed_goes_on_and_takes_each_case_once(
    stopped_platform: Platform,
) -> None:
    await deploy(stopped_platform, "killed", text_of("killed", OLD))
    async with stopped_platform.running():
        started = [await stopped_platform.start("killed") for _ in range(CASES)]
    await deploy(stopped_platform, "killed", text_of("killed", NEW))
    payload = {"product": "killed", "version": 2, "reason": "why"}
    batch_id = await stopped_platform.submit("migration.plan", payload, actor=OPERATIONS)

    async with worker(stopped_platform) as process:
        # In the middle of the dry run, or just after it: both go on.
        await stopped_platform.until(_RESULT, 1, batch_id, "possible")
        process.kill()
        await process.wait()
    async with worker(stopped_platform) as process:
        await in_state(stopped_platform, batch_id, "planned")
        await stopped_platform.submit("migration.start", {"batch_id": str(batch_id)}, actor=SECOND)
        await stopped_platform.until(_RESULT, 5, batch_id, "migrated")
        process.kill()
        await process.wait()
    migrated = len(await stopped_platform.rows(_RESULT, batch_id, "migrated"))
    assert 5 <= migrated < CASES
    async with worker(stopped_platform):
        await in_state(stopped_platform, batch_id, "done")
    assert len(await stopped_platform.rows(_RESULT, batch_id, "migrated")) == CASES
    for case_id in started:
        assert await stopped_platform.entries(case_id) == ["case.start", "case.migrate"]
    for case_id in started[:3]:
        assert (await replayed(stopped_platform, case_id)).agrees


async def in_state(platform: Platform, batch_id: UUID, state: str) -> None:
    await platform.until(
        "SELECT 1 FROM workflows.migration_batch WHERE id = $1 AND state = $2", 1, batch_id, state
    )
