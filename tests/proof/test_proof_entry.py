"""Entries and proof files: one form each, and no byte that verification does not cover."""

from __future__ import annotations

import subprocess
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from shutil import which
from uuid import UUID

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proof import canonical, merkle
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from proof.entry import DOMAIN, Body, Envelope, seal
from proof.entry_proof import EntryProof, Step, TlogProof, verify
from proof.errors import NotCanonical, NotProven, ProofError
from proof.hashes import event_leaf, leaf_hash
from proof.signatures import BACKENDS, KeySigner, PublicKey

KEY = ec.derive_private_key(7, ec.SECP256R1())
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PublicKey.of(KEY)
ORIGIN = "scf.example/log"
EVENTS = [{"kind": "task.completed", "seq": number} for number in range(5)]
BODY = Body(
    origin=ORIGIN,
    entry_id=UUID("5cf00000-0000-5000-8000-000000000001"),
    stream="case-1",
    seq=1,
    parents=(),
    kind="task.complete",
    actor="user:ines",
    occurred_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
    statement={"decision": "approve"},
    model_hash="ab" * 32,
    kernel_version="1",
    events_count=len(EVENTS),
    events_root=merkle.root([event_leaf(event) for event in EVENTS]).hex(),
    state_root=None,
    commitments={"variables": "cd" * 32},
    key_id=PUBLIC.key_id,
)
ENVELOPE = seal(BODY, KeySigner(KEY))


def proof(step: int | None = None) -> EntryProof:
    """A proof of the third of five entries."""
    leaves = [leaf_hash(bytes([number])) for number in range(5)]
    leaves[2] = ENVELOPE.leaf
    checkpoint = sign_checkpoint(Checkpoint(ORIGIN, 5, merkle.root(leaves)), LOG_KEY)
    return EntryProof(
        envelope=ENVELOPE,
        entry_key=PUBLIC.der,
        log_key=str(NoteKey.of(ORIGIN, LOG_KEY)),
        tlog_proof=TlogProof(2, tuple(merkle.inclusion_path(leaves, 2)), checkpoint),
        step=None if step is None else _step(step),
    )


def _step(number: int) -> Step:
    path = merkle.inclusion_path([event_leaf(event) for event in EVENTS], number)
    return Step(number, EVENTS[number], tuple(path))


def test_a_body_is_read_back() -> None:
    assert Body.decode(BODY.encode()) == BODY


def test_the_same_body_and_key_give_the_same_envelope() -> None:
    assert seal(BODY, KeySigner(KEY)) == ENVELOPE
    assert Envelope.decode(ENVELOPE.encode()) == ENVELOPE


def test_the_signature_is_over_the_domain_and_the_body() -> None:
    for backend in BACKENDS:
        PUBLIC.verify(ENVELOPE.signature, DOMAIN + ENVELOPE.body, backend)
        with pytest.raises(NotProven):
            PUBLIC.verify(ENVELOPE.signature, ENVELOPE.body, backend)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("v", 2),
        ("v", True),
        ("seq", 0),
        ("seq", True),
        ("seq", "1"),
        ("parents", None),
        ("parents", ["ab" * 32]),
        ("kind", "Task"),
        ("stream", ""),
        ("actor", "ines"),
        ("actor", "user:a\nb"),
        ("occurred_at", "2026-11-23T12:00:00Z"),
        ("occurred_at", "2026-13-23T12:00:00.000000Z"),
        ("entry_id", "5CF00000-0000-5000-8000-000000000001"),
        ("entry_id", None),
        ("events_root", "AB" * 32),
        ("events_count", -1),
        ("commitments", {"variables": ""}),
        ("commitments", []),
        ("statement", "approved"),
        ("key_id", None),
        ("unknown", 1),
    ],
)
def test_an_ill_formed_body_is_refused(field: str, value: object) -> None:
    content = orjson.loads(ENVELOPE.body) | {field: value}
    with pytest.raises(NotCanonical, match=r"entry\."):
        Body.decode(canonical.encode(content))


def test_a_body_without_one_of_its_fields_is_refused() -> None:
    for field in orjson.loads(ENVELOPE.body):
        content = orjson.loads(ENVELOPE.body)
        del content[field]
        with pytest.raises(NotCanonical):
            Body.decode(canonical.encode(content))
    with pytest.raises(NotCanonical):
        Body.decode(b"[]")


