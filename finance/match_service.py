"""Matching an invoice with the orders and receipts that are stored, and releasing an exception."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import orjson

from core.database import Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import derived_id
from core.money import Money
from finance import models, repository
from finance.matching import (
    Delivery,
    InvoicedLine,
    InvoiceToMatch,
    MatchException,
    MatchResult,
    OrderedLine,
    delivered,
    match,
)


@dataclass(frozen=True, slots=True)
class MatchOutcome:
    """The decision on an invoice, the exceptions and what can be financed of it."""

    decision: Literal["matched", "exception"]
    exceptions: tuple[MatchException, ...]
    eligible: Money
    invoiced: Money


@dataclass(frozen=True, slots=True)
class ReleasedMatch:
    """What a person decided on a match exception."""

    decision: Literal["accept", "reject"]
    eligible: Money


async def match_invoice(tx: Transaction, invoice_id: UUID, *, at: datetime, entry_id: UUID) -> MatchOutcome:
    """Match an invoice with its orders and receipts as they are known now; the newest match counts.

    The same entry gives the same outcome again. An invoice of which more evidence came in may be matched anew
    until it is purchased.

    Raises:
        NotFound: `invoice.unknown`.
        Conflict: `invoice.purchased`.
    """
    match_id = derived_id("match", invoice_id, entry_id)
    done = await models.Match.get_or_none(id=match_id, using_db=tx.orm)
    if done is not None:
        invoice = await models.Invoice.get(id=invoice_id, using_db=tx.orm)
        return _outcome(done, invoice.currency)
    invoice = await _lock_open_invoice(tx, invoice_id)
    result = await _match(tx, invoice)
    await repository.supersede_match(tx.sql, invoice_id)
    await repository.drop_allocations(tx.sql, [invoice_id])
    stored = await models.Match.create(
        using_db=tx.orm,
        id=match_id,
        invoice_id=invoice_id,
        decision=result.decision,
        invoiced=result.invoiced.amount,
        eligible=result.eligible.amount,
        exceptions=[exception.as_json() for exception in result.exceptions],
        matched_at=at,
        entry_id=entry_id,
    )
    await models.MatchAllocation.bulk_create(
        [
            models.MatchAllocation(
                id=derived_id(match_id, position),
                invoice_id=invoice_id,
                invoice_line_id=allocation.invoice_line,
                order_line_id=allocation.order_line,
                quantity=allocation.quantity,
                received=allocation.received,
            )
            for position, allocation in enumerate(result.allocations)
        ],
        using_db=tx.orm,
    )
    await (
        models.Invoice.filter(id=invoice_id)
        .using_db(tx.orm)
        .update(
            state="MATCHED" if result.decision == "matched" else "EXCEPTION",
            match_decision=result.decision,
            eligible=result.eligible.amount,
        )
    )
    return _outcome(stored, invoice.currency)


async def release_match(
    tx: Transaction,
    invoice_id: UUID,
    *,
    decision: Literal["accept", "reject"],
    released_by: str,
    reason: str,
    eligible: Decimal | None,
    at: datetime,
    entry_id: UUID,
) -> ReleasedMatch:
    """Record a person's decision on a match exception.

    `accept` sets what can be financed: at most what the match found received at the agreed price, and all of
    that when no amount is given. `reject` sets it to nothing and gives the drawn quantities back.

    Raises:
        NotFound: `match.unknown`.
        InvalidInput: `match.decision_unknown`, `match.reason_missing`, `match.eligible_invalid`.
        Conflict: `match.eligible_above_evidence`, `match.not_an_exception`, `match.already_released`,
            `invoice.purchased`.
    """
    invoice = await _lock_open_invoice(tx, invoice_id)
    current = await models.Match.get_or_none(invoice_id=invoice_id, superseded=False, using_db=tx.orm)
    if current is None:
        raise NotFound("match.unknown", "The invoice was not matched.", where=str(invoice_id))
    if current.release_entry_id == entry_id:
        return ReleasedMatch(
            "reject" if invoice.state == "REJECTED" else "accept",
            Money(invoice.eligible or Decimal(0), invoice.currency),
        )
    if current.released_by is not None:
        raise Conflict(
            "match.already_released",
            f"{current.released_by} decided on this exception already.",
            where=invoice.number,
        )
    if current.decision != "exception":
        raise Conflict("match.not_an_exception", "The invoice matched; there is nothing to decide.")
    if decision not in ("accept", "reject"):
        raise InvalidInput("match.decision_unknown", f"{decision!r} is neither accept nor reject.")
    if not reason.strip():
        raise InvalidInput(
            "match.reason_missing",
            "A decision on an exception needs a reason.",
            where="reason",
            hint="Say why the invoice is accepted or rejected.",
        )
    amount = _released_amount(decision, eligible, current.eligible, invoice.currency)
    await (
        models.Match.filter(id=current.id)
        .using_db(tx.orm)
        .update(released_by=released_by, release_reason=reason, release_entry_id=entry_id)
    )
    await (
        models.Invoice.filter(id=invoice_id)
        .using_db(tx.orm)
        .update(
            state="MATCHED" if decision == "accept" else "REJECTED",
            match_decision="released" if decision == "accept" else "rejected",
            eligible=amount.amount,
        )
    )
    if decision == "reject":
        await repository.drop_allocations(tx.sql, [invoice_id])
    return ReleasedMatch(decision, amount)


def _released_amount(decision: str, wanted: Decimal | None, evidenced: Decimal, currency: str) -> Money:
    if decision == "reject":
        return Money.zero(currency)
    amount = Money(evidenced if wanted is None else wanted, currency)
    if amount.rounded() != amount or amount.amount < 0:
        raise InvalidInput(
            "match.eligible_invalid",
            f"{amount} is not an amount in whole minor units.",
            where="eligibleAmount",
        )
    if amount.amount > evidenced:
        raise Conflict(
            "match.eligible_above_evidence",
            f"Orders and receipts support {Money(evidenced, currency)}, not {amount}.",
            where="eligibleAmount",
            hint="Lower the amount, or import the missing receipt or order and match again.",
        )
    return amount


async def _lock_open_invoice(tx: Transaction, invoice_id: UUID) -> models.Invoice:
    invoice = await models.Invoice.filter(id=invoice_id).using_db(tx.orm).select_for_update().get_or_none()
    if invoice is None:
        raise NotFound("invoice.unknown", "No such invoice.", where=str(invoice_id))
    if invoice.state in ("FINANCED", "PAID"):
        raise Conflict(
            "invoice.purchased",
            "The invoice is purchased; its match can no longer change.",
            where=invoice.number,
        )
    return invoice


async def _match(tx: Transaction, invoice: models.Invoice) -> MatchResult:
    lines = await models.InvoiceLine.filter(invoice_id=invoice.id).using_db(tx.orm).order_by("position")
    order_keys = sorted({line.order_key for line in lines if line.order_key})
    versions = await repository.lock_orders(tx.sql, invoice.seller_id, invoice.buyer_id, order_keys)
    contested = {row["number_key"]: row["number"] for row in versions if row["state"] == "CONFLICT"}
    candidates = (_version(key, versions, invoice.currency) for key in order_keys)
    orders = [version for version in candidates if version is not None]
    ordered = await _ordered(tx, invoice, [order["id"] for order in orders])
    credited = await repository.credited(tx.sql, invoice.seller_id, invoice.currency, invoice.number_key)
    return match(
        InvoiceToMatch(
            currency=invoice.currency,
            charges=invoice.charges,
            exclusive=invoice.exclusive,
            inclusive=invoice.inclusive,
            payable=invoice.total,
            credited=credited,
            lines=tuple(
                InvoicedLine(
                    id=line.id,
                    line_id=line.line_id,
                    items=frozenset(line.items),
                    unit=line.unit,
                    quantity=line.quantity,
                    unit_price=line.unit_price,
                    amount=line.amount,
                    adjustment=line.adjustment,
                    order_number=line.order_key,
                    order_line=line.order_line,
                )
                for line in lines
            ),
        ),
        ordered,
        ordered_charges=sum((order["charges"] for order in orders), Decimal(0)),
        contested_orders=contested.values(),
    )


def _version(key: str, versions: Sequence[repository.Row], currency: str) -> repository.Row | None:
    """Choose the version of an order to compare with: the accepted one, unless only another has the currency.

    That versions contradict each other is an exception in any case; this choice tells the other
    contradictions.
    """
    candidates = sorted(
        (row for row in versions if row["number_key"] == key),
        key=lambda row: (row["currency"] != currency, row["state"] == "CONFLICT"),
    )
    return candidates[0] if candidates else None


async def _ordered(tx: Transaction, invoice: models.Invoice, order_ids: Sequence[UUID]) -> list[OrderedLine]:
    """Return the order lines with what was sent, received and drawn by other invoices."""
    rows = await repository.order_lines(tx.sql, order_ids, except_invoice=invoice.id)
    lines = [
        OrderedLine(
            id=row["id"],
            order_number=row["number_key"],
            line_id=row["line_id"],
            items=frozenset(orjson.loads(row["items"])),
            unit=row["unit"],
            currency=row["currency"],
            quantity=row["quantity"],
            unit_price=row["unit_price"],
            amount=row["amount"],
            adjustment=row["adjustment"],
            drawn=row["drawn"],
            drawn_received=row["drawn_received"],
        )
        for row in rows
    ]
    sent = await repository.despatch_lines(
        tx.sql, invoice.seller_id, invoice.buyer_id, [line.order_number for line in lines]
    )
    # A receipt that names no order is about the order lines that its despatch names.
    despatched = {(row["despatch_key"], row["line_id"]): row for row in sent}
    received = await repository.receipt_lines(
        tx.sql,
        invoice.seller_id,
        invoice.buyer_id,
        [line.order_number for line in lines],
        [row["despatch_key"] for row in sent],
    )
    quantities_sent = delivered(lines, (_delivery(row, row["delivered"], row) for row in sent))
    quantities_received = delivered(
        lines,
        (
            _delivery(row, row["accepted"], source)
            for row in received
            if (source := _order_source(row, despatched)) is not None
        ),
    )
    return [
        replace(line, despatched=quantities_sent[line.id], received=quantities_received[line.id])
        for line in lines
    ]


def _order_source(
    received: repository.Row, despatched: Mapping[tuple[str, str], repository.Row]
) -> repository.Row | None:
    """Return the row that names the order line: the receipt line itself, or the despatch line it answers."""
    if received["order_key"] is not None:
        return received
    return despatched.get((received["despatch_key"], received["despatch_line"] or received["line_id"]))


def _delivery(row: repository.Row, quantity: Decimal, source: repository.Row) -> Delivery:
    return Delivery(
        order_number=source["order_key"],
        order_line=source["order_line"],
        items=frozenset(orjson.loads(row["items"])),
        unit=row["unit"],
        quantity=quantity,
    )


def _outcome(stored: models.Match, currency: str) -> MatchOutcome:
    return MatchOutcome(
        decision="matched" if stored.decision == "matched" else "exception",
        exceptions=tuple(MatchException.from_json(exception) for exception in stored.exceptions),
        eligible=Money(stored.eligible, currency),
        invoiced=Money(stored.invoiced, currency),
    )
