"""How cases per second grow with workers: one, two and four processes, each with a processor quota.

Without a quota the curve is flat by construction where workers, database and Temporal share few cores: one
worker takes what there is. With it, each brings what one small machine would bring.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import ledger
from bench.cpu_quota import quota
from bench.workflows_ours import Cases, client_of, prepare
from bench.workflows_worker import worker_process
from core import Database
from core.database import migrate
from workflows.worker import rooms

WORKERS = (1, 2, 4)
CORES = 0.12
"""What each worker gets: four of them and what they ask of database and Temporal fit on two cores."""
CLIENTS_PER_WORKER = 6
WARMING_UP, SECONDS = 4.0, 12.0


async def run(database_url: str, temporal_target: str) -> dict[str, float]:
    """Measure on an empty database.

    Raises:
        OSError: this machine lets us set no quota.
    """
    await migrate(database_url, rooms())
    database = await Database.open(database_url, rooms(), pool_size=8)
    figures: dict[str, float] = {}
    try:
        await prepare(database)
        with tempfile.TemporaryDirectory() as folder:
            keys = Path(folder)
            vault_key = ledger.load_or_create_keys(keys).vault_key
            for workers in WORKERS:
                queue = f"bench-{workers}-workers"
                async with (
                    _workers(workers, database_url, temporal_target, keys, queue),
                    client_of(database, temporal_target, vault_key) as cases,
                ):
                    await _rate(cases, workers, WARMING_UP)
                    figures[f"workflows.workers_{workers}_cases_per_s"] = await _rate(cases, workers, SECONDS)
    finally:
        await database.close()
    one = figures["workflows.workers_1_cases_per_s"]
    for workers in WORKERS[1:]:
        figures[f"workflows.workers_{workers}_ratio_to_one"] = (
            figures[f"workflows.workers_{workers}_cases_per_s"] / one
        )
    return figures


@contextlib.asynccontextmanager
async def _workers(
    count: int, database_url: str, temporal_target: str, keys: Path, queue: str
) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as running:
        for number in range(count):
            held = running.enter_context(quota(f"scf-bench-{os.getpid()}-{number}", CORES))
            worker = await running.enter_async_context(
                worker_process(database_url, temporal_target, keys, queue)
            )
            # It starts on what there is, and works on its quota.
            held.holds(worker.pid)
        yield


async def _rate(cases: Cases, workers: int, seconds: float) -> float:
    """Return cases of five tasks per second, so many clients each running one after the other."""
    began, ended = time.perf_counter(), itertools.count()

    async def client() -> None:
        while time.perf_counter() - began < seconds:
            await cases.tasks()
            next(ended)

    await asyncio.gather(*(client() for _ in range(CLIENTS_PER_WORKER * workers)))
    return next(ended) / (time.perf_counter() - began)
