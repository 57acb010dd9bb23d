"""What the finance tests share: a migrated database, a desk that works on it, and trade documents."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

import finance
import scoring
from core import random_id
from core.database import Database, Room, Transaction
from core.money import Money
from finance import ImportOutcome, PricingTerms
from finance.purchases import Asset

NewDatabase = Callable[[Sequence[Room]], Awaitable[str]]
DEMO = Path(__file__).parents[2] / "scf" / "demo_documents"
NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)
TERMS = {"advanceRate": "0.80", "discountRate": "0.06", "feeRate": "0.015"}


@pytest.fixture(scope="module")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    """A database with the tables of finance and scoring, and the shipped card approved."""
    rooms = [finance.ROOM, scoring.ROOM]
    opened = await Database.open(await new_database(rooms), rooms, pool_size=8)
    async with opened.transaction() as tx:
        await scoring.install_shipped_card(tx, approved_by="user:tests", at=NOW)
    yield opened
    await opened.close()


@dataclass(frozen=True)
class Desk:
    """Does to a database what the platform does, each step in a transaction of its own."""

    database: Database
    marks: itertools.count[int]

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[Transaction]:
        async with self.database.transaction() as tx:
            yield tx

    async def bring(self, content: bytes, entry_id: UUID | None = None) -> ImportOutcome:
        async with self.tx() as tx:
            return await finance.import_document(
                tx,
                content,
                filename="document.xml",
                imported_by="user:clerk",
                at=NOW,
                entry_id=entry_id or random_id(),
            )

    def trade(self, industry: str) -> Trade:
        """Return a chain of shipped documents whose parties and numbers are new to this database."""
        mark = next(self.marks)
        return Trade(self, DEMO / industry, f"{mark:04d}")

    async def request(self, invoice_ids: Sequence[UUID]) -> UUID:
        request_id = random_id()
        async with self.tx() as tx:
            await finance.submit_request(
                tx,
                request_id=request_id,
                invoice_ids=invoice_ids,
                requested_by="user:seller",
                at=NOW,
                entry_id=random_id(),
            )
        return request_id

    async def ready(self, invoice_ids: Sequence[UUID]) -> UUID:
        """Bring a request as far as the open offer, with its limits reserved."""
        request_id = await self.request(invoice_ids)
        async with self.tx() as tx:
            eligible = []
            for invoice_id in invoice_ids:
                await finance.check_invoice(
                    tx, invoice_id, request_id=request_id, at=NOW, entry_id=random_id()
                )
                matched = await finance.match_invoice(tx, invoice_id, at=NOW, entry_id=random_id())
                eligible.append(matched.eligible)
            await finance.propose_limits(tx, request_id, at=NOW, entry_id=random_id())
            await finance.activate_limits(
                tx,
                request_id,
                approved_by="user:officer",
                second_by="user:second",
                at=NOW,
                entry_id=random_id(),
            )
            amount = sum(eligible, start=Money.zero(eligible[0].currency))
            await finance.reserve_limits(tx, request_id, amount, at=NOW, entry_id=random_id())
            await finance.quote(tx, request_id, PricingTerms.from_json(TERMS), at=NOW)
        return request_id

    async def funded(self, invoice_ids: Sequence[UUID]) -> tuple[UUID, list[Asset]]:
        """Bring a request as far as the paid advance."""
        request_id = await self.ready(invoice_ids)
        async with self.tx() as tx:
            assets = await finance.purchase(tx, request_id, at=NOW, entry_id=random_id())
            order = await finance.instruct_payment(tx, request_id, at=NOW, entry_id=random_id())
            await finance.record_bank_entry(
                tx,
                reference=order.reference,
                amount=order.amount,
                value_date=NOW.date(),
                payer=None,
                direction="out",
                bank_ref=f"OUT-{order.id}",
                at=NOW,
                entry_id=random_id(),
            )
            await finance.confirm_payment(tx, order.id, at=NOW, entry_id=random_id())
        return request_id, assets


@dataclass(frozen=True)
class Trade:
    """One chain of documents. `mark` makes its companies and numbers its own."""

    desk: Desk
    folder: Path
    mark: str

    def read(self, name: str) -> bytes:
        """Return a document with this chain's company identifiers and names in place of the shipped ones."""
        text = (self.folder / name).read_text("utf-8")
        for identifier in ("DE9990001", "IT9990001", "NL9990001", "CZ999001"):
            text = text.replace(identifier, f"{identifier[:2]}{self.mark}{identifier[2:]}")
        for name_part in ("GmbH", "AG<", 'AG"', "S.r.l.", "B.V.", "s.r.o."):
            text = text.replace(name_part, f"{self.mark} {name_part}")
        return text.encode()

    async def bring_all(self) -> UUID:
        """Import the chain and the financials; return the invoice."""
        for name in ("order.xml", "despatch-advice.xml", "receipt-advice.xml"):
            assert (await self.desk.bring(self.read(name))).state == "accepted"
        for name in ("financials-seller.json", "financials-buyer.json"):
            assert (await self.desk.bring(self.read(name))).state == "accepted"
        return await self.bring_invoice()

    async def bring_invoice(self) -> UUID:
        outcome = await self.desk.bring(self.read("invoice.xml"))
        assert outcome.state == "accepted", outcome.findings
        return UUID(outcome.summary["objectId"])


@pytest.fixture(scope="module")
def desk(database: Database) -> Desk:
    """A desk on the module's database."""
    return Desk(database, itertools.count(1))
