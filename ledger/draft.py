"""What a business transaction hands to the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.ids import derived_id
from proof.canonical import Json


def entry_id(stream: str, seq: int) -> UUID:
    """Return the id of an entry, known before it is written: UUIDv5 of its stream and number in it."""
    return derived_id("ledger.entry", stream, seq)


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """One accepted command with its result, before it is signed.

    Attributes:
        stream: The case's id, or `document:<id>` and the like for what is no case.
        seq: The entry's number in its stream, from 1 and without gaps.
        kind: The command, for example `task.complete`.
        occurred_at: Business time in UTC.
        actor: `user:<account>` or `system:<part>`.
        statement: What a person declared; it stands in the public body, so no personal data is in it.
        model_hash: The content hash of the model that ran, in hexadecimal.
        kernel_version: The version of the kernel that ran it.
        events: The element steps of the burst, in order: the body has their Merkle root, the vault the bytes.
        state_root: The root of the state after the burst, in hexadecimal.
        payloads: Bytes by field name; the body holds salted commitments, the vault the bytes.
        party: Whose it is: with the party's key a new stream of it is closed. None: the platform's own.
    """

    stream: str
    seq: int
    kind: str
    occurred_at: datetime
    actor: str
    statement: Mapping[str, Json] | None = None
    model_hash: str | None = None
    kernel_version: str | None = None
    events: Sequence[Mapping[str, Json]] = ()
    state_root: str | None = None
    payloads: Mapping[str, bytes] = field(default_factory=dict)
    party: UUID | None = None
