"""Behaviour in trade as of a day: only what had happened counts, and not paying never pays."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.behaviour import CreditNote, Invoice, Payment, behaviour

DAY = date(2026, 6, 30)


def invoice(number: str, issued: int, terms: int = 30, amount: int = 100) -> Invoice:
    """Issue an invoice so many days before the day."""
    on = DAY - timedelta(issued)
    return Invoice(number, Decimal(amount), on, on + timedelta(terms))


def paid(one: Invoice, late: int, amount: int | None = None) -> Payment:
    return Payment(one.number, Decimal(amount) if amount else one.amount, one.due_on + timedelta(late))


def test_days_late_are_the_mean_over_settled_invoices_early_ones_counting_0() -> None:
    one, two = invoice("1", 100), invoice("2", 90)
    found = behaviour(DAY, [one, two], [paid(one, 10), paid(two, -5)])
    assert (found.days_late, found.late_share) == (Decimal(5), Decimal("0.5"))


def test_an_invoice_is_settled_by_its_last_part() -> None:
    one = invoice("1", 100)
    assert behaviour(DAY, [one], [paid(one, 2, 60), paid(one, 12, 40)]).days_late == 12


def test_an_open_invoice_past_due_counts_its_days_so_far() -> None:
    one = invoice("1", 100)
    found = behaviour(DAY, [one], [])
    assert (found.days_late, found.overdue_share) == (Decimal(70), Decimal(1))


def test_what_happens_after_the_day_changes_nothing() -> None:
    one, later = invoice("1", 100), invoice("2", -5)
    assert behaviour(DAY, [one, later], [paid(one, 90)]) == behaviour(DAY, [one], [])


def test_dilution_is_what_was_credited_of_what_was_invoiced() -> None:
    one, two = invoice("1", 100), invoice("2", 90, amount=300)
    notes = [
        CreditNote("1", Decimal(20), DAY - timedelta(20)),
        CreditNote("2", Decimal(9), DAY + timedelta(1)),
    ]
    assert behaviour(DAY, [one, two], [], notes).dilution_rate == Decimal("0.05")


def test_the_trend_compares_the_last_quarter_with_the_year() -> None:
    assert behaviour(DAY, [invoice(str(i), 45 + 91 * i) for i in range(4)], []).volume_trend == 1
    assert behaviour(DAY, [invoice("1", 10), invoice("2", 300)], []).volume_trend == 2


def test_without_any_event_nothing_is_known() -> None:
    found = behaviour(DAY, [], [])
    assert (found.invoices, found.days_late, found.dilution_rate, found.months_known) == (0, None, None, 0)
    assert {one.observed_on for one in found.observations()} == {DAY}


def test_what_does_not_fit_together_is_refused() -> None:
    one = invoice("1", 100)
    for code, invoices, payments in (
        ("scoring.invoice_twice", [one, one], []),
        ("scoring.invoice_unknown", [], [paid(one, 1)]),
        ("scoring.amount_not_positive", [one], [Payment("1", Decimal(0), DAY)]),
    ):
        with pytest.raises(InvalidInput) as refused:
            behaviour(DAY, invoices, payments)
        assert refused.value.code == code


@given(late=st.integers(-30, 300), wait=st.integers(0, 200))
def test_paying_never_looks_worse_than_not_paying(late: int, wait: int) -> None:
    one = invoice("1", 360)
    day = DAY - timedelta(wait)
    with_payment = behaviour(day, [one], [paid(one, late)]).days_late
    without = behaviour(day, [one], []).days_late
    if with_payment is not None and without is not None:
        assert with_payment <= without
