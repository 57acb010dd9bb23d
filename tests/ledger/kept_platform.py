"""A PostgreSQL and sequencers that are started again at once when they are killed; backups of the first."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.database import migrate
from ledger import ROOM, Keys, load_or_create_keys
from scf.data_folder import DataFolder
from scf.embedded_postgres import prepare_postgres
from scf.supervisor import Child

from .conftest import ORIGIN

SEQUENCERS = ("sequencer-1", "sequencer-2")


@dataclass
class Kept:
    """Processes that are started again at once when they end; `starts` counts how often each was."""

    pids: dict[str, int] = field(default_factory=dict)
    starts: Counter[str] = field(default_factory=Counter)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def keep(self, child: Child) -> None:
        """Run a process again and again, until it is stopped."""
        self._tasks[child.name] = asyncio.create_task(self._keep(child))

    async def stop(self, *names: str) -> None:
        """End processes properly."""
        for name in names:
            task = self._tasks.pop(name)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def stop_all(self) -> None:
        """End all, the last one that was started first."""
        await self.stop(*reversed(self._tasks))

    async def kill(self, name: str) -> None:
        """Kill a process as soon as it runs."""
        while True:
            if pid := self.pids.get(name):
                with suppress(ProcessLookupError):  # it has just ended by itself
                    os.kill(pid, signal.SIGKILL)
                    return
            await asyncio.sleep(0.01)

    async def _keep(self, child: Child) -> None:
        while True:
            process = await asyncio.create_subprocess_exec(
                *child.command, stdout=DEVNULL, stderr=DEVNULL, user=child.user, group=child.user, cwd="/"
            )
            self.pids[child.name] = process.pid
            self.starts[child.name] += 1
            try:
                await process.wait()
            except asyncio.CancelledError:
                process.send_signal(signal.Signals[child.stop_signal])
                await process.wait()
                raise
            finally:
                self.pids[child.name] = 0
            # A killed server's memory must be given back before it can start again.
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class KeptPlatform:
    """A PostgreSQL of its own with the ledger's tables, and what writes to it."""

    kept: Kept
    folder: DataFolder
    postgres: Child
    url: str
    keys: Keys

    def start_sequencers(self) -> None:
        """Start two at once; they compete."""
        for name in SEQUENCERS:
            self.kept.keep(_sequencer(name, self.url, self.keys))

    async def start_postgres(self) -> None:
        """Start the server, and wait until it answers."""
        self.kept.keep(self.postgres)
        await self._until_postgres_answers()

    async def _until_postgres_answers(self) -> None:
        async with asyncio.timeout(60):
            while not await self.postgres.ready(0):
                await asyncio.sleep(0.05)

    async def back_up(self, name: str) -> Path:
        """Copy the running server as its operator does."""
        folder = self.folder.root / name
        folder.mkdir(mode=0o700)
        if self.postgres.user:
            owner = pwd.getpwnam(self.postgres.user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        await self._until_postgres_answers()
        program = Path(self.postgres.command[0]).with_name("pg_basebackup")
        process = await asyncio.create_subprocess_exec(
            *(program, "--checkpoint=fast", f"--pgdata={folder}", f"--dbname={self.url}"),
            user=self.postgres.user,
            group=self.postgres.user,
            cwd="/",
        )
        assert await process.wait() == 0
        return folder

    async def restore(self, backup: Path) -> None:
        """Lose the disk, and start the server and two sequencers from a backup."""
        await self.kept.stop_all()
        await asyncio.to_thread(shutil.rmtree, self.folder.postgres)
        backup.rename(self.folder.postgres)
        await self.start_postgres()
        self.start_sequencers()

    async def until_started_again(self, times: int, names: Sequence[str] = SEQUENCERS) -> None:
        """Wait until each has ended by itself and been started so often from now on."""
        wanted = {name: self.kept.starts[name] + times for name in names}
        async with asyncio.timeout(120):
            while any(self.kept.starts[name] < count for name, count in wanted.items()):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def kept_platform(root: Path) -> AsyncIterator[KeptPlatform]:
    """Start the server with the ledger's tables; sequencers are for the caller to start."""
    folder = DataFolder.at(root)
    postgres, url = await asyncio.to_thread(prepare_postgres, folder)
    platform = KeptPlatform(Kept(), folder, postgres, url, load_or_create_keys(folder.keys))
    try:
        await platform.start_postgres()
        await migrate(url, [ROOM])
        yield platform
    finally:
        await platform.kept.stop_all()


def _sequencer(name: str, url: str, keys: Keys) -> Child:
    program = str(Path(__file__).with_name("sequencer_process.py"))
    command = (sys.executable, program, url, keys.log_key.private_bytes_raw().hex(), ORIGIN)

    async def ready(_pid: int) -> bool:
        return True

    return Child(name, command, ready)
