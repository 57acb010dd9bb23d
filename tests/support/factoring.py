"""A factoring case as its people live it: every step is a command, as a front end would send it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import ledger
import scoring
from core import Database, SystemClock
from scoring.service.client import opened
from support.cases import Platform
from workflows import Actor
from workflows.effects.platform import platform_effects
from workflows.worker import WorkerSettings, deploy_shipped, rooms

DEMO = Path(__file__).parents[2] / "scf" / "demo_documents"
OPERATIONS = Actor("oona", frozenset({"operations"}))
TREASURY = Actor("tess", frozenset({"treasury"}))
OFFICER = Actor("olivia", frozenset({"credit_officer"}))
SECOND_OFFICER = Actor("oscar", frozenset({"credit_officer_2"}))
COLLECTIONS = Actor("cole", frozenset({"collections"}))
DOCUMENTS = ("order.xml", "despatch-advice.xml", "receipt-advice.xml", "invoice.xml")
NUMBERS = ("4500081932", "DDT-2026-118", "GR-556120", "MV/2026/00318")  # of the retail documents
FINANCIALS = ("financials-seller.json", "financials-buyer.json")


@dataclass(frozen=True)
class Trade:
    """One seller's invoice on one buyer, imported, with the people who act for both."""

    platform: Platform
    invoice_id: UUID
    number: str
    amount: str
    currency: str
    seller: Actor
    buyer: Actor
    buyer_name: str

    async def request(self, *others: Trade) -> UUID:
        """Offer the invoice, and those of other trades with it; return the case."""
        invoice_ids = [str(trade.invoice_id) for trade in (self, *others)]
        result = await self.platform.perform(
            "request.submit", {"invoice_ids": invoice_ids}, actor=self.seller
        )
        return UUID(result["case_id"])

    async def approve(self, case_id: UUID) -> None:
        """Verify where it is asked, approve, and approve a second time where it is asked."""
        platform = self.platform
        element = await platform.first_of(case_id, "VerifyWithBuyer", "ApproveFinancing")
        if element == "VerifyWithBuyer":
            await platform.complete(case_id, "VerifyWithBuyer", self.buyer, decision="confirmed")
        await platform.complete(case_id, "ApproveFinancing", OFFICER, decision="approve")
        if await platform.first_of(case_id, "SecondApproval", "AcceptOffer") == "SecondApproval":
            await platform.complete(case_id, "SecondApproval", SECOND_OFFICER, decision="approve")

    async def fund(self, case_id: UUID) -> None:
        """Accept the offer, and let the bank pay the advance."""
        await self.platform.complete(case_id, "AcceptOffer", self.seller, decision="accept")
        await self.platform.case_at(case_id, "PaymentConfirmed")
        (order,) = await self.platform.rows(
            "SELECT p.* FROM finance.payment_order_view p JOIN workflows.case_view c USING (request_id)"
            " WHERE c.id = $1",
            case_id,
        )
        await self.platform.perform(
            "payment.record",
            {
                "reference": order["reference"],
                "amount": str(order["amount"]),
                "currency": order["currency"],
                "value_date": "2026-01-26",
                "bank_ref": f"OUT-{order['id']}",
                "direction": "out",
            },
            actor=TREASURY,
        )

    async def pay(self, value_date: str = "2026-03-23") -> dict[str, Any]:
        """Let the buyer pay the invoice; return what became of the bank entry."""
        return dict(
            await self.platform.perform(
                "payment.record",
                {
                    "reference": f"Invoice {self.number}",
                    "amount": self.amount,
                    "currency": self.currency,
                    "value_date": value_date,
                    "bank_ref": f"IN-{self.invoice_id}",
                    "payer": "the buyer",
                },
                actor=TREASURY,
            )
        )


@asynccontextmanager
async def shipped_platform(settings: WorkerSettings) -> AsyncIterator[Platform]:
    """Open a platform with the shipped products and the shipped card; no worker runs yet."""
    database = await Database.open(settings.database_url, rooms(), pool_size=settings.pool_size)
    try:
        keys = ledger.load_or_create_keys(settings.key_folder)
        recorder = ledger.Recorder(keys.signing_key, keys.vault_key, settings.origin)
        clock = SystemClock()
        async with opened(settings.scoring) as service:
            effects = platform_effects(service)
            await deploy_shipped(database, recorder, effects, clock)
            async with database.transaction() as tx:
                await scoring.install_shipped_card(tx, approved_by="user:tests", at=clock.now())
            yield Platform(database, settings, effects)
    finally:
        await database.close()


async def import_document(platform: Platform, name: str, content: bytes) -> dict[str, Any]:
    """Import a document; return what became of it."""
    return dict(
        await platform.perform(
            "document.import",
            {"content_b64": base64.b64encode(content).decode(), "filename": name},
            actor=OPERATIONS,
        )
    )


async def bring_trade(
    platform: Platform, industry: str, mark: str, *, series: str = "", **replaced: str
) -> Trade:
    """Import a chain of the shipped documents, with companies of its own.

    Args:
        platform: where to.
        industry: the folder of shipped documents.
        mark: makes the companies those of this test.
        series: makes the documents' numbers those of another trade between the same companies.
        replaced: document (`invoice`) → "old|new": what to change in it.
    """
    folder = DEMO / industry
    for name in DOCUMENTS if series else (*FINANCIALS, *DOCUMENTS):
        text = _marked((folder / name).read_text("utf-8"), mark)
        for number in NUMBERS:
            text = text.replace(number, f"{number}{series}")
        if change := replaced.get(name.partition(".")[0].replace("-", "_")):
            old, _, new = change.partition("|")
            assert old in text
            text = text.replace(old, new)
        imported = await import_document(platform, name, text.encode())
        assert imported["state"] == "accepted", imported
    (invoice,) = await platform.rows(
        "SELECT * FROM finance.invoice_view WHERE id = $1::text::uuid", imported["summary"]["objectId"]
    )
    return Trade(
        platform,
        invoice["id"],
        invoice["number"],
        str(invoice["total"]),
        invoice["currency"],
        Actor(f"sam-{mark}", frozenset({"seller_maker"}), invoice["seller_id"]),
        Actor(f"bea-{mark}", frozenset({"buyer_checker"}), invoice["buyer_id"]),
        invoice["buyer_name"],
    )


def marked_documents(target: Path, industry: str, mark: str) -> Path:
    """Write a chain of the shipped documents into a folder, with companies of its own; return the folder."""
    for name in (*FINANCIALS, *DOCUMENTS):
        (target / name).write_text(_marked((DEMO / industry / name).read_text("utf-8"), mark), "utf-8")
    return target


def marked_content(industry: str, name: str, mark: str) -> str:
    """Return one of the shipped documents, with companies of its own, as base64."""
    return base64.b64encode(_marked((DEMO / industry / name).read_text("utf-8"), mark).encode()).decode()


def _marked(text: str, mark: str) -> str:
    for identifier in ("DE9990001", "IT9990001", "NL9990001", "CZ999001"):
        text = text.replace(identifier, f"{identifier[:2]}{mark}{identifier[2:]}")
    for name in ("GmbH", "AG<", 'AG"', "S.r.l.", "B.V.", "s.r.o."):
        text = text.replace(name, f"{mark} {name}")
    return text
