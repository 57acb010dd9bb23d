"""Fifty kills of sequencers and of PostgreSQL under load: no entry is lost, doubled or forked.

`SCF_LEDGER_KILLS` and `SCF_LEDGER_SEED` choose another number and another order of the kills.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.database import Database, is_lost_database, migrate
from core.errors import Broken
from ledger import ROOM, EntryDraft, Keys, Recorder, load_or_create_keys, verify_log
from ledger.repository import newest_checkpoint
from scf.data_folder import DataFolder
from scf.embedded_postgres import prepare_postgres
from scf.supervisor import Child

from .conftest import ORIGIN, draft

KILLS = int(os.environ.get("SCF_LEDGER_KILLS", "50"))
SEED = int(os.environ.get("SCF_LEDGER_SEED") or secrets.randbelow(1_000_000))
WRITERS = 8
SEQUENCERS = ("sequencer-1", "sequencer-2")
# A killed server recovers for a second or more: it is killed more seldom than what is started again at once.
VICTIMS = (*SEQUENCERS * 3, "postgres")


async def test_kills_lose_double_and_fork_nothing(tmp_path: Path) -> None:
    """Two sequencers start at once and compete; all three are killed while entries come, a tenth twice."""
    print(f"SCF_LEDGER_SEED={SEED}")
    chance = random.Random(SEED)
    enough = asyncio.Event()
    async with running(tmp_path / "data") as (kept, url, keys):
        database = await Database.open(url, [ROOM], pool_size=WRITERS + 2)
        recorder = Recorder(keys.signing_key, keys.vault_key, ORIGIN)
        notes: dict[int, str] = {}
        watching = asyncio.create_task(watch(database, notes, enough))
        writing = [
            asyncio.create_task(write(database, recorder, f"case-{number}", enough))
            for number in range(WRITERS)
        ]
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.05, 1.0))
            await kept.kill(chance.choice(VICTIMS))
        enough.set()
        written, repeated = (sum(counts) for counts in zip(*await asyncio.gather(*writing), strict=True))
        await watching
        await until_all_is_logged(database)

        report = await verify_log(database)
        assert (report.findings, report.entries, report.pending) == ((), written, 0)
        assert repeated > written / 20
        async with database.reading() as sql:
            signed = dict(await sql.fetch("SELECT size, note FROM ledger.checkpoint"))
        assert notes.items() <= signed.items(), "a checkpoint that was seen is not in the log any more"
        assert len(notes) > 1
        with pytest.raises(Broken, match="Another entry"):
            await recorded(database, recorder, draft("case-0", 1, payloads={"variables": b"{}"}))
        await database.close()


class Kept:
    """Processes that are started again at once when they are killed."""

    def __init__(self) -> None:
        self.pids: dict[str, int] = {}

    async def keep(self, child: Child) -> None:
        """Run a process again and again; when cancelled, end it."""
        while True:
            process = await asyncio.create_subprocess_exec(
                *child.command, stdout=DEVNULL, stderr=DEVNULL, user=child.user, group=child.user, cwd="/"
            )
            self.pids[child.name] = process.pid
            try:
                await process.wait()
            except asyncio.CancelledError:
                process.terminate()
                await process.wait()
                raise
            self.pids[child.name] = 0
            # A killed server's memory must be given back before it can start again.
            await asyncio.sleep(0.05)

    async def kill(self, name: str) -> None:
        """Kill a process as soon as it runs."""
        while not self.pids.get(name):
            await asyncio.sleep(0.01)
        os.kill(self.pids[name], signal.SIGKILL)


@asynccontextmanager
async def running(root: Path) -> AsyncIterator[tuple[Kept, str, Keys]]:
    """Run a PostgreSQL of its own and two sequencers that start at once."""
    folder = DataFolder.at(root)
    kept = Kept()
    postgres, url = await asyncio.to_thread(prepare_postgres, folder)
    tasks = [asyncio.create_task(kept.keep(postgres))]
    try:
        async with asyncio.timeout(60):
            while not await postgres.ready(0):
                await asyncio.sleep(0.05)
        await migrate(url, [ROOM])
        keys = load_or_create_keys(folder.keys)
        tasks += [asyncio.create_task(kept.keep(sequencer(name, url, keys))) for name in SEQUENCERS]
        yield kept, url, keys
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def sequencer(name: str, url: str, keys: Keys) -> Child:
    """A sequencer in a process of its own."""
    program = str(Path(__file__).with_name("sequencer_process.py"))
    command = (sys.executable, program, url, keys.log_key.private_bytes_raw().hex(), ORIGIN)

    async def ready(_pid: int) -> bool:
        return True

    return Child(name, command, ready)


async def write(
    database: Database, recorder: Recorder, stream: str, enough: asyncio.Event
) -> tuple[int, int]:
    """Record entries until it is enough; return how many there are, and how many of them came again."""
    chance = random.Random(f"{SEED}/{stream}")
    written = repeated = 0
    while not enough.is_set():
        written += 1
        await recorded(database, recorder, draft(stream, written))
        if chance.random() < 0.1:
            repeated += 1
            await recorded(database, recorder, draft(stream, chance.randint(1, written)))
        await asyncio.sleep(0.002)
    return written, repeated


async def recorded(database: Database, recorder: Recorder, entry: EntryDraft) -> None:
    """Record until it is certain: only a repeat tells whether a commit took effect whose answer was lost."""
    while True:
        try:
            async with database.transaction() as tx:
                await recorder.record(tx, entry)
        except Exception as error:
            if not is_lost_database(error):
                raise
            await asyncio.sleep(0.05)
        else:
            return


async def watch(database: Database, notes: dict[int, str], enough: asyncio.Event) -> None:
    """Keep each checkpoint that is seen, as those outside do."""
    while not enough.is_set():
        try:
            async with database.reading() as sql:
                newest = await newest_checkpoint(sql)
        except Exception as error:
            if not is_lost_database(error):
                raise
        else:
            if newest:
                assert notes.setdefault(newest.size, newest.note) == newest.note
        await asyncio.sleep(0.02)


async def until_all_is_logged(database: Database) -> None:
    async with asyncio.timeout(120):
        while await pending(database):
            await asyncio.sleep(0.05)


async def pending(database: Database) -> bool:
    """Tell whether entries wait to be logged, or the server has not come back from its last kill."""
    try:
        async with database.reading() as sql:
            return bool(await sql.fetchval("SELECT count(*) FROM ledger.outbox"))
    except Exception as error:
        if not is_lost_database(error):
            raise
        return True
