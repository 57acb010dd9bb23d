"""The platform's processes, each started by itself, and links that can be cut between those that talk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from core.database import migrate
from scf.data_folder import DataFolder
from scf.embedded_postgres import prepare_postgres
from scf.heartbeat import beats
from scf.platform import _is_ready
from scf.rooms import ROOMS
from scf.supervisor import Child, Supervisor
from scf.temporal_server import find_temporal, free_port, temporal_child
from support.faults.link import Link

_TESTS = Path(__file__).parents[2]
_WORKER = Path(__file__).with_name("worker_program.py")

# Which processes there are of each kind.
KINDS: Mapping[str, tuple[str, ...]] = {
    "worker": ("worker-1", "worker-2"),
    "api": ("api",),
    "sequencer": ("sequencer-1", "sequencer-2"),
    "postgres": ("postgres",),
    "temporal": ("temporal",),
}


@dataclass
class Fleet:
    """A running platform. `database_url` reaches its database without a link, `api_url` its API over one."""

    supervisor: Supervisor
    folder: DataFolder
    database_url: str
    api_url: str
    links: dict[str, Link]
    told: list[str]
    killed: dict[str, int] = field(default_factory=dict)

    async def kill(self, name: str) -> None:
        """Kill a process with SIGKILL as soon as it runs; the supervisor starts it again."""
        while not self._runs(pid := self.supervisor.pid(name), name):
            await asyncio.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
        self.killed[name] = pid

    def _runs(self, pid: int, name: str) -> bool:
        return pid not in (0, self.killed.get(name)) and psutil.pid_exists(pid)


@contextlib.asynccontextmanager
async def running_fleet(root: Path, environment: Mapping[str, str]) -> AsyncIterator[Fleet]:
    """Start PostgreSQL, Temporal, two sequencers, two workers and an API, and stop them in reverse order."""
    folder = DataFolder.at(root)
    told: list[str] = []
    async with contextlib.AsyncExitStack() as stack:
        links: dict[str, Link] = {}

        async def link(name: str, server: Path | tuple[str, int]) -> int:
            links[name] = await stack.enter_async_context(Link(name, server).open())
            return links[name].port

        supervisor = await stack.enter_async_context(Supervisor(folder.logs, folder.run, told.append))
        postgres, url = await asyncio.to_thread(prepare_postgres, folder)
        await supervisor.add(postgres)
        await migrate(url, ROOMS)
        temporal, target = temporal_child(await find_temporal(), folder, free_port())
        await supervisor.add(temporal)
        socket, password = _socket_of(postgres), quote(folder.secret("postgres-password"), safe="")
        temporal_host, _, temporal_port = target.partition(":")

        async def settings_of(name: str) -> dict[str, str]:
            """What one process is told: its own links to the database and to Temporal."""
            to_database = await link(f"{name} to postgres", socket)
            to_temporal = await link(f"{name} to temporal", (temporal_host, int(temporal_port)))
            return {
                **environment,
                "SCF_DATA": str(folder.root),
                "SCF_DATABASE_URL": f"postgresql://postgres:{password}@127.0.0.1:{to_database}/postgres",
                "SCF_TEMPORAL": f"127.0.0.1:{to_temporal}",
                "PYTHONPATH": str(_TESTS),
            }

        port = free_port()
        children = [_api(port, await settings_of("api"))]
        for name in KINDS["sequencer"]:
            command = (sys.executable, "-m", "scf", "serve", "sequencer")
            children.append(_beating(name, command, folder, await settings_of(name)))
        for name in KINDS["worker"]:
            command = (sys.executable, str(_WORKER), "serve", "worker")
            children.append(_beating(name, command, folder, await settings_of(name)))
        await asyncio.gather(*(supervisor.add(child) for child in children))
        api_port = await link("people to api", ("127.0.0.1", port))
        # The API knows no Temporal, and neither do the sequencers.
        idle = [name for name in links if name.endswith("to temporal") and not name.startswith("worker")]
        for name in idle:
            del links[name]
        yield Fleet(supervisor, folder, url, f"http://127.0.0.1:{api_port}", links, told)


def _beating(
    name: str, command: tuple[str, ...], folder: DataFolder, environment: Mapping[str, str]
) -> Child:
    file = folder.run / f"{name}.beat"
    return Child(name, (*command, "--beat", str(file)), lambda pid: beats(file, pid), environment)


def _api(port: int, environment: Mapping[str, str]) -> Child:
    command = (sys.executable, "-m", "scf", "serve", "api", "--port", str(port), "--no-secure-cookie")
    return Child("api", command, lambda _pid: _is_ready(f"http://127.0.0.1:{port}"), environment)


def _socket_of(postgres: Child) -> Path:
    """Return the unix socket on which the platform's own PostgreSQL listens."""
    return Path(postgres.command[postgres.command.index("-k") + 1]) / ".s.PGSQL.5432"
