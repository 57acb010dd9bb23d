"""A worker that carries out every command of the inbox as the platform's does, but for Temporal between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import ledger
from core import Clock, Database
from support.repeating import repeating
from workflows.advance import Advancer
from workflows.commands import WITHOUT_WORKFLOW
from workflows.definitions import Definitions
from workflows.domain_commands import DomainCommands, NewCaseClock
from workflows.effects import Effects


async def _nothing() -> None:
    pass


@asynccontextmanager
async def inbox_worker(
    database: Database,
    key_folder: Path,
    clock: Clock,
    effects: Effects,
    besides: Callable[[], Awaitable[object]] = _nothing,
) -> AsyncIterator[None]:
    """Perform what is accepted, in its order, and then something besides, until the block is left."""
    keys = ledger.load_or_create_keys(key_folder)
    recorder = ledger.Recorder(keys.signing_key, keys.vault_key, "test.example/log")
    advancer = Advancer(database, recorder, effects, Definitions())
    domain = DomainCommands(database, recorder, clock, job_types=effects.job_types, case_clock=NewCaseClock())

    async def work() -> None:
        async with database.reading() as sql:
            rows = await sql.fetch(
                "SELECT id, kind, case_id FROM workflows.command WHERE state = 'accepted' ORDER BY position"
            )
        for row in rows:
            if row["kind"] in WITHOUT_WORKFLOW or row["case_id"] is None:
                await domain.perform(row["id"])
            else:
                await advancer.advance(row["case_id"], row["id"], clock.now())
        await besides()

    async with repeating(work):
        yield
