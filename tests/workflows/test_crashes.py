"""What a crash leaves: a case ends once, with the same steps, whenever its worker dies."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

import ledger
from support.cases import SYSTEM, Platform
from support.workers import lose_workflow, worker
from workflows import Actor, case_id_of
from workflows.advance import Advancer
from workflows.definitions import Definitions
from workflows.replay import replay_case

OFFICER = Actor("olivia", frozenset({"credit_officer"}))
SECOND = Actor("oscar", frozenset({"credit_officer_2"}))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def start(platform: Platform, product: str) -> tuple[UUID, UUID]:
    """Submit the start of a case; return case and command."""
    key = str(uuid4())
    command_id = await platform.submit("case.start", {"product": product, "business_key": key}, actor=SYSTEM)
    return case_id_of(product, key), command_id


async def ended_once(platform: Platform, case_id: UUID) -> None:
    """Check that a case of five jobs ended with each of its steps once."""
    await platform.case_in(case_id, "completed")
    assert [step for step in await platform.steps(case_id) if step.startswith("job")] == [
        f"job{number}" for number in range(1, 6)
    ]
    assert len(await platform.rows("SELECT 1 FROM public.trace WHERE case_id = $1", case_id)) == 5
    assert await platform.entries(case_id) == ["case.start"]
    assert (await replay_case(platform.database, case_id, platform.vault_key)).agrees


def an_advancer(platform: Platform) -> Advancer:
    keys = ledger.load_or_create_keys(platform.settings.key_folder)
    recorder = ledger.Recorder(keys.signing_key, keys.vault_key, platform.settings.origin)
    return Advancer(platform.database, recorder, platform.effects, Definitions())


async def test_a_burst_done_twice_is_done_once(stopped_platform: Platform) -> None:
    case_id, command_id = await start(stopped_platform, "approval")
    advancer = an_advancer(stopped_platform)
    first = await advancer.advance(case_id, command_id, NOW)
    before = await stopped_platform.case(case_id)
    again = await advancer.advance(case_id, command_id, NOW)
    assert again == first
    assert await stopped_platform.case(case_id) == before
    assert await stopped_platform.entries(case_id) == ["case.start"]


async def test_a_burst_done_twice_at_once_is_done_once(stopped_platform: Platform) -> None:
    case_id, command_id = await start(stopped_platform, "approval")
    advancer = an_advancer(stopped_platform)
    answers = await asyncio.gather(*(advancer.advance(case_id, command_id, NOW) for _ in range(3)))
    assert len(set(answers)) == 1
    assert await stopped_platform.entries(case_id) == ["case.start"]


async def test_a_burst_that_does_not_commit_leaves_nothing(
    stopped_platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose_the_connection(*_: object) -> None:
        raise ConnectionResetError("the database went away")

    case_id, command_id = await start(stopped_platform, "approval")
    advancer = an_advancer(stopped_platform)
    with monkeypatch.context() as patch:
        patch.setattr(advancer._recorder, "record", lose_the_connection)
        with pytest.raises(ConnectionResetError):
            await advancer.advance(case_id, command_id, NOW)
    for table in ("case_view WHERE id", "step_view WHERE case_id", "task_view WHERE case_id"):
        assert await stopped_platform.rows(f"SELECT 1 FROM workflows.{table} = $1", case_id) == []  # noqa: S608
    await advancer.advance(case_id, command_id, NOW)
    assert (await stopped_platform.case(case_id))["state"] == "waiting"


async def test_a_worker_that_dies_between_commit_and_workflow_task(stopped_platform: Platform) -> None:
    async with worker(stopped_platform, "--stop-after-commit") as process:
        case_id, command_id = await start(stopped_platform, "straight")
        assert await process.wait() == -9
    assert (await stopped_platform.outcome(command_id)).state == "done"
    async with worker(stopped_platform):
        await ended_once(stopped_platform, case_id)


async def test_workers_that_are_killed_while_cases_run(stopped_platform: Platform) -> None:
    cases = [(await start(stopped_platform, "straight"))[0] for _ in range(24)]
    done = "SELECT 1 FROM workflows.case_ WHERE state = 'completed'"
    for _ in range(3):
        before = len(await stopped_platform.rows(done))
        async with worker(stopped_platform):
            # The worker carries several cases at once: when one has ended, others are in the middle.
            await stopped_platform.until(done, before + 1)
    async with worker(stopped_platform):
        for case_id in cases:
            await ended_once(stopped_platform, case_id)


async def test_a_case_that_waits_for_people_survives_its_worker(stopped_platform: Platform) -> None:
    async with worker(stopped_platform):
        case_id, _ = await start(stopped_platform, "approval")
        await stopped_platform.complete(case_id, "first", OFFICER, decision="approve")
    command = await stopped_platform.submit(
        "task.complete",
        {
            "task_id": str(await stopped_platform.task(case_id, "second")),
            "variables": {"decision": "approve"},
        },
        actor=SECOND,
    )
    async with worker(stopped_platform):
        assert (await stopped_platform.outcome(command)).state == "done"
        await stopped_platform.case_in(case_id, "completed")
    assert await stopped_platform.entries(case_id) == ["case.start", "task.complete", "task.complete"]


async def test_a_case_whose_workflow_is_lost_is_taken_up_by_its_next_command(
    stopped_platform: Platform,
) -> None:
    async with stopped_platform.running():
        case_id, command_id = await start(stopped_platform, "approval")
        await stopped_platform.outcome(command_id)
        await lose_workflow(stopped_platform, case_id)
        await stopped_platform.complete(case_id, "first", OFFICER, decision="approve")
        await stopped_platform.complete(case_id, "second", SECOND, decision="approve")
        await stopped_platform.case_in(case_id, "completed")


async def test_a_case_whose_workflow_is_lost_is_taken_up_when_it_is_overdue(
    stopped_platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.relay._OVERDUE_AFTER", timedelta(seconds=1))
    monkeypatch.setattr("workflows.relay._OVERDUE_EVERY", timedelta(seconds=1))
    async with stopped_platform.running():
        case_id = await stopped_platform.start("waiting", {"ref": "lost"}, clock={"rate": "1800"})
        await lose_workflow(stopped_platform, case_id)
        await stopped_platform.case_at(case_id, "ping")
