"""The SQL of what is known of two companies at a moment: one statement for each kind of record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, cast
from uuid import UUID

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

Row = asyncpg.Record


async def companies(sql: Connection, party_ids: Sequence[UUID], at: datetime) -> list[Row]:
    """Return companies with the newest statement known at a moment, and the newest result of each check.

    A statement is known from its publication, or else from the day on which it came in.
    """
    return await sql.fetch(
        """
        SELECT e.id, e.country, e.sector, s.document_id, s.period_end, s.known_on, s.currency, s.figures,
               c.identified_until, c.sanctioned, c.insolvent
        FROM finance.legal_entity e
        LEFT JOIN LATERAL (
            SELECT f.document_id, f.period_end, f.currency, f.figures,
                   coalesce(f.published_on, (d.imported_at AT TIME ZONE 'UTC')::date) AS known_on
            FROM finance.financial_statement f JOIN finance.document d ON d.id = f.document_id
            WHERE f.party_id = e.id AND f.period_end <= $3
              AND coalesce(f.published_on, (d.imported_at AT TIME ZONE 'UTC')::date) <= $3
            ORDER BY f.period_end DESC LIMIT 1
        ) s ON true
        LEFT JOIN LATERAL (
            -- An identification that failed is one that has ended.
            SELECT max(CASE WHEN passed THEN coalesce(valid_until, 'infinity') ELSE '-infinity'::date END)
                       FILTER (WHERE kind = 'IDENTIFICATION') AS identified_until,
                   bool_or(NOT passed) FILTER (WHERE kind = 'SANCTIONS') AS sanctioned,
                   bool_or(NOT passed) FILTER (WHERE kind = 'INSOLVENCY') AS insolvent
            FROM (SELECT DISTINCT ON (kind) kind, passed, valid_until FROM finance.party_check
                  WHERE party_id = e.id AND checked_at <= $2 ORDER BY kind, checked_at DESC, id) newest
        ) c ON true
        WHERE e.id = ANY($1::uuid[])
        """,
        list(party_ids),
        at,
        at.date(),
    )


async def invoices(
    sql: Connection, party_ids: Sequence[UUID], currency: str, *, since: date, at: datetime
) -> list[Row]:
    """Return the invoices of companies, as sellers or buyers, that say something on a day.

    Those issued after `since`, and older ones that were bought and not paid in full by then. `face` is that
    of a receivable bought by the moment.
    """
    return await sql.fetch(
        """
        SELECT i.id, i.seller_id, i.buyer_id, i.total, i.eligible, i.issue_date, i.due_date, i.state,
               coalesce(i.response IN ('UQ', 'RE'), false) AS disputed, a.face,
               EXISTS (SELECT FROM finance.journal r WHERE r.event = 'recourse' AND r.object_id = a.id
                       AND r.booked_at <= $5) AS demanded_back
        FROM finance.invoice i
        LEFT JOIN finance.asset a ON a.invoice_id = i.id AND a.purchased_at <= $5
        WHERE (i.seller_id = ANY($1::uuid[]) OR i.buyer_id = ANY($1::uuid[]))
          AND i.currency = $2 AND i.total > 0 AND i.issue_date <= $4
          AND (i.issue_date > $3 OR a.face > (
               SELECT coalesce(sum(p.amount), 0) FROM finance.posting p
               JOIN finance.journal j ON j.id = p.journal_id AND j.event = 'collection'
               JOIN finance.bank_entry b ON b.id = j.object_id
               WHERE p.account = '1200' AND p.asset_id = a.id
                 AND j.booked_at <= $5 AND b.value_date <= $3))
        ORDER BY i.issue_date, i.id
        """,
        list(party_ids),
        currency,
        since,
        at.date(),
        at,
    )


async def payments(sql: Connection, invoice_ids: Sequence[UUID], at: datetime) -> list[Row]:
    """Return (invoice_id, amount, paid_on): what was booked by a moment on receivables of invoices."""
    return await sql.fetch(
        """
        SELECT a.invoice_id, p.amount, b.value_date AS paid_on
        FROM finance.asset a
        JOIN finance.posting p ON p.account = '1200' AND p.asset_id = a.id
        JOIN finance.journal j ON j.id = p.journal_id AND j.event = 'collection' AND j.booked_at <= $2
        JOIN finance.bank_entry b ON b.id = j.object_id
        WHERE a.invoice_id = ANY($1::uuid[]) AND b.value_date <= $3
          AND NOT EXISTS (SELECT FROM finance.journal r WHERE r.reverses = j.id AND r.booked_at <= $2)
        """,
        list(invoice_ids),
        at,
        at.date(),
    )


async def credit_notes(sql: Connection, invoice_ids: Sequence[UUID], upto: date) -> list[Row]:
    """Return (invoice_id, amount, issued_on): what was credited on invoices by a day."""
    return await sql.fetch(
        """
        SELECT i.id AS invoice_id, c.total AS amount, c.issue_date AS issued_on
        FROM finance.invoice i
        JOIN finance.credit_note c ON c.seller_id = i.seller_id AND c.invoice_key = i.number_key
        WHERE i.id = ANY($1::uuid[]) AND c.currency = i.currency AND c.total > 0 AND c.issue_date <= $2
        """,
        list(invoice_ids),
        upto,
    )


async def exposures(sql: Connection, seller_id: UUID, buyer_id: UUID, currency: str) -> Row:
    """Return what is drawn on all pairs, and of that on a pair's names outside of each of its limits.

    The seller as a buyer, the buyer as a seller, and the buyer by other sellers.
    """
    row = await sql.fetchrow(
        """
        SELECT coalesce(sum(reserved + utilised), 0) AS portfolio,
               coalesce(sum(reserved + utilised) FILTER (WHERE buyer_id = $1), 0) AS seller_elsewhere,
               coalesce(sum(reserved + utilised) FILTER (WHERE seller_id = $2), 0) AS buyer_elsewhere,
               coalesce(sum(reserved + utilised) FILTER (WHERE buyer_id = $2 AND seller_id <> $1), 0)
                   AS pair_elsewhere
        FROM finance.limit_ WHERE scope = 'PAIR' AND state = 'ACTIVE' AND currency = $3
        """,
        seller_id,
        buyer_id,
        currency,
    )
    return cast("Row", row)
