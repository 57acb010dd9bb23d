"""Temporal workflows written by hand, of the shapes of our processes, as one writes them without an engine.

Each task, and what follows each timer, is a local activity with a transaction of its own: the same effect
functions, and the same signed ledger entry for every such step, through the ledger's own recorder.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import ledger
from bench.workflows_effects import write
from bench.workflows_models import TIMER_SECONDS, TIMERS
from bench.workflows_ours import RunCase
from core import Database
from workflows.effects import JobContext

_QUEUE = "bench-by-hand"
_TIMEOUT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Step:
    """The input of an activity: the case, the number of its ledger entry, what is done, and who did it."""

    case_id: str
    seq: int
    element: str
    actor: str = "system:bench"


async def _do(name: str, step: Step) -> None:
    await workflow.execute_local_activity(name, step, start_to_close_timeout=_TIMEOUT)


@workflow.defn(name="FiveTasks")
class FiveTasks:
    """Five tasks in a row."""

    @workflow.run
    async def run(self, case_id: str) -> None:
        """Do the tasks."""
        for number in range(1, 6):
            await _do("write", Step(case_id, number, f"task{number}"))


@workflow.defn(name="PersonBetween")
class PersonBetween:
    """A task, a person's decision for what is large, a task."""

    def __init__(self) -> None:
        self._decided_by: str | None = None
        self._booked = False

    @workflow.run
    async def run(self, case_id: str, amount: int) -> None:
        """Check, wait for the person, book."""
        await _do("write", Step(case_id, 1, "check"))
        if amount > 100:
            await workflow.wait_condition(lambda: self._decided_by is not None)
        await _do("write", Step(case_id, 2, "book", self._decided_by or "system:bench"))
        self._booked = True
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update
    async def decide(self, actor: str) -> None:
        """Take the decision; answered when it is booked, as ours is."""
        self._decided_by = actor
        await workflow.wait_condition(lambda: self._booked)


@workflow.defn(name="TenTimers")
class TenTimers:
    """Ten timers, one after the other."""

    @workflow.run
    async def run(self, case_id: str) -> None:
        """Wait ten times; each time is recorded."""
        await _do("record", Step(case_id, 1, "start"))
        for number in range(1, TIMERS + 1):
            await asyncio.sleep(TIMER_SECONDS)
            await _do("record", Step(case_id, number + 1, f"wait{number}"))


@contextlib.asynccontextmanager
async def by_hand(
    database: Database, target: str, recorder: ledger.Recorder
) -> AsyncIterator[Mapping[str, RunCase]]:
    """Run a worker for the workflows written by hand; yield what runs one of each shape to its end."""
    client = await Client.connect(target)

    @activity.defn(name="write")
    async def write_and_record(step: Step) -> None:
        async with database.transaction() as tx:
            case_id = UUID(step.case_id)
            await write(JobContext(tx, _now(), case_id, None, case_id, {}, {}))
            await recorder.record(tx, _entry(step))

    @activity.defn(name="record")
    async def record(step: Step) -> None:
        async with database.transaction() as tx:
            await recorder.record(tx, _entry(step))

    async def tasks() -> None:
        key = str(uuid4())
        handle = await client.start_workflow(
            FiveTasks.run, key, id=key, task_queue=_QUEUE, request_eager_start=True
        )
        await handle.result()

    async def person() -> None:
        key = str(uuid4())
        handle = await client.start_workflow(
            PersonBetween.run, args=[key, 500], id=key, task_queue=_QUEUE, request_eager_start=True
        )
        await handle.execute_update(PersonBetween.decide, "user:olivia")
        await handle.result()

    async def waits() -> None:
        key = str(uuid4())
        handle = await client.start_workflow(
            TenTimers.run, key, id=key, task_queue=_QUEUE, request_eager_start=True
        )
        await handle.result()

    async with Worker(
        client,
        task_queue=_QUEUE,
        workflows=[FiveTasks, PersonBetween, TenTimers],
        activities=[write_and_record, record],
        # As ours: these modules, and what they import, are not loaded again for every workflow.
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules("bench")
        ),
    ):
        yield {"p1": tasks, "p2": person, "p3": waits}


def _entry(step: Step) -> ledger.EntryDraft:
    """Return the ledger entry of one step: who did what, with its element steps as our kernel tells them."""
    at = _now()
    return ledger.EntryDraft(
        stream=step.case_id,
        seq=step.seq,
        kind="step",
        occurred_at=at,
        actor=step.actor,
        events=[
            {"seq": number, "kind": kind, "element": step.element, "at": at.isoformat(), "data": {}}
            for number, kind in enumerate(("element.activated", "element.completed"), 1)
        ],
        payloads={"commands": b"[]"},
    )


def _now() -> datetime:
    return datetime.now(UTC)
