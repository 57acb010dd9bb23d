"""The offer for a request, and the purchase of its receivables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from core.database import Transaction
from core.errors import Conflict
from core.ids import derived_id
from core.money import Money, total
from finance import accounting, journals, models
from finance.limits import utilise_limits
from finance.pricing import Price, PricingTerms, price
from finance.receivables import AssetState
from finance.requests import financeable_invoices, free_invoices, locked_request


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """The offer for one invoice."""

    invoice_id: UUID
    invoice_number: str
    price: Price


@dataclass(frozen=True, slots=True)
class Quote:
    """The offer for a request: advance + reserve = face, payable = advance − discount − fee."""

    request_id: UUID
    value_date: date
    terms: PricingTerms
    lines: tuple[QuoteLine, ...]
    face: Money
    eligible: Money
    advance: Money
    reserve: Money
    discount: Money
    fee: Money
    payable: Money


@dataclass(frozen=True, slots=True)
class Asset:
    """A purchased receivable."""

    id: UUID
    request_id: UUID
    invoice_id: UUID
    invoice_number: str
    seller_id: UUID
    buyer_id: UUID
    face: Money
    eligible: Money
    advance: Money
    reserve: Money
    discount: Money
    fee: Money
    due_date: date
    state: AssetState


async def quote(tx: Transaction, request_id: UUID, terms: PricingTerms, *, at: datetime) -> Quote:
    """Price every invoice of a request of which something can be financed; the newest offer counts.

    Raises:
        NotFound: `request.unknown`.
        Conflict: `request.closed`, `pricing.nothing_eligible`, `pricing.tenor_not_positive`,
            `pricing.charges_exceed_advance`.
    """
    request = await locked_request(tx, request_id)
    if request.state not in ("SUBMITTED", "OFFERED"):
        raise Conflict("request.closed", f"The request is {request.state.lower()}.", where=str(request_id))
    invoices = await financeable_invoices(tx, request_id)
    if not invoices:
        raise Conflict("pricing.nothing_eligible", "Nothing of the request can be financed.")
    lines = [
        QuoteLine(
            invoice.id,
            invoice.number,
            price(
                Money(invoice.total, invoice.currency),
                Money(invoice.eligible or Decimal(0), invoice.currency),
                terms,
                value_date=at.date(),
                due_date=invoice.due_date,
            ),
        )
        for invoice in invoices
    ]
    await models.QuoteRow.filter(request_id=request_id).using_db(tx.orm).delete()
    await models.QuoteRow.bulk_create(
        [_quote_row(request_id, position, line, terms) for position, line in enumerate(lines)],
        using_db=tx.orm,
    )
    await models.FinancingRequest.filter(id=request_id).using_db(tx.orm).update(state="OFFERED")
    return _quote(request_id, at.date(), terms, lines, request.currency)


async def purchase(tx: Transaction, request_id: UUID, *, at: datetime, entry_id: UUID) -> list[Asset]:
    """Buy the receivables of a request as offered: assets, limits in use, and one journal.

    Invoices of the request that were not offered are free again.

    Raises:
        NotFound: `request.unknown`.
        Conflict: `receivable.already_purchased` by another command, `receivable.no_offer`,
            `limit.reservation_missing`, `limit.reservation_exceeded`.
    """
    request = await locked_request(tx, request_id)
    bought = await models.Asset.filter(request_id=request_id).using_db(tx.orm)
    if bought:
        if any(asset.entry_id != entry_id for asset in bought):
            raise Conflict("receivable.already_purchased", "The request's receivables are bought already.")
        return await assets_of(tx, request_id)
    rows = await models.QuoteRow.filter(request_id=request_id).using_db(tx.orm).order_by("position")
    if request.state != "OFFERED" or not rows:
        raise Conflict(
            "receivable.no_offer",
            f"The request is {request.state.lower()} and has no open offer.",
            hint="Make an offer first.",
        )
    exposure = total((Money(row.eligible, row.currency) for row in rows), request.currency)
    await utilise_limits(tx, request, exposure, at=at, entry_id=entry_id)
    await models.Asset.bulk_create([_asset_row(request, row, at, entry_id) for row in rows], using_db=tx.orm)
    await journals.book(
        tx,
        accounting.purchase(
            request_id, [(_asset_id(row.invoice_id), _price(row)) for row in rows], request.currency
        ),
        request_id=request_id,
        at=at,
        entry_id=entry_id,
    )
    financed = [row.invoice_id for row in rows]
    await models.Invoice.filter(id__in=financed).using_db(tx.orm).update(state="FINANCED")
    left_out = (
        await models.RequestItem.filter(request_id=request_id, live=True)
        .using_db(tx.orm)
        .exclude(invoice_id__in=financed)
    )
    await free_invoices(tx, request_id, [item.invoice_id for item in left_out], at=at, entry_id=entry_id)
    await models.FinancingRequest.filter(id=request_id).using_db(tx.orm).update(state="FUNDED")
    return await assets_of(tx, request_id)


async def assets_of(tx: Transaction, request_id: UUID) -> list[Asset]:
    """Return the receivables bought for a request, in the order of the offer."""
    rows = await models.Asset.filter(request_id=request_id).using_db(tx.orm)
    invoices = await models.Invoice.in_bulk([row.invoice_id for row in rows], "id", using_db=tx.orm)
    positions = {
        row.invoice_id: row.position
        for row in await models.QuoteRow.filter(request_id=request_id).using_db(tx.orm)
    }
    return [
        as_asset(row, invoices[row.invoice_id].number)
        for row in sorted(rows, key=lambda row: positions[row.invoice_id])
    ]


def as_asset(row: models.Asset, invoice_number: str) -> Asset:
    """Return the record of a stored receivable."""
    return Asset(
        id=row.id,
        request_id=row.request_id,
        invoice_id=row.invoice_id,
        invoice_number=invoice_number,
        seller_id=row.seller_id,
        buyer_id=row.buyer_id,
        face=Money(row.face, row.currency),
        eligible=Money(row.eligible, row.currency),
        advance=Money(row.advance, row.currency),
        reserve=Money(row.reserve, row.currency),
        discount=Money(row.discount, row.currency),
        fee=Money(row.fee, row.currency),
        due_date=row.due_date,
        state=AssetState(row.state),
    )


def _quote(
    request_id: UUID, value_date: date, terms: PricingTerms, lines: Sequence[QuoteLine], currency: str
) -> Quote:
    def add(name: str) -> Money:
        return total((getattr(line.price, name) for line in lines), currency)

    return Quote(
        request_id=request_id,
        value_date=value_date,
        terms=terms,
        lines=tuple(lines),
        face=add("face"),
        eligible=add("eligible"),
        advance=add("advance"),
        reserve=add("reserve"),
        discount=add("discount"),
        fee=add("fee"),
        payable=add("payable"),
    )


def _quote_row(request_id: UUID, position: int, line: QuoteLine, terms: PricingTerms) -> models.QuoteRow:
    return models.QuoteRow(
        id=derived_id("quote", request_id, line.invoice_id),
        request_id=request_id,
        invoice_id=line.invoice_id,
        position=position,
        value_date=line.price.value_date,
        due_date=line.price.due_date,
        currency=line.price.face.currency,
        face=line.price.face.amount,
        eligible=line.price.eligible.amount,
        advance=line.price.advance.amount,
        reserve=line.price.reserve.amount,
        discount=line.price.discount.amount,
        fee=line.price.fee.amount,
        payable=line.price.payable.amount,
        terms=terms.as_json(),
    )


def _price(row: models.QuoteRow) -> Price:
    return Price(
        value_date=row.value_date,
        due_date=row.due_date,
        face=Money(row.face, row.currency),
        eligible=Money(row.eligible, row.currency),
        advance=Money(row.advance, row.currency),
        reserve=Money(row.reserve, row.currency),
        discount=Money(row.discount, row.currency),
        fee=Money(row.fee, row.currency),
    )


def _asset_row(
    request: models.FinancingRequest, row: models.QuoteRow, at: datetime, entry_id: UUID
) -> models.Asset:
    return models.Asset(
        id=_asset_id(row.invoice_id),
        request_id=request.id,
        invoice_id=row.invoice_id,
        seller_id=request.seller_id,
        buyer_id=request.buyer_id,
        currency=row.currency,
        face=row.face,
        eligible=row.eligible,
        advance=row.advance,
        reserve=row.reserve,
        discount=row.discount,
        fee=row.fee,
        accrued=Decimal(0),
        late_charged=Decimal(0),
        collected=Decimal(0),
        released=Decimal(0),
        terms=row.terms,
        value_date=row.value_date,
        due_date=row.due_date,
        state=AssetState.PURCHASED.value,
        purchased_at=at,
        entry_id=entry_id,
    )


def _asset_id(invoice_id: UUID) -> UUID:
    """Return the id of the receivable of an invoice, which is bought once."""
    return derived_id("asset", invoice_id)
