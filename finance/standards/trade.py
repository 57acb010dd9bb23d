"""What a trade document says, whatever its syntax: frozen records that parsers give and services store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a document: an `error` quarantines it, a `warning` is told and kept."""

    code: str
    message: str
    where: str
    hint: str
    severity: Literal["error", "warning"] = "error"

    def as_json(self) -> dict[str, str | None]:
        """Return the JSON form that is stored and shown."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "hint": self.hint,
            "severity": self.severity,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, str | None]) -> Finding:
        """Read the JSON form."""
        code, message, where, hint = (stored[name] or "" for name in ("code", "message", "where", "hint"))
        return cls(code, message, where, hint, "warning" if stored["severity"] == "warning" else "error")


@dataclass(frozen=True, slots=True)
class TradeParty:
    """A company as a document names it. `identifiers` are `scheme:id`, the strongest first."""

    name: str
    identifiers: tuple[str, ...]
    country: str | None


@dataclass(frozen=True, slots=True)
class TradeLine:
    """A line of an order or invoice.

    `unit_price` is per unit of quantity (the stated price over its base quantity); `amount` is net,
    `adjustment` what the line's own charges less allowances add to quantity times price; `items` are the
    item's identifiers as `scheme:id`; `order_number` and `order_line` are what an invoice line refers to.
    """

    line_id: str
    items: tuple[str, ...]
    description: str
    unit: str
    quantity: Decimal
    unit_price: Decimal | None
    amount: Decimal | None
    adjustment: Decimal = Decimal(0)
    order_number: str | None = None
    order_line: str | None = None


@dataclass(frozen=True, slots=True)
class DespatchedLine:
    """A line of a despatch advice."""

    line_id: str
    items: tuple[str, ...]
    unit: str
    delivered: Decimal
    order_number: str | None
    order_line: str | None


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """A line of a receipt advice. What was rejected is part of what was received."""

    line_id: str
    items: tuple[str, ...]
    unit: str
    received: Decimal
    short: Decimal
    rejected: Decimal
    order_number: str | None
    order_line: str | None
    despatch_line: str | None

    @property
    def accepted(self) -> Decimal:
        """What came in and was kept."""
        return max(self.received - self.rejected, Decimal(0))


@dataclass(frozen=True, slots=True)
class TradeOrder:
    """A purchase order; `charges` are those of the document as a whole, freight for example."""

    number: str
    issue_date: date
    seller: TradeParty
    buyer: TradeParty
    currency: str
    total: Decimal
    charges: Decimal
    lines: tuple[TradeLine, ...]


@dataclass(frozen=True, slots=True)
class TradeDespatch:
    """A despatch advice."""

    number: str
    issue_date: date
    seller: TradeParty
    buyer: TradeParty
    lines: tuple[DespatchedLine, ...]


@dataclass(frozen=True, slots=True)
class TradeReceipt:
    """A receipt advice."""

    number: str
    issue_date: date
    seller: TradeParty
    buyer: TradeParty
    despatch_number: str | None
    lines: tuple[ReceivedLine, ...]


@dataclass(frozen=True, slots=True)
class TradeInvoice:
    """An invoice.

    `charges` are those of the document as a whole, `exclusive` the total without tax, `inclusive` with tax,
    and `payable` what is to be paid on the due date.
    """

    number: str
    issue_date: date
    due_date: date
    type_code: str | None
    seller: TradeParty
    buyer: TradeParty
    currency: str
    charges: Decimal
    exclusive: Decimal
    inclusive: Decimal
    payable: Decimal
    order_number: str | None
    lines: tuple[TradeLine, ...]


@dataclass(frozen=True, slots=True)
class TradeCreditNote:
    """A credit note; `payable` is positive and lowers the invoice that it names."""

    number: str
    issue_date: date
    seller: TradeParty
    buyer: TradeParty
    currency: str
    payable: Decimal
    invoice_number: str | None


@dataclass(frozen=True, slots=True)
class TradeRemittance:
    """A remittance advice: what the buyer says it pays."""

    number: str
    issue_date: date
    seller: TradeParty
    buyer: TradeParty
    currency: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class PartyFinancials:
    """A company's figures at a period's end (`scf-financials/1`): the feature inputs of the scorecard."""

    party: TradeParty
    sector: str
    period_end: date
    published_on: date | None
    currency: str
    synthetic: bool
    figures: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class OtherDocument:
    """A recognised document that the platform keeps but does not use."""

    number: str | None


Content = (
    TradeOrder
    | TradeDespatch
    | TradeReceipt
    | TradeInvoice
    | TradeCreditNote
    | TradeRemittance
    | PartyFinancials
    | OtherDocument
)


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What was read: the kind, the digest of its content, and the content unless an error finding stands."""

    kind: str
    digest: str
    number: str | None
    content: Content | None
    findings: tuple[Finding, ...]

    @property
    def quarantined(self) -> bool:
        """Whether an error forbids its use."""
        return self.content is None or any(finding.severity == "error" for finding in self.findings)
