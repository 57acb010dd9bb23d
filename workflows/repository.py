"""All SQL of the cases. Every statement names its columns; nothing here decides anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from core import Broken, BusinessTime
from workflows.actors import Actor

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command as it was accepted; `state` and `outcome` tell whether it has been decided."""

    id: UUID
    case_id: UUID | None
    kind: str
    actor: Actor
    payload: Mapping[str, Any]
    state: str
    outcome: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as its row tells it. `state_json` is the kernel's state, or None in listings."""

    id: UUID
    definition_id: UUID
    product: str
    business_key: str
    state: str
    state_json: str
    seq: int
    step_seq: int
    request_id: UUID | None
    seller_id: UUID | None
    buyer_id: UUID | None
    requested_by: str
    started_at: datetime
    ended_at: datetime | None
    clock: BusinessTime
    pause_on: frozenset[str]
    business_now: datetime
    due_at: datetime | None
    incidents: int


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A user task as the read model tells it."""

    id: UUID
    case_id: UUID
    kernel_id: str
    element: str
    name: str
    state: str
    form_id: str | None
    four_eyes: str | None
    candidate_groups: frozenset[str]
    candidate_users: frozenset[str]
    assignee: str | None


@dataclass(frozen=True, slots=True)
class Head:
    """The oldest undecided command of a stream: of a case, or of itself when it has no case."""

    id: UUID
    stream: UUID


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a command is carried out."""

    kind: str
    decided: bool
    case_id: UUID
    case_ended: bool
    workflow_id: str


