"""What a proposal is made from: only what was known at the moment, each figure with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import finance
from core import Forbidden, InvalidInput, NotFound, random_id
from core.money import Money
from finance.known import LEAST_HISTORY, Known, known_of, open_receivables, party_snapshot
from finance.limit_inputs import LGD
from scoring.lgd import Downturn, LgdModel, NumberEffect, encode, predict

if TYPE_CHECKING:
    from conftest import Desk, Trade

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)
DUE = date(2026, 3, 23)
NUMBERS = ("4500081932", "DDT-2026-118", "GR-556120", "MV/2026/00318")  # of the retail documents
CHAIN = ("order.xml", "despatch-advice.xml", "receipt-advice.xml", "invoice.xml")
AMOUNT = Decimal("29779.40")


def on(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


def numbered(trade: Trade, name: str, series: str) -> bytes:
    """Return a document of the retail trade under numbers of its own."""
    content = trade.read(name)
    for number in NUMBERS:
        content = content.replace(number.encode(), f"{number}{series}".encode())
    return content


async def invoiced(desk: Desk, trade: Trade, series: str) -> UUID:
    """Bring a chain of documents between the companies of a trade; return the invoice."""
    for name in CHAIN:
        outcome = await desk.bring(numbered(trade, name, series))
        assert outcome.state == "accepted", outcome.findings
    return UUID(outcome.summary["objectId"])


async def credited(desk: Desk, trade: Trade, series: str, issued_on: str) -> None:
    """Bring a credit note over all of an invoice."""
    text = numbered(trade, "invoice.xml", series).decode()
    number = f"MV/2026/00318{series}"
    for old, new in (
        ("<Invoice ", "<CreditNote "),
        ("</Invoice>", "</CreditNote>"),
        ("Invoice-2", "CreditNote-2"),
        (f"<cbc:ID>{number}<", f"<cbc:ID>CN-{number}<"),
        ("2026-01-22</cbc:IssueDate>", f"{issued_on}</cbc:IssueDate>"),
        ("  <cbc:DueDate>2026-03-23</cbc:DueDate>\n", ""),
        ("<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>", ""),
        ("InvoicedQuantity", "CreditedQuantity"),
        ("InvoiceLine>", "CreditNoteLine>"),
        (
            "  <cac:DespatchDocumentReference>",
            "  <cac:BillingReference><cac:InvoiceDocumentReference>"
            f"<cbc:ID>{number}</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>\n"
            "  <cac:DespatchDocumentReference>",
        ),
    ):
        assert old in text, old
        text = text.replace(old, new)
    outcome = await desk.bring(text.encode())
    assert (outcome.kind, outcome.state) == ("credit-note", "accepted"), outcome.findings


async def paid(desk: Desk, asset: finance.Asset, day: date) -> None:
    async with desk.tx() as tx:
        buyer = await tx.sql.fetchval("SELECT name FROM finance.party_view WHERE id = $1", asset.buyer_id)
        entry = await finance.record_bank_entry(
            tx,
            reference=f"Invoice {asset.invoice_number}",
            amount=asset.face,
            value_date=day,
            payer=buyer,
            direction="in",
            bank_ref=f"IN-{asset.id}",
            at=on(day),
            entry_id=random_id(),
        )
        await finance.collect(tx, asset.id, entry.id, at=on(day), entry_id=random_id())


async def pair_of(desk: Desk, invoice_id: UUID) -> tuple[UUID, UUID]:
    async with desk.database.reading() as sql:
        row = await sql.fetchrow(
            "SELECT seller_id, buyer_id FROM finance.invoice_view WHERE id = $1", invoice_id
        )
    assert row is not None
    return row["seller_id"], row["buyer_id"]


async def known(desk: Desk, pair: tuple[UUID, UUID], at: datetime) -> Known:
    async with desk.tx() as tx:
        return await known_of(tx, *pair, "EUR", at)


async def proposed(desk: Desk, request_id: UUID, at: datetime = NOW) -> Mapping[str, finance.LimitProposal]:
    async with desk.tx() as tx:
        found = await finance.propose_limits(tx, request_id, at=at, entry_id=random_id())
    return {one.scope: one for one in found}


async def bring_financials(desk: Desk, trade: Trade, name: str, *changes: tuple[str, str]) -> None:
    text = trade.read(name).decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    outcome = await desk.bring(text.encode())
    assert outcome.state == "accepted", outcome.findings


UNTOLD = (
    ('"days_late_12m": "2.0"', '"days_late_12m": null'),
    ('"dilution_rate": "0.015"', '"dilution_rate": null'),
)


async def test_behaviour_tells_what_the_statement_does_not_and_later_events_change_nothing(
    desk: Desk,
) -> None:
    trade = desk.trade("retail")
    await bring_financials(desk, trade, "financials-buyer.json", *UNTOLD)
    await bring_financials(desk, trade, "financials-seller.json", ('"dilution_rate": "0.012",', ""))
    series = [f"-{number}" for number in range(LEAST_HISTORY)]
    bought = [(await desk.funded([await invoiced(desk, trade, one)]))[1][0] for one in series]
    pair = seller_id, buyer_id = bought[0].seller_id, bought[0].buyer_id

    before = await known(desk, pair, on(DUE - timedelta(1)))
    assert before.snapshots[buyer_id].values()["days_late_12m"] is None  # nothing fell due yet

    moment = on(DUE + timedelta(6))
    await paid(desk, bought[0], DUE + timedelta(1))
    open_past_due = await known(desk, pair, moment)
    # One day late, and four that are open for six days.
    assert open_past_due.snapshots[buyer_id].values()["days_late_12m"] == Decimal(5)
    assert open_past_due.snapshots[buyer_id].lineage()["days_late_12m"] == ("trade events", moment.date())
    assert open_past_due.snapshots[seller_id].values()["dilution_rate"] == 0
    # What a statement tells stands, with the statement as its source.
    source, day = open_past_due.snapshots[seller_id].lineage()["days_late_12m"]
    assert source.startswith("statement of 2025-12-31, document ")
    assert day == date(2026, 1, 15)

    for asset in bought[1:]:
        await paid(desk, asset, DUE + timedelta(11))
    await credited(desk, trade, series[0], "2026-04-04")
    again = await known(desk, pair, moment)
    assert (again.snapshots, again.invoices) == (open_past_due.snapshots, open_past_due.invoices)

    later = await known(desk, pair, on(DUE + timedelta(20)))
    assert later.snapshots[buyer_id].values()["days_late_12m"] == Decimal(9)  # (1 + 4 · 11) / 5
    # One of five is credited: a haircut of 5 % and twice what is above 5 %.
    assert later.snapshots[seller_id].values()["dilution_rate"] == Decimal("0.2")
    request_id = await desk.request([await invoiced(desk, trade, "-new")])
    limits = await proposed(desk, request_id, on(DUE - timedelta(1)))
    assert Decimal(limits["PAIR"].caps["collateral"]) > 6 * AMOUNT
    async with desk.tx() as tx:
        await tx.sql.execute(
            "UPDATE finance.invoice SET due_date = due_date + 60 WHERE request_id = $1", request_id
        )
    limits = await proposed(desk, request_id, on(DUE + timedelta(20)))
    assert Decimal(limits["PAIR"].caps["collateral"]) == (
        AMOUNT * Decimal("0.65") / Decimal("0.80")
    ).quantize(Decimal("0.01"), "ROUND_DOWN")
    assert limits["PAIR"].binding_cap == "collateral"


async def test_too_short_a_history_tells_nothing(desk: Desk) -> None:
    trade = desk.trade("retail")
    _, [asset] = await desk.funded([await invoiced(desk, trade, "-s")])
    await paid(desk, asset, DUE)
    after = await known(desk, (asset.seller_id, asset.buyer_id), on(DUE + timedelta(1)))
    assert after.snapshots[asset.buyer_id].values() == after.snapshots[asset.seller_id].values() == {}


@pytest.mark.parametrize(
    ("published", "first_known"),
    [('"publishedOn": "2026-02-16",', date(2026, 2, 16)), ("", NOW.date())],
)
async def test_a_statement_is_known_from_its_publication_or_else_from_when_it_came_in(
    desk: Desk, published: str, first_known: date
) -> None:
    trade = desk.trade("retail")
    pair = seller_id, _ = await pair_of(desk, await invoiced(desk, trade, "-p"))
    await bring_financials(desk, trade, "financials-seller.json", ('"publishedOn": "2026-01-15",', published))
    day_before = await known(desk, pair, on(first_known - timedelta(1)))
    assert day_before.snapshots[seller_id].values() == {}
    told = (await known(desk, pair, on(first_known))).snapshots[seller_id]
    assert told.values()["equity_ratio"] == Decimal("0.31")
    assert {day for _, day in told.lineage().values()} == {first_known}


async def test_a_figure_that_was_observed_later_is_refused(desk: Desk) -> None:
    trade = desk.trade("retail")
    pair = seller_id, _ = await pair_of(desk, await trade.bring_all())
    told = await known(desk, pair, NOW)
    backdated = replace(told, at=on(date(2026, 1, 14)))  # the day before the publication
    with pytest.raises(InvalidInput) as refusal:
        party_snapshot(backdated, seller_id)
    assert refusal.value.code == "scoring.observed_after"


async def test_a_net_worth_in_another_currency_is_no_capacity(desk: Desk) -> None:
    trade = desk.trade("retail")
    await bring_financials(desk, trade, "financials-seller.json", ('"currency": "EUR"', '"currency": "CHF"'))
    limits = await proposed(desk, await desk.request([await invoiced(desk, trade, "-c")]))
    assert limits["SELLER"].left_out == ("capacity",)


async def test_a_disputed_invoice_secures_nothing(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    request_id = await desk.request([invoice_id])
    assert (await proposed(desk, request_id))["PAIR"].amount.amount > AMOUNT
    async with desk.tx() as tx:
        await finance.respond_to_invoice(tx, invoice_id, code="UQ")
    disputed = (await proposed(desk, request_id))["PAIR"]
    assert (disputed.binding_cap, disputed.amount.amount) == ("collateral", 0)


async def test_a_receivable_secures_what_is_owed_until_the_seller_is_to_buy_it_back(desk: Desk) -> None:
    trade = desk.trade("retail")
    _, [asset] = await desk.funded([await trade.bring_all()])
    pair = (asset.seller_id, asset.buyer_id)

    async def secured(at: datetime) -> list[Decimal]:
        found = await known(desk, pair, at)
        return [one.amount for one in open_receivables(found, found.invoices)]

    assert await secured(NOW) == [AMOUNT]
    async with desk.tx() as tx:
        buyer = await tx.sql.fetchval("SELECT name FROM finance.party_view WHERE id = $1", asset.buyer_id)
        entry = await finance.record_bank_entry(
            tx,
            reference=f"Invoice {asset.invoice_number}",
            amount=Money.of("9779.40", "EUR"),
            value_date=DUE,
            payer=buyer,
            direction="in",
            bank_ref=f"PART-{asset.id}",
            at=on(DUE),
            entry_id=random_id(),
        )
        await finance.collect(tx, asset.id, entry.id, at=on(DUE), entry_id=random_id())
        await finance.demand_recourse(tx, asset.id, at=on(DUE + timedelta(60)), entry_id=random_id())
    assert await secured(on(DUE - timedelta(1))) == [AMOUNT]
    assert await secured(on(DUE + timedelta(59))) == [Decimal(20_000)]
    assert await secured(on(DUE + timedelta(60))) == []


async def test_what_other_sellers_draw_on_a_buyer_takes_of_the_pairs_concentration(desk: Desk) -> None:
    trade, other = desk.trade("retail"), desk.trade("retail")
    await desk.funded([await trade.bring_all()])

    def by_another_seller(name: str) -> bytes:
        content = numbered(trade, name, "-o")
        return content.replace(f"IT{trade.mark}".encode(), f"IT{other.mark}".encode()).replace(
            f"Alimentari {trade.mark}".encode(), f"Alimentari {other.mark}".encode()
        )

    outcome = await desk.bring(by_another_seller("invoice.xml"))
    limits = await proposed(desk, await desk.request([UUID(outcome.summary["objectId"])]))
    first = Decimal(1_500_000)  # 15 % of a portfolio that counts as 10 m
    assert {scope: Decimal(one.caps["concentration"]) for scope, one in limits.items()} == {
        "SELLER": first,
        "BUYER": first,
        "PAIR": first - AMOUNT,
    }


async def test_a_hard_stop_gives_no_limit_and_tells_which_side_and_why(desk: Desk) -> None:
    trade = desk.trade("retail")
    invoice_id = await trade.bring_all()
    request_id = await desk.request([invoice_id])
    _, buyer_id = await pair_of(desk, invoice_id)

    async def check(kind: str, passed: bool, at: datetime, until: date | None = None) -> None:
        async with desk.tx() as tx:
            entry_id = random_id()
            for _ in range(2):
                await finance.record_check(
                    tx,
                    buyer_id,
                    kind=kind,
                    passed=passed,
                    valid_until=until,
                    checked_by="user:kim",
                    at=at,
                    entry_id=entry_id,
                )

    await check("SANCTIONS", False, NOW + timedelta(days=1))
    assert (await proposed(desk, request_id))["BUYER"].stops == ()  # the hit came later
    hit = await proposed(desk, request_id, NOW + timedelta(days=1))
    assert hit["SELLER"].amount.amount > 0
    for scope in ("BUYER", "PAIR"):
        assert (hit[scope].amount.amount, hit[scope].binding_cap) == (0, "policy")
        assert hit[scope].stops == ("buyer: sanctions",)
        assert [one["input"] for one in hit[scope].raises] == ["hard_stops"]

    await check("SANCTIONS", True, NOW + timedelta(days=2))
    await check("IDENTIFICATION", True, NOW + timedelta(days=2), until=date(2026, 2, 1))
    assert (await proposed(desk, request_id, NOW + timedelta(days=2)))["PAIR"].stops == ()
    ended = await proposed(desk, request_id, on(date(2026, 2, 2)))
    assert ended["PAIR"].stops == ("buyer: identification",)
    async with desk.database.reading() as sql:
        stops = await sql.fetchval(
            "SELECT stops FROM finance.limit_view WHERE request_id = $1 AND scope = 'PAIR'", request_id
        )
    assert stops == '["buyer: identification"]'


@pytest.mark.parametrize("country", ["US", None])
async def test_a_country_that_the_programme_does_not_take_or_know_stops(
    desk: Desk, country: str | None
) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    request_id = await desk.request([invoice_id])
    seller_id, _ = await pair_of(desk, invoice_id)
    async with desk.tx() as tx:
        await tx.sql.execute("UPDATE finance.legal_entity SET country = $2 WHERE id = $1", seller_id, country)
    limits = await proposed(desk, request_id)
    assert limits["PAIR"].stops == limits["SELLER"].stops == ("seller: jurisdiction",)
    assert limits["BUYER"].stops == ()


@pytest.mark.parametrize(("kind", "by"), [("CREDIT", "user:kim"), ("SANCTIONS", " ")])
async def test_a_check_has_a_kind_and_somebody_who_made_it(desk: Desk, kind: str, by: str) -> None:
    seller_id, _ = await pair_of(desk, await desk.trade("retail").bring_all())
    with pytest.raises(InvalidInput) as refusal:
        async with desk.tx() as tx:
            await finance.record_check(
                tx, seller_id, kind=kind, passed=True, checked_by=by, at=NOW, entry_id=random_id()
            )
    assert refusal.value.code == "party.check_invalid"
    with pytest.raises(NotFound):
        async with desk.tx() as tx:
            await finance.record_check(
                tx, random_id(), kind="SANCTIONS", passed=True, checked_by="kim", at=NOW, entry_id=random_id()
            )


async def test_a_longer_history_takes_no_more_statements(desk: Desk) -> None:
    trade = desk.trade("retail")
    _, [asset] = await desk.funded([await trade.bring_all()])

    async def statements() -> int:
        said: list[str] = []
        async with desk.tx() as tx:
            with tx.sql.query_logger(lambda record: said.append(record.query)):
                await known_of(tx, asset.seller_id, asset.buyer_id, "EUR", NOW)
        return len(said)

    assert await statements() == 4
    await desk.funded([await invoiced(desk, trade, "-q")])
    assert await statements() == 4


LOSS_MODEL = LgdModel(
    name="made up",
    source="a test",
    rows=100,
    data_sha256="0" * 64,
    intercept=Decimal(0),
    numbers=(
        # A larger haircut loses more; the range that training knew is 0 to 1.
        NumberEffect("receivables_haircut", False, Decimal(0), Decimal(1), Decimal(4), Decimal(1)),
    ),
    categories=(),
    downturn=Downturn("2007-12-01", "2009-06-30", "a test", 10, Decimal("0.05"), Decimal("0.1")),
    figures={},
)


async def test_a_loss_model_that_two_people_adopted_takes_the_place_of_the_basel_figure(desk: Desk) -> None:
    trade = desk.trade("retail")
    invoice_id = await trade.bring_all()
    request_id = await desk.request([invoice_id])
    basel = Decimal((await proposed(desk, request_id))["BUYER"].caps["expected_loss"])
    product, entry = "factoring_with_recourse", encode(LOSS_MODEL)
    later = NOW + timedelta(days=1)
    async with desk.tx() as tx:
        for _ in range(2):
            model_id = await finance.register_loss_model(
                tx, entry, product=product, registered_by="user:ada", at=NOW
            )
    with pytest.raises(Forbidden) as alone:
        async with desk.tx() as tx:
            await finance.approve_loss_model(tx, model_id, product=product, approved_by="user:ada", at=NOW)
    assert alone.value.code == "limit.four_eyes"
    async with desk.tx() as tx:
        await finance.approve_loss_model(tx, model_id, product=product, approved_by="user:bob", at=later)
    # Approved later, it does not count yet.
    assert Decimal((await proposed(desk, request_id))["BUYER"].caps["expected_loss"]) == basel
    own = Decimal((await proposed(desk, request_id, later))["BUYER"].caps["expected_loss"])
    lgd = predict(LOSS_MODEL, {"receivables_haircut": Decimal("0.05")}).downturn
    assert lgd > Decimal("0.6")
    assert abs(own - basel * LGD / lgd) <= Decimal("0.01")


async def test_a_loss_model_is_for_a_product_by_a_person_and_known_when_it_is_approved(desk: Desk) -> None:
    content = encode(replace(LOSS_MODEL, name="another"))
    for product, person in (("mortgages", "user:ada"), ("payables_finance", " ")):
        with pytest.raises(InvalidInput) as wrong:
            async with desk.tx() as tx:
                await finance.register_loss_model(tx, content, product=product, registered_by=person, at=NOW)
        assert wrong.value.code == "limit.loss_model_invalid"
    with pytest.raises(NotFound) as unknown:
        async with desk.tx() as tx:
            await finance.approve_loss_model(
                tx, "0" * 64, product="payables_finance", approved_by="user:bob", at=NOW
            )
    assert unknown.value.code == "limit.loss_model_unknown"
