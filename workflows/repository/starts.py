"""SQL of what starts processes: messages, signals and timers of the deployed versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from workflows.repository.rows import Connection

_COLUMNS = "definition_id, definition_key, element, trigger, kind, name, since, due_at, fired"


@dataclass(frozen=True, slots=True)
class StartRow:
    """One trigger of one start of a deployed version.

    `name` is the message's or the signal's; `due_at` is when a timer starts the next case, `fired` how many
    it has started `since` the version was deployed.
    """

    definition_id: UUID
    definition_key: str
    element: str
    trigger: int
    kind: str
    name: str | None
    since: datetime
    due_at: datetime | None
    fired: int = 0


async def replace_starts(sql: Connection, definition_key: str, starts: Sequence[StartRow]) -> None:
    """Let a process start by these triggers, and no longer by those of an earlier version."""
    await sql.execute("DELETE FROM workflows.start_subscription WHERE definition_key = $1", definition_key)
    await sql.executemany(
        f"INSERT INTO workflows.start_subscription ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",  # noqa: S608 - constant columns
        [
            (
                start.definition_id,
                start.definition_key,
                start.element,
                start.trigger,
                start.kind,
                start.name,
                start.since,
                start.due_at,
                start.fired,
            )
            for start in starts
        ],
    )


async def starts_by(sql: Connection, kind: str, name: str) -> list[StartRow]:
    """Return what a message or a signal starts, by process."""
    rows = await sql.fetch(
        f"""
        SELECT {_COLUMNS} FROM workflows.start_subscription WHERE kind = $1 AND name = $2
         ORDER BY definition_key, element, trigger
        """,  # noqa: S608 - constant columns
        kind,
        name,
    )
    return [_start(row) for row in rows]


async def lock_due_starts(sql: Connection, at: datetime, *, limit: int) -> list[tuple[StartRow, datetime]]:
    """Return timers that are due and when, the earliest first, and keep other relays from them."""
    rows = await sql.fetch(
        f"""
        SELECT {_COLUMNS} FROM workflows.start_subscription WHERE due_at <= $1
         ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """,  # noqa: S608 - constant columns
        at,
        limit,
    )
    return [(_start(row), row["due_at"]) for row in rows]


async def set_next_start(sql: Connection, start: StartRow, due_at: datetime | None) -> None:
    """Note that a timer has started a case, and when it starts the next one, if it does."""
    await sql.execute(
        """
        UPDATE workflows.start_subscription SET due_at = $4, fired = fired + 1
         WHERE definition_id = $1 AND element = $2 AND trigger = $3
        """,
        start.definition_id,
        start.element,
        start.trigger,
        due_at,
    )


def _start(row: asyncpg.Record) -> StartRow:
    return StartRow(**dict(row))
