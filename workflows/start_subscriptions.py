"""What starts a deployed version by itself: its messages, signals and timers, as rows that are looked up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from bpmn import BpmnError, Model, Trigger
from core import InvalidInput
from workflows import repository
from workflows.repository import Connection, StartRow

SERVED = frozenset({"message", "signal", "timer"})
"""The triggers by which the platform starts cases; a condition is asked when somebody starts one."""


async def replace(sql: Connection, definition_id: UUID, key: str, model: Model, at: datetime) -> None:
    """Let the version that is deployed now start cases, and none of those before it.

    Args:
        sql: the connection of the deployment's transaction.
        definition_id: the version.
        key: the key of its process.
        model: what it compiles to.
        at: the real time of the deployment, from which timers run.

    Raises:
        InvalidInput: `start.every_not_served`, or what a name or time that cannot be told raises
            (`start.…`, `timer.…`, `feel.…`).
    """
    await repository.replace_starts(sql, key, list(_starts(definition_id, key, model, at)))


async def withdraw(sql: Connection, key: str) -> None:
    """Let no version of a process start cases by itself: none is deployed."""
    await repository.replace_starts(sql, key, [])


def next_due(trigger: Trigger, start: StartRow, due_at: datetime) -> datetime | None:
    """Return when a timer that fires at `due_at` starts the next case; None: never again."""
    return trigger.next_moment(start.since, due_at, start.fired + 1)


def _starts(definition_id: UUID, key: str, model: Model, at: datetime) -> Iterator[StartRow]:
    for start in model.starts:
        if start.element is None:
            continue
        if start.every and len(start.triggers) > 1:
            raise InvalidInput(
                "start.every_not_served",
                "Nobody gathers the several triggers that have to come before this start begins a case.",
                where=start.element,
                hint="Start by one of them, and wait for the others in the case.",
            )
        for number, trigger in enumerate(start.triggers):
            if trigger.kind in SERVED:
                yield _row(definition_id, key, start.element, number, trigger, at)


def _row(
    definition_id: UUID, key: str, element: str, number: int, trigger: Trigger, at: datetime
) -> StartRow:
    name, due_at = None, None
    try:
        if trigger.kind == "timer":
            due_at = next(iter(trigger.moments(at)), None)
        else:
            name = trigger.name(at)
    except BpmnError as wrong:
        raise InvalidInput(wrong.code, wrong.message, where=element, hint=wrong.hint) from wrong
    if trigger.kind != "timer" and (not isinstance(name, str) or not name):
        raise InvalidInput(
            "start.no_name",
            f"The name of the {trigger.kind} gives no text.",
            where=element,
            hint="Write the name, or an expression that gives a text.",
        )
    return StartRow(
        definition_id=definition_id,
        definition_key=key,
        element=element,
        trigger=number,
        kind=trigger.kind,
        name=name if isinstance(name, str) else None,
        since=at,
        due_at=due_at,
    )
