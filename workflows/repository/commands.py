"""SQL of the command inbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from workflows.actors import Actor
from workflows.repository.cases import CASE_COLUMNS
from workflows.repository.rows import (
    CaseRow,
    CommandRow,
    Connection,
    Delivery,
    case_row,
    command_row,
    json_of,
)

_COMMAND = """id AS command_id, case_id, kind, actor, roles, party_id, payload, state AS command_state,
    outcome"""


@dataclass(frozen=True, slots=True)
class NewCommand:
    """A command that is to be accepted for a case."""

    id: UUID
    case_id: UUID
    payload: Mapping[str, Any]
    idempotency_key: str
    digest: str


async def insert_command(
    sql: Connection,
    command_id: UUID,
    *,
    case_id: UUID | None,
    kind: str,
    actor: Actor,
    payload: Mapping[str, Any],
    idempotency_key: str,
    digest: str,
) -> bool:
    """Store a command and wake the relay; False when the actor has used the key before.

    The id follows from actor and key. Of two that come at once, the second may meet the first by either: so
    no constraint is named.
    """
    return bool(
        await sql.fetchval(
            """
            WITH accepted AS (
                INSERT INTO workflows.command
                    (id, case_id, kind, actor, roles, party_id, payload, idempotency_key, digest, state,
                     created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, 'accepted', clock_timestamp())
                ON CONFLICT DO NOTHING
                RETURNING id
            )
            SELECT pg_notify('command_accepted', coalesce($2, $1)::text) IS NOT NULL FROM accepted
            """,
            command_id,
            case_id,
            kind,
            actor.label,
            sorted(actor.roles),
            actor.party_id,
            orjson.dumps(payload).decode(),
            idempotency_key,
            digest,
        )
    )


async def insert_commands(sql: Connection, commands: Sequence[NewCommand], *, kind: str, actor: Actor) -> int:
    """Store commands of one kind with one statement, and wake the relay; return how many are new."""
    accepted: int = await sql.fetchval(
        """
        WITH accepted AS (
            INSERT INTO workflows.command
                (id, case_id, kind, actor, roles, party_id, payload, idempotency_key, digest, state,
                 created_at)
            SELECT id, case_id, $1, $2, $3, $4, payload::jsonb, idempotency_key, digest, 'accepted',
                   clock_timestamp()
              FROM unnest($5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[])
                   AS given (id, case_id, payload, idempotency_key, digest)
            ON CONFLICT DO NOTHING
            RETURNING coalesce(case_id, id) AS stream
        )
        SELECT count(*) FROM accepted WHERE pg_notify('command_accepted', stream::text) IS NOT NULL
        """,
        kind,
        actor.label,
        sorted(actor.roles),
        actor.party_id,
        [command.id for command in commands],
        [command.case_id for command in commands],
        [orjson.dumps(command.payload).decode() for command in commands],
        [command.idempotency_key for command in commands],
        [command.digest for command in commands],
    )
    return accepted


async def command_by_key(sql: Connection, actor: str, idempotency_key: str) -> tuple[UUID, str] | None:
    """Return id and digest of the command with which the actor used this key first."""
    row = await sql.fetchrow(
        "SELECT id, digest FROM workflows.command WHERE actor = $1 AND idempotency_key = $2",
        actor,
        idempotency_key,
    )
    return (row["id"], row["digest"]) if row else None


async def lock_command(sql: Connection, command_id: UUID) -> CommandRow | None:
    """Read a command and keep others from deciding it until the transaction ends."""
    row = await sql.fetchrow(
        f"SELECT {_COMMAND} FROM workflows.command WHERE id = $1 FOR UPDATE",  # noqa: S608 - constant columns
        command_id,
    )
    return command_row(row) if row else None


async def lock_command_and_case(
    sql: Connection, command_id: UUID, case_id: UUID
) -> tuple[CommandRow | None, CaseRow | None]:
    """Read a command and its case, and keep others from both until the transaction ends: first the command.

    The case may be older than the command's lock: who waited for that reads a decided command, and then must
    look at the case again.
    """
    row = await sql.fetchrow(
        f"""
        WITH m AS (SELECT {_COMMAND} FROM workflows.command WHERE id = $1 FOR UPDATE),
             c AS (SELECT {CASE_COLUMNS} FROM workflows.case_ WHERE id = $2 FOR UPDATE)
        SELECT m.*, c.* FROM m LEFT JOIN c ON true
        """,  # noqa: S608 - constant columns
        command_id,
        case_id,
    )
    if row is None:
        return None, None
    return command_row(row), case_row(row) if row["id"] is not None else None


async def command_state(sql: Connection, command_id: UUID) -> tuple[str, Mapping[str, Any] | None] | None:
    """Return a command's state and outcome."""
    row = await sql.fetchrow("SELECT state, outcome FROM workflows.command WHERE id = $1", command_id)
    return (row["state"], json_of(row["outcome"])) if row else None


