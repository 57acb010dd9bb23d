"""Bank entries are taken once and find what they belong to, or stay unallocated."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

import finance
from core import Conflict, InvalidInput, NotFound, random_id
from core.money import Money

if TYPE_CHECKING:
    from conftest import Desk

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)


async def record(desk: Desk, **changes: object) -> finance.BankEntry:
    values: dict[str, object] = {
        "reference": "nothing that anyone knows",
        "amount": Money.of("100.00", "EUR"),
        "value_date": date(2026, 3, 23),
        "payer": "Somebody",
        "direction": None,
        "bank_ref": f"B-{random_id()}",
        "at": NOW,
        "entry_id": random_id(),
        **changes,
    }
    async with desk.tx() as tx:
        return await finance.record_bank_entry(tx, **values)  # type: ignore[arg-type]


async def journals_of(desk: Desk, entry: finance.BankEntry) -> list[str]:
    async with desk.database.reading() as sql:
        rows = await sql.fetch("SELECT event FROM finance.journal_view WHERE object_id = $1", entry.id)
    return [row["event"] for row in rows]


async def test_the_same_bank_entry_is_booked_once_also_at_once(desk: Desk) -> None:
    entries = await asyncio.gather(*(record(desk, bank_ref="B-ONCE") for _ in range(4)))
    assert len({entry.id for entry in entries}) == 1
    assert await journals_of(desk, entries[0]) == ["money-received"]
    for contradiction in ({"amount": Money.of("100.01", "EUR")}, {"direction": "out"}):
        with pytest.raises(Conflict) as error:
            await record(desk, bank_ref="B-ONCE", **contradiction)
        assert error.value.code == "payment.bank_ref_reused"


async def test_what_belongs_to_nothing_stays_unallocated(desk: Desk) -> None:
    money_in = await record(desk)
    assert (money_in.matched, money_in.direction) == (None, "in")
    money_out = await record(desk, direction="out")
    assert money_out.matched is None
    assert await journals_of(desk, money_out) == ["money-left"]


async def test_a_payment_order_is_paid_by_its_exact_amount_only(desk: Desk) -> None:
    request_id = await desk.ready([await desk.trade("retail").bring_all()])
    async with desk.tx() as tx:
        with pytest.raises(Conflict) as early:
            await finance.instruct_payment(tx, request_id, at=NOW, entry_id=random_id())
        assert early.value.code == "payment.nothing_purchased"
        [asset] = await finance.purchase(tx, request_id, at=NOW, entry_id=random_id())
        order = await finance.instruct_payment(tx, request_id, at=NOW, entry_id=random_id())
    assert order.amount == asset.advance - asset.discount - asset.fee
    short = await record(desk, reference=order.reference, amount=order.amount - Money.of("0.01", "EUR"))
    assert short.matched is None
    with pytest.raises(Conflict) as unpaid:
        async with desk.tx() as tx:
            await finance.confirm_payment(tx, order.id, at=NOW, entry_id=random_id())
    assert unpaid.value.code == "payment.not_settled"
    paid = await record(desk, reference=f"transfer {order.reference} done", amount=order.amount)
    assert paid.matched is not None
    assert (paid.matched.kind, paid.matched.id, paid.matched.request_id) == (
        "payment_order",
        order.id,
        request_id,
    )
    assert paid.direction == "out"
    twice = await record(desk, reference=order.reference, amount=order.amount, direction="out")
    assert twice.matched is None  # the order is paid; a second payment explains nothing


async def test_two_sellers_with_one_invoice_number_are_told_apart_by_the_payer(desk: Desk) -> None:
    trades = [desk.trade("logistics"), desk.trade("logistics")]
    assets = [(await desk.funded([await trade.bring_all()]))[1][0] for trade in trades]
    assert assets[0].invoice_number == assets[1].invoice_number
    number = assets[0].invoice_number
    payer = f"Hansewerk Fahrzeugteile {trades[1].mark} AG"
    found = await record(desk, reference=number, payer=payer)
    assert found.matched is not None
    assert found.matched.id == assets[1].id
    assert (await record(desk, reference=number, payer="a stranger")).matched is None
    assert (await record(desk, reference=str(assets[0].id), payer=None)).matched is not None


async def test_money_of_one_receivable_does_not_pay_another(desk: Desk) -> None:
    trades = [desk.trade("manufacturing"), desk.trade("manufacturing")]
    assets = [(await desk.funded([await trade.bring_all()]))[1][0] for trade in trades]
    money = await record(desk, reference=str(assets[0].id))
    with pytest.raises(Conflict) as error:
        async with desk.tx() as tx:
            await finance.collect(tx, assets[1].id, money.id, at=NOW, entry_id=random_id())
    assert error.value.code == "payment.not_for_asset"
    with pytest.raises(NotFound):
        async with desk.tx() as tx:
            await finance.collect(tx, assets[1].id, random_id(), at=NOW, entry_id=random_id())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": Money.of("0", "EUR")}, "payment.amount_invalid"),
        ({"amount": Money.of("-5", "EUR")}, "payment.amount_invalid"),
        ({"amount": Money.of("1.001", "EUR")}, "payment.amount_invalid"),
        ({"reference": " "}, "payment.text_invalid"),
        ({"bank_ref": "x" * 141}, "payment.text_invalid"),
        ({"payer": "a\x00b"}, "payment.text_invalid"),
        ({"direction": "sideways"}, "payment.direction_unknown"),
    ],
)
async def test_a_bank_entry_that_cannot_be_is_refused(
    desk: Desk, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        await record(desk, **changes)
    assert error.value.code == code
