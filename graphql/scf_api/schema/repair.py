"""Mutations that repair cases: incidents are decided, tokens moved, cases cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
import strawberry
from strawberry.scalars import JSON

from scf_api import views
from scf_api.context import Info
from scf_api.pagination import Page
from scf_api.repository import Row, equals
from scf_api.schema.cases import Case, Incident
from scf_api.schema.commands import UserError
from scf_api.schema.describe import argument, enum, mutation, output, resolved
from scf_api.schema.performing import CommandStatus, perform, row_of
from scf_api.schema.relay import key_of, one

# How often a mutation looks whether every retry of a batch is decided.
_BATCH_POLL_SECONDS = 0.1


@argument
class RetryIncidentInput:
    """An incident to try again, after these variables are set."""

    idempotency_key: str
    incident_id: strawberry.ID
    variables: JSON | None = None


@argument
class SkipIncidentInput:
    """An incident whose element counts as done, with these variables as its result."""

    idempotency_key: str
    incident_id: strawberry.ID
    variables: JSON | None = None


@argument
class ThrowAtIncidentInput:
    """An incident at which a BPMN error is thrown."""

    idempotency_key: str
    incident_id: strawberry.ID
    error_code: str
    variables: JSON | None = None


@argument
class RetryIncidentsInput:
    """Incidents by their ids, at most 500; or the oldest 500 open ones of a product, element or code."""

    idempotency_key: str
    incident_ids: list[strawberry.ID] | None = None
    product: str | None = None
    element: str | None = None
    code: str | None = None


@argument
class ActivateInput:
    """An element that is to begin; the scope must be named where it could begin in several."""

    element: str
    scope: str | None = None
    variables: JSON | None = None


@argument
class ModifyCaseInput:
    """Tokens to end, by id (element:number) or by the element where only one stands; elements to begin."""

    idempotency_key: str
    case_id: strawberry.ID
    reason: str
    cancel: list[str] = strawberry.field(default_factory=list)
    activate: list[ActivateInput] = strawberry.field(default_factory=list)


@argument
class CancelCaseInput:
    """A case to cancel; with `compensate` what it has completed is undone first."""

    idempotency_key: str
    case_id: strawberry.ID
    reason: str
    compensate: bool = False


@enum
class RetryResult(Enum):
    """What became of one incident of a batch."""

    WAITING = "waiting"
    RETRIED = "retried"
    CLOSED = "closed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@output
class IncidentPayload:
    """What became of an incident."""

    command: CommandStatus | None
    user_errors: list[UserError]
    incident: Incident | None
    case: Case | None


@output
class CasePayload:
    """What became of a case."""

    command: CommandStatus | None
    user_errors: list[UserError]
    case: Case | None


@output
class RetriedIncident:
    """One incident of a batch; `raised` are the codes of what failed when it was tried again."""

    incident_key: strawberry.Private[object]
    result: RetryResult
    refusal: str | None = strawberry.field(description="The code with which it was refused.")
    raised: list[str]

    @classmethod
    def from_row(cls, row: Row) -> RetriedIncident:
        """Build it from a row of `workflows.retry_item_view`."""
        return cls(
            incident_key=row["incident_id"],
            result=RetryResult(row["result"]),
            refusal=row["refusal"],
            raised=[raised["code"] for raised in orjson.loads(row["raised"])],
        )

    @resolved
    async def incident(self, info: Info) -> Incident | None:
        """The incident, closed or still open."""
        return await one(info, views.INCIDENT, self.incident_key, Incident.from_row)


@output
class RetryIncidentsPayload:
    """What became of a batch; repeat the mutation as long as an item is WAITING."""

    command: CommandStatus | None
    user_errors: list[UserError]
    items: list[RetriedIncident]
    left: int = strawberry.field(description="Open incidents that fit, too, but were too many for one batch.")


@output
class RepairMutations:
    """Mutations for those who run operations."""

    @mutation
    async def retry_incident(self, info: Info, input: RetryIncidentInput) -> IncidentPayload:
        """Try again what failed."""
        return await _at_incident(info, "incident.retry", input, {})

    @mutation
    async def skip_incident(self, info: Info, input: SkipIncidentInput) -> IncidentPayload:
        """Count what failed as done, and go on."""
        return await _at_incident(info, "incident.skip", input, {})

    @mutation
    async def throw_at_incident(self, info: Info, input: ThrowAtIncidentInput) -> IncidentPayload:
        """Let the case take the way of an error event."""
        return await _at_incident(info, "incident.throw", input, {"error_code": input.error_code})

    @mutation
    async def retry_incidents(self, info: Info, input: RetryIncidentsInput) -> RetryIncidentsPayload:
        """Try many incidents again, each by a command of its own."""
        answer = await perform(info, "incident.retry-many", lambda: _batch(input), input.idempotency_key)
        rows: Sequence[Row] = ()
        if "batch_id" in answer.result:
            rows = await _decided_items(info, UUID(answer.result["batch_id"]), answer.result["chosen"])
        return RetryIncidentsPayload(
            command=answer.status,
            user_errors=answer.errors,
            items=[RetriedIncident.from_row(row) for row in rows],
            left=answer.result.get("left", 0),
        )

    @mutation
    async def modify_case(self, info: Info, input: ModifyCaseInput) -> CasePayload:
        """End tokens of a running case and let elements begin."""
        payload = {
            "cancel": input.cancel,
            "activate": [
                {"element": each.element, "scope": each.scope, **_variables(each.variables)}
                for each in input.activate
            ],
            "reason": input.reason,
        }
        return await _at_case(info, "case.modify", input, payload)

    @mutation
    async def cancel_case(self, info: Info, input: CancelCaseInput) -> CasePayload:
        """End a case, at once or after undoing what it has completed."""
        payload = {"reason": input.reason, "compensate": input.compensate}
        return await _at_case(info, "case.cancel", input, payload)


async def _at_incident(
    info: Info,
    kind: str,
    input: RetryIncidentInput | SkipIncidentInput | ThrowAtIncidentInput,
    fields: dict[str, Any],
) -> IncidentPayload:
    def payload() -> dict[str, Any]:
        incident_id = str(key_of(input.incident_id, "Incident", "incidentId"))
        return {"incident_id": incident_id, **_variables(input.variables), **fields}

    answer = await perform(info, kind, payload, input.idempotency_key)
    incident = None
    if answer.status is not None:
        incident = await info.context.one(views.INCIDENT, key_of(input.incident_id, "Incident", "incidentId"))
    case = await row_of(info, views.CASE, answer, "case_id")
    return IncidentPayload(
        command=answer.status,
        user_errors=answer.errors,
        incident=Incident.from_row(incident) if incident else None,
        case=Case.from_row(case) if case else None,
    )


async def _at_case(
    info: Info, kind: str, input: ModifyCaseInput | CancelCaseInput, payload: dict[str, Any]
) -> CasePayload:
    answer = await perform(
        info,
        kind,
        lambda: payload,
        input.idempotency_key,
        case_id=lambda: key_of(input.case_id, "Case", "caseId"),
    )
    row = await row_of(info, views.CASE, answer, "case_id")
    return CasePayload(
        command=answer.status, user_errors=answer.errors, case=Case.from_row(row) if row else None
    )


def _variables(given: JSON | None) -> dict[str, Any]:
    return {} if given is None else {"variables": given}


def _batch(input: RetryIncidentsInput) -> dict[str, Any]:
    filters = {"product": input.product, "element": input.element, "code": input.code}
    payload: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
    if input.incident_ids is not None:
        payload["incident_ids"] = [
            str(key_of(each, "Incident", "incidentIds")) for each in input.incident_ids
        ]
    return payload


async def _decided_items(info: Info, batch_id: UUID, chosen: int) -> Sequence[Row]:
    """Return a batch's items when each is decided, or as they are when that takes longer than a moment."""
    context = info.context
    page = Page(chosen, None)
    rows: Sequence[Row] = ()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(context.settings.command_wait.total_seconds()):
            while True:
                found = await context.repository.page(
                    views.RETRY_ITEM,
                    context.scope(views.RETRY_ITEM.area),
                    page,
                    equals("batch_id", batch_id),
                )
                rows = [row for _, row in found.rows]
                if all(row["result"] != "waiting" for row in rows):
                    break
                await asyncio.sleep(_BATCH_POLL_SECONDS)
    return rows
