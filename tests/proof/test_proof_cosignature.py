"""Cosignatures: what other witnesses write, and notes in which every line is of a known witness."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proof.checkpoint import (
    Checkpoint,
    NoteKey,
    SignatureLine,
    open_checkpoint,
    sign_checkpoint,
    split_note,
)
from proof.cosignature import (
    WitnessKey,
    cosign,
    known_cosignatures,
    open_cosigned,
    parse_lines,
    with_cosignatures,
)
from proof.errors import NotCanonical, NotProven, ProofError
from proof.merkle import EMPTY_ROOT

ORIGIN = "scf.example/log"
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CHECKPOINT = Checkpoint(ORIGIN, 300, EMPTY_ROOT)
LOG_KEY = NoteKey.of(ORIGIN, LOG)
NAMES = ("bank.example/w", "buyer.example/w")
SIGNERS = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2)]
KEYS = [WitnessKey.of(name, signer) for name, signer in zip(NAMES, SIGNERS, strict=True)]
LINES = [cosign(CHECKPOINT, name, signer, 1_795_000_000) for name, signer in zip(NAMES, SIGNERS, strict=True)]
NOTE = with_cosignatures(sign_checkpoint(CHECKPOINT, LOG), LINES)

# Made with filippo.io/torchwood v0.9.0 (litewitness) over a checkpoint of this project.
LITEWITNESS_KEY = "lite.example/w+1ea2a524+BON/tHPUr1/Yyvs6Em/3Orpehig7sw0BuDz903NahpaW"
LITEWITNESS_NOTE = """\
scf.example/log
300
47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=

— scf.example/log XzbIrbxc/0w2MSqIE/kmN0PsL0w+4ey5vcLb99pVrGLW0rEBwqC1OYbWOy0k4vOgJ3EGdljXV2CwnjXEldYaj6R2YwQ=
— lite.example/w HqKlJAAAAABrCC5vKQUX9Vus0DbUqrdnnF3jnS7/Q2BTGEydq4tqtUmhESpC/8q\
qd6PSf6Jzd+/Z2V7vCnuO/aazK+txNZJi8WaiAQ==
"""


def test_a_cosigned_note_tells_who_signed_and_when() -> None:
    cosigned = open_cosigned(NOTE, LOG_KEY, KEYS)
    assert cosigned.checkpoint == CHECKPOINT
    assert [each.key for each in cosigned.cosignatures] == [str(key) for key in KEYS]
    assert {each.timestamp for each in cosigned.cosignatures} == {1_795_000_000}


def test_the_cosignature_of_another_program_verifies() -> None:
    text, lines = split_note(LITEWITNESS_NOTE)
    key = WitnessKey.parse(LITEWITNESS_KEY)
    assert [each.key for each in known_cosignatures(text, lines, [key])] == [LITEWITNESS_KEY]


def test_a_note_without_cosignatures_is_the_one_that_the_log_signed() -> None:
    note = sign_checkpoint(CHECKPOINT, LOG)
    assert open_cosigned(note, LOG_KEY, []).checkpoint == open_checkpoint(note, LOG_KEY)


def test_every_changed_byte_is_found() -> None:
    raw = NOTE.encode()
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(ProofError):
            open_cosigned(changed.decode(errors="replace"), LOG_KEY, KEYS)


@pytest.mark.parametrize(
    "keys", [[], KEYS[:1], KEYS[::-1], [KEYS[0], KEYS[0]], [*KEYS, WitnessKey.of("third", LOG)]]
)
def test_the_keys_must_be_those_of_the_lines_in_their_order(keys: list[WitnessKey]) -> None:
    with pytest.raises(NotProven, match=r"checkpoint\.cosignature"):
        open_cosigned(NOTE, LOG_KEY, keys)


def test_who_only_looks_for_known_witnesses_passes_over_others() -> None:
    text, lines = split_note(NOTE)
    assert [each.key for each in known_cosignatures(text, lines, KEYS[1:])] == [str(KEYS[1])]


def test_a_line_that_names_a_known_witness_must_verify() -> None:
    text, _ = split_note(NOTE)
    forged = SignatureLine(NAMES[0], KEYS[0].hint, LINES[1].signature)
    with pytest.raises(NotProven, match=r"checkpoint\.signature"):
        known_cosignatures(text, [forged], KEYS)


def test_a_cosignature_is_bound_to_its_time() -> None:
    later = (1_795_000_001).to_bytes(8, "big") + LINES[0].signature[8:]
    with pytest.raises(NotProven, match=r"checkpoint\.signature"):
        KEYS[0].verify(later, CHECKPOINT.text())


@pytest.mark.parametrize("length", [0, 7, 64, 73])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(NotProven, match=r"checkpoint\.signature"):
        KEYS[0].verify(bytes(length), CHECKPOINT.text())


def test_a_key_of_a_log_is_none_of_a_witness() -> None:
    with pytest.raises(NotCanonical, match=r"checkpoint\.key"):
        WitnessKey.parse(str(LOG_KEY))
    with pytest.raises(NotCanonical, match=r"checkpoint\.key"):
        NoteKey.parse(str(KEYS[0]))


def test_a_key_tells_by_its_name_whether_its_owner_runs_cases_again() -> None:
    assert not KEYS[0].validates
    assert WitnessKey.of("bank.example/w/validated", SIGNERS[0]).validates


@pytest.mark.parametrize("text", ["", "\n", "— a", "— a \n", "- a AAAAAAAA\n", "— a AAAAAAAA", "— a AAAA\n"])
def test_an_answer_that_is_no_signature_lines_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical, match=r"checkpoint\.form"):
        parse_lines(text)
