"""Day counts, discounts, prices and accruals, against published figures."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import Conflict, InvalidInput
from core.money import Money
from finance.pricing import (
    DayCount,
    Method,
    PricingTerms,
    accrued,
    days_between,
    discount_of,
    late_charge,
    price,
    year_fraction,
)


def terms(**changes: object) -> PricingTerms:
    values: dict[str, object] = {"advanceRate": "0.80", "discountRate": "0.06", "feeRate": "0.015", **changes}
    return PricingTerms.from_json(values)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


@pytest.mark.parametrize(
    ("convention", "start", "end", "days"),
    [
        (DayCount.THIRTY_360, date(2006, 8, 31), date(2007, 2, 28), 178),
        (DayCount.THIRTY_360, date(2007, 2, 28), date(2007, 8, 31), 183),
        (DayCount.THIRTY_E_360, date(2007, 2, 28), date(2007, 8, 31), 182),
        (DayCount.THIRTY_E_360_ISDA, date(2007, 2, 28), date(2007, 8, 31), 180),
        (DayCount.ACT_360, date(2026, 1, 23), date(2026, 3, 23), 59),
    ],
)
def test_days_are_counted_as_quantlib_counts_them(
    convention: DayCount, start: date, end: date, days: int
) -> None:
    assert days_between(start, end, convention) == days


def test_act_act_isda_splits_at_the_leap_year() -> None:
    fraction = year_fraction(date(2003, 11, 1), date(2004, 5, 1), DayCount.ACT_ACT_ISDA)
    assert round(fraction, 12) == Decimal("0.497724380567")


@pytest.mark.parametrize(
    ("days", "rate", "discount"), [(7, "0.18", "35.00"), (7, "0.24", "46.67"), (14, "0.24", "93.33")]
)
def test_a_straight_discount_is_oracles_early_payment_discount(days: int, rate: str, discount: str) -> None:
    start = date(2026, 1, 1)
    taken = discount_of(usd("10000"), terms(discountRate=rate), start, start + timedelta(days=days))
    assert taken == usd(discount)


def test_discount_to_yield_makes_the_price_earn_the_rate() -> None:
    start = date(2026, 1, 1)
    discount = discount_of(usd("100000"), terms(method="YIELD"), start, start + timedelta(days=60))
    assert usd("100000") - discount == usd("99009.90")


def test_the_worked_purchase_of_the_books() -> None:
    start = date(2026, 1, 1)
    bought = price(
        usd("100000"), usd("100000"), terms(), value_date=start, due_date=start + timedelta(days=60)
    )
    assert (bought.advance, bought.reserve) == (usd("80000"), usd("20000"))
    assert (bought.discount, bought.fee, bought.payable) == (usd("800"), usd("1500"), usd("77700"))


def test_a_reserve_of_thirty_and_a_fee_of_five_percent_leave_sixty_five() -> None:
    start = date(2026, 1, 1)
    bought = price(
        usd("100000"),
        usd("100000"),
        terms(advanceRate="0.70", discountRate="0", feeRate="0.05"),
        value_date=start,
        due_date=start + timedelta(days=60),
    )
    assert (bought.payable, bought.reserve) == (usd("65000"), usd("30000"))


def test_ten_days_late_cost_ten_days_of_the_late_rate() -> None:
    due = date(2026, 3, 1)
    assert late_charge(usd("80000"), terms(lateRate="0.06"), due, due + timedelta(days=10)) == usd("133.33")
    assert late_charge(usd("80000"), terms(), due, due) == usd("0")
    assert late_charge(usd("80000"), terms(collectionDays=2), due, due + timedelta(days=2)) == usd("0")


def test_what_is_due_already_or_leaves_nothing_is_not_bought() -> None:
    day = date(2026, 3, 1)
    with pytest.raises(Conflict) as due:
        price(usd("100"), usd("100"), terms(), value_date=day, due_date=day)
    assert due.value.code == "pricing.tenor_not_positive"
    with pytest.raises(Conflict) as nothing:
        price(usd("100"), usd("0"), terms(), value_date=day, due_date=day + timedelta(days=60))
    assert nothing.value.code == "pricing.nothing_eligible"
    with pytest.raises(Conflict) as charges:
        price(usd("100"), usd("1"), terms(), value_date=day, due_date=day + timedelta(days=60))
    assert charges.value.code == "pricing.charges_exceed_advance"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("advanceRate", "1.01"),
        ("advanceRate", "0"),
        ("advanceRate", None),
        ("advanceRate", "NaN"),
        ("advanceRate", True),
        ("discountRate", "-0.01"),
        ("feeRate", "1e"),
        ("dayCount", "ACT/361"),
        ("method", "GUESS"),
        ("collectionDays", 31),
    ],
)
def test_terms_that_cannot_be_meant_are_refused_with_their_name(name: str, value: object) -> None:
    with pytest.raises(InvalidInput) as error:
        terms(**{name: value})
    assert error.value.code == "pricing.terms_invalid"
    assert error.value.where == name


def test_terms_survive_storage() -> None:
    stored = terms(lateRate="0.10", dayCount="30E/360", method="YIELD", collectionDays=3)
    assert PricingTerms.from_json(stored.as_json()) == stored


_money = st.decimals("0.01", "9999999.99", places=2).map(lambda amount: Money(amount, "USD"))


@settings(deadline=None)
@given(
    face=_money,
    share=st.decimals("0.01", "1", places=2),
    rate=st.decimals("0.01", "1", places=2),
    annual=st.decimals("0", "0.5", places=4),
    fee=st.decimals("0", "0.3", places=4),
    days=st.integers(1, 400),
    method=st.sampled_from(Method),
    convention=st.sampled_from(DayCount),
)
def test_advance_and_reserve_are_the_face_whatever_the_terms(
    face: Money,
    share: Decimal,
    rate: Decimal,
    annual: Decimal,
    fee: Decimal,
    days: int,
    method: Method,
    convention: DayCount,
) -> None:
    start = date(2026, 1, 15)
    eligible = Money((face.amount * share).quantize(Decimal("0.01"), rounding="ROUND_DOWN"), "USD")
    given_terms = PricingTerms(rate, annual, fee, annual, convention, method)
    try:
        bought = price(face, eligible, given_terms, value_date=start, due_date=start + timedelta(days=days))
    except Conflict:
        return
    assert bought.advance + bought.reserve == face
    assert bought.payable + bought.discount + bought.fee == bought.advance
    assert bought.advance <= eligible <= face
    assert bought.payable.amount > 0
    assert bought.discount.amount >= 0


@settings(deadline=None)
@given(discount=_money, days=st.integers(1, 400), steps=st.lists(st.integers(0, 450), max_size=30))
def test_a_discount_accrued_in_any_steps_adds_up_exactly(
    discount: Money, days: int, steps: list[int]
) -> None:
    start = date(2026, 1, 1)
    end = start + timedelta(days=days)
    total = Money.zero("USD")
    for step in [*sorted(steps), days]:
        running = accrued(discount, start, end, start + timedelta(days=step))
        assert total <= running <= discount or step == days
        total = max(total, running)
    assert total == discount
