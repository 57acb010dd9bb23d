"""The quorum: witnesses cosign what grows; what contradicts them stops the log's publishing."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import Broken, InvalidInput, NotFound, Unavailable
from ledger import (
    Cosigning,
    Sequencer,
    WitnessCheck,
    adopt_policy,
    alerts,
    clear_alert,
    log_status,
    prove,
    published_checkpoint,
)
from ledger.repository import CheckpointRow
from ledger.status import witnessing
from proof.add_checkpoint import AddCheckpoint
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from proof.cosignature import VALIDATED, WitnessKey, open_cosigned
from proof.entry_proof import EntryProof, verify
from proof.errors import NotProven, ProofError
from proof.merkle import EMPTY_ROOT
from proof.policy import Policy
from support.witnesses import RunningWitness, witness_in_thread

from .conftest import ORIGIN, Ledger, draft

NAMES = ("bank", "buyer", "auditor")


class Committee:
    """Three witnesses of one log, each of which can be taken away and come back with what it saw."""

    def __init__(self, folder: Path, log: NoteKey) -> None:
        self._folder = folder
        self._log = log
        self._stack = {name: contextlib.ExitStack() for name in NAMES}
        self.members: dict[str, RunningWitness] = {}
        for name in NAMES:
            self.start(name)

    def start(self, name: str, log: NoteKey | None = None) -> None:
        port = int(self.members[name].url.rpartition(":")[2]) if name in self.members else 0
        serving = witness_in_thread(self._folder / name, f"{name}.example/w", log or self._log, port=port)
        self.members[name] = self._stack[name].enter_context(serving)

    def stop(self, name: str) -> None:
        self._stack[name].close()

    def forget(self, name: str) -> None:
        (self._folder / name / "seen.sqlite3").unlink()

    def policy(self, quorum: str = "group all-of-us 2 bank buyer auditor\nquorum all-of-us\n") -> bytes:
        return (
            f"log {self._log}\n" + "".join(self.members[name].line(name) for name in NAMES) + quorum
        ).encode()

    def close(self) -> None:
        for name in NAMES:
            self.stop(name)


@pytest.fixture
def committee(ledger: Ledger, tmp_path: Path) -> Iterator[Committee]:
    three = Committee(tmp_path, NoteKey.of(ORIGIN, ledger.keys.log_key))
    yield three
    three.close()


async def wait_until_free(ledger: Ledger) -> None:
    """The server notices a closed connection in its own time; only then is its lock free."""
    while await ledger.value(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    ):
        await asyncio.sleep(0.01)


async def one_round(ledger: Ledger) -> None:
    cosigning = Cosigning(ledger.database)
    await cosigning.round()
    # One that failed rests for a second before its task ends.
    await cosigning.settled()
    await cosigning.close()


async def published(ledger: Ledger) -> CheckpointRow:
    async with ledger.database.reading() as connection:
        return await published_checkpoint(connection)


async def test_without_a_policy_the_newest_checkpoint_is_published(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match=r"ledger\.log_empty"):
        await published(ledger)
    await ledger.log(draft())
    await one_round(ledger)
    assert (await published(ledger)).size == 1
    assert witnessing(await log_status(ledger.database), 0).quorum


async def test_what_three_witnesses_cosign_is_published_with_their_cosignatures(
    ledger: Ledger, committee: Committee
) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    await ledger.log(draft(seq=1), draft(seq=2))
    with pytest.raises(NotFound, match=r"ledger\.log_empty"):
        await published(ledger)
    await one_round(ledger)
    note = (await published(ledger)).note
    keys = [WitnessKey.parse(key) for key in sorted(member.key for member in committee.members.values())]
    cosigned = open_cosigned(note, NoteKey.of(ORIGIN, ledger.keys.log_key), keys)
    assert (cosigned.checkpoint.size, len(cosigned.cosignatures)) == (2, 3)


async def test_a_quorum_needs_no_witness_that_is_gone(ledger: Ledger, committee: Committee) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    await ledger.log(draft(seq=1))
    await one_round(ledger)
    committee.stop("buyer")
    await ledger.log(draft(seq=2))
    await one_round(ledger)
    assert (await published(ledger)).size == 2
    committee.stop("bank")
    await ledger.log(draft(seq=3))
    await one_round(ledger)
    assert (await published(ledger)).size == 2
    status = await log_status(ledger.database)
    assert {witness.name: witness.size for witness in status.witnesses} == {
        "auditor": 3,
        "bank": 2,
        "buyer": 1,
    }
    assert [witness.name for witness in status.witnesses if witness.problem] == ["bank", "buyer"]
    assert [
        (shown.signed, shown.witnesses, shown.quorum)
        for shown in (witnessing(status, index) for index in (0, 1, 2, None))
    ] == [(3, 3, True), (2, 3, True), (1, 3, False), (0, 3, False)]
    committee.start("bank")
    await one_round(ledger)
    assert (await published(ledger)).size == 3


async def test_a_witness_that_missed_checkpoints_is_met_where_it_stands(
    ledger: Ledger, committee: Committee
) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    await ledger.log(*(draft(seq=number) for number in range(1, 6)))
    await one_round(ledger)
    async with ledger.database.transaction() as tx:
        await tx.sql.execute("UPDATE ledger.witness SET size = 2")
    await ledger.log(*(draft(seq=number) for number in range(6, 300)))
    await one_round(ledger)
    assert (await published(ledger)).size == 299


async def test_a_fork_stops_publishing_until_an_operator_looked(ledger: Ledger, committee: Committee) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    await ledger.log(draft(seq=1))
    await one_round(ledger)
    other = sign_checkpoint(Checkpoint(ORIGIN, 2, EMPTY_ROOT), ledger.keys.log_key)
    committee.stop("bank")
    committee.forget("bank")
    committee.start("bank")
    assert committee.members["bank"].add_checkpoint(AddCheckpoint(0, (), other).encode()).status_code == 200
    await ledger.log(*(draft(seq=number) for number in range(2, 5)))
    await one_round(ledger)

    (alert,) = await alerts(ledger.database)
    assert (alert.code, alert.witness, alert.stops) == ("ledger.fork", "bank", True)
    assert alert.ours.startswith(f"{ORIGIN}\n4\n")
    assert alert.theirs == other
    size = (await published(ledger)).size
    await ledger.log(draft(seq=5))
    await one_round(ledger)
    assert (await published(ledger)).size == size < 5

    with pytest.raises(InvalidInput, match=r"ledger\.alert_finding_missing"):
        await clear_alert(ledger.database, alert.id, by="ines", finding=" ")
    await adopt_policy(
        ledger.database, committee.policy("group two all buyer auditor\nquorum two\n").replace(
            committee.members["bank"].url.encode(), b""
        ), "ines",
    )  # fmt: skip
    await clear_alert(ledger.database, alert.id, by="ines", finding="The bank's witness had lost its state.")
    with pytest.raises(NotFound, match=r"ledger\.alert_unknown"):
        await clear_alert(ledger.database, alert.id, by="ines", finding="again")
    await one_round(ledger)
    assert (await published(ledger)).size == 5
    assert [known.cleared_by for known in await alerts(ledger.database, every=True)] == ["ines"]


async def test_another_root_at_the_same_size_is_a_fork(ledger: Ledger, committee: Committee) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    other = sign_checkpoint(Checkpoint(ORIGIN, 1, EMPTY_ROOT), ledger.keys.log_key)
    committee.members["bank"].add_checkpoint(AddCheckpoint(0, (), other).encode())
    await ledger.log(draft())
    await one_round(ledger)
    assert [alert.code for alert in await alerts(ledger.database)] == ["ledger.fork"]


async def test_proofs_carry_the_cosignatures_and_a_policy_counts_them(
    ledger: Ledger, committee: Committee
) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    await ledger.log(draft(seq=1))
    early = await prove(ledger.database, 0)
    await one_round(ledger)
    await ledger.log(draft(seq=2))
    whole = await prove(ledger.database, 0)
    policy = Policy.parse(committee.policy())

    verified = verify(whole, policy=policy)
    assert (verified.checkpoint.size, len(verified.cosigned_by), verified.log_key_pinned) == (1, 3, True)
    with pytest.raises(NotProven, match=r"policy\.quorum_missing"):
        verify(early, policy=policy)
    strangers = Policy.parse(
        f"witness w {WitnessKey.of('w', Ed25519PrivateKey.generate())}\nquorum w".encode()
    )
    with pytest.raises(NotProven, match=r"policy\.quorum_missing"):
        verify(whole, policy=strangers)
    other_log = Policy.parse(f"log {NoteKey.of('x', Ed25519PrivateKey.generate())}\nquorum none".encode())
    with pytest.raises(NotProven, match=r"proof\.key"):
        verify(whole, policy=other_log)
    assert EntryProof.decode(whole).encode() == whole


async def test_no_byte_of_a_cosigned_proof_can_change(ledger: Ledger, committee: Committee) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    await ledger.log(draft())
    await one_round(ledger)
    whole = await prove(ledger.database, 0)
    for at in range(0, len(whole), 3):
        with pytest.raises(ProofError):
            verify(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


async def test_after_a_restore_a_sequencer_signs_nothing_that_witnesses_know_better(
    ledger: Ledger, committee: Committee
) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    await ledger.log(draft(seq=1))
    ahead = sign_checkpoint(Checkpoint(ORIGIN, 9, EMPTY_ROOT), ledger.keys.log_key)
    committee.members["auditor"].add_checkpoint(AddCheckpoint(0, (), ahead).encode())
    await ledger.sequencer.close()
    restored = Sequencer(
        ledger.database,
        ledger.keys.log_key,
        ORIGIN,
        before_lead=WitnessCheck(ledger.database, ledger.keys.log_key, ORIGIN),
    )
    await ledger.record(draft(seq=2))
    await wait_until_free(ledger)
    with pytest.raises(Broken, match=r"ledger\.behind_witnesses.*9 entries"):
        await restored.sequence_once()
    assert await ledger.value("SELECT count(*) FROM ledger.entry") == 1
    assert [alert.code for alert in await alerts(ledger.database)] == ["ledger.behind_witnesses"]


async def test_an_empty_database_that_witnesses_know_entries_of_signs_nothing(
    ledger: Ledger, committee: Committee
) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    ahead = sign_checkpoint(Checkpoint(ORIGIN, 9, EMPTY_ROOT), ledger.keys.log_key)
    committee.members["buyer"].add_checkpoint(AddCheckpoint(0, (), ahead).encode())
    check = WitnessCheck(ledger.database, ledger.keys.log_key, ORIGIN)
    async with ledger.database.reading() as connection:
        with pytest.raises(Broken, match=r"ledger\.behind_witnesses"):
            await check(connection)


async def test_a_sequencer_waits_until_a_quorum_of_witnesses_is_heard(
    ledger: Ledger, committee: Committee
) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    await ledger.log(draft(seq=1))
    check = WitnessCheck(ledger.database, ledger.keys.log_key, ORIGIN)
    committee.stop("buyer")
    async with ledger.database.reading() as connection:
        await check(connection)
        committee.stop("bank")
        with pytest.raises(Unavailable, match=r"ledger\.witnesses_unreachable.*bank"):
            await check(connection)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace("quorum", "quoru"), "policy.line"),
        (lambda text: text.replace(" http://", " ftp://"), "ledger.policy_url"),
        (lambda text: text.replace("scf.example/log", "other.example/log"), "policy.key"),
        (lambda text: re.sub(r" http\S*", "", text), "ledger.policy_unreachable"),
        (lambda text: f"log {NoteKey.of('x', Ed25519PrivateKey.generate())}\n" + text.partition("\n")[2],
         "ledger.policy_other_log"),
    ],
)  # fmt: skip
async def test_a_policy_that_cannot_work_is_refused(
    ledger: Ledger, committee: Committee, change: object, code: str
) -> None:
    await ledger.log(draft())
    assert callable(change)
    with pytest.raises(InvalidInput) as refused:
        await adopt_policy(ledger.database, change(committee.policy().decode()).encode(), "ines")
    assert refused.value.code == code
    assert not (await log_status(ledger.database)).policy


async def test_a_new_policy_is_judged_by_the_cosignatures_that_are_there(
    ledger: Ledger, committee: Committee
) -> None:
    await adopt_policy(ledger.database, committee.policy("quorum bank\n"), "ines")
    await ledger.log(draft())
    await one_round(ledger)
    await adopt_policy(ledger.database, committee.policy(), "ines")
    with pytest.raises(NotFound):
        await published(ledger)
    await one_round(ledger)
    assert (await published(ledger)).size == 1


async def test_a_second_key_endorses(ledger: Ledger, tmp_path: Path) -> None:
    log = NoteKey.of(ORIGIN, ledger.keys.log_key)
    with (
        witness_in_thread(tmp_path / "w", "bank.example/w", log) as plain,
        witness_in_thread(tmp_path / "v", "bank.example/w" + VALIDATED, log) as validated,
    ):
        policy = plain.line("bank") + validated.line("bank-validated") + "quorum bank\n"
        await adopt_policy(ledger.database, policy.encode(), "ines")
        await ledger.log(draft())
        await one_round(ledger)
    shown = witnessing(await log_status(ledger.database), 0)
    assert (shown.signed, shown.witnesses, shown.endorsed, shown.validators) == (1, 1, 1, 1)


async def test_only_one_process_asks(ledger: Ledger, committee: Committee) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    await ledger.log(draft())
    first, second = Cosigning(ledger.database), Cosigning(ledger.database)
    await first.round()
    await second.round()
    assert not second._asked
    for cosigning in (first, second):
        await cosigning.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger.cosignature SET line = ''",
        "DELETE FROM ledger.cosignature",
        "DELETE FROM ledger.published",
        "UPDATE ledger.witness_policy SET content = ''",
        "DELETE FROM ledger.alert",
        "UPDATE ledger.alert SET ours = ''",
        "TRUNCATE ledger.alert",
    ],
)
async def test_the_database_refuses_changes_to_what_witnesses_said(
    ledger: Ledger, committee: Committee, change: str
) -> None:
    await adopt_policy(ledger.database, committee.policy(), "ines")
    other = sign_checkpoint(Checkpoint(ORIGIN, 1, EMPTY_ROOT), ledger.keys.log_key)
    committee.members["bank"].add_checkpoint(AddCheckpoint(0, (), other).encode())
    await ledger.log(draft())
    await one_round(ledger)
    async with ledger.database.transaction() as tx:
        await tx.sql.execute(
            "INSERT INTO ledger.published (size, policy_id, published_at) VALUES (0, 0, now())"
        )
    async with ledger.database.reading() as connection:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(change)
