"""Cases per second of a process with five service tasks, beside a Temporal workflow written by hand.

Both have the same shape, call the same effect functions on the same database and Temporal server, and run on
one worker in this process. The hand-written workflow does each task in a local activity with a transaction of
its own, and keeps neither steps nor a signed ledger. Ours goes the whole way: inbox, relay, workflow, kernel,
read model, ledger entry. They take turns, so that both meet the same noise.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from bpmn.values import Value
from core import Database
from core.database import migrate
from workflows import Actor, definitions, submit
from workflows.effects import Effects, JobContext
from workflows.worker import WorkerSettings, rooms, serve

CLIENTS = 16
SECONDS = 5.0
TURNS = 2
TASKS = 5
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)

PROCESS = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="definitions" targetNamespace="https://scf.example/bench">'
    '<bpmn:process id="bench" name="Five tasks" isExecutable="true"><bpmn:startEvent id="task0" />'
    + "".join(
        f'<bpmn:serviceTask id="task{number}" name="Task {number}"><bpmn:extensionElements>'
        '<zeebe:taskDefinition type="bench.write" /></bpmn:extensionElements></bpmn:serviceTask>'
        for number in range(1, TASKS + 1)
    )
    + f'<bpmn:endEvent id="task{TASKS + 1}" />'
    + "".join(
        f'<bpmn:sequenceFlow id="flow{number}" sourceRef="task{number}" targetRef="task{number + 1}" />'
        for number in range(TASKS + 1)
    )
    + "</bpmn:process></bpmn:definitions>"
)

effects = Effects()
StartCase = Callable[[], Awaitable[None]]


@effects.job("bench.write")
async def write(job: JobContext) -> Mapping[str, Value]:
    """Write one row, as a small effect does."""
    await job.tx.sql.execute("INSERT INTO public.effect (case_id, at) VALUES ($1, $2)", job.case_id, job.at)
    return {}


@dataclass(frozen=True, slots=True)
class Task:
    """The input of a hand-written activity."""

    case_id: str


@workflow.defn(name="HandWritten")
class HandWritten:
    """Five tasks in a row, as one writes them without an engine."""

    @workflow.run
    async def run(self, case_id: str) -> None:
        """Do the tasks."""
        for _ in range(TASKS):
            await workflow.execute_local_activity(
                "bench.write", Task(case_id), start_to_close_timeout=timedelta(seconds=10)
            )


async def run(database_url: str, temporal_target: str) -> dict[str, dict[str, float]]:
    """Measure cases per second of both, in turns, on an empty database: `figures` ours, `peers` by hand."""
    await migrate(database_url, rooms())
    database = await Database.open(database_url, rooms(), pool_size=8)
    try:
        async with database.transaction() as tx:
            await tx.sql.execute("CREATE TABLE public.effect (case_id uuid, at timestamptz)")
            await definitions.deploy(
                tx,
                "bench",
                {"bench.bpmn": PROCESS},
                job_types=effects.job_types,
                deployed_by="bench",
                at=AT,
            )
        async with _ours(database, temporal_target) as ours, _by_hand(database, temporal_target) as by_hand:
            await _rate(ours, 1.0)
            await _rate(by_hand, 1.0)
            turns = [(await _rate(ours, SECONDS), await _rate(by_hand, SECONDS)) for _ in range(TURNS)]
    finally:
        await database.close()
    our_rate = sum(rate for rate, _ in turns) / TURNS
    hand_rate = sum(rate for _, rate in turns) / TURNS
    return {
        "figures": {
            "workflows.p1_cases_per_s": our_rate,
            "workflows.p1_ratio_to_handwritten": our_rate / hand_rate,
        },
        "peers": {"workflows.p1_cases_per_s": hand_rate, "workflows.p1_ratio_to_handwritten": 1.0},
    }


@contextlib.asynccontextmanager
async def _ours(database: Database, target: str) -> AsyncIterator[StartCase]:
    """Run a worker; yield what submits a case and waits for its end."""
    with tempfile.TemporaryDirectory() as keys:
        settings = WorkerSettings(database.url, target, Path(keys), task_queue="bench-ours")
        stop, ready = asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(serve(database, settings, effects, stop, ready=ready))
        await ready.wait()
        listener = await asyncpg.connect(database.url)
        waiting: dict[str, asyncio.Event] = {}
        await listener.add_listener("command_done", lambda *heard: _tell(waiting, str(heard[3])))

        async def start() -> None:
            key = str(uuid4())
            done = asyncio.Event()
            async with database.transaction() as tx:
                receipt = await submit(
                    tx,
                    kind="case.start",
                    actor=Actor.system("bench"),
                    payload={"product": "bench", "business_key": key},
                    idempotency_key=key,
                )
                waiting[str(receipt.command_id)] = done
            await done.wait()
            del waiting[str(receipt.command_id)]

        try:
            yield start
        finally:
            await listener.close()
            stop.set()
            await serving


@contextlib.asynccontextmanager
async def _by_hand(database: Database, target: str) -> AsyncIterator[StartCase]:
    """Run a worker for the hand-written workflow; yield what starts one and waits for its end."""
    client = await Client.connect(target)

    @activity.defn(name="bench.write")
    async def task(given: Task) -> None:
        case_id = UUID(given.case_id)
        async with database.transaction() as tx:
            await write(JobContext(tx, AT, case_id, None, case_id, {}, {}))

    async def start() -> None:
        case_id = str(uuid4())
        handle = await client.start_workflow(
            HandWritten.run, case_id, id=case_id, task_queue="bench-by-hand", request_eager_start=True
        )
        await handle.result()

    async with Worker(
        client,
        task_queue="bench-by-hand",
        workflows=[HandWritten],
        activities=[task],
        # As ours: this module, and what it imports, is not loaded again for every workflow.
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules("bench")
        ),
    ):
        yield start


async def _rate(start: StartCase, seconds: float) -> float:
    """Let the clients start one case after the other; return how many ended per second."""
    began, ended = time.perf_counter(), itertools.count()

    async def client() -> None:
        while time.perf_counter() - began < seconds:
            await start()
            next(ended)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return next(ended) / (time.perf_counter() - began)


def _tell(waiting: Mapping[str, asyncio.Event], command_id: str) -> None:
    if event := waiting.get(command_id):
        event.set()
