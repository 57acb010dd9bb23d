"""How a party behaved in trade, from the platform's own events, as of a day.

Only what had happened by that day counts: an invoice that is settled later is still open, and one that is
open past its due date counts its days so far, so that not paying never looks better than paying late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from core.errors import InvalidInput
from scoring.snapshot import Observation

_YEAR: Final = timedelta(days=365)
_QUARTER: Final = timedelta(days=91)
_PLACES: Final = Decimal("0.0001")
_SOURCE: Final = "trade events"


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice that the party has to pay, in one currency for all."""

    number: str
    amount: Decimal
    issued_on: date
    due_on: date


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment of an invoice."""

    invoice: str
    amount: Decimal
    paid_on: date


@dataclass(frozen=True, slots=True)
class CreditNote:
    """What the seller takes off an invoice afterwards: returns, disputes, rebates."""

    invoice: str
    amount: Decimal
    issued_on: date


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The twelve months to `as_of`; a ratio without a denominator is None.

    `volume` is what was invoiced; `days_late` the mean days that invoices, settled in the year or open past
    due, were paid after their due date, early payment being 0; `late_share` the share of these that were
    late at all; `dilution_rate` credited over invoiced, of invoices of the year; `overdue_share` the open
    amount past due over all that is open; `volume_trend` the last quarter's volume over a quarter of the
    year's; `months_known` the whole months since the first invoice.
    """

    as_of: date
    invoices: int
    volume: Decimal
    days_late: Decimal | None
    late_share: Decimal | None
    dilution_rate: Decimal | None
    overdue_share: Decimal | None
    volume_trend: Decimal | None
    months_known: int

    def observations(self) -> tuple[Observation, ...]:
        """Return the figures under the names that cards use."""
        figures = {
            "days_late_12m": self.days_late,
            "late_share_12m": self.late_share,
            "dilution_rate": self.dilution_rate,
            "overdue_share": self.overdue_share,
            "volume_trend": self.volume_trend,
            "months_known": self.months_known,
        }
        return tuple(Observation(name, value, self.as_of, _SOURCE) for name, value in figures.items())


def behaviour(
    as_of: date,
    invoices: Sequence[Invoice],
    payments: Sequence[Payment],
    credit_notes: Sequence[CreditNote] = (),
) -> Behaviour:
    """Compute a party's behaviour as of a day; later events are ignored.

    Raises:
        InvalidInput: `scoring.invoice_twice` for two invoices of one number, `scoring.invoice_unknown` for a
            payment or credit note of no invoice, `scoring.amount_not_positive`.
    """
    _check(invoices, payments, credit_notes)
    known = [one for one in invoices if one.issued_on <= as_of]
    taken: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    credited: dict[str, Decimal] = defaultdict(Decimal)
    for paid in payments:
        if paid.paid_on <= as_of:
            taken[paid.invoice].append((paid.paid_on, paid.amount))
    for note in credit_notes:
        if note.issued_on <= as_of:
            taken[note.invoice].append((note.issued_on, note.amount))
            credited[note.invoice] += note.amount
    standings = [_standing(one, as_of, taken[one.number]) for one in known]
    year = [one for one in standings if one.invoice.issued_on > as_of - _YEAR]
    judged = [one for one in standings if one.late is not None]
    volume = sum((one.invoice.amount for one in year), Decimal(0))
    quarter = sum(
        (one.invoice.amount for one in year if one.invoice.issued_on > as_of - _QUARTER), Decimal(0)
    )
    open_ = sum((one.open for one in standings), Decimal(0))
    overdue = sum((one.open for one in standings if one.invoice.due_on < as_of), Decimal(0))
    late = [Decimal(one.late) for one in judged if one.late is not None]
    first = min((one.issued_on for one in known), default=as_of)
    return Behaviour(
        as_of=as_of,
        invoices=len(year),
        volume=volume,
        days_late=_ratio(sum(late, Decimal(0)), Decimal(len(late))),
        late_share=_ratio(Decimal(sum(days > 0 for days in late)), Decimal(len(late))),
        dilution_rate=_ratio(sum((credited[one.invoice.number] for one in year), Decimal(0)), volume),
        overdue_share=_ratio(overdue, open_),
        volume_trend=_ratio(4 * quarter, volume),
        months_known=(as_of.year - first.year) * 12 + as_of.month - first.month - (as_of.day < first.day),
    )


@dataclass(frozen=True, slots=True)
class _Standing:
    """An invoice as of a day; `late` is None where it is not yet due, or settled more than a year ago."""

    invoice: Invoice
    open: Decimal
    late: int | None


def _standing(invoice: Invoice, as_of: date, taken: Sequence[tuple[date, Decimal]]) -> _Standing:
    open_ = invoice.amount
    for on, amount in sorted(taken):
        open_ -= amount
        if open_ <= 0:
            late = max((on - invoice.due_on).days, 0) if on > as_of - _YEAR else None
            return _Standing(invoice, Decimal(0), late)
    return _Standing(invoice, open_, (as_of - invoice.due_on).days if as_of > invoice.due_on else None)


def _check(
    invoices: Sequence[Invoice], payments: Sequence[Payment], credit_notes: Sequence[CreditNote]
) -> None:
    numbers: set[str] = set()
    for invoice in invoices:
        if invoice.number in numbers:
            raise InvalidInput(
                "scoring.invoice_twice", f"Two invoices are {invoice.number}.", where=invoice.number
            )
        numbers.add(invoice.number)
    events: list[Payment | CreditNote] = [*payments, *credit_notes]
    for event in events:
        if event.invoice not in numbers:
            raise InvalidInput(
                "scoring.invoice_unknown",
                f"{type(event).__name__} of {event.amount} names no invoice that is here.",
                where=event.invoice,
                hint="Give every invoice of the party, the settled ones too.",
            )
    amounts = [(one.number, one.amount) for one in invoices]
    amounts += [(event.invoice, event.amount) for event in events]
    for number, amount in amounts:
        if not amount.is_finite() or amount <= 0:
            raise InvalidInput(
                "scoring.amount_not_positive", f"An amount of {number} is {amount}.", where=number
            )


def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    return (part / whole).quantize(_PLACES) if whole else None
