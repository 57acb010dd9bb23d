"""The signed log: entries, checkpoints and proofs."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import orjson
import strawberry
from strawberry.scalars import JSON

from core import Broken
from proof.errors import ProofError
from proof.key_holder import holder_of
from scf_api.context import Info
from scf_api.repository import Row
from scf_api.schema.describe import enum, output, resolved
from scf_api.schema.relay import Node, global_id
from scf_api.schema.scalars import Hash
from scf_api.schema.witnesses import Witnessing, witnessing_of


@enum
class EntryState(Enum):
    """Whether the sequencer has appended an entry to the log."""

    PENDING = "pending"
    LOGGED = "logged"


@enum
class KeyHeldBy(Enum):
    """Whose key signed what an entry tells."""

    PERSON = "person"
    PLATFORM = "platform"


@output
class KeyHolder:
    """Who held the key: the platform's attributes a command to an account, a person's own signs it."""

    held_by: KeyHeldBy
    account: str | None = strawberry.field(description="The person, where their own key signed.")
    key_id: Hash = strawberry.field(description="The person's key; where none signed, the platform's.")
    valid_by: strawberry.ID | None = strawberry.field(
        description="The id of the entry that made the person's key valid."
    )
    told: str = strawberry.field(description="The same in a sentence, with how far it goes.")


@output
class LedgerEntry(Node):
    """One accepted command, signed; `index` is its place in the log once it is appended."""

    entry_id: strawberry.ID
    index: int | None
    stream: str
    seq: int
    kind: str
    actor: str
    occurred_at: datetime
    state: EntryState
    body: JSON = strawberry.field(description="The signed body, which holds commitments instead of payloads.")
    body_hash: Hash
    leaf_hash: Hash | None
    chain: Hash | None
    key_id: str

    @resolved
    async def witnessing(self, info: Info) -> Witnessing:
        """How many witnesses of the log have seen the entry, and whether that is a quorum."""
        return await witnessing_of(info, self.index)

    @classmethod
    def from_row(cls, row: Row) -> LedgerEntry:
        """Build it from a row of `ledger.entry_view`."""
        return cls(
            id=global_id("LedgerEntry", row["entry_id"]),
            entry_id=strawberry.ID(str(row["entry_id"])),
            index=row["index"],
            stream=row["stream"],
            seq=row["seq"],
            kind=row["kind"],
            actor=row["actor"],
            occurred_at=row["occurred_at"],
            state=EntryState(row["state"]),
            body=orjson.loads(row["body"]),
            body_hash=row["body_hash"],
            leaf_hash=row["leaf_hash"],
            chain=row["chain"],
            key_id=row["key_id"],
        )

    @resolved
    def key_holder(self) -> KeyHolder:
        """Who held the key that signed; a person's signature is checked."""
        body: Any = self.body
        try:
            holder = holder_of(body.get("statement"), self.key_id)
        except ProofError as error:
            raise Broken(error.code, error.message, where=str(self.entry_id)) from error
        return KeyHolder(
            held_by=KeyHeldBy(holder.held_by),
            account=holder.account,
            key_id=Hash(holder.key_id),
            valid_by=strawberry.ID(holder.valid_by) if holder.valid_by else None,
            told=holder.told,
        )


@output
class Checkpoint:
    """A signed statement of the log's size and Merkle root (C2SP checkpoint)."""

    size: int
    root: str
    note: str = strawberry.field(description="The signed note, byte for byte.")
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Checkpoint:
        """Build it from a row of `ledger.checkpoint_view`."""
        return cls(size=row["size"], root=row["root"], note=row["note"], created_at=row["created_at"])


@output
class Proof:
    """A self-contained proof that an entry is in the log; it verifies offline."""

    entry_id: strawberry.ID
    file_name: str
    text: str = strawberry.field(description="The proof file; save it and run `scf ledger verify-proof`.")
