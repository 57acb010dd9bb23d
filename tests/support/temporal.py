"""A real Temporal server for tests: the development server, started once per run, persistent in a file."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_INSTALL = "go install github.com/temporalio/cli/cmd/temporal@v1.5.1"
_START_SECONDS = 60.0


@pytest.fixture(scope="session")
def temporal_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a Temporal server that lives as long as the test run."""
    folder = tmp_path_factory.mktemp("temporal")
    port = free_port()
    with (folder / "server.log").open("wb") as log:
        server = start_server(folder / "temporal.db", port, log.fileno())
        try:
            wait_for_port(server, port, folder / "server.log")
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def start_server(file: Path, port: int, log: int) -> subprocess.Popen[bytes]:
    """Start a development server over a database file; the caller ends it."""
    return subprocess.Popen(
        [
            find_temporal(),
            "server",
            "start-dev",
            "--headless",
            "--ip",
            "127.0.0.1",
            "--port",
            str(port),
            "--db-filename",
            str(file),
            "--log-level",
            "error",
            "--dynamic-config-value",
            "matching.numTaskqueueReadPartitions=1",
            "--dynamic-config-value",
            "matching.numTaskqueueWritePartitions=1",
        ],
        stdout=log,
        stderr=log,
        stdin=subprocess.DEVNULL,
    )


def find_temporal() -> str:
    """Return the server's program; a test run without it fails and tells how to get it."""
    program = shutil.which("temporal") or shutil.which("temporal", path=str(Path.home() / "go" / "bin"))
    if program is None:
        pytest.fail(f"These tests run on a real Temporal server, and there is none. Install it: {_INSTALL}")
    return program


def free_port() -> int:
    """Return a loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the server takes connections."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"The Temporal server did not start: {log.read_text()[-2000:]}")
