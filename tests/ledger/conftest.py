"""A ledger of its own for each test: empty tables, fresh keys, a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import Database, Room
from ledger import ROOM, EntryDraft, Keys, Recorder, Sequencer, VaultKeys
from proof.signatures import KeySigner

ORIGIN = "scf.example/log"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class Ledger:
    """A migrated database with a recorder on it."""

    database: Database
    keys: Keys
    recorder: Recorder
    sequencer: Sequencer

    async def record(self, *drafts: EntryDraft) -> None:
        async with self.database.transaction() as tx:
            await self.recorder.record_all(tx, drafts)

    async def log(self, *drafts: EntryDraft) -> None:
        """Record, and move all that waits to the log."""
        await self.record(*drafts)
        while await self.sequencer.sequence_once():
            pass

    async def value(self, query: str, *arguments: object) -> Any:
        async with self.database.reading() as connection:
            return await connection.fetchval(query, *arguments)


@pytest.fixture(scope="session")
async def ledger_url(new_database: Callable[[Sequence[Room]], Awaitable[str]]) -> str:
    return await new_database([ROOM])


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    database = await Database.open(ledger_url, [ROOM])
    async with database.transaction() as tx:
        await tx.sql.execute("SET LOCAL session_replication_role = replica")
        await tx.sql.execute(
            "TRUNCATE ledger.entry, ledger.outbox, ledger.tile, ledger.checkpoint, ledger.head,"
            " ledger.stream, ledger.payload, ledger.key, ledger.witness_policy, ledger.witness,"
            " ledger.cosignature, ledger.published, ledger.alert, ledger.timestamp,"
            " ledger.data_key, ledger.party_key, ledger.vault, ledger.erasure, ledger.registered_key"
        )
    keys = Keys(
        KeySigner(ec.generate_private_key(ec.SECP256R1())),
        Ed25519PrivateKey.generate(),
        VaultKeys.of(bytes(range(32))),
    )
    sequencer = Sequencer(database, keys.log_key, ORIGIN)
    yield Ledger(database, keys, Recorder(keys.signing_key, keys.vault_key, ORIGIN), sequencer)
    await sequencer.close()
    await database.close()


def draft(stream: str = "case-1", seq: int = 1, **changes: Any) -> EntryDraft:
    content: dict[str, Any] = {
        "stream": stream,
        "seq": seq,
        "kind": "task.complete",
        "occurred_at": NOON,
        "actor": "user:ines",
        "statement": {"decision": "approve", "task": "Approve financing"},
        "model_hash": "ab" * 32,
        "kernel_version": "1",
        "events": [{"seq": 1, "kind": "task.completed"}, {"seq": 2, "kind": "flow.taken"}],
        "state_root": "cd" * 32,
        "payloads": {"variables": b'{"amount":"107.50"}'},
    }
    return EntryDraft(**(content | changes))
