"""Do the totals of an invoice add up? The rules are EN 16931-1 (BR-CO-10 to BR-CO-17) and Peppol R120.

A difference of one minor unit of the currency is rounding, not an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from core.money import minor_units
from finance.standards.trade import Finding

# Cash rounding goes to 5 units at most (Hungarian forint); the highest VAT in force is 27 % (Hungary).
_MOST_ROUNDING = Decimal(5)
_MOST_TAX = Decimal("0.40")


@dataclass(frozen=True, slots=True)
class LineSums:
    """A line's net amount and what it is made of; price None when the line states none."""

    place: str
    quantity: Decimal
    unit_price: Decimal | None
    allowances: Decimal
    charges: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TaxSums:
    """One tax subtotal; percent None when the document states none."""

    place: str
    taxable: Decimal
    percent: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class InvoiceSums:
    """Every sum that an invoice or credit note states; None is what it does not state."""

    place: str
    currency: str
    lines: tuple[LineSums, ...]
    line_total: Decimal | None
    allowances: tuple[Decimal, ...]
    charges: tuple[Decimal, ...]
    allowance_total: Decimal | None
    charge_total: Decimal | None
    tax_exclusive: Decimal | None
    tax: Decimal
    tax_place: str
    tax_subtotals: tuple[TaxSums, ...]
    tax_inclusive: Decimal | None
    prepaid: Decimal
    rounding: Decimal
    payable: Decimal

    @property
    def exclusive(self) -> Decimal:
        """The total without tax, as the lines, allowances and charges give it."""
        lines = sum((line.amount for line in self.lines), Decimal(0))
        return lines - sum(self.allowances, Decimal(0)) + sum(self.charges, Decimal(0))

    @property
    def inclusive(self) -> Decimal:
        """The total with tax."""
        return self.exclusive + self.tax


def check(sums: InvoiceSums) -> list[Finding]:
    """Return a finding for every stated sum that is not the sum of its parts."""
    tolerance = Decimal(1).scaleb(-minor_units(sums.currency))
    findings: list[Finding] = []

    def compare(
        code: str,
        what: str,
        place: str,
        stated: Decimal | None,
        computed: Decimal,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        if stated is not None and abs(stated - computed) > tolerance:
            findings.append(
                Finding(
                    code,
                    f"{what} is {stated}, but its parts give {computed.normalize():f}.",
                    place,
                    "Ask the seller for a corrected invoice.",
                    severity,
                )
            )

    for line in sums.lines:
        if line.unit_price is not None:
            # The norm states no rule for a line (its own examples break it), so this is a warning; the match
            # makes an exception of it and never finances more than quantity times price.
            compare(
                "invoice.line_total_wrong",
                "The line's net amount",
                line.place,
                line.amount,
                line.quantity * line.unit_price - line.allowances + line.charges,
                "warning",
            )
    totals = f"{sums.place}/cac:LegalMonetaryTotal/cbc:"
    line_total = sum((line.amount for line in sums.lines), Decimal(0))
    allowances, charges = sum(sums.allowances, Decimal(0)), sum(sums.charges, Decimal(0))
    compare(
        "invoice.lines_sum_wrong",
        "The sum of line amounts",
        totals + "LineExtensionAmount",
        sums.line_total,
        line_total,
    )
    compare(
        "invoice.allowances_sum_wrong",
        "The sum of allowances",
        totals + "AllowanceTotalAmount",
        sums.allowance_total,
        allowances,
    )
    compare(
        "invoice.charges_sum_wrong",
        "The sum of charges",
        totals + "ChargeTotalAmount",
        sums.charge_total,
        charges,
    )
    compare(
        "invoice.tax_exclusive_wrong",
        "The total without tax",
        totals + "TaxExclusiveAmount",
        sums.tax_exclusive,
        sums.exclusive,
    )
    for subtotal in sums.tax_subtotals:
        if subtotal.percent is not None:
            compare(
                "invoice.tax_wrong",
                "The tax amount",
                subtotal.place,
                subtotal.amount,
                subtotal.taxable * subtotal.percent / 100,
            )
    if sums.tax_subtotals:
        subtotals = sum((subtotal.amount for subtotal in sums.tax_subtotals), Decimal(0))
        compare("invoice.tax_sum_wrong", "The total of tax", sums.tax_place, sums.tax, subtotals)
    compare(
        "invoice.tax_inclusive_wrong",
        "The total with tax",
        totals + "TaxInclusiveAmount",
        sums.tax_inclusive,
        sums.inclusive,
    )
    compare(
        "invoice.payable_wrong",
        "The payable amount",
        totals + "PayableAmount",
        sums.payable,
        sums.inclusive - sums.prepaid + sums.rounding,
    )
    return findings + _implausible(sums, totals)


def _implausible(sums: InvoiceSums, totals: str) -> list[Finding]:
    """Return a finding for what adds up, but only because an amount is there that cannot be meant."""
    rules = (
        (
            "invoice.rounding_implausible",
            abs(sums.rounding) > _MOST_ROUNDING,
            f"{sums.rounding} is no rounding.",
            totals + "PayableRoundingAmount",
        ),
        (
            "invoice.prepaid_negative",
            sums.prepaid < 0,
            "A prepaid amount below zero would raise what is payable.",
            totals + "PrepaidAmount",
        ),
        (
            "invoice.tax_implausible",
            abs(sums.tax) > abs(sums.exclusive) * _MOST_TAX,
            f"A tax of {sums.tax} on {sums.exclusive} is above every rate of value added tax.",
            sums.tax_place,
        ),
    )
    return [
        Finding(code, message, place, "Ask the seller for a corrected invoice.")
        for code, wrong, message, place in rules
        if wrong
    ]