async def decide_command(sql: Connection, command_id: UUID, state: str, outcome: Mapping[str, Any]) -> None:
    """Record a command's outcome and tell those who wait for it.

    The bytes of a document are not kept twice: what was imported lies with the document. A draft is not kept
    longer than its task is open.
    """
    await sql.execute(
        """
        WITH decided AS (
            UPDATE workflows.command
               SET state = $2, outcome = $3::jsonb, decided_at = clock_timestamp(),
                   payload = payload - '{content_b64,draft}'::text[]
             WHERE id = $1 RETURNING id
        )
        SELECT pg_notify('command_done', id::text) FROM decided
        """,
        command_id,
        state,
        orjson.dumps(outcome).decode(),
    )


async def amend_result(sql: Connection, command_id: UUID, news: Mapping[str, Any]) -> None:
    """Add to a command's result what became of it later."""
    await sql.execute(
        """
        UPDATE workflows.command
           SET outcome = jsonb_set(outcome, '{result}', (outcome -> 'result') || $2::jsonb)
         WHERE id = $1 AND state = 'done'
        """,
        command_id,
        orjson.dumps(news).decode(),
    )


# How a command `m` is carried out, with the case `c` that it is for, as far as there is one.
_DELIVERY = """
    m.id, coalesce(m.case_id, m.id) AS stream, m.kind, m.state <> 'accepted' AS decided, m.case_id,
    c.ended_at IS NOT NULL OR (c.id IS NULL AND m.kind <> 'case.start') AS case_ended,
    coalesce(c.product, m.payload ->> 'product') AS product,
    coalesce(c.business_key, m.payload ->> 'business_key') AS business_key,
    EXISTS (SELECT FROM workflows.command behind
             WHERE behind.state = 'accepted' AND behind.position > m.position
               AND coalesce(behind.case_id, behind.id) = coalesce(m.case_id, m.id)) AS followed
"""


async def take_heads(
    sql: Connection, carried: Iterable[UUID], over: Iterable[UUID], *, limit: int
) -> list[Delivery]:
    """Lock for this session, and return, what can be carried out now: per case its oldest command.

    The lock is on the case (or on the command, when it has no case). It ends with the session, so also when
    the process is killed. What another session holds is left out, and does not count: `OFFSET 0` keeps the
    lock out of the inner query, so that rows are locked one by one until there are enough.

    What is returned may be older than the lock by a moment: another session may just have carried it out.

    Args:
        sql: the relay's session.
        carried: the streams that it carries a command of.
        over: those of which it carries none any more; their locks are given back.
        limit: how many to take at most.
    """
    rows = await sql.fetch(
        f"""
        WITH given_back AS MATERIALIZED (
            SELECT count(pg_advisory_unlock(hashtextextended(stream::text, 0)))
              FROM unnest($3::uuid[]) AS over (stream)
        )
        SELECT given_back.count, {_DELIVERY}
          FROM given_back
          LEFT JOIN LATERAL (
            SELECT * FROM (
                SELECT * FROM (
                    SELECT DISTINCT ON (coalesce(case_id, id)) id, case_id, kind, state, payload, position
                      FROM workflows.command
                     WHERE state = 'accepted' AND coalesce(case_id, id) <> ALL ($1::uuid[])
                     ORDER BY coalesce(case_id, id), position
                ) head ORDER BY position OFFSET 0
            ) waiting
             WHERE pg_try_advisory_lock(hashtextextended(coalesce(case_id, id)::text, 0)) LIMIT $2
          ) m ON true
          LEFT JOIN LATERAL (
            SELECT id, product, business_key, ended_at FROM workflows.case_ WHERE id = m.case_id OFFSET 0
          ) c ON true
        """,  # noqa: S608 - constant columns
        list(carried),
        limit,
        list(over),
    )
    return [_delivery(row) for row in rows if row["id"] is not None]


async def delivery(sql: Connection, command_id: UUID) -> Delivery | None:
    """Return how a command is carried out: its kind, its case and the case's workflow."""
    row = await sql.fetchrow(
        f"""
        SELECT {_DELIVERY}
          FROM workflows.command m LEFT JOIN workflows.case_ c ON c.id = m.case_id
         WHERE m.id = $1
        """,  # noqa: S608 - constant columns
        command_id,
    )
    return _delivery(row) if row else None


def _delivery(row: asyncpg.Record) -> Delivery:
    return Delivery(
        id=row["id"],
        stream=row["stream"],
        kind=row["kind"],
        decided=row["decided"],
        case_id=row["case_id"],
        case_ended=row["case_ended"],
        workflow_id=f"{row['product']}/{row['business_key']}",
        followed=row["followed"],
    )
