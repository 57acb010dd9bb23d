"""SQL of user tasks and incidents, as commands about them need it."""

from __future__ import annotations

from uuid import UUID

from workflows.repository.cases import read_case
from workflows.repository.rows import CaseRow, Connection, TaskRow


async def task(sql: Connection, task_id: UUID) -> TaskRow | None:
    """Read a task. Hold its case first when the task is to be changed."""
    row = await sql.fetchrow(
        """
        SELECT id, case_id, kernel_id, element, name, state, form_id, four_eyes, candidate_groups,
               candidate_users, assignee
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
    )


async def claim_task(sql: Connection, task_id: UUID, assignee: str) -> None:
    """Give a task to a person."""
    await sql.execute(
        "UPDATE workflows.task SET state = 'claimed', assignee = $2 WHERE id = $1", task_id, assignee
    )


async def completed_same_eyes(sql: Connection, case_id: UUID, four_eyes: str, person: str) -> str | None:
    """Return the element of a task of the same four-eyes group that the person has completed in this case."""
    element: str | None = await sql.fetchval(
        """
        SELECT element FROM workflows.task
         WHERE case_id = $1 AND four_eyes = $2 AND completed_by = $3 AND state = 'completed' LIMIT 1
        """,
        case_id,
        four_eyes,
        person,
    )
    return element


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
