"""A process of the ledger's benchmark: writers, samplers of latency, the sequencer, or the floor's writers.

It connects, says `ready` on stdout, waits for a line on stdin, works, and writes what it measured as JSON.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count

import asyncpg
import orjson
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.collector import settle_collector
from core.database import Database
from ledger import ROOM, EntryDraft, Recorder, Sequencer, VaultKeys, entry_id
from ledger.repository import APPENDED_CHANNEL
from proof.canonical import Json
from proof.signatures import KeySigner, SigningKey, sign

ORIGIN = "bench.scf.example/log"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"the benchmark's log").digest())
# One key for all writers, as the workers of an installation share theirs.
SIGNER = KeySigner(ec.derive_private_key(1, ec.SECP256R1()))
VAULT_KEY = VaultKeys.of(bytes(32))
_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
_EVENTS: Sequence[Mapping[str, Json]] = [
    {"seq": number, "kind": "element.completed", "element": f"step-{number}"} for number in range(6)
]


@dataclass(frozen=True, slots=True)
class Task:
    """What a process does.

    Attributes:
        role: `writers`, `sampler`, `sequencer` or `floor`.
        url: The database.
        name: Begins the names of the process's streams.
        writers: How many write at once, each with a connection of its own.
        per_transaction: Entries in each business transaction.
        seconds: For how long.
        rate: Entries per second that the process's writers keep to together; 0 is as fast as they can.
    """

    role: str
    url: str
    name: str = ""
    writers: int = 1
    per_transaction: int = 1
    seconds: float = 0
    rate: float = 0

    def encode(self) -> str:
        """Return the task as the argument of the process."""
        return orjson.dumps(asdict(self)).decode()


@dataclass(frozen=True, slots=True)
class Written:
    """What a process wrote: entries, and how long each transaction or append took (milliseconds).

    `before` are the entries with which it warmed up, before the clock ran.
    """

    entries: int
    took_ms: list[float]
    before: int = 0


def draft(stream: str, seq: int) -> EntryDraft:
    """Return an entry as a case makes it: six element steps, a statement, one payload."""
    return EntryDraft(
        stream=stream,
        seq=seq,
        kind="task.complete",
        occurred_at=_AT,
        actor="user:ines",
        statement={"decision": "approve", "task": "Approve financing"},
        model_hash="ab" * 32,
        kernel_version="1",
        events=_EVENTS,
        state_root="cd" * 32,
        payloads={"variables": b'{"amount":"107.50","currency":"EUR"}'},
    )


async def _writers(task: Task) -> Written:
    database = await Database.open(task.url, [ROOM], pool_size=task.writers)
    recorder = Recorder(SIGNER, VAULT_KEY, ORIGIN)

    async def write(number: int) -> None:
        stream = f"{task.name}-{number}"
        async with database.transaction() as tx:
            await recorder.record_all(tx, [draft(stream, seq + 1) for seq in range(task.per_transaction)])

    try:
        return await _for_some_seconds(task, write)
    finally:
        await database.close()


async def _sampler(task: Task) -> Written:
    """Time whole appends: from the business transaction's beginning until a checkpoint covers the entry."""
    database = await Database.open(task.url, [ROOM], pool_size=task.writers)
    recorder = Recorder(SIGNER, VAULT_KEY, ORIGIN)
    appended = asyncio.Event()
    listener = await asyncpg.connect(task.url)
    await listener.add_listener(APPENDED_CHANNEL, lambda *_: appended.set())

    async def append(number: int) -> None:
        stream = f"{task.name}-{number}"
        async with database.transaction() as tx:
            await recorder.record_all(tx, [draft(stream, seq + 1) for seq in range(task.per_transaction)])
        last = entry_id(stream, task.per_transaction)
        while True:
            appended.clear()
            async with database.reading() as connection:
                if await connection.fetchval("SELECT true FROM ledger.entry WHERE entry_id = $1", last):
                    return
            await appended.wait()

    try:
        return await _for_some_seconds(task, append)
    finally:
        await listener.close()
        await database.close()


async def _sequencer(task: Task) -> Written:
    """Run the sequencer until stdin ends."""
    database = await Database.open(task.url, [ROOM], pool_size=1)
    stop = asyncio.Event()
    running = asyncio.create_task(Sequencer(database, LOG_KEY, ORIGIN).run(stop))
    try:
        await _told()
        await asyncio.to_thread(sys.stdin.read)
        stop.set()
        await running
        return Written(0, [])
    finally:
        await database.close()


async def _floor(task: Task) -> Written:
    """Sign and chain each entry in its own transaction, under one advisory lock."""
    pool = await asyncpg.create_pool(task.url, min_size=task.writers, max_size=task.writers)
    key = ec.generate_private_key(ec.SECP256R1())
    try:
        return await _for_some_seconds(task, lambda _: _append_under_lock(pool, key))
    finally:
        await pool.close()


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


async def _for_some_seconds(task: Task, write: Callable[[int], Awaitable[None]]) -> Written:
    """Let the writers write, each one transaction after the other, when told to begin.

    Each has written one before: connections are open then, and their statements are prepared.
    """
    numbers = count()
    await asyncio.gather(*(write(next(numbers)) for _ in range(task.writers)))
    await _told()
    began = time.perf_counter()
    gap = task.per_transaction * task.writers / task.rate if task.rate else 0.0
    took: list[float] = []

    async def writer(place: int) -> None:
        turn = began + gap * place / task.writers
        while (now := time.perf_counter()) < began + task.seconds:
            if gap:
                await asyncio.sleep(max(0.0, turn - now))
                turn += gap
            start = time.perf_counter()
            await write(next(numbers))
            took.append((time.perf_counter() - start) * 1000)

    await asyncio.gather(*(writer(place) for place in range(task.writers)))
    return Written(len(took) * task.per_transaction, took, task.writers * task.per_transaction)


async def _told() -> None:
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


_ROLES: dict[str, Callable[[Task], Awaitable[Written]]] = {
    "writers": _writers,
    "sampler": _sampler,
    "sequencer": _sequencer,
    "floor": _floor,
}


async def _main(task: Task) -> None:
    settle_collector()
    print(orjson.dumps(asdict(await _ROLES[task.role](task))).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(_main(Task(**orjson.loads(sys.argv[1]))))
