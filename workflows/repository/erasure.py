"""SQL of erasures: what the cases' tables lose."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from workflows.repository.rows import Connection

# Commands without a case whose payload went into cases.
_CAUSES = (
    "request.submit",
    "payment.record",
    "message.correlate",
    "signal.broadcast",
    "task.claim-many",
    "task.complete-many",
)


async def family_of(sql: Connection, cases: Collection[UUID]) -> list[UUID]:
    """Return cases with all that they called, and hold them until the transaction ends."""
    rows = await sql.fetch(
        """
        SELECT id FROM workflows.case_ WHERE id IN (
            WITH RECURSIVE family (id) AS (
                SELECT unnest($1::uuid[])
                UNION SELECT k.child_id FROM workflows.called_case k JOIN family f ON f.id = k.parent_id)
            SELECT id FROM family)
         ORDER BY id FOR UPDATE
        """,
        list(cases),
    )
    return [row["id"] for row in rows]


async def unfinished(sql: Connection, cases: Collection[UUID]) -> UUID | None:
    """Return one of the cases that runs, or has a command that is not decided yet."""
    found: UUID | None = await sql.fetchval(
        """
        SELECT id FROM workflows.case_ WHERE id = ANY($1::uuid[]) AND ended_at IS NULL
        UNION ALL
        SELECT case_id FROM workflows.command WHERE case_id = ANY($1::uuid[]) AND state = 'accepted'
        LIMIT 1
        """,
        list(cases),
    )
    return found


async def cases_of_party(sql: Connection, party_id: UUID) -> tuple[list[UUID], list[UUID]]:
    """Return the cases that are a party's own, and those of others in which it is the buyer."""
    rows = await sql.fetch(
        "SELECT id, coalesce(seller_id, buyer_id) = $1 AS own FROM workflows.case_"
        " WHERE seller_id = $1 OR buyer_id = $1",
        party_id,
    )
    return [row["id"] for row in rows if row["own"]], [row["id"] for row in rows if not row["own"]]


async def entries_of_streams(sql: Connection, streams: Collection[str]) -> list[UUID]:
    """Return the ids of the ledger entries of streams."""
    rows = await sql.fetch(
        "SELECT entry_id FROM ledger.entry_view WHERE stream = ANY($1::text[])", list(streams)
    )
    return [row["entry_id"] for row in rows]


async def disclosures_of(sql: Connection, entries: Collection[UUID]) -> list[UUID]:
    """Return the commands whose outcomes hold what was disclosed of entries."""
    rows = await sql.fetch(
        "SELECT id FROM workflows.command WHERE kind = 'vault.disclose' AND state <> 'accepted'"
        " AND payload ->> 'entry_id' = ANY($1::text[])",
        [str(entry) for entry in entries],
    )
    return [row["id"] for row in rows]


async def requests_of_cases(sql: Connection, cases: Collection[UUID]) -> list[UUID]:
    """Return the financing requests that cases run."""
    rows = await sql.fetch(
        "SELECT DISTINCT request_id FROM workflows.case_"
        " WHERE id = ANY($1::uuid[]) AND request_id IS NOT NULL",
        list(cases),
    )
    return [row["request_id"] for row in rows]


async def causes_of(sql: Connection, cases: Collection[UUID]) -> list[UUID]:
    """Return the commands without a case of which commands of these cases are consequences.

    A consequence's key begins with its cause's id, and both have one actor.
    """
    rows = await sql.fetch(
        """
        SELECT DISTINCT cause.id FROM workflows.command c
          JOIN workflows.command cause
            ON cause.id = left(c.idempotency_key, 36)::uuid AND cause.actor = c.actor
         WHERE c.case_id = ANY($1::uuid[]) AND c.idempotency_key ~ $2
           AND cause.case_id IS NULL AND cause.kind = ANY($3::text[])
        """,
        list(cases),
        "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/",
        list(_CAUSES),
    )
    return [row["id"] for row in rows]


