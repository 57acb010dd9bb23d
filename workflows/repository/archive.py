"""SQL of the archive of Temporal's histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from workflows.repository.rows import Connection


@dataclass(frozen=True, slots=True)
class EndedCase:
    """A case whose history is to be archived."""

    id: UUID
    workflow_id: str
    ended_at: datetime
    party_id: UUID | None


async def take_ended(sql: Connection, passed_over: Sequence[UUID]) -> EndedCase | None:
    """Take the ended case that has waited longest for its archive, and keep others from it until the end.

    Cases that another transaction has taken, and those passed over, are left.
    """
    row = await sql.fetchrow(
        """
        SELECT id, product || '/' || business_key AS workflow_id, ended_at,
               coalesce(seller_id, buyer_id) AS party_id FROM workflows.case_
         WHERE ended_at IS NOT NULL AND history IS NULL AND id <> ALL ($1::uuid[])
         ORDER BY ended_at LIMIT 1 FOR UPDATE SKIP LOCKED
        """,
        passed_over,
    )
    return EndedCase(*row.values()) if row else None


async def note_history(sql: Connection, case_id: UUID, became: Literal["archived", "lost"]) -> None:
    """Note what became of the history of a case."""
    await sql.execute("UPDATE workflows.case_ SET history = $2 WHERE id = $1", case_id, became)


async def history_state(sql: Connection, case_id: UUID) -> str | None:
    """Return what became of the history of a case; None while it has not been looked for."""
    state: str | None = await sql.fetchval("SELECT history FROM workflows.case_ WHERE id = $1", case_id)
    return state
