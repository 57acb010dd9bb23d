"""Erasures: one person asks that a case or a party is erased, another approves or rejects it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from core import InvalidInput
from scf_api import views
from scf_api.context import Info
from scf_api.repository import Row, equals
from scf_api.schema.cases import Case
from scf_api.schema.commands import UserError
from scf_api.schema.describe import argument, enum, mutation, output, resolved
from scf_api.schema.parties import Party
from scf_api.schema.performing import Answer, CommandStatus, perform, row_of
from scf_api.schema.relay import After, Connection, First, Node, global_id, key_of, listed, one


@enum
class ErasureState(Enum):
    """How an erasure stands: REQUESTED until a second person has decided it."""

    REQUESTED = "requested"
    REJECTED = "rejected"
    DONE = "done"


@output
class Erasure(Node):
    """What is to be erased, or was. Entries and their proofs stay; what they commit to is gone for good."""

    subject: strawberry.Private[str]
    subject_key: strawberry.Private[UUID]
    reason: str
    state: ErasureState
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    streams: int | None = strawberry.field(description="How many streams of the ledger were closed.")

    @classmethod
    def from_row(cls, row: Row) -> Erasure:
        """Build it from a row of `ledger.erasure_view`."""
        told = ("subject", "reason", "requested_at", "decided_at", "streams")
        return cls(
            id=global_id("Erasure", row["id"]),
            subject_key=row["subject_id"],
            state=ErasureState(row["state"]),
            requested_by=row["requested_by"].removeprefix("user:"),
            decided_by=row["decided_by"].removeprefix("user:") if row["decided_by"] else None,
            **{name: row[name] for name in told},
        )

    @resolved
    async def case(self, info: Info) -> Case | None:
        """The case that it is about, if it is about one."""
        return await one(
            info, views.CASE, self.subject_key if self.subject == "case" else None, Case.from_row
        )

    @resolved
    async def party(self, info: Info) -> Party | None:
        """The party that it is about, if it is about one."""
        return await one(
            info, views.PARTY, self.subject_key if self.subject == "party" else None, Party.from_row
        )


@output
class ErasureQueries:
    """What can be asked about erasures, for the bank's own people."""

    @resolved
    async def erasure(self, info: Info, id: strawberry.ID) -> Erasure | None:
        """Return an erasure."""
        return await one(info, views.ERASURE, key_of(id, "Erasure", "id"), Erasure.from_row)

    @resolved
    async def erasures(
        self, info: Info, state: ErasureState | None = None, first: First = None, after: After = None
    ) -> Connection[Erasure]:
        """Erasures, the latest first."""
        filters = equals("state", state.value if state is not None else None)
        return await listed(info, views.ERASURE, Erasure.from_row, first, after, filters)


@argument
class RequestErasureInput:
    """A case or a party, and why it is to be erased."""

    idempotency_key: str
    reason: str
    case_id: strawberry.ID | None = None
    party_id: strawberry.ID | None = None


@argument
class ErasureInput:
    """An erasure that was asked for."""

    idempotency_key: str
    erasure_id: strawberry.ID


@argument
class RejectErasureInput:
    """An erasure that was asked for, and why it is not done."""

    idempotency_key: str
    erasure_id: strawberry.ID
    reason: str


@output
class ErasurePayload:
    """What became of an erasure."""

    command: CommandStatus | None
    user_errors: list[UserError]
    erasure: Erasure | None


@output
class ErasureMutations:
    """Mutations for those who answer for the protection of data."""

    @mutation
    async def request_erasure(self, info: Info, input: RequestErasureInput) -> ErasurePayload:
        """Ask a second person to erase a case that ended, or a party with all its cases."""

        def payload() -> dict[str, str]:
            if (input.case_id is None) == (input.party_id is None):
                raise InvalidInput("ledger.erase_what", "Give either caseId or partyId.", where="caseId")
            if input.case_id is not None:
                subject, key = "case", key_of(input.case_id, "Case", "caseId")
            else:
                subject, key = "party", key_of(input.party_id or "", "Party", "partyId")
            return {"subject": subject, "subject_id": str(key), "reason": input.reason}

        answer = await perform(info, "vault.request-erasure", payload, input.idempotency_key)
        return await _payload(info, answer)

    @mutation
    async def approve_erasure(self, info: Info, input: ErasureInput) -> ErasurePayload:
        """Erase what somebody else has asked for: nothing brings it back."""
        answer = await perform(
            info,
            "vault.erase",
            lambda: {"erasure_id": str(key_of(input.erasure_id, "Erasure", "erasureId"))},
            input.idempotency_key,
        )
        return await _payload(info, answer)

    @mutation
    async def reject_erasure(self, info: Info, input: RejectErasureInput) -> ErasurePayload:
        """Decide that something is not erased; who asked for it may take it back so."""
        answer = await perform(
            info,
            "vault.reject-erasure",
            lambda: {
                "erasure_id": str(key_of(input.erasure_id, "Erasure", "erasureId")),
                "reason": input.reason,
            },
            input.idempotency_key,
        )
        return await _payload(info, answer)


async def _payload(info: Info, answer: Answer) -> ErasurePayload:
    row = await row_of(info, views.ERASURE, answer, "erasure_id")
    return ErasurePayload(
        command=answer.status,
        user_errors=answer.errors,
        erasure=Erasure.from_row(row) if row else None,
    )
