"""One self-contained file that proves an entry, and on request one element step of it, without any database.

Canonical JSON with exactly these fields, so that every byte of the file is covered by verification:

    format        "scf-entry-proof/1"
    entry         base64 of the entry's envelope
    entry_key     base64 of the SubjectPublicKeyInfo whose SHA-256 is the body's key_id
    log_key       the log's note key (name+hash+key)
    tlog_proof    a C2SP tlog-proof (https://c2sp.org/tlog-proof): index, inclusion path and checkpoint
    witness_keys  only when the checkpoint carries cosignatures: the note keys of their witnesses, in order
    step          null, or {"number", "event", "path"}: the element step and its path to the events root

The keys in the file make it complete, not trustworthy: compare them with the ones published by the log, or
hand those to `verify`, or a policy that says which logs and witnesses count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proof import canonical, merkle
from proof.canonical import Json
from proof.checkpoint import Checkpoint, NoteKey, decode_base64, encode_base64
from proof.cosignature import WitnessKey, open_cosigned
from proof.entry import Body, Envelope
from proof.errors import NotCanonical, NotProven
from proof.hashes import HASH_SIZE, event_leaf
from proof.policy import Policy
from proof.signatures import Backend, PublicKey

FORMAT = "scf-entry-proof/1"
TLOG_PROOF = "c2sp.org/tlog-proof@v1"

_FIELDS = {"format", "entry", "entry_key", "log_key", "tlog_proof", "step"}
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})")
_MAX_PATH = 64


@dataclass(frozen=True, slots=True)
class TlogProof:
    """That a leaf stands at an index of the tree that a checkpoint names, in C2SP's text form."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def encode(self) -> str:
        """Return the text form."""
        lines = [TLOG_PROOF, f"index {self.index}", *map(encode_base64, self.path), "", self.checkpoint]
        return "\n".join(lines)

    @classmethod
    def decode(cls, text: str) -> TlogProof:
        """Read the text form, without extra data, which ours has none of.

        Raises:
            NotCanonical: `proof.tlog`.
        """
        head, parted, note = text.partition("\n\n")
        lines = head.split("\n")
        index = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
        if not parted or lines[0] != TLOG_PROOF or not index:
            raise NotCanonical(
                "proof.tlog", f"The text is not a {TLOG_PROOF} with an index and a checkpoint."
            )
        return cls(int(index[1]), _path(lines[2:], "proof.tlog"), note)


