"""Two sellers and two buyers with their documents, cases, limits and books, written as rows.

The tests of the API's reads are about who sees which rows and in which pages; how the rows come about is
tested in the rooms that write them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from core import Database, derived_id

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
HASH = "ab" * 32


def key(*parts: object) -> UUID:
    """Return the id of a row of this world."""
    return derived_id("world", *parts)


@dataclass(frozen=True)
class Trade:
    """One seller, its buyer, and the seller's case."""

    seller: str
    buyer: str

    @property
    def seller_id(self) -> UUID:
        return key("party", self.seller)

    @property
    def buyer_id(self) -> UUID:
        return key("party", self.buyer)

    def id(self, *parts: object) -> UUID:
        """Return the id of something of this trade."""
        return key(self.seller, *parts)


_numbers = itertools.count()
_NEUTRAL: dict[str, Any] = {
    "bool": False,
    "int4": 0,
    "int8": 0,
    "numeric": Decimal(0),
    "date": date(2026, 11, 2),
    "timestamptz": NOON,
    "jsonb": {},
    "bytea": b"",
    "_text": [],
}

ALPHA = Trade("Alpha Mills", "Gamma Stores")
BETA = Trade("Beta Foods", "Delta Retail")
INVOICES = 5
STEPS = 12


async def build(database: Database) -> None:
    """Write the world."""
    async with database.transaction() as tx:
        # Only what the views show matters here: references to rows that no view shows are not followed.
        await tx.sql.execute("SET LOCAL session_replication_role = replica")
        await _definition(tx.sql)
        for trade in (ALPHA, BETA):
            await _parties(tx.sql, trade)
            await _documents(tx.sql, trade)
            await _case(tx.sql, trade)
            await _books(tx.sql, trade)


async def insert(sql: asyncpg.Connection[asyncpg.Record], table: str, **values: Any) -> None:
    """Write one row. Tuples and objects become JSON; columns that no view shows get a neutral value."""
    filled = {**await _neutral(sql, table), **values}
    columns = ", ".join(f'"{name}"' for name in filled)
    places = ", ".join(f"${number}" for number in range(1, len(filled) + 1))
    plain = [orjson.dumps(v).decode() if isinstance(v, dict | tuple) else v for v in filled.values()]
    await sql.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", *plain)  # noqa: S608


async def _neutral(sql: asyncpg.Connection[asyncpg.Record], table: str) -> dict[str, Any]:
    rows = await sql.fetch(
        """
        SELECT column_name, udt_name FROM information_schema.columns
        WHERE table_schema || '.' || table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL
              AND is_identity = 'NO'
        """,
        table,
    )
    return {row["column_name"]: _neutral_value(row["udt_name"]) for row in rows}


def _neutral_value(type_name: str) -> Any:
    """Return a value of a type; texts and ids differ each time, as some of them must."""
    if type_name in ("text", "varchar"):
        return f"any-{next(_numbers)}"
    return key("any", next(_numbers)) if type_name == "uuid" else _NEUTRAL[type_name]


async def _definition(sql: asyncpg.Connection[asyncpg.Record]) -> None:
    await insert(
        sql,
        "workflows.definition",
        id=key("definition"),
        key="factoring",
        version=1,
        hash=HASH,
        name="Factoring",
        sources={"factoring.bpmn": "<definitions/>"},
        forms={"verify": {"components": []}},
        state="deployed",
        deployed_at=NOON,
    )


async def _parties(sql: asyncpg.Connection[asyncpg.Record], trade: Trade) -> None:
    for name in (trade.seller, trade.buyer):
        await insert(
            sql,
            "finance.legal_entity",
            id=key("party", name),
            identifier=f"0088:{name}",
            name=name,
            country="GB",
            sector="retail",
            state="ACTIVE",
            created_at=NOON,
        )


