"""What of an invoice will not be paid though nobody defaults: credits, returns, disputes upheld.

A customer's dilution rate is its own as far as its volume speaks for it, and that of all customers else:

    rate = Z · own rate + (1 − Z) · common rate,   Z = w / (w + v/a)

with w the customer's invoiced amount, v the variance within and a between customers, estimated without
bias: Bühlmann and Straub, Glaubwürdigkeit für Schadensätze, Bulletin ASA 70 (1970). A row counts from the
day it was settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from core.errors import InvalidInput

_PLACES: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class DilutionRow:
    """A settled invoice: its amount, and what of it was credited instead of paid."""

    customer: str
    settled: date
    amount: Decimal
    credited: Decimal


@dataclass(frozen=True, slots=True)
class Dilution:
    """What was learned: the common rate, v/a (None: customers do not differ), and each customer's sums."""

    common: Decimal
    ratio: Decimal | None
    invoiced: Mapping[str, Decimal]
    credited: Mapping[str, Decimal]


def learn_dilution(rows: Iterable[DilutionRow], *, as_of: date) -> Dilution:
    """Learn from what was settled before a day.

    Raises:
        InvalidInput: `payments.dilution_invalid` when a credit is negative or above its invoice, or an
        amount is not
            above 0; `payments.no_history` when nothing was settled before.
    """
    by_customer: dict[str, list[DilutionRow]] = {}
    for number, row in enumerate(rows, start=1):
        if not (row.amount > 0 and 0 <= row.credited <= row.amount):
            raise InvalidInput(
                "payments.dilution_invalid",
                f"Row {number} credits {row.credited} of {row.amount}.",
                where=f"row {number}",
                hint="A credit lies between 0 and the invoice, an invoice above 0.",
            )
        if row.settled < as_of:
            by_customer.setdefault(row.customer, []).append(row)
    if not by_customer:
        raise InvalidInput("payments.no_history", f"Nothing was settled before {as_of}.", where="the data")
    invoiced = {name: sum((row.amount for row in ones), Decimal(0)) for name, ones in by_customer.items()}
    credited = {name: sum((row.credited for row in ones), Decimal(0)) for name, ones in by_customer.items()}
    common = sum(credited.values(), Decimal(0)) / sum(invoiced.values(), Decimal(0))
    return Dilution(common, _ratio(by_customer, invoiced, credited, common), invoiced, credited)


def expected_dilution(learned: Dilution, customer: str) -> Decimal:
    """Return the share of a customer's next invoice that will be credited, 0 to 1, to six places."""
    own = learned.invoiced.get(customer)
    if own is None or learned.ratio is None:
        return learned.common.quantize(_PLACES)
    credibility = own / (own + learned.ratio)
    rate = credibility * learned.credited[customer] / own + (1 - credibility) * learned.common
    return rate.quantize(_PLACES)


def _ratio(
    by_customer: Mapping[str, list[DilutionRow]],
    invoiced: Mapping[str, Decimal],
    credited: Mapping[str, Decimal],
    common: Decimal,
) -> Decimal | None:
    """Return v/a; None where the customers differ by no more than chance, or none has two invoices."""
    total = sum(invoiced.values(), Decimal(0))
    degrees = sum(len(ones) - 1 for ones in by_customer.values())
    spread = total - sum((weight**2 for weight in invoiced.values()), Decimal(0)) / total
    if not degrees or not spread:
        return None
    rates = {name: credited[name] / invoiced[name] for name in invoiced}
    within = (
        sum(
            (
                row.amount * (row.credited / row.amount - rates[name]) ** 2
                for name, ones in by_customer.items()
                for row in ones
            ),
            Decimal(0),
        )
        / degrees
    )
    apart = sum((invoiced[name] * (rates[name] - common) ** 2 for name in invoiced), Decimal(0))
    between = (apart - (len(invoiced) - 1) * within) / spread
    return within / between if between > 0 else None
