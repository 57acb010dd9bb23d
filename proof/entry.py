"""An entry of the log: what its body says, how it is signed, and the bytes that become its leaf.

body       canonical JSON with exactly the fields of `Body`
signed     DOMAIN ‖ body
envelope   body ‖ 0x0A ‖ signature        canonical JSON holds no line feed, so the first one ends the body
leaf       SHA-256(0x00 ‖ envelope)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from proof import canonical
from proof.canonical import Json
from proof.errors import NotCanonical
from proof.hashes import leaf_hash
from proof.signatures import Backend, PublicKey, Signer, require_canonical

VERSION = 1
# Begins every message that an entry key signs, so that no other signature can stand for an entry's.
DOMAIN = b"scf-ledger-entry/v1\n"
# An entry bundle of C2SP tlog-tiles gives an entry's size in 16 bits.
MAX_ENVELOPE = 65_535

_HASH = re.compile(r"[0-9a-f]{64}")
_ORIGIN = re.compile(r"[!-*,-~]{1,255}")  # what a C2SP key name may hold: no space, no plus
_STREAM = re.compile(r"[!-~]{1,200}")
_KIND = re.compile(r"[a-z][a-z0-9._-]{0,63}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_ACTOR = re.compile(r"(user|system):.{1,200}")
_KERNEL = re.compile(r"[!-~]{1,32}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


@dataclass(frozen=True, slots=True)
class Body:
    """What one entry says. Hashes are lower-case hexadecimal; of payloads and events it holds only hashes.

    Attributes:
        origin: The log's name.
        entry_id: The entry's id, derived from stream and seq.
        stream: What the entry belongs to: a case, or a thing outside cases such as `document:<id>`.
        seq: Its number in the stream, from 1.
        parents: The leaf hash of the stream's previous entry; empty for the first.
        kind: The command, for example `task.complete`.
        actor: `user:<account>` or `system:<part>`.
        occurred_at: The command's business time in UTC.
        statement: What a person declared, as canonical JSON object.
        model_hash: The content hash of the process model that ran.
        kernel_version: The version of the kernel that ran it.
        events_count: The number of element steps of the burst.
        events_root: The RFC 6962 root over them.
        state_root: The root of the state that they led to.
        commitments: For each payload field SHA-256(0x10 ‖ salt ‖ payload).
        key_id: The key that signs the entry.

    Raises:
        NotCanonical: `entry.field`, naming the field.
    """

    origin: str
    entry_id: UUID
    stream: str
    seq: int
    parents: tuple[str, ...]
    kind: str
    actor: str
    occurred_at: datetime
    statement: Mapping[str, Json] | None
    model_hash: str | None
    kernel_version: str | None
    events_count: int
    events_root: str
    state_root: str | None
    commitments: Mapping[str, str]
    key_id: str

    def __post_init__(self) -> None:
        _require("origin", _matches(_ORIGIN, self.origin), "a log name without spaces and plus signs")
        _require("entry_id", isinstance(self.entry_id, UUID), "a UUID")
        _require("stream", _matches(_STREAM, self.stream), "1 to 200 visible ASCII characters")
        _require("seq", _counts(self.seq) and self.seq >= 1, "an integer from 1 on")
        _require(
            "parents",
            _parents_fit(self.parents, self.seq),
            "the previous entry's leaf hash, none for the first",
        )
        _require("kind", _matches(_KIND, self.kind), "a command kind in lower case, such as task.complete")
        _require(
            "actor",
            _matches(_ACTOR, self.actor) and self.actor.isprintable(),
            "user:<account> or system:<part>",
        )
        _require("occurred_at", _is_utc(self.occurred_at), "a time in UTC")
        _require("statement", _is_statement(self.statement), "a JSON object without the character U+0000")
        _require(
            "model_hash", self.model_hash is None or _is_hash(self.model_hash), "a SHA-256 in hexadecimal"
        )
        _require(
            "kernel_version",
            self.kernel_version is None or _matches(_KERNEL, self.kernel_version),
            "1 to 32 visible ASCII characters",
        )
        _require("events_count", _counts(self.events_count), "an integer from 0 on")
        _require("events_root", _is_hash(self.events_root), "a SHA-256 in hexadecimal")
        _require(
            "state_root", self.state_root is None or _is_hash(self.state_root), "a SHA-256 in hexadecimal"
        )
        _require(
            "commitments", _are_commitments(self.commitments), "a SHA-256 in hexadecimal for each field name"
        )
        _require("key_id", _is_hash(self.key_id), "a SHA-256 in hexadecimal")

    def encode(self) -> bytes:
        """Return the canonical JSON that is signed and logged."""
        return canonical.encode(
            {
                "v": VERSION,
                "origin": self.origin,
                "entry_id": str(self.entry_id),
                "stream": self.stream,
                "seq": self.seq,
                "parents": self.parents,
                "kind": self.kind,
                "actor": self.actor,
                "occurred_at": format_time(self.occurred_at),
                "statement": self.statement,
                "model_hash": self.model_hash,
                "kernel_version": self.kernel_version,
                "events_count": self.events_count,
                "events_root": self.events_root,
                "state_root": self.state_root,
                "commitments": self.commitments,
                "key_id": self.key_id,
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> Body:
        """Read a body; unknown, missing or ill-formed fields are refused.

        Raises:
            NotCanonical: `canonical.…`, `entry.version`, `entry.fields` or `entry.field`.
        """
        value = canonical.decode(data)
        if not isinstance(value, Mapping):
            raise NotCanonical("entry.fields", "The body is not a JSON object.")
        if value.get("v") != VERSION or value.get("v") is True:
            raise NotCanonical(
                "entry.version", f"Only entries of version {VERSION} are understood.", where="v"
            )
        if value.keys() != _FIELDS:
            odd = ", ".join(sorted(value.keys() ^ _FIELDS))
            raise NotCanonical("entry.fields", f"Fields are missing or unknown: {odd}.")
        content = cast("dict[str, Any]", dict(value))
        del content["v"]
        content["entry_id"] = _parse_uuid(content["entry_id"])
        content["occurred_at"] = parse_time(content["occurred_at"])
        _require("parents", isinstance(content["parents"], list), "a list")
        content["parents"] = tuple(content["parents"])
        return cls(**content)


_FIELDS = {field.name for field in fields(Body)} | {"v"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """A body with its signature, as the log holds them."""

    body: bytes
    signature: bytes

    def encode(self) -> bytes:
        """Return the bytes that are the entry for the Merkle tree."""
        return self.body + b"\n" + self.signature

    @property
    def leaf(self) -> bytes:
        """The leaf hash."""
        return leaf_hash(self.encode())

    @classmethod
    def decode(cls, data: bytes) -> Envelope:
        """Split an envelope.

        Raises:
            NotCanonical: `entry.envelope` or `signature.form`.
        """
        body, feed, signature = data.partition(b"\n")
        if not feed:
            raise NotCanonical("entry.envelope", "The envelope has no line feed between body and signature.")
        require_canonical(signature)
        return cls(body, signature)

    def verify(self, key: PublicKey, backend: Backend = "cryptography") -> None:
        """Check the signature with the key of that `key_id`.

        Raises:
            NotCanonical: `signature.form`.
            NotProven: `signature.invalid`.
        """
        key.verify(self.signature, DOMAIN + self.body, backend)


def seal(body: Body, signer: Signer) -> Envelope:
    """Sign a body. With a key in memory the same body gives the same envelope; with hardware it may not.

    Raises:
        NotCanonical: `entry.too_large` when the envelope exceeds 65,535 bytes.
    """
    data = body.encode()
    envelope = Envelope(data, signer.sign(DOMAIN + data))
    if len(data) + 1 + len(envelope.signature) > MAX_ENVELOPE:
        raise NotCanonical(
            "entry.too_large",
            f"The entry exceeds {MAX_ENVELOPE} bytes.",
            where="statement",
            hint="Put large content into the payloads; the statement then carries its digest.",
        )
    return envelope


def format_time(time: datetime) -> str:
    """Return a UTC time as bodies write it: with six decimals and Z."""
    return time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: object) -> datetime:
    """Read a time as bodies write it.

    Raises:
        NotCanonical: `entry.field`.
    """
    try:
        if isinstance(text, str) and _TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise NotCanonical("entry.field", f"{text!r} is not a UTC time with six decimals.", where="occurred_at")


def _parse_uuid(text: object) -> UUID:
    if isinstance(text, str):
        try:
            if str(value := UUID(text)) == text:
                return value
        except ValueError:
            pass
    raise NotCanonical("entry.field", f"{text!r} is not a UUID in its usual form.", where="entry_id")


def _require(field: str, holds: bool, expected: str) -> None:
    if not holds:
        raise NotCanonical("entry.field", f"The entry's {field} must be {expected}.", where=field)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_hash(value: object) -> bool:
    return _matches(_HASH, value)


def _counts(value: object) -> bool:
    return type(value) is int and 0 <= value <= canonical.MAX_INTEGER


def _is_utc(time: object) -> bool:
    return isinstance(time, datetime) and time.tzinfo is not None and time.utcoffset() == UTC.utcoffset(None)


def _parents_fit(parents: object, seq: int) -> bool:
    if not isinstance(parents, tuple) or not all(_is_hash(parent) for parent in parents):
        return False
    return len(parents) == (0 if seq == 1 else 1)


def _are_commitments(commitments: object) -> bool:
    return isinstance(commitments, Mapping) and all(
        _matches(_FIELD, field) and _is_hash(digest) for field, digest in commitments.items()
    )


def _is_statement(statement: object) -> bool:
    return statement is None or (isinstance(statement, Mapping) and not _holds_nul(statement))


def _holds_nul(value: object) -> bool:
    """Tell whether a text in the value holds U+0000, which PostgreSQL's JSON cannot show."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    if isinstance(value, Sequence):
        return any(_holds_nul(item) for item in value)
    return False
