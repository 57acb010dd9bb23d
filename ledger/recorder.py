"""Recording: signing an entry and writing it in the same transaction as what it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias
from uuid import UUID

from core.database import Transaction
from core.errors import Broken, Conflict, InvalidInput
from ledger import repository
from ledger.backlog import Backlog
from ledger.draft import EntryDraft, entry_id
from ledger.party_keys import PartyKeys
from ledger.repository import EntryRow, KeyRow, NewStreamRow, PayloadRow, StreamRow
from ledger.vault import PartyKey, StreamKey, owner_of
from ledger.vault_keys import VaultKeys
from ledger.vault_repository import lock_streams
from proof import canonical, merkle
from proof.entry import Body, Envelope, seal
from proof.errors import ProofError
from proof.hashes import commitment, leaf_hash
from proof.signatures import Signer

# The vault's field for the element steps; payload fields begin with a letter, so none can take its place.
EVENTS_FIELD = ".events"

# A draft whose number is taken, with its entry's id and its stream's key.
_Repeated: TypeAlias = tuple[UUID, EntryDraft, StreamKey]


class Recorder:
    """Signs entries with the platform's key and puts them into the outbox."""

    def __init__(self, signer: Signer, vault_key: VaultKeys, origin: str) -> None:
        self.origin = origin
        self.signer = signer
        self._vault = vault_key
        self._party_keys = PartyKeys(vault_key)
        self._backlog = Backlog()

    @property
    def vault(self) -> VaultKeys:
        """What opens the vault that this recorder writes."""
        return self._vault

    async def record(self, tx: Transaction, draft: EntryDraft) -> UUID:
        """Write one entry in the caller's transaction and return its id.

        The same draft a second time changes nothing. Two transactions that write to one stream wait for each
        other; the stream stays locked until the transaction ends.

        Raises:
            InvalidInput: `ledger.entry_invalid`, naming the field.
            Conflict: `ledger.seq_gap` when the stream's previous entry is not there, `ledger.stream_erased`
                when the stream's data key was destroyed.
            Broken: `ledger.entry_conflict` when another entry stands under the same stream and number,
                `ledger.vault_key` when the vault key is not the one that the stream began with.
            Backlogged: `ledger.backlog` while too many entries wait to be logged.
        """
        return (await self.record_all(tx, [draft]))[0]

    async def record_all(self, tx: Transaction, drafts: Sequence[EntryDraft]) -> list[UUID]:
        """Write many entries at once, and return their ids in the same order.

        Drafts of one stream must come in the order of their numbers. Raises what `record` raises.
        """
        await self._backlog.require_room(tx.sql)
        return await self._record(tx, drafts)

    async def _record(
        self, tx: Transaction, drafts: Sequence[EntryDraft], *, look: bool = False
    ) -> list[UUID]:
        heads = await self._heads(tx, drafts, look=look)
        entries: list[EntryRow] = []
        payloads: list[PayloadRow] = []
        repeated: list[_Repeated] = []
        ids = [entry_id(draft.stream, draft.seq) for draft in drafts]
        for entry, draft in zip(ids, drafts, strict=True):
            head = heads[draft.stream]
            if 1 <= draft.seq <= head.row.seq:
                repeated.append((entry, draft, head.key))
                continue
            events = _encoded_events(draft)
            entries.append(self._sign(entry, draft, events, head))
            payloads.extend(_seal_payloads(entry, draft, events, head.key))
            head.advance(entries[-1])
        if entries:
            advanced = [heads[stream] for stream in sorted({entry.stream for entry in entries})]
            moved = await repository.append_to_outbox(
                tx.sql,
                KeyRow(self.signer.public_key.key_id, "entry", self.signer.public_key.der),
                [_begun(head, head.new_under) for head in advanced if head.new_under],
                [head.row for head in advanced if not head.new_under],
                entries,
                payloads,
            )
            if overtaken := {head.row.stream for head in advanced} - moved:
                # These streams are there already, and can be locked; or the keys of their owners changed.
                self._party_keys.forget()
                await self._record(tx, [draft for draft in drafts if draft.stream in overtaken], look=True)
                repeated = [one for one in repeated if one[1].stream not in overtaken]
        if repeated:
            await self._require_same(tx, repeated)
        return ids

    async def _heads(self, tx: Transaction, drafts: Sequence[EntryDraft], *, look: bool) -> dict[str, _Head]:
        """Lock the drafts' streams, and return their newest entries and keys; those of new ones are made.

        One that begins with its first entry is taken for new, unless it is to be looked up: most are.
        """
        first = {draft.stream: draft for draft in reversed(drafts)}
        owners = {stream: owner_of(draft.party) for stream, draft in first.items()}
        known = sorted(stream for stream, draft in first.items() if look or draft.seq != 1)
        heads: dict[str, _Head] = {}
        locked = await lock_streams(tx.sql, known) if known else {}
        for stream, (row, key) in locked.items():
            if key is None:
                raise Conflict(
                    "ledger.stream_erased",
                    "The stream's data key was destroyed; nothing can be added.",
                    where=stream,
                )
            heads[stream] = _Head(row, self._vault.stream_key(stream, key))
        new = {stream: owner for stream, owner in owners.items() if stream not in heads}
        if new:
            keys = await self._party_keys.of(tx.sql, new.values())
            for stream, owner in new.items():
                heads[stream] = _Head(StreamRow(stream, 0, b""), StreamKey.create(stream), keys[owner])
        return heads

    def _sign(self, entry: UUID, draft: EntryDraft, events: Sequence[bytes], head: _Head) -> EntryRow:
        if draft.seq != head.row.seq + 1:
            raise Conflict(
                "ledger.seq_gap",
                f"Entry {draft.seq} cannot follow entry {head.row.seq} of its stream.",
                where=draft.stream,
                hint="Lock what the stream stands for, and number its entries without gaps.",
            )
        parents = (head.row.leaf_hash.hex(),) if draft.seq > 1 else ()
        try:
            body = self._body(entry, draft, events, head.key, parents, self.signer.public_key.key_id)
            envelope = seal(body, self.signer)
        except ProofError as error:
            raise _invalid(draft, error) from error
        return EntryRow(entry, draft.stream, draft.seq, envelope.body, envelope.signature)

    def _body(
        self,
        entry: UUID,
        draft: EntryDraft,
        events: Sequence[bytes],
        key: StreamKey,
        parents: tuple[str, ...],
        key_id: str,
    ) -> Body:
        return Body(
            origin=self.origin,
            entry_id=entry,
            stream=draft.stream,
            seq=draft.seq,
            parents=parents,
            kind=draft.kind,
            actor=draft.actor,
            occurred_at=draft.occurred_at,
            statement=draft.statement,
            model_hash=draft.model_hash,
            kernel_version=draft.kernel_version,
            events_count=len(draft.events),
            events_root=merkle.root([leaf_hash(event) for event in events]).hex(),
            state_root=draft.state_root,
            commitments={
                field: commitment(key.salt(draft.seq, field), payload).hex()
                for field, payload in draft.payloads.items()
            },
            key_id=key_id,
        )

    async def _require_same(self, tx: Transaction, repeated: Sequence[_Repeated]) -> None:
        """Check that drafts whose numbers are taken say what the entries there say."""
        stored = await repository.bodies(tx.sql, [entry for entry, _, _ in repeated])
        for entry, draft, key in repeated:
            there = stored.get(entry)
            if there is None:
                raise Broken(
                    "ledger.entry_missing",
                    "An entry that its stream counts is not there.",
                    where=f"{draft.stream} {draft.seq}",
                    hint="Run scf ledger verify.",
                )
            before = Body.decode(there)
            events = _encoded_events(draft)
            try:
                # A retry may come after a change of key; what the entry tells must still be the same.
                again = self._body(entry, draft, events, key, before.parents, before.key_id).encode()
            except ProofError as error:
                raise _invalid(draft, error) from error
            if sha256(again).digest() != sha256(there).digest():
                raise Broken(
                    "ledger.entry_conflict",
                    "Another entry stands under the same stream and number.",
                    where=f"{draft.stream} {draft.seq}",
                    hint="One command must not have two outcomes; look at both before going on.",
                )


