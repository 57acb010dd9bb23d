"""Payment orders out, bank entries in, and what they belong to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast
from uuid import UUID

from core.database import Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import derived_id
from core.money import Money, total
from finance import accounting, journals, models, repository
from finance.fingerprints import number_key
from finance.parties import name_key
from finance.receivables import AssetEvent, AssetState, after
from finance.requests import locked_request

Direction = Literal["in", "out"]
_WORD = re.compile(r"\S+")
_MAX_TEXT = 140  # what a remittance line of a SEPA credit transfer holds


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """An instruction to pay a seller. `reference` is what the bank carries along."""

    id: UUID
    request_id: UUID
    asset_id: UUID | None
    purpose: Literal["ADVANCE", "RESERVE"]
    payee_id: UUID
    reference: str
    amount: Money
    state: Literal["SENT", "SETTLED"]


@dataclass(frozen=True, slots=True)
class MatchedTo:
    """What a bank entry belongs to, and the request that it is part of."""

    kind: Literal["asset", "payment_order"]
    id: UUID
    request_id: UUID


@dataclass(frozen=True, slots=True)
class BankEntry:
    """A movement on the bank account; `matched` is None when nothing explains it."""

    id: UUID
    bank_ref: str
    direction: Direction
    amount: Money
    value_date: date
    matched: MatchedTo | None


async def instruct_payment(
    tx: Transaction, request_id: UUID, *, at: datetime, entry_id: UUID
) -> PaymentOrder:
    """Send the order that pays the seller the advances of a request, less discount and fee.

    Raises:
        NotFound: `request.unknown`.
        Conflict: `payment.nothing_purchased`.
    """
    request = await locked_request(tx, request_id)
    order_id = derived_id("payment-order", "advance", request_id)
    done = await models.PaymentOrder.get_or_none(id=order_id, using_db=tx.orm)
    if done is not None:
        return as_payment_order(done)
    assets = await models.Asset.filter(request_id=request_id).using_db(tx.orm).order_by("id")
    if not assets:
        raise Conflict("payment.nothing_purchased", "No receivable of the request is bought yet.")
    parts = [
        (asset.id, Money(asset.advance - asset.discount - asset.fee, asset.currency)) for asset in assets
    ]
    return await send_order(tx, order_id, "ADVANCE", request, parts, asset_id=None, at=at, entry_id=entry_id)


async def send_order(
    tx: Transaction,
    order_id: UUID,
    purpose: Literal["ADVANCE", "RESERVE"],
    request: models.FinancingRequest,
    parts: Sequence[tuple[UUID, Money]],
    *,
    asset_id: UUID | None,
    at: datetime,
    entry_id: UUID,
) -> PaymentOrder:
    """Store and book a payment order to the seller of a request; `parts` are the assets that it pays for."""
    order = await models.PaymentOrder.create(
        using_db=tx.orm,
        id=order_id,
        request_id=request.id,
        asset_id=asset_id,
        purpose=purpose,
        payee_id=request.seller_id,
        reference=f"SCF-{order_id.hex[:16].upper()}",
        currency=request.currency,
        amount=total((amount for _, amount in parts), request.currency).amount,
        state="SENT",
        created_at=at,
        entry_id=entry_id,
    )
    await journals.book(
        tx,
        accounting.payment_sent(order_id, parts, request.currency),
        request_id=request.id,
        at=at,
        entry_id=entry_id,
    )
    return as_payment_order(order)


async def confirm_payment(
    tx: Transaction, payment_order_id: UUID, *, at: datetime, entry_id: UUID
) -> PaymentOrder:
    """Note that the bank paid an advance: its receivables are funded.

    Raises:
        NotFound: `payment.order_unknown`.
        Conflict: `payment.not_settled` when no bank entry shows the payment.
    """
    order = await models.PaymentOrder.get_or_none(id=payment_order_id, using_db=tx.orm)
    if order is None:
        raise NotFound("payment.order_unknown", "No such payment order.", where=str(payment_order_id))
    if order.state != "SETTLED":
        raise Conflict(
            "payment.not_settled",
            f"No bank entry shows that {order.reference} was paid.",
            where=str(payment_order_id),
            hint="Record the bank entry of the payment first.",
        )
    if order.purpose == "ADVANCE":
        for asset in await models.Asset.filter(request_id=order.request_id).using_db(tx.orm):
            if asset.state == AssetState.PURCHASED:
                await (
                    models.Asset.filter(id=asset.id)
                    .using_db(tx.orm)
                    .update(state=after(AssetState.PURCHASED, AssetEvent.FUND).value)
                )
    return as_payment_order(order)


async def record_bank_entry(
    tx: Transaction,
    *,
    reference: str,
    amount: Money,
    value_date: date,
    payer: str | None,
    direction: Direction | None,
    bank_ref: str,
    at: datetime,
    entry_id: UUID,
) -> BankEntry:
    """Book a movement on the bank account and find what it belongs to.

    Money out belongs to the payment order of its reference and amount; money in to the receivable still owed
    whose invoice number (or id) the reference names. What belongs to nothing stays unallocated. Without a
    direction, a reference to an unpaid payment order of that amount means money out, every other one money
    in. The bank's own id (`bank_ref`) is taken once: a repeat changes nothing.

    Raises:
        InvalidInput: `payment.amount_invalid`, `payment.text_invalid`, `payment.direction_unknown`.
        Conflict: `payment.bank_ref_reused` when the bank's id comes again with another amount, currency or
            direction.
    """
    _check_entry(reference, payer, bank_ref, amount, direction)
    await repository.lock(tx.sql, "finance.bank_ref", bank_ref)
    known = await models.BankEntry.get_or_none(bank_ref=bank_ref, using_db=tx.orm)
    if known is not None:
        said = (amount.amount, amount.currency, direction or known.direction)
        if said != (known.amount, known.currency, known.direction):
            raise Conflict(
                "payment.bank_ref_reused",
                f"Bank entry {bank_ref} was recorded with {Money(known.amount, known.currency)} "
                f"{known.direction}.",
                where="bankRef",
                hint="The bank gives each movement a reference of its own; compare with its statement.",
            )
        return await _entry(tx, known)
    words = _references(reference)
    order = await _unpaid_order(tx, words, amount) if direction != "in" else None
    direction = direction or ("out" if order is not None else "in")
    asset_id = await _owed_asset(tx, words, amount, payer) if direction == "in" else None
    bank_entry = await models.BankEntry.create(
        using_db=tx.orm,
        id=derived_id("bank-entry", bank_ref),
        bank_ref=bank_ref,
        direction=direction,
        reference=reference,
        payer=payer,
        currency=amount.currency,
        amount=amount.amount,
        value_date=value_date,
        state="UNMATCHED" if order is None and asset_id is None else "MATCHED",
        asset_id=asset_id,
        payment_order_id=order["id"] if order else None,
        recorded_at=at,
        entry_id=entry_id,
    )
    await _book_entry(tx, bank_entry, order, amount, at, entry_id)
    return await _entry(tx, bank_entry)


async def _book_entry(
    tx: Transaction,
    entry: models.BankEntry,
    order: repository.Row | None,
    amount: Money,
    at: datetime,
    entry_id: UUID,
) -> None:
    request_id: UUID | None = None
    if order is not None:
        request_id = order["request_id"]
        draft = accounting.payment_settled(order["id"], amount)
        await models.PaymentOrder.filter(id=order["id"]).using_db(tx.orm).update(state="SETTLED")
    elif entry.direction == "in":
        draft = accounting.money_received(entry.id, amount)
        if entry.asset_id is not None:
            request_id = (await models.Asset.get(id=entry.asset_id, using_db=tx.orm)).request_id
    else:
        draft = accounting.money_left(entry.id, amount)
    await journals.book(tx, draft, request_id=request_id, at=at, entry_id=entry_id)


async def _unpaid_order(tx: Transaction, words: Sequence[str], amount: Money) -> repository.Row | None:
    order = await repository.payment_order_by_reference(tx.sql, words)
    if order is None or order["state"] != "SENT":
        return None
    return order if (order["amount"], order["currency"]) == (amount.amount, amount.currency) else None


async def _owed_asset(tx: Transaction, words: Sequence[str], amount: Money, payer: str | None) -> UUID | None:
    """Return the one receivable that a reference names.

    Two sellers may use one invoice number: then the payer's name decides, then the amount; none is guessed.
    """
    found = await repository.open_assets_by_reference(tx.sql, amount.currency, words)
    for narrowed in (
        found,
        [row for row in found if payer and row["buyer_key"] == name_key(payer)],
        [row for row in found if row["face"] - row["collected"] == amount.amount],
    ):
        if len(narrowed) == 1:
            asset_id: UUID = narrowed[0]["id"]
            return asset_id
    return None


def _references(text: str) -> list[str]:
    """Return what a remittance text may name: each of its words, and the whole, without punctuation."""
    words = [number_key(word) for word in (*_WORD.findall(text), text)]
    return list(dict.fromkeys(word for word in words if word))


def _check_entry(
    reference: str, payer: str | None, bank_ref: str, amount: Money, direction: str | None
) -> None:
    for name, text in (("reference", reference), ("payer", payer or "-"), ("bankRef", bank_ref)):
        if not 0 < len(text.strip()) <= _MAX_TEXT or not text.isprintable():
            raise InvalidInput(
                "payment.text_invalid", f"It must have 1 to {_MAX_TEXT} printable characters.", where=name
            )
    if amount.amount <= 0 or amount.rounded() != amount:
        raise InvalidInput(
            "payment.amount_invalid", f"{amount} is not a positive amount in minor units.", where="amount"
        )
    if direction not in ("in", "out", None):
        raise InvalidInput("payment.direction_unknown", "Money comes in or goes out.", where="direction")


def as_payment_order(row: models.PaymentOrder) -> PaymentOrder:
    """Return the record of a stored payment order."""
    return PaymentOrder(
        id=row.id,
        request_id=row.request_id,
        asset_id=row.asset_id,
        purpose=cast("Literal['ADVANCE', 'RESERVE']", row.purpose),
        payee_id=row.payee_id,
        reference=row.reference,
        amount=Money(row.amount, row.currency),
        state=cast("Literal['SENT', 'SETTLED']", row.state),
    )


async def _entry(tx: Transaction, row: models.BankEntry) -> BankEntry:
    matched: MatchedTo | None = None
    if row.payment_order_id is not None:
        order = await models.PaymentOrder.get(id=row.payment_order_id, using_db=tx.orm)
        matched = MatchedTo("payment_order", order.id, order.request_id)
    elif row.asset_id is not None:
        asset = await models.Asset.get(id=row.asset_id, using_db=tx.orm)
        matched = MatchedTo("asset", asset.id, asset.request_id)
    return BankEntry(
        id=row.id,
        bank_ref=row.bank_ref,
        direction=cast("Direction", row.direction),
        amount=Money(row.amount, row.currency),
        value_date=row.value_date,
        matched=matched,
    )
