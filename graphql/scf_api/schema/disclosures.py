"""Disclosures: chosen fields of an entry, opened for one reader."""

from __future__ import annotations

import strawberry

from scf_api.context import Info
from scf_api.schema.commands import UserError
from scf_api.schema.describe import argument, mutation, output
from scf_api.schema.performing import CommandStatus, perform
from scf_api.schema.relay import key_of


@argument
class DiscloseEntryInput:
    """An entry of the log, the fields to open, for whom, and why."""

    idempotency_key: str
    entry_id: strawberry.ID
    fields: list[str]
    to: str
    reason: str


@output
class DiscloseEntryPayload:
    """What became of a disclosure."""

    command: CommandStatus | None
    user_errors: list[UserError]
    file_base64: str | None = strawberry.field(
        description="The file for the reader (scf-disclosure/1), which is verified offline."
    )


@output
class DisclosureMutations:
    """Mutations that open what is sealed."""

    @mutation
    async def disclose_entry(self, info: Info, input: DiscloseEntryInput) -> DiscloseEntryPayload:
        """Open fields of an entry for one reader; the log says who has opened which, the vault for whom."""
        answer = await perform(
            info,
            "vault.disclose",
            lambda: {
                "entry_id": str(key_of(input.entry_id, "LedgerEntry", "entryId")),
                "fields": list(input.fields),
                "to": input.to,
                "reason": input.reason,
            },
            input.idempotency_key,
        )
        return DiscloseEntryPayload(
            command=answer.status, user_errors=answer.errors, file_base64=answer.result.get("file")
        )
