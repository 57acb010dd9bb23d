"""SQL of the cases themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from core import Broken
from workflows.repository.rows import CaseRow, Connection, EntryRow, case_row
from workflows.repository.writes import Writes

CASE_COLUMNS = """id, definition_id, product, business_key, state, state_json, seq, step_seq, request_id,
    seller_id, buyer_id, requested_by, started_at, ended_at, real_anchor, business_anchor, clock_rate,
    clock_paused, pause_on, business_now, due_at, incidents"""


async def lock_case(sql: Connection, case_id: UUID) -> CaseRow | None:
    """Read a case and keep every other burst of it waiting until the transaction ends."""
    row = await sql.fetchrow(
        f"SELECT {CASE_COLUMNS} FROM workflows.case_ WHERE id = $1 FOR UPDATE",  # noqa: S608 - constant columns
        case_id,
    )
    return case_row(row) if row else None


async def read_case(sql: Connection, case_id: UUID) -> CaseRow | None:
    """Read a case without holding it."""
    row = await sql.fetchrow(
        f"SELECT {CASE_COLUMNS} FROM workflows.case_ WHERE id = $1",  # noqa: S608 - constant columns
        case_id,
    )
    return case_row(row) if row else None


async def read_cases(sql: Connection, case_ids: Sequence[UUID]) -> list[CaseRow]:
    """Read cases without holding them."""
    rows = await sql.fetch(
        f"SELECT {CASE_COLUMNS} FROM workflows.case_ WHERE id = ANY ($1::uuid[])",  # noqa: S608 - constant columns
        list(case_ids),
    )
    return [case_row(row) for row in rows]


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
         -- Cases that this one has called serve the same request.
         ORDER BY EXISTS (SELECT FROM workflows.subscription s
                           WHERE s.case_id = c.id AND s.message = p.name AND s.key = p.key) DESC,
                  EXISTS (SELECT FROM workflows.called_case k WHERE k.child_id = c.id)
         LIMIT 1
        """,
        paid_id,
    )
    return (row["name"], row["key"], row["id"]) if row else None


def insert_case(writes: Writes, case: CaseRow, *, root: str, active_elements: Any) -> None:
    """Store a new case."""
    writes.add(
        """
            INSERT INTO workflows.case_
                (id, definition_id, product, business_key, state, state_json, root, seq, step_seq, request_id,
                 seller_id, buyer_id, requested_by, started_at, ended_at, real_anchor, business_anchor,
                 clock_rate, clock_paused, pause_on, business_now, active_elements, incidents, due_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                    $21, $22::jsonb, $23, $24)
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


def update_case(writes: Writes, case: CaseRow, *, root: str, active_elements: Any) -> None:
    """Store what a burst changed."""
    writes.add(
        """
        UPDATE workflows.case_
           SET state = $2, state_json = $3, root = $4, seq = $5, step_seq = $6, ended_at = $7,
               real_anchor = $8, business_anchor = $9, clock_paused = $10, business_now = $11,
               active_elements = $12::jsonb, incidents = $13, due_at = $14, definition_id = $15
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
        case.definition_id,
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
         WHERE ended_at IS NULL AND (due_at < $1 OR id IN (
                   SELECT case_id FROM workflows.remote_job WHERE state = 'open' AND expected_by < $1))
         ORDER BY due_at LIMIT 100
        """,
        before,
    )
    return [(row["id"], row["workflow_id"]) for row in rows]


async def count_entry(sql: Connection, case_id: UUID) -> None:
    """Count one ledger entry that moved no token."""
    await sql.execute("UPDATE workflows.case_ SET seq = seq + 1 WHERE id = $1", case_id)


async def postpone_wake(sql: Connection, case: CaseRow) -> None:
    """Store an entry that moved no token but the business time, and when the case is due next."""
    await sql.execute(
        "UPDATE workflows.case_ SET seq = $2, business_now = $3, due_at = $4 WHERE id = $1",
        case.id,
        case.seq,
        case.business_now,
        case.due_at,
    )


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


async def case_entries(sql: Connection, case_id: UUID) -> list[EntryRow]:
    """Return the ledger entries of a case, in their order."""
    rows = await sql.fetch(
        "SELECT entry_id, seq, body FROM ledger.entry_view WHERE stream = $1 ORDER BY seq", str(case_id)
    )
    return [EntryRow(row["entry_id"], row["seq"], orjson.loads(row["body"])) for row in rows]
