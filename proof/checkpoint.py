"""Checkpoints: the log's size and root as a C2SP tlog-checkpoint, in a C2SP signed note with Ed25519.

https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note. Tools for these formats read our checkpoints.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from proof.errors import NotCanonical, NotProven
from proof.hashes import HASH_SIZE

_NAME = re.compile(r"[!-*,-~]{1,255}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_SIGNATURE_MARK = "— "
# More lines than any policy has witnesses; what comes from others is bounded.
_MOST_SIGNATURES = 128


def is_name(text: str) -> bool:
    """Tell whether a log or a key may have this name."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: its name, the number of its entries, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the lines that are signed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the signed lines; lines of extensions are refused, since ours have none.

        Raises:
            NotCanonical: `checkpoint.form`.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not is_name(lines[0]) or not _SIZE.fullmatch(lines[1]):
            raise NotCanonical("checkpoint.form", "A checkpoint is three lines: origin, size and root.")
        root = decode_base64(lines[2], "checkpoint.form")
        if len(root) != HASH_SIZE:
            raise NotCanonical("checkpoint.form", "The root is not a SHA-256 hash.")
        return cls(lines[0], int(lines[1]), root)


class NoteKey:
    """A public key that verifies notes, in the form `name+hash+key` that sumdb and C2SP tools use."""

    # C2SP signed-note: the signature type byte of Ed25519.
    algorithm: ClassVar[bytes] = b"\x01"

    def __init__(self, name: str, public: bytes) -> None:
        if not is_name(name):
            raise NotCanonical(
                "checkpoint.key", f"{name!r} cannot name a key.", hint="No spaces, no plus signs."
            )
        self.name = name
        self.public = public
        self.hint = sha256(name.encode() + b"\n" + self.algorithm + public).digest()[:4]
        self._key = Ed25519PublicKey.from_public_bytes(public)

    @classmethod
    def of(cls, name: str, key: Ed25519PrivateKey) -> Self:
        """Return the public half of a key."""
        return cls(name, key.public_key().public_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+hash+key`.

        Raises:
            NotCanonical: `checkpoint.key`.
        """
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise NotCanonical("checkpoint.key", "A note key has the form name+hash+key.")
        material = decode_base64(parts[2], "checkpoint.key")
        if len(material) != 1 + HASH_SIZE or material[:1] != cls.algorithm:
            kind = cls.algorithm[0]
            raise NotCanonical("checkpoint.key", f"Only Ed25519 keys of the type {kind} are understood here.")
        key = cls(parts[0], material[1:])
        if str(key) != text:
            raise NotCanonical("checkpoint.key", "The hash in the note key is not that of its name and key.")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.hint.hex()}+{encode_base64(self.algorithm + self.public)}"

    def verify(self, signature: bytes, text: str) -> None:
        """Check an Ed25519 signature over a note's text.

        Raises:
            NotProven: `checkpoint.signature`.
        """
        try:
            self._key.verify(signature, text.encode())
        except InvalidSignature:
            raise NotProven("checkpoint.signature", f"The note is not signed by {self.name}.") from None


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature of a note: the name and the hint of its key, and its bytes."""

    name: str
    hint: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_SIGNATURE_MARK}{self.name} {encode_base64(self.hint + self.signature)}"

    @classmethod
    def parse(cls, line: str) -> SignatureLine:
        """Read a line without its line feed.

        Raises:
            NotCanonical: `checkpoint.form`.
        """
        name, spaced, encoded = line.removeprefix(_SIGNATURE_MARK).partition(" ")
        if not line.startswith(_SIGNATURE_MARK) or not spaced or not is_name(name):
            raise NotCanonical("checkpoint.form", "A signature line is a dash, a key's name and base64.")
        material = decode_base64(encoded, "checkpoint.form")
        if len(material) <= 4:
            raise NotCanonical("checkpoint.form", "A signature line holds a key's hint and a signature.")
        return cls(name, material[:4], material[4:])

    def is_of(self, key: NoteKey) -> bool:
        """Tell whether the line names this key; whether it verifies is another matter."""
        return self.name == key.name and self.hint == key.hint


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """Return the checkpoint as a note that the log itself signed."""
    text = checkpoint.text()
    hint = NoteKey.of(checkpoint.origin, key).hint
    return join_note(text, [SignatureLine(checkpoint.origin, hint, key.sign(text.encode()))])


def open_checkpoint(note: str, key: NoteKey) -> Checkpoint:
    """Read a checkpoint that the log signed, and check its signature.

    The note must hold the log's signature and nothing else: each of its bytes is then covered. One with
    cosignatures is opened by `proof.cosignature.open_cosigned`.

    Raises:
        NotCanonical: `checkpoint.form`.
        NotProven: `checkpoint.signature` or `checkpoint.origin`.
    """
    text, lines = split_note(note)
    if len(lines) != 1:
        raise NotCanonical("checkpoint.form", "The note does not end with exactly one signature line.")
    return opened_by_log(text, lines[0], key)


def opened_by_log(text: str, line: SignatureLine, key: NoteKey) -> Checkpoint:
    """Return what a note says, after checking that this line is the log's signature over it.

    Raises:
        NotCanonical: `checkpoint.form`.
        NotProven: `checkpoint.signature` or `checkpoint.origin`.
    """
    if not line.is_of(key):
        raise NotProven("checkpoint.signature", f"The note is not signed by {key.name}.", where=line.name)
    key.verify(line.signature, text)
    checkpoint = Checkpoint.parse(text)
    if checkpoint.origin != key.name:
        raise NotProven(
            "checkpoint.origin", f"The checkpoint is of {checkpoint.origin}, the key of {key.name}."
        )
    return checkpoint


def split_note(note: str) -> tuple[str, list[SignatureLine]]:
    """Return a note's text and its signature lines, of which there is at least one.

    Raises:
        NotCanonical: `checkpoint.form`.
    """
    text, parted, rest = note.partition("\n\n")
    lines = rest.removesuffix("\n").split("\n")
    if not parted or not rest.endswith("\n") or len(lines) > _MOST_SIGNATURES:
        raise NotCanonical("checkpoint.form", "A note is a text, an empty line and lines of signatures.")
    return f"{text}\n", [SignatureLine.parse(line) for line in lines]


def join_note(text: str, lines: Iterable[SignatureLine]) -> str:
    """Return the note of a text and its signature lines."""
    return f"{text}\n" + "".join(f"{line}\n" for line in lines)


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding."""
    return b64encode(data).decode()


def decode_base64(text: str, code: str) -> bytes:
    """Read standard base64, refusing slack bits and stray characters under the given error code."""
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        data = b""
    if not data or encode_base64(data) != text:
        raise NotCanonical(code, "This is not canonical base64.")
    return data
