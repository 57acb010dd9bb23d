"""SQL of what a migrated case keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from workflows.repository.rows import Connection

_WITH_KERNEL_ID = ("task", "incident", "subscription", "signal_subscription", "remote_job")


async def rename_waits(sql: Connection, case_id: UUID, renamed: Mapping[str, str]) -> None:
    """Let the rows of what goes on under another id of the kernel follow it (old id → new id)."""
    if not renamed:
        return
    for table in _WITH_KERNEL_ID:
        await sql.execute(
            f"""
            UPDATE workflows.{table} t SET kernel_id = r.now, element = r.element
              FROM unnest($2::text[], $3::text[], $4::text[]) AS r (was, now, element)
             WHERE t.case_id = $1 AND t.kernel_id = r.was
            """,  # noqa: S608 - constant tables
            case_id,
            list(renamed),
            list(renamed.values()),
            [now.rpartition(":")[0] for now in renamed.values()],
        )
    # A called case is known by the number in the id, which stays.
    await sql.execute(
        """
        UPDATE workflows.called_case k SET element = r.element
          FROM unnest($2::bigint[], $3::text[]) AS r (wait, element)
         WHERE k.parent_id = $1 AND k.wait = r.wait AND k.awaited
        """,
        case_id,
        [int(now.rpartition(":")[2]) for now in renamed.values()],
        [now.rpartition(":")[0] for now in renamed.values()],
    )


async def keep_forms(sql: Connection, case_id: UUID, definition_id: UUID) -> None:
    """Let the tasks that a case has had on this version go on showing its forms."""
    await sql.execute(
        """
        UPDATE workflows.task SET form_definition_id = $2
         WHERE case_id = $1 AND form_id IS NOT NULL AND form_definition_id IS NULL
        """,
        case_id,
        definition_id,
    )


async def retell_tasks(sql: Connection, case_id: UUID, tasks: Sequence[Mapping[str, Any]]) -> None:
    """Store what a new version says of open tasks. Four eyes and required signatures are never lost."""
    await sql.execute(
        """
        UPDATE workflows.task t
           SET name = n.name, four_eyes = coalesce(n.four_eyes, t.four_eyes), escalate_to = n.escalate_to,
               requires_signature = n.requires_signature OR t.requires_signature
          FROM jsonb_to_recordset($2::jsonb) AS n
               (kernel_id text, name text, four_eyes text, escalate_to text[], requires_signature boolean)
         WHERE t.case_id = $1 AND t.kernel_id = n.kernel_id
        """,
        case_id,
        orjson.dumps(tasks).decode(),
    )


async def four_eyes_begun(sql: Connection, case_ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """Return, for each of these cases that has any, the four-eyes groups of its completed tasks."""
    rows = await sql.fetch(
        """
        SELECT case_id, array_agg(DISTINCT four_eyes) AS groups FROM workflows.task
         WHERE case_id = ANY ($1::uuid[]) AND four_eyes IS NOT NULL AND state = 'completed' GROUP BY case_id
        """,
        list(case_ids),
    )
    return {row["case_id"]: frozenset(row["groups"]) for row in rows}
