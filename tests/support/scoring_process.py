"""The scoring service as a process, as `scf score serve` runs it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from scf.temporal_server import free_port
from scoring.service import ServiceAddress

TOKEN = "the-token-of-the-tests-0123456789"
_PATIENCE = 60.0


@dataclass
class ScoringProcess:
    """A running service; `stop` and `start` take it away and bring it back at the same address."""

    folder: Path
    cards: tuple[Path, ...]
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> ServiceAddress:
        return ServiceAddress(f"http://127.0.0.1:{self.port}", TOKEN)

    def start(self) -> None:
        token = self.folder / "token"
        token.write_text(TOKEN + "\n")
        command = [sys.executable, "-m", "scf", "score", "serve", "--port", str(self.port)]
        command += ["--scoring-token-file", str(token)]
        command += [word for card in self.cards for word in ("--card", str(card))]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the scoring service ended"
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.address.url}/readyz", trust_env=False).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("the scoring service does not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None


@contextlib.contextmanager
def scoring_process(folder: Path, *cards: Path) -> Iterator[ScoringProcess]:
    """Run a service with these cards, or with the shipped one."""
    service = ScoringProcess(folder, cards, free_port())
    service.start()
    try:
        yield service
    finally:
        service.stop()
