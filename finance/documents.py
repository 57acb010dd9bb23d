"""Documents come in: read, checked, told apart from what is here already, stored with what they say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from core.database import Transaction
from core.errors import InvalidInput
from core.ids import derived_id
from finance import models, parties, repository
from finance.fingerprints import number_key
from finance.senders import Sender
from finance.standards import financials, ubl, xml
from finance.standards.trade import (
    DespatchedLine,
    Finding,
    OtherDocument,
    ParsedDocument,
    PartyFinancials,
    ReceivedLine,
    TradeCreditNote,
    TradeDespatch,
    TradeInvoice,
    TradeLine,
    TradeOrder,
    TradeReceipt,
    TradeRemittance,
)

DocumentState = Literal["accepted", "duplicate", "conflict", "quarantined"]
Traded = TradeOrder | TradeDespatch | TradeReceipt | TradeInvoice | TradeCreditNote | TradeRemittance
_Numbered = models.Order | models.Despatch | models.Receipt | models.Invoice | models.CreditNote


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of a document.

    `refers_to` is the document that it repeats or contradicts; `summary` tells number, parties and total for
    people, and `objectId`, the id of the order, invoice, … that it became.
    """

    document_id: UUID
    kind: str
    state: DocumentState
    refers_to: UUID | None
    findings: tuple[Finding, ...]
    summary: Mapping[str, str | None]
    seller_id: UUID | None = None


@dataclass(slots=True)
class _Decision:
    """How a document stands to those that are here already."""

    state: DocumentState
    refers_to: UUID | None = None
    seller_id: UUID | None = None
    buyer_id: UUID | None = None
    findings: list[Finding] = field(default_factory=list)


async def import_document(
    tx: Transaction,
    content: bytes,
    *,
    filename: str,
    imported_by: str,
    at: datetime,
    entry_id: UUID,
    sender: Sender | None = None,
) -> ImportOutcome:
    """Store a document and what it says.

    A repeat of an accepted document is a `duplicate`; another version under the same number a `conflict`; one
    that is wrong in itself is `quarantined` with its findings. Only an accepted one becomes an order,
    invoice, …. `sender` tells what the person may bring; None: everything.

    Raises:
        Forbidden: `document.not_yours`: nothing is stored.
        InvalidInput: `document.malformed`, `document.dtd_refused`, `document.too_large`,
        `document.kind_unknown`,
            `document.filename_invalid`: nothing is stored.
    """
    _check_filename(filename)
    content_hash = hashlib.sha256(content).hexdigest()
    document_id = derived_id("document", entry_id, content_hash)
    done = await models.Document.get_or_none(id=document_id, using_db=tx.orm)
    if done is not None:
        return _outcome(done)
    parsed = parse(content, filename=filename)
    # Two copies of one document that arrive together must not both be the first.
    await repository.lock(tx.sql, "finance.document", parsed.kind, parsed.digest)
    # A company's person does not teach the platform by which further identifiers a company is known: with one
    # that is somebody else's, that company's documents would become this one's.
    learns = sender is None or sender.party_id is None
    decision = await _decide(tx, parsed, at, learns=learns)
    if sender is not None:
        sender.require_right(parsed.kind, decision.seller_id, decision.buyer_id)
    document = await models.Document.create(
        using_db=tx.orm,
        id=document_id,
        kind=parsed.kind,
        state=decision.state,
        filename=filename,
        number=parsed.number,
        seller_id=decision.seller_id,
        buyer_id=decision.buyer_id,
        content=content,
        content_hash=content_hash,
        digest=parsed.digest,
        refers_to=decision.refers_to,
        findings=[finding.as_json() for finding in decision.findings],
        summary=_summary(parsed, decision.state, document_id),
        imported_by=imported_by,
        imported_at=at,
        entry_id=entry_id,
    )
    if decision.state == "accepted" or (decision.state == "conflict" and parsed.kind == "order"):
        await _store(tx, document, parsed, decision)
    return _outcome(document)


