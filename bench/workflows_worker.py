"""A worker in a process of its own, for the benchmarks that measure one or several of them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import uvloop

from bench.workflows_effects import effects
from core import Database
from core.collector import settle_collector
from workflows.worker import WorkerSettings, rooms, serve


@contextlib.asynccontextmanager
async def worker_process(
    database_url: str, temporal_target: str, keys: Path, queue: str
) -> AsyncIterator[Process]:
    """Yield the process of a worker that takes commands; it is ended at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, database_url, temporal_target, str(keys), queue, stdout=PIPE
    )
    try:
        if process.stdout is None or not await process.stdout.readline():
            raise RuntimeError("The worker did not start.")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _work(database_url: str, temporal_target: str, keys: str, queue: str) -> None:
    """Run a worker until its process is told to end; says on standard output when it takes commands."""
    stop, ready = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = await Database.open(database_url, rooms(), pool_size=8)
    settings = WorkerSettings(database_url, temporal_target, Path(keys), task_queue=queue)
    serving = asyncio.create_task(serve(database, settings, effects, stop, ready=ready))
    try:
        await ready.wait()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await serving
    finally:
        await database.close()


if __name__ == "__main__":
    settle_collector()
    uvloop.run(_work(*sys.argv[1:]))