def test_a_time_in_another_zone_is_refused() -> None:
    with pytest.raises(NotCanonical, match="occurred_at"):
        replace(BODY, occurred_at=BODY.occurred_at.astimezone(timezone(timedelta(hours=1))))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_proof_file_proves_its_entry_without_a_database(backend: str) -> None:
    log_key = str(NoteKey.of(ORIGIN, LOG_KEY))
    verified = verify(proof().encode(), log_key=log_key, entry_key_id=PUBLIC.key_id, backend=backend)
    assert (verified.body, verified.index, verified.checkpoint.size) == (BODY, 2, 5)
    assert (verified.log_key_pinned, verified.entry_key_pinned, verified.event) == (True, True, None)
    assert verify(proof().encode()).log_key_pinned is False


@pytest.mark.parametrize("number", range(5))
def test_each_element_step_has_its_own_proof(number: int) -> None:
    assert verify(proof(number).encode()).event == EVENTS[number]


def test_a_step_that_did_not_happen_is_not_proven() -> None:
    for wrong in (
        replace(_step(1), number=2),
        replace(_step(1), event={"kind": "task.completed", "seq": 9}),
        replace(_step(1), path=()),
    ):
        with pytest.raises(NotProven, match=r"merkle\.inclusion"):
            verify(replace(proof(), step=wrong).encode())


def test_every_changed_byte_of_a_proof_file_is_found() -> None:
    data = proof(3).encode()
    for at in range(len(data)):
        for bit in (0, 5):
            with pytest.raises(ProofError):
                verify(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])


def test_files_that_are_cut_short_or_longer_are_refused() -> None:
    data = proof(3).encode()
    for wrong in (b"", data[:-1], data + b"\n", data + b" ", b"null", b"[1]", b"{}"):
        with pytest.raises(NotCanonical):
            verify(wrong)


def test_keys_other_than_those_one_knows_are_refused() -> None:
    data = proof().encode()
    other_log = str(NoteKey.of(ORIGIN, Ed25519PrivateKey.generate()))
    with pytest.raises(NotProven, match=r"proof\.key"):
        verify(data, log_key=other_log)
    with pytest.raises(NotProven, match=r"proof\.key"):
        verify(data, entry_key_id="00" * 32)
    stranger = PublicKey.of(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(NotProven, match=r"proof\.key"):
        verify(replace(proof(), entry_key=stranger.der).encode())


def test_an_entry_of_one_log_proves_nothing_in_another() -> None:
    checkpoint = sign_checkpoint(Checkpoint("scf.example/other", 1, ENVELOPE.leaf), LOG_KEY)
    moved = replace(
        proof(),
        log_key=str(NoteKey.of("scf.example/other", LOG_KEY)),
        tlog_proof=TlogProof(0, (), checkpoint),
    )
    with pytest.raises(NotProven, match=r"proof\.origin"):
        verify(moved.encode())


def test_the_inclusion_is_in_the_form_of_c2sp() -> None:
    text = orjson.loads(proof().encode())["tlog_proof"]
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 2\n")
    assert TlogProof.decode(text) == proof().tlog_proof


@pytest.mark.skipif(not which("openssl"), reason="openssl is not installed")
def test_openssl_verifies_an_entry_by_hand(tmp_path: Path) -> None:
    file = orjson.loads(proof().encode())
    body, _, signature = b64decode(file["entry"]).partition(b"\n")
    (tmp_path / "key.der").write_bytes(b64decode(file["entry_key"]))
    (tmp_path / "signature").write_bytes(signature)
    (tmp_path / "message").write_bytes(b"scf-ledger-entry/v1\n" + body)
    (tmp_path / "changed").write_bytes(b"scf-ledger-entry/v1\n" + body.replace(b"approve", b"approvE"))
    verify_with = "openssl dgst -sha256 -keyform DER -verify key.der -signature signature".split()
    accepted = subprocess.run([*verify_with, "message"], cwd=tmp_path, capture_output=True, check=False)
    refused = subprocess.run([*verify_with, "changed"], cwd=tmp_path, capture_output=True, check=False)
    assert (accepted.returncode, accepted.stdout.strip()) == (0, b"Verified OK")
    assert refused.returncode != 0
