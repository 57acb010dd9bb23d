"""A worker in a process of its own, for tests that kill it: `worker_process.py DATABASE TEMPORAL KEYS QUEUE`.

Its jobs are slow, so that a kill meets a burst in the middle. With `--stop-after-commit` the process kills
itself between the commit of a burst and the end of its workflow task. With `--bank=URL` it calls a bank.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bpmn.values import Value
from core import Database
from support.bank import bank_effects
from workflows.advance import Advancer
from workflows.case_workflow import Waits
from workflows.effects import Effects, JobContext
from workflows.worker import WorkerSettings, rooms, serve

effects = Effects()


@effects.job("test.count")
async def count(job: JobContext) -> Mapping[str, Value]:
    """Leave a row and take a while."""
    await job.tx.sql.execute("INSERT INTO public.trace VALUES ($1)", job.case_id)
    await asyncio.sleep(0.02)
    return {}


@effects.job("test.fragile")
async def fragile(job: JobContext) -> Mapping[str, Value]:
    """Never fail here."""
    return {}


@effects.bulk("test.check")
async def check(jobs: Sequence[JobContext]) -> Sequence[Mapping[str, Value]]:
    """Write for all invoices and take a while."""
    return await _book_slowly(jobs, "check")


@effects.bulk("test.book")
async def book(jobs: Sequence[JobContext]) -> Sequence[Mapping[str, Value]]:
    """Write for all invoices and take a while."""
    return await _book_slowly(jobs, "book")


async def _book_slowly(jobs: Sequence[JobContext], job: str) -> Sequence[Mapping[str, Value]]:
    await jobs[0].tx.sql.execute(
        "INSERT INTO public.booked SELECT $1, $2, unnest($3::text[])",
        jobs[0].case_id,
        job,
        [each.text("invoice") for each in jobs],
    )
    await asyncio.sleep(0.3)
    return [{} for _ in jobs]


async def main(url: str, target: str, keys: str, queue: str, *options: str) -> None:
    """Serve until a signal ends the process."""
    for option in options:
        if option == "--stop-after-commit":
            die_after_commit()
        elif option.startswith("--bank="):
            effects.include(bank_effects(option.removeprefix("--bank=")))
    database = await Database.open(url, rooms(), pool_size=4)
    settings = WorkerSettings(url, target, Path(keys), task_queue=queue)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await serve(database, settings, effects, stop)
    await database.close()


def die_after_commit() -> None:
    """Let the first burst commit, and die before Temporal hears of it."""
    advance = Advancer.advance

    async def advance_and_die(self: Advancer, *burst: Any) -> Waits:
        await advance(self, *burst)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    Advancer.advance = advance_and_die  # type: ignore[method-assign]


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
