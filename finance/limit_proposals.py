"""Limits as scoring proposes them for a request, from scores, volume and statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

import scoring
from core.database import Transaction
from core.errors import Broken
from core.ids import derived_id
from core.money import Money
from finance import models, repository
from finance.products import SOLE_AUTHORITY
from finance.requests import locked_request
from scoring import limits as scoring_limits
from scoring.limit_raises import LimitRaise, what_would_raise

Scope = Literal["SELLER", "BUYER", "PAIR"]
SCOPES: tuple[Scope, ...] = ("SELLER", "BUYER", "PAIR")

# Loss given default of senior unsecured corporate claims: Basel Framework CRE32.6.
LGD = Decimal("0.40")
_YEAR = timedelta(days=365)
# Factoring demands recourse when the buyer does not pay: the pair loses money only when both default.
_PAIR_PRODUCT: scoring_limits.Product = "factoring_with_recourse"
_POLICY = scoring.LimitPolicy(second_person_above=SOLE_AUTHORITY)


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
    what would raise it, each as `input`, `now`, `needed`, `amount`.
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


async def score_parties(tx: Transaction, request_id: UUID, *, at: datetime, entry_id: UUID) -> PartyScores:
    """Score seller and buyer with the approved card, on their newest statements known at `at`.

    Raises:
        NotFound: `request.unknown`, `scoring.no_approved_card`.
    """
    request = await locked_request(tx, request_id)
    card = await scoring.approved_card(tx.sql)

    async def score(party_id: UUID) -> ScoreRun:
        statement = await _statement(tx, party_id, at)
        snapshot = _figures(statement)
        inputs = {name: snapshot.get(name) for name in card.features}
        result = card.score(inputs)
        told = _source(statement) if statement else None
        sources = {name: told for name in inputs if told and name in snapshot}
        run_id = await scoring.record_run(tx, party_id, result, inputs, at, entry_id, sources)
        return ScoreRun(
            run_id, party_id, result.card_id, result.points, result.pd, result.grade, result.synthetic
        )

    return PartyScores(seller=await score(request.seller_id), buyer=await score(request.buyer_id))


async def propose_limits(
    tx: Transaction, request_id: UUID, *, at: datetime, entry_id: UUID
) -> list[LimitProposal]:
    """Propose a seller, a buyer and a pair limit from scores, volume and statements.

    Seller and buyer take their own probability of default, the pair that of a loss: both sides default,
    as the seller buys back what the buyer does not pay. A newer proposal for the request replaces those
    that were not activated.

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
    standing = await repository.limits_of_pair(tx.sql, request.seller_id, request.buyer_id, request.currency)
    proposals: list[LimitProposal] = []
    for scope in SCOPES:
        seller_id = request.seller_id if scope != "BUYER" else None
        buyer_id = request.buyer_id if scope != "SELLER" else None
        inputs = await limit_inputs(tx, scope, seller_id, buyer_id, request.currency, scores, at)
        proposal = scoring_limits.propose(inputs)
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
            raises=[_raise_as_text(one) for one in what_would_raise(inputs, proposal)],
        )
        proposals.append(_proposal(row))
    return proposals


async def _statement(tx: Transaction, party_id: UUID, at: datetime) -> models.FinancialStatement | None:
    """Return a company's newest statement as of a moment."""
    newest: models.FinancialStatement | None = (
        await models.FinancialStatement.filter(party_id=party_id, period_end__lte=at.date())
        .using_db(tx.orm)
        .order_by("-period_end")
        .first()
    )
    return newest


def _source(statement: models.FinancialStatement) -> tuple[str, date]:
    """Return what tells a statement's figures, and the day that they are of."""
    told = f"statement of {statement.period_end}, document {statement.document_id}"
    return told, statement.period_end


def _figures(statement: models.FinancialStatement | None) -> dict[str, Decimal | str | None]:
    """Return a statement's figures: numbers as decimals, categories as text."""
    figures = statement.figures if statement else {}
    return {
        name: value if value is None or name == "sector" else Decimal(value)
        for name, value in figures.items()
    }


async def limit_inputs(
    tx: Transaction,
    scope: Scope,
    seller_id: UUID | None,
    buyer_id: UUID | None,
    currency: str,
    scores: PartyScores,
    at: datetime,
) -> scoring.LimitInputs:
    """Return what a limit is proposed from, as known at a moment."""
    run = _run_of(scope, scores)
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
    figures = _figures(await _statement(tx, run.party_id, at))
    net_worth = figures.get("net_worth")
    pds = scoring_limits.LossPds(run.pd, None)
    if scope == "PAIR":
        pds = scoring_limits.loss_pds(_PAIR_PRODUCT, buyer=scores.buyer.pd, seller=scores.seller.pd)
    return scoring.LimitInputs(
        as_of=at.date(),
        currency=currency,
        annual_volume=volume * _YEAR.days / span,
        terms_days=terms_days,
        pd=pds.pd,
        recourse_pd=pds.recourse_pd,
        lgd=LGD,
        grade=run.grade,
        net_worth=net_worth if isinstance(net_worth, Decimal) else None,
        policy=_POLICY,
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
