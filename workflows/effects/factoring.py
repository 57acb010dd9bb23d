"""The jobs of factoring: each is one sentence of the domain, said in the terms of the process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Literal
from uuid import UUID

import finance
from bpmn.values import Value
from core import Conflict, InvalidInput, Money
from workflows import repository
from workflows.effects.registry import BusinessError, Effects, JobContext

effects = Effects()

# The hour of the due date at which a payment begins to be awaited, in UTC: Europe's banks are open.
_DUE_HOUR = time(9, tzinfo=UTC)


@effects.job("finance.check-invoice")
async def check_invoice(job: JobContext) -> Mapping[str, Value]:
    """Check an invoice and claim its fingerprint; BPMN error DUPLICATE when it was offered before."""
    check = await finance.check_invoice(
        job.tx, job.id("invoiceId"), request_id=job.request, at=job.at, entry_id=job.entry_id
    )
    findings: Value = [finding.message for finding in check.findings]
    if check.fingerprint_state == "exact" or not check.authentic:
        raise BusinessError(
            "DUPLICATE",
            "; ".join(finding.message for finding in check.findings) or "The invoice was offered before.",
            {"findings": findings},
        )
    return {
        "check": {
            "authentic": check.authentic,
            "fingerprint": check.fingerprint_state,
            "findings": findings,
        }
    }


@effects.job("finance.match-invoice")
async def match_invoice(job: JobContext) -> Mapping[str, Value]:
    """Match an invoice with order, despatch and receipt."""
    invoice_id = job.id("invoiceId")
    match = await finance.match_invoice(job.tx, invoice_id, at=job.at, entry_id=job.entry_id)
    return {
        "match": {
            "decision": match.decision,
            "eligible": match.eligible.amount,
            "invoiced": match.invoiced.amount,
            "currency": match.invoiced.currency,
            "exceptions": [exception.as_json() for exception in match.exceptions],
        },
        "facts": await _facts(job, invoice_id),
    }


@effects.job("finance.release-match")
async def release_match(job: JobContext) -> Mapping[str, Value]:
    """Record what a person decided on a match exception, or on an invoice that only looks like another."""
    invoice_id = job.id("invoiceId")
    match = job.variables.get("match")
    if isinstance(match, Mapping) and match.get("decision") == "exception":
        eligible = job.variables.get("eligibleAmount")
        await finance.release_match(
            job.tx,
            invoice_id,
            decision=_accept_or_reject(job.text("decision")),
            released_by=job.text("releasedBy"),
            reason=job.optional_text("reason") or "",
            eligible=eligible if isinstance(eligible, Decimal) else None,
            at=job.at,
            entry_id=job.entry_id,
        )
    return {"match": match, "facts": await _facts(job, invoice_id)}


@effects.job("finance.exclude-invoice")
async def exclude_invoice(job: JobContext) -> Mapping[str, Value]:
    """Take an invoice out of the request, so that it may be offered again."""
    await finance.free_invoices(job.tx, job.request, [job.id("invoiceId")], at=job.at, entry_id=job.entry_id)
    return {}


@effects.job("finance.record-check")
async def record_check(job: JobContext) -> Mapping[str, Value]:
    """Keep what a check of a company found; the limits that are proposed from then on hold to it."""
    until = job.optional_text("validUntil")
    try:
        valid_until = None if until is None else date.fromisoformat(until)
    except ValueError:
        raise InvalidInput("job.variable_invalid", f"{until!r} is no date.", where="validUntil") from None
    passed = job.variables.get("passed")
    if not isinstance(passed, bool):
        raise InvalidInput("job.variable_invalid", "passed must be true or false.", where="passed")
    await finance.record_check(
        job.tx,
        job.id("partyId"),
        kind=job.text("kind"),
        passed=passed,
        valid_until=valid_until,
        checked_by=job.text("checkedBy"),
        at=job.at,
        entry_id=job.entry_id,
    )
    return {}


@effects.job("finance.activate-limits")
async def activate_limits(job: JobContext) -> Mapping[str, Value]:
    """Make the approved limits count."""
    await finance.activate_limits(
        job.tx,
        job.request,
        approved_by=job.text("approvedBy"),
        second_by=job.optional_text("secondBy"),
        at=job.at,
        entry_id=job.entry_id,
    )
    return {}


@effects.job("finance.reserve-limits")
async def reserve_limits(job: JobContext) -> Mapping[str, Value]:
    """Reserve the amount of all limits; BPMN error NO_HEADROOM when one of them is too small or on hold."""
    amount = Money(_decimal(job, "amount"), job.text("currency"))
    try:
        await finance.reserve_limits(job.tx, job.request, amount, at=job.at, entry_id=job.entry_id)
    except Conflict as refusal:
        if refusal.code in ("limit.no_headroom", "limit.on_hold"):
            raise BusinessError("NO_HEADROOM", refusal.message) from refusal
        raise
    return {}


@effects.job("finance.release-limits")
async def release_limits(job: JobContext) -> Mapping[str, Value]:
    """Give back what the request holds of the limits."""
    await finance.release_limits(job.tx, job.request, at=job.at, entry_id=job.entry_id)
    return {}


@effects.job("finance.close-request")
async def close_request(job: JobContext) -> Mapping[str, Value]:
    """End a request that is not funded, with the outcome that the task's header names."""
    await finance.close_request(
        job.tx,
        job.request,
        outcome=job.headers.get("outcome", ""),
        at=job.at,
        entry_id=job.entry_id,
    )
    return {}