def parse(content: bytes, *, filename: str) -> ParsedDocument:
    """Read a document of any syntax that the platform takes: UBL 2 as XML, `scf-financials/1` as JSON.

    Raises:
        InvalidInput: it is neither, or hostile; see `import_document`.
    """
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return financials.parse(content, filename=filename)
    return ubl.parse(xml.parse(content, filename=filename), filename=filename)


async def _decide(tx: Transaction, parsed: ParsedDocument, at: datetime, *, learns: bool) -> _Decision:
    findings = list(parsed.findings)
    if parsed.quarantined:
        return _Decision("quarantined", findings=findings)
    repeated = await repository.accepted_document(tx.sql, parsed.kind, parsed.digest)
    if repeated is not None:
        first = await models.Document.get(id=repeated, using_db=tx.orm)
        return _Decision("duplicate", repeated, first.seller_id, first.buyer_id, findings)
    if isinstance(parsed.content, PartyFinancials):
        return await _decide_statement(tx, parsed.content, findings, at, learns=learns)
    if not isinstance(parsed.content, Traded):
        return _Decision("accepted", findings=findings)
    return await _decide_traded(tx, parsed.content, findings, at, learns=learns)


async def _decide_statement(
    tx: Transaction, statement: PartyFinancials, findings: list[Finding], at: datetime, *, learns: bool
) -> _Decision:
    # A statement carries an identifier, so its company is never ambiguous.
    party_id = await parties.resolve(tx, statement.party, at=at, learns=learns)
    other = await models.FinancialStatement.get_or_none(
        party_id=party_id, period_end=statement.period_end, using_db=tx.orm
    )
    if other is not None:
        return _Decision("conflict", other.document_id, party_id, None, findings)
    return _Decision("accepted", None, party_id, None, findings)


async def _decide_traded(
    tx: Transaction, content: Traded, findings: list[Finding], at: datetime, *, learns: bool
) -> _Decision:
    try:
        # A document that is not taken leaves no company behind either.
        async with tx.savepoint():
            seller_id = await parties.resolve(tx, content.seller, at=at, learns=learns)
            buyer_id = await parties.resolve(tx, content.buyer, at=at, learns=learns)
            if seller_id == buyer_id:
                raise parties.PartyRefused(
                    "document.parties_same",
                    "Seller and buyer are the same company.",
                    content.buyer,
                    "A company cannot trade with itself; correct the parties.",
                )
    except parties.PartyRefused as refusal:
        return _Decision("quarantined", findings=[*findings, refusal.finding])
    key = number_key(content.number)
    # Two versions of one number that arrive together must not both be the first.
    await repository.lock(tx.sql, "finance.number", type(content).__name__, seller_id, key)
    earlier = await _same_number(tx, content, seller_id, buyer_id, key)
    if earlier is None:
        return _Decision("accepted", None, seller_id, buyer_id, findings)
    state: DocumentState = "duplicate" if _same_invoice(content, earlier, buyer_id) else "conflict"
    return _Decision(state, earlier.document_id, seller_id, buyer_id, findings)


async def _same_number(
    tx: Transaction, content: Traded, seller_id: UUID, buyer_id: UUID, key: str
) -> _Numbered | None:
    """Return the accepted document of this kind that has the number: its issuer gives a number once."""
    orm = tx.orm
    match content:
        case TradeOrder():
            return await models.Order.get_or_none(
                seller_id=seller_id, buyer_id=buyer_id, number_key=key, state="RECEIVED", using_db=orm
            )
        case TradeDespatch():
            return await models.Despatch.get_or_none(seller_id=seller_id, number_key=key, using_db=orm)
        case TradeReceipt():
            return await models.Receipt.get_or_none(
                seller_id=seller_id, buyer_id=buyer_id, number_key=key, using_db=orm
            )
        case TradeInvoice():
            return await models.Invoice.get_or_none(seller_id=seller_id, number_key=key, using_db=orm)
        case TradeCreditNote():
            return await models.CreditNote.get_or_none(seller_id=seller_id, number_key=key, using_db=orm)
        case TradeRemittance():
            return None


