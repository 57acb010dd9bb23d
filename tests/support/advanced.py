"""A case driven by hand: commands go to `advance` in this process, without a worker and without Temporal."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import ledger
import workflows
from core import Database, SystemClock
from ledger import Keys, Recorder, Sequencer
from support.jobs import TRACE_TABLE, Jobs
from workflows import Actor, definitions
from workflows.advance import Advancer
from workflows.commands import case_id_of
from workflows.definitions import Definitions
from workflows.worker import rooms

ORIGIN = "scf.example/log"
SYSTEM = Actor.system("test")


@dataclass
class ByHand:
    """A platform of which only the database runs."""

    database: Database
    keys: Keys
    jobs: Jobs
    advancer: Advancer
    sequencer: Sequencer
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def command(
        self, kind: str, payload: Mapping[str, Any], case_id: UUID, actor: Actor = SYSTEM
    ) -> None:
        """Submit a command that must succeed, and carry it out."""
        async with self.database.transaction() as tx:
            receipt = await workflows.submit(
                tx,
                kind=kind,
                actor=actor,
                payload=payload,
                idempotency_key=str(next(self._numbers)),
                case_id=case_id if kind != "case.start" else None,
            )
        await self.advancer.advance(case_id, receipt.command_id, SystemClock().now())
        async with self.database.reading() as sql:
            outcome = await workflows.outcome(sql, receipt.command_id)
        assert outcome.state == "done", outcome.error

    async def start(self, product: str, key: str, **variables: Any) -> UUID:
        """Start a case and return its id."""
        case_id = case_id_of(product, key)
        payload = {"product": product, "business_key": key, "variables": variables}
        await self.command("case.start", payload, case_id)
        return case_id

    async def complete(self, case_id: UUID, element: str, actor: Actor, **answers: Any) -> None:
        """Complete an open task."""
        async with self.database.reading() as sql:
            task_id = await sql.fetchval(
                "SELECT id FROM workflows.task_view WHERE case_id = $1 AND element = $2 AND state = 'open'",
                case_id,
                element,
            )
        payload = {"task_id": str(task_id), "variables": answers}
        await self.command("task.complete", payload, case_id, actor)

    async def log(self) -> None:
        """Move all that was signed to the log."""
        while await self.sequencer.sequence_once():
            pass
        await self.sequencer.close()  # a session that is silent for long is ended by the server

    async def erase(self, case_id: UUID) -> None:
        """Destroy the data key of a case, which is all that an erasure does to the vault."""
        async with self.database.reading() as sql:
            await sql.execute("DELETE FROM ledger.data_key WHERE stream = $1", str(case_id))


@asynccontextmanager
async def by_hand(url: str, keys: Path, models: Path) -> AsyncIterator[ByHand]:
    """Open the database with the models of a folder deployed; the keys are kept in `keys`."""
    database = await Database.open(url, rooms())
    loaded = ledger.load_or_create_keys(keys)
    jobs = Jobs()
    recorder = Recorder(loaded.signing_key, loaded.vault_key, ORIGIN)
    sequencer = Sequencer(database, loaded.log_key, ORIGIN)
    async with database.transaction() as tx:
        await tx.sql.execute(TRACE_TABLE)
        for model in sorted(models.glob("*.bpmn")):
            forms = {path.name: path.read_text() for path in models.glob("*.form")}
            await definitions.deploy(
                tx,
                model.stem,
                {model.name: model.read_text(), **forms},
                job_types=jobs.effects.job_types,
                deployed_by="test",
                at=datetime(2026, 1, 1, tzinfo=UTC),
            )
    try:
        advancer = Advancer(database, recorder, jobs.effects, Definitions())
        yield ByHand(database, loaded, jobs, advancer, sequencer)
    finally:
        await sequencer.close()
        await database.close()
