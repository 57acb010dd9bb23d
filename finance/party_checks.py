"""What checks of companies found: identified, screened against sanctions, looked up for insolvency.

The newest result of each kind counts in limits: a failed one, or an identification that has ended, stops them
(`scoring.families.hard_stops`).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal, get_args
from uuid import UUID

from core.database import Transaction
from core.errors import InvalidInput, NotFound
from core.ids import derived_id
from finance import models

CheckKind = Literal["IDENTIFICATION", "SANCTIONS", "INSOLVENCY"]
_KINDS: Final[tuple[CheckKind, ...]] = get_args(CheckKind)


async def record_check(
    tx: Transaction,
    party_id: UUID,
    *,
    kind: str,
    passed: bool,
    checked_by: str,
    at: datetime,
    entry_id: UUID,
    valid_until: date | None = None,
) -> UUID:
    """Keep the result of a check of a company and return its id; the same entry keeps it once.

    An identification counts until `valid_until`, or without an end. Who screens decides when to screen again.

    Raises:
        NotFound: `party.unknown`.
        InvalidInput: `party.check_invalid` for another kind, or when nobody checked.
    """
    if kind not in _KINDS:
        raise InvalidInput(
            "party.check_invalid",
            f"{kind!r} is no kind of check.",
            where="kind",
            hint=f"Use one of {', '.join(_KINDS)}.",
        )
    if not checked_by.strip():
        raise InvalidInput("party.check_invalid", "Nobody checked the company.", where="checkedBy")
    if not await models.LegalEntity.exists(id=party_id, using_db=tx.orm):
        raise NotFound("party.unknown", "No such company.", where=str(party_id))
    check_id = derived_id("party-check", party_id, kind, entry_id)
    if not await models.PartyCheck.exists(id=check_id, using_db=tx.orm):
        await models.PartyCheck.create(
            using_db=tx.orm,
            id=check_id,
            party_id=party_id,
            kind=kind,
            passed=passed,
            valid_until=valid_until,
            checked_by=checked_by,
            checked_at=at,
            entry_id=entry_id,
        )
    return check_id
