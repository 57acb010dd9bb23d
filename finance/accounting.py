"""The finance provider's books: accounts, balanced journals, and the entry of each event.

A journal belongs to one event on one object and is booked once; it is never changed, only reversed. Amounts
of every entry stand in docs/finance.md with their sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from core.errors import Broken
from core.money import Money, total
from finance.pricing import Price

Side = Literal["Dr", "Cr"]

BANK = "1100"
CASH_IN_TRANSIT = "1190"
RECEIVABLES = "1200"
CLAIM_ON_SELLER = "1230"
RESERVE = "2100"
PAYABLE_TO_SELLER = "2110"
UNALLOCATED = "2150"
UNEARNED_DISCOUNT = "2200"
DEFERRED_FEE = "2210"
DISCOUNT_INCOME = "4100"
FEE_INCOME = "4110"
LATE_INCOME = "4120"
COMMITMENTS = "9100"
COMMITMENTS_CONTRA = "9101"

ACCOUNTS: dict[str, tuple[str, str]] = {
    BANK: ("Bank", "asset"),
    CASH_IN_TRANSIT: ("Cash in transit", "asset"),
    RECEIVABLES: ("Purchased receivables", "asset"),
    CLAIM_ON_SELLER: ("Claim on seller", "asset"),
    RESERVE: ("Reserve due to seller", "liability"),
    PAYABLE_TO_SELLER: ("Payable to seller", "liability"),
    UNALLOCATED: ("Unallocated receipts", "liability"),
    UNEARNED_DISCOUNT: ("Unearned discount", "liability"),
    DEFERRED_FEE: ("Deferred fee", "liability"),
    DISCOUNT_INCOME: ("Discount income", "income"),
    FEE_INCOME: ("Fee income", "income"),
    LATE_INCOME: ("Late payment income", "income"),
    COMMITMENTS: ("Commitments", "memo"),
    COMMITMENTS_CONTRA: ("Commitments, contra", "memo"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One debit or credit of a positive amount, in the sub-ledger of an asset where it has one."""

    account: str
    side: Side
    amount: Money
    asset_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class JournalDraft:
    """What an event books. Construction refuses what does not balance.

    Raises:
        Broken: `accounting.unbalanced`, `accounting.account_unknown`, `accounting.amount_invalid`.
    """

    event: str
    object_id: UUID
    currency: str
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        for entry in self.entries:
            if entry.account not in ACCOUNTS:
                raise Broken("accounting.account_unknown", f"There is no account {entry.account}.")
            if entry.amount.amount <= 0 or entry.amount.rounded() != entry.amount:
                raise Broken(
                    "accounting.amount_invalid",
                    f"{entry.amount} cannot be booked: amounts are positive and in whole minor units.",
                    where=f"{self.event}, account {entry.account}",
                )
        debits = total((e.amount for e in self.entries if e.side == "Dr"), self.currency)
        credits = total((e.amount for e in self.entries if e.side == "Cr"), self.currency)
        if debits != credits or not self.entries:
            raise Broken(
                "accounting.unbalanced",
                f"Debits of {debits} and credits of {credits} do not balance.",
                where=self.event,
            )


def journal(event: str, object_id: UUID, currency: str, entries: Iterable[Entry]) -> JournalDraft:
    """Return a journal without the entries that are zero."""
    return JournalDraft(event, object_id, currency, tuple(e for e in entries if e.amount.amount != 0))


def _move(debit: str, credit: str, amount: Money, asset_id: UUID | None = None) -> tuple[Entry, Entry]:
    return Entry(debit, "Dr", amount, asset_id), Entry(credit, "Cr", amount, asset_id)


def commitment(event: str, object_id: UUID, change: Money) -> JournalDraft:
    """Undrawn commitments rise (positive change) or fall: memo accounts, off the balance sheet."""
    pair = (COMMITMENTS, COMMITMENTS_CONTRA) if change.amount > 0 else (COMMITMENTS_CONTRA, COMMITMENTS)
    return journal(event, object_id, change.currency, _move(*pair, change if change.amount > 0 else -change))


