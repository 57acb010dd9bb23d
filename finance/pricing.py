"""What financing an invoice costs: day counts, discount, fee, reserve, and the accrual of the discount.

Amounts are rounded half-up to the currency's minor unit. Conventions are terms of the programme, never of the
code. Sources: ISDA 2006 Definitions, section 4.16 (day counts); QuantLib's `daycounters` tests and Oracle's
early payment discount examples (golden checks in the tests).
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from core.errors import Conflict, InvalidInput
from core.money import Money

_Choice = TypeVar("_Choice", bound=StrEnum)


class DayCount(StrEnum):
    """How days are counted into years."""

    ACT_360 = "ACT/360"
    ACT_365F = "ACT/365F"
    ACT_ACT_ISDA = "ACT/ACT ISDA"
    THIRTY_360 = "30/360"
    THIRTY_E_360 = "30E/360"
    THIRTY_E_360_ISDA = "30E/360 ISDA"


class Method(StrEnum):
    """How a discount is taken: a straight share of the amount, or so that the price yields the rate."""

    STRAIGHT = "STRAIGHT"
    YIELD = "YIELD"


@dataclass(frozen=True, slots=True)
class PricingTerms:
    """The terms of an offer. Rates are annual fractions (0.06 is 6 %), `fee_rate` is a fraction of the face.

    `late_rate` is what the advance costs per year after the due date; `collection_days` are added to the due
    date for the time that a payment takes.
    """

    advance_rate: Decimal
    discount_rate: Decimal
    fee_rate: Decimal
    late_rate: Decimal
    day_count: DayCount = DayCount.ACT_360
    method: Method = Method.STRAIGHT
    collection_days: int = 0

    def __post_init__(self) -> None:
        """Refuse terms that cannot be meant.

        Raises:
            InvalidInput: `pricing.terms_invalid`.
        """
        if not 0 < self.advance_rate <= 1:
            raise _terms_invalid("advanceRate", self.advance_rate, "above 0 and at most 1")
        for name, rate in (
            ("discountRate", self.discount_rate),
            ("feeRate", self.fee_rate),
            ("lateRate", self.late_rate),
        ):
            if not 0 <= rate < 1:
                raise _terms_invalid(name, rate, "at least 0 and below 1")
        if not 0 <= self.collection_days <= 30:
            raise _terms_invalid("collectionDays", self.collection_days, "0 to 30")

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> PricingTerms:
        """Read terms as a decision table gives them.

        advanceRate, discountRate and feeRate are needed; lateRate (else the discount rate), dayCount, method
        and collectionDays may be left out.

        Raises:
            InvalidInput: `pricing.terms_invalid`.
        """
        discount_rate = _rate(values, "discountRate")
        return cls(
            advance_rate=_rate(values, "advanceRate"),
            discount_rate=discount_rate,
            fee_rate=_rate(values, "feeRate"),
            late_rate=discount_rate if values.get("lateRate") is None else _rate(values, "lateRate"),
            day_count=_choice(DayCount, values.get("dayCount") or DayCount.ACT_360, "dayCount"),
            method=_choice(Method, values.get("method") or Method.STRAIGHT, "method"),
            collection_days=int(_rate(values, "collectionDays")) if values.get("collectionDays") else 0,
        )

    def as_json(self) -> dict[str, str]:
        """Return the JSON form, in which terms are stored with what was priced by them."""
        return {
            "advanceRate": f"{self.advance_rate:f}",
            "discountRate": f"{self.discount_rate:f}",
            "feeRate": f"{self.fee_rate:f}",
            "lateRate": f"{self.late_rate:f}",
            "dayCount": self.day_count.value,
            "method": self.method.value,
            "collectionDays": str(self.collection_days),
        }


@dataclass(frozen=True, slots=True)
class Price:
    """What one invoice is bought for. advance + reserve = face; payable = advance − discount − fee."""

    value_date: date
    due_date: date
    face: Money
    eligible: Money
    advance: Money
    reserve: Money
    discount: Money
    fee: Money

    @property
    def payable(self) -> Money:
        """What the seller is paid at once."""
        return self.advance - self.discount - self.fee


def price(face: Money, eligible: Money, terms: PricingTerms, *, value_date: date, due_date: date) -> Price:
    """Price the purchase of an invoice of which `eligible` may be financed.

    The whole invoice is assigned, so that what is not financed is reserve too: it covers what the buyer will
    not pay for. The discount runs on the advance from the value date (excluded) to the due date plus
    collection days.

    Raises:
        Conflict: `pricing.tenor_not_positive` when the invoice is due already, `pricing.nothing_eligible`,
            `pricing.charges_exceed_advance`.
    """
    if eligible.amount <= 0:
        raise Conflict("pricing.nothing_eligible", "Nothing of the invoice can be financed.")
    if due_date <= value_date:
        raise Conflict(
            "pricing.tenor_not_positive",
            f"The invoice is due on {due_date}; it cannot be financed on {value_date}.",
            hint="Finance invoices before they are due.",
        )
    advance = (eligible * terms.advance_rate).rounded()
    last_day = due_date + timedelta(days=terms.collection_days)
    discount = discount_of(advance, terms, value_date, last_day)
    priced = Price(
        value_date=value_date,
        due_date=due_date,
        face=face,
        eligible=eligible,
        advance=advance,
        reserve=face - advance,
        discount=discount,
        fee=(face * terms.fee_rate).rounded(),
    )
    if priced.payable.amount <= 0:
        raise Conflict(
            "pricing.charges_exceed_advance",
            f"Discount and fee ({priced.discount + priced.fee}) leave nothing of the advance ({advance}).",
            hint="Change the pricing, or leave the invoice out.",
        )
    return priced


def discount_of(amount: Money, terms: PricingTerms, start: date, end: date) -> Money:
    """Return the discount on an amount between two dates: F·r·t, or F − F/(1 + r·t) to yield the rate."""
    growth = terms.discount_rate * year_fraction(start, end, terms.day_count)
    if terms.method is Method.STRAIGHT:
        return (amount * growth).rounded()
    return (amount - amount * (1 / (1 + growth))).rounded()


def accrued(discount: Money, start: date, end: date, upto: date) -> Money:
    """Return how much of a discount is earned at the end of `upto`: linear, rounded as a running total.

    Booking the difference to what was accrued before makes the days add up to the discount exactly.
    """
    days = (end - start).days
    elapsed = min(max((upto - start).days, 0), days)
    return discount if elapsed == days else (discount * (Decimal(elapsed) / days)).rounded()


def late_charge(advance: Money, terms: PricingTerms, due_date: date, upto: date) -> Money:
    """Return what an advance has cost from the end of its term to `upto`: nothing while it is not late."""
    last_day = due_date + timedelta(days=terms.collection_days)
    if upto <= last_day:
        return Money.zero(advance.currency)
    return (advance * (terms.late_rate * year_fraction(last_day, upto, terms.day_count))).rounded()


def year_fraction(start: date, end: date, convention: DayCount) -> Decimal:
    """Return the time between two dates in years, by a day count convention."""
    if convention is DayCount.ACT_ACT_ISDA:
        return _act_act_isda(start, end)
    basis = Decimal(365) if convention is DayCount.ACT_365F else Decimal(360)
    return days_between(start, end, convention) / basis


def days_between(start: date, end: date, convention: DayCount) -> int:
    """Return the number of days between two dates as a convention counts them."""
    count = _THIRTY_DAYS.get(convention)
    if count is None:
        return (end - start).days
    first, last = count(start, end)
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first


def _bond_basis(start: date, end: date) -> tuple[int, int]:
    first = min(start.day, 30)
    return first, 30 if end.day == 31 and first == 30 else end.day


def _eurobond(start: date, end: date) -> tuple[int, int]:
    return min(start.day, 30), min(end.day, 30)


def _eurobond_isda(start: date, end: date) -> tuple[int, int]:
    """Month ends are the 30th, in February too; the end date is taken not to be the termination date."""
    return 30 if _month_end(start) else start.day, 30 if _month_end(end) else end.day


_THIRTY_DAYS: dict[DayCount, Callable[[date, date], tuple[int, int]]] = {
    DayCount.THIRTY_360: _bond_basis,
    DayCount.THIRTY_E_360: _eurobond,
    DayCount.THIRTY_E_360_ISDA: _eurobond_isda,
}


def _act_act_isda(start: date, end: date) -> Decimal:
    """Days in leap years over 366 plus days in other years over 365."""
    fraction = Decimal(0)
    day = start
    while day < end:
        next_day = min(end, date(day.year + 1, 1, 1))
        fraction += Decimal((next_day - day).days) / (366 if isleap(day.year) else 365)
        day = next_day
    return fraction


def _month_end(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _rate(values: Mapping[str, object], name: str) -> Decimal:
    value = values.get(name)
    try:
        if isinstance(value, Decimal | int | str) and not isinstance(value, bool):
            rate = Decimal(value)
            if rate.is_finite():
                return rate
    except InvalidOperation:
        pass
    raise _terms_invalid(name, value, "a decimal number")


def _choice(kind: type[_Choice], value: object, name: str) -> _Choice:
    try:
        return kind(str(value))
    except ValueError:
        raise _terms_invalid(name, value, f"one of {', '.join(kind)}") from None


def _terms_invalid(name: str, value: object, rule: str) -> InvalidInput:
    return InvalidInput(
        "pricing.terms_invalid",
        f"{name} must be {rule} and is {value!r}.",
        where=name,
        hint="Correct the pricing decision table.",
    )
