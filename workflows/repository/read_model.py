"""SQL of what a burst writes for others to read: steps, and what opened and closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from workflows.repository.writes import Writes


def insert_steps(
    writes: Writes, case_id: UUID, entry_id: UUID, actor: str, steps: Sequence[Mapping[str, Any]]
) -> None:
    """Store the element steps of a burst in one statement."""
    writes.add(
        """
        INSERT INTO workflows.step
            (case_id, seq, element, element_name, element_type, kind, actor, at, entry_id, data)
        SELECT $1, seq, element, element_name, element_type, kind, $3, at, $2, data
          FROM jsonb_to_recordset($4::jsonb) AS s
               (seq bigint, element text, element_name text, element_type text, kind text,
                at timestamptz, data jsonb)
        """,
        case_id,
        entry_id,
        actor,
        orjson.dumps(steps).decode(),
    )


def insert_tasks(writes: Writes, case_id: UUID, tasks: Sequence[Mapping[str, Any]]) -> None:
    """Store the tasks that a burst opened."""
    writes.add(
        """
        INSERT INTO workflows.task (id, case_id, kernel_id, element, name, state, form_id, four_eyes,
                                    candidate_groups, candidate_users, assignee, priority, due, follow_up,
                                    escalate_to, variables, created_at, requires_signature)
        SELECT id, $1, kernel_id, element, name, 'open', form_id, four_eyes, candidate_groups,
               candidate_users, assignee, priority, due, follow_up, escalate_to, variables, created_at,
               requires_signature
          FROM jsonb_to_recordset($2::jsonb) AS t
               (id uuid, kernel_id text, element text, name text, form_id text, four_eyes text,
                candidate_groups text[], candidate_users text[], assignee text, priority int,
                due timestamptz, follow_up timestamptz, escalate_to text[], variables jsonb,
                created_at timestamptz, requires_signature boolean)
        """,
        case_id,
        orjson.dumps(tasks).decode(),
    )


def close_tasks(
    writes: Writes, case_id: UUID, kernel_ids: Iterable[str], *, completed: str | None, by: str, at: datetime
) -> None:
    """Close tasks: `completed` is the one that `by` completed, the rest are cancelled. Drafts are over."""
    closed = list(kernel_ids)
    writes.add(
        """
        UPDATE workflows.task
           SET state = CASE WHEN kernel_id = $3 THEN 'completed' ELSE 'cancelled' END,
               completed_at = $5, completed_by = CASE WHEN kernel_id = $3 THEN $4 END
         WHERE case_id = $1 AND kernel_id = ANY ($2::text[])
        """,
        case_id,
        closed,
        completed,
        by,
        at,
    )
    writes.add(
        """
        DELETE FROM workflows.task_draft WHERE task_id IN (
            SELECT id FROM workflows.task WHERE case_id = $1 AND kernel_id = ANY ($2::text[]))
        """,
        case_id,
        closed,
    )


def insert_incidents(writes: Writes, case_id: UUID, incidents: Sequence[Mapping[str, Any]]) -> None:
    """Store the incidents that a burst raised."""
    writes.add(
        """
        INSERT INTO workflows.incident (id, case_id, kernel_id, element, code, message, state, raised_at)
        SELECT id, $1, kernel_id, element, code, message, 'open', raised_at
          FROM jsonb_to_recordset($2::jsonb) AS i
               (id uuid, kernel_id text, element text, code text, message text, raised_at timestamptz)
        """,
        case_id,
        orjson.dumps(incidents).decode(),
    )


def resolve_incidents(writes: Writes, case_id: UUID, kernel_ids: Iterable[str], at: datetime) -> None:
    """Close incidents that are no longer open."""
    writes.add(
        """
        UPDATE workflows.incident SET state = 'resolved', resolved_at = $3
         WHERE case_id = $1 AND kernel_id = ANY ($2::text[])
        """,
        case_id,
        list(kernel_ids),
        at,
    )


def insert_subscriptions(writes: Writes, case_id: UUID, subscriptions: Sequence[Mapping[str, Any]]) -> None:
    """Store the messages that a case has begun to wait for."""
    writes.add(
        """
        INSERT INTO workflows.subscription (id, case_id, kernel_id, element, message, key)
        SELECT id, $1, kernel_id, element, message, key
          FROM jsonb_to_recordset($2::jsonb) AS s
               (id uuid, kernel_id text, element text, message text, key text)
        """,
        case_id,
        orjson.dumps(subscriptions).decode(),
    )


def delete_subscriptions(writes: Writes, case_id: UUID, kernel_ids: Iterable[str]) -> None:
    """Forget the messages that a case waits for no longer."""
    writes.add(
        "DELETE FROM workflows.subscription WHERE case_id = $1 AND kernel_id = ANY ($2::text[])",
        case_id,
        list(kernel_ids),
    )
