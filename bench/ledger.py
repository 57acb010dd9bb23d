"""How many signed entries per second the ledger takes, against one chained row per transaction under a lock.

An append counts when its entry is in the log under a signed checkpoint, not when it is in the outbox. 64
writers share four processes, and the sequencer has one of its own, as on a platform with several workers; all
share the machine with the database. `SCF_BENCH_LEDGER_SECONDS` says for how long they write.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import orjson

from bench.ledger_process import LOG_KEY, ORIGIN, SIGNER, VAULT_KEY, Task, Written, draft
from core.database import Database, migrate
from ledger import ROOM, Recorder, Sequencer, verify_log
from proof.signatures import Backend

SECONDS = float(os.environ.get("SCF_BENCH_LEDGER_SECONDS", "10"))
PROCESSES = 4
WRITERS = 64
_SMALL_LOG = 6_000
# Samplers are few, so that what they ask is no part of the load.
_SAMPLERS = 4


async def run(database_url: str) -> dict[str, float]:
    """Measure verification, appends and their latency in an empty database; entries per second, and ms."""
    await migrate(database_url, [ROOM])
    figures = await _twice_checked(database_url)
    async with _sequencing(database_url):
        figures["ledger.appends_per_s"] = await _appends(database_url, 8)
        figures["ledger.appends_single_per_s"] = await _appends(database_url, 1)
        half = figures["ledger.appends_per_s"] / 2
        figures |= await _latency(database_url, half)
    database = await Database.open(database_url, [ROOM])
    try:
        figures["ledger.verify_cryptography_per_s"] = await _verification(database, "cryptography")
    finally:
        await database.close()
    return figures


async def peers(database_url: str) -> dict[str, float]:
    """Measure the floor: each entry signed and chained in its own transaction, under one advisory lock."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "CREATE TABLE floor (number bigserial PRIMARY KEY, body bytea, signature bytea, chain bytea)"
    )
    await connection.close()
    began, written = await _together(_share("floor", database_url, 1))
    floor = sum(each.entries for each in written) / (time.perf_counter() - began)
    return {"ledger.appends_per_s": floor, "ledger.appends_single_per_s": floor}


async def _appends(url: str, per_transaction: int) -> float:
    """Return entries logged per second, with so many entries in each business transaction."""
    connection = await asyncpg.connect(url)
    try:
        before = await _logged(connection)
        began, written = await _together(_share("writers", url, per_transaction))
        entries = sum(each.entries for each in written)
        expected = before + sum(each.before for each in written) + entries
        while await _logged(connection) < expected:
            await asyncio.sleep(0.01)
        return entries / (time.perf_counter() - began)
    finally:
        await connection.close()


async def _latency(url: str, rate: float) -> dict[str, float]:
    """Return how long appends and commits take while others write so many entries per second."""
    sampler = Task("sampler", url, "sample", _SAMPLERS, 1, SECONDS)
    _, (sampled, *written) = await _together([sampler, *_share("writers", url, 8, rate)])
    commits = [took for each in written for took in each.took_ms]
    return {
        "ledger.append_p50_ms": _percentile(sampled.took_ms, 0.50),
        "ledger.append_p99_ms": _percentile(sampled.took_ms, 0.99),
        "ledger.record_p99_ms": _percentile(commits, 0.99),
        "ledger.half_load_per_s": sum(each.entries for each in (sampled, *written)) / SECONDS,
    }


async def _twice_checked(url: str) -> dict[str, float]:
    """Return how many entries per second the second library verifies in a small log, with all around them."""
    database = await Database.open(url, [ROOM])
    try:
        recorder = Recorder(SIGNER, VAULT_KEY, ORIGIN)
        async with database.transaction() as tx:
            await recorder.record_all(tx, [draft("small", seq + 1) for seq in range(_SMALL_LOG)])
        sequencer = Sequencer(database, LOG_KEY, ORIGIN)
        while await sequencer.sequence_once():
            pass
        await sequencer.close()
        return {"ledger.verify_ecdsa_per_s": await _verification(database, "ecdsa")}
    finally:
        await database.close()


async def _verification(database: Database, backend: Backend) -> float:
    started = time.perf_counter()
    report = await verify_log(database, backends=(backend,), trusted_keys=[SIGNER.public_key.key_id])
    if not report.ok:
        raise RuntimeError(f"the log does not verify: {report.findings}")
    return report.entries / (time.perf_counter() - started)


def _share(role: str, url: str, per_transaction: int, rate: float = 0) -> list[Task]:
    """Share the writers, and the rate that they keep to, among the processes."""
    at = time.monotonic_ns()
    each = WRITERS // PROCESSES
    return [
        Task(role, url, f"{at}-{number}", each, per_transaction, SECONDS, rate / PROCESSES)
        for number in range(PROCESSES)
    ]


@asynccontextmanager
async def _sequencing(url: str) -> AsyncIterator[None]:
    """Keep a sequencer at work."""
    process = await _started(Task("sequencer", url))
    _tell(process, b"\n")
    try:
        yield
    finally:
        await process.communicate(b"")  # the end of its input stops it


async def _together(tasks: Sequence[Task]) -> tuple[float, list[Written]]:
    """Start a process for each task, let all begin at once; return when they began, and what they wrote."""
    processes = await asyncio.gather(*(_started(task) for task in tasks))
    began = time.perf_counter()
    for process in processes:
        _tell(process, b"\n")
    ended = await asyncio.gather(*(process.communicate() for process in processes))
    if any(process.returncode for process in processes):
        raise RuntimeError("A process of the benchmark broke off.")
    return began, [Written(**orjson.loads(told)) for told, _ in ended]


async def _started(task: Task) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.ledger_process", task.encode(), stdin=PIPE, stdout=PIPE, limit=1 << 26
    )
    assert process.stdout is not None
    if (await process.stdout.readline()).strip() != b"ready":
        raise RuntimeError("A process of the benchmark did not begin.")
    return process


def _tell(process: Process, line: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(line)


async def _logged(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    size: int | None = await connection.fetchval("SELECT size FROM ledger.head")
    return size or 0


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
