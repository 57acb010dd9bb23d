"""Where the Temporal server comes from, and how the platform runs it on one machine.

The order: an address that is given; `temporal` on the PATH; the copy in the cache; the SDK's own download;
`go install` of the last release that can be installed that way.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from core.errors import Unavailable
from scf import console
from scf.data_folder import DataFolder
from scf.supervisor import Child

# Later releases carry `replace` directives, which `go install` refuses.
GO_MODULE = "github.com/temporalio/cli/cmd/temporal@v1.5.1"


def cache_folder() -> Path:
    """Return the folder in which downloaded programs are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "scf"


async def find_temporal() -> Path:
    """Return the path of a `temporal` program, fetching one if the machine has none.

    Raises:
        Unavailable: `temporal.missing` when there is none and none can be had.
    """
    if on_path := shutil.which("temporal"):
        return Path(on_path)
    cached = cache_folder() / "temporal"
    if cached.exists():
        return cached
    cached.parent.mkdir(parents=True, exist_ok=True)
    if await _download(cached) or await asyncio.to_thread(_go_install, cached):
        return cached
    raise Unavailable(
        "temporal.missing",
        "No Temporal server is on this machine, and none could be downloaded or built.",
        hint=f"With Go, run `go install {GO_MODULE}`, or name a running server with --temporal HOST:PORT.",
    )


def server_command(program: Path, file: Path, port: int) -> tuple[str, ...]:
    """Return the command that serves Temporal on loopback from a database file."""
    # One task-queue partition: on a small machine more of them cost round trips and buy nothing.
    single = ("matching.numTaskqueueReadPartitions=1", "matching.numTaskqueueWritePartitions=1")
    return (
        str(program),
        *("server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)),
        *("--db-filename", str(file), "--log-level", "error"),
        *(part for setting in single for part in ("--dynamic-config-value", setting)),
    )


def temporal_child(program: Path, folder: DataFolder, port: int) -> tuple[Child, str]:
    """Return the child that serves Temporal from a file in the data folder, and its address."""
    target = f"127.0.0.1:{port}"
    child = Child(
        name="temporal",
        command=server_command(program, folder.temporal / "temporal.db", port),
        ready=lambda _pid: answers(target),
    )
    return child, target


async def answers(target: str) -> bool:
    """Return whether a Temporal server answers at HOST:PORT."""
    try:
        client = await asyncio.wait_for(Client.connect(target), 3)
        return await client.service_client.check_health()
    except (RuntimeError, RPCError, TimeoutError):
        return False


def free_port() -> int:
    """Return a loopback port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _download(destination: Path) -> bool:
    """Let the SDK fetch its server; it keeps the program in the folder that it is given."""
    with console.step("Downloading the Temporal server"):
        try:
            environment = await WorkflowEnvironment.start_local(
                ui=False, download_dest_dir=str(destination.parent), dev_server_download_ttl=None
            )
        except RuntimeError:
            return False
        await environment.shutdown()
    for program in destination.parent.glob("temporal-*"):
        if os.access(program, os.X_OK):
            program.rename(destination)
            return True
    return False


def _go_install(destination: Path) -> bool:
    go = shutil.which("go")
    if go is None:
        return False
    with console.step("Building the Temporal server with Go (once, about three minutes)"):
        built = subprocess.run(  # noqa: S603 - the program is Go, the module is the constant above
            [go, "install", GO_MODULE],
            env={**os.environ, "GOBIN": str(destination.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
    if built.returncode != 0:
        console.err.print(built.stderr[-1_000:], markup=False)
    return built.returncode == 0