# --- commands -----------------------------------------------------------------------------------------------


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
    """Store a command and wake the relay; False when the actor has used the key before."""
    return bool(
        await sql.fetchval(
            """
            WITH accepted AS (
                INSERT INTO workflows.command
                    (id, case_id, kind, actor, roles, party_id, payload, idempotency_key, digest, state,
                     created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, 'accepted', clock_timestamp())
                ON CONFLICT (actor, idempotency_key) DO NOTHING
                RETURNING id
            )
            SELECT pg_notify('command_accepted', '') IS NOT NULL FROM accepted
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
        """
        SELECT id, case_id, kind, actor, roles, party_id, payload, state, outcome
          FROM workflows.command WHERE id = $1 FOR UPDATE
        """,
        command_id,
    )
    return _command(row) if row else None


async def command_state(sql: Connection, command_id: UUID) -> tuple[str, Mapping[str, Any] | None] | None:
    """Return a command's state and outcome."""
    row = await sql.fetchrow("SELECT state, outcome FROM workflows.command WHERE id = $1", command_id)
    return (row["state"], _json(row["outcome"])) if row else None


async def decide_command(sql: Connection, command_id: UUID, state: str, outcome: Mapping[str, Any]) -> None:
    """Record a command's outcome and tell those who wait for it.

    The bytes of a document are not kept twice: what was imported lies with the document.
    """
    await sql.execute(
        """
        WITH decided AS (
            UPDATE workflows.command
               SET state = $2, outcome = $3::jsonb, decided_at = clock_timestamp(),
                   payload = payload - 'content_b64'
             WHERE id = $1 RETURNING id
        )
        SELECT pg_notify('command_done', id::text) FROM decided
        """,
        command_id,
        state,
        orjson.dumps(outcome).decode(),
    )


async def take_heads(sql: Connection, carried: Iterable[Head], *, limit: int) -> list[Head]:
    """Lock for this session, and return, what can be carried out now: per case its oldest command.

    The lock is on the case (or on the command, when it has no case). It ends with the session, so also when
    the process is killed. What another session holds is left out.
    """
    rows = await sql.fetch(
        """
        SELECT id, stream, pg_try_advisory_lock(hashtextextended(stream::text, 0)) AS taken FROM (
            SELECT id, stream FROM (
                SELECT DISTINCT ON (coalesce(case_id, id)) id, coalesce(case_id, id) AS stream, position
                  FROM workflows.command
                 WHERE state = 'accepted' AND coalesce(case_id, id) <> ALL ($1::uuid[])
                 ORDER BY coalesce(case_id, id), position
            ) head ORDER BY position LIMIT $2
        ) chosen
        """,
        [head.stream for head in carried],
        limit,
    )
    return [Head(row["id"], row["stream"]) for row in rows if row["taken"]]


async def unlock_head(sql: Connection, head: Head) -> None:
    """Give back the lock that `take_heads` took."""
    await sql.execute("SELECT pg_advisory_unlock(hashtextextended($1::text, 0))", str(head.stream))


async def delivery(sql: Connection, command_id: UUID) -> Delivery | None:
    """Return how a command is carried out: its kind, its case and the case's workflow."""
    row = await sql.fetchrow(
        """
        SELECT m.kind, m.state <> 'accepted' AS decided, m.case_id, c.ended_at IS NOT NULL AS case_ended,
               coalesce(c.product, m.payload ->> 'product') AS product,
               coalesce(c.business_key, m.payload ->> 'business_key') AS business_key
          FROM workflows.command m LEFT JOIN workflows.case_ c ON c.id = m.case_id
         WHERE m.id = $1
        """,
        command_id,
    )
    if row is None:
        return None
    return Delivery(
        kind=row["kind"],
        decided=row["decided"],
        case_id=row["case_id"],
        case_ended=row["case_ended"],
        workflow_id=f"{row['product']}/{row['business_key']}",
    )


# --- cases --------------------------------------------------------------------------------------------------

_CASE_COLUMNS = """id, definition_id, product, business_key, state, state_json, seq, step_seq, request_id,
    seller_id, buyer_id, requested_by, started_at, ended_at, real_anchor, business_anchor, clock_rate,
    clock_paused, pause_on, business_now, due_at, incidents"""


async def lock_case(sql: Connection, case_id: UUID) -> CaseRow | None:
    """Read a case and keep every other burst of it waiting until the transaction ends."""
    row = await sql.fetchrow(
        f"SELECT {_CASE_COLUMNS} FROM workflows.case_ WHERE id = $1 FOR UPDATE",  # noqa: S608 - constant columns
        case_id,
    )
    return _case(row) if row else None


async def read_case(sql: Connection, case_id: UUID) -> CaseRow | None:
    """Read a case without holding it."""
    row = await sql.fetchrow(
        f"SELECT {_CASE_COLUMNS} FROM workflows.case_ WHERE id = $1",  # noqa: S608 - constant columns
        case_id,
    )
    return _case(row) if row else None


async def awaited_payment(sql: Connection, paid_id: UUID) -> tuple[str, str, UUID] | None:
    """Return message name, key and case for a payment of a receivable, or for a paid advance."""
    row = await sql.fetchrow(
        """
        SELECT p.name, p.key, c.id FROM (
            SELECT 'PaymentReceived' AS name, id::text AS key, request_id
              FROM finance.asset_view WHERE id = $1
            UNION ALL
            SELECT 'PaymentConfirmed', id::text, request_id
              FROM finance.payment_order_view WHERE id = $1 AND purpose = 'ADVANCE'
        ) p JOIN workflows.case_ c ON c.request_id = p.request_id
        """,
        paid_id,
    )
    return (row["name"], row["key"], row["id"]) if row else None


async def insert_case(sql: Connection, case: CaseRow, *, root: str, active_elements: Any) -> bool:
    """Store a new case; False when product and business key are taken."""
    return bool(
        await sql.fetchval(
            """
            INSERT INTO workflows.case_
                (id, definition_id, product, business_key, state, state_json, root, seq, step_seq, request_id,
                 seller_id, buyer_id, requested_by, started_at, ended_at, real_anchor, business_anchor,
                 clock_rate, clock_paused, pause_on, business_now, active_elements, incidents, due_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                    $21, $22::jsonb, $23, $24)
            ON CONFLICT DO NOTHING RETURNING true
            """,
            case.id,
            case.definition_id,
            case.product,
            case.business_key,
            case.state,
            case.state_json,
            root,
            case.seq,
            case.step_seq,
            case.request_id,
            case.seller_id,
            case.buyer_id,
            case.requested_by,
            case.started_at,
            case.ended_at,
            case.clock.real_anchor,
            case.clock.business_anchor,
            case.clock.rate,
            case.clock.paused,
            sorted(case.pause_on),
            case.business_now,
            orjson.dumps(active_elements).decode(),
            case.incidents,
            case.due_at,
        )
    )


async def update_case(sql: Connection, case: CaseRow, *, root: str, active_elements: Any) -> None:
    """Store what a burst changed."""
    await sql.execute(
        """
        UPDATE workflows.case_
           SET state = $2, state_json = $3, root = $4, seq = $5, step_seq = $6, ended_at = $7,
               real_anchor = $8, business_anchor = $9, clock_paused = $10, business_now = $11,
               active_elements = $12::jsonb, incidents = $13, due_at = $14
         WHERE id = $1
        """,
        case.id,
        case.state,
        case.state_json,
        root,
        case.seq,
        case.step_seq,
        case.ended_at,
        case.clock.real_anchor,
        case.clock.business_anchor,
        case.clock.paused,
        case.business_now,
        orjson.dumps(active_elements).decode(),
        case.incidents,
        case.due_at,
    )


async def is_funded(sql: Connection, request_id: UUID) -> bool:
    """Tell whether receivables were bought for a financing request."""
    return bool(
        await sql.fetchval("SELECT EXISTS (SELECT FROM finance.asset_view WHERE request_id = $1)", request_id)
    )


async def overdue_cases(sql: Connection, before: datetime) -> list[tuple[UUID, str]]:
    """Return case and workflow id of cases that should have woken before this real time and did not."""
    rows = await sql.fetch(
        """
        SELECT id, product || '/' || business_key AS workflow_id FROM workflows.case_
         WHERE due_at < $1 AND ended_at IS NULL ORDER BY due_at LIMIT 100
        """,
        before,
    )
    return [(row["id"], row["workflow_id"]) for row in rows]


async def count_entry(sql: Connection, case_id: UUID) -> None:
    """Count one ledger entry that moved no token."""
    await sql.execute("UPDATE workflows.case_ SET seq = seq + 1 WHERE id = $1", case_id)


async def roots(sql: Connection, case_id: UUID) -> tuple[str, str]:
    """Return the hash of the model that a case runs on, and the root of its state."""
    row = await sql.fetchrow(
        """
        SELECT d.hash, c.root FROM workflows.case_ c JOIN workflows.definition d ON d.id = c.definition_id
         WHERE c.id = $1
        """,
        case_id,
    )
    if row is None:
        raise Broken("case.lost", f"There is no case {case_id}.")
    return row["hash"], row["root"]


# --- the read model -----------------------------------------------------------------------------------------


async def insert_steps(
    sql: Connection, case_id: UUID, entry_id: UUID, actor: str, steps: Sequence[Mapping[str, Any]]
) -> None:
    """Store the element steps of a burst in one statement."""
    await sql.execute(
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


async def insert_tasks(sql: Connection, case_id: UUID, tasks: Sequence[Mapping[str, Any]]) -> None:
    """Store the tasks that a burst opened."""
    await sql.execute(
        """
        INSERT INTO workflows.task (id, case_id, kernel_id, element, name, state, form_id, four_eyes,
                                    candidate_groups, candidate_users, assignee, due, variables, created_at)
        SELECT id, $1, kernel_id, element, name, 'open', form_id, four_eyes, candidate_groups,
               candidate_users, assignee, due, variables, created_at
          FROM jsonb_to_recordset($2::jsonb) AS t
               (id uuid, kernel_id text, element text, name text, form_id text, four_eyes text,
                candidate_groups text[], candidate_users text[], assignee text, due timestamptz,
                variables jsonb, created_at timestamptz)
        """,
        case_id,
        orjson.dumps(tasks).decode(),
    )


async def close_tasks(
    sql: Connection, case_id: UUID, kernel_ids: Iterable[str], *, completed: str | None, by: str, at: datetime
) -> None:
    """Close tasks: `completed` is the one that `by` completed, the rest are cancelled."""
    await sql.execute(
        """
        UPDATE workflows.task
           SET state = CASE WHEN kernel_id = $3 THEN 'completed' ELSE 'cancelled' END,
               completed_at = $5, completed_by = CASE WHEN kernel_id = $3 THEN $4 END
         WHERE case_id = $1 AND kernel_id = ANY ($2::text[])
        """,
        case_id,
        list(kernel_ids),
        completed,
        by,
        at,
    )


async def insert_incidents(sql: Connection, case_id: UUID, incidents: Sequence[Mapping[str, Any]]) -> None:
    """Store the incidents that a burst raised."""
    await sql.execute(
        """
        INSERT INTO workflows.incident (id, case_id, kernel_id, element, code, message, state, raised_at)
        SELECT id, $1, kernel_id, element, code, message, 'open', raised_at
          FROM jsonb_to_recordset($2::jsonb) AS i
               (id uuid, kernel_id text, element text, code text, message text, raised_at timestamptz)
        """,
        case_id,
        orjson.dumps(incidents).decode(),
    )


async def resolve_incidents(sql: Connection, case_id: UUID, kernel_ids: Iterable[str], at: datetime) -> None:
    """Close incidents that are no longer open."""
    await sql.execute(
        """
        UPDATE workflows.incident SET state = 'resolved', resolved_at = $3
         WHERE case_id = $1 AND kernel_id = ANY ($2::text[])
        """,
        case_id,
        list(kernel_ids),
        at,
    )


async def insert_subscriptions(
    sql: Connection, case_id: UUID, subscriptions: Sequence[Mapping[str, Any]]
) -> None:
    """Store the messages that a case has begun to wait for."""
    await sql.execute(
        """
        INSERT INTO workflows.subscription (id, case_id, kernel_id, element, message, key)
        SELECT id, $1, kernel_id, element, message, key
          FROM jsonb_to_recordset($2::jsonb) AS s
               (id uuid, kernel_id text, element text, message text, key text)
        """,
        case_id,
        orjson.dumps(subscriptions).decode(),
    )


async def delete_subscriptions(sql: Connection, case_id: UUID, kernel_ids: Iterable[str]) -> None:
    """Forget the messages that a case waits for no longer."""
    await sql.execute(
        "DELETE FROM workflows.subscription WHERE case_id = $1 AND kernel_id = ANY ($2::text[])",
        case_id,
        list(kernel_ids),
    )


# --- tasks, incidents, messages -----------------------------------------------------------------------------


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


async def case_waiting_for(sql: Connection, message: str, key: str) -> CaseRow | None:
    """Return the case that waits for a message."""
    case_id = await sql.fetchval(
        "SELECT case_id FROM workflows.subscription WHERE message = $1 AND key = $2 LIMIT 1", message, key
    )
    return await read_case(sql, case_id) if case_id else None


async def open_incident(sql: Connection, incident_id: UUID) -> str | None:
    """Return the kernel's id of an open incident."""
    kernel_id: str | None = await sql.fetchval(
        "SELECT kernel_id FROM workflows.incident WHERE id = $1 AND state = 'open'", incident_id
    )
    return kernel_id


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
    return (row["name"], row["key"], _json(row["variables"]) or {}) if row else None


# --- definitions --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """A deployed version of a process."""

    id: UUID
    key: str
    version: int
    hash: str
    process_id: str
    sources: Mapping[str, str]
    forms: Mapping[str, Any]


_DEFINITION_COLUMNS = "id, key, version, hash, process_id, sources, forms"


async def definition(sql: Connection, definition_id: UUID) -> DefinitionRow | None:
    """Read one version of a process."""
    row = await sql.fetchrow(
        f"SELECT {_DEFINITION_COLUMNS} FROM workflows.definition WHERE id = $1",  # noqa: S608 - constant columns
        definition_id,
    )
    return _definition(row) if row else None


async def latest_definition(sql: Connection, key: str) -> DefinitionRow | None:
    """Read the newest version of a process."""
    row = await sql.fetchrow(
        f"SELECT {_DEFINITION_COLUMNS} FROM workflows.definition"  # noqa: S608 - constant columns
        " WHERE key = $1 ORDER BY version DESC LIMIT 1",
        key,
    )
    return _definition(row) if row else None


async def latest_definition_id(sql: Connection, key: str) -> UUID | None:
    """Return the id of the newest version of a process, without its sources."""
    found: UUID | None = await sql.fetchval(
        "SELECT id FROM workflows.definition WHERE key = $1 ORDER BY version DESC LIMIT 1", key
    )
    return found


async def lock_definitions(sql: Connection, key: str) -> None:
    """Let one deployment of a process at a time choose the next version."""
    await sql.execute("SELECT pg_advisory_xact_lock(hashtextextended('workflows.definition:' || $1, 0))", key)


async def insert_definition(
    sql: Connection, row: DefinitionRow, *, name: str, deployed_by: str, at: datetime
) -> None:
    """Store a version and retire the ones before it; running cases stay on theirs."""
    await sql.execute("UPDATE workflows.definition SET state = 'retired' WHERE key = $1", row.key)
    await sql.execute(
        """
        INSERT INTO workflows.definition
            (id, key, version, hash, name, process_id, sources, forms, state, deployed_by, deployed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, 'deployed', $9, $10)
        """,
        row.id,
        row.key,
        row.version,
        row.hash,
        name,
        row.process_id,
        orjson.dumps(row.sources).decode(),
        orjson.dumps(row.forms).decode(),
        deployed_by,
        at,
    )


# --- entries ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A ledger entry of a case, from the ledger's view."""

    id: UUID
    seq: int
    body: Mapping[str, Any]


async def case_entries(sql: Connection, case_id: UUID) -> list[EntryRow]:
    """Return the ledger entries of a case, in their order."""
    rows = await sql.fetch(
        "SELECT entry_id, seq, body FROM ledger.entry_view WHERE stream = $1 ORDER BY seq", str(case_id)
    )
    return [EntryRow(row["entry_id"], row["seq"], orjson.loads(row["body"])) for row in rows]


# --- rows to records ----------------------------------------------------------------------------------------


async def _case_of(sql: Connection, table: str, row_id: UUID) -> CaseRow | None:
    case_id = await sql.fetchval(
        f"SELECT case_id FROM workflows.{table} WHERE id = $1",  # noqa: S608 - constant table
        row_id,
    )
    return await read_case(sql, case_id) if case_id else None


def _command(row: asyncpg.Record) -> CommandRow:
    return CommandRow(
        id=row["id"],
        case_id=row["case_id"],
        kind=row["kind"],
        actor=Actor.from_label(row["actor"], frozenset(row["roles"]), row["party_id"]),
        payload=orjson.loads(row["payload"]),
        state=row["state"],
        outcome=_json(row["outcome"]),
    )


def _case(row: asyncpg.Record) -> CaseRow:
    return CaseRow(
        id=row["id"],
        definition_id=row["definition_id"],
        product=row["product"],
        business_key=row["business_key"],
        state=row["state"],
        state_json=row["state_json"],
        seq=row["seq"],
        step_seq=row["step_seq"],
        request_id=row["request_id"],
        seller_id=row["seller_id"],
        buyer_id=row["buyer_id"],
        requested_by=row["requested_by"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        clock=BusinessTime(
            row["real_anchor"], row["business_anchor"], row["clock_rate"], paused=row["clock_paused"]
        ),
        pause_on=frozenset(row["pause_on"]),
        business_now=row["business_now"],
        due_at=row["due_at"],
        incidents=row["incidents"],
    )


def _definition(row: asyncpg.Record) -> DefinitionRow:
    return DefinitionRow(
        id=row["id"],
        key=row["key"],
        version=row["version"],
        hash=row["hash"],
        process_id=row["process_id"],
        sources=orjson.loads(row["sources"]),
        forms=orjson.loads(row["forms"]),
    )


def _json(value: str | None) -> Mapping[str, Any] | None:
    return orjson.loads(value) if value is not None else None
