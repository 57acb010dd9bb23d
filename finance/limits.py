"""Credit limits: proposed by scoring, activated by people, reserved, utilised and released by requests.

A request draws on three limits at once: the seller's, the buyer's and the pair's. Rows are locked in one
order, and the table's check refuses reserved + utilised above the amount, so that no limit is ever overdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

import scoring
from core.database import Transaction
from core.errors import Broken, Conflict, Forbidden, InvalidInput, NotFound
from core.ids import derived_id
from core.money import Money
from finance import accounting, journals, models, repository
from finance.requests import locked_request
from scoring import limits as scoring_limits

Scope = Literal["SELLER", "BUYER", "PAIR"]
SCOPES: tuple[Scope, ...] = ("SELLER", "BUYER", "PAIR")

# Loss given default of senior unsecured corporate claims: Basel Framework CRE32.6.
_LGD = Decimal("0.40")
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class ScoreRun:
    """A company's score for a request."""

    run_id: UUID
    party_id: UUID
    card_id: str
    points: int
    pd: Decimal
    grade: str
    synthetic: bool


@dataclass(frozen=True, slots=True)
class PartyScores:
    """The scores of both sides of a request."""

    seller: ScoreRun
    buyer: ScoreRun


@dataclass(frozen=True, slots=True)
class LimitProposal:
    """A limit that scoring proposes: its amount is the smallest of the named caps."""

    scope: Scope
    seller_id: UUID | None
    buyer_id: UUID | None
    amount: Money
    binding_cap: str
    caps: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ActiveLimit:
    """A limit as it stands."""

    id: UUID
    scope: Scope
    amount: Money
    reserved: Money
    utilised: Money


async def score_parties(tx: Transaction, request_id: UUID, *, at: datetime, entry_id: UUID) -> PartyScores:
    """Score seller and buyer with the approved card, on their newest statements known at `at`.

    Raises:
        NotFound: `request.unknown`, `scoring.no_approved_card`.
    """
    request = await locked_request(tx, request_id)
    card = await scoring.approved_card(tx.sql)

    async def score(party_id: UUID) -> ScoreRun:
        snapshot = await _snapshot(tx, party_id, at)
        inputs = {name: snapshot.get(name) for name in card.features}
        result = card.score(inputs)
        run_id = await scoring.record_run(tx, party_id, result, inputs, at, entry_id)
        return ScoreRun(
            run_id, party_id, result.card_id, result.points, result.pd, result.grade, result.synthetic
        )

    return PartyScores(seller=await score(request.seller_id), buyer=await score(request.buyer_id))


async def propose_limits(
    tx: Transaction, request_id: UUID, *, at: datetime, entry_id: UUID
) -> list[LimitProposal]:
    """Propose a seller, a buyer and a pair limit from scores, volume and statements.

    The pair takes the buyer's probability of default, as the buyer is who pays. A newer proposal for the
    request replaces those that were not activated.

    Raises:
        NotFound: `request.unknown`, `scoring.no_approved_card`.
    """
    request = await locked_request(tx, request_id)
    known = await models.LimitProposal.filter(request_id=request_id, entry_id=entry_id).using_db(tx.orm)
    if known:
        return _in_order([_proposal(row) for row in known])
    scores = await score_parties(tx, request_id, at=at, entry_id=entry_id)
    await (
        models.LimitProposal.filter(request_id=request_id, state="PROPOSED")
        .using_db(tx.orm)
        .update(state="REPLACED")
    )
    proposals: list[LimitProposal] = []
    for scope in SCOPES:
        seller_id = request.seller_id if scope != "BUYER" else None
        buyer_id = request.buyer_id if scope != "SELLER" else None
        run = scores.seller if scope == "SELLER" else scores.buyer
        proposal = scoring_limits.propose(await _inputs(tx, seller_id, buyer_id, request.currency, run, at))
        row = await models.LimitProposal.create(
            using_db=tx.orm,
            id=derived_id("limit-proposal", request_id, scope, entry_id),
            request_id=request_id,
            scope=scope,
            seller_id=seller_id,
            buyer_id=buyer_id,
            currency=request.currency,
            amount=proposal.amount,
            binding_cap=proposal.binding_cap,
            caps={name: f"{amount:f}" for name, amount in proposal.caps.items()},
            score_run_id=run.run_id,
            proposed_at=at,
            entry_id=entry_id,
        )
        proposals.append(_proposal(row))
    return proposals


