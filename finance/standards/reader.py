"""Reads typed values out of an XML element and notes, with their place, those that are missing or wrong."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from core.money import MINOR_UNITS
from finance.standards.trade import Finding

NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
MAX_TEXT = 500
MAX_ID = 120

# An xsd:decimal of a size that money and quantities have; no exponent, so no number can grow when it is used.
_DECIMAL = re.compile(r"[+-]?(\d{1,15}(\.\d{0,10})?|\.\d{1,10})", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reader:
    """An element, its place in the document, and the list that findings go to."""

    element: etree._Element
    place: str
    findings: list[Finding]

    def each(self, path: str) -> Iterator[Reader]:
        """Return readers of the elements at `path` (`cac:A/cbc:B`), numbered when there are several."""
        found = self.element.findall(path, NAMESPACES)
        for number, element in enumerate(found, start=1):
            suffix = f"[{number}]" if len(found) > 1 else ""
            yield Reader(element, f"{self.place}/{path}{suffix}", self.findings)

    def first(self, *paths: str) -> Reader | None:
        """Return a reader of the first element found at one of the paths."""
        for path in paths:
            for found in self.each(path):
                return found
        return None

    def text(self, *paths: str, limit: int = MAX_TEXT) -> str | None:
        """Return the stripped text of the first element at one of the paths that has any."""
        for path in paths:
            for found in self.each(path):
                value = (found.element.text or "").strip()
                if len(value) > limit:
                    found.note(
                        "document.text_too_long",
                        f"The value has more than {limit} characters.",
                        "Shorten it.",
                    )
                elif value:
                    return value
        return None

    def identifier(self, *paths: str) -> str | None:
        """Return an identifier: short text."""
        return self.text(*paths, limit=MAX_ID)

    def required_id(self, path: str, what: str) -> str:
        """Return an identifier; note it as missing and return an empty one when there is none."""
        value = self.identifier(path)
        if value is None:
            self.missing(path, what)
        return value or ""

    def date(self, *paths: str) -> dt.date | None:
        """Return the first date at one of the paths; a time zone is left out, as business dates have none."""
        for path in paths:
            for found in self.each(path):
                value = (found.element.text or "").strip()
                match = _DATE.fullmatch(value)
                try:
                    day = dt.date.fromisoformat(match[1]) if match else None
                except ValueError:
                    day = None
                if day is None or not 1900 <= day.year <= 2200:
                    found.note(
                        "document.date_invalid",
                        f"{value[:40]!r} is not a date.",
                        "Write dates as YYYY-MM-DD.",
                    )
                else:
                    return day
        return None

    def required_date(self, path: str, what: str) -> dt.date:
        """Return a date; note it as missing (and return the earliest one) when there is none."""
        before = len(self.findings)
        day = self.date(path)
        if day is None and len(self.findings) == before:
            self.missing(path, what)
        return day or dt.date.min

    def decimal(self, path: str) -> Decimal | None:
        """Return the decimal number at a path, None when there is no such element or it is not a number."""
        found = self.first(path)
        return None if found is None else found.own_decimal()

    def own_decimal(self) -> Decimal | None:
        """Return this element's own text as a decimal number."""
        value = (self.element.text or "").strip()
        if not _DECIMAL.fullmatch(value):
            self.note(
                "document.number_invalid",
                f"{value[:40]!r} is not a decimal number of at most 15 digits.",
                "Write numbers like 1234.50, without exponent or thousands separators.",
            )
            return None
        return Decimal(value)

    def amount(self, path: str, currency: str) -> Decimal | None:
        """Return the amount at a path; an amount in another currency than the document's is noted."""
        found = self.first(path)
        return None if found is None else found.own_amount(currency)

    def own_amount(self, currency: str) -> Decimal | None:
        """Return this element's own text as an amount in the document's currency."""
        stated = self.element.get("currencyID", currency).strip()
        if stated != currency:
            self.note(
                "document.currency_mixed",
                f"The amount is in {stated[:10]!r}, the document in {currency!r}.",
                "Write all amounts of a document in its currency.",
            )
            return None
        return self.own_decimal()

    def required_amount(self, path: str, currency: str, what: str) -> Decimal:
        """Return an amount; note it as missing (and return zero) when there is none."""
        before = len(self.findings)
        amount = self.amount(path, currency)
        if amount is None and len(self.findings) == before:
            self.missing(path, what)
        return amount or Decimal(0)

    def currency(self, *total_paths: str) -> str:
        """Return the document's currency: as declared, else that of its total. Unknown ones are noted."""
        declared = self.first("cbc:DocumentCurrencyCode")
        code = self.identifier("cbc:DocumentCurrencyCode")
        place = declared
        if code is None:
            for path in total_paths:
                place = self.first(path)
                code = (place.element.get("currencyID") or "").strip() if place else None
                if code:
                    break
        if not code:
            self.missing("cbc:DocumentCurrencyCode", "the currency")
            return ""
        if code not in MINOR_UNITS and place is not None:
            place.note(
                "document.currency_unknown",
                f"{code[:10]!r} is not a currency that the platform books.",
                "Use an ISO 4217 code such as EUR, USD or CNY.",
            )
        return code

    def note(self, code: str, message: str, hint: str) -> None:
        """Note an error at this place."""
        self.findings.append(Finding(code, message, self.place, hint))

    def missing(self, path: str, what: str) -> None:
        """Note that an element is missing below this place."""
        self.findings.append(
            Finding(
                "document.element_missing",
                f"The document does not tell {what}.",
                f"{self.place}/{path}",
                f"Add {path} and send the document again.",
            )
        )
