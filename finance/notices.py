"""Notices to the buyer, and the register of assignments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from core.database import Transaction
from core.errors import Conflict, NotFound
from core.ids import derived_id
from finance import models
from finance.receivables import AssetEvent, AssetState, after
from finance.requests import locked_request

Kind = Literal["ASSIGNMENT", "REGISTRATION", "REMINDER", "VERIFICATION_REMINDER"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that was sent to a company, or a filing in the register of assignments."""

    id: UUID
    kind: Kind
    party_id: UUID
    text: str
    state: Literal["SENT", "FILED"]


async def send_notice_of_assignment(
    tx: Transaction, request_id: UUID, *, at: datetime, entry_id: UUID
) -> Notice:
    """Tell the buyer that the seller assigns invoices, and whom to pay; once per request.

    After this the buyer is discharged only by paying the assignee (UCC 9-406). The notice names each invoice,
    so that what is assigned can be identified.

    Raises:
        NotFound: `request.unknown`.
        Conflict: `notice.nothing_assigned`.
    """
    request, invoices = await _assigned(tx, request_id)
    return await _once(
        tx,
        derived_id("notice", "ASSIGNMENT", request_id),
        kind="ASSIGNMENT",
        request_id=request_id,
        asset_id=None,
        party_id=request.buyer_id,
        text=(
            "The seller assigns these invoices to the finance provider. From now on only paying the"
            f" finance provider discharges you: {', '.join(invoice.number for invoice in invoices)}."
        ),
        content={invoice.number: f"{invoice.total} {invoice.currency}" for invoice in invoices},
        state="SENT",
        at=at,
        entry_id=entry_id,
    )


async def register_assignment(tx: Transaction, request_id: UUID, *, at: datetime, entry_id: UUID) -> Notice:
    """File the assignment in the platform's own register; once per request.

    The search before the filing is the claim on the fingerprint, which one request can hold at a time:
    without it nothing is filed.

    Raises:
        NotFound: `request.unknown`.
        Conflict: `notice.nothing_assigned`, `notice.unclaimed` when an invoice was not checked for this
            request.
    """
    request, invoices = await _assigned(tx, request_id)
    claims = await models.Fingerprint.filter(request_id=request_id, released_at=None).using_db(tx.orm)
    claimed = {claim.invoice_id: claim.exact for claim in claims}
    for invoice in invoices:
        if invoice.id not in claimed:
            raise Conflict(
                "notice.unclaimed",
                f"Invoice {invoice.number} was not checked for earlier financing.",
                where=str(invoice.id),
                hint="Check the invoice before its assignment is filed.",
            )
    filing_id = derived_id("notice", "REGISTRATION", request_id)
    return await _once(
        tx,
        filing_id,
        kind="REGISTRATION",
        request_id=request_id,
        asset_id=None,
        party_id=request.seller_id,
        text=f"Assignment of {len(invoices)} invoice(s) filed as {filing_id.hex[:12].upper()}.",
        content={invoice.number: claimed[invoice.id] for invoice in invoices},
        state="FILED",
        at=at,
        entry_id=entry_id,
    )


async def remind(
    tx: Transaction, request_id: UUID, *, asset_id: UUID | None, at: datetime, entry_id: UUID
) -> Notice:
    """Remind the buyer: of a receivable that is past due, which is then overdue, or of a verification.

    Raises:
        NotFound: `request.unknown`, `receivable.unknown`.
        Conflict: `receivable.not_due`, `receivable.wrong_state`.
    """
    request = await locked_request(tx, request_id)
    if asset_id is None:
        return await _once(
            tx,
            derived_id("notice", "VERIFICATION_REMINDER", request_id, entry_id),
            kind="VERIFICATION_REMINDER",
            request_id=request_id,
            asset_id=None,
            party_id=request.buyer_id,
            text="Invoices on you are offered for financing. Please confirm or dispute them.",
            content={},
            state="SENT",
            at=at,
            entry_id=entry_id,
        )
    notice_id = derived_id("notice", "REMINDER", asset_id, entry_id)
    known = await models.Notice.get_or_none(id=notice_id, using_db=tx.orm)
    if known is not None:
        return _notice(known)
    asset = (
        await models.Asset.filter(id=asset_id, request_id=request_id)
        .using_db(tx.orm)
        .select_for_update()
        .get_or_none()
    )
    if asset is None:
        raise NotFound("receivable.unknown", "The request has no such receivable.", where=str(asset_id))
    if at.date() <= asset.due_date:
        raise Conflict("receivable.not_due", f"The receivable is due on {asset.due_date}.")
    asset.state = after(AssetState(asset.state), AssetEvent.FALL_OVERDUE).value
    await asset.save(using_db=tx.orm, update_fields=["state"])
    invoice = await models.Invoice.get(id=asset.invoice_id, using_db=tx.orm)
    return await _once(
        tx,
        notice_id,
        kind="REMINDER",
        request_id=request_id,
        asset_id=asset_id,
        party_id=asset.buyer_id,
        text=(
            f"Invoice {invoice.number} was due on {asset.due_date};"
            f" {asset.face - asset.collected} {asset.currency} is open."
        ),
        content={"dueDate": asset.due_date.isoformat(), "open": str(asset.face - asset.collected)},
        state="SENT",
        at=at,
        entry_id=entry_id,
    )


async def _assigned(
    tx: Transaction, request_id: UUID
) -> tuple[models.FinancingRequest, list[models.Invoice]]:
    request = await locked_request(tx, request_id)
    rows = await models.QuoteRow.filter(request_id=request_id).using_db(tx.orm)
    offered = {row.invoice_id for row in rows}
    invoices = [
        invoice
        for invoice in await models.Invoice.filter(request_id=request_id).using_db(tx.orm).order_by("number")
        if invoice.id in offered
    ]
    if not invoices:
        raise Conflict("notice.nothing_assigned", "The request has no offer to assign invoices for.")
    return request, invoices


async def _once(
    tx: Transaction,
    notice_id: UUID,
    *,
    kind: Kind,
    request_id: UUID,
    asset_id: UUID | None,
    party_id: UUID,
    text: str,
    content: dict[str, str],
    state: Literal["SENT", "FILED"],
    at: datetime,
    entry_id: UUID,
) -> Notice:
    known = await models.Notice.get_or_none(id=notice_id, using_db=tx.orm)
    if known is not None:
        return _notice(known)
    return _notice(
        await models.Notice.create(
            using_db=tx.orm,
            id=notice_id,
            kind=kind,
            request_id=request_id,
            asset_id=asset_id,
            party_id=party_id,
            text=text,
            content=content,
            state=state,
            sent_at=at,
            entry_id=entry_id,
        )
    )


def _notice(row: models.Notice) -> Notice:
    return Notice(
        id=row.id,
        kind=cast("Kind", row.kind),
        party_id=row.party_id,
        text=row.text,
        state=cast("Literal['SENT', 'FILED']", row.state),
    )
