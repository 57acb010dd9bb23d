"""Mutations that bring messages and signals to cases, and to the processes that begin with them."""

from __future__ import annotations

from enum import Enum
from typing import Any

import strawberry
from strawberry.scalars import JSON

from scf_api.context import Info
from scf_api.schema.cases import Case
from scf_api.schema.commands import UserError
from scf_api.schema.describe import argument, enum, mutation, output
from scf_api.schema.performing import CommandStatus, perform, started_case
from scf_api.schema.relay import key_of


@argument
class CorrelateMessageInput:
    """A message for the case that waits for its name and key, or for a named case.

    `timeToLive` are the seconds for which it is kept when nobody waits: 0 is not at all, left out is the
    platform's default. Of one name and key each `messageId` is taken once, whatever its idempotencyKey.
    """

    idempotency_key: str
    name: str
    correlation_key: str = ""
    message_id: str | None = None
    time_to_live: int | None = None
    variables: JSON | None = None
    case_id: strawberry.ID | None = None


@argument
class BroadcastSignalInput:
    """A signal for every case that waits for its name now, and every process that begins with it."""

    idempotency_key: str
    name: str
    variables: JSON | None = None


@enum
class MessageResult(Enum):
    """What became of a message; repeat the mutation to hear what has become of it since."""

    SENT = "sent"
    DELIVERED = "delivered"
    STARTED = "started"
    KEPT = "kept"
    EXPIRED = "expired"
    TAKEN = "taken"
    REFUSED = "refused"


@output
class CorrelateMessagePayload:
    """What became of a message.

    SENT is on its way to `case`, DELIVERED was taken by it, STARTED has begun it; KEPT waits for a case,
    EXPIRED found none in its time, TAKEN was there before, REFUSED could not be taken by who waited.
    """

    command: CommandStatus | None
    user_errors: list[UserError]
    result: MessageResult | None
    case: Case | None


@output
class BroadcastSignalPayload:
    """How far a signal came: how many cases waited and get it, each once, and how many it starts."""

    command: CommandStatus | None
    user_errors: list[UserError]
    reached: int | None
    started: int | None


@output
class EventMutations:
    """Mutations for those who stand in for the outside world."""

    @mutation
    async def correlate_message(self, info: Info, input: CorrelateMessageInput) -> CorrelateMessagePayload:
        """Bring a message to the case that waits for it, to the process that it starts, or keep it."""
        payload = {
            "name": input.name,
            "key": input.correlation_key or None,
            "message_id": input.message_id,
            "ttl": input.time_to_live,
            "variables": input.variables,
        }
        answer = await perform(
            info,
            "message.correlate",
            lambda: _given(payload),
            input.idempotency_key,
            case_id=lambda: key_of(input.case_id, "Case", "caseId"),
        )
        became = answer.result.get("message")
        row = None if became in (None, "kept", "expired") else await started_case(info, answer)
        return CorrelateMessagePayload(
            command=answer.status,
            user_errors=answer.errors,
            result=MessageResult(became) if became else None,
            case=Case.from_row(row) if row else None,
        )

    @mutation
    async def broadcast_signal(self, info: Info, input: BroadcastSignalInput) -> BroadcastSignalPayload:
        """Bring a signal to every case that waits for it, and start what it starts."""
        payload = {"name": input.name, "variables": input.variables}
        answer = await perform(info, "signal.broadcast", lambda: _given(payload), input.idempotency_key)
        return BroadcastSignalPayload(
            command=answer.status,
            user_errors=answer.errors,
            reached=answer.result.get("reached"),
            started=answer.result.get("started"),
        )


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that the caller has set."""
    return {name: value for name, value in fields.items() if value is not None}
