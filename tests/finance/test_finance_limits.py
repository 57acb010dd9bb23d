"""Limits: three at once or none, never overdrawn, also by many requests at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import orjson
import pytest

import finance
from core import Conflict, Forbidden, InvalidInput, NotFound, random_id
from core.money import Money
from finance.products import SOLE_AUTHORITY
from scoring.stress import stress

if TYPE_CHECKING:
    from conftest import Desk, Trade

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


async def with_limits(desk: Desk, request_id: UUID) -> list[finance.ActiveLimit]:
    async with desk.tx() as tx:
        await finance.propose_limits(tx, request_id, at=NOW, entry_id=random_id())
        return await finance.activate_limits(
            tx, request_id, approved_by="user:one", second_by="user:two", at=NOW, entry_id=random_id()
        )


async def reserve(desk: Desk, request_id: UUID, amount: str) -> list[finance.ActiveLimit]:
    async with desk.tx() as tx:
        return await finance.reserve_limits(tx, request_id, eur(amount), at=NOW, entry_id=random_id())


async def numbered(desk: Desk, trade: Trade, number: str) -> UUID:
    """Bring another invoice of the same trade; return its request."""
    content = trade.read("invoice.xml")
    for shipped in (b"MV/2026/00318", b"260122-07"):
        content = content.replace(shipped, number.encode())
    outcome = await desk.bring(content)
    return await desk.request([UUID(outcome.summary["objectId"])])


async def test_scores_and_volume_give_three_proposals_with_their_caps(desk: Desk) -> None:
    request_id = await desk.request([await desk.trade("manufacturing").bring_all()])
    async with desk.tx() as tx:
        scores = await finance.score_parties(tx, request_id, at=NOW, entry_id=random_id())
        proposals = await finance.propose_limits(tx, request_id, at=NOW, entry_id=random_id())
    assert scores.seller.synthetic
    assert 0 < scores.buyer.pd < scores.seller.pd < 1
    assert [proposal.scope for proposal in proposals] == ["SELLER", "BUYER", "PAIR"]
    for proposal in proposals:
        # One invoice of 480,000 at 60 days is taken as one term's business; the peak factor is 1.25.
        assert Decimal(proposal.caps["need"]) == 600_000
        # 480,000 less a haircut of 5 % secures what is paid out of a drawing, 80 % of it.
        assert Decimal(proposal.caps["collateral"]) == 570_000
        # 15 % of a portfolio that counts as 10 m until it is larger.
        assert Decimal(proposal.caps["concentration"]) == 1_500_000
        assert (proposal.binding_cap, proposal.amount) == ("collateral", eur("570000"))
        assert {"policy", "capacity", "expected_loss"} <= set(proposal.caps)
        assert (proposal.stops, proposal.left_out) == ((), ())
    async with desk.database.reading() as sql:
        states = await sql.fetch(
            "SELECT state, headroom FROM finance.limit_view WHERE request_id = $1", request_id
        )
    assert {(row["state"], row["headroom"]) for row in states} == {("PROPOSED", 0)}


async def test_each_figure_of_a_score_names_the_document_that_told_it(desk: Desk) -> None:
    request_id = await desk.request([await desk.trade("manufacturing").bring_all()])
    async with desk.tx() as tx:
        scores = await finance.score_parties(tx, request_id, at=NOW, entry_id=random_id())
    async with desk.database.reading() as sql:
        row = await sql.fetchrow(
            """
            SELECT r.inputs, r.sources, s.document_id, s.period_end,
                   coalesce(s.published_on, (d.imported_at AT TIME ZONE 'UTC')::date) AS known_on
            FROM scoring.run_view r JOIN finance.financial_statement s USING (party_id)
            JOIN finance.document d ON d.id = s.document_id WHERE r.id = $1
            """,
            scores.seller.run_id,
        )
    assert row is not None
    told = {
        "source": f"statement of {row['period_end']}, document {row['document_id']}",
        "observedOn": row["known_on"].isoformat(),
    }
    sources = orjson.loads(row["sources"])
    known = {name for name, value in orjson.loads(row["inputs"]).items() if value is not None}
    assert known
    assert known <= sources.keys()
    assert all(source == told for source in sources.values())


async def test_a_pair_loses_only_when_both_sides_default(desk: Desk) -> None:
    request_id = await desk.request([await desk.trade("manufacturing").bring_all()])
    async with desk.tx() as tx:
        _, buyer, pair = await finance.propose_limits(tx, request_id, at=NOW, entry_id=random_id())
    assert Decimal(pair.caps["expected_loss"]) > Decimal(buyer.caps["expected_loss"])


async def test_a_proposal_tells_its_review_what_would_raise_it_and_that_two_must_approve(desk: Desk) -> None:
    request_id = await desk.request([await desk.trade("manufacturing").bring_all()])
    entry_id = random_id()
    async with desk.tx() as tx:
        proposals = await finance.propose_limits(tx, request_id, at=NOW, entry_id=entry_id)
        again = await finance.propose_limits(tx, request_id, at=NOW, entry_id=entry_id)
    assert proposals == again
    for proposal in proposals:
        assert proposal.review_on is not None
        assert proposal.review_on > NOW.date()
        assert proposal.needs_second_person
        assert proposal.alone == eur(str(SOLE_AUTHORITY))
        assert {one["input"] for one in proposal.raises} <= {"eligible_receivables", "haircut"}
        assert all(Decimal(one["amount"]) > proposal.amount.amount for one in proposal.raises)
        assert proposal.raises


async def test_one_officer_alone_grants_no_more_than_the_sole_authority(desk: Desk) -> None:
    trade = desk.trade("manufacturing")
    await trade.bring_all()
    first = await numbered(desk, trade, "MV/2026/301")
    async with desk.tx() as tx:
        await finance.propose_limits(tx, first, at=NOW, entry_id=random_id())
        alone = await finance.activate_limits(
            tx, first, approved_by="user:one", second_by=None, at=NOW, entry_id=random_id()
        )
        kinds = await tx.sql.fetch(
            "SELECT binding_cap FROM finance.limit_ WHERE id = ANY($1)", [limit.id for limit in alone]
        )
    assert {limit.amount for limit in alone} == {eur(str(SOLE_AUTHORITY))}
    assert {row["binding_cap"] for row in kinds} == {"authority"}
    # Two may grant what is proposed; what they granted, one may confirm and need not be asked for again.
    both = await with_limits(desk, await numbered(desk, trade, "MV/2026/302"))
    assert min(limit.amount.amount for limit in both) > SOLE_AUTHORITY
    async with desk.tx() as tx:
        proposals = await finance.propose_limits(tx, first, at=NOW, entry_id=random_id())
        confirmed = await finance.activate_limits(
            tx, first, approved_by="user:one", second_by=None, at=NOW, entry_id=random_id()
        )
    assert not any(proposal.needs_second_person for proposal in proposals)
    assert {limit.amount for limit in confirmed} == {proposal.amount for proposal in proposals}
    async with desk.tx() as tx:
        assert await finance.verify_books(tx) == []


async def test_a_company_without_figures_is_scored_as_unknown_and_gets_little(desk: Desk) -> None:
    trade = desk.trade("manufacturing")
    request_id = await desk.request([await trade.bring_invoice()])
    async with desk.tx() as tx:
        proposals = await finance.propose_limits(tx, request_id, at=NOW, entry_id=random_id())
    assert all(proposal.amount < eur("480000") for proposal in proposals)


async def test_limits_are_approved_by_two_different_people(desk: Desk) -> None:
    request_id = await desk.request([await desk.trade("retail").bring_all()])
    with pytest.raises(NotFound) as none:
        async with desk.tx() as tx:
            await finance.activate_limits(
                tx, request_id, approved_by="user:one", second_by=None, at=NOW, entry_id=random_id()
            )
    assert none.value.code == "limit.no_proposal"
    async with desk.tx() as tx:
        await finance.propose_limits(tx, request_id, at=NOW, entry_id=random_id())
    with pytest.raises(Forbidden) as same:
        async with desk.tx() as tx:
            await finance.activate_limits(
                tx, request_id, approved_by="user:one", second_by="user:one", at=NOW, entry_id=random_id()
            )
    assert same.value.code == "limit.four_eyes"
    with pytest.raises(InvalidInput):
        async with desk.tx() as tx:
            await finance.activate_limits(
                tx, request_id, approved_by=" ", second_by=None, at=NOW, entry_id=random_id()
            )


async def test_reserving_needs_limits_and_headroom_and_happens_once(desk: Desk) -> None:
    request_id = await desk.request([await desk.trade("retail").bring_all()])
    with pytest.raises(Conflict) as none:
        await reserve(desk, request_id, "100.00")
    assert none.value.code == "limit.none_active"
    limits = await with_limits(desk, request_id)
    with pytest.raises(Conflict) as little:
        await reserve(desk, request_id, str(limits[0].amount.amount + 1))
    assert little.value.code == "limit.no_headroom"
    await reserve(desk, request_id, "100.00")
    with pytest.raises(Conflict) as again:
        await reserve(desk, request_id, "100.00")
    assert again.value.code == "limit.already_reserved"
    for wrong in (eur("0"), eur("-1"), eur("0.001"), Money.of("1", "USD")):
        with pytest.raises(InvalidInput) as invalid:
            async with desk.tx() as tx:
                await finance.reserve_limits(tx, request_id, wrong, at=NOW, entry_id=random_id())
        assert invalid.value.code == "limit.amount_invalid"


async def test_many_requests_at_once_never_overdraw_a_limit(desk: Desk) -> None:
    trade = desk.trade("retail")
    await trade.bring_all()
    requests = [await numbered(desk, trade, f"MV/2026/1{number}") for number in range(8)]
    limits = await with_limits(desk, requests[0])
    third = limits[0].amount.amount // 3

    async def attempt(request_id: UUID) -> bool:
        try:
            await reserve(desk, request_id, str(third))
        except Conflict as refusal:
            return refusal.code != "limit.no_headroom"
        return True

    served = await asyncio.gather(*(attempt(request_id) for request_id in requests))
    assert sum(served) == 3
    async with desk.tx() as tx:
        used = await tx.sql.fetch(
            "SELECT reserved, headroom FROM finance.limit_view WHERE id = ANY($1)", [row.id for row in limits]
        )
        assert {(row["reserved"], row["headroom"] >= 0) for row in used} == {(third * 3, True)}
        for request_id in requests:
            await finance.release_limits(tx, request_id, at=NOW, entry_id=random_id())
        free = await tx.sql.fetch(
            "SELECT reserved FROM finance.limit_view WHERE id = ANY($1)", [row.id for row in limits]
        )
    assert {row["reserved"] for row in free} == {0}


async def test_the_database_itself_refuses_an_overdrawn_limit(desk: Desk) -> None:
    request_id = await desk.request([await desk.trade("retail").bring_all()])
    [limit, *_] = await with_limits(desk, request_id)
    with pytest.raises(asyncpg.CheckViolationError):
        async with desk.tx() as tx:
            await tx.sql.execute("UPDATE finance.limit_ SET utilised = amount + 1 WHERE id = $1", limit.id)


async def test_a_new_limit_is_never_below_what_is_in_use(desk: Desk) -> None:
    trade = desk.trade("retail")
    await trade.bring_all()
    first = await numbered(desk, trade, "MV/2026/201")
    limits = await with_limits(desk, first)
    most = min(limit.amount.amount for limit in limits)
    await reserve(desk, first, str(most))
    second = await numbered(desk, trade, "MV/2026/202")
    async with desk.tx() as tx:
        await finance.propose_limits(tx, second, at=NOW, entry_id=random_id())
        await tx.sql.execute("UPDATE finance.limit_proposal SET amount = 1 WHERE request_id = $1", second)
        lowered = await finance.activate_limits(
            tx, second, approved_by="user:one", second_by=None, at=NOW, entry_id=random_id()
        )
        assert await finance.verify_books(tx) == []
    assert {limit.amount.amount for limit in lowered} == {most}


async def test_a_purchase_needs_the_reservation(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    request_id = await desk.request([invoice_id])
    await with_limits(desk, request_id)
    async with desk.tx() as tx:
        await finance.match_invoice(tx, invoice_id, at=NOW, entry_id=random_id())
        terms = {"advanceRate": "0.8", "discountRate": "0.06", "feeRate": "0.01"}
        await finance.quote(tx, request_id, finance.PricingTerms.from_json(terms), at=NOW)
    with pytest.raises(Conflict) as error:
        async with desk.tx() as tx:
            await finance.purchase(tx, request_id, at=NOW, entry_id=random_id())
    assert error.value.code == "limit.reservation_missing"
    await reserve(desk, request_id, "100.00")
    with pytest.raises(Conflict) as small:
        async with desk.tx() as tx:
            await finance.purchase(tx, request_id, at=NOW, entry_id=random_id())
    assert small.value.code == "limit.reservation_exceeded"


async def test_the_pairs_limits_are_the_portfolio_that_is_stressed(desk: Desk) -> None:
    trade = desk.trade("retail")
    await trade.bring_all()
    request_id = await numbered(desk, trade, "MV/2026/401")
    limits = await with_limits(desk, request_id)
    pair = next(limit for limit in limits if limit.scope == "PAIR")
    await reserve(desk, request_id, "20000.00")
    async with desk.tx() as tx:
        positions = await finance.portfolio(tx, "EUR", at=NOW)
    (ours,) = [one for one in positions if trade.mark in one.name]
    assert (ours.exposure, ours.recourse_pd is not None) == (Decimal("20000.00"), True)
    assert ours.limit is not None
    assert ours.limit.amount == pair.amount.amount
    report = stress(positions, currency="EUR")
    losses = [result.expected_loss for result in report.results]
    assert losses == sorted(losses)
    assert losses[-1] > losses[0] >= 0
