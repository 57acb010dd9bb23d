"""What the log tells of claims: the entry of a burst names the fingerprints that it claims and releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import ledger
from core.database import Database, Transaction
from core.errors import NotFound
from finance import claims_repository as repository
from finance import fingerprints, models
from finance.repository import fingerprint_key

# Among what a transaction touched: it claimed or released a fingerprint.
CLAIMED = "finance.fingerprint"

# Entries of a stream of their own tell of claims from before entries told of them.
_TAKEN_OVER = "claims"
_TAKE_OVER = "claims.take-over"
# What is too much for the entry of a burst is told by entries of a stream that is named after that entry.
_FURTHER = "claims.further"
# A fingerprint takes 67 bytes of an entry, which has 65,535 at most (C2SP tlog-tiles).
_BATCH = 500


async def claims_statement(
    tx: Transaction, entry_id: UUID, recorder: ledger.Recorder, at: datetime
) -> Mapping[str, Any]:
    """Return what an entry states of the fingerprints that were claimed and released under it.

    What it claims and releases again is no change, and not told; nothing is asked of the database when this
    transaction claimed and released nothing. Of more than 500, the last 500 are left to the entry; entries
    before it, written here, tell the others: the released ones first, since they may be claimed again.
    """
    if CLAIMED not in tx.touched:
        return {}
    claimed, released = await repository.changed_by(tx.sql, entry_id)
    told = [(one, False) for one in sorted(released)] + [(one, True) for one in sorted(claimed)]
    *further, last = [told[at_once : at_once + _BATCH] for at_once in range(0, len(told), _BATCH)] or [[]]
    if further:
        await recorder.record_all(
            tx,
            [
                ledger.EntryDraft(
                    stream=f"claims:{entry_id}",
                    seq=number,
                    kind=_FURTHER,
                    occurred_at=at,
                    actor="system:platform",
                    statement={**_statement(part), "entry": str(entry_id)},
                )
                for number, part in enumerate(further, start=1)
            ],
        )
    return _statement(last)


async def fingerprint_of(database: Database, invoice_id: UUID) -> str:
    """Return the fingerprint of an invoice as entries tell it, in hexadecimal.

    Of one that was ever claimed it is the one that was: an erasure leaves nothing else.

    Raises:
        NotFound: `invoice.unknown`.
    """
    async with database.transaction() as tx:
        if (claimed := await repository.claimed_as(tx.sql, invoice_id)) is not None:
            return claimed
        invoice = await models.Invoice.get_or_none(id=invoice_id, using_db=tx.orm)
        if invoice is None:
            raise NotFound("invoice.unknown", "No such invoice.", where=str(invoice_id))
        return fingerprints.exact(await fingerprint_key(tx.sql), fingerprints.identity_of(invoice))


async def take_over_claims(tx: Transaction, recorder: ledger.Recorder, at: datetime) -> int:
    """Let the log tell of the claims that no entry tells yet, and return how many these were.

    A platform has such claims from releases whose entries did not tell of them.
    """
    number = await ledger.next_number(tx, _TAKEN_OVER)
    taken = 0
    while exact := await repository.take_untold(tx.sql, ledger.entry_id(_TAKEN_OVER, number), _BATCH):
        await recorder.record(
            tx,
            ledger.EntryDraft(
                stream=_TAKEN_OVER,
                seq=number,
                kind=_TAKE_OVER,
                occurred_at=at,
                actor="system:platform",
                statement=ledger.claims_statement(exact, ()),
            ),
        )
        number, taken = number + 1, taken + len(exact)
    return taken


def _statement(changes: Sequence[tuple[str, bool]]) -> Mapping[str, Any]:
    """Return the statement of fingerprints, each with whether it is claimed or released."""
    return ledger.claims_statement(
        [exact for exact, is_claimed in changes if is_claimed],
        [exact for exact, is_claimed in changes if not is_claimed],
    )
