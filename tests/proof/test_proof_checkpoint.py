"""Checkpoints: the bytes that other tools for C2SP notes read and write."""

from __future__ import annotations

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proof.checkpoint import Checkpoint, NoteKey, open_checkpoint, sign_checkpoint
from proof.errors import NotCanonical, NotProven, ProofError
from proof.merkle import EMPTY_ROOT

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "scf.example/log"
NOTE_KEY = NoteKey.of(ORIGIN, KEY)
CHECKPOINT = Checkpoint(ORIGIN, 300, EMPTY_ROOT)
# The example in the documentation of golang.org/x/mod/sumdb/note.
SUMDB_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = sign_checkpoint(CHECKPOINT, KEY)


def test_a_note_key_reads_the_form_of_gos_sumdb() -> None:
    assert str(NoteKey.parse(SUMDB_KEY)) == SUMDB_KEY


def test_a_note_of_gos_sumdb_verifies() -> None:
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    signature = b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    key = NoteKey.parse(SUMDB_KEY)
    assert signature[:4] == key.hint
    key.verify(signature[4:], text)


def test_a_checkpoint_is_three_lines_and_a_signature() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [ORIGIN, "300", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]


def test_it_is_read_back() -> None:
    assert open_checkpoint(NOTE, NOTE_KEY) == CHECKPOINT


def test_every_changed_byte_is_found() -> None:
    raw = NOTE.encode()
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(ProofError):
            open_checkpoint(changed.decode(errors="replace"), NOTE_KEY)


@pytest.mark.parametrize(
    "note",
    [
        "",
        NOTE + "\n",
        NOTE + NOTE.split("\n")[4] + "\n",
        "\n" + NOTE,
        NOTE.replace("300", "0300"),
        NOTE.replace("\n\n", "\nextension\n\n"),
    ],
)
def test_anything_more_or_less_is_refused(note: str) -> None:
    with pytest.raises(ProofError):
        open_checkpoint(note, NOTE_KEY)


def test_another_key_of_the_same_name_is_refused() -> None:
    other = NoteKey.of(ORIGIN, Ed25519PrivateKey.generate())
    with pytest.raises(NotProven, match=r"checkpoint\.signature"):
        open_checkpoint(NOTE, other)


@pytest.mark.parametrize("text", ["", "a+b", "a+00000000+AAAA", str(NOTE_KEY)[:-1], "x" + str(NOTE_KEY)])
def test_an_ill_formed_key_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical, match=r"checkpoint\.key"):
        NoteKey.parse(text)
