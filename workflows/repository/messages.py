"""SQL of messages: who waits for them, those that nobody waits for yet, and what they have started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from workflows.repository.rows import Connection, json_of


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message on its way. `case_id` is the only case that may take it; None: whichever waits for it."""

    id: UUID
    case_id: UUID | None
    name: str
    key: str
    variables: Mapping[str, Any]
    actor: str
    received_at: datetime
    expires_at: datetime | None


async def lock_message_name(sql: Connection, name: str, key: str) -> None:
    """Let one transaction at a time bring messages of a name and key together with who waits for them."""
    await sql.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"workflows.message:{name}\x1f{key}"
    )


async def case_waiting_for(sql: Connection, name: str, key: str) -> UUID | None:
    """Return the case that has waited longest for a message and to which none is on its way."""
    found: UUID | None = await sql.fetchval(
        """
        SELECT s.case_id FROM workflows.subscription s
         WHERE s.message = $1 AND s.key = $2 AND NOT EXISTS (
                   SELECT FROM workflows.message m
                    WHERE m.case_id = s.case_id AND m.name = $1 AND m.key = $2 AND m.state = 'sent')
         ORDER BY s.position LIMIT 1
        """,
        name,
        key,
    )
    return found


async def insert_message(sql: Connection, message: MessageRow) -> None:
    """Keep a message."""
    await sql.execute(
        """
        INSERT INTO workflows.message
            (id, case_id, name, key, variables, state, actor, received_at, expires_at)
        VALUES ($1, $2, $3, $4, $5::jsonb, 'kept', $6, $7, $8)
        """,
        message.id,
        message.case_id,
        message.name,
        message.key,
        orjson.dumps(message.variables).decode(),
        message.actor,
        message.received_at,
        message.expires_at,
    )


async def read_message(sql: Connection, message_id: UUID) -> MessageRow | None:
    """Read a message that has not been taken."""
    row = await sql.fetchrow(
        """
        SELECT id, case_id, name, key, variables, actor, received_at, expires_at
          FROM workflows.message WHERE id = $1
        """,
        message_id,
    )
    return _message(row) if row else None


async def send_message(sql: Connection, message_id: UUID, case_id: UUID) -> int:
    """Note to which case a message is on its way, and return how often it has been sent."""
    sendings: int = await sql.fetchval(
        """
        UPDATE workflows.message SET case_id = $2, state = 'sent', sendings = sendings + 1
         WHERE id = $1 RETURNING sendings
        """,
        message_id,
        case_id,
    )
    return sendings


async def keep_message(sql: Connection, message_id: UUID) -> None:
    """Keep a message for whichever case will wait for it."""
    await sql.execute("UPDATE workflows.message SET case_id = NULL, state = 'kept' WHERE id = $1", message_id)


async def delete_message(sql: Connection, message_id: UUID) -> None:
    """Forget a message: it was taken, or it cannot be."""
    await sql.execute("DELETE FROM workflows.message WHERE id = $1", message_id)


async def take_message(
    sql: Connection, case_id: UUID, awaited: Sequence[tuple[str, str]], at: datetime
) -> MessageRow | None:
    """Take the oldest kept message that a case waits for, given as (name, key)."""
    row = await sql.fetchrow(
        """
        DELETE FROM workflows.message WHERE id = (
            SELECT m.id FROM workflows.message m
              JOIN unnest($2::text[], $3::text[]) AS awaited (name, key) USING (name, key)
             WHERE (m.case_id = $1 OR m.case_id IS NULL) AND m.state = 'kept'
               AND (m.expires_at IS NULL OR m.expires_at > $4)
             ORDER BY m.received_at, m.id LIMIT 1
        ) RETURNING id, case_id, name, key, variables, actor, received_at, expires_at
        """,
        case_id,
        [name for name, _ in awaited],
        [key for _, key in awaited],
        at,
    )
    return _message(row) if row else None


async def next_kept_message(sql: Connection, name: str, key: str) -> UUID | None:
    """Return the oldest message of a name and key that is kept for no case in particular."""
    found: UUID | None = await sql.fetchval(
        """
        SELECT id FROM workflows.message WHERE name = $1 AND key = $2 AND case_id IS NULL
         ORDER BY received_at, id LIMIT 1
        """,
        name,
        key,
    )
    return found


async def take_expired_messages(sql: Connection, at: datetime, *, limit: int) -> list[MessageRow]:
    """Take kept messages whose time is over, or whose case is."""
    rows = await sql.fetch(
        """
        DELETE FROM workflows.message WHERE id IN (
            SELECT m.id FROM workflows.message m LEFT JOIN workflows.case_ c ON c.id = m.case_id
             WHERE m.state = 'kept' AND (m.expires_at <= $1 OR c.ended_at IS NOT NULL)
             ORDER BY m.id LIMIT $2 FOR UPDATE OF m SKIP LOCKED
        ) RETURNING id, case_id, name, key, variables, actor, received_at, expires_at
        """,
        at,
        limit,
    )
    return [_message(row) for row in rows]


async def claim_message_id(sql: Connection, name: str, key: str, message_id: str, command_id: UUID) -> bool:
    """Note a sender's id of a message; False when a message of this name, key and id was taken before."""
    return bool(
        await sql.fetchval(
            """
            INSERT INTO workflows.message_identity (name, key, message_id, command_id)
            VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING true
            """,
            name,
            key,
            message_id,
            command_id,
        )
    )


async def claim_message_start(
    sql: Connection, definition_key: str, name: str, key: str, case_id: UUID
) -> bool:
    """Note the case that a message starts; False while another one runs that this key has started."""
    return bool(
        await sql.fetchval(
            """
            INSERT INTO workflows.message_start (definition_key, message, key, case_id)
            VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING true
            """,
            definition_key,
            name,
            key,
            case_id,
        )
    )


async def release_message_start(sql: Connection, case_id: UUID) -> tuple[str, str] | None:
    """Forget by which message a case was started, and return its name and key."""
    row = await sql.fetchrow(
        "DELETE FROM workflows.message_start WHERE case_id = $1 RETURNING message, key", case_id
    )
    return (row["message"], row["key"]) if row else None


def _message(row: asyncpg.Record) -> MessageRow:
    return MessageRow(**{**dict(row), "variables": json_of(row["variables"]) or {}})
