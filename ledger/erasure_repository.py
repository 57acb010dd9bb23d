"""All SQL over the erasures."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from ledger.repository import Connection

Subject: TypeAlias = Literal["case", "party"]


class ErasureRow(NamedTuple):
    """What is to be erased, why, who asked for it, and how that stands."""

    id: UUID
    subject: Subject
    subject_id: UUID
    reason: str
    state: str
    requested_by: str
    streams: int | None


async def insert(connection: Connection, erasure: ErasureRow, at: datetime) -> bool:
    """Store a request; False when the same case or party waits for a decision already."""
    return bool(
        await connection.fetchval(
            """
            INSERT INTO ledger.erasure (id, subject, subject_id, reason, requested_by, requested_at)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true
            """,
            erasure.id,
            erasure.subject,
            erasure.subject_id,
            erasure.reason,
            erasure.requested_by,
            at,
        )
    )


async def lock(connection: Connection, erasure_id: UUID) -> ErasureRow | None:
    """Return an erasure, and keep others from deciding it until the transaction ends."""
    row = await connection.fetchrow(
        "SELECT id, subject, subject_id, reason, state, requested_by, streams FROM ledger.erasure"
        " WHERE id = $1 FOR UPDATE",
        erasure_id,
    )
    return ErasureRow(*row.values()) if row else None


async def decide(
    connection: Connection,
    erasure_id: UUID,
    state: Literal["done", "rejected"],
    *,
    by: str,
    at: datetime,
    streams: int | None = None,
) -> None:
    """Store a decision, and how many streams were erased."""
    await connection.execute(
        "UPDATE ledger.erasure SET state = $2, decided_by = $3, decided_at = $4, streams = $5 WHERE id = $1",
        erasure_id,
        state,
        by,
        at,
        streams,
    )


async def next_entry(connection: Connection, erasure_id: UUID) -> int:
    """Count one more entry of the stream `erasure:<id>`, and return its number."""
    number: int = await connection.fetchval(
        "UPDATE ledger.erasure SET entries = entries + 1 WHERE id = $1 RETURNING entries", erasure_id
    )
    return number


async def streams_of(connection: Connection, entries: Collection[UUID]) -> set[str]:
    """Return the streams in which entries stand."""
    rows = await connection.fetch(
        "SELECT stream FROM ledger.entry WHERE entry_id = ANY($1::uuid[])"
        " UNION SELECT stream FROM ledger.outbox WHERE entry_id = ANY($1::uuid[])",
        list(entries),
    )
    return {row["stream"] for row in rows}
