"""Fifty kills under load, and a restore from an old backup: no entry is lost, doubled or forked.

`SCF_LEDGER_KILLS` and `SCF_LEDGER_SEED` choose another number and another order of the kills.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from core.database import Database, is_lost_database
from core.errors import Broken
from ledger import ROOM, EntryDraft, Recorder, adopt_policy, alerts, verify_log
from ledger.repository import Connection, newest_checkpoint
from proof.checkpoint import NoteKey
from support.witnesses import own_witness

from .conftest import ORIGIN, draft
from .kept_platform import SEQUENCERS, kept_platform

KILLS = int(os.environ.get("SCF_LEDGER_KILLS", "50"))
SEED = int(os.environ.get("SCF_LEDGER_SEED") or secrets.randbelow(1_000_000))
WRITERS = 8
# A killed server recovers for a second or more: it is killed more seldom than what is started again at once.
VICTIMS = (*SEQUENCERS * 3, "postgres")
# So long entries come after the last restore, too.
SECONDS_AFTERWARDS = 2.0

T = TypeVar("T")


async def test_kills_and_an_old_backup_lose_double_and_fork_nothing(tmp_path: Path) -> None:
    """Two sequencers start at once and compete; all three are killed while entries come, a tenth twice.

    In the middle a backup is taken. When all is logged, the disk is lost and that backup restored: nothing
    may be signed, since a witness has seen more. From the newest backup all goes on.
    """
    print(f"SCF_LEDGER_SEED={SEED}")
    chance = random.Random(SEED)
    async with kept_platform(tmp_path / "data") as platform:
        database = await Database.open(platform.url, [ROOM], pool_size=WRITERS + 2)
        load = Load(database, Recorder(platform.keys.signing_key, platform.keys.vault_key, ORIGIN))
        log_key = NoteKey.of(ORIGIN, platform.keys.log_key)
        with own_witness(tmp_path / "witness", "bank.example/witness", log_key) as witness:
            policy = f"log {log_key}\n{witness.line('bank')}quorum bank\n"
            await adopt_policy(database, policy.encode(), "user:operator")
            platform.start_sequencers()
            async with load.running():
                for turn in range(KILLS):
                    if turn == KILLS // 2:
                        old = await platform.back_up("old")
                    await asyncio.sleep(chance.uniform(0.05, 1.0))
                    await platform.kept.kill(chance.choice(VICTIMS))
            await until_published(database)
            newest = await platform.back_up("newest")
            before = await asked(database, state)

            await platform.restore(old)
            restored = await asked(database, state)
            assert restored.size < before.size
            await platform.until_started_again(2)
            await load.record(draft("after-the-restore", 1))
            await platform.until_started_again(1)
            refused = await asked(database, state)
            assert (refused.size, refused.epoch) == (restored.size, restored.epoch), "something was signed"
            assert refused.pending > 0
            assert await alerted(database) == ["ledger.behind_witnesses"]

            await platform.restore(newest)
            assert (await asked(database, state)).size == before.size
            async with load.running():
                await asyncio.sleep(SECONDS_AFTERWARDS)
            await until_published(database)

        report = await verify_log(database, log_key=str(log_key))
        assert (report.findings, report.entries, report.pending) == ((), load.written, 0)
        assert load.repeated > load.written / 20
        assert await alerted(database) == []
        async with database.reading() as sql:
            rows = await sql.fetch("SELECT size, note FROM ledger.checkpoint")
        signed = {row["size"]: row["note"] for row in rows}
        assert load.notes.items() <= signed.items(), "a checkpoint that was seen is not in the log any more"
        assert len(load.notes) > 1
        with pytest.raises(Broken, match="Another entry"):
            await load.record(draft("case-0", 1, payloads={"variables": b"{}"}))
        await database.close()


@dataclass
class Load:
    """Writers of entries, a tenth of which come again, and one who keeps the checkpoints that were seen."""

    database: Database
    recorder: Recorder
    notes: dict[int, str] = field(default_factory=dict)
    repeated: int = 0
    _ends: dict[str, int] = field(default_factory=dict)

    @property
    def written(self) -> int:
        """How many different entries were recorded."""
        return sum(self._ends.values())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write while this lasts; what was begun is brought to its end."""
        enough = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(enough))
            for number in range(WRITERS):
                group.create_task(self._write(f"case-{number}", enough))
            yield
            enough.set()

    async def record(self, entry: EntryDraft) -> None:
        """Record until it is certain: only a repeat tells whether a commit without an answer took effect."""
        while True:
            try:
                async with self.database.transaction() as tx:
                    await self.recorder.record(tx, entry)
            except Exception as error:
                if not is_lost_database(error):
                    raise
                await asyncio.sleep(0.05)
            else:
                return

    async def _write(self, stream: str, enough: asyncio.Event) -> None:
        chance = random.Random(f"{SEED}/{stream}/{self._ends.get(stream)}")
        while not enough.is_set():
            number = self._ends.get(stream, 0) + 1
            await self.record(draft(stream, number))
            self._ends[stream] = number
            if chance.random() < 0.1:
                self.repeated += 1
                await self.record(draft(stream, chance.randint(1, number)))
            await asyncio.sleep(0.002)

    async def _watch(self, enough: asyncio.Event) -> None:
        """Keep each checkpoint that is seen, as those outside do."""
        while not enough.is_set():
            newest = await asked(self.database, newest_checkpoint)
            if newest:
                assert self.notes.setdefault(newest.size, newest.note) == newest.note
            await asyncio.sleep(0.02)


@dataclass(frozen=True)
class State:
    """How the log stands in the database: its size, who signed last, and how many entries wait."""

    size: int
    epoch: int
    pending: int


async def state(sql: Connection) -> State:
    head = await sql.fetchrow("SELECT size, epoch FROM ledger.head")
    pending = await sql.fetchval("SELECT count(*) FROM ledger.outbox")
    return State(head["size"], head["epoch"], pending) if head else State(0, 0, pending)


async def alerted(database: Database) -> list[str]:
    return [alert.code for alert in await alerts(database)]


async def asked(database: Database, question: Callable[[Connection], Awaitable[T]]) -> T:
    """Ask the database, until the server has come back from its last kill."""
    while True:
        try:
            async with database.reading() as sql:
                return await question(sql)
        except Exception as error:
            if not is_lost_database(error):
                raise
            await asyncio.sleep(0.05)


async def until_published(database: Database) -> None:
    """Wait until all is logged, and the witness has cosigned it."""

    async def is_published(sql: Connection) -> bool:
        here = await state(sql)
        published = await sql.fetchval("SELECT max(size) FROM ledger.published")
        return here.pending == 0 and published == here.size

    async with asyncio.timeout(120):
        while not await asked(database, is_published):
            await asyncio.sleep(0.05)
