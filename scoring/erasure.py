"""Erasing what scores were computed from; points, grade and PD stay, as limits rest on them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from core.database import Transaction

_CUT = "UPDATE scoring.run SET inputs = '{}', inputs_hash = '', reasons = '[]' WHERE "
_CUT_SHADOWS = """
UPDATE scoring.shadow_score s SET reasons = '[]' FROM scoring.run r WHERE r.id = s.run_id AND
"""


async def erase_runs(
    tx: Transaction, *, entries: Collection[UUID] = (), party_id: UUID | None = None
) -> None:
    """Erase the inputs and reasons of the scores under these ledger entries, or of a company."""
    chosen = "(entry_id = ANY($1::uuid[]) OR party_id = $2)"
    for cut in (_CUT, _CUT_SHADOWS):
        await tx.sql.execute(cut + chosen, list(entries), party_id)
