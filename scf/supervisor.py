"""Runs the platform's processes as one tree: starts in order, restarts what crashes, stops in reverse."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import psutil

from core.errors import Unavailable

_FIRST_BACK_OFF = 0.5  # seconds; doubles with each crash
_LONGEST_BACK_OFF = 15.0
_HEALTHY_AFTER = 30.0  # a child that has run this long has its crashes forgiven
_MOST_CRASHES_BEFORE_READY = 4
_READY_WITHIN = 60.0
_STOP_WITHIN = 15.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Child:
    """A process of the tree. `ready(process id)` is asked until it says yes; `user` is the system user."""

    name: str
    command: Sequence[str]
    ready: Callable[[int], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "SIGTERM"
    user: str | None = None


class Supervisor:
    """One running tree. Use it as `async with Supervisor(...)` and add the children in order."""

    def __init__(self, logs: Path, run: Path, tell: Tell) -> None:
        self._logs = logs
        self._record = run / "children.json"
        self._tell = tell
        self._running: dict[str, _Running] = {}

    async def __aenter__(self) -> Supervisor:
        await self._end_leftovers()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for running in reversed(self._running.values()):
            await running.stop()
        self._record.unlink(missing_ok=True)

    async def add(self, child: Child) -> None:
        """Start a child and wait until it is ready; from then on it is restarted whenever it ends.

        What it needs may be away for long, so it is restarted until it is ready again, however often that
        fails.

        Raises:
            Unavailable: `up.child_failed` when it does not become ready, with the end of its log.
        """
        running = _Running(child, self._logs / f"{child.name}.log", self._tell, self._remember)
        self._running[child.name] = running
        await running.start()
        running.watch()

    def pid(self, name: str) -> int:
        """Return the process id of a child."""
        return self._running[name].pid

    def _remember(self) -> None:
        """Write down what runs, so that the next start can end what a killed supervisor left behind."""
        rows = [
            {"name": r.child.name, "pid": r.pid, "started": r.started}
            for r in self._running.values()
            if r.pid
        ]
        self._record.write_bytes(orjson.dumps(rows))

    async def _end_leftovers(self) -> None:
        """End what an earlier supervisor left running when it was killed itself."""
        try:
            rows = orjson.loads(self._record.read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return
        left = [process for row in reversed(rows) if (process := _same_process(row["pid"], row["started"]))]
        for process in left:
            self._tell(f"Ending {process.name()} (process {process.pid}), left by a start that was killed.")
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
        _, alive = await asyncio.to_thread(psutil.wait_procs, left, _STOP_WITHIN)
        for process in alive:
            process.kill()
        self._record.unlink(missing_ok=True)


class _Running:
    """One child, its present process and its crashes."""

    def __init__(self, child: Child, log: Path, tell: Tell, changed: Callable[[], None]) -> None:
        self.child = child
        self.started = 0.0
        self._log = log
        self._tell = tell
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._crashes = 0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start the process until it is ready, with a few attempts.

        A few, because PostgreSQL refuses to start while the last one's shared memory is being given back.
        """
        for attempt in range(1, _MOST_CRASHES_BEFORE_READY + 1):
            await self._spawn()
            if await self._becomes_ready():
                return
            await self._end_process()
            await asyncio.sleep(_FIRST_BACK_OFF * attempt)
        raise Unavailable(
            "up.child_failed",
            f"{self.child.name} does not start. The end of its log:\n{self._last_lines()}",
            where=str(self._log),
            hint="Run scf doctor; it checks what the platform needs.",
        )

    def watch(self) -> None:
        """Restart the process whenever it ends."""
        self._watcher = asyncio.create_task(self._keep_alive())

    async def stop(self) -> None:
        """Ask the process to stop, and end it when it does not."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        await self._end_process()

    async def _keep_alive(self) -> None:
        while True:
            process = self._process
            assert process is not None  # noqa: S101 - watch() follows start()
            began = time.monotonic()
            code = await process.wait()
            if time.monotonic() - began > _HEALTHY_AFTER:
                self._crashes = 0
            self._crashes += 1
            pause = min(_FIRST_BACK_OFF * 2 ** (self._crashes - 1), _LONGEST_BACK_OFF)
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
            self._tell(f"{self.child.name} {how}; starting it again in {pause:g} s (its log: {self._log}).")
            await asyncio.sleep(pause)
            try:
                await self.start()
            except Unavailable as error:
                self._tell(error.message)
            else:
                self._tell(f"{self.child.name} runs again (process {self.pid}).")

    async def _spawn(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.child.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.child.environment},
                cwd="/" if self.child.user else None,
                user=self.child.user,
                group=self.child.user,
                extra_groups=[] if self.child.user else None,
                start_new_session=True,  # Ctrl-C goes to the supervisor alone, which stops all in order
            )
        self.started = _created_at(self.pid)
        self._changed()

    async def _becomes_ready(self) -> bool:
        process = self._process
        assert process is not None  # noqa: S101 - called right after _spawn
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline and process.returncode is None:
            if await self.child.ready(process.pid) and process.returncode is None:
                return True
            await asyncio.sleep(0.05)
        return False

    async def _end_process(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.Signals[self.child.stop_signal])
        try:
            await asyncio.wait_for(process.wait(), _STOP_WITHIN)
        except TimeoutError:
            self._tell(f"{self.child.name} does not stop; killing it.")
            process.kill()
            await process.wait()

    def _last_lines(self, count: int = 12) -> str:
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - 8_192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])


def _created_at(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0


def _same_process(pid: int, created: float) -> psutil.Process | None:
    """Return the process if it is still the one that was written down, and not a later one of that id."""
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - created) < 1 else None
    except psutil.NoSuchProcess:
        return None
