"""Ten thousand cases that wait for people, on one worker: its memory, and how long a completion takes.

`python -m bench waiting` runs this by itself: putting so many cases there, each through the inbox and a
workflow of its own, takes minutes.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import tempfile
import time
from pathlib import Path
from uuid import UUID

import psutil

import ledger
from bench.workflows_ours import Cases, client_of, prepare
from bench.workflows_worker import worker_process
from core import Database
from core.database import migrate
from workflows.worker import rooms

WAITING = int(os.environ.get("SCF_BENCH_WAITING", "10000"))
STARTERS = 32
STARTING_SECONDS = 1_200.0
PER_SECOND = 20
SECONDS = 20.0

_MIB = 2**20


async def run(database_url: str, temporal_target: str) -> dict[str, float]:
    """Measure on an empty database; fewer cases than wanted wait when the time for starting them is over."""
    await migrate(database_url, rooms())
    database = await Database.open(database_url, rooms(), pool_size=8)
    try:
        await prepare(database)
        with tempfile.TemporaryDirectory() as folder:
            keys = Path(folder)
            vault_key = ledger.load_or_create_keys(keys).vault_key
            async with (
                worker_process(database_url, temporal_target, keys, "bench-waiting") as worker,
                client_of(database, temporal_target, vault_key) as cases,
            ):
                return await _measure(cases, psutil.Process(worker.pid))
    finally:
        await database.close()


async def _measure(cases: Cases, worker: psutil.Process) -> dict[str, float]:
    began = time.perf_counter()
    waiting = await _start_cases(cases)
    seconds = time.perf_counter() - began
    resting = worker.memory_info().rss
    took = await _complete_tasks(cases, waiting)
    return {
        "workflows.waiting_cases": len(waiting),
        "workflows.waiting_starts_per_s": len(waiting) / seconds,
        "workflows.waiting_10000_memory_mb": max(resting, worker.memory_info().rss) / _MIB,
        "workflows.waiting_10000_p50_ms": 1000 * statistics.median(took),
        "workflows.waiting_10000_p95_ms": 1000 * statistics.quantiles(took, n=20)[-1],
    }


async def _start_cases(cases: Cases) -> list[UUID]:
    """Start cases until enough of them wait, or the time is over; return those that wait."""
    numbers, ends = itertools.count(), time.perf_counter() + STARTING_SECONDS
    waiting: list[UUID] = []

    async def starter() -> None:
        while next(numbers) < WAITING and time.perf_counter() < ends:
            _, case_id = await cases.start("p2", {"amount": 500})
            waiting.append(case_id)

    await asyncio.gather(*(starter() for _ in range(STARTERS)))
    return waiting


async def _complete_tasks(cases: Cases, waiting: list[UUID]) -> list[float]:
    """Complete tasks at a fixed rate, however long each takes; return the seconds from command to outcome.

    They are spread over all the cases, so most of them meet a workflow that the worker no longer holds.
    """
    began = time.perf_counter()
    count = min(int(PER_SECOND * SECONDS), len(waiting))

    async def complete(number: int, case_id: UUID) -> float:
        due = began + number / PER_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await cases.complete_task(case_id)
        return time.perf_counter() - due

    chosen = waiting[:: len(waiting) // count][:count]
    return await asyncio.gather(*(complete(number, case_id) for number, case_id in enumerate(chosen)))
