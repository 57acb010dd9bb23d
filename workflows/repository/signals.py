"""SQL of signals: who waits for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from workflows.repository.rows import Connection
from workflows.repository.writes import Writes


async def cases_waiting_for_signal(sql: Connection, signal: str, *, besides: UUID | None) -> list[UUID]:
    """Return every case that waits for a signal, apart from one that has it already."""
    rows = await sql.fetch(
        """
        SELECT DISTINCT case_id FROM workflows.signal_subscription
         WHERE signal = $1 AND case_id IS DISTINCT FROM $2 ORDER BY case_id
        """,
        signal,
        besides,
    )
    return [row["case_id"] for row in rows]


def insert_signal_subscriptions(
    writes: Writes, case_id: UUID, subscriptions: Sequence[Mapping[str, Any]]
) -> None:
    """Store the signals that a case has begun to wait for."""
    writes.add(
        """
        INSERT INTO workflows.signal_subscription (id, case_id, kernel_id, element, signal)
        SELECT id, $1, kernel_id, element, signal
          FROM jsonb_to_recordset($2::jsonb) AS s (id uuid, kernel_id text, element text, signal text)
        """,
        case_id,
        orjson.dumps(subscriptions).decode(),
    )


def delete_signal_subscriptions(writes: Writes, case_id: UUID, kernel_ids: Iterable[str]) -> None:
    """Forget the signals that a case waits for no longer."""
    writes.add(
        "DELETE FROM workflows.signal_subscription WHERE case_id = $1 AND kernel_id = ANY ($2::text[])",
        case_id,
        list(kernel_ids),
    )
