"""Early warnings: what the books tell of a buyer, and what a measure does to its limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import finance
from core import Conflict, random_id
from core.money import Money
from finance.purchases import Asset
from scoring.monitoring import Measure, Signals, early_warnings

if TYPE_CHECKING:
    from conftest import Desk, Trade

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)
NUMBERS = ("4500081932", "DDT-2026-118", "GR-556120", "MV/2026/00318")  # of the retail documents
DOCUMENTS = ("order.xml", "despatch-advice.xml", "receipt-advice.xml", "invoice.xml")


async def another_invoice(desk: Desk, trade: Trade, series: str) -> UUID:
    """Bring another order of the same two companies with all that belongs to it; return the invoice."""
    for name in DOCUMENTS:
        content = trade.read(name)
        for number in NUMBERS:
            content = content.replace(number.encode(), f"{number}{series}".encode())
        outcome = await desk.bring(content)
        assert outcome.state == "accepted", outcome.findings
    return UUID(outcome.summary["objectId"])


async def collected(desk: Desk, request_id: UUID, asset: Asset, at: datetime) -> None:
    """Let the buyer pay an invoice whole on a day, and free its limits."""
    async with desk.tx() as tx:
        entry = await finance.record_bank_entry(
            tx,
            reference=f"Invoice {asset.invoice_number}",
            amount=asset.face,
            value_date=at.date(),
            payer="the buyer",
            direction="in",
            bank_ref=f"IN-{asset.id}",
            at=at,
            entry_id=random_id(),
        )
        await finance.collect(tx, asset.id, entry.id, at=at, entry_id=random_id())
        await finance.release_limits(tx, request_id, at=at, entry_id=random_id())


async def seen(desk: Desk, buyer_id: UUID, at: datetime) -> Signals:
    async with desk.tx() as tx:
        (signals,) = await finance.buyer_signals(tx, "EUR", at=at, buyer_id=buyer_id)
    return signals


async def apply(desk: Desk, *measures: Measure) -> None:
    async with desk.tx() as tx:
        await finance.apply_measures(tx, measures, at=NOW)


async def limits_again(
    desk: Desk, request_id: UUID, *, second_by: str | None = None
) -> list[finance.ActiveLimit]:
    async with desk.tx() as tx:
        await finance.propose_limits(tx, request_id, at=NOW, entry_id=random_id())
        return await finance.activate_limits(
            tx, request_id, approved_by="user:one", second_by=second_by, at=NOW, entry_id=random_id()
        )


async def reserve(desk: Desk, request_id: UUID) -> None:
    async with desk.tx() as tx:
        await finance.reserve_limits(tx, request_id, Money.of("100", "EUR"), at=NOW, entry_id=random_id())


def measure(kind: str, buyer_id: UUID, amount: str | None = None) -> Measure:
    rule = "drift" if kind == "hold" else "concentration"
    worth = None if amount is None else Decimal(amount)
    return Measure(rule, kind, buyer_id, "EUR", Decimal(1), Decimal(0), worth, "…")  # type: ignore[arg-type]


async def test_a_buyer_who_pays_later_than_it_did_is_put_on_hold(desk: Desk) -> None:
    trade = desk.trade("retail")
    await trade.bring_all()
    funded = [await desk.funded([await another_invoice(desk, trade, mark)]) for mark in "ABCD"]
    due = datetime.combine(funded[0][1][0].due_date, NOW.time(), UTC)
    # Two invoices are paid on their due date, two four weeks later.
    for number, (request_id, [asset]) in enumerate(funded):
        await collected(desk, request_id, asset, due + timedelta(days=28 * (number > 1)))
    async with desk.database.reading() as sql:
        buyer_id = await sql.fetchval(
            "SELECT buyer_id FROM finance.asset_view WHERE id = $1", funded[0][1][0].id
        )

    at_once = await seen(desk, buyer_id, due + timedelta(days=30))
    assert at_once.recent is not None
    assert (at_once.recent.count, at_once.before) == (4, None)
    later = await seen(desk, buyer_id, due + timedelta(days=100))
    assert later.recent is not None
    assert later.before is not None
    assert (later.recent.count, later.recent.mean) == (2, 28)
    assert (later.before.count, later.before.mean) == (2, 0)
    assert (later.exposure, later.dilution) == (0, 0)
    (asked,) = early_warnings(later)
    assert (asked.rule, asked.kind, asked.value) == ("drift", "hold", 28)

    await apply(desk, asked)
    request_id = await desk.request([await another_invoice(desk, trade, "E")])
    with pytest.raises(Conflict) as held:
        await reserve(desk, request_id)
    assert (held.value.code, held.value.where) == ("limit.on_hold", "BUYER")
    # One officer cannot lift it by approving limits again; a false alarm does, and so do two officers.
    await limits_again(desk, request_id)
    with pytest.raises(Conflict):
        await reserve(desk, request_id)
    async with desk.tx() as tx:
        await finance.lift_hold(tx, buyer_id, "EUR")
    await reserve(desk, request_id)


async def test_two_officers_lift_a_hold_by_approving_anew(desk: Desk) -> None:
    trade = desk.trade("retail")
    request_id = await desk.request([await trade.bring_all()])
    limits = await limits_again(desk, request_id)
    async with desk.database.reading() as sql:
        buyer_id = await sql.fetchval(
            "SELECT buyer_id FROM finance.limit_view WHERE id = ANY($1) AND scope = 'BUYER'",
            [limit.id for limit in limits],
        )
    await apply(desk, measure("hold", buyer_id))
    await apply(desk, measure("hold", buyer_id))
    with pytest.raises(Conflict):
        await reserve(desk, request_id)
    await limits_again(desk, request_id, second_by="user:two")
    await reserve(desk, request_id)


async def test_a_cut_lowers_the_buyer_s_limit_never_below_what_is_in_use_and_never_raises_it(
    desk: Desk,
) -> None:
    trade = desk.trade("retail")
    request_id = await desk.request([await trade.bring_all()])
    limits = {limit.scope: limit for limit in await limits_again(desk, request_id)}
    await reserve(desk, request_id)
    async with desk.database.reading() as sql:
        buyer_id = await sql.fetchval(
            "SELECT buyer_id FROM finance.limit_view WHERE id = $1", limits["BUYER"].id
        )

    async def amounts() -> dict[str, Decimal]:
        async with desk.database.reading() as sql:
            rows = await sql.fetch(
                "SELECT scope, amount FROM finance.limit_view WHERE id = ANY($1)",
                [limit.id for limit in limits.values()],
            )
        return {row["scope"]: row["amount"] for row in rows}

    before = await amounts()
    for cut, expected in (("1000000", before["BUYER"]), ("5000", 5_000), ("50", 100), ("9000", 100)):
        await apply(desk, measure("limit_cut", buyer_id, cut))
        assert await amounts() == {**before, "BUYER": expected}
    await apply(desk, measure("human_task", buyer_id), replace(measure("hold", random_id())))
    async with desk.tx() as tx:
        assert await finance.verify_books(tx) == []
