"""Determinism: histories that Temporal recorded must replay through today's `CaseWorkflow`.

`tests/histories` holds histories of real runs. After a change of the workflow that is meant to be compatible
they replay as they are. `SCF_RECORD_HISTORIES=1` records those of today's workflow in their place. They are
recorded readable: what the server holds is encrypted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import WorkflowHistory

from ledger import VaultKeys
from support.cases import Platform
from support.histories import HISTORIES, contents, histories, opened, replay
from workflows import Actor
from workflows.history_replay import case_replayer

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


@pytest.mark.parametrize("file", sorted(HISTORIES.glob("*.json")), ids=lambda file: file.stem)
async def test_a_recorded_history_replays(file: Path) -> None:
    # Recorded readable, so that any key opens it.
    await case_replayer(VaultKeys.of(bytes(32))).replay_workflow(
        WorkflowHistory.from_json(file.stem, file.read_text())
    )


def test_there_are_recorded_histories() -> None:
    assert len(list(HISTORIES.glob("*.json"))) >= 4


async def test_a_case_with_tasks_replays(platform: Platform) -> None:
    case_id = await platform.start("approval")
    await platform.complete(case_id, "first", OFFICER, decision="approve")
    await platform.complete(case_id, "second", SECOND, decision="approve")
    await platform.case_in(case_id, "completed")
    await replay(platform, "tasks", case_id)


async def test_a_case_with_a_timer_and_a_message_replays(platform: Platform) -> None:
    case_id = await platform.start("waiting", {"ref": "h-1"}, clock={"rate": "36000"})
    await platform.case_at(case_id, "ping")
    await platform.perform("message.correlate", {"name": "Ping", "key": "h-1"}, actor=OPERATIONS)
    await platform.case_in(case_id, "completed")
    await replay(platform, "timer", case_id)


async def test_a_long_case_continues_as_new_and_replays(platform: Platform) -> None:
    case_id = await platform.start("approval")
    task = {"task_id": str(await platform.task(case_id, "first")), "variables": {"decision": "approve"}}
    for _ in range(8):
        assert await platform.refusal("task.complete", task, actor=SECOND) == "task.not_yours"
    await platform.perform("task.complete", task, actor=OFFICER)
    await platform.complete(case_id, "second", SECOND, decision="approve")
    await platform.case_in(case_id, "completed")
    assert len(await replay(platform, "long", case_id)) >= 2
    assert await platform.entries(case_id) == ["case.start", "task.complete", "task.complete"]


async def test_nothing_but_ids_and_times_is_in_a_history(platform: Platform) -> None:
    case_id = await platform.start("approval", {"secret": "4711-geheim"})
    await platform.complete(case_id, "first", OFFICER, decision="approve", reason="4712-geheim")
    for sealed in await histories(platform, case_id):
        run = await opened(sealed, platform.vault_key)
        assert str(case_id).encode() in contents(run)
        assert b"geheim" not in contents(run)
        assert b"olivia" not in contents(run)
