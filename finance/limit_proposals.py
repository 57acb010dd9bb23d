"""Limits as scoring proposes them for a request, from scores, volume and statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import scoring
from core.database import Transaction
from core.errors import Broken
from core.ids import derived_id
from core.money import Money
from finance import models, repository
from finance.known import Known, known_of
from finance.limit_inputs import Programme, limit_inputs, programme_at
from finance.products import RISK_PRODUCT, SOLE_AUTHORITY
from finance.requests import locked_request
from scoring import limits as scoring_limits
from scoring.limit_raises import LimitRaise
from scoring.scorer import CompiledCard
from scoring.service import InProcess, ScoreRequest, ScoringService
from scoring.snapshot import AsOfSnapshot, Observation

Scope = Literal["SELLER", "BUYER", "PAIR"]
SCOPES: tuple[Scope, ...] = ("SELLER", "BUYER", "PAIR")


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
    """A limit that scoring proposes: its amount is the smallest of the named caps.

    With `needs_second_person` one officer may not grant it alone: it is more than one officer's authority and
    more than stands today. `alone` is what could be drawn more if one officer approved it. `raises` tells
    what would raise it, each as `input`, `now`, `needed`, `amount`. `stops` are the rules that set it to 0,
    each with the side that breaks it; `left_out` the caps that nothing is known for.
    """

    scope: Scope
    seller_id: UUID | None
    buyer_id: UUID | None
    amount: Money
    binding_cap: str
    caps: Mapping[str, str]
    review_on: date | None
    needs_second_person: bool
    alone: Money
    raises: Sequence[Mapping[str, str]]
    stops: Sequence[str]
    left_out: Sequence[str]


async def score_parties(
    tx: Transaction,
    request_id: UUID,
    *,
    at: datetime,
    entry_id: UUID,
    service: ScoringService | None = None,
) -> PartyScores:
    """Score seller and buyer with the approved card, on what is known of them at `at`.

    Without a `service` the scores are computed in this process.

    Raises:
        NotFound: `request.unknown`, `scoring.no_approved_card`.
        ServiceUnavailable, Conflict, Forbidden, Broken: see `scoring.service.ScoringService.score`.
    """
    request = await locked_request(tx, request_id)
    known = await known_of(tx, request.seller_id, request.buyer_id, request.currency, at)
    card = await scoring.approved_card(tx.sql)
    return await _score(tx, request, known, entry_id, card, service or InProcess([card]))


async def _score(
    tx: Transaction,
    request: models.FinancingRequest,
    known: Known,
    entry_id: UUID,
    card: CompiledCard,
    service: ScoringService,
) -> PartyScores:
    async def score(party_id: UUID) -> ScoreRun:
        observed = _observed(known.snapshots[party_id], card.features)
        scored = await service.score(ScoreRequest(card.id, str(party_id), known.at.date(), observed))
        result, inputs = scored.score, {one.name: one.value for one in observed}
        told = known.snapshots[party_id].lineage()
        sources = {name: told[name] for name in inputs if name in told}
        run_id = await scoring.record_run(tx, party_id, result, inputs, known.at, entry_id, sources)
        return ScoreRun(
            run_id, party_id, result.card_id, result.points, result.pd, result.grade, result.synthetic
        )

    return PartyScores(seller=await score(request.seller_id), buyer=await score(request.buyer_id))


async def propose_limits(
    tx: Transaction,
    request_id: UUID,
    *,
    at: datetime,
    entry_id: UUID,
    service: ScoringService | None = None,
) -> list[LimitProposal]:
    """Propose a seller, a buyer and a pair limit from scores, volume and statements.

    Seller and buyer take their own probability of default, the pair that of a loss: both sides default,
    as the seller buys back what the buyer does not pay. A newer proposal for the request replaces those
    that were not activated. Without a `service` all is computed in this process.

    Raises:
        NotFound: `request.unknown`, `scoring.no_approved_card`.
        ServiceUnavailable, Conflict, Forbidden, Broken: see `scoring.service.ScoringService`.
    """
    request = await locked_request(tx, request_id)
    done = await models.LimitProposal.filter(request_id=request_id, entry_id=entry_id).using_db(tx.orm)
    if done:
        return _in_order([_proposal(row) for row in done])
    known = await known_of(tx, request.seller_id, request.buyer_id, request.currency, at)
    programme = await programme_at(tx, request.seller_id, request.buyer_id, request.currency, at)
    card = await scoring.approved_card(tx.sql)
    scorer = service or InProcess([card])
    scores = await _score(tx, request, known, entry_id, card, scorer)
    await (
        models.LimitProposal.filter(request_id=request_id, state="PROPOSED")
        .using_db(tx.orm)
        .update(state="REPLACED")
    )
    standing = await repository.limits_of_pair(tx.sql, request.seller_id, request.buyer_id, request.currency)
    proposals: list[LimitProposal] = []
    for scope in SCOPES:
        seller_id = request.seller_id if scope != "BUYER" else None
        buyer_id = request.buyer_id if scope != "SELLER" else None
        inputs = inputs_of(known, programme, scope, seller_id, buyer_id, scores)
        proposed = await scorer.propose(inputs)
        proposal = proposed.proposal
        granted, used = standing.get(scope, (Decimal(0), Decimal(0)))
        alone = min(proposal.amount, max(SOLE_AUTHORITY, granted))
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
            score_run_id=_run_of(scope, scores).run_id,
            proposed_at=at,
            entry_id=entry_id,
            review_on=proposal.review_on,
            needs_second_person=proposal.amount > alone,
            alone=max(alone - used, Decimal(0)),
            raises=[_raise_as_text(one) for one in proposed.raises],
            stops=list(proposal.stops),
            left_out=list(proposal.left_out),
        )
        proposals.append(_proposal(row))
    return proposals


def _observed(known: AsOfSnapshot, features: Sequence[str]) -> tuple[Observation, ...]:
    """Return what a card asks for; what nobody told is asked for and not known."""
    told = {one.name: one for one in known.observations}
    return tuple(told.get(name, Observation(name, None, known.as_of, "nobody told it")) for name in features)


def inputs_of(
    known: Known,
    programme: Programme,
    scope: Scope,
    seller_id: UUID | None,
    buyer_id: UUID | None,
    scores: PartyScores,
) -> scoring.LimitInputs:
    """Return what a limit is proposed from, with the probability of default that its loss needs."""
    run = _run_of(scope, scores)
    pds = scoring_limits.LossPds(run.pd, None)
    if scope == "PAIR":
        pds = scoring_limits.loss_pds(RISK_PRODUCT, buyer=scores.buyer.pd, seller=scores.seller.pd)
    return limit_inputs(
        known, programme, scope, seller_id=seller_id, buyer_id=buyer_id, pds=pds, grade=run.grade
    )


def _run_of(scope: Scope, scores: PartyScores) -> ScoreRun:
    """Return the score that grades a limit; the pair takes the buyer's, as the buyer is who pays."""
    return scores.seller if scope == "SELLER" else scores.buyer


