"""Faults: sequencers that are killed at any moment, and start two at once, lose and double nothing."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import asyncpg

from ledger import verify_log

from .conftest import ORIGIN, Ledger, draft

WRITERS = 4
KILLS = 3


async def test_no_entry_is_lost_or_doubled_when_sequencers_are_killed(ledger: Ledger) -> None:
    """Two sequencers compete and are killed in turn while entries keep coming, a tenth of them twice."""
    chance = random.Random(6)
    enough = asyncio.Event()
    writing = [asyncio.create_task(write(ledger, f"case-{number}", enough)) for number in range(WRITERS)]
    running = [await start(ledger), await start(ledger)]
    try:
        for turn in range(KILLS):
            await asyncio.sleep(chance.uniform(0.05, 0.3))
            victim = running[turn % 2]
            victim.send_signal(signal.SIGKILL)
            await victim.wait()
            running[turn % 2] = await start(ledger)
        enough.set()
        written, repeated = (sum(counts) for counts in zip(*await asyncio.gather(*writing), strict=True))
        async with asyncio.timeout(60):
            while await ledger.value("SELECT count(*) FROM ledger.outbox"):
                await asyncio.sleep(0.05)
    finally:
        for process in running:
            process.kill()
            await process.wait()
    report = await verify_log(ledger.database)
    assert report.findings == ()
    assert (report.entries, report.pending) == (written, 0)
    assert repeated > written / 20
    assert await ledger.value("SELECT epoch FROM ledger.head") > 2


async def test_a_server_that_drops_every_connection_loses_nothing(ledger: Ledger) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(ledger.sequencer.run(stop))
    server = await asyncpg.connect(ledger.database.url)
    for number in range(1, 31):
        await ledger.record(draft(seq=number))
        if number % 10 == 0:
            await server.execute(
                "SELECT pg_terminate_backend(pid)"
                " FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                " WHERE locktype = 'advisory' AND datname = current_database()"
            )
    async with asyncio.timeout(20):
        while await server.fetchval("SELECT count(*) FROM ledger.outbox"):
            await asyncio.sleep(0.05)
    stop.set()
    await running
    await server.close()
    report = await verify_log(ledger.database)
    assert (report.findings, report.entries) == ((), 30)


async def write(ledger: Ledger, stream: str, enough: asyncio.Event) -> tuple[int, int]:
    """Record entries until it is enough; return how many there are, and how many of them came again."""
    chance = random.Random(stream)
    written = repeated = 0
    while not enough.is_set():
        written += 1
        await ledger.record(draft(stream, written))
        if chance.random() < 0.1:
            repeated += 1
            await ledger.record(draft(stream, chance.randint(1, written)))
        await asyncio.sleep(0.005)
    return written, repeated


async def start(ledger: Ledger) -> Process:
    """Start a sequencer in a process of its own, and wait until it is at work or stands by."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("sequencer_process.py")),
        ledger.database.url,
        ledger.keys.log_key.private_bytes_raw().hex(),
        ORIGIN,
        stdout=PIPE,
        env=dict(os.environ),
    )
    assert process.stdout
    assert await process.stdout.readline() == b"ready\n"
    return process
