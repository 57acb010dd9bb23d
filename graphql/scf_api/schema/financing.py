"""Financing: requests, purchased receivables, payments and the journals that book them."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import orjson
import strawberry

from scf_api import views
from scf_api.context import Info
from scf_api.repository import Row
from scf_api.schema.describe import enum, output, resolved
from scf_api.schema.documents import Invoice
from scf_api.schema.parties import Party, party
from scf_api.schema.relay import Node, global_id, one
from scf_api.schema.scalars import Money


@output
class Asset(Node):
    """A receivable that was purchased."""

    invoice_key: strawberry.Private[object]
    seller_key: strawberry.Private[object]
    buyer_key: strawberry.Private[object]
    invoice_number: str
    face: Money
    eligible: Money
    advance: Money
    reserve: Money
    discount: Money
    fee: Money
    state: str
    due_date: date
    purchased_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Asset:
        """Build it from a row of `finance.asset_view`."""
        amounts = {
            name: Money.exactly(row[name], row["currency"])
            for name in ("face", "eligible", "advance", "reserve", "discount", "fee")
        }
        return cls(
            id=global_id("Asset", row["id"]),
            invoice_key=row["invoice_id"],
            seller_key=row["seller_id"],
            buyer_key=row["buyer_id"],
            invoice_number=row["invoice_number"],
            state=row["state"],
            due_date=row["due_date"],
            purchased_at=row["purchased_at"],
            **amounts,
        )

    @resolved
    async def invoice(self, info: Info) -> Invoice | None:
        """The invoice behind it."""
        return await one(info, views.INVOICE, self.invoice_key, Invoice.from_row)

    @resolved
    async def seller(self, info: Info) -> Party | None:
        """The seller, for those who may see this party."""
        return await party(info, self.seller_key)

    @resolved
    async def buyer(self, info: Info) -> Party | None:
        """The buyer, for those who may see this party."""
        return await party(info, self.buyer_key)


@output
class FinancingRequest(Node):
    """A seller's request to have invoices on one buyer financed."""

    seller_name: str
    buyer_name: str
    face: Money
    state: str
    requested_at: datetime
    invoice_keys: strawberry.Private[list[object]]

    @classmethod
    def from_row(cls, row: Row) -> FinancingRequest:
        """Build it from a row of `finance.request_view`."""
        return cls(
            id=global_id("FinancingRequest", row["id"]),
            seller_name=row["seller_name"],
            buyer_name=row["buyer_name"],
            face=Money.exactly(row["face"], row["currency"]),
            state=row["state"],
            requested_at=row["requested_at"],
            invoice_keys=[UUID(key) for key in orjson.loads(row["invoices"] or "[]")],
        )

    @resolved
    async def invoices(self, info: Info) -> list[Invoice]:
        """The invoices that are to be financed."""
        rows = await asyncio.gather(*(info.context.one(views.INVOICE, key) for key in self.invoice_keys))
        return [Invoice.from_row(row) for row in rows if row]


@enum
class Side(Enum):
    """The side of a posting."""

    DEBIT = "Dr"
    CREDIT = "Cr"


@output
class Posting:
    """An amount on an account."""

    account: str
    name: str
    side: Side
    amount: Money


@output
class Journal(Node):
    """A balanced journal; `entryId` is the ledger entry of the command that booked it."""

    event: str
    booked_at: datetime
    entry_id: strawberry.ID
    postings: list[Posting]

    @classmethod
    def from_row(cls, row: Row) -> Journal:
        """Build it from a row of `finance.journal_view`."""
        return cls(
            id=global_id("Journal", row["id"]),
            event=row["event"],
            booked_at=row["booked_at"],
            entry_id=strawberry.ID(str(row["entry_id"])),
            postings=[
                Posting(
                    account=posting["account"],
                    name=posting["name"],
                    side=Side(posting["side"]),
                    amount=Money.exactly(Decimal(posting["amount"]), row["currency"]),
                )
                for posting in orjson.loads(row["postings"])
            ],
        )


@output
class PaymentOrder(Node):
    """A payment that the platform instructs a bank to make."""

    purpose: str
    payee_name: str
    reference: str = strawberry.field(description="What the bank's confirmation quotes.")
    amount: Money
    state: str
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> PaymentOrder:
        """Build it from a row of `finance.payment_order_view`."""
        return cls(
            id=global_id("PaymentOrder", row["id"]),
            purpose=row["purpose"],
            payee_name=row["payee_name"],
            reference=row["reference"],
            amount=Money.exactly(row["amount"], row["currency"]),
            state=row["state"],
            created_at=row["created_at"],
        )


@output
class BankEntry(Node):
    """A movement on the platform's bank account, and what it was matched with."""

    bank_ref: str
    direction: str
    reference: str
    payer: str | None
    amount: Money
    value_date: date
    state: str
    recorded_at: datetime
    asset_key: strawberry.Private[object]
    payment_order_key: strawberry.Private[object]

    @classmethod
    def from_row(cls, row: Row) -> BankEntry:
        """Build it from a row of `finance.bank_entry_view`."""
        return cls(
            id=global_id("BankEntry", row["id"]),
            bank_ref=row["bank_ref"],
            direction=row["direction"],
            reference=row["reference"],
            payer=row["payer"],
            amount=Money.exactly(row["amount"], row["currency"]),
            value_date=row["value_date"],
            state=row["state"],
            recorded_at=row["recorded_at"],
            asset_key=row["asset_id"],
            payment_order_key=row["payment_order_id"],
        )

    @resolved
    async def asset(self, info: Info) -> Asset | None:
        """The receivable that it pays."""
        return await one(info, views.ASSET, self.asset_key, Asset.from_row)

    @resolved
    async def payment_order(self, info: Info) -> PaymentOrder | None:
        """The payment order that it confirms."""
        return await one(info, views.PAYMENT_ORDER, self.payment_order_key, PaymentOrder.from_row)
