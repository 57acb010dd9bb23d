"""How a process without a port tells that it is alive: a file with its id, written every few seconds."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

_BEAT = 3.0  # seconds


async def beat(file: Path, stop: asyncio.Event) -> None:
    """Write this process's id into `file` every few seconds until `stop` is set; then remove the file."""
    while not stop.is_set():
        await asyncio.to_thread(file.write_text, str(os.getpid()))
        try:
            await asyncio.wait_for(stop.wait(), _BEAT)
        except TimeoutError:
            continue
    file.unlink(missing_ok=True)


async def beats(file: Path, pid: int) -> bool:
    """Return whether the process `pid` has beaten."""
    try:
        return file.read_text() == str(pid)
    except FileNotFoundError:
        return False


def last_beat(file: Path) -> float | None:
    """Return how many seconds ago the last beat was; None when the process is not there."""
    try:
        return max(0.0, time.time() - file.stat().st_mtime)
    except FileNotFoundError:
        return None
