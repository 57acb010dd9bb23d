"""A request from its submission to its settlement: states, money, books, and each step twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
import pytest

import finance
from core import Conflict, InvalidInput, random_id
from core.money import Money
from finance import PricingTerms
from finance.receivables import AssetState

if TYPE_CHECKING:
    from conftest import Desk

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)
DUE = datetime(2026, 3, 23, 9, 0, tzinfo=UTC)


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


async def books(desk: Desk, request_id: UUID) -> dict[str, Decimal]:
    """Return debits less credits per account of one request."""
    async with desk.database.reading() as sql:
        rows = await sql.fetch("SELECT * FROM finance.journal_view WHERE request_id = $1", request_id)
    balances: dict[str, Decimal] = {}
    for row in rows:
        for posting in orjson.loads(row["postings"]):
            sign = 1 if posting["side"] == "Dr" else -1
            account = posting["account"]
            balances[account] = balances.get(account, Decimal(0)) + sign * Decimal(posting["amount"])
    return {account: balance for account, balance in balances.items() if balance}


async def pay(desk: Desk, asset: finance.Asset, amount: str, value_date: date) -> finance.BankEntry:
    """Let the buyer of a receivable pay an amount for its invoice."""
    async with desk.tx() as tx:
        buyer = await tx.sql.fetchval("SELECT name FROM finance.party_view WHERE id = $1", asset.buyer_id)
        return await finance.record_bank_entry(
            tx,
            reference=f"Invoice {asset.invoice_number}",
            amount=eur(amount),
            value_date=value_date,
            payer=buyer,
            direction=None,
            bank_ref=f"IN-{random_id()}",
            at=DUE,
            entry_id=random_id(),
        )


async def test_a_request_is_financed_paid_and_settled(desk: Desk) -> None:
    invoice_id = await desk.trade("manufacturing").bring_all()
    request_id, [asset] = await desk.funded([invoice_id])
    # 480,000 at 80 %, 6 % ACT/360 for the 59 days from 23 January to 23 March, 1.5 % of the face.
    assert (asset.face, asset.advance, asset.reserve) == (eur("480000.00"), eur("384000.00"), eur("96000.00"))
    assert (asset.discount, asset.fee) == (eur("3776.00"), eur("7200.00"))
    assert await books(desk, request_id) == {
        "1100": Decimal("-373024.00"),
        "1200": Decimal("480000.00"),
        "2100": Decimal("-96000.00"),
        "2200": Decimal("-3776.00"),
        "2210": Decimal("-7200.00"),
        "9100": Decimal("90000.00"),  # the pair's limit of 570,000 less what is drawn
        "9101": Decimal("-90000.00"),
    }

    received = await pay(desk, asset, "480000.00", DUE.date())
    assert received.matched is not None
    assert (received.matched.kind, received.matched.id) == ("asset", asset.id)
    async with desk.tx() as tx:
        collected = await finance.collect(tx, asset.id, received.id, at=DUE, entry_id=random_id())
        assert collected.state is AssetState.COLLECTED
        reserve = await finance.release_reserve(tx, asset.id, at=DUE, entry_id=random_id())
        assert reserve is not None
        assert reserve.amount == eur("96000.00")
        settled = await finance.settle(tx, asset.id, at=DUE, entry_id=random_id())
        assert settled.state is AssetState.SETTLED
        limits = await finance.release_limits(tx, request_id, at=DUE, entry_id=random_id())
        assert {limit.utilised for limit in limits} == {eur("0.00")}
        assert await finance.verify_books(tx) == []
    assert await books(desk, request_id) == {
        "1100": Decimal("106976.00"),
        "1190": Decimal("-96000.00"),  # the reserve is sent; the bank has not reported it yet
        "4100": Decimal("-3776.00"),
        "4110": Decimal("-7200.00"),
        "9100": Decimal("570000.00"),
        "9101": Decimal("-570000.00"),
    }
    async with desk.tx() as tx:
        out = await finance.record_bank_entry(
            tx,
            reference=f"our order {reserve.reference}",
            amount=reserve.amount,
            value_date=DUE.date(),
            payer=None,
            direction=None,
            bank_ref=f"OUT-{reserve.id}",
            at=DUE,
            entry_id=random_id(),
        )
    assert out.direction == "out"
    assert (await books(desk, request_id))["1100"] == Decimal("10976.00")  # what was earned
    async with desk.database.reading() as sql:
        states = await sql.fetchrow(
            "SELECT r.state AS request, i.state AS invoice FROM finance.request_view r"
            " JOIN finance.invoice_view i ON i.request_id = r.id WHERE i.id = $1",
            invoice_id,
        )
    assert dict(states or {}) == {"request": "SETTLED", "invoice": "PAID"}


async def test_every_step_twice_changes_nothing(desk: Desk) -> None:
    invoice_id = await desk.trade("logistics").bring_all()
    entry = random_id()
    request_id = random_id()

    async def twice() -> list[object]:
        outcomes: list[object] = []
        async with desk.tx() as tx:
            outcomes.append(
                await finance.submit_request(
                    tx,
                    request_id=request_id,
                    invoice_ids=[invoice_id],
                    requested_by="user:seller",
                    at=NOW,
                    entry_id=entry,
                )
            )
            outcomes.append(
                await finance.check_invoice(
                    tx, invoice_id, request_id=request_id, at=NOW, entry_id=random_id()
                )
            )
            outcomes.append(await finance.match_invoice(tx, invoice_id, at=NOW, entry_id=entry))
            outcomes.append(await finance.score_parties(tx, request_id, at=NOW, entry_id=entry))
            outcomes.append(await finance.propose_limits(tx, request_id, at=NOW, entry_id=entry))
            outcomes.append(
                await finance.activate_limits(
                    tx, request_id, approved_by="user:one", second_by=None, at=NOW, entry_id=entry
                )
            )
            outcomes.append(
                await finance.reserve_limits(tx, request_id, eur("82110.00"), at=NOW, entry_id=entry)
            )
        return outcomes

    first = await twice()
    again = await twice()
    # Activation tells the limits as they stand, and the second time they stand reserved.
    assert again[:5] == first[:5]
    assert again[6] == first[6]
    terms = PricingTerms.from_json({"advanceRate": "0.8", "discountRate": "0.06", "feeRate": "0.01"})
    async with desk.tx() as tx:
        await finance.quote(tx, request_id, terms, at=NOW)
    for _ in range(2):
        async with desk.tx() as tx:
            notice = await finance.send_notice_of_assignment(tx, request_id, at=NOW, entry_id=entry)
            filing = await finance.register_assignment(tx, request_id, at=NOW, entry_id=entry)
            [asset] = await finance.purchase(tx, request_id, at=NOW, entry_id=entry)
            order = await finance.instruct_payment(tx, request_id, at=NOW, entry_id=entry)
            for _again in range(2):
                paid = await finance.record_bank_entry(
                    tx,
                    reference=order.reference,
                    amount=order.amount,
                    value_date=NOW.date(),
                    payer=None,
                    direction="out",
                    bank_ref="OUT-TWICE",
                    at=NOW,
                    entry_id=entry,
                )
            await finance.confirm_payment(tx, order.id, at=NOW, entry_id=entry)
            received = await finance.record_bank_entry(
                tx,
                reference=str(asset.id),
                amount=asset.face,
                value_date=DUE.date(),
                payer="buyer",
                direction="in",
                bank_ref="IN-TWICE",
                at=DUE,
                entry_id=entry,
            )
            await finance.accrue(tx, asset.id, date(2026, 2, 20), at=DUE, entry_id=entry)
            await finance.collect(tx, asset.id, received.id, at=DUE, entry_id=entry)
            await finance.release_reserve(tx, asset.id, at=DUE, entry_id=entry)
            await finance.settle(tx, asset.id, at=DUE, entry_id=entry)
            await finance.release_limits(tx, request_id, at=DUE, entry_id=entry)
            assert await finance.verify_books(tx) == []
        assert paid.matched is not None
        assert (notice.state, filing.state) == ("SENT", "FILED")
    async with desk.database.reading() as sql:
        events = await sql.fetch(
            "SELECT event, count(*) FROM finance.journal_view WHERE request_id = $1 GROUP BY event",
            request_id,
        )
    # The discount is accrued on 20 February and, all that is left, with the payment on the due date.
    assert {row["event"]: row["count"] for row in events} == {
        "commitment-given": 1,
        "commitment-drawn": 1,
        "commitment-restored": 1,
        "purchase": 1,
        "payment-sent": 2,
        "payment-settled": 1,
        "money-received": 1,
        "accrual": 2,
        "collection": 1,
        "reserve-release": 1,
        "fee-earned": 1,
    }


async def test_the_purchase_happens_once_even_under_another_entry(desk: Desk) -> None:
    request_id, _ = await desk.funded([await desk.trade("retail").bring_all()])
    with pytest.raises(Conflict) as error:
        async with desk.tx() as tx:
            await finance.purchase(tx, request_id, at=NOW, entry_id=random_id())
    assert error.value.code == "receivable.already_purchased"


async def test_lateness_is_charged_to_the_reserve_day_by_day_without_drift(desk: Desk) -> None:
    _, [asset] = await desk.funded([await desk.trade("manufacturing").bring_all()])
    late = DUE + timedelta(days=10)
    async with desk.tx() as tx:
        day = NOW.date()
        while day <= late.date():
            await finance.accrue(tx, asset.id, day, at=late, entry_id=random_id())
            day += timedelta(days=1)
        assert await finance.verify_books(tx) == []
        reminder = await finance.remind(
            tx, asset.request_id, asset_id=asset.id, at=late, entry_id=random_id()
        )
    assert "480000.00 EUR is open" in reminder.text
    received = await pay(desk, asset, "480000.00", late.date())
    async with desk.tx() as tx:
        await finance.collect(tx, asset.id, received.id, at=late, entry_id=random_id())
        order = await finance.release_reserve(tx, asset.id, at=late, entry_id=random_id())
        assert order is not None
        assert order.amount == eur("95360.00")  # 96,000 less 10 days of 6 % on 384,000
        await finance.settle(tx, asset.id, at=late, entry_id=random_id())
        assert await finance.verify_books(tx) == []


async def test_a_part_payment_keeps_the_receivable_open_and_the_reserve_held(desk: Desk) -> None:
    _, [asset] = await desk.funded([await desk.trade("retail").bring_all()])
    part = await pay(desk, asset, "10000.00", DUE.date())
    async with desk.tx() as tx:
        collected = await finance.collect(tx, asset.id, part.id, at=DUE, entry_id=random_id())
        assert collected.state is AssetState.PART_COLLECTED
    with pytest.raises(Conflict) as held:
        async with desk.tx() as tx:
            await finance.release_reserve(tx, asset.id, at=DUE, entry_id=random_id())
    assert held.value.code == "receivable.not_collected"
    with pytest.raises(Conflict) as unsettled:
        async with desk.tx() as tx:
            await finance.settle(tx, asset.id, at=DUE, entry_id=random_id())
    assert unsettled.value.code == "receivable.wrong_state"
    rest = await pay(desk, asset, "20000.00", DUE.date())  # 220.60 too much
    async with desk.tx() as tx:
        collected = await finance.collect(tx, asset.id, rest.id, at=DUE, entry_id=random_id())
        assert collected.state is AssetState.COLLECTED
        assert await finance.verify_books(tx) == []
        surplus = await tx.sql.fetchval(
            "SELECT sum(CASE side WHEN 'Cr' THEN p.amount ELSE -p.amount END) FROM finance.posting p"
            " JOIN finance.journal j ON j.id = p.journal_id WHERE account = '2150' AND j.request_id = $1",
            asset.request_id,
        )
    assert surplus == Decimal("220.60")


async def test_recourse_sets_the_reserve_off_and_claims_the_rest(desk: Desk) -> None:
    request_id, [asset] = await desk.funded([await desk.trade("manufacturing").bring_all()])
    late = DUE + timedelta(days=60)
    for _ in range(2):
        async with desk.tx() as tx:
            demanded = await finance.demand_recourse(tx, asset.id, at=late, entry_id=random_id())
            assert demanded.state is AssetState.RECOURSE_DEMANDED
            assert await finance.verify_books(tx) == []
    balances = await books(desk, request_id)
    assert balances["1230"] == Decimal("384000.00")
    assert "1200" not in balances


async def test_a_declined_request_frees_its_invoices(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    request_id = await desk.request([invoice_id])
    with pytest.raises(Conflict) as taken:
        await desk.request([invoice_id])
    assert taken.value.code == "request.invoice_taken"
    async with desk.tx() as tx:
        await finance.check_invoice(tx, invoice_id, request_id=request_id, at=NOW, entry_id=random_id())
        await finance.match_invoice(tx, invoice_id, at=NOW, entry_id=random_id())
        for _ in range(2):
            await finance.close_request(tx, request_id, outcome="DECLINED", at=NOW, entry_id=random_id())
    again = await desk.request([invoice_id])
    async with desk.tx() as tx:
        check = await finance.check_invoice(tx, invoice_id, request_id=again, at=NOW, entry_id=random_id())
        matched = await finance.match_invoice(tx, invoice_id, at=NOW, entry_id=random_id())
    assert (check.authentic, check.fingerprint_state) == (True, "clear")
    assert matched.eligible == matched.invoiced


async def test_a_request_names_invoices_of_one_seller_buyer_and_currency(desk: Desk) -> None:
    one = await desk.trade("retail").bring_all()
    other = await desk.trade("logistics").bring_all()
    with pytest.raises(InvalidInput) as mixed:
        await desk.request([one, other])
    assert mixed.value.code == "request.mixed"
    for wrong in ([], [one, one]):
        with pytest.raises(InvalidInput) as invalid:
            await desk.request(wrong)
        assert invalid.value.code == "request.invoices_invalid"


async def test_an_altered_document_is_not_authentic(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    request_id = await desk.request([invoice_id])
    async with desk.tx() as tx:
        await tx.sql.execute(
            "UPDATE finance.document d SET content = content || ' '::bytea FROM finance.invoice i"
            " WHERE i.document_id = d.id AND i.id = $1",
            invoice_id,
        )
        check = await finance.check_invoice(
            tx, invoice_id, request_id=request_id, at=NOW, entry_id=random_id()
        )
    assert not check.authentic
    assert [finding.code for finding in check.findings] == ["document.altered"]


async def test_eligibility_facts_are_told_as_of_the_business_time(desk: Desk) -> None:
    invoice_id = await desk.trade("logistics").bring_all()
    async with desk.tx() as tx:
        await finance.match_invoice(tx, invoice_id, at=NOW, entry_id=random_id())
        facts = await finance.eligibility_facts(tx, invoice_id, at=NOW)
        await finance.respond_to_invoice(tx, invoice_id, code="UQ")
        disputed = await finance.eligibility_facts(tx, invoice_id, at=NOW)
    assert facts["daysToDue"] == 59
    assert facts["termsDays"] == 60
    assert facts["eligibleAmount"] == Decimal("82110.00")
    assert (facts["sellerSector"], facts["buyerSector"]) == ("logistics", "manufacturing")
    assert (facts["disputed"], disputed["disputed"]) == (False, True)
