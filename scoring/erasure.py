"""Erasing what scores were computed from; points, grade and PD stay, as limits rest on them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from core.database import Transaction

_CUT = "UPDATE scoring.run SET inputs = '{}', inputs_hash = '', reasons = '[]' WHERE "


async def erase_runs(
    tx: Transaction, *, entries: Collection[UUID] = (), party_id: UUID | None = None
) -> None:
    """Erase the inputs and reasons of the scores under these ledger entries, or of a company."""
    await tx.sql.execute(_CUT + "entry_id = ANY($1::uuid[]) OR party_id = $2", list(entries), party_id)
