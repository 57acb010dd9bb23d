"""SQL of batches: many cases that are to go over to another version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from workflows.repository.rows import Connection
from workflows.repository.search import Condition, numbered


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as its row tells it; `version` is the number of the version to which its cases are to go."""

    id: UUID
    product: str
    definition_id: UUID
    version: int
    plan: str | None
    reason: str
    state: str
    planned_by: str
    start_command: UUID | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What the dry run of one case of a batch said."""

    position: int
    possible: bool
    reasons: Sequence[Mapping[str, Any]]


async def insert_batch(sql: Connection, batch: BatchRow, *, wanted: Mapping[str, Any], at: datetime) -> None:
    """Store a batch without cases."""
    await sql.execute(
        """
        INSERT INTO workflows.migration_batch
            (id, product, definition_id, plan, wanted, reason, state, cases, left_out, planned_by, planned_at)
        VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, 0, 0, $8, $9)
        """,
        batch.id,
        batch.product,
        batch.definition_id,
        batch.plan,
        orjson.dumps(wanted).decode(),
        batch.reason,
        batch.state,
        batch.planned_by,
        at,
    )


async def choose_cases(
    sql: Connection, batch: BatchRow, conditions: Sequence[Condition], *, limit: int
) -> tuple[int, int]:
    """Put running cases of other versions that fit into a batch, the oldest first.

    Returns how many were put in, and how many fit, too, but were too many.
    """
    where, values = _fitting(batch.product, batch.version, conditions)
    row = await sql.fetchrow(
        f"""
        WITH fitting AS (
            SELECT id, row_number() OVER (ORDER BY started_at, id) AS position
              FROM workflows.case_view WHERE {numbered(where, first=3)}
        ), chosen AS (
            INSERT INTO workflows.migration_item (batch_id, position, case_id)
            SELECT $1, position, id FROM fitting WHERE position <= $2 RETURNING 1
        ), counts AS (
            SELECT (SELECT count(*) FROM chosen)::int AS cases, (SELECT count(*) FROM fitting)::int AS fitting
        )
        UPDATE workflows.migration_batch b SET cases = n.cases, left_out = n.fitting - n.cases
          FROM counts n WHERE b.id = $1 RETURNING b.cases, b.left_out
        """,  # noqa: S608 - constant texts
        batch.id,
        limit,
        *values,
    )
    return (row["cases"], row["left_out"]) if row else (0, 0)


async def fitting_cases(
    sql: Connection, product: str, version: int, conditions: Sequence[Condition], *, limit: int
) -> tuple[list[UUID], int]:
    """Return running cases of other versions that fit, the oldest `limit`, and how many fit besides."""
    where, values = _fitting(product, version, conditions)
    rows = await sql.fetch(
        f"SELECT id, count(*) OVER ()::int AS fitting FROM workflows.case_view WHERE {numbered(where)}"  # noqa: S608 - constant texts
        f" ORDER BY started_at, id LIMIT {limit:d}",
        *values,
    )
    return [row["id"] for row in rows], rows[0]["fitting"] - len(rows) if rows else 0


async def active_batches(sql: Connection) -> list[UUID]:
    """Return the batches that have something to do by themselves, the oldest first."""
    rows = await sql.fetch(
        "SELECT id FROM workflows.migration_batch WHERE state IN ('trying', 'running')"
        " ORDER BY planned_at, id"
    )
    return [row["id"] for row in rows]


async def lock_batch(sql: Connection, batch_id: UUID, *, wait: bool) -> BatchRow | None:
    """Read a batch and hold it until the transaction ends.

    None when it is unknown, or another transaction holds it and that is not to be waited for.
    """
    row = await sql.fetchrow(
        f"""
        SELECT b.id, b.product, b.definition_id, d.version, b.plan, b.reason, b.state, b.planned_by,
               b.start_command
          FROM workflows.migration_batch b JOIN workflows.definition d ON d.id = b.definition_id
         WHERE b.id = $1 FOR UPDATE OF b {"" if wait else "SKIP LOCKED"}
        """,  # noqa: S608 - constant texts
        batch_id,
    )
    return BatchRow(**dict(row)) if row else None


async def set_batch_state(
    sql: Connection, batch_id: UUID, state: str, *, finished_at: datetime | None = None
) -> None:
    """Store how a batch stands, and since when it is over."""
    await sql.execute(
        "UPDATE workflows.migration_batch SET state = $2, finished_at = $3 WHERE id = $1",
        batch_id,
        state,
        finished_at,
    )


async def start_batch(sql: Connection, batch_id: UUID, command_id: UUID, by: str, at: datetime) -> None:
    """Store who has started a batch, by which command."""
    await sql.execute(
        """
        UPDATE workflows.migration_batch
           SET state = 'running', start_command = $2, started_by = $3, started_at = $4 WHERE id = $1
        """,
        batch_id,
        command_id,
        by,
        at,
    )


async def next_batch_entry(sql: Connection, batch_id: UUID) -> int:
    """Count one entry of a batch in the ledger, and return its number."""
    number: int = await sql.fetchval(
        "UPDATE workflows.migration_batch SET entries = entries + 1 WHERE id = $1 RETURNING entries", batch_id
    )
    return number


async def count_tried(sql: Connection, batch_id: UUID) -> tuple[int, int]:
    """Return how many cases of a batch can go by its dry run, and how many cannot."""
    row = await sql.fetchrow(
        """
        SELECT (count(*) FILTER (WHERE possible))::int AS possible,
               (count(*) FILTER (WHERE NOT possible))::int AS refused
          FROM workflows.migration_item WHERE batch_id = $1
        """,
        batch_id,
    )
    return (row["possible"], row["refused"]) if row else (0, 0)


async def untried(sql: Connection, batch_id: UUID, limit: int) -> list[tuple[int, UUID]]:
    """Return position and case of items that the dry run has not come to, in their order."""
    rows = await sql.fetch(
        """
        SELECT position, case_id FROM workflows.migration_item
         WHERE batch_id = $1 AND possible IS NULL ORDER BY position LIMIT $2
        """,
        batch_id,
        limit,
    )
    return [(row["position"], row["case_id"]) for row in rows]


async def store_tried(sql: Connection, batch_id: UUID, tried: Sequence[Tried]) -> None:
    """Store what the dry run said."""
    await sql.execute(
        """
        UPDATE workflows.migration_item i SET possible = t.possible, reasons = t.reasons
          FROM jsonb_to_recordset($2::jsonb) AS t (position int, possible boolean, reasons jsonb)
         WHERE i.batch_id = $1 AND i.position = t.position
        """,
        batch_id,
        orjson.dumps(
            [{"position": t.position, "possible": t.possible, "reasons": t.reasons} for t in tried]
        ).decode(),
    )


async def under_way(sql: Connection, batch_id: UUID) -> int:
    """Return how many cases of a batch have been told to go and are not decided."""
    count: int = await sql.fetchval(
        """
        SELECT count(*) FROM workflows.migration_item i JOIN workflows.command c ON c.id = i.command_id
         WHERE i.batch_id = $1 AND c.state = 'accepted'
        """,
        batch_id,
    )
    return count


async def next_to_go(sql: Connection, batch_id: UUID, limit: int) -> list[tuple[int, UUID]]:
    """Return position and case of items that can go and have not been told to, in their order."""
    rows = await sql.fetch(
        """
        SELECT position, case_id FROM workflows.migration_item
         WHERE batch_id = $1 AND possible AND command_id IS NULL ORDER BY position LIMIT $2
        """,
        batch_id,
        limit,
    )
    return [(row["position"], row["case_id"]) for row in rows]


async def store_told(sql: Connection, batch_id: UUID, told: Mapping[int, UUID]) -> None:
    """Store the commands by which items of a batch (by their position) are to go."""
    await sql.execute(
        """
        UPDATE workflows.migration_item i SET command_id = t.command_id
          FROM unnest($2::int[], $3::uuid[]) AS t (position, command_id)
         WHERE i.batch_id = $1 AND i.position = t.position
        """,
        batch_id,
        list(told),
        list(told.values()),
    )


def _fitting(product: str, version: int, conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    """Return the text and the values of what running cases of other versions than this one must fulfil."""
    tests: list[Condition] = [
        *conditions,
        ("product = ?", (product,)),
        ("definition_version <> ?", (version,)),
        ("ended_at IS NULL", ()),
    ]
    return " AND ".join(text for text, _ in tests), [value for _, values in tests for value in values]
