"""What-if: the score and the limits of changed figures, by the approved card, and nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest

import finance
from core import InvalidInput, NotFound, random_id

if TYPE_CHECKING:
    from conftest import Desk

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Scored:
    """A request with scores of both sides, and the limits that are proposed on them."""

    seller_run: UUID
    buyer_run: UUID
    proposals: list[finance.LimitProposal]


async def scored(desk: Desk) -> Scored:
    request_id = await desk.request([await desk.trade("manufacturing").bring_all()])
    entry_id = random_id()
    async with desk.tx() as tx:
        scores = await finance.score_parties(tx, request_id, at=NOW, entry_id=entry_id)
        proposals = await finance.propose_limits(tx, request_id, at=NOW, entry_id=entry_id)
    return Scored(scores.seller.run_id, scores.buyer.run_id, proposals)


async def ask(desk: Desk, run_id: UUID, **changes: str | None) -> finance.WhatIf:
    async with desk.tx() as tx:
        return await finance.what_if(tx, run_id, changes)


async def rows(desk: Desk) -> list[int]:
    tables = ("scoring.run", "scoring.shadow_score", "finance.limit_proposal", "finance.limit_")
    async with desk.database.reading() as sql:
        return [await sql.fetchval(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608


async def test_without_a_change_it_is_what_was_scored_and_proposed(desk: Desk) -> None:
    world = await scored(desk)
    before = await rows(desk)
    seller = await ask(desk, world.seller_run)
    buyer = await ask(desk, world.buyer_run)
    assert await rows(desk) == before

    async with desk.database.reading() as sql:
        run = await sql.fetchrow("SELECT points, pd, grade FROM scoring.run WHERE id = $1", world.seller_run)
    assert run is not None
    assert (seller.score.points, seller.score.pd, seller.score.grade) == tuple(run.values())
    assert seller.base_points + sum(one.points for one in seller.score.reasons) == seller.score.points

    proposed = {one.scope: one for one in world.proposals}
    told = {one.scope: one for one in (*seller.limits, *buyer.limits)}
    assert told.keys() == {"SELLER", "BUYER", "PAIR"}
    for scope, limit in told.items():
        assert limit.proposal.amount == proposed[limit.scope].amount.amount, scope
        assert limit.proposal.binding_cap == proposed[limit.scope].binding_cap
        assert limit.proposal.review_on == proposed[limit.scope].review_on
        assert limit.needs_second_person == proposed[limit.scope].needs_second_person
        assert [one.input for one in limit.raises] == [one["input"] for one in proposed[limit.scope].raises]


async def test_a_worse_figure_costs_points_and_more_trade_raises_the_limit(desk: Desk) -> None:
    world = await scored(desk)
    now = await ask(desk, world.buyer_run)
    worse = await ask(desk, world.buyer_run, days_late_12m="90", equity_ratio="-0.5")
    assert worse.score.points < now.score.points
    assert worse.score.pd > now.score.pd
    assert worse.figures["days_late_12m"] == "90"
    points = {one.feature: one.points for one in now.score.reasons}
    changed = {one.feature for one in worse.score.reasons if one.points != points[one.feature]}
    assert changed <= {"days_late_12m", "equity_ratio"}

    more = await ask(desk, world.buyer_run, annual_volume="9000000", eligible_receivables="9000000")
    assert more.score == now.score
    for before, after in zip(now.limits, more.limits, strict=True):
        assert before.proposal.binding_cap == "collateral"
        assert after.proposal.amount > before.proposal.amount


async def test_what_would_raise_a_limit_does(desk: Desk) -> None:
    world = await scored(desk)
    (limit,) = [one for one in (await ask(desk, world.seller_run)).limits if one.scope == "SELLER"]
    assert limit.raises
    for one in limit.raises:
        if one.input in ("annual_volume", "terms_days", "net_worth", "eligible_receivables"):
            raised = await ask(desk, world.seller_run, **{one.input: str(one.needed)})
            (then,) = [told for told in raised.limits if told.scope == "SELLER"]
            assert (then.proposal.amount, then.proposal.binding_cap) == (one.amount, one.binding_cap)


async def test_the_pair_rests_on_the_buyers_net_worth(desk: Desk) -> None:
    world = await scored(desk)
    poor_buyer = await ask(desk, world.buyer_run, net_worth="1000")
    assert {one.scope: one.proposal.amount for one in poor_buyer.limits} == {
        "BUYER": Decimal(200),
        "PAIR": Decimal(200),
    }
    poor_seller = {one.scope: one for one in (await ask(desk, world.seller_run, net_worth="1000")).limits}
    assert poor_seller["SELLER"].proposal.amount == Decimal(200)
    assert poor_seller["PAIR"].proposal.amount > Decimal(200)
    unknown = await ask(desk, world.seller_run, net_worth=None)
    assert all("capacity" in one.proposal.left_out for one in unknown.limits if one.scope == "SELLER")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ebitda", "1", "scoring.feature_unknown"),
        ("equity_ratio", "a third", "scoring.value_type"),
        ("equity_ratio", "NaN", "scoring.value_type"),
        ("net_worth", "1_000", "scoring.value_type"),
        ("annual_volume", "-1", "limit.input_invalid"),
        ("annual_volume", None, "limit.input_invalid"),
        ("terms_days", "30.5", "limit.input_invalid"),
        ("terms_days", "1e999", "limit.input_invalid"),
        ("net_worth", "1e999", "limit.input_invalid"),
    ],
)
async def test_what_is_no_figure_is_refused_by_its_name(
    desk: Desk, name: str, value: str | None, code: str
) -> None:
    world = await scored(desk)
    with pytest.raises(InvalidInput) as refused:
        await ask(desk, world.seller_run, **{name: value})
    assert (refused.value.code, refused.value.where) == (code, name)


async def test_a_score_that_is_unknown_or_erased_answers_no_question(desk: Desk) -> None:
    world = await scored(desk)
    async with desk.tx() as tx:
        await tx.sql.execute(
            "UPDATE scoring.run SET inputs = '{}', inputs_hash = '' WHERE id = $1", world.seller_run
        )
    codes = []
    for run_id in (random_id(), world.seller_run):
        with pytest.raises(NotFound) as missing:
            await ask(desk, run_id)
        codes.append(missing.value.code)
    assert codes == ["scoring.run_unknown", "scoring.run_erased"]


async def test_after_a_question_the_transaction_writes_nothing(desk: Desk) -> None:
    world = await scored(desk)
    async with desk.tx() as tx:
        await finance.what_if(tx, world.seller_run, {})
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await tx.sql.execute("DELETE FROM scoring.run")
