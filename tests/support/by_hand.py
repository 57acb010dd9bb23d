"""A platform whose commands the test carries out, at the time that it says: no worker, no Temporal."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import ledger
import workflows
from core import Database
from workflows import Actor, CommandOutcome, definitions
from workflows.advance import Advancer
from workflows.case_workflow import Waits
from workflows.commands import WITHOUT_WORKFLOW, submit_follow_up
from workflows.definitions import Definitions
from workflows.domain_commands import DomainCommands, NewCaseClock
from workflows.effects import Effects

SYSTEM = Actor.system("test")


@dataclass
class ByHand:
    """Submits commands and carries them out, as relay and workflow do. It is its own clock."""

    database: Database
    recorder: ledger.Recorder
    vault_key: ledger.VaultKeys
    time: datetime = datetime(2026, 3, 2, 9, tzinfo=UTC)
    _keys: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _prefix: str = field(default_factory=lambda: uuid4().hex[:8])

    def __post_init__(self) -> None:
        effects = Effects()
        self._advancer = Advancer(self.database, self.recorder, effects, Definitions())
        self._domain = DomainCommands(
            self.database,
            self.recorder,
            self,
            job_types=effects.job_types,
            case_clock=NewCaseClock(),
        )

    def now(self) -> datetime:
        """Return the time."""
        return self.time

    def turn(self, span: timedelta) -> None:
        """Let time pass."""
        self.time += span

    async def deploy(self, key: str, folder: Path) -> None:
        """Deploy `<key>.bpmn` of a folder, with the forms beside it."""
        sources = {
            path.name: path.read_text()
            for path in folder.iterdir()
            if path.name == f"{key}.bpmn" or path.suffix == ".form"
        }
        async with self.database.transaction() as tx:
            await definitions.deploy(
                tx, key, sources, job_types=frozenset(), deployed_by="test", at=self.now()
            )

    async def outcome(
        self, kind: str, payload: Mapping[str, Any], actor: Actor = SYSTEM, *, key: str | None = None
    ) -> CommandOutcome:
        """Submit a command, carry it and what it entails out, and return what became of it."""
        async with self.database.transaction() as tx:
            receipt = await workflows.submit(
                tx, kind=kind, actor=actor, payload=payload, idempotency_key=key or self._next_key()
            )
        await self.carry_out_all()
        return await self.outcome_of(receipt.command_id)

    async def outcome_of(self, command_id: UUID) -> CommandOutcome:
        """Return what became of a command."""
        async with self.database.reading() as sql:
            return await workflows.outcome(sql, command_id)

    async def perform(
        self, kind: str, payload: Mapping[str, Any], actor: Actor = SYSTEM
    ) -> Mapping[str, Any]:
        """Carry out a command that must succeed, and return its result."""
        outcome = await self.outcome(kind, payload, actor)
        assert outcome.state == "done", outcome.error
        return outcome.result or {}

    async def refusal(self, kind: str, payload: Mapping[str, Any], actor: Actor = SYSTEM) -> str:
        """Carry out a command that must be refused, and return the error's code."""
        outcome = await self.outcome(kind, payload, actor)
        assert outcome.state == "refused", outcome.result
        code: str = (outcome.error or {})["code"]
        return code

    async def start(
        self,
        product: str,
        variables: Mapping[str, Any] | None = None,
        *,
        requester: Actor = SYSTEM,
        clock: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> UUID:
        """Start a case in somebody's name, and return its id."""
        key = self._next_key()
        case_id = workflows.case_id_of(product, key)
        async with self.database.transaction() as tx:
            await submit_follow_up(
                tx,
                kind="case.start",
                actor=requester,
                payload={
                    "product": product,
                    "business_key": key,
                    "variables": dict(variables or {}),
                    "clock": dict(clock or {}),
                    **more,
                },
                cause=uuid4(),
                case_id=case_id,
            )
        await self.carry_out_all()
        return case_id

    async def carry_out_all(self) -> None:
        """Carry out what is accepted, oldest first; a command may entail others."""
        while accepted := await self.rows(
            "SELECT id, case_id, kind FROM workflows.command WHERE state = 'accepted' ORDER BY position"
        ):
            for command in accepted:
                if command["kind"] in WITHOUT_WORKFLOW or command["case_id"] is None:
                    await self._domain.perform(command["id"])
                else:
                    await self._advancer.advance(command["case_id"], command["id"], self.time)

    async def tick(self, case_id: UUID) -> Waits:
        """Wake a case, as its timer does."""
        return await self._advancer.advance(case_id, None, self.time)

    async def task(self, case_id: UUID, element: str) -> Mapping[str, Any]:
        """Read the newest task of an element."""
        rows = await self.rows(
            "SELECT * FROM workflows.task_view WHERE case_id = $1 AND element = $2"
            " ORDER BY created_at DESC LIMIT 1",
            case_id,
            element,
        )
        return rows[0]

    async def rows(self, query: str, *arguments: object) -> list[Mapping[str, Any]]:
        """Read rows."""
        async with self.database.reading() as sql:
            return [dict(row) for row in await sql.fetch(query, *arguments)]

    async def entries(self, case_id: UUID) -> list[str]:
        """Return the kinds of a case's ledger entries, in order."""
        rows = await self.rows(
            "SELECT kind FROM ledger.entry_view WHERE stream = $1 ORDER BY seq", str(case_id)
        )
        return [row["kind"] for row in rows]

    def _next_key(self) -> str:
        return f"{self._prefix}-{next(self._keys)}"
