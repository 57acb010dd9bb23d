"""Repairs: what people do to a case that stands still or stands wrong, and what its ledger entry says of it.

Retry, skip or throw at an incident, move tokens, cancel. Each is one command of the kernel; a migration
(`workflows.case_migration`) is told of here, too. Who may submit it stands in `workflows.commands`. The
entry's statement says what moved, from where to where; the reason and the values, which may be about persons,
stay in the payload that the entry commits to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from bpmn import Activation, Cancel, Command, Modify, ResolveIncident, SkipElement, ThrowAtIncident
from bpmn.values import Value, from_json
from core import Conflict
from workflows import logged, payloads, repository
from workflows.burst import Burst
from workflows.carried_over import renamed
from workflows.logged import Migrate
from workflows.read_model import incident_id
from workflows.repository import Connection

Repair = (
    payloads.RetryIncident
    | payloads.SkipIncident
    | payloads.ThrowAtIncident
    | payloads.ModifyCase
    | payloads.CancelCase
)


async def plan(sql: Connection, payload: Repair, at: datetime) -> Command:
    """Return what a repair asks of the kernel.

    Raises:
        Conflict: `incident.closed`.
        BpmnError: `value.bad_json`, when a variable is no value.
    """
    match payload:
        case payloads.RetryIncident(variables=variables):
            return ResolveIncident(at, await _open(sql, payload.incident_id), _values(variables))
        case payloads.SkipIncident(variables=variables):
            return SkipElement(at, await _open(sql, payload.incident_id), _values(variables))
        case payloads.ThrowAtIncident(error_code=code, variables=variables):
            return ThrowAtIncident(at, await _open(sql, payload.incident_id), code, _values(variables))
        case payloads.ModifyCase(cancel=cancel, activate=activate, reason=reason):
            begin = tuple(Activation(each.element, each.scope, _values(each.variables)) for each in activate)
            return Modify(at, cancel, begin, reason)
        case payloads.CancelCase(reason=reason, compensate=compensate):
            return Cancel(at, reason, compensate)


def statement(command: Command, burst: Burst) -> Mapping[str, Any] | None:
    """Return what a repair did, for the case's entry; None for what is no repair."""
    match command:
        case Modify():
            (moved,) = _told(burst, "instance.modified")
            return {"cancelled": moved["cancelled"], "activated": moved["activated"]}
        case ResolveIncident():
            return _at_incident(command, burst, "retried")
        case SkipElement():
            return _at_incident(command, burst, "skipped")
        case ThrowAtIncident(error_code=code):
            return {**_at_incident(command, burst, "thrown"), "error": code}
        case Migrate():
            return logged.statement(command, burst.before)
        case Cancel(compensate=True):
            return {
                "undone": [
                    name for told in _told(burst, "instance.cancelling") for name in told["activities"]
                ]
            }
        case _:
            return None


def result(case_id: UUID, command: Command, burst: Burst) -> Mapping[str, Any]:
    """Return what a repair led to: the incidents that were raised, perhaps the same one again."""
    if not isinstance(command, ResolveIncident | SkipElement | ThrowAtIncident | Modify | Migrate):
        return {}
    ids = renamed(burst)
    known = {ids.get(incident.id, incident.id) for incident in burst.before.incidents}
    return {
        "raised": [
            {
                "incident_id": str(incident_id(case_id, incident.id)),
                "element": incident.element,
                "code": incident.code,
            }
            for incident in burst.state.incidents
            if incident.id not in known
        ]
    }


def _at_incident(
    command: ResolveIncident | SkipElement | ThrowAtIncident, burst: Burst, action: str
) -> Mapping[str, Any]:
    stopped = next(each for each in burst.before.incidents if each.id == command.incident)
    return {
        "action": action,
        "incident": stopped.id,
        "element": stopped.element,
        "code": stopped.code,
        "variables": sorted(command.variables),
    }


def _told(burst: Burst, kind: str) -> list[Mapping[str, Any]]:
    return [event.data for event in burst.events if event.kind == kind]


async def _open(sql: Connection, incident_id: UUID) -> str:
    kernel_id = await repository.open_incident(sql, incident_id)
    if kernel_id is None:
        raise Conflict("incident.closed", f"The incident {incident_id} is not open.")
    return kernel_id


def _values(variables: Mapping[str, Any]) -> dict[str, Value]:
    return {name: from_json(value) for name, value in variables.items()}
