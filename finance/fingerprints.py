"""Fingerprints of invoices: keyed hashes that tell equal invoices without telling what is in them.

- exact: seller, buyer, number (letters and digits only), issue date, currency and gross amount are the same.
- fuzzy: seller, buyer, currency and gross amount are the same, and the number differs by at most one
  edit or the issue date by a few days.

The third strength, the digest of a document's content, is `finance.standards.xml.content_digest`.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from core.money import Money

if TYPE_CHECKING:
    from finance.models import Invoice

NEAR_DAYS = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes an invoice the one it is."""

    seller_id: UUID
    buyer_id: UUID
    number: str
    issue_date: date
    currency: str
    gross: Decimal

    @property
    def _amount(self) -> str:
        return str(Money(self.gross, self.currency).in_minor_units())


def identity_of(invoice: Invoice) -> Identity:
    """Return what makes a stored invoice the one it is."""
    return Identity(
        seller_id=invoice.seller_id,
        buyer_id=invoice.buyer_id,
        number=invoice.number,
        issue_date=invoice.issue_date,
        currency=invoice.currency,
        gross=invoice.total,
    )


def number_key(number: str) -> str:
    """Return a document number as it is compared: `a 0009-5678/x` and `A00095678X` are one number."""
    return "".join(character for character in number.upper() if character.isalnum())


def exact(key: bytes, invoice: Identity) -> str:
    """Return the exact fingerprint (HMAC-SHA256, hex)."""
    return _hmac(
        key,
        "exact",
        invoice.seller_id,
        invoice.buyer_id,
        number_key(invoice.number),
        invoice.issue_date.isoformat(),
        invoice.currency,
        invoice._amount,
    )


def fuzzy(key: bytes, invoice: Identity) -> str:
    """Return the fingerprint of parties, currency and amount, under which look-alikes are looked for."""
    return _hmac(key, "fuzzy", invoice.seller_id, invoice.buyer_id, invoice.currency, invoice._amount)


def blind(key: bytes, seller: str, invoice: Identity) -> str:
    """Return the fingerprint by which platforms that share the key compare (HMAC-SHA256, hex).

    The platforms' own ids mean nothing to others: `seller` is an identifier of the seller as documents give
    it (`scheme:id`). A seller gives a number once, so that the buyer need not be told.
    """
    return _hmac(
        key,
        "scf-register/1",
        seller,
        number_key(invoice.number),
        invoice.issue_date.isoformat(),
        invoice.currency,
        invoice._amount,
    )


def look_alike(one: Identity, other: Identity) -> bool:
    """Tell whether two invoices of one fuzzy fingerprint are so near that a person must look."""
    near_in_time = abs(one.issue_date - other.issue_date) <= NEAR_DAYS
    return near_in_time or within_one_edit(number_key(one.number), number_key(other.number))


def within_one_edit(one: str, other: str) -> bool:
    """Tell whether at most one character is changed, added or left out between two texts."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    rest = start + 1 if len(one) == len(other) else start
    return one[rest:] == other[start + 1 :]


def _hmac(key: bytes, *parts: object) -> str:
    return hmac.digest(key, "\x1f".join(str(part) for part in parts).encode(), "sha256").hex()
