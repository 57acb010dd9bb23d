"""Several tasks in one request: each is a command of its own, so that what one is refused holds no other."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from core import ScfError, Transaction
from workflows.commands import refused, submit
from workflows.repository import CommandRow
from workflows.task_payloads import ClaimTasks, CompleteTask, CompleteTasks


async def accept_each(
    tx: Transaction, command: CommandRow, payload: ClaimTasks | CompleteTasks
) -> Mapping[str, Any]:
    """Accept a command for each task, under a key that derives from this command.

    Returns:
        `items`: for each task, in the order asked for, `task_id` and either the `command_id` whose outcome
        tells what became of it, or the `error` for which not even a command was accepted.
    """
    return {"items": [await _accept(tx, command, *each) for each in _each(payload)]}


def _each(payload: ClaimTasks | CompleteTasks) -> Iterator[tuple[str, UUID, Mapping[str, Any]]]:
    if isinstance(payload, ClaimTasks):
        for task_id in payload.task_ids:
            yield "task.claim", task_id, {}
    else:
        for item in payload.items:
            yield (
                "task.complete",
                item.task_id,
                {"variables": item.variables, "statement": item.statement, **_signed(item)},
            )


def _signed(item: CompleteTask) -> Mapping[str, Any]:
    if item.signed is None:
        return {}
    signature = base64.b64encode(item.signed.signature).decode()
    return {"signed": {"statement": item.signed.statement, "signature": signature}}


async def _accept(
    tx: Transaction, command: CommandRow, kind: str, task_id: UUID, fields: Mapping[str, Any]
) -> Mapping[str, Any]:
    try:
        receipt = await submit(
            tx,
            kind=kind,
            actor=command.actor,
            payload={"task_id": str(task_id), **fields},
            idempotency_key=f"{command.id}/{task_id}",
        )
    except ScfError as error:
        return {"task_id": str(task_id), **refused(error)}
    return {"task_id": str(task_id), "command_id": str(receipt.command_id)}