@dataclass(slots=True)
class _Head:
    """The newest entry of a stream while entries are added to it; `new_under` wraps the key of a new one."""

    row: StreamRow
    key: StreamKey
    new_under: PartyKey | None = None

    def advance(self, entry: EntryRow) -> None:
        leaf = Envelope(entry.body, entry.signature).leaf
        self.row = self.row._replace(seq=entry.seq, leaf_hash=leaf)


def _begun(head: _Head, by: PartyKey) -> NewStreamRow:
    return NewStreamRow(*head.row, by.owner, by.version, head.key.wrap(by))


def _encoded_events(draft: EntryDraft) -> list[bytes]:
    """Return the canonical bytes of each element step, written once for hashing and storing."""
    try:
        return [canonical.encode(event) for event in draft.events]
    except ProofError as error:
        raise _invalid(draft, error) from error


def _seal_payloads(
    entry: UUID, draft: EntryDraft, events: Sequence[bytes], key: StreamKey
) -> Iterable[PayloadRow]:
    for field, payload in draft.payloads.items():
        yield PayloadRow(entry, draft.stream, field, key.seal(entry, field, payload))
    if events:
        # The canonical form of a list is that of its members, between brackets and commas.
        together = b"[" + b",".join(events) + b"]"
        yield PayloadRow(entry, draft.stream, EVENTS_FIELD, key.seal(entry, EVENTS_FIELD, together))


def _invalid(draft: EntryDraft, error: ProofError) -> InvalidInput:
    where = f"{draft.stream} {draft.seq} {error.where or ''}".strip()
    return InvalidInput("ledger.entry_invalid", error.message, where=where, hint=error.hint)
