"""Witnesses as processes: ours, and litewitness (https://github.com/FiloSottile/torchwood), written in Go."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from proof.checkpoint import NoteKey
from proof.cosignature import WitnessKey
from scf.commands.ledger_witness import KEY_FILE
from scf.temporal_server import free_port
from scf.witness.app import create_app
from scf.witness.cosigner import Cosigner
from scf.witness.keys import load_or_create_key
from scf.witness.store import Store

LITEWITNESS = "filippo.io/torchwood/cmd/litewitness@v0.9.0"


@dataclass
class RunningWitness:
    """A witness: its key as policies name it, its address, perhaps its process and second key."""

    key: str
    url: str
    process: subprocess.Popen[bytes] | None = None
    validated: RunningWitness | None = None

    def line(self, name: str) -> str:
        """Return its line in a policy."""
        return f"witness {name} {self.key} {self.url}\n"

    def add_checkpoint(self, body: bytes) -> httpx.Response:
        return httpx.post(f"{self.url}/add-checkpoint", content=body, timeout=10)

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def own_witness(
    folder: Path, name: str, *logs: NoteKey, options: Sequence[str] = ()
) -> Iterator[RunningWitness]:
    port = free_port()
    command = [sys.executable, "-m", "scf", "ledger", "witness", "serve", "--name", name]
    command += ["--folder", str(folder), "--port", str(port)]
    command += options
    command += [word for log in logs for word in ("--log", str(log))]
    key = WitnessKey.of(name, load_or_create_key(folder / KEY_FILE))
    with _running(command, f"http://127.0.0.1:{port}", str(key)) as witness:
        yield witness


@contextlib.contextmanager
def witness_in_thread(folder: Path, name: str, *logs: NoteKey, port: int = 0) -> Iterator[RunningWitness]:
    """Serve our witness from a thread of this process, which takes no time to start."""
    folder.mkdir(parents=True, exist_ok=True)
    key = load_or_create_key(folder / KEY_FILE)
    cosigner = Cosigner(Store(folder / "seen.sqlite3", name), name, key, logs, lambda: 1_795_000_000)
    port = port or free_port()
    server = uvicorn.Server(
        uvicorn.Config(create_app({"": cosigner}), host="127.0.0.1", port=port, log_level="error")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield RunningWitness(str(cosigner.key), f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def litewitness(program: Path, folder: Path, name: str, *logs: NoteKey) -> Iterator[RunningWitness]:
    """Run litewitness with a key in an ssh-agent of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    key_file, socket, database = folder / "key", folder / "agent", folder / "witness.db"
    if not key_file.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key_file)], check=True)
        _follow(database, logs)
    fingerprint = subprocess.run(
        ["ssh-keygen", "-l", "-f", f"{key_file}.pub"], capture_output=True, check=True, text=True
    ).stdout.split()[1]
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        wait_for(socket.exists)
        subprocess.run(
            ["ssh-add", "-q", str(key_file)], env={**os.environ, "SSH_AUTH_SOCK": str(socket)}, check=True
        )
        port = free_port()
        command = [str(program), "-db", str(database), "-name", name, "-key", fingerprint]
        command += ["-ssh-agent", str(socket), "-listen", f"127.0.0.1:{port}"]
        url = f"http://127.0.0.1:{port}"
        with _running(command, url, "") as witness:
            page = httpx.get(url).text
            witness.key = next(
                line for line in page.replace("&#43;", "+").split("\n") if line.startswith(f"{name}+")
            )
            yield witness
    finally:
        agent.kill()
        agent.wait()
        socket.unlink(missing_ok=True)


def has_ssh_agent() -> bool:
    return all(shutil.which(program) for program in ("ssh-agent", "ssh-add", "ssh-keygen"))


def _follow(database: Path, logs: Sequence[NoteKey]) -> None:
    """Tell litewitness the logs, as its `witnessctl add-log` and `add-key` do."""
    with contextlib.closing(sqlite3.connect(database)) as opened, opened:
        opened.execute(
            "CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL)"
        )
        opened.execute(
            "CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL,"
            " FOREIGN KEY(origin) REFERENCES log(origin))"
        )
        empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        opened.executemany("INSERT INTO log VALUES (?, 0, ?)", [(log.name, empty) for log in logs])
        opened.executemany("INSERT INTO key VALUES (?, ?)", [(log.name, str(log)) for log in logs])


@contextlib.contextmanager
def _running(command: list[str], url: str, key: str) -> Iterator[RunningWitness]:
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(url))
        yield RunningWitness(key, url, process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def wait_for(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not done():
        if time.monotonic() > until:
            raise TimeoutError("the witness does not answer")
        time.sleep(0.05)
