"""A platform in the test's process, on real servers, driven by commands only."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson

import ledger
import workflows
from core import Database
from workflows import Actor, CommandOutcome, definitions
from workflows.effects import Effects
from workflows.worker import WorkerSettings, serve

SYSTEM = Actor.system("test")
_PATIENCE = 60.0


@dataclass
class Platform:
    """What a test drives. `settings` are those of the worker that `running` starts."""

    database: Database
    settings: WorkerSettings
    effects: Effects
    _keys: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _prefix: str = field(default_factory=lambda: uuid4().hex[:8])

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run a worker with its relay."""
        stop, ready = asyncio.Event(), asyncio.Event()
        worker = asyncio.create_task(serve(self.database, self.settings, self.effects, stop, ready=ready))
        waiting = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait((worker, waiting), return_when=asyncio.FIRST_COMPLETED)
            if worker.done():
                await worker
            yield
        finally:
            waiting.cancel()
            stop.set()
            await worker

    async def deploy(self, key: str, folder: Path) -> None:
        """Deploy `<key>.bpmn` of a folder, with the forms beside it."""
        sources = {
            path.name: path.read_text()
            for path in folder.iterdir()
            if path.name == f"{key}.bpmn" or path.suffix == ".form"
        }
        await self.deploy_text(key, sources, at=datetime(2026, 1, 1, tzinfo=UTC))

    async def deploy_text(self, key: str, sources: Mapping[str, str], *, at: datetime) -> None:
        """Deploy the text of files."""
        async with self.database.transaction() as tx:
            await definitions.deploy(
                tx,
                key,
                sources,
                job_types=self.effects.job_types,
                deployed_by="test",
                at=at,
            )

    async def submit(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        actor: Actor = SYSTEM,
        key: str | None = None,
        case_id: UUID | None = None,
    ) -> UUID:
        """Submit a command and return its id."""
        async with self.database.transaction() as tx:
            receipt = await workflows.submit(
                tx,
                kind=kind,
                actor=actor,
                payload=payload,
                idempotency_key=key or f"{self._prefix}-{next(self._keys)}",
                case_id=case_id,
            )
        return receipt.command_id

    async def outcome(self, command_id: UUID) -> CommandOutcome:
        """Wait until a command is decided."""
        async for _ in _patiently(f"command {command_id} is decided"):
            async with self.database.reading() as sql:
                outcome = await workflows.outcome(sql, command_id)
            if outcome.state != "accepted":
                return outcome
        raise AssertionError

    async def perform(self, kind: str, payload: Mapping[str, Any], **how: Any) -> Mapping[str, Any]:
        """Submit a command that must succeed, and return its result."""
        outcome = await self.outcome(await self.submit(kind, payload, **how))
        assert outcome.state == "done", outcome.error
        return outcome.result or {}

    async def refusal(self, kind: str, payload: Mapping[str, Any], **how: Any) -> str:
        """Submit a command that must be refused, and return the error's code."""
        outcome = await self.outcome(await self.submit(kind, payload, **how))
        assert outcome.state == "refused", outcome.result
        code: str = (outcome.error or {})["code"]
        return code

    async def start(
        self,
        product: str,
        variables: Mapping[str, Any] | None = None,
        *,
        business_key: str | None = None,
        clock: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> UUID:
        """Start a case and return its id when its first burst is over."""
        result = await self.perform(
            "case.start",
            {
                "product": product,
                "business_key": business_key or f"{self._prefix}-{next(self._keys)}",
                "variables": dict(variables or {}),
                "clock": dict(clock or {}),
                **more,
            },
        )
        return UUID(result["case_id"])

    async def case(self, case_id: UUID) -> Mapping[str, Any]:
        """Read a case."""
        rows = await self.rows("SELECT * FROM workflows.case_view WHERE id = $1", case_id)
        return rows[0]

    async def case_in(self, case_id: UUID, *states: str) -> Mapping[str, Any]:
        """Wait until a case is in one of these states."""
        async for _ in _patiently(f"case {case_id} is {' or '.join(states)}"):
            rows = await self.rows("SELECT * FROM workflows.case_view WHERE id = $1", case_id)
            if rows and rows[0]["state"] in states:
                return rows[0]
        raise AssertionError

    async def case_at(self, case_id: UUID, element: str) -> Mapping[str, Any]:
        """Wait until a case has a token at an element."""
        await self.first_of(case_id, element)
        return await self.case(case_id)

    async def first_of(self, case_id: UUID, *elements: str) -> str:
        """Wait until a case has a token at one of these elements, and return that element."""
        async for _ in _patiently(f"case {case_id} is at {' or '.join(elements)}"):
            rows = await self.rows("SELECT active_elements FROM workflows.case_view WHERE id = $1", case_id)
            active = orjson.loads(rows[0]["active_elements"]) if rows else []
            for element in elements:
                if element in active:
                    return element
        raise AssertionError

    async def task(self, case_id: UUID, element: str) -> UUID:
        """Wait for an open task of a case, and return its id."""
        async for _ in _patiently(f"case {case_id} opens the task {element}"):
            rows = await self.rows(
                "SELECT id FROM workflows.task_view"
                " WHERE case_id = $1 AND element = $2 AND state IN ('open', 'claimed')",
                case_id,
                element,
            )
            if rows:
                task_id: UUID = rows[0]["id"]
                return task_id
        raise AssertionError

    async def complete(self, case_id: UUID, element: str, actor: Actor, **variables: Any) -> None:
        """Complete an open task of a case."""
        task_id = await self.task(case_id, element)
        await self.perform("task.complete", {"task_id": str(task_id), "variables": variables}, actor=actor)

    async def until(self, query: str, count: int, *arguments: object) -> None:
        """Wait until a query gives so many rows."""
        async for _ in _patiently(f"there are {count} rows of {query}"):
            if len(await self.rows(query, *arguments)) >= count:
                return

    async def rows(self, query: str, *arguments: object) -> list[Mapping[str, Any]]:
        """Read rows."""
        async with self.database.reading() as sql:
            return [dict(row) for row in await sql.fetch(query, *arguments)]

    async def steps(self, case_id: UUID, kind: str = "element.completed") -> list[str]:
        """Return the elements of a case's steps of one kind, in order."""
        rows = await self.rows(
            "SELECT element FROM workflows.step_view WHERE case_id = $1 AND kind = $2 ORDER BY seq",
            case_id,
            kind,
        )
        return [row["element"] for row in rows]

    async def entries(self, case_id: UUID) -> list[str]:
        """Return the kinds of a case's ledger entries, in order."""
        rows = await self.rows(
            "SELECT kind FROM ledger.entry_view WHERE stream = $1 ORDER BY seq", str(case_id)
        )
        return [row["kind"] for row in rows]

    @property
    def vault_key(self) -> ledger.VaultKeys:
        """The key that opens the ledger's payloads."""
        return ledger.load_or_create_keys(self.settings.key_folder).vault_key


async def _patiently(what: str) -> AsyncIterator[None]:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        yield
        await asyncio.sleep(0.02)
    raise AssertionError(f"waited {_PATIENCE:.0f} s and it is not true that {what}")