def _same_invoice(content: Traded, earlier: _Numbered, buyer_id: UUID) -> bool:
    """Tell whether an invoice says in other words what the earlier one said."""
    return (
        isinstance(content, TradeInvoice)
        and isinstance(earlier, models.Invoice)
        and earlier.buyer_id == buyer_id
        and (earlier.issue_date, earlier.due_date) == (content.issue_date, content.due_date)
        and (earlier.currency, earlier.total) == (content.currency, content.payable)
    )


async def _store(
    tx: Transaction, document: models.Document, parsed: ParsedDocument, decision: _Decision
) -> None:
    """Store what an accepted document says, under an id that is derived from the document's."""
    object_id = _object_id(document.id)
    match parsed.content:
        case TradeOrder() as order:
            await _store_order(tx, object_id, document, order, conflicting=decision.state == "conflict")
        case TradeDespatch() as despatch:
            await _store_despatch(tx, object_id, document, despatch)
        case TradeReceipt() as receipt:
            await _store_receipt(tx, object_id, document, receipt)
        case TradeInvoice() as invoice:
            await _store_invoice(tx, object_id, document, invoice)
        case TradeCreditNote() as note:
            await models.CreditNote.create(
                using_db=tx.orm,
                **_head(object_id, document, note),
                currency=note.currency,
                total=note.payable,
                invoice_key=_key(note.invoice_number),
            )
        case PartyFinancials() as statement:
            await _store_statement(tx, object_id, document, statement)
        case _:
            pass  # a remittance advice or another recognised document is kept as it came


async def _store_order(
    tx: Transaction, object_id: UUID, document: models.Document, order: TradeOrder, *, conflicting: bool
) -> None:
    await models.Order.create(
        using_db=tx.orm,
        **_head(object_id, document, order),
        currency=order.currency,
        total=order.total,
        charges=order.charges,
        state="CONFLICT" if conflicting else "RECEIVED",
    )
    await models.OrderLine.bulk_create(
        [
            models.OrderLine(
                **_line(object_id, position, line),
                order_id=object_id,
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                amount=line.amount,
                adjustment=line.adjustment,
            )
            for position, line in enumerate(order.lines)
        ],
        using_db=tx.orm,
    )


async def _store_despatch(
    tx: Transaction, object_id: UUID, document: models.Document, despatch: TradeDespatch
) -> None:
    await models.Despatch.create(using_db=tx.orm, **_head(object_id, document, despatch))
    await models.DespatchLine.bulk_create(
        [
            models.DespatchLine(
                **_line(object_id, position, line),
                despatch_id=object_id,
                delivered=line.delivered,
                order_key=_key(line.order_number),
                order_line=line.order_line,
            )
            for position, line in enumerate(despatch.lines)
        ],
        using_db=tx.orm,
    )


async def _store_receipt(
    tx: Transaction, object_id: UUID, document: models.Document, receipt: TradeReceipt
) -> None:
    await models.Receipt.create(
        using_db=tx.orm,
        **_head(object_id, document, receipt),
        despatch_key=_key(receipt.despatch_number),
    )
    await models.ReceiptLine.bulk_create(
        [
            models.ReceiptLine(
                **_line(object_id, position, line),
                receipt_id=object_id,
                accepted=line.accepted,
                short=line.short,
                rejected=line.rejected,
                order_key=_key(line.order_number),
                order_line=line.order_line,
                despatch_line=line.despatch_line,
            )
            for position, line in enumerate(receipt.lines)
        ],
        using_db=tx.orm,
    )