async def _documents(sql: asyncpg.Connection[asyncpg.Record], trade: Trade) -> None:
    sides = {"seller_id": trade.seller_id, "buyer_id": trade.buyer_id}
    await insert(
        sql,
        "finance.financing_request",
        id=trade.id("request"),
        currency="EUR",
        face=Decimal(500),
        state="SUBMITTED",
        case_id=trade.id("case"),
        requested_at=NOON,
        entry_id=trade.id("entry", 1),
        **sides,
    )
    for number in range(INVOICES):
        document_id = trade.id("document", number)
        await insert(
            sql,
            "finance.document",
            id=document_id,
            kind="invoice",
            state="accepted",
            filename=f"invoice-{number}.xml",
            number=f"I-{number}",
            content_hash=HASH,
            findings=({"code": "x.y", "message": "odd", "where": None, "hint": None},),
            imported_at=NOON + timedelta(minutes=number),
            entry_id=trade.id("entry", "document", number),
            **sides,
        )
        await insert(
            sql,
            "finance.invoice",
            id=trade.id("invoice", number),
            document_id=document_id,
            number=f"I-{number}",
            currency="EUR",
            total=Decimal(100),
            issue_date=date(2026, 10, 1) + timedelta(days=number // 2),
            due_date=date(2026, 12, 1),
            state="VALID",
            match_decision="exception" if number == 0 else "matched",
            eligible=Decimal("99.5"),
            order_number="O-1",
            request_id=trade.id("request"),
            **sides,
        )
        await insert(
            sql,
            "finance.invoice_line",
            id=trade.id("line", number),
            invoice_id=trade.id("invoice", number),
            position=1,
            line_id="1",
            description="Cloth",
            unit="MTR",
            quantity=Decimal(10),
            unit_price=Decimal(10),
            amount=Decimal(100),
        )
        await insert(
            sql,
            "finance.request_item",
            id=trade.id("item", number),
            request_id=trade.id("request"),
            invoice_id=trade.id("invoice", number),
            position=number,
        )
    await insert(
        sql,
        "finance.order_",
        id=trade.id("order"),
        document_id=trade.id("document", 0),
        number="O-1",
        currency="EUR",
        total=Decimal(500),
        issue_date=date(2026, 9, 1),
        state="ACCEPTED",
        **sides,
    )


async def _case(sql: asyncpg.Connection[asyncpg.Record], trade: Trade) -> None:
    case_id = trade.id("case")
    await insert(
        sql,
        "workflows.case_",
        id=case_id,
        definition_id=key("definition"),
        product="factoring",
        business_key=str(trade.id("request")),
        state="waiting",
        root=HASH,
        seq=1,
        request_id=trade.id("request"),
        seller_id=trade.seller_id,
        buyer_id=trade.buyer_id,
        started_at=NOON,
        business_now=NOON,
        active_elements=("approve", "accept"),
        incidents=1,
    )
    for number in range(1, STEPS + 1):
        await insert(
            sql,
            "workflows.step",
            id=int.from_bytes(trade.id("step", number).bytes[:7]),
            case_id=case_id,
            seq=number,
            element=f"element-{number}",
            element_name=f"Element {number}",
            element_type="serviceTask",
            kind="element.completed",
            actor="system:worker",
            at=NOON,
            entry_id=trade.id("entry", 1),
            data={"internal": "grade B"},
        )
    for element, group in (
        ("approve", "credit_officer"),
        ("accept", "seller_maker"),
        ("verify", "buyer_checker"),
    ):
        await insert(
            sql,
            "workflows.task",
            id=trade.id("task", element),
            case_id=case_id,
            element=element,
            name=element.title(),
            state="open",
            form_id="verify",
            candidate_groups=[group],
            candidate_users=[],
            variables={"face": "500.00"},
            created_at=NOON,
        )
    await insert(
        sql,
        "workflows.incident",
        id=trade.id("incident"),
        case_id=case_id,
        element="check",
        code="effect.failed",
        message="It failed.",
        state="open",
        raised_at=NOON,
    )
    for stream, entry_id in (
        (str(case_id), trade.id("entry", 1)),
        (f"command:{trade.id('import')}", trade.id("entry", "document", 0)),
    ):
        body = {
            "kind": "case.start",
            "actor": "user:someone",
            "occurred_at": NOON.isoformat(),
            "key_id": "key-1",
            "entry_id": str(entry_id),
        }
        await insert(
            sql,
            "ledger.outbox",
            entry_id=entry_id,
            stream=stream,
            seq=1,
            body=orjson.dumps(body),
            signature=b"\x01" * 64,
        )


async def _books(sql: asyncpg.Connection[asyncpg.Record], trade: Trade) -> None:
    await insert(
        sql,
        "scoring.run",
        id=trade.id("score"),
        party_id=trade.seller_id,
        card_id=HASH,
        points=612,
        pd=Decimal("0.0123"),
        grade="B",
        reasons=({"feature": "sector", "bin": "retail", "points": 12, "lost": 3, "message": "Retail."},),
        inputs_hash=HASH,
        at=NOON,
        entry_id=trade.id("entry", 1),
        synthetic=True,
    )
    await insert(
        sql,
        "finance.limit_",
        id=trade.id("limit"),
        scope="SELLER",
        seller_id=trade.seller_id,
        currency="EUR",
        amount=Decimal(1000),
        reserved=Decimal(100),
        utilised=Decimal(200),
        state="ACTIVE",
        binding_cap="need",
        score_run_id=trade.id("score"),
    )
    await insert(
        sql,
        "finance.limit_proposal",
        id=trade.id("proposal"),
        request_id=trade.id("request"),
        scope="BUYER",
        buyer_id=trade.buyer_id,
        currency="EUR",
        amount=Decimal(2000),
        binding_cap="policy",
        caps={},
        state="PROPOSED",
        review_on=date(2027, 5, 2),
        needs_second_person=True,
        raises=({"input": "grade", "now": "D", "needed": "C", "amount": "2500", "bindingCap": "need"},),
        entry_id=trade.id("entry", 1),
    )
    journal_id = trade.id("journal")
    await insert(
        sql,
        "finance.journal",
        id=journal_id,
        entry_id=trade.id("entry", 1),
        request_id=trade.id("request"),
        event="purchase",
        booked_at=NOON,
        currency="EUR",
        object_id=trade.id("request"),
    )
    for position, (account, side) in enumerate((("1200", "Dr"), ("2110", "Cr"))):
        await insert(
            sql,
            "finance.posting",
            id=trade.id("posting", position),
            journal_id=journal_id,
            position=position,
            account=account,
            side=side,
            amount=Decimal("500.00"),
        )
