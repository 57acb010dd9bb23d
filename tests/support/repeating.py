"""Something that goes on beside a test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def repeating(work: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Do something again and again until the block is left."""

    async def go_on() -> None:
        while True:
            await work()
            await asyncio.sleep(0.02)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