async def activate_limits(
    tx: Transaction,
    request_id: UUID,
    *,
    approved_by: str,
    second_by: str | None,
    at: datetime,
    entry_id: UUID,
) -> list[ActiveLimit]:
    """Make the proposed limits of a request count. A limit is never set below what is in use.

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
        Conflict: `limit.no_headroom`, `limit.none_active`, `limit.already_reserved`.
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
    amount = max(proposal.amount, in_use)
    values = {
        "amount": amount,
        "binding_cap": proposal.binding_cap if amount == proposal.amount else "in_use",
        "score_run_id": proposal.score_run_id,
        "approved_by": approved_by,
        "second_by": second_by,
        "activated_at": at,
    }
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


async def _snapshot(tx: Transaction, party_id: UUID, at: datetime) -> dict[str, Decimal | str | None]:
    """Return a company's figures as of a moment: numbers as decimals, categories as text."""
    statement = (
        await models.FinancialStatement.filter(party_id=party_id, period_end__lte=at.date())
        .using_db(tx.orm)
        .order_by("-period_end")
        .first()
    )
    figures = statement.figures if statement else {}
    return {
        name: value if value is None or name == "sector" else Decimal(value)
        for name, value in figures.items()
    }


async def _inputs(
    tx: Transaction,
    seller_id: UUID | None,
    buyer_id: UUID | None,
    currency: str,
    run: ScoreRun,
    at: datetime,
) -> scoring.LimitInputs:
    volume, days, terms = await repository.invoiced_volume(
        tx.sql,
        seller_id=seller_id,
        buyer_id=buyer_id,
        currency=currency,
        since=at.date() - _YEAR,
        upto=at.date(),
    )
    terms_days = max(int(terms), 1)
    # The platform may know a company for less than a year: its volume is carried forward to one, from a span
    # of at least one payment term, so that the first invoice counts as one term's business.
    span = min(max(days, terms_days), _YEAR.days)
    figures = await _snapshot(tx, run.party_id, at)
    net_worth = figures.get("net_worth")
    return scoring.LimitInputs(
        currency=currency,
        annual_volume=volume * _YEAR.days / span,
        terms_days=terms_days,
        pd=run.pd,
        lgd=_LGD,
        grade=run.grade,
        net_worth=net_worth if isinstance(net_worth, Decimal) else None,
    )


def _proposal(row: models.LimitProposal) -> LimitProposal:
    return LimitProposal(
        scope=_scope(row.scope),
        seller_id=row.seller_id,
        buyer_id=row.buyer_id,
        amount=Money(row.amount, row.currency),
        binding_cap=row.binding_cap,
        caps=row.caps,
    )


def _active(row: repository.Row) -> ActiveLimit:
    return ActiveLimit(
        id=row["id"],
        scope=_scope(row["scope"]),
        amount=Money(row["amount"], row["currency"]),
        reserved=Money(row["reserved"], row["currency"]),
        utilised=Money(row["utilised"], row["currency"]),
    )


def _in_order(proposals: Sequence[LimitProposal]) -> list[LimitProposal]:
    return sorted(proposals, key=lambda proposal: SCOPES.index(proposal.scope))


def _scope(name: str) -> Scope:
    for scope in SCOPES:
        if scope == name:
            return scope
    raise Broken("limit.scope_unknown", f"{name!r} is no scope of limits.")
