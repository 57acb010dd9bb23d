"""SQL of user tasks and incidents, as commands about them need it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from workflows.repository.cases import read_case
from workflows.repository.rows import CaseRow, Connection, OverdueRow, TaskRow, json_of


async def task(sql: Connection, task_id: UUID) -> TaskRow | None:
    """Read a task. Hold its case first when the task is to be changed."""
    row = await sql.fetchrow(
        """
        SELECT id, case_id, kernel_id, element, name, state, form_id, four_eyes, candidate_groups,
               candidate_users, assignee, delegators, escalate_to, overdue_since,
               form_definition_id, requires_signature
          FROM workflows.task WHERE id = $1
        """,
        task_id,
    )
    if row is None:
        return None
    return TaskRow(
        id=row["id"],
        case_id=row["case_id"],
        kernel_id=row["kernel_id"],
        element=row["element"],
        name=row["name"],
        state=row["state"],
        form_id=row["form_id"],
        four_eyes=row["four_eyes"],
        candidate_groups=frozenset(row["candidate_groups"]),
        candidate_users=frozenset(row["candidate_users"]),
        assignee=row["assignee"],
        delegators=tuple(row["delegators"]),
        escalate_to=frozenset(row["escalate_to"]),
        overdue=row["overdue_since"] is not None,
        form_definition_id=row["form_definition_id"],
        requires_signature=row["requires_signature"],
    )


async def shown_by_task(sql: Connection, task_id: UUID) -> tuple[Any, Any]:
    """Return what a task shows: its variables, and its form if it has one."""
    row = await sql.fetchrow("SELECT variables, form FROM workflows.task_view WHERE id = $1", task_id)
    return (json_of(row["variables"]), json_of(row["form"])) if row else ({}, None)


async def hold_task(sql: Connection, task_id: UUID, assignee: str | None, delegators: Sequence[str]) -> None:
    """Store who has a task, on whose behalf; None leaves it to all whom it is for."""
    await sql.execute(
        """
        UPDATE workflows.task
           SET state = CASE WHEN $2::text IS NULL THEN 'open' ELSE 'claimed' END, assignee = $2,
               delegators = $3
         WHERE id = $1
        """,
        task_id,
        assignee,
        list(delegators),
    )


async def schedule_task(sql: Connection, task_id: UUID, follow_up: datetime | None) -> None:
    """Store when to come back to a task."""
    await sql.execute("UPDATE workflows.task SET follow_up = $2 WHERE id = $1", task_id, follow_up)


async def insert_comment(
    sql: Connection, comment_id: UUID, task_id: UUID, *, author: str, text: str, at: datetime, entry_id: UUID
) -> None:
    """Store a remark about a task."""
    await sql.execute(
        """
        INSERT INTO workflows.task_comment (id, task_id, author, text, at, entry_id)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        comment_id,
        task_id,
        author,
        text,
        at,
        entry_id,
    )


async def put_draft(
    sql: Connection,
    draft_id: UUID,
    task_id: UUID,
    *,
    person: str,
    answers: Mapping[str, Any],
    at: datetime,
) -> None:
    """Store what a person has filled in so far, in place of what was there."""
    await sql.execute(
        """
        INSERT INTO workflows.task_draft (id, task_id, person, answers, saved_at)
        VALUES ($1, $2, $3, $4::jsonb, $5)
        ON CONFLICT (id) DO UPDATE SET answers = excluded.answers, saved_at = excluded.saved_at
        """,
        draft_id,
        task_id,
        person,
        orjson.dumps(answers).decode(),
        at,
    )


async def mark_overdue(sql: Connection, case_id: UUID, kernel_ids: Iterable[str]) -> list[OverdueRow]:
    """Mark tasks as overdue since they were due, and open them to whom they are escalated.

    Returns those that were not marked before.
    """
    rows = await sql.fetch(
        """
        UPDATE workflows.task
           SET overdue_since = due,
               candidate_groups = candidate_groups || ARRAY(
                   SELECT role FROM unnest(escalate_to) AS role WHERE role <> ALL (candidate_groups))
         WHERE case_id = $1 AND kernel_id = ANY ($2::text[]) AND overdue_since IS NULL
         RETURNING id, element, due, escalate_to
        """,
        case_id,
        list(kernel_ids),
    )
    return [OverdueRow(row["id"], row["element"], row["due"], tuple(row["escalate_to"])) for row in rows]


async def part_in_same_eyes(
    sql: Connection, case_id: UUID, four_eyes: str, people: Sequence[str]
) -> tuple[str, str] | None:
    """Return who of these had a part in a completed task of the group, and that task's element.

    Whoever completed it had a part in it, and whoever had delegated it.
    """
    row = await sql.fetchrow(
        """
        SELECT person, t.element
          FROM workflows.task t CROSS JOIN unnest(t.delegators || t.completed_by) AS person
         WHERE t.case_id = $1 AND t.four_eyes = $2 AND t.state = 'completed' AND person = ANY ($3::text[])
         LIMIT 1
        """,
        case_id,
        four_eyes,
        list(people),
    )
    return (row["person"], row["element"]) if row else None


async def case_of_task(sql: Connection, task_id: UUID) -> CaseRow | None:
    """Return the case that a task belongs to."""
    return await _case_of(sql, "task", task_id)


async def case_of_incident(sql: Connection, incident_id: UUID) -> CaseRow | None:
    """Return the case that an incident belongs to."""
    return await _case_of(sql, "incident", incident_id)


async def open_incident(sql: Connection, incident_id: UUID) -> str | None:
    """Return the kernel's id of an open incident."""
    kernel_id: str | None = await sql.fetchval(
        "SELECT kernel_id FROM workflows.incident WHERE id = $1 AND state = 'open'", incident_id
    )
    return kernel_id


async def _case_of(sql: Connection, table: str, row_id: UUID) -> CaseRow | None:
    case_id = await sql.fetchval(
        f"SELECT case_id FROM workflows.{table} WHERE id = $1",  # noqa: S608 - constant table
        row_id,
    )
    return await read_case(sql, case_id) if case_id else None
