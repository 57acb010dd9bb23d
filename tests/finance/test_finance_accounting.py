"""Journals balance, are booked once, and are never changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import finance
from core import Broken, Conflict, random_id
from core.money import Money
from finance import accounting, journals
from finance.accounting import ACCOUNTS, BANK, UNALLOCATED, Entry, JournalDraft
from finance.pricing import Price

if TYPE_CHECKING:
    from conftest import Desk

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)


def eur(amount: str | Decimal) -> Money:
    return Money.of(amount, "EUR")


def test_the_purchase_books_the_worked_example() -> None:
    asset = uuid4()
    price = Price(
        value_date=date(2026, 1, 1),
        due_date=date(2026, 3, 2),
        face=eur("100000"),
        eligible=eur("100000"),
        advance=eur("80000"),
        reserve=eur("20000"),
        discount=eur("800"),
        fee=eur("1500"),
    )
    booked = accounting.purchase(uuid4(), [(asset, price)], "EUR")
    assert [(e.account, e.side, e.amount.amount) for e in booked.entries] == [
        ("1200", "Dr", Decimal(100000)),
        ("2100", "Cr", Decimal(20000)),
        ("2200", "Cr", Decimal(800)),
        ("2210", "Cr", Decimal(1500)),
        ("2110", "Cr", Decimal(77700)),
    ]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ((Entry(BANK, "Dr", eur("1")),), "accounting.unbalanced"),
        ((), "accounting.unbalanced"),
        ((Entry("1234", "Dr", eur("1")), Entry(BANK, "Cr", eur("1"))), "accounting.account_unknown"),
        ((Entry(BANK, "Dr", eur("-1")), Entry(UNALLOCATED, "Cr", eur("-1"))), "accounting.amount_invalid"),
        (
            (Entry(BANK, "Dr", eur("0.001")), Entry(UNALLOCATED, "Cr", eur("0.001"))),
            "accounting.amount_invalid",
        ),
    ],
)
def test_what_does_not_balance_cannot_be_built(entries: tuple[Entry, ...], code: str) -> None:
    with pytest.raises(Broken) as error:
        JournalDraft("test", uuid4(), "EUR", entries)
    assert error.value.code == code


_amount = st.decimals("0", "9999999", places=2).map(eur)


@settings(deadline=None)
@given(face=_amount, reserve=_amount, discount=_amount, fee=_amount, change=_amount, down=st.booleans())
def test_every_entry_balances_for_every_amount(
    face: Money, reserve: Money, discount: Money, fee: Money, change: Money, down: bool
) -> None:
    asset = uuid4()
    advance = discount + fee + eur("0.01")
    whole = advance + reserve
    price = Price(
        value_date=date(2026, 1, 1),
        due_date=date(2026, 2, 1),
        face=whole,
        eligible=whole,
        advance=advance,
        reserve=reserve,
        discount=discount,
        fee=fee,
    )
    accounting.purchase(uuid4(), [(asset, price)], "EUR")  # construction refuses what does not balance
    accounting.recourse(asset, face + eur("0.01"), reserve)
    if change.amount:
        accounting.commitment("test", asset, -change if down else change)


async def test_the_stored_accounts_are_those_of_the_chart(desk: Desk) -> None:
    async with desk.database.reading() as sql:
        rows = await sql.fetch("SELECT code, name, kind FROM finance.account")
    assert {row["code"]: (row["name"], row["kind"]) for row in rows} == ACCOUNTS


async def book(desk: Desk, object_id: UUID, amount: str) -> UUID:
    async with desk.tx() as tx:
        draft = accounting.money_received(object_id, eur(amount))
        return await journals.book(tx, draft, request_id=None, at=NOW, entry_id=random_id())


async def test_an_event_is_booked_once_and_never_otherwise(desk: Desk) -> None:
    object_id = random_id()
    journal_id = await book(desk, object_id, "10.00")
    assert await book(desk, object_id, "10.00") == journal_id
    with pytest.raises(Broken) as error:
        await book(desk, object_id, "11.00")
    assert error.value.code == "accounting.journal_differs"


async def test_a_journal_is_reversed_once_and_a_reversal_never(desk: Desk) -> None:
    journal_id = await book(desk, random_id(), "25.00")
    async with desk.tx() as tx:
        reversal = await finance.reverse(tx, journal_id, at=NOW, entry_id=random_id())
        assert await finance.reverse(tx, journal_id, at=NOW, entry_id=random_id()) == reversal
        with pytest.raises(Conflict):
            await finance.reverse(tx, reversal, at=NOW, entry_id=random_id())
        balance = await tx.sql.fetchval(
            "SELECT sum(CASE side WHEN 'Dr' THEN amount ELSE -amount END) FROM finance.posting"
            " WHERE journal_id = ANY($1) AND account = '1100'",
            [journal_id, reversal],
        )
    assert balance == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE finance.posting SET amount = amount + 1",
        "DELETE FROM finance.posting",
        "TRUNCATE finance.posting",
        "UPDATE finance.journal SET event = 'other'",
        "DELETE FROM finance.journal",
        "DELETE FROM finance.limit_movement",
    ],
)
async def test_the_database_refuses_to_change_what_is_booked(desk: Desk, statement: str) -> None:
    await book(desk, random_id(), "1.00")
    with pytest.raises(asyncpg.PostgresError):
        async with desk.tx() as tx:
            await tx.sql.execute(statement)


async def test_the_database_refuses_an_unbalanced_journal_at_commit(desk: Desk) -> None:
    journal_id = await book(desk, random_id(), "5.00")
    with pytest.raises(asyncpg.CheckViolationError):
        async with desk.tx() as tx:
            await tx.sql.execute(
                "INSERT INTO finance.posting (id, journal_id, position, account, side, amount)"
                " VALUES ($1, $2, 9, '1100', 'Dr', 1)",
                random_id(),
                journal_id,
            )


async def test_verification_finds_books_that_do_not_agree(desk: Desk) -> None:
    _, [asset] = await desk.funded([await desk.trade("retail").bring_all()])
    async with desk.tx() as tx:
        assert await finance.verify_books(tx) == []
        await tx.sql.execute("UPDATE finance.asset SET accrued = accrued + 1 WHERE id = $1", asset.id)
        faults = await finance.verify_books(tx)
    assert len(faults) == 1
    assert "account 2200" in faults[0]
