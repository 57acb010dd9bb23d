"""A worker for commands that need no workflow, as the platform's own performs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import ledger
from core import Clock, Database
from support.repeating import repeating
from workflows.domain_commands import DomainCommands, NewCaseClock


@asynccontextmanager
async def domain_worker(
    database: Database, key_folder: Path, clock: Clock, job_types: frozenset[str] = frozenset()
) -> AsyncIterator[None]:
    """Perform what is accepted, until the block is left."""
    keys = ledger.load_or_create_keys(key_folder)
    performer = DomainCommands(
        database,
        ledger.Recorder(keys.signing_key, keys.vault_key, "test.example/log"),
        clock,
        job_types=job_types,
        case_clock=NewCaseClock(),
    )

    async def work() -> None:
        async with database.reading() as sql:
            ids = await sql.fetch("SELECT id FROM workflows.command_view WHERE state = 'accepted'")
        for row in ids:
            await performer.perform(row["id"])

    async with repeating(work):
        yield
