"""Credit limits: activated by people, reserved, utilised and released by requests.

A request draws on three limits at once: the seller's, the buyer's and the pair's. Rows are locked in one
order, and the table's check refuses reserved + utilised above the amount, so that no limit is ever overdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from core.database import Transaction
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.ids import derived_id
from core.money import Money
from finance import accounting, journals, models, repository
from finance.limit_proposals import SCOPES, Scope, scope_of
from finance.products import SOLE_AUTHORITY
from finance.requests import locked_request


@dataclass(frozen=True, slots=True)
class ActiveLimit:
    """A limit as it stands."""

    id: UUID
    scope: Scope
    amount: Money
    reserved: Money
    utilised: Money


async def activate_limits(
    tx: Transaction,
    request_id: UUID,
    *,
    approved_by: str,
    second_by: str | None,
    at: datetime,
    entry_id: UUID,
) -> list[ActiveLimit]:
    """Make the proposed limits of a request count.

    A limit is never set below what is in use. Where a proposal needs a second person and nobody approved as
    such, the limit is held to one officer's authority, or to what stands already: no limit grows past the
    authority of who approved it.

    Raises:
        NotFound: `request.unknown`, `limit.no_proposal`.
        Forbidden: `limit.four_eyes` when both approvals are by one person.
        InvalidInput: `limit.approver_missing`.
    """
    request = await locked_request(tx, request_id)
    if not approved_by.strip():
        raise InvalidInput("limit.approver_missing", "Nobody approved the limits.", where="approvedBy")
    if approved_by == second_by:
        raise Forbidden("limit.four_eyes", "The second approval is by the same person.", where="secondBy")
    proposals = (
        await models.LimitProposal.filter(request_id=request_id).using_db(tx.orm).exclude(state="REPLACED")
    )
    if not proposals:
        raise NotFound("limit.no_proposal", "No limit is proposed for the request.", where=str(request_id))
    # Two requests of a pair that are approved at once must not both create its first limit.
    await repository.lock(tx.sql, "finance.limits")
    current = {
        row["scope"]: row
        for row in await repository.lock_limits(tx.sql, request.seller_id, request.buyer_id, request.currency)
    }
    for proposal in proposals:
        if proposal.state == "PROPOSED":
            await _activate(tx, proposal, current.get(proposal.scope), approved_by, second_by, at, entry_id)
    rows = await repository.lock_limits(tx.sql, request.seller_id, request.buyer_id, request.currency)
    return [_active(row) for row in rows]


async def reserve_limits(
    tx: Transaction, request_id: UUID, amount: Money, *, at: datetime, entry_id: UUID
) -> list[ActiveLimit]:
    """Reserve an amount of all three limits of a request, or of none.

    Raises:
        NotFound: `request.unknown`.
        Conflict: `limit.no_headroom`, `limit.on_hold`, `limit.none_active`, `limit.already_reserved`.
        InvalidInput: `limit.amount_invalid`.
    """
    request = await locked_request(tx, request_id)
    if amount.amount <= 0 or amount.currency != request.currency or amount.rounded() != amount:
        raise InvalidInput(
            "limit.amount_invalid",
            f"{amount} cannot be reserved for a request in {request.currency}.",
            where="amount",
        )
    rows = await repository.lock_limits(tx.sql, request.seller_id, request.buyer_id, request.currency)
    usage = await repository.request_usage(tx.sql, request_id)
    if usage:
        repeated = await models.LimitMovement.exists(
            request_id=request_id, kind="RESERVE", entry_id=entry_id, using_db=tx.orm
        )
        if not repeated:
            raise Conflict("limit.already_reserved", "The request has its limits reserved already.")
        return [_active(row) for row in rows]
    for scope in SCOPES:
        if not any(row["scope"] == scope for row in rows):
            raise Conflict(
                "limit.none_active",
                f"There is no active {scope.lower()} limit in {request.currency}.",
                hint="Propose and approve limits first.",
            )
    for row in rows:
        if row["on_hold_since"] is not None:
            raise Conflict(
                "limit.on_hold",
                f"The {row['scope'].lower()} limit is on hold since {row['on_hold_since']:%Y-%m-%d}.",
                where=row["scope"],
                hint="Judge the alert that put it on hold, or let two people approve the limit anew.",
            )
        headroom = row["amount"] - row["reserved"] - row["utilised"]
        if headroom < amount.amount:
            raise Conflict(
                "limit.no_headroom",
                f"The {row['scope'].lower()} limit has {Money(headroom, request.currency)} left;"
                f" {amount} is needed.",
                where=row["scope"],
                hint="Lower the amount, or wait until earlier receivables are paid.",
            )
    for row in rows:
        await _move(tx, row["id"], request_id, "RESERVE", amount.amount, Decimal(0), at, entry_id)
    rows = await repository.lock_limits(tx.sql, request.seller_id, request.buyer_id, request.currency)
    return [_active(row) for row in rows]


async def utilise_limits(
    tx: Transaction, request: models.FinancingRequest, amount: Money, *, at: datetime, entry_id: UUID
) -> None:
    """Turn what a request reserved into what it uses; the part that it does not need is free again.

    Raises:
        Conflict: `limit.reservation_missing`, `limit.reservation_exceeded`.
    """
    await repository.lock_limits(tx.sql, request.seller_id, request.buyer_id, request.currency)
    usage = await repository.request_usage(tx.sql, request.id)
    if not usage:
        raise Conflict(
            "limit.reservation_missing",
            "No limits are reserved for the request.",
            hint="Reserve the limits before the purchase.",
        )
    for row in usage:
        if row["reserved"] < amount.amount:
            raise Conflict(
                "limit.reservation_exceeded",
                f"{Money(row['reserved'], request.currency)} is reserved; {amount} is needed.",
            )
        await _move(tx, row["limit_id"], request.id, "UTILISE", -row["reserved"], amount.amount, at, entry_id)
    await journals.book(
        tx,
        accounting.commitment("commitment-drawn", request.id, -amount),
        request_id=request.id,
        at=at,
        entry_id=entry_id,
    )


async def release_limits(
    tx: Transaction, request_id: UUID, *, at: datetime, entry_id: UUID
) -> list[ActiveLimit]:
    """Free what a request has reserved or uses. A request that has nothing of a limit changes nothing.

    Raises:
        NotFound: `request.unknown`.
    """
    request = await locked_request(tx, request_id)
    await repository.lock_limits(tx.sql, request.seller_id, request.buyer_id, request.currency)
    usage = await repository.request_usage(tx.sql, request_id)
    for row in usage:
        await _move(
            tx, row["limit_id"], request_id, "RELEASE", -row["reserved"], -row["utilised"], at, entry_id
        )
    utilised = max((row["utilised"] for row in usage), default=Decimal(0))
    if utilised > 0:
        await journals.book(
            tx,
            accounting.commitment("commitment-restored", request_id, Money(utilised, request.currency)),
            request_id=request_id,
            at=at,
            entry_id=entry_id,
        )
    rows = await repository.lock_limits(tx.sql, request.seller_id, request.buyer_id, request.currency)
    return [_active(row) for row in rows]


async def _activate(
    tx: Transaction,
    proposal: models.LimitProposal,
    current: repository.Row | None,
    approved_by: str,
    second_by: str | None,
    at: datetime,
    entry_id: UUID,
) -> None:
    in_use = current["reserved"] + current["utilised"] if current else Decimal(0)
    standing = current["amount"] if current else Decimal(0)
    amount, binding_cap = proposal.amount, proposal.binding_cap
    if proposal.needs_second_person and second_by is None and amount > max(SOLE_AUTHORITY, standing):
        amount, binding_cap = max(SOLE_AUTHORITY, standing), "authority"
    if amount < in_use:
        amount, binding_cap = in_use, "in_use"
    values: dict[str, object] = {
        "amount": amount,
        "binding_cap": binding_cap,
        "review_on": proposal.review_on,
        "score_run_id": proposal.score_run_id,
        "approved_by": approved_by,
        "second_by": second_by,
        "activated_at": at,
    }
    if second_by is not None:
        values["on_hold_since"] = None
    if current is None:
        await models.Limit.create(
            using_db=tx.orm,
            id=derived_id("limit", proposal.scope, proposal.seller_id, proposal.buyer_id, proposal.currency),
            scope=proposal.scope,
            seller_id=proposal.seller_id,
            buyer_id=proposal.buyer_id,
            currency=proposal.currency,
            reserved=Decimal(0),
            utilised=Decimal(0),
            **values,
        )
    else:
        await models.Limit.filter(id=current["id"]).using_db(tx.orm).update(**values)
    await models.LimitProposal.filter(id=proposal.id).using_db(tx.orm).update(state="ACTIVATED")
    change = amount - (current["amount"] if current else Decimal(0))
    if proposal.scope == "PAIR" and change != 0:
        await journals.book(
            tx,
            accounting.commitment("commitment-given", proposal.id, Money(change, proposal.currency)),
            request_id=proposal.request_id,
            at=at,
            entry_id=entry_id,
        )


async def _move(
    tx: Transaction,
    limit_id: UUID,
    request_id: UUID,
    kind: str,
    reserved: Decimal,
    utilised: Decimal,
    at: datetime,
    entry_id: UUID,
) -> None:
    await repository.move_limit(tx.sql, limit_id, reserved=reserved, utilised=utilised)
    await models.LimitMovement.create(
        using_db=tx.orm,
        id=derived_id("limit-movement", limit_id, request_id, kind, entry_id),
        limit_id=limit_id,
        request_id=request_id,
        kind=kind,
        reserved=reserved,
        utilised=utilised,
        moved_at=at,
        entry_id=entry_id,
    )


def _active(row: repository.Row) -> ActiveLimit:
    return ActiveLimit(
        id=row["id"],
        scope=scope_of(row["scope"]),
        amount=Money(row["amount"], row["currency"]),
        reserved=Money(row["reserved"], row["currency"]),
        utilised=Money(row["utilised"], row["currency"]),
    )