def _raise_as_text(one: LimitRaise) -> dict[str, str]:
    return {
        "input": one.input,
        "now": str(one.now),
        "needed": str(one.needed),
        "amount": str(one.amount),
        "bindingCap": one.binding_cap,
    }


def _proposal(row: models.LimitProposal) -> LimitProposal:
    return LimitProposal(
        scope=scope_of(row.scope),
        seller_id=row.seller_id,
        buyer_id=row.buyer_id,
        amount=Money(row.amount, row.currency),
        binding_cap=row.binding_cap,
        caps=row.caps,
        review_on=row.review_on,
        needs_second_person=row.needs_second_person,
        alone=Money(row.alone, row.currency),
        raises=row.raises or (),
        stops=tuple(row.stops or ()),
        left_out=tuple(row.left_out or ()),
    )


def _in_order(proposals: Sequence[LimitProposal]) -> list[LimitProposal]:
    return sorted(proposals, key=lambda proposal: SCOPES.index(proposal.scope))


def scope_of(name: str) -> Scope:
    """Return a stored scope as what it is.

    Raises:
        Broken: `limit.scope_unknown`.
    """
    for scope in SCOPES:
        if scope == name:
            return scope
    raise Broken("limit.scope_unknown", f"{name!r} is no scope of limits.")
