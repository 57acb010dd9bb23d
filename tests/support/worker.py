"""A worker in a process of its own, for tests that kill it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from support.cases import Platform

PROGRAM = Path(__file__).parent.parent / "workflows" / "worker_process.py"


@contextlib.asynccontextmanager
async def worker(platform: Platform, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a worker in a process of its own; it is killed at the end if it still lives."""
    settings = platform.settings
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        settings.database_url,
        settings.temporal_target,
        str(settings.key_folder),
        settings.task_queue,
        *options,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