def purchase(request_id: UUID, bought: Sequence[tuple[UUID, Price]], currency: str) -> JournalDraft:
    """Receivables are bought: reserve, unearned discount and deferred fee are owed, the rest is payable."""
    return journal(
        "purchase",
        request_id,
        currency,
        [
            entry
            for asset_id, price in bought
            for entry in (
                Entry(RECEIVABLES, "Dr", price.face, asset_id),
                Entry(RESERVE, "Cr", price.reserve, asset_id),
                Entry(UNEARNED_DISCOUNT, "Cr", price.discount, asset_id),
                Entry(DEFERRED_FEE, "Cr", price.fee, asset_id),
                Entry(PAYABLE_TO_SELLER, "Cr", price.payable, asset_id),
            )
        ],
    )


def payment_sent(order_id: UUID, parts: Sequence[tuple[UUID, Money]], currency: str) -> JournalDraft:
    """A payment order is sent; `parts` are the assets that it pays for."""
    entries = [
        e for asset_id, amount in parts for e in _move(PAYABLE_TO_SELLER, CASH_IN_TRANSIT, amount, asset_id)
    ]
    return journal("payment-sent", order_id, currency, entries)


def payment_settled(order_id: UUID, amount: Money) -> JournalDraft:
    """The bank reports that a payment order left the account."""
    return journal("payment-settled", order_id, amount.currency, _move(CASH_IN_TRANSIT, BANK, amount))


def money_received(bank_entry_id: UUID, amount: Money) -> JournalDraft:
    """Money came in; whose it is, is another event."""
    return journal("money-received", bank_entry_id, amount.currency, _move(BANK, UNALLOCATED, amount))


def money_left(bank_entry_id: UUID, amount: Money) -> JournalDraft:
    """Money left the account that no payment order explains."""
    return journal("money-left", bank_entry_id, amount.currency, _move(UNALLOCATED, BANK, amount))


def accrual(object_id: UUID, asset_id: UUID, amount: Money) -> JournalDraft:
    """Discount is earned by time."""
    return journal(
        "accrual", object_id, amount.currency, _move(UNEARNED_DISCOUNT, DISCOUNT_INCOME, amount, asset_id)
    )


def fee_earned(asset_id: UUID, amount: Money) -> JournalDraft:
    """The service is rendered."""
    return journal("fee-earned", asset_id, amount.currency, _move(DEFERRED_FEE, FEE_INCOME, amount, asset_id))


def collection(bank_entry_id: UUID, asset_id: UUID, amount: Money) -> JournalDraft:
    """Money that came in pays a receivable."""
    return journal(
        "collection", bank_entry_id, amount.currency, _move(UNALLOCATED, RECEIVABLES, amount, asset_id)
    )


def late(object_id: UUID, asset_id: UUID, amount: Money) -> JournalDraft:
    """Lateness is charged to the reserve."""
    return journal("late-charge", object_id, amount.currency, _move(RESERVE, LATE_INCOME, amount, asset_id))


def reserve_release(asset_id: UUID, amount: Money) -> JournalDraft:
    """What is left of the reserve becomes payable to the seller."""
    return journal(
        "reserve-release", asset_id, amount.currency, _move(RESERVE, PAYABLE_TO_SELLER, amount, asset_id)
    )


def recourse(asset_id: UUID, open_face: Money, reserve: Money) -> JournalDraft:
    """The seller must buy an unpaid receivable back, less the reserve that is set off."""
    set_off = min(reserve, open_face)
    return journal(
        "recourse",
        asset_id,
        open_face.currency,
        [
            Entry(CLAIM_ON_SELLER, "Dr", open_face - set_off, asset_id),
            Entry(RESERVE, "Dr", set_off, asset_id),
            Entry(RECEIVABLES, "Cr", open_face, asset_id),
        ],
    )
