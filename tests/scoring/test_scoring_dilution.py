"""Dilution: a customer's rate is its own as far as its volume speaks for it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.payments import DilutionRow, expected_dilution, learn_dilution

DAY = date(2026, 1, 1)
BEFORE = DAY - timedelta(days=1)


def row(customer: str, amount: str, credited: str, settled: date = BEFORE) -> DilutionRow:
    return DilutionRow(customer, settled, Decimal(amount), Decimal(credited))


def test_the_credibility_is_buhlmann_and_straub_s() -> None:
    """Two customers, two invoices of 100 each: rates .1 and .3, .5 and .7."""
    rows = [row("a", "100", "10"), row("a", "100", "30"), row("b", "100", "50"), row("b", "100", "70")]
    learned = learn_dilution(rows, as_of=DAY)
    assert learned.common == Decimal("0.4")
    # Within: 100 · (4 · 0.01) / 2 = 2. Between: (200 · 0.04 · 2 − 2) / (400 − 80,000/400) = 0.07.
    assert learned.ratio is not None
    assert learned.ratio == pytest.approx(Decimal(2) / Decimal("0.07"))
    credibility = 200 / (200 + 2 / 0.07)
    assert float(expected_dilution(learned, "a")) == pytest.approx(
        credibility * 0.2 + (1 - credibility) * 0.4, abs=1e-6
    )
    assert expected_dilution(learned, "never met") == Decimal("0.4")


def test_customers_who_differ_by_chance_only_share_one_rate() -> None:
    rows = [row("a", "100", "0"), row("a", "100", "40"), row("b", "100", "40"), row("b", "100", "0")]
    learned = learn_dilution(rows, as_of=DAY)
    assert learned.ratio is None
    assert expected_dilution(learned, "a") == Decimal("0.2")


amounts = st.decimals(1, 10_000, places=2)
rows = st.lists(
    st.builds(
        lambda customer, amount, share, ago: DilutionRow(
            customer, DAY - timedelta(days=ago), amount, (amount * share).quantize(Decimal("0.01"))
        ),
        st.sampled_from("abc"),
        amounts,
        st.decimals(0, 1, places=2),
        st.integers(-5, 5),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(known=rows)
def test_a_rate_lies_between_the_customer_s_own_and_the_common_one(known: list[DilutionRow]) -> None:
    settled = [one for one in known if one.settled < DAY]
    if not settled:
        with pytest.raises(InvalidInput) as none:
            learn_dilution(known, as_of=DAY)
        assert none.value.code == "payments.no_history"
        return
    learned = learn_dilution(known, as_of=DAY)
    assert learned == learn_dilution(settled, as_of=DAY)
    for customer in learned.invoiced:
        own = learned.credited[customer] / learned.invoiced[customer]
        low, high = sorted((own, learned.common))
        tolerance = Decimal("0.000001")
        assert low - tolerance <= expected_dilution(learned, customer) <= high + tolerance


@pytest.mark.parametrize(("amount", "credited"), [("0", "0"), ("100", "-1"), ("100", "101")])
def test_credits_that_cannot_be_are_refused(amount: str, credited: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        learn_dilution([row("a", amount, credited)], as_of=DAY)
    assert (refused.value.code, refused.value.where) == ("payments.dilution_invalid", "row 1")
