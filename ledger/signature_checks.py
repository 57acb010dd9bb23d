"""Checking the signatures of a long log on all processors, while one process follows its entries.

A signature's check is most of what verification costs, and needs nothing but the entry and its key. The
libraries hold Python's lock while they check, so processes share the work, not threads.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from typing import NamedTuple

from proof.entry import Envelope
from proof.errors import ProofError
from proof.signatures import Backend, PublicKey

# For fewer entries the processes would take longer to start than to check them.
WORTH_PROCESSES = 5_000
# Entries that a process takes at once, and how many such parts may wait, so that memory stays bounded.
_PART = 512
_WAITING = 32


class Signed(NamedTuple):
    """A signed body, the key that is said to have signed it (DER), and where it stands."""

    where: str
    key: bytes
    body: bytes
    signature: bytes


class Unsigned(NamedTuple):
    """A signature that does not hold, and why."""

    where: str
    message: str


class SignatureChecks:
    """Takes signed bodies, and tells at the end which signatures do not hold."""

    def __init__(self, backends: tuple[Backend, ...], entries: int) -> None:
        """Prepare to check with these libraries; `entries` says how many are to be expected."""
        self._backends = backends
        processes = os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None
        if entries >= WORTH_PROCESSES and processes > 1:
            # A new interpreter for each: a copy of a process that has threads may stand still.
            self._pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
        self._waiting: deque[asyncio.Future[list[Unsigned]]] = deque()
        self._found: list[Unsigned] = []

    async def take(self, signed: Sequence[Signed]) -> None:
        """Check these, or hand them to the processes; waits while too many are on their way."""
        loop = asyncio.get_running_loop()
        for part in _parts(signed):
            self._waiting.append(loop.run_in_executor(self._pool, check, self._backends, part))
            if len(self._waiting) > _WAITING:
                self._found += await self._waiting.popleft()

    async def unsigned(self) -> list[Unsigned]:
        """Return the signatures that do not hold, once all are checked."""
        while self._waiting:
            self._found += await self._waiting.popleft()
        return self._found

    def close(self) -> None:
        """End the processes."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)


def check(backends: Sequence[Backend], signed: Sequence[Signed]) -> list[Unsigned]:
    """Return those whose signature one of the libraries refuses."""
    found = []
    for one in signed:
        for backend in backends:
            try:
                Envelope(one.body, one.signature).verify(_key(one.key), backend)
            except ProofError as error:
                found.append(Unsigned(one.where, f"{error.message} ({backend})"))
    return found


@lru_cache(maxsize=1024)
def _key(der: bytes) -> PublicKey:
    return PublicKey(der)


def _parts(signed: Sequence[Signed]) -> Iterator[Sequence[Signed]]:
    for at in range(0, len(signed), _PART):
        yield signed[at : at + _PART]