@dataclass(frozen=True, slots=True)
class Step:
    """One element step, with its path in the tree over its entry's steps; `number` counts from 0."""

    number: int
    event: Json
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class EntryProof:
    """What a proof file holds."""

    envelope: Envelope
    entry_key: bytes
    log_key: str
    tlog_proof: TlogProof
    step: Step | None = None
    witness_keys: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Return the file's bytes."""
        content: dict[str, Json] = {
            "format": FORMAT,
            "entry": encode_base64(self.envelope.encode()),
            "entry_key": encode_base64(self.entry_key),
            "log_key": self.log_key,
            "tlog_proof": self.tlog_proof.encode(),
            "step": _step_json(self.step) if self.step else None,
        }
        if self.witness_keys:
            content["witness_keys"] = list(self.witness_keys)
        return canonical.encode(content)

    @classmethod
    def decode(cls, data: bytes) -> EntryProof:
        """Read a file.

        Raises:
            NotCanonical: `proof.format`, `proof.fields`, or what its parts raise.
        """
        content = canonical.decode(data)
        if not isinstance(content, Mapping) or content.get("format") != FORMAT:
            raise NotCanonical("proof.format", f"This is not a proof file of the format {FORMAT}.")
        witness_keys = witness_keys_in(content, "proof.fields")
        if content.keys() - {"witness_keys"} != _FIELDS:
            raise NotCanonical("proof.fields", "The proof file has missing or unknown fields.")
        return cls(
            envelope=Envelope.decode(decode_base64(_text(content, "entry"), "proof.fields")),
            entry_key=decode_base64(_text(content, "entry_key"), "proof.fields"),
            log_key=_text(content, "log_key"),
            tlog_proof=TlogProof.decode(_text(content, "tlog_proof")),
            step=_read_step(content["step"]),
            witness_keys=witness_keys,
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """What a proof file proves.

    Attributes:
        body: What the entry says.
        index: Its place in the log, from 0.
        checkpoint: The log's name, size and root that it is proven against.
        event: The element step that is proven with it, if any.
        cosigned_by: The note keys of the witnesses that cosigned the checkpoint, as the file names them.
        log_key_pinned: True when the caller gave the log's key, or a policy that names it; else the file's
            own was used.
        entry_key_pinned: True when the caller gave the entry key's id; else the file's own was used.
    """

    body: Body
    index: int
    checkpoint: Checkpoint
    event: Json
    cosigned_by: tuple[str, ...]
    log_key_pinned: bool
    entry_key_pinned: bool


def verify(
    data: bytes,
    *,
    log_key: str | None = None,
    entry_key_id: str | None = None,
    policy: Policy | None = None,
    backend: Backend = "cryptography",
) -> Verified:
    """Check a proof file: entry signature, inclusion, the checkpoint's signatures, the element step if any.

    Args:
        data: The file.
        log_key: The log's note key as you know it, from elsewhere than the file.
        entry_key_id: The id (SHA-256 of the public key) of the signing key as you know it.
        policy: Whose signatures the checkpoint must carry; witnesses that it does not name do not count.
        backend: The library that checks the entry's signature.

    Raises:
        NotCanonical: when the file is not in its one form.
        NotProven: when it does not prove what it claims; `proof.key` when its keys are not those you gave,
            `policy.quorum_missing` when too few of the policy's witnesses signed.
    """
    proof = EntryProof.decode(data)
    body = Body.decode(proof.envelope.body)
    key = PublicKey(proof.entry_key)
    if key.key_id != body.key_id:
        raise NotProven(
            "proof.key", "The key in the file is not the one that the entry names.", where="entry_key"
        )
    if entry_key_id not in (None, key.key_id):
        raise NotProven(
            "proof.key", "The entry is signed with another key than the one given.", where="entry_key"
        )
    if log_key not in (None, proof.log_key):
        raise NotProven(
            "proof.key", "The checkpoint is of another log key than the one given.", where="log_key"
        )
    if policy is not None:
        if not policy.accepts_log(proof.log_key):
            raise NotProven("proof.key", "The policy does not trust the log's key.", where="log_key")
        policy.require(proof.witness_keys)
    proof.envelope.verify(key, backend)
    witnesses = [WitnessKey.parse(key) for key in proof.witness_keys]
    checkpoint = open_cosigned(
        proof.tlog_proof.checkpoint, NoteKey.parse(proof.log_key), witnesses
    ).checkpoint
    if checkpoint.origin != body.origin:
        raise NotProven(
            "proof.origin", f"The entry was signed for the log {body.origin}.", where="tlog_proof"
        )
    merkle.verify_inclusion(
        proof.tlog_proof.index,
        checkpoint.size,
        proof.envelope.leaf,
        proof.tlog_proof.path,
        checkpoint.root,
    )
    if proof.step:
        verify_step(proof.step, body)
    return Verified(
        body=body,
        index=proof.tlog_proof.index,
        checkpoint=checkpoint,
        event=proof.step.event if proof.step else None,
        cosigned_by=proof.witness_keys,
        log_key_pinned=log_key is not None or (policy is not None and bool(policy.logs)),
        entry_key_pinned=entry_key_id is not None,
    )


def verify_step(step: Step, body: Body) -> None:
    """Check that an element step is one of those that the entry's events root covers.

    Raises:
        NotProven: `merkle.inclusion`.
    """
    merkle.verify_inclusion(
        step.number, body.events_count, event_leaf(step.event), step.path, bytes.fromhex(body.events_root)
    )


def witness_keys_in(content: Mapping[str, Json], code: str) -> tuple[str, ...]:
    """Return the witnesses' keys that a file names, none when it has no such field.

    Raises:
        NotCanonical: `code`; the field is there only when there are cosignatures.
    """
    if "witness_keys" not in content:
        return ()
    keys = content["witness_keys"]
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise NotCanonical(code, "The field is a list of at least one key.", where="witness_keys")
    return tuple(str(key) for key in keys)


def _step_json(step: Step) -> Json:
    return {
        "number": step.number,
        "event": step.event,
        "path": [encode_base64(node) for node in step.path],
    }


def _read_step(value: Json) -> Step | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or value.keys() != {"number", "event", "path"}:
        raise NotCanonical("proof.fields", "A step has the fields number, event and path.", where="step")
    number, path = value["number"], value["path"]
    if type(number) is not int or not isinstance(path, list):
        raise NotCanonical("proof.fields", "A step has a number and a list as its path.", where="step")
    return Step(number, value["event"], _path(path, "proof.fields"))


def _path(lines: Sequence[Json], code: str) -> tuple[bytes, ...]:
    if len(lines) > _MAX_PATH:
        raise NotCanonical(code, "A path has at most 64 hashes.")
    path = tuple(decode_base64(line, code) if isinstance(line, str) else b"" for line in lines)
    if any(len(node) != HASH_SIZE for node in path):
        raise NotCanonical(code, "A path consists of SHA-256 hashes.")
    return path


def _text(content: Mapping[str, Json], field: str) -> str:
    value = content[field]
    if not isinstance(value, str):
        raise NotCanonical("proof.fields", "The field must be text.", where=field)
    return value
