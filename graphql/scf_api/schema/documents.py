"""Trade documents: what came in, and the orders and invoices that were read from it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import strawberry

from scf_api import views
from scf_api.context import Info
from scf_api.repository import Row
from scf_api.schema.describe import output, resolved
from scf_api.schema.parties import Party, party
from scf_api.schema.relay import Node, global_id, one
from scf_api.schema.scalars import Hash, Money

if TYPE_CHECKING:
    from scf_api.schema.cases import Case


@output
class Finding:
    """Something that was found wrong with a document: a code, the place and what to do."""

    code: str
    message: str
    where: str | None
    hint: str | None


@output
class Document(Node):
    """A document as it came in, and what became of it."""

    key: strawberry.Private[object]
    kind: str = strawberry.field(description="order, despatch-advice, receipt-advice, invoice and so on.")
    state: str = strawberry.field(description="accepted, duplicate, conflict or quarantined.")
    filename: str
    number: str | None
    findings: list[Finding]
    content_hash: Hash
    imported_at: datetime
    entry_id: strawberry.ID
    refers_to_key: strawberry.Private[object]

    @classmethod
    def from_row(cls, row: Row) -> Document:
        """Build it from a row of `finance.document_view`."""
        return cls(
            id=global_id("Document", row["id"]),
            key=row["id"],
            kind=row["kind"],
            state=row["state"],
            filename=row["filename"],
            number=row["number"],
            findings=[
                Finding(
                    code=finding["code"],
                    message=finding["message"],
                    where=finding.get("where"),
                    hint=finding.get("hint"),
                )
                for finding in orjson.loads(row["findings"])
            ],
            content_hash=row["content_hash"],
            imported_at=row["imported_at"],
            entry_id=strawberry.ID(str(row["entry_id"])),
            refers_to_key=row["refers_to"],
        )

    @resolved
    async def refers_to(self, info: Info) -> Document | None:
        """The earlier document that this one repeats or contradicts."""
        return await one(info, views.DOCUMENT, self.refers_to_key, Document.from_row)

    @resolved
    async def invoice(self, info: Info) -> Invoice | None:
        """The invoice that was read from it."""
        return await one(info, views.INVOICE, self.key, Invoice.from_row, column="document_id")

    @resolved
    async def order(self, info: Info) -> Order | None:
        """The order that was read from it."""
        return await one(info, views.ORDER, self.key, Order.from_row, column="document_id")


@output
class Line:
    """One line of an order or an invoice; amounts are in the document's currency."""

    line: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal | None
    amount: Decimal | None

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> Line:
        """Build it from the `lines` of a view."""
        return cls(
            line=line["line"],
            description=line["description"],
            quantity=Decimal(line["quantity"]),
            unit=line["unit"],
            unit_price=_decimal(line["unitPrice"]),
            amount=_decimal(line["amount"]),
        )


@output
class MatchException:
    """Why order, receipt and invoice do not agree on a line."""

    code: str
    line: str | None
    message: str
    ordered: Decimal | None
    despatched: Decimal | None
    received: Decimal | None
    invoiced: Decimal | None
    order_price: Decimal | None
    invoice_price: Decimal | None

    @classmethod
    def from_json(cls, exception: dict[str, Any]) -> MatchException:
        """Build it from the `exceptions` of `finance.invoice_view`."""
        return cls(
            code=exception["code"],
            line=exception.get("line"),
            message=exception["message"],
            ordered=_decimal(exception.get("ordered")),
            despatched=_decimal(exception.get("despatched")),
            received=_decimal(exception.get("received")),
            invoiced=_decimal(exception.get("invoiced")),
            order_price=_decimal(exception.get("orderPrice")),
            invoice_price=_decimal(exception.get("invoicePrice")),
        )


