"""SQL of drafts: what analysts work on until a second person deploys it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from workflows.repository.definitions import lock_definitions
from workflows.repository.rows import Connection, DraftRow, draft_row

_DRAFT_COLUMNS = "id, key, revision, state, hash, sources, findings, authors, saved_by, requested_by, entries"


async def draft_of(sql: Connection, key: str) -> DraftRow | None:
    """Read the open draft of a process."""
    row = await sql.fetchrow(
        f"SELECT {_DRAFT_COLUMNS} FROM workflows.draft WHERE key = $1",  # noqa: S608 - constant columns
        key,
    )
    return draft_row(row) if row else None


async def lock_draft(sql: Connection, draft_id: UUID) -> DraftRow | None:
    """Read a draft, its key being locked until the transaction ends."""
    key = await sql.fetchval("SELECT key FROM workflows.draft WHERE id = $1", draft_id)
    if key is None:
        return None
    await lock_definitions(sql, key)
    row = await sql.fetchrow(
        f"SELECT {_DRAFT_COLUMNS} FROM workflows.draft WHERE id = $1",  # noqa: S608 - constant columns
        draft_id,
    )
    return draft_row(row) if row else None


async def save_draft(sql: Connection, row: DraftRow, *, at: datetime) -> None:
    """Store a draft, or its next revision; what was found in the one before no longer counts."""
    await sql.execute(
        """
        INSERT INTO workflows.draft
            (id, key, revision, state, hash, sources, authors, saved_by, saved_at, entries)
        VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10)
        ON CONFLICT (id) DO UPDATE
           SET revision = excluded.revision, state = excluded.state, hash = excluded.hash,
               sources = excluded.sources, authors = excluded.authors, saved_by = excluded.saved_by,
               saved_at = excluded.saved_at, findings = NULL
        """,
        row.id,
        row.key,
        row.revision,
        row.state,
        row.hash,
        orjson.dumps(row.sources).decode(),
        sorted(row.authors),
        row.saved_by,
        at,
        row.entries,
    )


async def store_findings(
    sql: Connection, draft_id: UUID, state: str, findings: Sequence[Mapping[str, Any]]
) -> None:
    """Store what the check found in a draft."""
    await sql.execute(
        "UPDATE workflows.draft SET state = $2, findings = $3::jsonb WHERE id = $1",
        draft_id,
        state,
        orjson.dumps(findings).decode(),
    )


async def request_draft(sql: Connection, draft_id: UUID, *, requested_by: str, at: datetime) -> None:
    """Freeze a draft until somebody decides on its deployment."""
    await sql.execute(
        """
        UPDATE workflows.draft
           SET state = 'pending', requested_by = $2, requested_at = $3, rejected_by = NULL, rejection = NULL
         WHERE id = $1
        """,
        draft_id,
        requested_by,
        at,
    )


async def reject_draft(sql: Connection, draft_id: UUID, *, rejected_by: str, reason: str) -> None:
    """Give a draft back to its analysts."""
    await sql.execute(
        """
        UPDATE workflows.draft
           SET state = 'draft', requested_by = NULL, requested_at = NULL, rejected_by = $2, rejection = $3
         WHERE id = $1
        """,
        draft_id,
        rejected_by,
        reason,
    )


async def delete_draft(sql: Connection, draft_id: UUID) -> None:
    """Remove a draft that has become a version."""
    await sql.execute("DELETE FROM workflows.draft WHERE id = $1", draft_id)


async def next_draft_entry(sql: Connection, draft_id: UUID) -> int:
    """Count a ledger entry of a draft, and return its number."""
    number: int = await sql.fetchval(
        "UPDATE workflows.draft SET entries = entries + 1 WHERE id = $1 RETURNING entries", draft_id
    )
    return number