@effects.job("finance.quote")
async def quote(job: JobContext) -> Mapping[str, Value]:
    """Price the request on the terms that the decision table gave."""
    terms = job.variables.get("terms")
    if not isinstance(terms, Mapping):
        raise InvalidInput("pricing.terms_invalid", "The pricing decision gave no terms.", where="terms")
    offer = await finance.quote(job.tx, job.request, finance.PricingTerms.from_json(terms), at=job.at)
    return {
        "quote": {
            "currency": offer.face.currency,
            "face": offer.face.amount,
            "eligible": offer.eligible.amount,
            "advance": offer.advance.amount,
            "reserve": offer.reserve.amount,
            "discount": offer.discount.amount,
            "fee": offer.fee.amount,
            "payable": offer.payable.amount,
        }
    }


@effects.job("finance.notice-of-assignment")
async def notice_of_assignment(job: JobContext) -> Mapping[str, Value]:
    """Tell the buyer whom to pay from now on."""
    await finance.send_notice_of_assignment(job.tx, job.request, at=job.at, entry_id=job.entry_id)
    return {}


@effects.job("finance.register-assignment")
async def register_assignment(job: JobContext) -> Mapping[str, Value]:
    """File the assignment."""
    await finance.register_assignment(job.tx, job.request, at=job.at, entry_id=job.entry_id)
    return {}


@effects.job("finance.purchase")
async def purchase(job: JobContext) -> Mapping[str, Value]:
    """Buy the receivables."""
    assets = await finance.purchase(job.tx, job.request, at=job.at, entry_id=job.entry_id)
    return {
        "assets": [
            {
                "assetId": str(asset.id),
                "invoiceId": str(asset.invoice_id),
                "invoiceNumber": asset.invoice_number,
                "face": asset.face.amount,
                "advance": asset.advance.amount,
                "reserve": asset.reserve.amount,
                "dueDate": asset.due_date,
                "dueAt": datetime.combine(asset.due_date, _DUE_HOUR),
            }
            for asset in assets
        ]
    }


@effects.job("finance.instruct-payment")
async def instruct_payment(job: JobContext) -> Mapping[str, Value]:
    """Send the order that pays the advance."""
    order = await finance.instruct_payment(job.tx, job.request, at=job.at, entry_id=job.entry_id)
    return {"paymentOrderId": str(order.id)}


@effects.job("finance.confirm-payment")
async def confirm_payment(job: JobContext) -> Mapping[str, Value]:
    """Note that the bank has paid the advance."""
    await finance.confirm_payment(job.tx, job.id("paymentOrderId"), at=job.at, entry_id=job.entry_id)
    return {}


@effects.job("finance.remind")
async def remind(job: JobContext) -> Mapping[str, Value]:
    """Remind the buyer: of a payment that is late, or of a verification that is not answered."""
    asset_id = job.id("assetId") if job.headers.get("about") == "payment" else None
    await finance.remind(job.tx, job.request, asset_id=asset_id, at=job.at, entry_id=job.entry_id)
    return {}


@effects.job("finance.collect")
async def collect(job: JobContext) -> Mapping[str, Value]:
    """Book the buyer's payment on the receivable, with what was earned up to its value date."""
    await finance.collect(job.tx, job.id("assetId"), job.id("bankEntryId"), at=job.at, entry_id=job.entry_id)
    return {}


@effects.job("finance.release-reserve")
async def release_reserve(job: JobContext) -> Mapping[str, Value]:
    """Pay out what is left of the reserve."""
    await finance.release_reserve(job.tx, job.id("assetId"), at=job.at, entry_id=job.entry_id)
    return {}


@effects.job("finance.settle")
async def settle(job: JobContext) -> Mapping[str, Value]:
    """Close the receivable: the rest of discount and fee is earned."""
    await finance.settle(job.tx, job.id("assetId"), at=job.at, entry_id=job.entry_id)
    return {}


@effects.job("finance.demand-recourse")
async def demand_recourse(job: JobContext) -> Mapping[str, Value]:
    """Demand that the seller buys the unpaid receivable back."""
    await finance.demand_recourse(job.tx, job.id("assetId"), at=job.at, entry_id=job.entry_id)
    return {}


@effects.when_cancelled
async def withdraw_request(job: JobContext) -> None:
    """Free limits and invoices of a request that is withdrawn; a funded one runs until it is settled.

    Raises:
        Conflict: `case.funded`.
    """
    if job.request_id is None:
        return
    if await repository.is_funded(job.tx.sql, job.request_id):
        raise Conflict(
            "case.funded",
            "The receivables are bought: the case ends with their settlement.",
            hint="Demand recourse, or reverse the purchase.",
        )
    await finance.release_limits(job.tx, job.request_id, at=job.at, entry_id=job.entry_id)
    await finance.close_request(job.tx, job.request_id, outcome="WITHDRAWN", at=job.at, entry_id=job.entry_id)


async def _facts(job: JobContext, invoice_id: UUID) -> Value:
    return await finance.eligibility_facts(job.tx, invoice_id, at=job.at)


def _decimal(job: JobContext, name: str) -> Decimal:
    value = job.variables.get(name)
    if not isinstance(value, Decimal):
        raise InvalidInput("job.variable_invalid", f"{name} must be a number.", where=name)
    return value


def _accept_or_reject(decision: str) -> Literal["accept", "reject"]:
    if decision == "accept":
        return "accept"
    if decision == "reject":
        return "reject"
    raise InvalidInput("job.variable_invalid", f"The decision is {decision!r}.", where="decision")
