"""Determinism: histories that Temporal recorded must replay through today's `CaseWorkflow`.

`tests/histories` holds histories of real runs. After a change of the workflow that is meant to be compatible
they replay as they are. `SCF_RECORD_HISTORIES=1` records those of today's workflow in their place.
"""

from __future__ import annotations

import base64
import dataclasses
import os
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer

from support.cases import Platform
from workflows import Actor
from workflows.case_workflow import CaseWorkflow
from workflows.worker import workflow_runner

HISTORIES = Path(__file__).parents[1] / "histories"
OFFICER = Actor("olivia", frozenset({"credit_officer"}))
SECOND = Actor("oscar", frozenset({"credit_officer_2"}))
OPERATIONS = Actor("oona", frozenset({"operations"}))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(stopped_platform: Platform) -> AsyncIterator[Platform]:
    """A platform whose workflows continue as new after few events."""
    settings = dataclasses.replace(stopped_platform.settings, continue_after=25)
    platform = dataclasses.replace(stopped_platform, settings=settings)
    async with platform.running():
        yield platform


def replayer() -> Replayer:
    return Replayer(workflows=[CaseWorkflow], workflow_runner=workflow_runner())


async def histories(platform: Platform, case_id: UUID) -> Sequence[WorkflowHistory]:
    """Return the histories of a case's runs, the first one first."""
    (case,) = await platform.rows(
        "SELECT product, business_key FROM workflows.case_view WHERE id = $1", case_id
    )
    client = await Client.connect(platform.settings.temporal_target)
    runs = [
        run async for run in client.list_workflows(f"WorkflowId = '{case['product']}/{case['business_key']}'")
    ]
    runs.sort(key=lambda run: run.start_time)
    return [await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history() for run in runs]


def record(name: str, runs: Sequence[WorkflowHistory]) -> None:
    if os.environ.get("SCF_RECORD_HISTORIES") == "1":
        for number, run in enumerate(runs, 1):
            text = re.sub(r'"identity": "[^"]*"', '"identity": "worker"', run.to_json())
            (HISTORIES / f"{name}-{number}.json").write_text(text + "\n")


def contents(run: WorkflowHistory) -> bytes:
    """Return a history with every payload in it as plain bytes."""
    text = run.to_json()
    payloads = re.findall(r'"data": "([^"]*)"', text)
    assert payloads
    return text.encode() + b"".join(base64.b64decode(payload) for payload in payloads)


@pytest.mark.parametrize("file", sorted(HISTORIES.glob("*.json")), ids=lambda file: file.stem)
async def test_a_recorded_history_replays(file: Path) -> None:
    await replayer().replay_workflow(WorkflowHistory.from_json(file.stem, file.read_text()))


def test_there_are_recorded_histories() -> None:
    assert len(list(HISTORIES.glob("*.json"))) >= 4


async def test_a_case_with_tasks_replays(platform: Platform) -> None:
    case_id = await platform.start("approval")
    await platform.complete(case_id, "first", OFFICER, decision="approve")
    await platform.complete(case_id, "second", SECOND, decision="approve")
    await platform.case_in(case_id, "completed")
    runs = await histories(platform, case_id)
    record("tasks", runs)
    for run in runs:
        await replayer().replay_workflow(run)


async def test_a_case_with_a_timer_and_a_message_replays(platform: Platform) -> None:
    case_id = await platform.start("waiting", {"ref": "h-1"}, clock={"rate": "36000"})
    await platform.case_at(case_id, "ping")
    await platform.perform("message.correlate", {"name": "Ping", "key": "h-1"}, actor=OPERATIONS)
    await platform.case_in(case_id, "completed")
    runs = await histories(platform, case_id)
    record("timer", runs)
    for run in runs:
        await replayer().replay_workflow(run)


async def test_a_long_case_continues_as_new_and_replays(platform: Platform) -> None:
    case_id = await platform.start("approval")
    task = {"task_id": str(await platform.task(case_id, "first")), "variables": {"decision": "approve"}}
    for _ in range(8):
        assert await platform.refusal("task.complete", task, actor=SECOND) == "task.not_yours"
    await platform.perform("task.complete", task, actor=OFFICER)
    await platform.complete(case_id, "second", SECOND, decision="approve")
    await platform.case_in(case_id, "completed")
    runs = await histories(platform, case_id)
    assert len(runs) >= 2
    record("long", runs)
    for run in runs:
        await replayer().replay_workflow(run)
    assert await platform.entries(case_id) == ["case.start", "task.complete", "task.complete"]


async def test_nothing_but_ids_and_times_is_in_a_history(platform: Platform) -> None:
    case_id = await platform.start("approval", {"secret": "4711-geheim"})
    await platform.complete(case_id, "first", OFFICER, decision="approve", reason="4712-geheim")
    for run in await histories(platform, case_id):
        assert str(case_id).encode() in contents(run)
        assert b"geheim" not in contents(run)
        assert b"olivia" not in contents(run)
