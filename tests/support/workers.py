"""Workers in processes of their own, that a test may kill, and workflows that Temporal loses."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from temporalio.client import Client

from support.cases import Platform

PROGRAM = Path(__file__).parents[1] / "workflows" / "worker_process.py"


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
        env={**os.environ, "PYTHONPATH": str(PROGRAM.parents[1])},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def lose_workflow(platform: Platform, case_id: UUID) -> None:
    """Let Temporal forget the workflow of a case."""
    case = await platform.case(case_id)
    client = await Client.connect(platform.settings.temporal_target)
    await client.get_workflow_handle(f"{case['product']}/{case['business_key']}").terminate("lost")
