"""Early warnings on open invoices: which of them will come late, before they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from scoring.payments.forecast import Forecast, PaymentModel, forecast
from scoring.payments.history import OpenInvoice, PaymentHistory


@dataclass(frozen=True, slots=True)
class PaymentWarning:
    """An open invoice that will probably be late, or is, with its cash forecast; the worst come first."""

    invoice: OpenInvoice
    forecast: Forecast
    days_overdue: int


def early_warnings(
    model: PaymentModel,
    history: PaymentHistory,
    open_invoices: Iterable[OpenInvoice],
    *,
    as_of: date,
    threshold: float = 0.5,
) -> list[PaymentWarning]:
    """Return the open invoices that will be late with at least this probability, most money-days first.

    Args:
        model: the trained model.
        history: all payments; each invoice sees those settled before its issue.
        open_invoices: issued and not settled on `as_of`.
        as_of: today; an invoice that is still open now is later than one that was just written.
        threshold: 0 to 1.
    """
    warned = []
    for invoice in open_invoices:
        found = forecast(model, invoice, history.features(invoice), as_of=as_of)
        if found.late >= threshold:
            warned.append(PaymentWarning(invoice, found, max((as_of - invoice.due).days, 0)))
    return sorted(warned, key=_weight, reverse=True)


def _weight(one: PaymentWarning) -> Decimal:
    return one.invoice.amount * (one.forecast.expected - one.invoice.due).days
