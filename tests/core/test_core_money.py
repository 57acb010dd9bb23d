"""What is read as an amount of money, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core import InvalidInput, Money


def test_an_amount_is_read_exactly_as_it_is_written() -> None:
    assert Money.of("107.50", "GBP").as_json() == {"amount": "107.50", "currency": "GBP"}


@pytest.mark.parametrize(
    ("currency", "rounded"), [("EUR", "2.35"), ("JPY", "2"), ("BHD", "2.345")], ids=["2", "0", "3"]
)
def test_rounding_is_half_up_to_the_minor_unit_of_the_currency(currency: str, rounded: str) -> None:
    assert Money(Decimal("2.345"), currency).rounded().amount == Decimal(rounded)


@pytest.mark.parametrize(
    "amount", ["1e999999", "1E-999999", "9" * 16, "0." + "1" * 40, "NaN", "-Infinity", "sNaN", "1,5", "", "a"]
)
def test_what_is_no_amount_or_too_large_to_count_with_is_refused(amount: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Money.of(amount, "EUR")

    assert refused.value.code == "money.amount_invalid"


def test_the_largest_amount_can_still_be_rounded_and_added() -> None:
    largest = Money.of("9" * 15 + ".99", "BHD")

    assert (largest.rounded() + largest).amount == Decimal("1999999999999999.980")


@pytest.mark.parametrize("currency", ["XXX", "eur", "", "EU\0"])
def test_a_currency_that_is_not_booked_is_refused(currency: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Money.of("1.00", currency)

    assert refused.value.code == "money.currency_unknown"
