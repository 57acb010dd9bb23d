"""A case whose calls outside are under way goes over: the calls go on, and are counted once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from conftest import NewDatabase

from core import Database
from support.bank import Bank, bank_effects
from support.bpmn_text import end, extension, flow, start
from support.cases import Platform
from support.histories import replay
from support.versions import OPERATIONS, deploy, migrate, plan, replayed, text_of
from support.workers import lose_workflow
from workflows.worker import WorkerSettings, rooms


def paying(name: str, type: str) -> str:
    """A process whose only task calls the bank."""
    job = extension(f'<zeebe:taskDefinition type="{type}"/>')
    content = f'<serviceTask id="{name}">{job}</serviceTask>'
    return start() + content + end() + flow(f"start > {name} > end")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bank() -> AsyncIterator[Bank]:
    """The bank outside."""
    async with Bank(seed=20260302).open() as bank:
        yield bank


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(
    new_database: NewDatabase, temporal_target: str, tmp_path_factory: pytest.TempPathFactory, bank: Bank
) -> AsyncIterator[Platform]:
    """A platform with a worker, whose service tasks call the bank."""
    url = await new_database(rooms())
    database = await Database.open(url, rooms(), pool_size=8)
    settings = WorkerSettings(
        url, temporal_target, tmp_path_factory.mktemp("keys"), task_queue="test-migration-remote"
    )
    platform = Platform(database, settings, bank_effects(bank.url))
    async with platform.running():
        yield platform
    await database.close()


async def called(platform: Platform, bank: Bank, key: str, type: str) -> tuple[UUID, str, str]:
    """A case whose call has reached the bank, the call's key, and the plan to a version of another name."""
    old, new = (text_of(key, paying(name, type)) for name in ("pay", "transfer"))
    await deploy(platform, key, old)
    case_id = await platform.start(key, {"amount": "5.00"})
    await platform.until("SELECT 1 FROM workflows.remote_job WHERE attempts > 0 AND case_id = $1", 1, case_id)
    await deploy(platform, key, new)
    return (
        case_id,
        str((await remote_job(platform, case_id))["idempotency_key"]),
        plan(key, old, new, {"pay": "transfer"}),
    )


async def remote_job(platform: Platform, case_id: UUID) -> dict[str, Any]:
    (job,) = await platform.rows("SELECT * FROM workflows.remote_job WHERE case_id = $1", case_id)
    return dict(job)


async def test_a_call_in_flight_goes_on_and_its_result_completes_the_renamed_task(
    running: Platform, bank: Bank
) -> None:
    bank.failure_rate, bank.hold = 0.0, 3.0
    case_id, key, given = await called(running, bank, "flying", "bank.pay")
    await migrate(running, case_id, 2, plan=given)
    assert (await remote_job(running, case_id))["element"] == "transfer"
    await running.case_in(case_id, "completed")
    # One call only: the one that was under way was neither given up nor made again.
    assert (bank.calls[key], bank.counted[key], len(bank.abandoned & {key})) == (1, "5.00", 0)
    assert await running.steps(case_id) == ["start", "transfer", "end"]
    assert await running.entries(case_id) == ["case.start", "case.migrate", "job.result"]
    assert (await replayed(running, case_id)).agrees
    await replay(running, "migrated", case_id)


async def test_a_call_that_failed_before_is_retried_after_with_the_same_key(
    running: Platform, bank: Bank
) -> None:
    bank.failure_rate, bank.hold = 1.0, 0.0
    case_id, key, given = await called(running, bank, "failing", "bank.once")
    await running.case_in(case_id, "incident")
    bank.failure_rate = 0.0
    await migrate(running, case_id, 2, plan=given)
    (incident,) = await running.rows("SELECT * FROM workflows.incident_view WHERE case_id = $1", case_id)
    assert incident["element"] == "transfer"
    await running.perform("incident.retry", {"incident_id": str(incident["id"])}, actor=OPERATIONS)
    await running.case_in(case_id, "completed")
    job = await remote_job(running, case_id)
    assert (str(job["idempotency_key"]), bank.calls[key], job["attempts"]) == (key, 2, 2)
    assert (await replayed(running, case_id)).agrees


async def test_a_call_is_made_again_for_a_migrated_case_whose_workflow_is_lost(
    running: Platform, bank: Bank
) -> None:
    bank.failure_rate, bank.hold = 0.0, 30.0
    case_id, key, given = await called(running, bank, "losing", "bank.long")
    await migrate(running, case_id, 2, plan=given)
    bank.hold = 0.0
    await lose_workflow(running, case_id)
    # Whether it comes before or after the end does not matter: it only has the case taken up at once.
    await running.submit(
        "message.correlate", {"name": "Nudge", "key": "none"}, actor=OPERATIONS, case_id=case_id
    )
    await running.case_in(case_id, "completed")
    assert (bank.counted[key], bank.calls[key]) == ("5.00", 2)
