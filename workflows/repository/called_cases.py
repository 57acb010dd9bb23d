"""SQL of called cases: which case a call of another one runs, and whether that one still waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from workflows.repository.rows import Connection


@dataclass(frozen=True, slots=True)
class CalledCase:
    """A case that another one has called by the job `wait` of its kernel, for the `attempt`th time."""

    child_id: UUID
    parent_id: UUID
    wait: int
    attempt: int
    element: str
    depth: int
    started_by: UUID


@dataclass(frozen=True, slots=True)
class Caller:
    """The case that called another one; `given` are the variables with which that one was started."""

    case_id: UUID
    awaits: bool
    given: Mapping[str, Any]


async def insert_called_cases(sql: Connection, calls: Sequence[CalledCase]) -> None:
    """Store which cases a burst has called."""
    await sql.executemany(
        """
        INSERT INTO workflows.called_case (child_id, parent_id, wait, attempt, element, depth, started_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [
            (
                call.child_id,
                call.parent_id,
                call.wait,
                call.attempt,
                call.element,
                call.depth,
                call.started_by,
            )
            for call in calls
        ],
    )


async def attempts(sql: Connection, parent_id: UUID, waits: Iterable[int]) -> Mapping[int, int]:
    """Return how often each of these jobs has called a case already."""
    rows = await sql.fetch(
        """
        SELECT wait, max(attempt) AS attempts FROM workflows.called_case
         WHERE parent_id = $1 AND wait = ANY ($2::bigint[]) GROUP BY wait
        """,
        parent_id,
        list(waits),
    )
    return {row["wait"]: row["attempts"] for row in rows}


async def stop_awaiting(sql: Connection, parent_id: UUID, waits: Iterable[int]) -> list[UUID]:
    """Note that a case waits for what these jobs called no longer; return the cases that have not ended."""
    rows = await sql.fetch(
        """
        UPDATE workflows.called_case SET awaited = false
         WHERE parent_id = $1 AND wait = ANY ($2::bigint[]) AND awaited
        RETURNING child_id, ended
        """,
        parent_id,
        list(waits),
    )
    return [row["child_id"] for row in rows if not row["ended"]]


async def end_called_case(sql: Connection, child_id: UUID) -> Caller | None:
    """Note that a case is over, or was never begun; return who called it, None for a case that nobody did."""
    return _caller(
        await sql.fetchrow(
            """
            UPDATE workflows.called_case k SET ended = true FROM workflows.command c
             WHERE k.child_id = $1 AND c.id = k.started_by
            RETURNING k.parent_id, k.awaited, c.payload -> 'variables' AS given
            """,
            child_id,
        )
    )


async def caller_of(sql: Connection, child_id: UUID) -> Caller | None:
    """Return who called a case, None for one that nobody did."""
    return _caller(
        await sql.fetchrow(
            """
            SELECT k.parent_id, k.awaited, c.payload -> 'variables' AS given
              FROM workflows.called_case k JOIN workflows.command c ON c.id = k.started_by
             WHERE k.child_id = $1
            """,
            child_id,
        )
    )


async def depth_of(sql: Connection, case_id: UUID) -> int:
    """Return how many calls led to a case; 0 for one that nobody called."""
    return (await sql.fetchval("SELECT depth FROM workflows.called_case WHERE child_id = $1", case_id)) or 0


async def awaited_call(sql: Connection, parent_id: UUID, child_id: UUID) -> int | None:
    """Return the job by which a case waits for another one, None when it waits no longer."""
    found: int | None = await sql.fetchval(
        "SELECT wait FROM workflows.called_case WHERE child_id = $2 AND parent_id = $1 AND awaited",
        parent_id,
        child_id,
    )
    return found


def _caller(row: Any) -> Caller | None:
    return Caller(row["parent_id"], row["awaited"], orjson.loads(row["given"])) if row else None
