"""SQL of remote jobs: calls to systems outside, until the case has their results.

A call is found by `call_id`, the id under which the kernel opened its job; `kernel_id` is the job's id now,
which is another one when a migration has given its element another name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from workflows.repository.rows import Connection


@dataclass(frozen=True, slots=True)
class RemoteResult:
    """What came of a call, recorded at a real time and not yet taken by its case."""

    job_id: str
    outcome: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class OpenCall:
    """The kernel's id of a job that is to be called, and the key that every call of it carries."""

    job_id: str
    idempotency_key: UUID


async def open_remote_jobs(sql: Connection, case_id: UUID, jobs: Sequence[Mapping[str, Any]]) -> None:
    """Store remote jobs that a burst opened; one that had failed is open again."""
    await sql.execute(
        """
        INSERT INTO workflows.remote_job
            (case_id, kernel_id, call_id, element, type, idempotency_key, state, opened_at, expected_by)
        SELECT $1, kernel_id, kernel_id, element, type, idempotency_key, 'open', opened_at, expected_by
          FROM jsonb_to_recordset($2::jsonb) AS j
               (kernel_id text, element text, type text, idempotency_key uuid, opened_at timestamptz,
                expected_by timestamptz)
        ON CONFLICT (case_id, kernel_id) DO UPDATE
           SET state = 'open', outcome = NULL, closed_at = NULL, expected_by = excluded.expected_by
        """,
        case_id,
        orjson.dumps(jobs).decode(),
    )


async def close_remote_jobs(sql: Connection, case_id: UUID, job_ids: Iterable[str], at: datetime) -> None:
    """Note that a case has the results of remote jobs, or waits for them no longer."""
    await sql.execute(
        """
        UPDATE workflows.remote_job SET state = 'closed', closed_at = $3
         WHERE case_id = $1 AND kernel_id = ANY ($2::text[])
        """,
        case_id,
        list(job_ids),
        at,
    )


async def remote_jobs_to_run(
    sql: Connection, case_id: UUID, running: Sequence[str], *, limit: int
) -> list[tuple[str, str]]:
    """Return (call, type) of open remote jobs: those of `running`, then others without a result."""
    rows = await sql.fetch(
        """
        SELECT call_id, type FROM workflows.remote_job
         WHERE case_id = $1 AND state = 'open' AND (outcome IS NULL OR call_id = ANY ($2::text[]))
         ORDER BY call_id = ANY ($2::text[]) DESC, opened_at, call_id LIMIT $3
        """,
        case_id,
        list(running),
        max(limit, len(running)),
    )
    return [(row["call_id"], row["type"]) for row in rows]


async def open_remote_job(sql: Connection, case_id: UUID, call_id: str) -> OpenCall | None:
    """Return the open job that a call is for."""
    row = await sql.fetchrow(
        """
        SELECT kernel_id, idempotency_key FROM workflows.remote_job
         WHERE case_id = $1 AND call_id = $2 AND state = 'open'
        """,
        case_id,
        call_id,
    )
    return OpenCall(row["kernel_id"], row["idempotency_key"]) if row else None


async def begin_attempt(sql: Connection, case_id: UUID, call_id: str, expected_by: datetime) -> bool:
    """Count a call that is about to be made; False when there is nothing to call for any more."""
    return bool(
        await sql.fetchval(
            """
            UPDATE workflows.remote_job SET attempts = attempts + 1, expected_by = $3
             WHERE case_id = $1 AND call_id = $2 AND state = 'open' AND outcome IS NULL RETURNING true
            """,
            case_id,
            call_id,
            expected_by,
        )
    )


async def note_remote_error(sql: Connection, case_id: UUID, call_id: str, error: str) -> None:
    """Note why a call failed; it will be tried again."""
    await sql.execute(
        "UPDATE workflows.remote_job SET last_error = $3 WHERE case_id = $1 AND call_id = $2",
        case_id,
        call_id,
        error,
    )


async def record_remote_result(
    sql: Connection, case_id: UUID, call_id: str, outcome: Mapping[str, Any], at: datetime
) -> bool:
    """Record what came of a call, unless a result is there or the case waits no longer."""
    return bool(
        await sql.fetchval(
            """
            UPDATE workflows.remote_job SET outcome = $3, closed_at = $4, expected_by = $4
             WHERE case_id = $1 AND call_id = $2 AND state = 'open' AND outcome IS NULL RETURNING true
            """,
            case_id,
            call_id,
            orjson.dumps(outcome).decode(),
            at,
        )
    )


async def last_remote_error(sql: Connection, case_id: UUID, call_id: str) -> str | None:
    """Return why the latest call failed."""
    found: str | None = await sql.fetchval(
        "SELECT last_error FROM workflows.remote_job WHERE case_id = $1 AND call_id = $2", case_id, call_id
    )
    return found


async def remote_results(sql: Connection, case_id: UUID) -> list[RemoteResult]:
    """Return the results that a case has not taken yet, in the order in which they came."""
    rows = await sql.fetch(
        """
        SELECT kernel_id, outcome, closed_at FROM workflows.remote_job
         WHERE case_id = $1 AND state = 'open' AND outcome IS NOT NULL ORDER BY closed_at, kernel_id
        """,
        case_id,
    )
    return [RemoteResult(row["kernel_id"], orjson.loads(row["outcome"]), row["closed_at"]) for row in rows]
