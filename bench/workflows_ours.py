"""Our side of the benchmarks of cases: commands through the inbox, and a worker in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from temporalio.client import Client

from bench.workflows_effects import EFFECT_TABLES, effects
from bench.workflows_models import BATCH, PERSON, ROLE, TASKS, WAITS
from core import Database
from ledger import VaultKeys
from workflows import Actor, case_id_of, definitions, outcome, submit
from workflows.payload_codec import encrypted
from workflows.worker import WorkerSettings, serve

RunCase = Callable[[], Awaitable[None]]

_MODELS = {"p1": TASKS, "p2": PERSON, "p3": WAITS, "batch": BATCH}
_OFFICER = Actor("olivia", frozenset({ROLE}))


async def prepare(database: Database) -> None:
    """Make the effects' tables and deploy the processes in an empty database."""
    async with database.transaction() as tx:
        await tx.sql.execute(EFFECT_TABLES)
        for key, source in _MODELS.items():
            await definitions.deploy(
                tx,
                key,
                {f"{key}.bpmn": source},
                job_types=effects.job_types,
                deployed_by="bench",
                at=datetime.now(UTC),
            )


@dataclass
class Cases:
    """Starts cases and completes tasks as a client does, and waits for what becomes of them."""

    database: Database
    temporal: Client
    _waiting: dict[str, asyncio.Event] = field(default_factory=dict)

    async def perform(self, kind: str, payload: Mapping[str, Any], actor: Actor) -> None:
        """Submit a command and wait until it is done.

        Raises:
            RuntimeError: it was refused.
        """
        done = asyncio.Event()
        async with self.database.transaction() as tx:
            receipt = await submit(tx, kind=kind, actor=actor, payload=payload, idempotency_key=str(uuid4()))
            self._waiting[str(receipt.command_id)] = done
        await done.wait()
        del self._waiting[str(receipt.command_id)]
        async with self.database.reading() as sql:
            decided = await outcome(sql, receipt.command_id)
        if decided.state != "done":
            raise RuntimeError(f"{kind} was refused: {decided.error}")

    async def start(self, product: str, variables: Mapping[str, Any] | None = None) -> tuple[str, UUID]:
        """Start a case; return workflow id and case when its first burst is over."""
        key = str(uuid4())
        await self.perform(
            "case.start",
            {"product": product, "business_key": key, "variables": dict(variables or {})},
            Actor.system("bench"),
        )
        return f"{product}/{key}", case_id_of(product, key)

    async def complete_task(self, case_id: UUID) -> None:
        """Complete the open task of a case, as a person of the role."""
        async with self.database.reading() as sql:
            task_id = await sql.fetchval(
                "SELECT id FROM workflows.task_view WHERE case_id = $1 AND state = 'open'", case_id
            )
        await self.perform("task.complete", {"task_id": str(task_id), "variables": {}}, _OFFICER)

    async def ended(self, workflow_id: str) -> None:
        """Wait for the end of a case's workflow."""
        await self.temporal.get_workflow_handle(workflow_id).result()

    async def tasks(self) -> None:
        """Run a case of five tasks."""
        await self.start("p1")

    async def person(self) -> None:
        """Run a case with a person's task."""
        _, case_id = await self.start("p2", {"amount": 500})
        await self.complete_task(case_id)

    async def waits(self) -> None:
        """Run a case of ten timers."""
        workflow_id, _ = await self.start("p3")
        await self.ended(workflow_id)

    def hear_done(self, command_id: str) -> None:
        """Wake whoever waits for this command."""
        if event := self._waiting.get(command_id):
            event.set()


@contextlib.asynccontextmanager
async def client_of(database: Database, target: str, vault_key: VaultKeys) -> AsyncIterator[Cases]:
    """Yield a client of the platform's cases."""
    cases = Cases(database, await Client.connect(target, data_converter=encrypted(vault_key)))
    listener = await asyncpg.connect(database.url)
    await listener.add_listener("command_done", lambda *heard: cases.hear_done(str(heard[3])))
    try:
        yield cases
    finally:
        await listener.close()


@contextlib.asynccontextmanager
async def our_worker(database: Database, settings: WorkerSettings) -> AsyncIterator[None]:
    """Run a worker in this process."""
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(database, settings, effects, stop, ready=ready))
    await ready.wait()
    try:
        yield
    finally:
        stop.set()
        await serving
