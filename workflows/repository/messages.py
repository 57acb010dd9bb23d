"""SQL of messages: who waits for them, and those that came too early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from workflows.repository.cases import read_case
from workflows.repository.rows import CaseRow, Connection, json_of


async def case_waiting_for(sql: Connection, message: str, key: str) -> CaseRow | None:
    """Return the case that waits for a message."""
    case_id = await sql.fetchval(
        "SELECT case_id FROM workflows.subscription WHERE message = $1 AND key = $2 LIMIT 1", message, key
    )
    return await read_case(sql, case_id) if case_id else None


async def keep_message(
    sql: Connection, message_id: UUID, case_id: UUID, *, name: str, key: str, variables: Any, at: datetime
) -> None:
    """Keep a message for which its case does not wait yet."""
    await sql.execute(
        """
        INSERT INTO workflows.message (id, case_id, name, key, variables, received_at)
        VALUES ($1, $2, $3, $4, $5::jsonb, $6)
        """,
        message_id,
        case_id,
        name,
        key,
        orjson.dumps(variables).decode(),
        at,
    )


async def take_message(
    sql: Connection, case_id: UUID, awaited: Sequence[tuple[str, str]]
) -> tuple[str, str, Mapping[str, Any]] | None:
    """Take the oldest kept message that the case waits for, given as (name, key)."""
    row = await sql.fetchrow(
        """
        DELETE FROM workflows.message WHERE id = (
            SELECT m.id FROM workflows.message m
              JOIN unnest($2::text[], $3::text[]) AS awaited (name, key) USING (name, key)
             WHERE m.case_id = $1 ORDER BY m.received_at, m.id LIMIT 1
        ) RETURNING name, key, variables
        """,
        case_id,
        [name for name, _ in awaited],
        [key for _, key in awaited],
    )
    return (row["name"], row["key"], json_of(row["variables"]) or {}) if row else None
