"""How many signed entries per second the ledger takes, against one chained row per transaction under a lock.

An append counts when its entry is in the log under a signed checkpoint, not when it is in the outbox. Writers
and sequencer share one process, as in a small installation.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count

import asyncpg
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.database import Database, migrate
from ledger import ROOM, EntryDraft, Recorder, Sequencer, VaultKeys, verify_log
from proof.canonical import Json
from proof.signatures import KeySigner, SigningKey, sign

ORIGIN = "bench.scf.example/log"
WRITERS = 16
SECONDS = 5.0
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVENTS: Sequence[Mapping[str, Json]] = [
    {"seq": number, "kind": "element.completed", "element": f"step-{number}"} for number in range(6)
]


async def run(database_url: str) -> dict[str, float]:
    """Measure appends and verification in an empty database; entries per second."""
    await migrate(database_url, [ROOM])
    database = await Database.open(database_url, [ROOM], pool_size=WRITERS)
    try:
        figures = {
            "ledger.appends_per_s": await _appends(database, 8),
            "ledger.appends_single_per_s": await _appends(database, 1),
        }
        started = time.perf_counter()
        report = await verify_log(database)
        if not report.ok:
            raise RuntimeError(f"the log does not verify: {report.findings}")
        figures["ledger.replay_per_s"] = report.entries / (time.perf_counter() - started)
        return figures
    finally:
        await database.close()


async def peers(database_url: str) -> dict[str, float]:
    """Measure the floor: each entry signed and chained in its own transaction, under one advisory lock."""
    pool = await asyncpg.create_pool(database_url, min_size=WRITERS, max_size=WRITERS)
    try:
        await pool.execute(
            "CREATE TABLE floor (number bigserial PRIMARY KEY, body bytea, signature bytea, chain bytea)"
        )
        key = ec.generate_private_key(ec.SECP256R1())
        began = time.perf_counter()

        async def write(_: int) -> int:
            await _append_under_lock(pool, key)
            return 1

        written = await _for_some_seconds(write)
        floor = written / (time.perf_counter() - began)
        return {"ledger.appends_per_s": floor, "ledger.appends_single_per_s": floor}
    finally:
        await pool.close()


async def _appends(database: Database, per_transaction: int) -> float:
    """Return entries logged per second, with so many entries in each business transaction."""
    recorder = Recorder(KeySigner(ec.generate_private_key(ec.SECP256R1())), VaultKeys.of(bytes(32)), ORIGIN)
    sequencer, stop = Sequencer(database, _LOG_KEY, ORIGIN), asyncio.Event()
    sequencing = asyncio.create_task(sequencer.run(stop))

    async def write(number: int) -> int:
        drafts = [_draft(f"{per_transaction}-{number}", seq) for seq in range(1, per_transaction + 1)]
        async with database.transaction() as tx:
            await recorder.record_all(tx, drafts)
        return per_transaction

    before, began = await _logged(database), time.perf_counter()
    written = await _for_some_seconds(write)
    while (logged := await _logged(database) - before) < written:
        await asyncio.sleep(0.01)
    rate = logged / (time.perf_counter() - began)
    stop.set()
    await sequencing
    return rate


_LOG_KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"the benchmark's log").digest())


async def _logged(database: Database) -> int:
    async with database.reading() as connection:
        size: int | None = await connection.fetchval("SELECT size FROM ledger.head")
    return size or 0


async def _for_some_seconds(write: Callable[[int], Awaitable[int]]) -> int:
    """Let the writers write, each one transaction after the other; return how many entries they wrote."""
    numbers, until = count(), time.perf_counter() + SECONDS

    async def writer() -> int:
        written = 0
        while time.perf_counter() < until:
            written += await write(next(numbers))
        return written

    return sum(await asyncio.gather(*(writer() for _ in range(WRITERS))))


def _draft(stream: str, seq: int) -> EntryDraft:
    return EntryDraft(
        stream=stream,
        seq=seq,
        kind="task.complete",
        occurred_at=AT,
        actor="user:ines",
        statement={"decision": "approve", "task": "Approve financing"},
        model_hash="ab" * 32,
        kernel_version="1",
        events=EVENTS,
        state_root="cd" * 32,
        payloads={"variables": b'{"amount":"107.50","currency":"EUR"}'},
    )


async def _append_under_lock(pool: asyncpg.Pool[asyncpg.Record], key: SigningKey) -> None:
    body = b'{"kind":"task.complete","actor":"user:ines","seq":1}' * 16
    signature = sign(key, body)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(1)")
        chain = await connection.fetchval("SELECT chain FROM floor ORDER BY number DESC LIMIT 1")
        await connection.execute(
            "INSERT INTO floor (body, signature, chain) VALUES ($1, $2, $3)",
            body,
            signature,
            sha256((chain or b"") + body + signature).digest(),
        )
