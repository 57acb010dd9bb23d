"""Financing requests: invoices of one seller on one buyer, from submission to their end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Literal, cast
from uuid import UUID

from core.database import Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import derived_id, random_id
from core.money import Money, total
from finance import documents, fingerprints, models, register, repository
from finance.claims import CLAIMED
from finance.fingerprints import Identity, identity_of
from finance.standards.trade import Finding, TradeInvoice

MAX_INVOICES = 500


@dataclass(frozen=True, slots=True)
class FinancingRequest:
    """A request to have invoices financed."""

    id: UUID
    seller_id: UUID
    buyer_id: UUID
    currency: str
    face: Money
    invoices: tuple[UUID, ...]
    state: str


@dataclass(frozen=True, slots=True)
class InvoiceCheck:
    """Whether an invoice is the document that came in, and whether it was offered before.

    `exact`: the same invoice is claimed by another request (or twice by this one); `fuzzy`: one that looks
    like it is; the findings tell which.
    """

    authentic: bool
    fingerprint_state: Literal["clear", "exact", "fuzzy"]
    findings: tuple[Finding, ...]


async def submit_request(
    tx: Transaction,
    *,
    request_id: UUID,
    invoice_ids: Sequence[UUID],
    requested_by: str,
    at: datetime,
    entry_id: UUID,
    seller_id: UUID | None = None,
) -> FinancingRequest:
    """Open a request for invoices of one seller, on one buyer, in one currency.

    With `seller_id` the invoices of other sellers are as good as none: who offers learns nothing about them.

    Raises:
        InvalidInput: `request.invoices_invalid` (none, too many, or one twice), `request.mixed`.
        NotFound: `invoice.unknown`.
        Conflict: `request.invoice_taken` when an invoice is in another live request,
            `request.invoice_not_valid`, `request.exists` when the id was used by another command.
    """
    done = await models.FinancingRequest.get_or_none(id=request_id, using_db=tx.orm)
    if done is not None:
        if done.entry_id != entry_id:
            raise Conflict("request.exists", "A request with this id exists.", where=str(request_id))
        return await _request(tx, done)
    invoices = await _requested_invoices(tx, invoice_ids, seller_id)
    first = invoices[0]
    face = total((Money(invoice.total, invoice.currency) for invoice in invoices), first.currency)
    request = await models.FinancingRequest.create(
        using_db=tx.orm,
        id=request_id,
        seller_id=first.seller_id,
        buyer_id=first.buyer_id,
        currency=first.currency,
        face=face.amount,
        state="SUBMITTED",
        requested_by=requested_by,
        requested_at=at,
        entry_id=entry_id,
    )
    await models.RequestItem.bulk_create(
        [
            models.RequestItem(
                id=derived_id(request_id, invoice.id),
                request_id=request_id,
                invoice_id=invoice.id,
                position=position,
            )
            for position, invoice in enumerate(invoices)
        ],
        using_db=tx.orm,
    )
    await models.Invoice.filter(id__in=list(invoice_ids)).using_db(tx.orm).update(request_id=request_id)
    return await _request(tx, request)


async def link_case(tx: Transaction, request_id: UUID, case_id: UUID) -> None:
    """Note which case runs a request.

    Raises:
        Conflict: `request.case_exists` when another case runs it.
    """
    request = await locked_request(tx, request_id)
    if request.case_id not in (None, case_id):
        raise Conflict("request.case_exists", "Another case runs this request.", where=str(request.case_id))
    await models.FinancingRequest.filter(id=request_id).using_db(tx.orm).update(case_id=case_id)


async def close_request(
    tx: Transaction, request_id: UUID, *, outcome: str, at: datetime, entry_id: UUID
) -> None:
    """End a request that is not funded: its invoices, fingerprints and drawn quantities are free again.

    A request that ended, or is funded and ends when its receivables are settled, stays as it is.

    Raises:
        NotFound: `request.unknown`.
        InvalidInput: `request.outcome_unknown`.
    """
    if outcome not in ("DECLINED", "EXPIRED", "WITHDRAWN"):
        raise InvalidInput("request.outcome_unknown", f"A request cannot end {outcome!r}.", where="outcome")
    request = await locked_request(tx, request_id)
    if request.state not in ("SUBMITTED", "OFFERED"):
        return
    items = await models.RequestItem.filter(request_id=request_id, live=True).using_db(tx.orm)
    invoice_ids = [item.invoice_id for item in items]
    await models.FinancingRequest.filter(id=request_id).using_db(tx.orm).update(state=outcome)
    await free_invoices(tx, request_id, invoice_ids, at=at, entry_id=entry_id)


async def free_invoices(
    tx: Transaction, request_id: UUID, invoice_ids: Sequence[UUID], *, at: datetime, entry_id: UUID
) -> None:
    """Take invoices out of a request, so that they can be offered again."""
    await (
        models.RequestItem.filter(request_id=request_id, invoice_id__in=invoice_ids)
        .using_db(tx.orm)
        .update(live=False)
    )
    released = await (
        models.Fingerprint.filter(request_id=request_id, invoice_id__in=invoice_ids, released_at=None)
        .using_db(tx.orm)
        .update(released_at=at, released_entry=entry_id)
    )
    if released:
        tx.touched.add(CLAIMED)
    await (
        models.Invoice.filter(id__in=invoice_ids, request_id=request_id)
        .using_db(tx.orm)
        .update(request_id=None)
    )
    await repository.drop_allocations(tx.sql, invoice_ids)


async def check_invoice(
    tx: Transaction, invoice_id: UUID, *, request_id: UUID, at: datetime, entry_id: UUID
) -> InvoiceCheck:
    """Check that an invoice still is what came in, and claim its fingerprint for a request.

    The database holds one claim per fingerprint: of two requests at once, one gets it.

    Raises:
        NotFound: `invoice.unknown`.
    """
    invoice = await _invoice(tx, invoice_id)
    findings = await _authenticity(tx, invoice)
    key = await repository.fingerprint_key(tx.sql)
    identity = identity_of(invoice)
    claimed_by = await repository.claim_fingerprint(
        tx.sql,
        claim_id=random_id(),
        invoice_id=invoice_id,
        request_id=request_id,
        exact=fingerprints.exact(key, identity),
        fuzzy=fingerprints.fuzzy(key, identity),
        at=at,
        entry_id=entry_id,
    )
    tx.touched.add(CLAIMED)
    state: Literal["clear", "exact", "fuzzy"] = "clear"
    if claimed_by != (invoice_id, request_id):
        state = "exact"
        findings.append(
            Finding(
                "fingerprint.exact",
                "This invoice is offered for financing already.",
                f"invoice {invoice.number}",
                "Take it out of the request.",
            )
        )
    elif elsewhere := await register.pledge(tx, invoice_id, request_id, identity):
        state = "exact"
        findings += [
            Finding(
                "fingerprint.exact",
                f"This invoice is offered for financing already, on the platform {other.platform}"
                f" (ask {other.contact}).",
                f"invoice {invoice.number}",
                "Take it out of the request.",
            )
            for other in elsewhere
        ]
    else:
        alike = await _look_alikes(tx, invoice, identity, fingerprints.fuzzy(key, identity))
        if alike:
            state = "fuzzy"
            findings += alike
    return InvoiceCheck(
        authentic=not any(finding.code.startswith("document.") for finding in findings),
        fingerprint_state=state,
        findings=tuple(findings),
    )


async def eligibility_facts(
    tx: Transaction, invoice_id: UUID, *, at: datetime
) -> dict[str, Decimal | str | bool | None]:
    """Return what the decision table `eligibility` asks about an invoice; days and amounts are decimals.

    Raises:
        NotFound: `invoice.unknown`.
    """
    invoice = await _invoice(tx, invoice_id)
    seller = await models.LegalEntity.get(id=invoice.seller_id, using_db=tx.orm)
    buyer = await models.LegalEntity.get(id=invoice.buyer_id, using_db=tx.orm)
    eligible = Decimal(0) if invoice.eligible is None else invoice.eligible
    return {
        "invoiceNumber": invoice.number,
        "currency": invoice.currency,
        "invoicedAmount": invoice.total,
        "eligibleAmount": eligible,
        "eligibleShare": (eligible / invoice.total if invoice.total else eligible).quantize(
            Decimal("0.0001")
        ),
        "daysToDue": Decimal((invoice.due_date - at.date()).days),
        "termsDays": Decimal((invoice.due_date - invoice.issue_date).days),
        "invoiceAgeDays": Decimal((at.date() - invoice.issue_date).days),
        "disputed": invoice.response in ("UQ", "RE"),
        "matchDecision": invoice.match_decision,
        "sellerSector": seller.sector,
        "buyerSector": buyer.sector,
        "sellerCountry": seller.country,
        "buyerCountry": buyer.country,
    }


async def respond_to_invoice(tx: Transaction, invoice_id: UUID, *, code: str) -> None:
    """Record the buyer's response to an invoice in the codes of Peppol BIS 63 (UNCL 4343 subset).

    AB acknowledged, IP in process, UQ under query, CA conditionally accepted, RE rejected, AP accepted, PD
    paid. Accepted is not an undertaking to pay. UQ and RE make the invoice disputed.

    Raises:
        NotFound: `invoice.unknown`.
        InvalidInput: `invoice.response_unknown`.
    """
    if code not in ("AB", "IP", "UQ", "CA", "RE", "AP", "PD"):
        raise InvalidInput(
            "invoice.response_unknown",
            f"{code!r} is no response code.",
            where="code",
            hint="Use AB, IP, UQ, CA, RE, AP or PD.",
        )
    await _invoice(tx, invoice_id)
    await models.Invoice.filter(id=invoice_id).using_db(tx.orm).update(response=code)


async def latest_issue_date(tx: Transaction, invoice_ids: Sequence[UUID]) -> datetime | None:
    """Return the start (UTC) of the day on which the latest of the invoices was issued."""
    days = (
        await models.Invoice.filter(id__in=list(invoice_ids))
        .using_db(tx.orm)
        .values_list("issue_date", flat=True)
    )
    latest = max(cast("list[date]", list(days)), default=None)
    return None if latest is None else datetime.combine(latest, time(), UTC)


async def locked_request(tx: Transaction, request_id: UUID) -> models.FinancingRequest:
    """Lock and return a request.

    Raises:
        NotFound: `request.unknown`.
    """
    request = (
        await models.FinancingRequest.filter(id=request_id).using_db(tx.orm).select_for_update().get_or_none()
    )
    if request is None:
        raise NotFound("request.unknown", "No such financing request.", where=str(request_id))
    return request


async def financeable_invoices(tx: Transaction, request_id: UUID) -> list[models.Invoice]:
    """Return the invoices of a request of which something can be financed, in the request's order."""
    items = (
        await models.RequestItem.filter(request_id=request_id, live=True)
        .using_db(tx.orm)
        .order_by("position")
    )
    invoices = await models.Invoice.in_bulk([item.invoice_id for item in items], "id", using_db=tx.orm)
    ordered = (invoices[item.invoice_id] for item in items)
    return [invoice for invoice in ordered if invoice.state == "MATCHED" and invoice.eligible]


