"""A real Temporal server for tests, started once per run; it comes from where the platform gets its own."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scf.temporal_server import find_temporal, free_port, server_command

_START_SECONDS = 60


@pytest.fixture(scope="session")
def temporal_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a Temporal server that lives as long as the test run."""
    with temporal_server(tmp_path_factory.mktemp("temporal")) as target:
        yield target


@contextmanager
def temporal_server(folder: Path) -> Iterator[str]:
    """Run a Temporal server that keeps its data in a folder; gives its `host:port`."""
    port = free_port()
    command = server_command(asyncio.run(find_temporal()), folder / "temporal.db", port)
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            wait_for_port(server, port, folder / "server.log")
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


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
