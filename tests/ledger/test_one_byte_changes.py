"""One changed byte, anywhere in what makes up or proves the log, is found.

`SCF_BYTES_PLACES` chooses how many places are tried, `SCF_BYTES_SEED` which.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from core import ScfError
from ledger import (
    LogFolder,
    claims_statement,
    export_log,
    mirror_log,
    open_entry,
    prove,
    prove_case,
    prove_claim,
    prove_streams,
    seal_claims,
    verify_log,
)
from proof import canonical, claim_proof, entry_proof
from proof.bundle import Bundle, Opening, check
from proof.checkpoint import NoteKey
from proof.errors import ProofError
from proof.log_check import check_folder

from .conftest import NOON, ORIGIN, Ledger, draft
from .test_ledger_verify import COVERED, database_owner, flip_one_bit

CASES = [UUID(int=number) for number in (1, 2, 3)]
CLAIMED, FREE = "ab" * 32, "cd" * 32
PLACES = int(os.environ.get("SCF_BYTES_PLACES", "300"))


def flipped(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    """Change one byte in any way, and tell where and how."""
    at, bits = chance.randrange(len(content)), chance.randrange(1, 256)
    return content[:at] + bytes([content[at] ^ bits]) + content[at + 1 :], f"byte {at} ^ {bits}"


@pytest.fixture
def chance() -> random.Random:
    seed = os.environ.get("SCF_BYTES_SEED", "2026")
    print(f"SCF_BYTES_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
async def cases(ledger: Ledger) -> Ledger:
    """Three cases of eight entries, logged in several commits; the last one claims an invoice. And a seal."""
    for seq in range(1, 8):
        await ledger.log(*(draft(str(case), seq) for case in CASES))
    told = claims_statement([CLAIMED], ())
    await ledger.log(*(draft(str(case), 8) for case in CASES[:2]), draft(str(CASES[2]), 8, statement=told))
    async with ledger.database.transaction() as tx:
        await seal_claims(tx, ledger.recorder, NOON)
    await ledger.log()
    return ledger


def key_of(ledger: Ledger) -> NoteKey:
    return NoteKey.of(ORIGIN, ledger.keys.log_key)


async def audit_bundle(ledger: Ledger, case: UUID) -> bytes:
    """The case's proof with all that the vault opens."""
    bundle = Bundle.decode(await prove_case(ledger.database, case))
    entries = []
    async with ledger.database.reading() as connection:
        (proofs,) = await prove_streams(connection, [str(case)])
        for entry, proof in zip(bundle.case, proofs, strict=True):
            body = entry_proof.verify(proof.encode()).body
            opened = await open_entry(connection, body.entry_id, ledger.keys.vault_key)
            openings = {name: Opening(opened.salts[name], each) for name, each in opened.payloads.items()}
            entries.append(replace(entry, events=canonical.encode(opened.events), openings=openings))
    return replace(bundle, process="p", model={"p.bpmn": b"<definitions/>"}, case=tuple(entries)).encode()


def proof_holds(content: bytes, key: NoteKey) -> bool:
    try:
        entry_proof.verify(content, log_key=str(key))
    except ProofError:
        return False
    return True


def claim_holds(content: bytes, key: NoteKey) -> bool:
    try:
        claim_proof.verify(content, log_key=str(key))
    except ProofError:
        return False
    return True


def bundle_holds(content: bytes, key: NoteKey) -> bool:
    try:
        return not check(Bundle.decode(content), log_key=str(key), backends=("cryptography",)).findings
    except ProofError:
        return False


def folder_holds(folder: Path, key: NoteKey) -> bool:
    return not check_folder(folder, key, backends=("cryptography",)).findings


async def test_in_the_database(cases: Ledger, chance: random.Random) -> None:
    await cases.record(draft(str(CASES[0]), 9))
    key = str(key_of(cases))
    assert (await verify_log(cases.database, log_key=key)).ok
    async with database_owner(cases) as owner:
        for table in {table for table, _, _ in COVERED}:
            await owner.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE ledger.{table}")
        for _ in range(PLACES // 3):
            table, column, _ = chance.choice(COVERED)
            change = await flip_one_bit(owner, table, column, chance)
            assert not (await verify_log(cases.database, log_key=key)).ok, f"{change} was not found"
            await owner.execute(f"DELETE FROM ledger.{table}")  # noqa: S608
            await owner.execute(f"INSERT INTO ledger.{table} SELECT * FROM kept_{table}")  # noqa: S608
    assert (await verify_log(cases.database, log_key=key)).ok


async def test_in_an_exported_folder_and_no_mirror_hands_it_on(
    cases: Ledger, chance: random.Random, tmp_path: Path
) -> None:
    key, folder = key_of(cases), tmp_path / "log"
    await export_log(cases.database, folder)
    await cases.log(*(draft(str(case), 9) for case in CASES))
    await export_log(cases.database, folder)  # beside it lie the files of the smaller log
    assert folder_holds(folder, key)
    files = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    assert len(files) == 6
    for number in range(PLACES // 3):
        path = chance.choice(list(files))
        content, change = flipped(files[path], chance)
        path.write_bytes(content)
        assert not folder_holds(folder, key), f"{path}: {change} was not found"
        copy = tmp_path / f"copy-{number}"
        try:
            await mirror_log(LogFolder(folder), copy, key)
        except ScfError:
            pass
        else:  # what a mirror does not take from there it recomputes
            assert folder_holds(copy, key), f"{path}: {change} was handed on"
        path.write_bytes(files[path])
    assert folder_holds(folder, key)


@pytest.mark.parametrize(
    "kind", ["proof", "case proof", "audit bundle", "proof of a claim", "proof of no claim"]
)
async def test_in_a_file_that_proves(cases: Ledger, chance: random.Random, kind: str) -> None:
    key = key_of(cases)
    holds: Callable[[bytes, NoteKey], bool] = bundle_holds
    match kind:
        case "proof":
            content, holds = await prove(cases.database, 5), proof_holds
        case "case proof":
            content = await prove_case(cases.database, CASES[1])
        case "proof of a claim":
            content, holds = await prove_claim(cases.database, CLAIMED), claim_holds
        case "proof of no claim":
            content, holds = await prove_claim(cases.database, FREE), claim_holds
        case _:
            content = await audit_bundle(cases, CASES[1])
    assert holds(content, key)
    for _ in range(-(-PLACES // 9)):
        changed, change = flipped(content, chance)
        assert not holds(changed, key), f"{change} was not found"
