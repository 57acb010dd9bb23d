"""Erasing what scores were computed from and what people wrote of warnings.

Points, grade, PD and verdicts stay, as limits and misjudgement rates rest on them.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from core.database import Transaction

_ALERTS = "UPDATE scoring.alert SET message = '', note = NULL WHERE "
_CUT = "UPDATE scoring.run SET inputs = '{}', inputs_hash = '', reasons = '[]', sources = NULL WHERE "
_CUT_SHADOWS = """
UPDATE scoring.shadow_score s SET reasons = '[]' FROM scoring.run r WHERE r.id = s.run_id AND
"""


async def judging_entries(tx: Transaction, party_id: UUID) -> list[UUID]:
    """Return the ledger entries in which people judged the warnings of a company."""
    rows = await tx.sql.fetch(
        "SELECT judged_entry_id FROM scoring.alert WHERE subject = $1 AND judged_entry_id IS NOT NULL",
        party_id,
    )
    return [row["judged_entry_id"] for row in rows]


async def erase_runs(
    tx: Transaction, *, entries: Collection[UUID] = (), party_id: UUID | None = None
) -> None:
    """Erase inputs and reasons of scores, and texts of warnings, under ledger entries or of a company."""
    scored = "(entry_id = ANY($1::uuid[]) OR party_id = $2)"
    warned = "entry_id = ANY($1::uuid[]) OR judged_entry_id = ANY($1::uuid[]) OR subject = $2"
    for cut, chosen in ((_CUT, scored), (_CUT_SHADOWS, scored), (_ALERTS, warned)):
        await tx.sql.execute(cut + chosen, list(entries), party_id)
