"""A receivable's life after its purchase: accrual, collection, reserve, recourse, settlement."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from core.database import Transaction
from core.errors import Conflict, NotFound
from core.ids import derived_id
from core.money import Money
from finance import accounting, journals, models, pricing
from finance.accounting import JournalDraft
from finance.payments import PaymentOrder, as_payment_order, send_order
from finance.pricing import PricingTerms
from finance.purchases import Asset, as_asset
from finance.receivables import OPEN, AssetEvent, AssetState, after
from finance.requests import locked_request


async def accrue(tx: Transaction, asset_id: UUID, upto: date, *, at: datetime, entry_id: UUID) -> Money:
    """Book the discount earned up to a day, and what lateness costs; return the income.

    Cumulative: the running total is rounded and the difference booked, so that the days add up exactly, in
    whatever steps they are booked. Lateness is charged to the reserve, at most what is left of it.

    Raises:
        NotFound: `receivable.unknown`.
    """
    asset = await _locked(tx, asset_id)
    earned = await _accrue_discount(tx, asset, upto, at, entry_id)
    return earned + await _charge_lateness(tx, asset, upto, at, entry_id)


async def collect(
    tx: Transaction, asset_id: UUID, bank_entry_id: UUID, *, at: datetime, entry_id: UUID
) -> Asset:
    """Pay a receivable with money that came in for it; what is above the open amount stays unallocated.

    Raises:
        NotFound: `receivable.unknown`, `payment.bank_entry_unknown`.
        Conflict: `payment.not_for_asset`, `receivable.wrong_state`.
    """
    asset = await _locked(tx, asset_id)
    bank_entry = await models.BankEntry.get_or_none(id=bank_entry_id, using_db=tx.orm)
    if bank_entry is None:
        raise NotFound("payment.bank_entry_unknown", "No such bank entry.", where=str(bank_entry_id))
    if bank_entry.asset_id != asset_id or bank_entry.direction != "in":
        raise Conflict(
            "payment.not_for_asset",
            f"Bank entry {bank_entry.bank_ref} does not belong to this receivable.",
            where=str(bank_entry_id),
        )
    journal_id = derived_id("journal", "collection", bank_entry_id)
    if await models.Journal.exists(id=journal_id, using_db=tx.orm):
        return await _as_asset(tx, asset)
    await _accrue_discount(tx, asset, bank_entry.value_date, at, entry_id)
    await _charge_lateness(tx, asset, bank_entry.value_date, at, entry_id)
    paid = min(bank_entry.amount, asset.face - asset.collected)
    in_full = asset.collected + paid == asset.face
    await _advance(tx, asset, AssetEvent.COLLECT_ALL if in_full else AssetEvent.COLLECT_PART)
    asset.collected += paid
    await asset.save(using_db=tx.orm, update_fields=["collected"])
    await _book(
        tx,
        asset,
        accounting.collection(bank_entry_id, asset.id, _money(asset, paid)),
        at,
        entry_id,
    )
    return await _as_asset(tx, asset)


async def release_reserve(
    tx: Transaction, asset_id: UUID, *, at: datetime, entry_id: UUID
) -> PaymentOrder | None:
    """Pay the seller what is left of the reserve of a collected receivable; None when nothing is left.

    Raises:
        NotFound: `receivable.unknown`.
        Conflict: `receivable.not_collected`.
    """
    asset = await _locked(tx, asset_id)
    if asset.state not in (AssetState.COLLECTED, AssetState.SETTLED):
        still_open = _money(asset, asset.face - asset.collected)
        raise Conflict(
            "receivable.not_collected",
            f"The receivable is {asset.state.lower()}, {still_open} is open.",
            where=str(asset_id),
            hint="Release the reserve when the buyer has paid in full.",
        )
    order_id = derived_id("payment-order", "reserve", asset_id)
    left = _reserve_left(asset)
    if left.amount == 0:
        sent = await models.PaymentOrder.get_or_none(id=order_id, using_db=tx.orm)
        return None if sent is None else as_payment_order(sent)
    asset.released += left.amount
    await asset.save(using_db=tx.orm, update_fields=["released"])
    await _book(tx, asset, accounting.reserve_release(asset_id, left), at, entry_id)
    request = await locked_request(tx, asset.request_id)
    return await send_order(
        tx, order_id, "RESERVE", request, [(asset_id, left)], asset_id=asset_id, at=at, entry_id=entry_id
    )


async def settle(tx: Transaction, asset_id: UUID, *, at: datetime, entry_id: UUID) -> Asset:
    """Close a collected receivable whose reserve is released: the rest of discount and fee is earned.

    The discount is the price of the agreed term, so that a buyer who pays early does not lower it. With the
    last receivable its request is settled too.

    Raises:
        NotFound: `receivable.unknown`.
        Conflict: `receivable.reserve_held`, `receivable.wrong_state`.
    """
    asset = await _locked(tx, asset_id)
    if asset.state == AssetState.SETTLED:
        return await _as_asset(tx, asset)
    after(AssetState(asset.state), AssetEvent.SETTLE)
    if _reserve_left(asset).amount != 0:
        raise Conflict(
            "receivable.reserve_held",
            "The reserve is not released yet.",
            where=str(asset_id),
            hint="Release the reserve first.",
        )
    _, _, last_day = _discount_term(asset)
    await _accrue_discount(tx, asset, last_day, at, entry_id)
    if asset.fee > 0:
        await _book(tx, asset, accounting.fee_earned(asset_id, _money(asset, asset.fee)), at, entry_id)
    await _advance(tx, asset, AssetEvent.SETTLE)
    await models.Invoice.filter(id=asset.invoice_id).using_db(tx.orm).update(state="PAID")
    await _settle_request(tx, asset.request_id)
    return await _as_asset(tx, asset)


async def demand_recourse(tx: Transaction, asset_id: UUID, *, at: datetime, entry_id: UUID) -> Asset:
    """Demand that the seller buys an unpaid receivable back: the reserve is set off against what is open.

    Raises:
        NotFound: `receivable.unknown`.
        Conflict: `receivable.not_due`, `receivable.wrong_state`.
    """
    asset = await _locked(tx, asset_id)
    if asset.state == AssetState.RECOURSE_DEMANDED:
        return await _as_asset(tx, asset)
    if at.date() <= asset.due_date:
        raise Conflict("receivable.not_due", f"The receivable is due on {asset.due_date}.")
    await _advance(tx, asset, AssetEvent.DEMAND_RECOURSE)
    await _book(
        tx,
        asset,
        accounting.recourse(
            asset_id,
            _money(asset, asset.face - asset.collected),
            _reserve_left(asset),
        ),
        at,
        entry_id,
    )
    return await _as_asset(tx, asset)


async def _accrue_discount(
    tx: Transaction, asset: models.Asset, upto: date, at: datetime, entry_id: UUID
) -> Money:
    """Book what of the discount is earned by a day and was not booked yet."""
    discount, start, end = _discount_term(asset)
    earned = pricing.accrued(discount, start, end, upto) - _money(asset, asset.accrued)
    if earned.amount <= 0:
        return Money.zero(asset.currency)
    asset.accrued += earned.amount
    await asset.save(using_db=tx.orm, update_fields=["accrued"])
    await _book(tx, asset, accounting.accrual(_on(asset, upto), asset.id, earned), at, entry_id)
    return earned


async def _charge_lateness(
    tx: Transaction, asset: models.Asset, upto: date, at: datetime, entry_id: UUID
) -> Money:
    """Charge the reserve for days after the due date that were not charged yet, while the buyer owes."""
    if asset.state not in OPEN:
        return Money.zero(asset.currency)
    terms = PricingTerms.from_json(asset.terms)
    due = pricing.late_charge(_money(asset, asset.advance), terms, asset.due_date, upto).amount
    charge = _money(asset, min(due - asset.late_charged, _reserve_left(asset).amount))
    if charge.amount <= 0:
        return Money.zero(asset.currency)
    asset.late_charged += charge.amount
    await asset.save(using_db=tx.orm, update_fields=["late_charged"])
    await _book(tx, asset, accounting.late(_on(asset, upto), asset.id, charge), at, entry_id)
    return charge


def _reserve_left(asset: models.Asset) -> Money:
    return _money(asset, asset.reserve - asset.late_charged - asset.released)


def _discount_term(asset: models.Asset) -> tuple[Money, date, date]:
    """Return the discount and the days between which it is earned."""
    days = timedelta(days=PricingTerms.from_json(asset.terms).collection_days)
    return _money(asset, asset.discount), asset.value_date, asset.due_date + days


async def _settle_request(tx: Transaction, request_id: UUID) -> None:
    """Settle a request with its last receivable; its invoices stay its own for good."""
    open_assets = (
        await models.Asset.filter(request_id=request_id)
        .using_db(tx.orm)
        .exclude(state=AssetState.SETTLED.value)
        .count()
    )
    if not open_assets:
        await models.FinancingRequest.filter(id=request_id).using_db(tx.orm).update(state="SETTLED")


async def _locked(tx: Transaction, asset_id: UUID) -> models.Asset:
    asset = await models.Asset.filter(id=asset_id).using_db(tx.orm).select_for_update().get_or_none()
    if asset is None:
        raise NotFound("receivable.unknown", "No such receivable.", where=str(asset_id))
    return asset


async def _advance(tx: Transaction, asset: models.Asset, event: AssetEvent) -> None:
    asset.state = after(AssetState(asset.state), event).value
    await asset.save(using_db=tx.orm, update_fields=["state"])


async def _book(
    tx: Transaction, asset: models.Asset, draft: JournalDraft, at: datetime, entry_id: UUID
) -> None:
    await journals.book(tx, draft, request_id=asset.request_id, at=at, entry_id=entry_id)


async def _as_asset(tx: Transaction, asset: models.Asset) -> Asset:
    invoice = await models.Invoice.get(id=asset.invoice_id, using_db=tx.orm)
    return as_asset(asset, invoice.number)


def _money(asset: models.Asset, amount: Decimal) -> Money:
    return Money(amount, asset.currency)


def _on(asset: models.Asset, day: date) -> UUID:
    """Return the id of what is booked once per receivable and day."""
    return derived_id(asset.id, day.isoformat())
