"""The supervised tree: starts in order, restarts what crashes, stops in reverse, leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import psutil
import pytest

from core.errors import Unavailable
from scf.heartbeat import beats
from scf.supervisor import Child, Supervisor

_SLEEPER = """
import os, signal, sys, time
name, folder = sys.argv[1:3]
def stop(*_):
    with open(f"{folder}/stopped", "a") as file:
        file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
with open(f"{folder}/{name}.beat", "w") as file:
    file.write(str(os.getpid()))
time.sleep(60)
"""


def sleeper(name: str, folder: Path) -> Child:
    """A process that beats once, and writes its name down when it is asked to stop."""
    return Child(
        name=name,
        command=(sys.executable, "-c", _SLEEPER, name, str(folder)),
        ready=lambda pid: beats(folder / f"{name}.beat", pid),
    )


@pytest.fixture
async def told() -> list[str]:
    return []


@pytest.fixture
async def supervisor(tmp_path: Path, told: list[str]) -> AsyncIterator[Supervisor]:
    async with Supervisor(tmp_path, tmp_path, told.append) as running:
        yield running


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_killed_child_is_told_and_started_again(
    supervisor: Supervisor, told: list[str], tmp_path: Path
) -> None:
    await supervisor.add(sleeper("worker", tmp_path))
    first = supervisor.pid("worker")

    os.kill(first, signal.SIGKILL)
    await until(lambda: any("runs again" in line for line in told))

    assert supervisor.pid("worker") != first
    assert "worker was killed by SIGKILL" in told[0]


async def test_children_stop_in_reverse_order(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, tmp_path, print) as supervisor:
        for name in ("database", "worker", "api"):
            await supervisor.add(sleeper(name, tmp_path))

    assert (tmp_path / "stopped").read_text().split() == ["api", "worker", "database"]


async def test_a_child_that_does_not_start_is_an_error_with_the_end_of_its_log(
    supervisor: Supervisor,
) -> None:
    async def never(_pid: int) -> bool:
        return False

    broken = Child("api", (sys.executable, "-c", "raise SystemExit('no such database')"), ready=never)
    with pytest.raises(Unavailable, match="no such database") as caught:
        await supervisor.add(broken)
    assert caught.value.code == "up.child_failed"


async def test_what_a_killed_supervisor_left_running_is_ended_by_the_next(
    tmp_path: Path, told: list[str]
) -> None:
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    record = [{"name": "api", "pid": orphan.pid, "started": psutil.Process(orphan.pid).create_time()}]
    (tmp_path / "children.json").write_bytes(orjson.dumps(record))

    async with Supervisor(tmp_path, tmp_path, told.append):
        await asyncio.to_thread(orphan.wait, 10)

    assert not psutil.pid_exists(orphan.pid)
    assert str(orphan.pid) in told[0]


async def test_a_process_that_only_took_over_the_number_is_left_alone(
    tmp_path: Path, told: list[str]
) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        record = [{"name": "api", "pid": stranger.pid, "started": 1.0}]
        (tmp_path / "children.json").write_bytes(orjson.dumps(record))
        async with Supervisor(tmp_path, tmp_path, told.append):
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
    assert told == []
