"""`scf ledger witness`: a witness that never forgets, and the commands around it."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from conftest import NewDatabase
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import ledger
from core.errors import Broken, Forbidden
from proof.add_checkpoint import AddCheckpoint
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from proof.merkle import consistency_path, root
from scf.commands.ledger_witness import KEY_FILE
from scf.witness.keys import load_or_create_key
from support.witnesses import own_witness, witness_in_thread

ORIGIN = "scf.example/log"
NAME = "bank.example/witness"
LOG = Ed25519PrivateKey.generate()
LOG_KEY = NoteKey.of(ORIGIN, LOG)
LEAVES = [sha256(bytes([number])).digest() for number in range(60)]


def asked(old: int, new: int) -> bytes:
    path = consistency_path(LEAVES[:new], old) if 0 < old < new else []
    checkpoint = Checkpoint(ORIGIN, new, root(LEAVES[:new]))
    return AddCheckpoint(old, tuple(path), sign_checkpoint(checkpoint, LOG)).encode()


def scf(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scf", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_what_it_answered_survives_a_power_cut(tmp_path: Path) -> None:
    with own_witness(tmp_path, NAME, LOG_KEY) as witness:
        assert witness.add_checkpoint(asked(0, 20)).status_code == 200
        witness.kill()
    with own_witness(tmp_path, NAME, LOG_KEY) as witness:
        answer = witness.add_checkpoint(asked(0, 10))
        assert (answer.status_code, answer.text) == (409, "20\n")
        assert witness.add_checkpoint(asked(20, 30)).status_code == 200


def test_of_two_that_come_at_once_only_one_is_cosigned(tmp_path: Path) -> None:
    with witness_in_thread(tmp_path, NAME, LOG_KEY) as witness, ThreadPoolExecutor(8) as pool:
        assert witness.add_checkpoint(asked(0, 1)).status_code == 200
        answers = list(pool.map(lambda size: witness.add_checkpoint(asked(1, size)), range(2, 30)))
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 27
        won = next(2 + at for at, answer in enumerate(answers) if answer.status_code == 200)
        assert {answer.text for answer in answers if answer.status_code == 409} == {f"{won}\n"}


def test_a_request_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    with witness_in_thread(tmp_path, NAME, LOG_KEY) as witness:
        assert witness.add_checkpoint(b"x" * 70_000).status_code == 413


def test_its_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = scf("ledger", "witness", "key", "--name", NAME, "--folder", tmp_path)
    second = scf("ledger", "witness", "key", "--name", NAME, "--folder", tmp_path)
    assert first.stdout == second.stdout
    assert first.stdout.startswith(f"{NAME}+")
    file = tmp_path / KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(Forbidden, match=r"witness\.key_exposed"):
        load_or_create_key(file)
    file.chmod(0o600)
    file.write_bytes(b"damaged")
    with pytest.raises(Broken, match=r"witness\.key_unreadable"):
        load_or_create_key(file)


@pytest.mark.parametrize("words", [["--name", "two words", "--log", LOG_KEY], ["--name", NAME, "--log", "x"]])
def test_what_it_cannot_serve_is_told(tmp_path: Path, words: list[object]) -> None:
    refused = scf("ledger", "witness", "serve", "--folder", tmp_path, *words)
    assert refused.returncode == 5


def test_an_operator_sets_a_policy_and_looks_at_alerts(tmp_path: Path, new_database: NewDatabase) -> None:
    url = asyncio.run(new_database([ledger.ROOM]))
    policy = tmp_path / "policy.txt"
    with witness_in_thread(tmp_path / "w", NAME, LOG_KEY) as witness:
        policy.write_text(witness.line("bank") + "quorum bank\n")
    none = scf("ledger", "policy", "--database", url)
    assert (none.returncode, "ledger.policy_missing" in none.stderr) == (3, True)
    assert scf("ledger", "policy", policy, "--database", url).returncode == 0
    assert scf("ledger", "policy", "--database", url).stdout == policy.read_text()
    assert '"quorum": "bank"' in scf("ledger", "status", "--json", "--database", url).stdout

    missing = scf("ledger", "clear-alert", "1", "--finding", "nothing", "--database", url)
    assert (missing.returncode, "ledger.alert_unknown" in missing.stderr) == (3, True)
    (tmp_path / "wrong.txt").write_text("quorum nobody\n")
    wrong = scf("ledger", "policy", tmp_path / "wrong.txt", "--database", url)
    assert (wrong.returncode, "policy.name" in wrong.stderr) == (5, True)
