"""What the books tell of scores and limits: outcomes, overrides, limit use, rolls of lateness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import finance
import scoring
from core import random_id
from finance.purchases import Asset

if TYPE_CHECKING:
    from conftest import Desk

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)


async def figures(desk: Desk, at: datetime) -> finance.PortfolioFigures:
    async with desk.tx() as tx:
        return await finance.portfolio_figures(tx, since=NOW, at=at)


async def paid(desk: Desk, asset: Asset, at: datetime) -> None:
    async with desk.tx() as tx:
        buyer = await tx.sql.fetchval("SELECT name FROM finance.party_view WHERE id = $1", asset.buyer_id)
        entry = await finance.record_bank_entry(
            tx,
            reference=f"Invoice {asset.invoice_number}",
            amount=asset.face,
            value_date=at.date(),
            payer=buyer,
            direction="in",
            bank_ref=f"IN-{asset.id}",
            at=at,
            entry_id=random_id(),
        )
        await finance.collect(tx, asset.id, entry.id, at=at, entry_id=random_id())


async def declined(desk: Desk, invoice_id: UUID) -> None:
    request_id = await desk.request([invoice_id])
    async with desk.tx() as tx:
        await finance.propose_limits(tx, request_id, at=NOW, entry_id=random_id())
        await finance.close_request(tx, request_id, outcome="DECLINED", at=NOW, entry_id=random_id())


async def test_the_books_tell_how_scores_and_limits_are_used(desk: Desk) -> None:
    nothing = await figures(desk, NOW)
    assert (nothing.declined_against.value, nothing.limit_use, nothing.rolls.rolls) == (None, {}, {})

    _, [first] = await desk.funded([await desk.trade("retail").bring_all()])
    _, [second] = await desk.funded([await desk.trade("retail").bring_all()])
    await declined(desk, await desk.trade("retail").bring_all())
    # Without figures a company gets little: that its request is declined is what the limits say too.
    await declined(desk, await desk.trade("manufacturing").bring_invoice())

    due = datetime.combine(first.due_date, NOW.time(), UTC)
    told = await figures(desk, due + timedelta(days=40))
    assert (told.declined_against.hits, told.declined_against.cases) == (1, 3)
    assert (told.financed_against.hits, told.financed_against.cases) == (0, 1)
    use = told.limit_use["EUR"]
    assert use.used == first.eligible.amount + second.eligible.amount
    assert use.granted >= use.used
    # Both were ten days over due thirty days ago, and are forty days over now.
    assert told.rolls.worsened("1-30").value == 1

    await paid(desk, second, due + timedelta(days=35))
    told = await figures(desk, due + timedelta(days=40))
    assert {end: one.hits for end, one in told.rolls.rolls["1-30"].items()} == {"31-60": 1, "paid": 1}


async def test_a_buyer_whose_receivable_is_bought_back_has_defaulted(desk: Desk) -> None:
    _, [asset] = await desk.funded([await desk.trade("logistics").bring_all()])
    late = datetime.combine(asset.due_date, NOW.time(), UTC) + timedelta(days=60)
    async with desk.tx() as tx:
        card = await scoring.approved_card(tx.sql)
        before = await finance.scored_outcomes(tx, card.id)
        await finance.demand_recourse(tx, asset.id, at=late, entry_id=random_id())
        after = await finance.scored_outcomes(tx, card.id)
    assert all(one.defaulted_on is None for one in before)
    (ours,) = [one for one in after if one.defaulted_on is not None]
    assert (ours.scored_on, ours.defaulted_on) == (NOW.date(), late.date())
    assert len(after) == len(before)
