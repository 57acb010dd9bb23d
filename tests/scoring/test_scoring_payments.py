"""Payments: a forecast knows nothing that was not settled before the invoice was written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from random import Random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.payments import OpenInvoice, PaymentHistory, SettledInvoice, early_warnings, forecast
from scoring.payments.forecast import PaymentModel, decode, encode, log_odds, model_id
from scoring.payments.report import payment_report
from scoring.payments.training import read_invoices, train_payments
from support.shared import shared_path

START = date(2025, 1, 1)
UPTO = date(2026, 1, 1)


def invoice(customer: str, issued: int, delay: int, amount: int = 1_000, terms: int = 30) -> SettledInvoice:
    day = START + timedelta(days=issued)
    due = day + timedelta(days=terms)
    return SettledInvoice(customer, day, due, Decimal(amount), max(due + timedelta(days=delay), day))


def trade(count: int = 900, seed: int = 3) -> list[SettledInvoice]:
    """Twenty customers, each with its own habit: number k pays k − 12 days late on average."""
    draw = Random(seed)
    return [
        invoice(
            f"customer {(k := draw.randrange(20)):02}",
            draw.randrange(420),
            round(draw.gauss(k - 12, 5)),
            draw.randint(100, 10_000),
        )
        for _ in range(count)
    ]


@lru_cache
def trained() -> PaymentModel:
    return train_payments(trade(), upto=UPTO, source="made up")


def test_customers_with_a_late_habit_are_forecast_late() -> None:
    history = PaymentHistory(trade())
    asked = [
        OpenInvoice(f"customer {k:02}", UPTO, UPTO + timedelta(days=30), Decimal(500)) for k in range(20)
    ]
    found = [forecast(trained(), one, history.features(one)) for one in asked]
    assert found[19].late > 0.7 > 0.2 > found[2].late
    assert found[2].expected < asked[2].due < found[19].expected
    assert all(one.sure is None or one.sure >= one.expected - timedelta(days=3) for one in found)


delays = st.integers(-30, 60)
invoices = st.lists(
    st.builds(invoice, st.sampled_from("ab"), st.integers(0, 200), delays, st.integers(1, 10_000)),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(known=invoices, asked=st.integers(0, 200), changed=delays)
def test_what_is_settled_on_the_day_or_later_changes_nothing(
    known: list[SettledInvoice], asked: int, changed: int
) -> None:
    new = invoice("a", asked, 0)
    before = [one for one in known if one.settled < new.issued]
    later = [
        replace(one, settled=max(one.settled + timedelta(days=changed), new.issued))
        for one in known
        if one.settled >= new.issued
    ]
    everything, cut, altered = (
        PaymentHistory(rows).features(new) for rows in (known, before, [*before, *later, new])
    )
    assert everything == cut == altered


def test_one_payment_does_not_speak_for_a_customer() -> None:
    others = [invoice(f"other {k}", k, -5) for k in range(20)]
    known = PaymentHistory([*others, invoice("a", 0, 40)])
    asked = OpenInvoice("a", date(2025, 6, 1), date(2025, 7, 1), Decimal(1))
    found = known.features(asked)
    common = (20 * -5 + 40) / 21
    assert found["mean_delay"] == pytest.approx((40 + 2 * common) / 3)
    assert known.last_days_late(asked) == 40
    stranger = replace(asked, customer="nobody")
    assert known.features(stranger)["mean_delay"] == pytest.approx(common)
    assert known.last_days_late(stranger) is None


@settings(max_examples=100, deadline=None)
@given(waited=st.lists(st.integers(-30, 60), min_size=2, max_size=5), odds=st.floats(-3, 3))
def test_the_longer_an_invoice_is_open_the_later_it_is(waited: list[int], odds: float) -> None:
    asked = OpenInvoice("a", UPTO, UPTO + timedelta(days=30), Decimal(500))
    features = {one.name: one.mean for one in trained().weights} | {"late_odds": odds}
    days = [asked.due + timedelta(days=wait) for wait in sorted(waited)]
    found = [forecast(trained(), asked, features, as_of=day) for day in days]
    assert [one.late for one in found] == sorted(one.late for one in found)
    assert all(one.expected > day for one, day in zip(found, days, strict=True))
    assert all(one.late == 1 for one, wait in zip(found, sorted(waited), strict=True) if wait >= 0)


def test_training_does_not_look_at_what_nobody_could_know() -> None:
    """Payments on and after the day, and disputes, which no record has a place for."""
    delayed = [
        replace(one, settled=one.settled + timedelta(days=200)) if one.settled >= UPTO else one
        for one in trade()
    ]
    assert encode(train_payments(delayed, upto=UPTO, source="made up")) == encode(trained())
    assert not hasattr(invoice("a", 0, 0), "disputed")


def test_the_file_is_read_back_and_nothing_else_is_read() -> None:
    content = encode(trained())
    assert decode(content) == trained()
    assert model_id(content) == model_id(encode(train_payments(trade(), upto=UPTO, source="made up")))
    document = orjson.loads(content)
    changes: list[dict[str, object]] = [
        {"format": "scf-payments/9"},
        {"edges": [1, 2]},
        {"means": []},
        {"thresholds": document["thresholds"][::-1]},
        {"weights": [{"name": "late_odds"}]},
        {"weights": [{**document["weights"][0], "deviation": 0.0}]},
        {"weights": [{**document["weights"][0], "coefficient": "1"}]},
        {"more": 1},
    ]
    broken = [orjson.dumps({**document, **change}, option=orjson.OPT_SORT_KEYS) for change in changes]
    for wrong in (b"{}", b"[]", b"no json", content + b" ", *broken):
        with pytest.raises(InvalidInput) as refused:
            decode(wrong)
        assert refused.value.code == "payments.model_invalid"


def test_a_missing_feature_and_too_few_rows_are_refused() -> None:
    with pytest.raises(InvalidInput) as missing:
        log_odds(trained(), {"late_odds": 0.0})
    assert missing.value.code == "payments.feature_missing"
    punctual = [replace(one, settled=one.due) for one in trade()]
    for rows in (trade(50), punctual):
        with pytest.raises(InvalidInput) as few:
            train_payments(rows, upto=UPTO, source="few")
        assert few.value.code == "payments.too_few"


def test_warnings_come_before_the_invoice_is_late_most_money_days_first() -> None:
    history = PaymentHistory(trade())
    due = UPTO + timedelta(days=30)
    open_now = [
        OpenInvoice("customer 19", UPTO, due, Decimal(1_000)),
        OpenInvoice("customer 02", UPTO, due, Decimal(9_000)),
        OpenInvoice("customer 18", UPTO, due, Decimal(50_000)),
    ]
    warned = early_warnings(trained(), history, open_now, as_of=UPTO)
    assert [one.invoice.customer for one in warned] == ["customer 18", "customer 19"]
    assert {one.days_overdue for one in warned} == {0}
    late = early_warnings(trained(), history, open_now, as_of=due + timedelta(days=3))
    assert {one.days_overdue for one in late} == {3}
    assert len(late) == 3


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ("a,2025-13-01,2025-02-01,1,2025-02-01", "InvoiceDate, row 1"),
        ("a,2025-01-01,soon,1,2025-02-01", "DueDate, row 1"),
        ("a,2025-01-01,2/1/2025,-1,2025-02-01", "InvoiceAmount, row 1"),
        ("a,2025-01-01,2/1/2025,x,2025-02-01", "InvoiceAmount, row 1"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, row: str, where: str) -> None:
    file = tmp_path / "invoices.csv"
    file.write_text(f"customerID,InvoiceDate,DueDate,InvoiceAmount,SettledDate\n{row}\n")
    with pytest.raises(InvalidInput) as refused:
        read_invoices(file)
    assert (refused.value.code, refused.value.where) == ("scoring.value_type", where)


def test_on_ibm_s_invoices_history_tells_who_will_be_late() -> None:
    report = payment_report(shared_path("datasets/ibm_ar_invoices_to_2013-05.csv.gz"))
    assert (report.test_from, report.test_rows) == (date(2013, 2, 1), 443)
    assert report.auc.value >= 0.86
    assert report.static_auc.high < report.auc.value
    assert report.fall.value >= 0.33
    assert report.fall_above_rule.low > 0
    assert report.cash_error < report.cash_error_of_due
