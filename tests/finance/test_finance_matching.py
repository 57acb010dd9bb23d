"""The three-way match: allocation, exceptions, and never more than was received."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import finance
from core import Conflict, InvalidInput, random_id
from core.money import Money
from finance.matching import (
    Delivery,
    InvoicedLine,
    InvoiceToMatch,
    MatchResult,
    OrderedLine,
    Tolerances,
    delivered,
    match,
)
from support.shared import shared_path

if TYPE_CHECKING:
    from conftest import Desk

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)


def ordered(
    line: str = "1", quantity: str = "100", price: str | None = "2.00", **changes: object
) -> OrderedLine:
    values: dict[str, object] = {
        "id": uuid4(),
        "order_number": "PO1",
        "line_id": line,
        "items": frozenset({"seller:wax"}),
        "unit": "KGM",
        "currency": "EUR",
        "quantity": Decimal(quantity),
        "unit_price": None if price is None else Decimal(price),
        "amount": None,
        "received": Decimal(quantity),
        **changes,
    }
    return OrderedLine(**values)  # type: ignore[arg-type]


def invoiced(
    line: str | None = "1", quantity: str = "100", price: str = "2.00", **changes: object
) -> InvoicedLine:
    amount = (Decimal(quantity) * Decimal(price)).quantize(Decimal("0.01"))
    values: dict[str, object] = {
        "id": uuid4(),
        "line_id": "A",
        "items": frozenset({"seller:wax"}),
        "unit": "KGM",
        "quantity": Decimal(quantity),
        "unit_price": Decimal(price),
        "amount": amount,
        "adjustment": Decimal(0),
        "order_number": "PO1",
        "order_line": line,
        **changes,
    }
    return InvoicedLine(**values)  # type: ignore[arg-type]


def run(
    lines: list[InvoicedLine], order: list[OrderedLine], *, tax: str = "0", **changes: Decimal
) -> MatchResult:
    net = sum((line.amount for line in lines), Decimal(0))
    gross = (net * (1 + Decimal(tax))).quantize(Decimal("0.01"))
    values = {"charges": Decimal(0), "exclusive": net, "inclusive": gross, "payable": gross, **changes}
    ordered_charges = values.pop("ordered_charges", Decimal(0))
    return match(InvoiceToMatch("EUR", lines=tuple(lines), **values), order, ordered_charges=ordered_charges)


def codes(result: MatchResult) -> list[str]:
    return [exception.code for exception in result.exceptions]


def test_what_was_ordered_received_and_invoiced_alike_matches_in_full() -> None:
    result = run([invoiced()], [ordered()], tax="0.19")
    assert (result.decision, codes(result)) == ("matched", [])
    assert result.eligible == result.invoiced == Money.of("238.00", "EUR")


def test_what_was_not_received_is_not_eligible() -> None:
    result = run([invoiced()], [ordered(received=Decimal(90))], tax="0.19")
    assert codes(result) == ["match.quantity_over_receipt"]
    assert result.exceptions[0].message == "Invoiced 100 KGM, 10 KGM more than was received for it."
    assert result.eligible == Money.of("214.20", "EUR")


def test_without_a_receipt_nothing_is_eligible() -> None:
    result = run([invoiced()], [ordered(received=Decimal(0))])
    assert codes(result) == ["match.receipt_missing"]
    assert result.eligible == Money.zero("EUR")


def test_more_than_was_ordered_is_an_exception_even_when_received() -> None:
    result = run([invoiced(quantity="110")], [ordered(received=Decimal(110))])
    assert codes(result) == ["match.quantity_over_order"]


@pytest.mark.parametrize(("price", "eligible"), [("2.50", "200.00"), ("1.50", "150.00")])
def test_another_price_is_an_exception_and_the_lower_one_counts(price: str, eligible: str) -> None:
    result = run([invoiced(price=price)], [ordered()])
    assert codes(result) == ["match.price_differs"]
    assert result.eligible == Money.of(eligible, "EUR")


@pytest.mark.parametrize(("price", "within"), [("2.01", True), ("2.02", False), ("1.99", True)])
def test_a_price_is_within_tolerance_by_amount_and_percent(price: str, within: bool) -> None:
    assert (run([invoiced(price=price)], [ordered()]).decision == "matched") is within


def test_tolerances_are_both_an_amount_and_a_percentage() -> None:
    loose = Tolerances(quantity_absolute=Decimal(5), quantity_percent=Decimal(1))
    line, order = invoiced(quantity="103"), ordered(received=Decimal(100), quantity="103")
    document = InvoiceToMatch("EUR", Decimal(0), Decimal(206), Decimal(206), Decimal(206), (line,))
    assert codes(match(document, [order], tolerances=loose)) == ["match.quantity_over_receipt"]
    looser = Tolerances(quantity_absolute=Decimal(5), quantity_percent=Decimal(3))
    within = match(document, [order], tolerances=looser)
    assert within.decision == "matched"
    assert within.eligible == Money.of("200.00", "EUR")  # tolerated, but not financed


@pytest.mark.parametrize(
    ("line", "order", "code"),
    [
        (invoiced(order_number="PO2"), ordered(), "match.order_missing"),
        (invoiced(line="7"), ordered(), "match.order_missing"),
        (invoiced(order_number=None, order_line=None), ordered(), "match.order_missing"),
        (invoiced(line=None, items=frozenset({"seller:honey"})), ordered(), "match.order_missing"),
        (invoiced(unit="GRM"), ordered(), "match.unit_differs"),
        (invoiced(), ordered(currency="USD"), "match.currency_differs"),
    ],
)
def test_what_cannot_be_compared_is_not_eligible(line: InvoicedLine, order: OrderedLine, code: str) -> None:
    result = run([line], [order])
    assert code in codes(result)
    assert result.eligible == Money.zero("EUR")


def test_an_order_or_invoice_line_that_contradicts_itself_is_an_exception() -> None:
    result = run([invoiced()], [ordered(amount=Decimal("150"))])
    assert codes(result) == ["match.order_contradicts_itself"]
    result = run([invoiced(amount=Decimal("250.00"))], [ordered()])
    assert codes(result) == ["match.line_contradicts_itself"]
    assert result.eligible == Money.of("200.00", "EUR")


def test_lines_are_found_by_item_and_by_position() -> None:
    wax, honey = ordered("1"), ordered("2", items=frozenset({"seller:honey"}))
    by_item = invoiced(line=None, items=frozenset({"seller:honey"}))
    assert run([by_item], [wax, honey]).allocations[0].order_line == honey.id
    bare = [invoiced(line=None, items=frozenset(), line_id=name) for name in ("A", "B")]
    assert [taken.order_line for taken in run(bare, [wax, honey]).allocations] == [wax.id, honey.id]


def test_one_invoice_line_draws_on_several_order_lines_and_the_reverse() -> None:
    order = [ordered("1", quantity="60"), ordered("2", quantity="40")]
    result = run([invoiced(line=None)], order)
    assert result.decision == "matched"
    assert [taken.quantity for taken in result.allocations] == [60, 40]
    halves = [invoiced(quantity="50", line_id="A"), invoiced(quantity="60", line_id="B")]
    result = run(halves, [ordered()])
    assert codes(result) == ["match.quantity_over_receipt", "match.quantity_over_order"]
    assert result.exceptions[0].line == "B"
    assert result.eligible == Money.of("200.00", "EUR")


def test_what_other_invoices_have_drawn_is_not_there_twice() -> None:
    order = ordered(drawn=Decimal(70), drawn_received=Decimal(70))
    result = run([invoiced(quantity="40")], [order])
    assert codes(result) == ["match.quantity_over_receipt", "match.quantity_over_order"]
    assert result.eligible == Money.of("60.00", "EUR")


def test_credits_and_prepayments_come_off_the_received_part() -> None:
    line = invoiced()
    prepaid = run([line], [ordered(received=Decimal(90))], payable=Decimal("50.00"))
    assert prepaid.eligible == Money.of("30.00", "EUR")
    credited = run([line], [ordered()], credited=Decimal("20.00"))
    assert credited.eligible == Money.of("180.00", "EUR")
    minus = invoiced(quantity="-5", line_id="B")
    assert run([line, minus], [ordered()]).eligible == Money.of("190.00", "EUR")


def test_a_charge_counts_as_far_as_it_was_ordered() -> None:
    freight = {"charges": Decimal(50), "exclusive": Decimal(250), "inclusive": Decimal(250)}
    unordered = run([invoiced()], [ordered()], **freight, payable=Decimal(250))
    assert codes(unordered) == ["match.charge_not_ordered"]
    assert unordered.eligible == Money.of("200.00", "EUR")
    agreed = run([invoiced()], [ordered()], **freight, payable=Decimal(250), ordered_charges=Decimal(50))
    assert (agreed.decision, agreed.eligible) == ("matched", Money.of("250.00", "EUR"))
    # Half of the goods were received: half of the freight goes with them.
    half = run(
        [invoiced()],
        [ordered(received=Decimal(50))],
        **freight,
        payable=Decimal(250),
        ordered_charges=Decimal(50),
    )
    assert half.eligible == Money.of("125.00", "EUR")


def test_deliveries_without_a_line_reference_fill_the_lines_of_their_item() -> None:
    order = [
        ordered("1", quantity="60"),
        ordered("2", quantity="40"),
        ordered("3", items=frozenset({"seller:x"})),
    ]

    def sent(quantity: str, **changes: object) -> Delivery:
        values: dict[str, object] = {
            "order_number": "PO1",
            "order_line": None,
            "items": frozenset({"seller:wax"}),
            "unit": "KGM",
            "quantity": Decimal(quantity),
            **changes,
        }
        return Delivery(**values)  # type: ignore[arg-type]

    found = delivered(order, [sent("70"), sent("20"), sent("5", order_line="3"), sent("9", unit="GRM")])
    assert [found[line.id] for line in order] == [60, 30, 5]


_quantity = st.decimals("0", "1000", places=3)
_price = st.decimals("0.01", "500", places=2)


@settings(deadline=None)
@given(
    lines=st.lists(st.tuples(_quantity, _price, st.sampled_from(["1", "2", None])), min_size=1, max_size=5),
    order=st.lists(st.tuples(_quantity, _price, _quantity, _quantity), min_size=1, max_size=2),
    tax=st.decimals("0", "0.25", places=2),
    charges=st.decimals("0", "5000", places=2),
)
def test_never_more_is_eligible_than_was_received_at_the_agreed_price(
    lines: list[tuple[Decimal, Decimal, str | None]],
    order: list[tuple[Decimal, Decimal, Decimal, Decimal]],
    tax: Decimal,
    charges: Decimal,
) -> None:
    order_lines = [
        ordered(
            str(number),
            quantity=str(quantity),
            price=str(price),
            received=received,
            drawn=drawn,
            drawn_received=min(drawn, received),
        )
        for number, (quantity, price, received, drawn) in enumerate(order, start=1)
    ]
    invoice_lines = [
        invoiced(line=reference, quantity=str(quantity), price=str(price), line_id=str(number))
        for number, (quantity, price, reference) in enumerate(lines)
    ]
    exclusive = sum((line.amount for line in invoice_lines), Decimal(0)) + charges
    inclusive = (exclusive * (1 + tax)).quantize(Decimal("0.01"))
    result = run(
        invoice_lines,
        order_lines,
        charges=charges,
        exclusive=exclusive,
        inclusive=inclusive,
        payable=inclusive,
    )
    worth = sum(
        ((line.received - line.drawn_received) * (line.unit_price or 0) for line in order_lines), Decimal(0)
    )
    assert 0 <= result.eligible.amount <= result.invoiced.amount
    assert result.eligible.amount <= worth * (1 + tax) + Decimal("0.05")  # totals are in whole cents
    for line in order_lines:
        taken = [a for a in result.allocations if a.order_line == line.id]
        assert sum((a.received for a in taken), Decimal(0)) <= line.received - line.drawn_received
        assert all(0 <= a.received <= a.quantity for a in taken)
    assert (result.decision == "matched") == (not result.exceptions)


async def bring_beeswax(desk: Desk, names: tuple[str, ...], mark: str) -> UUID:
    """Import the shared chain, with companies of its own; return the invoice."""
    folder = shared_path("documents", "ubl")
    invoice: UUID | None = None
    for name in names:
        content = (folder / f"UBL-{name}.xml").read_bytes()
        for company in (b"12356478", b"175 269 2355", b"IYT Corporation", b"Consortial<"):
            content = content.replace(company, mark.encode() + company)
        outcome = await desk.bring(content)
        if outcome.kind == "invoice":
            invoice = UUID(outcome.summary["objectId"])
    assert invoice is not None
    return invoice


ORDERS = ("Order-2.0-Example", "Order-2.0-Example-International")
ADVICES = ("DespatchAdvice-2.0-Example", "ReceiptAdvice-2.0-Example")


@pytest.mark.parametrize(("orders", "mark"), [(ORDERS, "1"), (ORDERS[::-1], "2")])
async def test_the_beeswax_chain_has_ten_kilos_and_a_price_in_conflict(
    desk: Desk, orders: tuple[str, ...], mark: str
) -> None:
    """Whichever version of the order comes first: the other one is the conflict, and is told."""
    invoice_id = await bring_beeswax(desk, (*orders, *ADVICES, "Invoice-2.0-Example"), mark)
    async with desk.tx() as tx:
        outcome = await finance.match_invoice(tx, invoice_id, at=NOW, entry_id=random_id())
    found = {exception.code: exception for exception in outcome.exceptions}
    assert set(found) == {
        "match.order_contested",
        "match.order_contradicts_itself",
        "match.quantity_over_receipt",
        "match.price_differs",
    }
    over = found["match.quantity_over_receipt"]
    assert (over.ordered, over.despatched, over.received, over.invoiced) == (100, 90, 90, 100)
    price = found["match.price_differs"]
    assert (price.order_price, price.invoice_price) == (100, 1)
    assert outcome.eligible == Money.of("96.75", "GBP")  # 90 of 100 kg
    assert outcome.invoiced == Money.of("107.50", "GBP")


async def exception(desk: Desk) -> UUID:
    """Bring a chain whose receipt is short by 100 of 600 pieces; return its matched invoice."""
    trade = desk.trade("manufacturing")
    for name in ("order.xml", "despatch-advice.xml"):
        await desk.bring(trade.read(name))
    await desk.bring(trade.read("receipt-advice.xml").replace(b">600<", b">500<"))
    invoice_id = await trade.bring_invoice()
    async with desk.tx() as tx:
        outcome = await finance.match_invoice(tx, invoice_id, at=NOW, entry_id=random_id())
    assert [found.code for found in outcome.exceptions] == ["match.quantity_over_receipt"]
    assert outcome.eligible == Money.of("428000.00", "EUR")
    return invoice_id


async def release(desk: Desk, invoice_id: UUID, **changes: object) -> finance.ReleasedMatch:
    values: dict[str, object] = {
        "decision": "accept",
        "released_by": "user:clerk",
        "reason": "The buyer confirmed the short delivery.",
        "eligible": None,
        "at": NOW,
        "entry_id": random_id(),
        **changes,
    }
    async with desk.tx() as tx:
        return await finance.release_match(tx, invoice_id, **values)  # type: ignore[arg-type]


async def test_a_person_accepts_what_was_received_or_less_but_never_more(desk: Desk) -> None:
    invoice_id = await exception(desk)
    with pytest.raises(Conflict) as above:
        await release(desk, invoice_id, eligible=Decimal("428000.01"))
    assert above.value.code == "match.eligible_above_evidence"
    with pytest.raises(InvalidInput) as silent:
        await release(desk, invoice_id, reason=" ")
    assert silent.value.code == "match.reason_missing"
    entry = random_id()
    for _ in range(2):
        released = await release(desk, invoice_id, eligible=Decimal("400000.00"), entry_id=entry)
        assert (released.decision, released.eligible) == ("accept", Money.of("400000.00", "EUR"))
    with pytest.raises(Conflict) as again:
        await release(desk, invoice_id)
    assert again.value.code == "match.already_released"


async def test_a_rejected_invoice_gives_back_what_it_had_drawn(desk: Desk) -> None:
    invoice_id = await exception(desk)
    released = await release(desk, invoice_id, decision="reject")
    assert released.eligible == Money.zero("EUR")
    async with desk.tx() as tx:
        facts = await finance.eligibility_facts(tx, invoice_id, at=NOW)
        drawn = await tx.sql.fetchval(
            "SELECT count(*) FROM finance.match_allocation WHERE invoice_id = $1", invoice_id
        )
    assert (facts["matchDecision"], facts["eligibleAmount"], drawn) == ("rejected", 0, 0)


async def test_a_receipt_that_comes_later_heals_the_match(desk: Desk) -> None:
    trade = desk.trade("manufacturing")
    await desk.bring(trade.read("order.xml"))
    invoice_id = await trade.bring_invoice()
    async with desk.tx() as tx:
        before = await finance.match_invoice(tx, invoice_id, at=NOW, entry_id=random_id())
    await desk.bring(trade.read("receipt-advice.xml"))
    async with desk.tx() as tx:
        after = await finance.match_invoice(tx, invoice_id, at=NOW, entry_id=random_id())
        shown = await tx.sql.fetchval("SELECT exceptions FROM finance.invoice_view WHERE id = $1", invoice_id)
    assert (before.decision, after.decision, shown) == ("exception", "matched", "[]")
    assert after.eligible == Money.of("480000.00", "EUR")


async def test_two_invoices_cannot_both_be_financed_on_one_receipt(desk: Desk) -> None:
    trade = desk.trade("manufacturing")
    first = await trade.bring_all()
    second = UUID(
        (await desk.bring(trade.read("invoice.xml").replace(b"260122-07", b"260123-01"))).summary["objectId"]
    )
    async with desk.tx() as tx:
        one = await finance.match_invoice(tx, first, at=NOW, entry_id=random_id())
        other = await finance.match_invoice(tx, second, at=NOW, entry_id=random_id())
    assert one.eligible == Money.of("480000.00", "EUR")
    assert other.eligible == Money.zero("EUR")
    assert {found.code for found in other.exceptions} == {
        "match.quantity_over_receipt",
        "match.quantity_over_order",
    }