async def _requested_invoices(
    tx: Transaction, invoice_ids: Sequence[UUID], seller_id: UUID | None
) -> list[models.Invoice]:
    if not 0 < len(invoice_ids) <= MAX_INVOICES or len(set(invoice_ids)) != len(invoice_ids):
        raise InvalidInput(
            "request.invoices_invalid",
            f"A request names 1 to {MAX_INVOICES} invoices, each once.",
            where="invoiceIds",
        )
    rows = (
        await models.Invoice.filter(id__in=list(invoice_ids))
        .using_db(tx.orm)
        .order_by("id")
        .select_for_update()
    )
    found = {invoice.id: invoice for invoice in rows if seller_id in (None, invoice.seller_id)}
    for invoice_id in invoice_ids:
        if invoice_id not in found:
            raise NotFound("invoice.unknown", "No such invoice.", where=str(invoice_id))
    invoices = [found[invoice_id] for invoice_id in invoice_ids]
    for invoice in invoices:
        if invoice.request_id is not None:
            raise Conflict(
                "request.invoice_taken",
                f"Invoice {invoice.number} is in another financing request.",
                where=str(invoice.id),
                hint="Wait until that request ends, or leave the invoice out.",
            )
        if invoice.state not in ("VALID", "MATCHED", "EXCEPTION") or invoice.total <= 0:
            raise Conflict(
                "request.invoice_not_valid",
                f"Invoice {invoice.number} ({invoice.state.lower()}, {invoice.total}) cannot be financed.",
                where=str(invoice.id),
            )
    if len({(invoice.seller_id, invoice.buyer_id, invoice.currency) for invoice in invoices}) > 1:
        raise InvalidInput(
            "request.mixed",
            "The invoices have several sellers, buyers or currencies.",
            where="invoiceIds",
            hint="Make one request per seller, buyer and currency.",
        )
    return invoices


