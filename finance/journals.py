"""Booking journals: once per event and object, balanced, and only ever reversed."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from core.database import Transaction
from core.errors import Broken, Conflict, NotFound
from core.ids import derived_id
from core.money import Money
from finance import models, repository
from finance.accounting import (
    COMMITMENTS,
    DEFERRED_FEE,
    RECEIVABLES,
    RESERVE,
    UNEARNED_DISCOUNT,
    Entry,
    JournalDraft,
    journal,
)
from finance.receivables import AssetState

# Among what a transaction touched: it booked a journal.
BOOKED = "finance.journal"


async def book(
    tx: Transaction, draft: JournalDraft, *, request_id: UUID | None, at: datetime, entry_id: UUID
) -> UUID:
    """Book a journal and return its id. The same event on the same object is booked once.

    Raises:
        Broken: `accounting.journal_differs` when the event was booked with other postings.
    """
    journal_id = derived_id("journal", draft.event, draft.object_id)
    if await models.Journal.exists(id=journal_id, using_db=tx.orm):
        await _require_same(tx, journal_id, draft)
        return journal_id
    await _write(tx, journal_id, draft, request_id=request_id, at=at, entry_id=entry_id, reverses=None)
    return journal_id


async def reverse(tx: Transaction, journal_id: UUID, *, at: datetime, entry_id: UUID) -> UUID:
    """Book the opposite of a journal and return the id of the reversal. Reversing twice changes nothing.

    Raises:
        NotFound: `accounting.journal_unknown`.
        Conflict: `accounting.reversal_reversed`: a reversal is not reversed, book the right entry instead.
    """
    original = await models.Journal.get_or_none(id=journal_id, using_db=tx.orm)
    if original is None:
        raise NotFound("accounting.journal_unknown", "No such journal.", where=str(journal_id))
    if original.reverses is not None:
        raise Conflict(
            "accounting.reversal_reversed",
            "This journal is a reversal itself.",
            where=str(journal_id),
            hint="Book the right entry instead.",
        )
    reversal_id = derived_id("journal", "reversal", journal_id)
    if await models.Journal.exists(id=reversal_id, using_db=tx.orm):
        return reversal_id
    postings = await models.Posting.filter(journal_id=journal_id).using_db(tx.orm).order_by("position")
    draft = journal(
        "reversal",
        journal_id,
        original.currency,
        (
            Entry(
                posting.account,
                "Cr" if posting.side == "Dr" else "Dr",
                Money(posting.amount, original.currency),
                posting.asset_id,
            )
            for posting in postings
        ),
    )
    await _write(
        tx,
        reversal_id,
        draft,
        request_id=original.request_id,
        at=at,
        entry_id=entry_id,
        reverses=journal_id,
    )
    return reversal_id


async def verify_books(tx: Transaction) -> list[str]:
    """Return what in the books contradicts the receivables and limits; nothing when all is well.

    All accounts of a currency add up to zero; receivables, reserve, unearned discount and deferred fee agree
    with each asset; commitments agree with the undrawn part of the pair limits.
    """
    faults: list[str] = []
    sums: dict[str, Decimal] = defaultdict(Decimal)
    by_asset: dict[tuple[str, UUID], Decimal] = defaultdict(Decimal)
    commitments: dict[str, Decimal] = defaultdict(Decimal)
    for row in await repository.account_balances(tx.sql):
        sums[row["currency"]] += row["balance"]
        if row["asset_id"] is not None:
            by_asset[row["account"], row["asset_id"]] += row["balance"]
        if row["account"] == COMMITMENTS:
            commitments[row["currency"]] += row["balance"]
    faults += [f"accounts in {currency} add up to {left}" for currency, left in sums.items() if left != 0]
    for asset in await models.Asset.all().using_db(tx.orm):
        for account, expected in _expected(asset).items():
            balance = by_asset[account, asset.id]
            if balance != expected:
                faults.append(f"account {account} of asset {asset.id} has {balance} instead of {expected}")
    undrawn: dict[str, Decimal] = defaultdict(Decimal)
    for limit in await models.Limit.filter(scope="PAIR").using_db(tx.orm):
        undrawn[limit.currency] += limit.amount - limit.utilised
    faults += [
        f"commitments in {currency} are {commitments[currency]} instead of {undrawn[currency]}"
        for currency in undrawn | commitments
        if undrawn[currency] != commitments[currency]
    ]
    return faults


def _expected(asset: models.Asset) -> dict[str, Decimal]:
    """Return the balances (debits less credits) that an asset must have in its sub-ledgers."""
    gone = asset.state == AssetState.RECOURSE_DEMANDED
    settled = asset.state == AssetState.SETTLED
    expected = {
        RECEIVABLES: Decimal(0) if gone else asset.face - asset.collected,
        UNEARNED_DISCOUNT: -(asset.discount - asset.accrued),
        DEFERRED_FEE: Decimal(0) if settled else -asset.fee,
    }
    if not gone:
        expected[RESERVE] = -(asset.reserve - asset.late_charged - asset.released)
    return expected


async def _write(
    tx: Transaction,
    journal_id: UUID,
    draft: JournalDraft,
    *,
    request_id: UUID | None,
    at: datetime,
    entry_id: UUID,
    reverses: UUID | None,
) -> None:
    tx.touched.add(BOOKED)
    await models.Journal.create(
        using_db=tx.orm,
        id=journal_id,
        event=draft.event,
        object_id=draft.object_id,
        request_id=request_id,
        currency=draft.currency,
        booked_at=at,
        reverses=reverses,
        entry_id=entry_id,
    )
    await models.Posting.bulk_create(
        [
            models.Posting(
                id=derived_id(journal_id, position),
                journal_id=journal_id,
                position=position,
                account=entry.account,
                side=entry.side,
                amount=entry.amount.amount,
                asset_id=entry.asset_id,
            )
            for position, entry in enumerate(draft.entries)
        ],
        using_db=tx.orm,
    )


async def _require_same(tx: Transaction, journal_id: UUID, draft: JournalDraft) -> None:
    postings = await models.Posting.filter(journal_id=journal_id).using_db(tx.orm).order_by("position")
    booked = [(p.account, p.side, p.amount, p.asset_id) for p in postings]
    if booked != [(e.account, e.side, e.amount.amount, e.asset_id) for e in draft.entries]:
        raise Broken(
            "accounting.journal_differs",
            f"The event {draft.event!r} was booked with other postings.",
            where=str(draft.object_id),
            hint="Reverse the journal and book the right one.",
        )
