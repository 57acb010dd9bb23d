"""Three witnesses of another program make the quorum of this log: two of three, within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import NewDatabase
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from foreign.go_tools import go_tool

from core import Database, NotFound
from ledger import (
    ROOM,
    Cosigning,
    EntryDraft,
    Recorder,
    Sequencer,
    VaultKeys,
    adopt_policy,
    alerts,
    prove,
    published_checkpoint,
)
from proof.add_checkpoint import AddCheckpoint
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from proof.entry_proof import verify
from proof.merkle import EMPTY_ROOT
from proof.policy import Policy
from proof.signatures import KeySigner
from support.tools import require
from support.witnesses import LITEWITNESS, RunningWitness, has_ssh_agent, litewitness

ORIGIN = "scf.example/log"
LOG = Ed25519PrivateKey.generate()
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def witnesses(tmp_path: Path) -> Iterator[list[RunningWitness]]:
    program = go_tool(LITEWITNESS)
    require(has_ssh_agent(), "litewitness takes its key from an ssh-agent: apt-get install openssh-client")
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                litewitness(program, tmp_path / name, f"{name}.example/w", NoteKey.of(ORIGIN, LOG))
            )
            for name in ("a", "b", "c")
        ]


async def test_two_of_three_foreign_witnesses_make_a_quorum(
    witnesses: list[RunningWitness], new_database: NewDatabase
) -> None:
    database = await Database.open(await new_database([ROOM]), [ROOM])
    recorder = Recorder(KeySigner(ec.generate_private_key(ec.SECP256R1())), VaultKeys.of(bytes(32)), ORIGIN)
    sequencer, cosigning = Sequencer(database, LOG, ORIGIN), Cosigning(database)
    lines = "".join(witness.line(name) for name, witness in zip("abc", witnesses, strict=True))
    policy = f"{lines}group two 2 a b c\nquorum two\n".encode()
    stop = asyncio.Event()

    async def grow(seq: int) -> float:
        """Log an entry; return how long it takes until a quorum cosigned it, in seconds."""
        async with database.transaction() as tx:
            await recorder.record_all(tx, [entry(seq)])
        begun = time.monotonic()
        while await published_size(database) < seq:
            assert time.monotonic() - begun < 30
            await asyncio.sleep(0.02)
        return time.monotonic() - begun

    await adopt_policy(database, policy, "ines")
    running = [asyncio.create_task(service.run(stop)) for service in (sequencer, cosigning)]
    try:
        took = [await grow(seq) for seq in range(1, 6)]
        assert sorted(took)[2] < 2
        witnesses[2].kill()
        await grow(6)
        assert len(verify(await prove(database, 5), policy=Policy.parse(policy)).cosigned_by) >= 2

        forged = sign_checkpoint(Checkpoint(ORIGIN, 9, EMPTY_ROOT), LOG)
        assert witnesses[0].add_checkpoint(AddCheckpoint(6, (), forged).encode()).status_code == 422
    finally:
        stop.set()
        await asyncio.gather(*running)
        await database.close()


async def test_a_foreign_witness_that_saw_another_log_stops_publishing(
    witnesses: list[RunningWitness], new_database: NewDatabase
) -> None:
    database = await Database.open(await new_database([ROOM]), [ROOM])
    other = sign_checkpoint(Checkpoint(ORIGIN, 1, EMPTY_ROOT), LOG)
    assert witnesses[0].add_checkpoint(AddCheckpoint(0, (), other).encode()).status_code == 200
    await adopt_policy(database, f"{witnesses[0].line('a')}quorum a\n".encode(), "ines")
    recorder = Recorder(KeySigner(ec.generate_private_key(ec.SECP256R1())), VaultKeys.of(bytes(32)), ORIGIN)
    async with database.transaction() as tx:
        await recorder.record_all(tx, [entry(1), entry(2)])
    sequencer, cosigning = Sequencer(database, LOG, ORIGIN), Cosigning(database)
    await sequencer.sequence_once()
    await cosigning.round()
    await cosigning.settled()
    assert [alert.code for alert in await alerts(database)] == ["ledger.fork"]
    assert await published_size(database) == 0
    await cosigning.close()
    await sequencer.close()
    await database.close()


async def published_size(database: Database) -> int:
    async with database.reading() as connection:
        try:
            return (await published_checkpoint(connection)).size
        except NotFound:
            return 0


def entry(seq: int) -> EntryDraft:
    return EntryDraft(
        stream="test", seq=seq, kind="test", occurred_at=NOON, actor="system:test", statement=None,
        model_hash=None, kernel_version=None, events=(), state_root=None, payloads={},
    )  # fmt: skip
