"""Who may bring which document: the side that issues it, or somebody whom the platform trusts with both.

The match sets the seller's word against the buyer's. It proves nothing when one side can bring both, so an
order or a receipt never comes from the seller, and an invoice never from the buyer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from core.errors import Forbidden

# `company` brings the figures of itself; `other` is what the platform keeps without reading it.
Side = Literal["seller", "buyer", "company", "other"]

_ISSUED_BY: Mapping[str, Side] = {
    "order": "buyer",
    "receipt-advice": "buyer",
    "remittance-advice": "buyer",
    "despatch-advice": "seller",
    "invoice": "seller",
    "credit-note": "seller",
    "financial-statement": "company",
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who brings a document: for which sides, and for which company alone (None: for any)."""

    sides: frozenset[Side]
    party_id: UUID | None = None

    def require_right(self, kind: str, seller_id: UUID | None, buyer_id: UUID | None) -> None:
        """Refuse a document that is not this sender's to bring.

        A document that could not be read has no parties (both None): it is kept for its finding, and nothing
        rests on it.

        Raises:
            Forbidden: `document.not_yours`.
        """
        side = _ISSUED_BY.get(kind, "other")
        # A statement has one company, which stands where a trade document has its seller.
        issuer = buyer_id if side == "buyer" else seller_id
        own = self.party_id is None or self.party_id == issuer or (seller_id is None and buyer_id is None)
        if side not in self.sides or not own:
            raise Forbidden(
                "document.not_yours",
                f"This {kind} is not yours to import.",
                where="document",
                hint="A document comes from the side that issues it: orders and receipts from the buyer, "
                "invoices and despatch advices from the seller, figures from their company.",
            )