async def _request(tx: Transaction, request: models.FinancingRequest) -> FinancingRequest:
    items = await models.RequestItem.filter(request_id=request.id).using_db(tx.orm).order_by("position")
    return FinancingRequest(
        id=request.id,
        seller_id=request.seller_id,
        buyer_id=request.buyer_id,
        currency=request.currency,
        face=Money(request.face, request.currency),
        invoices=tuple(item.invoice_id for item in items),
        state=request.state,
    )


async def _invoice(tx: Transaction, invoice_id: UUID) -> models.Invoice:
    invoice = await models.Invoice.get_or_none(id=invoice_id, using_db=tx.orm)
    if invoice is None:
        raise NotFound("invoice.unknown", "No such invoice.", where=str(invoice_id))
    return invoice


async def _authenticity(tx: Transaction, invoice: models.Invoice) -> list[Finding]:
    """Read the stored bytes again: they must have their hash and say what the invoice says."""
    document = await models.Document.get(id=invoice.document_id, using_db=tx.orm)
    place = f"document {document.filename}"
    if hashlib.sha256(document.content).hexdigest() != document.content_hash:
        return [Finding("document.altered", "The stored document was altered.", place, "Call an operator.")]
    parsed = documents.parse(document.content, filename=document.filename)
    content = parsed.content
    said = (invoice.number, invoice.currency, invoice.total, invoice.due_date)
    if not isinstance(content, TradeInvoice) or said != (
        content.number,
        content.currency,
        content.payable,
        content.due_date,
    ):
        return [
            Finding(
                "document.differs", "The invoice is not what its document says.", place, "Call an operator."
            )
        ]
    return []


async def _look_alikes(
    tx: Transaction, invoice: models.Invoice, identity: Identity, fuzzy: str
) -> list[Finding]:
    claims = await models.Fingerprint.filter(fuzzy=fuzzy, released_at=None).using_db(tx.orm)
    others = await models.Invoice.filter(
        id__in=[claim.invoice_id for claim in claims if claim.invoice_id != invoice.id]
    ).using_db(tx.orm)
    return [
        Finding(
            "fingerprint.fuzzy",
            f"Invoice {other.number} of {other.issue_date} looks like this one and is offered already.",
            f"invoice {invoice.number}",
            "Let a person compare the two.",
            "warning",
        )
        for other in others
        if fingerprints.look_alike(identity, identity_of(other))
    ]
