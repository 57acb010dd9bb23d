"""Retrying many incidents at once: a command of its own for each, and what became of each is told.

The batch itself changes no case: it submits one `incident.retry` per open incident in its own transaction,
and each of those is carried out, or refused, in its case. `workflows.retry_item_view` tells of each incident
whether it is `waiting`, was `retried`, was `closed` already, was `refused` and why, or is `unknown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core import Transaction, derived_id
from workflows import payloads, repository
from workflows.commands import submit_follow_up
from workflows.repository import CommandRow, IncidentRow, RetryItem


async def retry_many(
    tx: Transaction, command: CommandRow, payload: payloads.RetryIncidents
) -> Mapping[str, Any]:
    """Submit a retry for each incident that is open; returns how many were chosen and how many are left."""
    if payload.incident_ids:
        found = {
            incident.id: incident for incident in await repository.incidents(tx.sql, payload.incident_ids)
        }
        chosen, left = list(payload.incident_ids), 0
    else:
        listed, total = await repository.open_incidents(
            tx.sql,
            product=payload.product,
            element=payload.element,
            code=payload.code,
            limit=payloads.RETRIES_LIMIT,
        )
        found = {incident.id: incident for incident in listed}
        chosen, left = list(found), total - len(listed)
    items = [
        RetryItem(
            id=derived_id("retry-item", command.id, incident_id),
            batch_id=command.id,
            position=position,
            incident_id=incident_id,
            command_id=await _retry(tx, command, found.get(incident_id)),
        )
        for position, incident_id in enumerate(chosen, 1)
    ]
    await repository.insert_retry_items(tx.sql, items)
    submitted = sum(item.command_id is not None for item in items)
    return {
        "batch_id": str(command.id),
        "chosen": len(items),
        "submitted": submitted,
        "left": left,
    }


async def _retry(tx: Transaction, command: CommandRow, incident: IncidentRow | None) -> UUID | None:
    """Submit the retry of an incident; None when there is nothing to retry."""
    if incident is None or not incident.is_open:
        return None
    receipt = await submit_follow_up(
        tx,
        kind="incident.retry",
        actor=command.actor,
        payload={"incident_id": str(incident.id)},
        cause=command.id,
        case_id=incident.case_id,
        part=str(incident.id),
    )
    return receipt.command_id
