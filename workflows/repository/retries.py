"""SQL of retrying many incidents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from workflows.repository.rows import Connection


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident, its case, and whether it is open."""

    id: UUID
    case_id: UUID
    is_open: bool


@dataclass(frozen=True, slots=True)
class RetryItem:
    """One incident of a batch; `command_id` is the command that retries it."""

    id: UUID
    batch_id: UUID
    position: int
    incident_id: UUID
    command_id: UUID | None


async def incidents(sql: Connection, ids: Sequence[UUID]) -> list[IncidentRow]:
    """Return the incidents with these ids; those that are unknown are left out."""
    rows = await sql.fetch(
        "SELECT id, case_id, state = 'open' AS is_open FROM workflows.incident WHERE id = ANY ($1::uuid[])",
        list(ids),
    )
    return [IncidentRow(row["id"], row["case_id"], row["is_open"]) for row in rows]


async def open_incidents(
    sql: Connection, *, product: str | None, element: str | None, code: str | None, limit: int
) -> tuple[list[IncidentRow], int]:
    """Return the oldest open incidents that fit, at most `limit`, and how many fit; None asks nothing."""
    rows = await sql.fetch(
        """
        SELECT i.id, i.case_id, count(*) OVER () AS total
          FROM workflows.incident i JOIN workflows.case_ c ON c.id = i.case_id
         WHERE i.state = 'open' AND c.ended_at IS NULL
           AND ($1::text IS NULL OR c.product = $1)
           AND ($2::text IS NULL OR i.element = $2)
           AND ($3::text IS NULL OR i.code = $3)
         ORDER BY i.raised_at, i.id LIMIT $4
        """,
        product,
        element,
        code,
        limit,
    )
    return [IncidentRow(row["id"], row["case_id"], True) for row in rows], rows[0]["total"] if rows else 0


async def insert_retry_items(sql: Connection, items: Sequence[RetryItem]) -> None:
    """Store the incidents of a batch."""
    await sql.executemany(
        """
        INSERT INTO workflows.retry_item (id, batch_id, position, incident_id, command_id)
        VALUES ($1, $2, $3, $4, $5)
        """,
        [(item.id, item.batch_id, item.position, item.incident_id, item.command_id) for item in items],
    )
