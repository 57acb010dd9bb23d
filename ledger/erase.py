"""Erasing in the vault: keys are destroyed, and what they sealed is deleted. Entries and proofs stay.

Who asks for an erasure does not decide it. What belongs to a case or a party besides its streams is told by
the rooms above.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.database import Transaction
from core.errors import Conflict, Forbidden, NotFound
from ledger import erasure_repository, vault_repository
from ledger.draft import EntryDraft
from ledger.erasure_repository import ErasureRow, Subject
from ledger.recorder import Recorder
from ledger.vault import owner_of
from proof.canonical import encode

# The streams that one entry names: its envelope has 65,535 bytes, a name up to 200.
STREAMS_PER_ENTRY = 250


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks or decides, as entries name people. The platform's own part may do both."""

    label: str
    is_system: bool


class Erasures:
    """Requests of erasures and their decisions, each with its entry in the stream `erasure:<id>`."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def request(
        self,
        tx: Transaction,
        erasure_id: UUID,
        subject: Subject,
        subject_id: UUID,
        *,
        reason: str,
        by: Person,
        at: datetime,
    ) -> None:
        """Note that a case or a party is to be erased, for a second person to decide.

        Raises:
            Conflict: `ledger.erase_requested` when that waits for a decision already.
        """
        erasure = ErasureRow(erasure_id, subject, subject_id, reason, "requested", by.label, None)
        if not await erasure_repository.insert(tx.sql, erasure, at):
            raise Conflict(
                "ledger.erase_requested",
                f"The erasure of this {subject} waits for a decision already.",
                where=str(subject_id),
                hint="A second person approves or rejects it.",
            )
        await self._record(tx, erasure, "vault.request-erasure", by, at, reason=reason)

    async def to_decide(self, tx: Transaction, erasure_id: UUID, by: Person) -> ErasureRow:
        """Return an erasure that this person may approve, and keep others from it.

        One that is done comes back as such: to do it again changes nothing.

        Raises:
            NotFound: `ledger.erase_unknown`.
            Conflict: `ledger.erase_rejected`.
            Forbidden: `ledger.erase_four_eyes`.
        """
        erasure = await self._held(tx, erasure_id)
        if erasure.state == "rejected":
            raise _rejected(erasure)
        if erasure.requested_by == by.label and not by.is_system:
            raise Forbidden(
                "ledger.erase_four_eyes",
                "Who has asked for an erasure cannot approve it.",
                where=str(erasure_id),
                hint="Another person looks at it and approves it.",
            )
        return erasure

    async def carry_out(
        self, tx: Transaction, erasure: ErasureRow, streams: Collection[str], *, by: Person, at: datetime
    ) -> Sequence[str]:
        """Destroy the data keys of streams, and of a party its key with all that it closes; return which.

        Each entry `vault.erase` names up to 250 of the streams.
        """
        wanted = set(streams)
        if erasure.subject == "party":
            wanted.update(await vault_repository.destroy_party_keys(tx.sql, owner_of(erasure.subject_id)))
        # Whoever adds to one of them now is waited for, and finds it closed afterwards.
        await vault_repository.lock_streams(tx.sql, sorted(wanted))
        erased = await vault_repository.destroy_data_keys(tx.sql, sorted(wanted))
        for first in range(0, max(len(erased), 1), STREAMS_PER_ENTRY):
            part = erased[first : first + STREAMS_PER_ENTRY]
            await self._record(tx, erasure, "vault.erase", by, at, reason=erasure.reason, streams=part)
        await erasure_repository.decide(tx.sql, erasure.id, "done", by=by.label, at=at, streams=len(erased))
        return erased

    async def reject(
        self, tx: Transaction, erasure_id: UUID, *, reason: str, by: Person, at: datetime
    ) -> None:
        """Decide that something is not erased; who asked for it may take it back so.

        Raises:
            NotFound: `ledger.erase_unknown`.
            Conflict: `ledger.erase_done`, `ledger.erase_rejected`.
        """
        erasure = await self._held(tx, erasure_id)
        if erasure.state == "rejected":
            raise _rejected(erasure)
        if erasure.state == "done":
            raise Conflict("ledger.erase_done", "This is erased.", where=str(erasure_id))
        await erasure_repository.decide(tx.sql, erasure_id, "rejected", by=by.label, at=at)
        await self._record(tx, erasure, "vault.reject-erasure", by, at, reason=reason)

    async def _held(self, tx: Transaction, erasure_id: UUID) -> ErasureRow:
        erasure = await erasure_repository.lock(tx.sql, erasure_id)
        if erasure is None:
            raise NotFound("ledger.erase_unknown", f"There is no erasure {erasure_id}.")
        return erasure

    async def _record(
        self,
        tx: Transaction,
        erasure: ErasureRow,
        kind: str,
        by: Person,
        at: datetime,
        *,
        reason: str,
        streams: Sequence[str] = (),
    ) -> None:
        await self._recorder.record(
            tx,
            EntryDraft(
                stream=f"erasure:{erasure.id}",
                seq=await erasure_repository.next_entry(tx.sql, erasure.id),
                kind=kind,
                occurred_at=at,
                actor=by.label,
                statement={
                    erasure.subject: str(erasure.subject_id),
                    "requested_by": erasure.requested_by,
                    **({"streams": list(streams)} if kind == "vault.erase" else {}),
                },
                # The reason may name people: it is committed to, and kept in the vault.
                payloads={"reason": encode(reason)},
            ),
        )


def _rejected(erasure: ErasureRow) -> Conflict:
    return Conflict(
        "ledger.erase_rejected",
        "This erasure was rejected.",
        where=str(erasure.id),
        hint="Ask for it again if it is to be.",
    )
