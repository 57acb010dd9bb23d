"""What a customer's payments tell on the day an invoice is written: only what was settled before that day.

The means are drawn towards those of all customers, as if each customer had `PRIOR_INVOICES` average
invoices more, so that one payment does not speak for a customer (credibility; Bühlmann 1967).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Final

FEATURES: Final = ("late_odds", "mean_delay", "mean_days_late", "log_amount")
PRIOR_INVOICES: Final = 2
# Before anything is known, two invoices of five are late, and all are paid on the due date on average.
_PRIOR_LATE, _PRIOR_COUNT = 2, 5


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice whose payment is awaited. Nothing that is known only afterwards has a place here."""

    customer: str
    issued: date
    due: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class SettledInvoice(OpenInvoice):
    """An invoice that was paid on `settled`."""

    settled: date

    @property
    def delay(self) -> int:
        """Days from the due date to the payment; negative when it was paid early."""
        return (self.settled - self.due).days


class PaymentHistory:
    """All payments by the day on which they came to be known."""

    def __init__(self, settled: Iterable[SettledInvoice]) -> None:
        everything = sorted(settled, key=lambda one: one.settled)
        self._all = _Payments(everything)
        grouped: dict[str, list[SettledInvoice]] = {}
        for one in everything:
            grouped.setdefault(one.customer, []).append(one)
        self._of = {customer: _Payments(ones) for customer, ones in grouped.items()}

    def features(self, invoice: OpenInvoice) -> dict[str, float]:
        """Return an invoice's features as of the day it was issued, from what was settled before that day.

        `late_odds` is the log odds of being late, `mean_delay` the mean delay in days, `mean_days_late`
        the mean of the delay where above 0, `log_amount` ln(1 + amount).
        """
        every = self._all.before(invoice.issued)
        share = (every.late + _PRIOR_LATE) / (every.count + _PRIOR_COUNT)
        delay, days_late = (
            (every.delay / every.count, every.days_late / every.count) if every.count else (0, 0)
        )
        own = self._of[invoice.customer].before(invoice.issued) if invoice.customer in self._of else _Sums()
        count = own.count + PRIOR_INVOICES
        late = (own.late + PRIOR_INVOICES * share) / count
        return {
            "late_odds": math.log(late / (1 - late)),
            "mean_delay": (own.delay + PRIOR_INVOICES * delay) / count,
            "mean_days_late": (own.days_late + PRIOR_INVOICES * days_late) / count,
            "log_amount": math.log1p(max(float(invoice.amount), 0.0)),
        }

    def last_days_late(self, invoice: OpenInvoice) -> int | None:
        """Return how late the customer's newest payment before the issue was; None without one."""
        own = self._of.get(invoice.customer)
        return None if own is None else own.last_days_late(invoice.issued)


@dataclass(frozen=True, slots=True)
class _Sums:
    count: int = 0
    late: int = 0
    delay: int = 0
    days_late: int = 0


class _Payments:
    """Payments in order of settlement, with running sums."""

    def __init__(self, ordered: list[SettledInvoice]) -> None:
        self._days = [one.settled for one in ordered]
        self._delays = [one.delay for one in ordered]
        self._late = [0, *accumulate(delay > 0 for delay in self._delays)]
        self._delay = [0, *accumulate(self._delays)]
        self._days_late = [0, *accumulate(max(delay, 0) for delay in self._delays)]

    def before(self, day: date) -> _Sums:
        count = bisect_left(self._days, day)
        return _Sums(count, self._late[count], self._delay[count], self._days_late[count])

    def last_days_late(self, day: date) -> int | None:
        count = bisect_left(self._days, day)
        return max(self._delays[count - 1], 0) if count else None
