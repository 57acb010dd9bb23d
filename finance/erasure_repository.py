"""The SQL of erasures: which rows a request or a company has, and what is taken out of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

Row = asyncpg.Record


@dataclass(slots=True)
class Rows:
    """The ids of what is to be erased, by table."""

    invoices: set[UUID] = field(default_factory=set)
    orders: set[UUID] = field(default_factory=set)
    despatches: set[UUID] = field(default_factory=set)
    receipts: set[UUID] = field(default_factory=set)
    credit_notes: set[UUID] = field(default_factory=set)
    statements: set[UUID] = field(default_factory=set)
    documents: set[UUID] = field(default_factory=set)
    bank_entries: set[UUID] = field(default_factory=set)
    notices: set[UUID] = field(default_factory=set)


async def unsettled(sql: Connection, request_ids: Collection[UUID]) -> int:
    """Return how many receivables of requests are not done with."""
    number: int = await sql.fetchval(
        "SELECT count(*) FROM finance.asset WHERE request_id = ANY($1::uuid[])"
        " AND state NOT IN ('SETTLED', 'RECOURSE_DEMANDED')",
        list(request_ids),
    )
    return number


async def invoices_of(sql: Connection, request_ids: Collection[UUID]) -> set[UUID]:
    """Return the invoices of requests that no other request has now."""
    rows = await sql.fetch(
        """
        SELECT i.id FROM finance.invoice i
         WHERE i.id IN (SELECT t.invoice_id FROM finance.request_item t WHERE t.request_id = ANY($1::uuid[]))
           AND (i.request_id IS NULL OR i.request_id = ANY($1::uuid[]))
        """,
        list(request_ids),
    )
    return {row["id"] for row in rows}


async def order_numbers_of(sql: Connection, invoices: Collection[UUID]) -> list[Row]:
    """Return (seller_id, buyer_id, key, number) of the orders that invoices name."""
    return await sql.fetch(
        """
        SELECT i.seller_id, i.buyer_id, NULL AS key, i.order_number AS number FROM finance.invoice i
         WHERE i.id = ANY($1::uuid[]) AND i.order_number IS NOT NULL
        UNION
        SELECT i.seller_id, i.buyer_id, l.order_key, NULL
          FROM finance.invoice_line l JOIN finance.invoice i ON i.id = l.invoice_id
         WHERE i.id = ANY($1::uuid[]) AND l.order_key IS NOT NULL
        UNION
        SELECT o.seller_id, o.buyer_id, o.number_key, NULL
          FROM finance.match_allocation m
          JOIN finance.order_line l ON l.id = m.order_line_id
          JOIN finance.order_ o ON o.id = l.order_id
         WHERE m.invoice_id = ANY($1::uuid[])
        """,
        list(invoices),
    )


async def other_invoices_of(sql: Connection, sellers: Collection[UUID], but: Collection[UUID]) -> set[UUID]:
    """Return the invoices of sellers besides some."""
    rows = await sql.fetch(
        "SELECT id FROM finance.invoice WHERE seller_id = ANY($1::uuid[]) AND id <> ALL($2::uuid[])",
        list(sellers),
        list(but),
    )
    return {row["id"] for row in rows}


async def of_orders(sql: Connection, rows: Rows, keys: Collection[tuple[UUID, UUID, str]]) -> None:
    """Add orders of these sellers, buyers and numbers, and the deliveries that name no other order."""
    columns = [list(column) for column in zip(*keys, strict=True)] if keys else [[], [], []]
    wanted = "unnest($1::uuid[], $2::uuid[], $3::text[]) AS wanted (seller_id, buyer_id, key)"
    rows.orders |= await _ids(
        sql,
        f"""
        SELECT o.id FROM finance.order_ o
          JOIN {wanted} ON (o.seller_id, o.buyer_id, o.number_key) = (wanted.seller_id, wanted.buyer_id, key)
        """,  # noqa: S608 - constant
        *columns,
    )
    for name, into in (("despatch", rows.despatches), ("receipt", rows.receipts)):
        into |= await _ids(
            sql,
            f"""
            SELECT r.id FROM finance.{name} r
             WHERE EXISTS (SELECT FROM finance.{name}_line l JOIN {wanted} ON l.order_key = key
                            WHERE l.{name}_id = r.id
                              AND (r.seller_id, r.buyer_id) = (wanted.seller_id, wanted.buyer_id))
               AND NOT EXISTS (SELECT FROM finance.{name}_line l
                                WHERE l.{name}_id = r.id AND l.order_key IS NOT NULL
                                  AND (r.seller_id, r.buyer_id, l.order_key) NOT IN (SELECT * FROM {wanted}))
            """,  # noqa: S608 - constant names
            *columns,
        )
    # What was taken in may name the despatch alone.
    rows.receipts |= await _ids(
        sql,
        """
        SELECT r.id FROM finance.receipt r
          JOIN finance.despatch d ON (d.seller_id, d.number_key) = (r.seller_id, r.despatch_key)
         WHERE d.id = ANY($1::uuid[])
           AND NOT EXISTS (SELECT FROM finance.receipt_line l
                            WHERE l.receipt_id = r.id AND l.order_key IS NOT NULL)
        """,
        list(rows.despatches),
    )


async def of_invoices(sql: Connection, rows: Rows) -> None:
    """Add the credit notes of the invoices, and the bank entries and notices of their receivables."""
    rows.credit_notes |= await _ids(
        sql,
        "SELECT c.id FROM finance.credit_note c JOIN finance.invoice i"
        " ON (c.seller_id, c.invoice_key) = (i.seller_id, i.number_key) WHERE i.id = ANY($1::uuid[])",
        list(rows.invoices),
    )
    assets = "SELECT a.id FROM finance.asset a WHERE a.invoice_id = ANY($1::uuid[])"
    rows.bank_entries |= await _ids(
        sql,
        f"""
        SELECT b.id FROM finance.bank_entry b WHERE b.asset_id IN ({assets})
            OR b.payment_order_id IN (SELECT p.id FROM finance.payment_order p WHERE p.asset_id IN ({assets}))
        """,  # noqa: S608 - constant
        list(rows.invoices),
    )


async def of_requests(sql: Connection, rows: Rows, request_ids: Collection[UUID]) -> None:
    """Add the bank entries and notices of requests."""
    rows.bank_entries |= await _ids(
        sql,
        "SELECT b.id FROM finance.bank_entry b JOIN finance.payment_order p ON p.id = b.payment_order_id"
        " WHERE p.request_id = ANY($1::uuid[])",
        list(request_ids),
    )
    rows.notices |= await _ids(
        sql, "SELECT id FROM finance.notice WHERE request_id = ANY($1::uuid[])", list(request_ids)
    )


async def of_party(sql: Connection, rows: Rows, party_id: UUID) -> None:
    """Add what a company has sold, sent and told about itself."""
    for table, into in (
        ("invoice", rows.invoices),
        ("order_", rows.orders),
        ("despatch", rows.despatches),
        ("receipt", rows.receipts),
        ("credit_note", rows.credit_notes),
        ("document", rows.documents),
    ):
        into |= await _ids(
            sql,
            f"SELECT id FROM finance.{table} WHERE seller_id = $1",  # noqa: S608 - constant names
            party_id,
        )
    rows.statements |= await _ids(
        sql, "SELECT id FROM finance.financial_statement WHERE party_id = $1", party_id
    )
    rows.notices |= await _ids(sql, "SELECT id FROM finance.notice WHERE party_id = $1", party_id)


async def documents_of(sql: Connection, rows: Rows) -> None:
    """Add the documents that the rows came from, and those that repeat or contradict one of them."""
    for table, ids in (
        ("invoice", rows.invoices),
        ("order_", rows.orders),
        ("despatch", rows.despatches),
        ("receipt", rows.receipts),
        ("credit_note", rows.credit_notes),
        ("financial_statement", rows.statements),
    ):
        rows.documents |= await _ids(
            sql,
            f"SELECT document_id AS id FROM finance.{table} WHERE id = ANY($1::uuid[])",  # noqa: S608 - constant
            list(ids),
        )
    rows.documents |= await _ids(
        sql, "SELECT id FROM finance.document WHERE refers_to = ANY($1::uuid[])", list(rows.documents)
    )


async def entries_of(sql: Connection, rows: Rows, request_ids: Collection[UUID]) -> list[UUID]:
    """Return the ledger entries under which documents and bank entries came in, and requests were made."""
    found = await sql.fetch(
        """
        SELECT entry_id FROM finance.document WHERE id = ANY($1::uuid[])
        UNION SELECT entry_id FROM finance.bank_entry WHERE id = ANY($2::uuid[])
        UNION SELECT entry_id FROM finance.financing_request WHERE id = ANY($3::uuid[])
        """,
        list(rows.documents),
        list(rows.bank_entries),
        list(request_ids),
    )
    return [row["entry_id"] for row in found]


async def requests_of(sql: Connection, party_id: UUID) -> set[UUID]:
    """Return the requests that a company has made."""
    return await _ids(sql, "SELECT id FROM finance.financing_request WHERE seller_id = $1", party_id)


# What each table loses. Amounts, dates, states and ids stay: the books and the duplicate check rest on them.
_CUTS: tuple[tuple[str, str], ...] = (
    (
        "documents",
        "UPDATE finance.document SET filename = 'erased', number = NULL, content = '', findings = '[]',"
        " content_hash = 'erased:' || id, digest = 'erased:' || id, summary = '{}'",
    ),
    ("orders", "UPDATE finance.order_ SET number = 'erased', number_key = 'erased:' || id"),
    (
        "despatches",
        "UPDATE finance.despatch SET number = 'erased', number_key = 'erased:' || id",
    ),
    (
        "receipts",
        "UPDATE finance.receipt SET number = 'erased', number_key = 'erased:' || id, despatch_key = NULL",
    ),
    (
        "invoices",
        "UPDATE finance.invoice SET number = 'erased', number_key = 'erased:' || id, order_number = NULL",
    ),
    (
        "credit_notes",
        "UPDATE finance.credit_note SET number = 'erased', number_key = 'erased:' || id, invoice_key = NULL",
    ),
    ("statements", "UPDATE finance.financial_statement SET figures = '{}'"),
    ("bank_entries", "UPDATE finance.bank_entry SET reference = 'erased', payer = NULL"),
    ("notices", "UPDATE finance.notice SET text = 'erased', content = '{}'"),
)
_LINE_CUTS: tuple[tuple[str, str, str], ...] = (
    ("orders", "order_id", "UPDATE finance.order_line SET line_id = '', items = '[]', description = ''"),
    (
        "despatches",
        "despatch_id",
        "UPDATE finance.despatch_line SET line_id = '', items = '[]', order_key = NULL, order_line = NULL",
    ),
    (
        "receipts",
        "receipt_id",
        "UPDATE finance.receipt_line SET line_id = '', items = '[]', order_key = NULL, order_line = NULL,"
        " despatch_line = NULL",
    ),
    (
        "invoices",
        "invoice_id",
        "UPDATE finance.invoice_line SET line_id = '', items = '[]', description = '', order_key = NULL,"
        " order_line = NULL",
    ),
    ("invoices", "invoice_id", "UPDATE finance.match_result SET exceptions = '[]', release_reason = NULL"),
)


async def cut(sql: Connection, rows: Rows) -> None:
    """Take texts and contents out of the rows."""
    for name, parent, statement in _LINE_CUTS:
        await sql.execute(f"{statement} WHERE {parent} = ANY($1::uuid[])", list(getattr(rows, name)))
    for name, statement in _CUTS:
        await sql.execute(f"{statement} WHERE id = ANY($1::uuid[])", list(getattr(rows, name)))


async def cut_party(sql: Connection, party_id: UUID) -> bool:
    """Take what names a company out of its row; False when there is no such company."""
    found = await sql.fetchval(
        """
        UPDATE finance.legal_entity
           SET name = 'erased', name_key = 'erased:' || id, identifier = 'erased:' || id, country = NULL,
               sector = 'other'
         WHERE id = $1 RETURNING true
        """,
        party_id,
    )
    await sql.execute("DELETE FROM finance.party_identifier WHERE party_id = $1", party_id)
    return bool(found)


async def _ids(sql: Connection, query: str, *arguments: object) -> set[UUID]:
    return {row["id"] for row in await sql.fetch(query, *arguments)}
