"""Checkpoints: the log's size and root as a C2SP tlog-checkpoint, in a C2SP signed note with Ed25519.

https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note. Tools for these formats read our checkpoints.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from proof.errors import NotCanonical, NotProven
from proof.hashes import HASH_SIZE

# C2SP signed-note: the signature type byte of Ed25519.
_ED25519 = b"\x01"
_NAME = re.compile(r"[!-*,-~]{1,255}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_SIGNATURE_MARK = "— "


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
        if len(lines) != 4 or lines[3] or not _NAME.fullmatch(lines[0]) or not _SIZE.fullmatch(lines[1]):
            raise NotCanonical("checkpoint.form", "A checkpoint is three lines: origin, size and root.")
        root = decode_base64(lines[2], "checkpoint.form")
        if len(root) != HASH_SIZE:
            raise NotCanonical("checkpoint.form", "The root is not a SHA-256 hash.")
        return cls(lines[0], int(lines[1]), root)


class NoteKey:
    """A public key that verifies notes, in the form `name+hash+key` that sumdb and C2SP tools use."""

    def __init__(self, name: str, public: bytes) -> None:
        if not _NAME.fullmatch(name):
            raise NotCanonical(
                "checkpoint.key", f"{name!r} cannot name a key.", hint="No spaces, no plus signs."
            )
        self.name = name
        self.public = public
        self.hint = sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]
        self._key = Ed25519PublicKey.from_public_bytes(public)

    @classmethod
    def of(cls, name: str, key: Ed25519PrivateKey) -> NoteKey:
        """Return the public half of a log's key."""
        return cls(name, key.public_key().public_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> NoteKey:
        """Read `name+hash+key`.

        Raises:
            NotCanonical: `checkpoint.key`.
        """
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise NotCanonical("checkpoint.key", "A note key has the form name+hash+key.")
        material = decode_base64(parts[2], "checkpoint.key")
        if len(material) != 1 + HASH_SIZE or material[:1] != _ED25519:
            raise NotCanonical("checkpoint.key", "Only Ed25519 note keys are understood.")
        key = cls(parts[0], material[1:])
        if str(key) != text:
            raise NotCanonical("checkpoint.key", "The hash in the note key is not that of its name and key.")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.hint.hex()}+{encode_base64(_ED25519 + self.public)}"

    def verify(self, signature: bytes, text: str) -> None:
        """Check an Ed25519 signature over a note's text.

        Raises:
            NotProven: `checkpoint.signature`.
        """
        try:
            self._key.verify(signature, text.encode())
        except InvalidSignature:
            raise NotProven("checkpoint.signature", f"The note is not signed by {self.name}.") from None


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """Return the checkpoint as a note that the log itself signed."""
    text = checkpoint.text()
    hint = NoteKey.of(checkpoint.origin, key).hint
    signature = encode_base64(hint + key.sign(text.encode()))
    return f"{text}\n{_SIGNATURE_MARK}{checkpoint.origin} {signature}\n"


def open_checkpoint(note: str, key: NoteKey) -> Checkpoint:
    """Read a checkpoint that the log signed, and check its signature.

    The note must hold the log's signature and nothing else: each of its bytes is then covered.

    Raises:
        NotCanonical: `checkpoint.form`.
        NotProven: `checkpoint.signature` or `checkpoint.origin`.
    """
    text, parted, rest = note.partition("\n\n")
    text += "\n"
    name, spaced, encoded = rest.removesuffix("\n").removeprefix(_SIGNATURE_MARK).partition(" ")
    if not parted or not spaced or rest != f"{_SIGNATURE_MARK}{name} {encoded}\n" or "\n" in rest[:-1]:
        raise NotCanonical("checkpoint.form", "The note does not end with exactly one signature line.")
    signature = decode_base64(encoded, "checkpoint.form")
    if name != key.name or signature[:4] != key.hint:
        raise NotProven("checkpoint.signature", f"The note is not signed by {key.name}.", where=name)
    key.verify(signature[4:], text)
    checkpoint = Checkpoint.parse(text)
    if checkpoint.origin != key.name:
        raise NotProven(
            "checkpoint.origin", f"The checkpoint is of {checkpoint.origin}, the key of {key.name}."
        )
    return checkpoint


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