async def _store_invoice(
    tx: Transaction, object_id: UUID, document: models.Document, invoice: TradeInvoice
) -> None:
    await models.Invoice.create(
        using_db=tx.orm,
        **_head(object_id, document, invoice),
        currency=invoice.currency,
        charges=invoice.charges,
        exclusive=invoice.exclusive,
        inclusive=invoice.inclusive,
        total=invoice.payable,
        due_date=invoice.due_date,
        type_code=invoice.type_code,
        order_number=invoice.order_number,
        state="VALID",
    )
    await models.InvoiceLine.bulk_create(
        [
            models.InvoiceLine(
                **_line(object_id, position, line),
                invoice_id=object_id,
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                amount=line.amount,
                adjustment=line.adjustment,
                order_key=_key(line.order_number),
                order_line=line.order_line,
            )
            for position, line in enumerate(invoice.lines)
        ],
        using_db=tx.orm,
    )


async def _store_statement(
    tx: Transaction, object_id: UUID, document: models.Document, statement: PartyFinancials
) -> None:
    await models.FinancialStatement.create(
        using_db=tx.orm,
        id=object_id,
        document_id=document.id,
        party_id=document.seller_id,
        period_end=statement.period_end,
        published_on=statement.published_on,
        currency=statement.currency,
        synthetic=statement.synthetic,
        figures=statement.figures,
    )
    await models.LegalEntity.filter(id=document.seller_id).using_db(tx.orm).update(sector=statement.sector)


def _head(
    object_id: UUID,
    document: models.Document,
    content: TradeOrder | TradeDespatch | TradeReceipt | TradeInvoice | TradeCreditNote,
) -> dict[str, Any]:
    """Return the columns that every trade document has."""
    return {
        "id": object_id,
        "document_id": document.id,
        "number": content.number,
        "number_key": number_key(content.number),
        "seller_id": document.seller_id,
        "buyer_id": document.buyer_id,
        "issue_date": content.issue_date,
    }


def _line(object_id: UUID, position: int, line: TradeLine | DespatchedLine | ReceivedLine) -> dict[str, Any]:
    """Return the columns that every line has."""
    return {
        "id": derived_id(object_id, "line", position),
        "position": position,
        "line_id": line.line_id,
        "items": list(line.items),
        "unit": line.unit,
    }


def _key(number: str | None) -> str | None:
    return None if number is None else number_key(number)


def _object_id(document_id: UUID) -> UUID:
    return derived_id(document_id, "content")


def _summary(parsed: ParsedDocument, state: DocumentState, document_id: UUID) -> dict[str, str | None]:
    """Return what people want to see of a document at a glance."""
    content = parsed.content
    summary: dict[str, str | None] = {"number": parsed.number}
    if isinstance(content, PartyFinancials):
        summary |= {"party": content.party.name, "periodEnd": content.period_end.isoformat()}
    if isinstance(content, Traded):
        summary |= {"seller": content.seller.name, "buyer": content.buyer.name}
    match content:
        case TradeOrder() | TradeRemittance():
            summary |= {"total": str(content.total), "currency": content.currency}
        case TradeInvoice() | TradeCreditNote():
            summary |= {"total": str(content.payable), "currency": content.currency}
        case _:
            pass
    if state == "accepted" and not isinstance(content, TradeRemittance | OtherDocument | None):
        summary["objectId"] = str(_object_id(document_id))
    return summary


def _outcome(document: models.Document) -> ImportOutcome:
    return ImportOutcome(
        document_id=document.id,
        kind=document.kind,
        state=cast("DocumentState", document.state),
        refers_to=document.refers_to,
        findings=tuple(Finding.from_json(finding) for finding in document.findings),
        summary=document.summary,
        seller_id=document.seller_id,
    )


def _check_filename(filename: str) -> None:
    if not 0 < len(filename) <= 255 or not filename.isprintable():
        raise InvalidInput(
            "document.filename_invalid",
            "A file name has 1 to 255 printable characters.",
            where="filename",
            hint="Rename the file.",
        )
