"""`scf up`: says where everything is, stops in order, and finds its data again."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from scf.temporal_server import free_port

pytestmark = pytest.mark.platform


@contextmanager
def up(data: Path, port: int, told: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a platform and wait until it answers; Ctrl-C stops it. What it tells goes to a file."""
    with told.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "scf", "up", "--data", data, "--port", str(port), "--no-open"],
            stdout=output,
            stderr=output,
        )
    try:
        wait_until_ready(port, process, told)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def wait_until_ready(port: int, process: subprocess.Popen[bytes], told: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, told.read_text()
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError("the platform does not get ready")


def scf(*arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scf", *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def log_in(port: int, name: str, password: str) -> str | None:
    answer = httpx.post(
        f"http://127.0.0.1:{port}/graphql",
        json={
            "query": "mutation L($i: LoginInput!) { login(input: $i) { token } }",
            "variables": {"i": {"name": name, "password": password}},
        },
        trust_env=False,
    )
    token: str | None = answer.json()["data"]["login"]["token"]
    return token


def test_a_second_start_finds_the_same_data_and_others_are_told_what_to_do(tmp_path: Path) -> None:
    port, password = free_port(), "correct horse battery"
    with up(tmp_path / "data", port, tmp_path / "told") as first:
        added = scf(
            *("user", "add", "anna", "--role", "auditor", "--data", tmp_path / "data"),
            text=f"{password}\n{password}\n",
        )
        assert added.returncode == 0, added.stderr
        assert log_in(port, "anna", password)

        second = scf("up", "--data", tmp_path / "data", "--port", str(free_port()), "--no-open")
        assert second.returncode == 1
        assert "up.already_running" in second.stderr
        assert str(first.pid) in second.stderr

        elsewhere = scf("up", "--data", tmp_path / "other", "--port", str(port), "--no-open")
        assert elsewhere.returncode == 1
        assert "up.port_in_use" in elsewhere.stderr
        assert f"--port {port + 1}" in elsewhere.stderr
    assert first.returncode == 0
    told = (tmp_path / "told").read_text()
    assert f"http://127.0.0.1:{port}" in told
    assert str(tmp_path / "data") in told.replace("\n", "")

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the first platform still listens"
    with up(tmp_path / "data", port, tmp_path / "told again"):
        assert log_in(port, "anna", password)