@output
class Order(Node):
    """A purchase order."""

    key: strawberry.Private[object]
    number: str
    seller_key: strawberry.Private[object]
    buyer_key: strawberry.Private[object]
    seller_name: str
    buyer_name: str
    total: Money
    issue_date: date
    state: str

    @classmethod
    def from_row(cls, row: Row) -> Order:
        """Build it from a row of `finance.order_view`."""
        return cls(
            id=global_id("Order", row["id"]),
            key=row["id"],
            number=row["number"],
            seller_key=row["seller_id"],
            buyer_key=row["buyer_id"],
            seller_name=row["seller_name"],
            buyer_name=row["buyer_name"],
            total=Money.exactly(row["total"], row["currency"]),
            issue_date=row["issue_date"],
            state=row["state"],
        )

    @resolved
    async def seller(self, info: Info) -> Party | None:
        """The seller, for those who may see this party."""
        return await party(info, self.seller_key)

    @resolved
    async def buyer(self, info: Info) -> Party | None:
        """The buyer, for those who may see this party."""
        return await party(info, self.buyer_key)

    @resolved
    async def lines(self, info: Info) -> list[Line]:
        """The lines, in the document's order."""
        row = await info.context.detail(views.ORDER, self.key, "lines")
        return [Line.from_json(line) for line in orjson.loads(row["lines"])] if row else []


@output
class Invoice(Node):
    """An invoice whose document was accepted."""

    key: strawberry.Private[object]
    number: str
    seller_key: strawberry.Private[object]
    buyer_key: strawberry.Private[object]
    request_key: strawberry.Private[object]
    document_key: strawberry.Private[object]
    seller_name: str
    buyer_name: str
    total: Money
    eligible: Money | None = strawberry.field(description="What may be financed of it, once it is matched.")
    issue_date: date
    due_date: date
    state: str
    match_decision: str | None = strawberry.field(description="matched or exception, once it was matched.")
    order_number: str | None

    @classmethod
    def from_row(cls, row: Row) -> Invoice:
        """Build it from a row of `finance.invoice_view`."""
        return cls(
            id=global_id("Invoice", row["id"]),
            key=row["id"],
            number=row["number"],
            seller_key=row["seller_id"],
            buyer_key=row["buyer_id"],
            request_key=row["request_id"],
            document_key=row["document_id"],
            seller_name=row["seller_name"],
            buyer_name=row["buyer_name"],
            total=Money.exactly(row["total"], row["currency"]),
            eligible=Money.maybe(row["eligible"], row["currency"]),
            issue_date=row["issue_date"],
            due_date=row["due_date"],
            state=row["state"],
            match_decision=row["match_decision"],
            order_number=row["order_number"],
        )

    @resolved
    async def seller(self, info: Info) -> Party | None:
        """The seller, for those who may see this party."""
        return await party(info, self.seller_key)

    @resolved
    async def buyer(self, info: Info) -> Party | None:
        """The buyer, for those who may see this party."""
        return await party(info, self.buyer_key)

    @resolved
    async def lines(self, info: Info) -> list[Line]:
        """The lines, in the document's order."""
        row = await info.context.detail(views.INVOICE, self.key, "lines")
        return [Line.from_json(line) for line in orjson.loads(row["lines"])] if row else []

    @resolved
    async def exceptions(self, info: Info) -> list[MatchException]:
        """Where order, receipt and invoice do not agree."""
        row = await info.context.detail(views.INVOICE, self.key, "exceptions")
        return [MatchException.from_json(one) for one in orjson.loads(row["exceptions"])] if row else []

    @resolved
    async def document(self, info: Info) -> Document | None:
        """The document that it was read from."""
        return await one(info, views.DOCUMENT, self.document_key, Document.from_row)

    @resolved
    async def case(self, info: Info) -> Annotated[Case, strawberry.lazy("scf_api.schema.cases")] | None:
        """The case that finances it."""
        from scf_api.schema.cases import Case

        return await one(info, views.CASE, self.request_key, Case.from_row, column="request_id")


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
