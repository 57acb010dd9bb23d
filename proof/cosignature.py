"""Cosignatures: what witnesses of a log sign over its checkpoints, as in C2SP tlog-cosignature (Ed25519).

https://c2sp.org/tlog-cosignature. A cosignature says: at this time, this is the largest tree of the log that
I have seen, and it extends all that I saw before. A note may carry several below the log's own signature.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proof.checkpoint import Checkpoint, NoteKey, SignatureLine, join_note, opened_by_log, split_note
from proof.errors import NotCanonical, NotProven

# A key whose name ends so states more than that the log only grew: its owner ran the commands of its cases
# again, up to this checkpoint, and got the same roots.
VALIDATED = "/validated"

_TIME = struct.Struct(">Q")
_LATEST = 2**63 - 1


class WitnessKey(NoteKey):
    """The public key of a witness, as `name+hash+key`."""

    # C2SP tlog-cosignature: the signature type byte of Ed25519 cosignatures.
    algorithm: ClassVar[bytes] = b"\x04"

    @property
    def validates(self) -> bool:
        """True when its cosignature also says that commands were run again."""
        return self.name.endswith(VALIDATED)

    def verify(self, signature: bytes, text: str) -> None:
        """Check a cosignature, time and Ed25519 signature, over a checkpoint's text.

        Raises:
            NotProven: `checkpoint.signature`.
        """
        if len(signature) != _TIME.size + 64 or timestamp_of(signature) > _LATEST:
            raise NotProven("checkpoint.signature", f"This is no cosignature of {self.name}.")
        super().verify(signature[_TIME.size :], _signed_text(timestamp_of(signature), text))


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature that was checked: whose it is, when it was made (seconds since 1970), and its line."""

    key: str
    timestamp: int
    line: SignatureLine


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint with the cosignatures that its note carries."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]


def cosign(checkpoint: Checkpoint, name: str, key: Ed25519PrivateKey, at: int) -> SignatureLine:
    """Return the cosignature of a witness, made at a time in seconds since 1970."""
    signature = key.sign(_signed_text(at, checkpoint.text()).encode())
    return SignatureLine(name, WitnessKey.of(name, key).hint, _TIME.pack(at) + signature)


def open_cosigned(note: str, log_key: NoteKey, witness_keys: Sequence[WitnessKey]) -> Cosigned:
    """Read a checkpoint with the log's signature first and then the cosignatures of exactly these keys.

    Each line must be of the key in its place and verify: each byte of the note is then covered. So whoever
    keeps such a note keeps the list of its witnesses beside it.

    Raises:
        NotCanonical: `checkpoint.form`.
        NotProven: `checkpoint.signature`, `checkpoint.origin`, or `checkpoint.cosignature` when the lines are
            not those of the keys.
    """
    text, lines = split_note(note)
    checkpoint = opened_by_log(text, lines[0], log_key)
    cosignatures = lines[1:]
    if len({str(key) for key in witness_keys}) != len(witness_keys) or len(cosignatures) != len(witness_keys):
        raise NotProven("checkpoint.cosignature", "The cosignatures are not one of each named witness.")
    pairs = zip(cosignatures, witness_keys, strict=True)
    return Cosigned(checkpoint, tuple(_checked(text, line, key) for line, key in pairs))


def known_cosignatures(
    text: str, lines: Iterable[SignatureLine], witness_keys: Iterable[WitnessKey]
) -> list[Cosignature]:
    """Return the cosignatures of known keys over a checkpoint's text; lines of other keys are passed over.

    Raises:
        NotProven: `checkpoint.signature` when a line names a known key and does not verify.
    """
    keys = list(witness_keys)
    found = {str(key): _checked(text, line, key) for line in lines for key in keys if line.is_of(key)}
    return list(found.values())


def with_cosignatures(note: str, lines: Iterable[SignatureLine]) -> str:
    """Return a note with more signature lines at its end.

    Raises:
        NotCanonical: `checkpoint.form`.
    """
    text, there = split_note(note)
    return join_note(text, [*there, *lines])


def parse_lines(text: str) -> list[SignatureLine]:
    """Read the answer of a witness: one or more signature lines.

    Raises:
        NotCanonical: `checkpoint.form`.
    """
    if not text.endswith("\n"):
        raise NotCanonical("checkpoint.form", "The answer does not end with a line feed.")
    return [SignatureLine.parse(line) for line in text[:-1].split("\n")]


def timestamp_of(signature: bytes) -> int:
    """Return the time that a cosignature names, in seconds since 1970."""
    seconds: int = _TIME.unpack_from(signature)[0]
    return seconds


def _checked(text: str, line: SignatureLine, key: WitnessKey) -> Cosignature:
    if not line.is_of(key):
        raise NotProven("checkpoint.cosignature", f"This line is not of {key.name}.", where=line.name)
    key.verify(line.signature, text)
    return Cosignature(str(key), timestamp_of(line.signature), line)


def _signed_text(timestamp: int, text: str) -> str:
    return f"cosignature/v1\ntime {timestamp}\n{text}"