async def cut_cases(sql: Connection, cases: Collection[UUID]) -> None:
    """Take out of the read model what cases were about; ids, states, roots and accounts stay.

    The names of their workflows are kept for as long as Temporal may hold their histories.
    """
    for statement in _OF_CASES:
        await sql.execute(statement, list(cases))


async def cut_commands(sql: Connection, commands: Collection[UUID]) -> None:
    """Take out of commands without a case what they carried, and drop the messages that they sent."""
    for statement in _OF_COMMANDS:
        await sql.execute(statement, list(commands))


_COMMAND = """
    UPDATE workflows.command
       SET payload = '{}', outcome = '{"erased": true}', idempotency_key = 'erased:' || id, digest = ''
     WHERE state <> 'accepted' AND
"""
_TASKS = "task_id IN (SELECT id FROM workflows.task WHERE case_id = ANY($1::uuid[]))"
_OF_CASES: Sequence[str] = (
    """
    DELETE FROM workflows.message_identity WHERE command_id IN (
        SELECT id FROM workflows.command WHERE case_id = ANY($1::uuid[]))
    """,
    f"{_COMMAND} case_id = ANY($1::uuid[])",
    "UPDATE workflows.step SET data = '{}' WHERE case_id = ANY($1::uuid[])",
    "UPDATE workflows.task SET variables = '{}' WHERE case_id = ANY($1::uuid[])",
    f"UPDATE workflows.task_comment SET text = '' WHERE {_TASKS}",  # noqa: S608 - constant
    f"DELETE FROM workflows.task_draft WHERE {_TASKS}",  # noqa: S608 - constant
    "UPDATE workflows.incident SET message = '' WHERE case_id = ANY($1::uuid[])",
    "UPDATE workflows.remote_job SET outcome = NULL, last_error = NULL WHERE case_id = ANY($1::uuid[])",
    "UPDATE workflows.migration_item SET reasons = '[]' WHERE case_id = ANY($1::uuid[])",
    *(
        f"DELETE FROM workflows.{table} WHERE case_id = ANY($1::uuid[])"  # noqa: S608 - constant names
        for table in (
            "subscription",
            "signal_subscription",
            "message",
            "message_start",
            "variable",
            "case_element",
        )
    ),
    """
    INSERT INTO workflows.erased_workflow (workflow_id)
    SELECT product || '/' || business_key FROM workflows.case_
     WHERE id = ANY($1::uuid[]) AND erased_at IS NULL
    ON CONFLICT DO NOTHING
    """,
    """
    UPDATE workflows.case_
       SET state_json = '{}', business_key = 'erased:' || id, history = 'erased', erased_at = now()
     WHERE id = ANY($1::uuid[]) AND erased_at IS NULL
    """,
)
_OF_COMMANDS: Sequence[str] = (
    "DELETE FROM workflows.message_identity WHERE command_id = ANY($1::uuid[])",
    "DELETE FROM workflows.message WHERE id = ANY($1::uuid[])",
    f"{_COMMAND} id = ANY($1::uuid[])",
)


async def is_erased(sql: Connection, command_id: UUID) -> bool:
    """Tell whether there is a command of this id whose content was erased."""
    found: bool = await sql.fetchval(
        "SELECT EXISTS (SELECT FROM workflows.command WHERE id = $1 AND idempotency_key = 'erased:' || id)",
        command_id,
    )
    return found


async def take_erased_workflow(sql: Connection, passed_over: Sequence[str]) -> str | None:
    """Take the name of a workflow whose histories Temporal is to delete, and keep others from it."""
    found: str | None = await sql.fetchval(
        "SELECT workflow_id FROM workflows.erased_workflow WHERE workflow_id <> ALL($1::text[])"
        " ORDER BY workflow_id LIMIT 1 FOR UPDATE SKIP LOCKED",
        passed_over,
    )
    return found


async def forget_erased_workflow(sql: Connection, workflow_id: str) -> None:
    """Forget the name of a workflow of which Temporal holds nothing."""
    await sql.execute("DELETE FROM workflows.erased_workflow WHERE workflow_id = $1", workflow_id)
