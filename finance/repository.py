"""The SQL of the finance room that is more than a plain insert or look-up by id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, cast
from uuid import UUID

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

Row = asyncpg.Record


async def lock(sql: Connection, *key: object) -> None:
    """Hold a lock on a name until the transaction ends: what two commands must not do at once."""
    await sql.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "\x1f".join(str(part) for part in key)
    )


# Companies


async def party_by_identifiers(sql: Connection, identifiers: Sequence[str]) -> UUID | None:
    """Return the company that has the first of the identifiers that any company has."""
    found: UUID | None = await sql.fetchval(
        """
        SELECT p.party_id FROM unnest($1::text[]) WITH ORDINALITY AS given (identifier, strength)
        JOIN finance.party_identifier p USING (identifier)
        ORDER BY strength LIMIT 1
        """,
        list(identifiers),
    )
    return found


async def unknown_identifiers(sql: Connection, identifiers: Sequence[str]) -> list[str]:
    """Return those identifiers that no company has."""
    rows = await sql.fetch(
        """
        SELECT identifier FROM unnest($1::text[]) AS given (identifier)
        WHERE NOT EXISTS (SELECT FROM finance.party_identifier p WHERE p.identifier = given.identifier)
        """,
        list(identifiers),
    )
    return [row["identifier"] for row in rows]


async def parties_by_name(sql: Connection, key: str) -> list[Row]:
    """Return (id, number of identifiers) of the companies of a name, the oldest first."""
    return await sql.fetch(
        """
        SELECT e.id, count(p.identifier) AS identifiers
        FROM finance.legal_entity e LEFT JOIN finance.party_identifier p ON p.party_id = e.id
        WHERE e.name_key = $1 GROUP BY e.id ORDER BY e.created_at, e.id
        """,
        key,
    )


async def add_identifiers(sql: Connection, party_id: UUID, identifiers: Sequence[str]) -> None:
    """Give a company identifiers that no other has; the first replaces a name as its public identifier."""
    await sql.execute(
        """
        INSERT INTO finance.party_identifier (identifier, party_id)
        SELECT identifier, $1 FROM unnest($2::text[]) AS given (identifier)
        ON CONFLICT DO NOTHING
        """,
        party_id,
        list(identifiers),
    )
    await sql.execute(
        "UPDATE finance.legal_entity SET identifier = $2 WHERE id = $1 AND identifier LIKE 'name:%'",
        party_id,
        identifiers[0],
    )


# Documents


async def accepted_document(sql: Connection, kind: str, digest: str) -> UUID | None:
    """Return the accepted document that has this content."""
    found: UUID | None = await sql.fetchval(
        "SELECT id FROM finance.document WHERE kind = $1 AND digest = $2 AND state = 'accepted'", kind, digest
    )
    return found


# Matching


async def lock_orders(sql: Connection, seller_id: UUID, buyer_id: UUID, numbers: Sequence[str]) -> list[Row]:
    """Lock and return the orders of these numbers, so that two matches cannot draw one quantity."""
    return await sql.fetch(
        """
        SELECT id, number, number_key, currency, state, charges FROM finance.order_
        WHERE seller_id = $1 AND buyer_id = $2 AND number_key = ANY($3::text[])
        ORDER BY id FOR UPDATE
        """,
        seller_id,
        buyer_id,
        list(numbers),
    )


async def order_lines(sql: Connection, order_ids: Sequence[UUID], *, except_invoice: UUID) -> list[Row]:
    """Return the lines of orders with what invoices other than the given one have drawn of them."""
    return await sql.fetch(
        """
        SELECT l.*, o.number_key, o.currency,
               coalesce(sum(a.quantity), 0) AS drawn, coalesce(sum(a.received), 0) AS drawn_received
        FROM finance.order_line l
        JOIN finance.order_ o ON o.id = l.order_id
        LEFT JOIN finance.match_allocation a ON a.order_line_id = l.id AND a.invoice_id <> $2
        WHERE l.order_id = ANY($1::uuid[])
        GROUP BY l.id, o.id ORDER BY o.number_key, l.position
        """,
        list(order_ids),
        except_invoice,
    )


async def despatch_lines(
    sql: Connection, seller_id: UUID, buyer_id: UUID, order_keys: Sequence[str]
) -> list[Row]:
    """Return what a seller says it sent to a buyer for these orders."""
    return await sql.fetch(
        """
        SELECT l.*, d.number_key AS despatch_key FROM finance.despatch_line l
        JOIN finance.despatch d ON d.id = l.despatch_id
        WHERE d.seller_id = $1 AND d.buyer_id = $2 AND l.order_key = ANY($3::text[])
        ORDER BY d.number_key, l.position
        """,
        seller_id,
        buyer_id,
        list(order_keys),
    )


async def receipt_lines(
    sql: Connection, seller_id: UUID, buyer_id: UUID, order_keys: Sequence[str], despatch_keys: Sequence[str]
) -> list[Row]:
    """Return what a buyer says it received for these orders, or of these despatches."""
    return await sql.fetch(
        """
        SELECT l.*, r.despatch_key FROM finance.receipt_line l
        JOIN finance.receipt r ON r.id = l.receipt_id
        WHERE r.seller_id = $1 AND r.buyer_id = $2
          AND (l.order_key = ANY($3::text[]) OR (l.order_key IS NULL AND r.despatch_key = ANY($4::text[])))
        ORDER BY r.number_key, l.position
        """,
        seller_id,
        buyer_id,
        list(order_keys),
        list(despatch_keys),
    )


async def credited(sql: Connection, seller_id: UUID, currency: str, invoice_key: str) -> Decimal:
    """Return what credit notes take off an invoice."""
    total: Decimal = await sql.fetchval(
        """
        SELECT coalesce(sum(total), 0) FROM finance.credit_note
        WHERE seller_id = $1 AND currency = $2 AND invoice_key = $3 AND total > 0
        """,
        seller_id,
        currency,
        invoice_key,
    )
    return total


async def drop_allocations(sql: Connection, invoice_ids: Sequence[UUID]) -> None:
    """Give back what invoices have drawn of their orders."""
    await sql.execute(
        "DELETE FROM finance.match_allocation WHERE invoice_id = ANY($1::uuid[])", list(invoice_ids)
    )


async def supersede_match(sql: Connection, invoice_id: UUID) -> None:
    """Let a newer match of an invoice count."""
    await sql.execute(
        "UPDATE finance.match_result SET superseded = true WHERE invoice_id = $1 AND NOT superseded",
        invoice_id,
    )


# Fingerprints


async def fingerprint_key(sql: Connection) -> bytes:
    """Return the platform's key for fingerprints."""
    key: bytes = await sql.fetchval("SELECT key FROM finance.fingerprint_key")
    return key


async def claim_fingerprint(
    sql: Connection,
    *,
    claim_id: UUID,
    invoice_id: UUID,
    request_id: UUID,
    exact: str,
    fuzzy: str,
    at: datetime,
    entry_id: UUID,
) -> tuple[UUID, UUID]:
    """Claim a fingerprint and return (invoice, request) of who holds it: the caller, or who was first."""
    # The update changes nothing: it makes the statement return the row that is there, and lock it.
    row = await sql.fetchrow(
        """
        INSERT INTO finance.fingerprint (id, invoice_id, request_id, exact, fuzzy, claimed_at, claimed_entry)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (exact) WHERE released_at IS NULL DO UPDATE SET exact = EXCLUDED.exact
        RETURNING invoice_id, request_id
        """,
        claim_id,
        invoice_id,
        request_id,
        exact,
        fuzzy,
        at,
        entry_id,
    )
    holder = cast("Row", row)
    return holder["invoice_id"], holder["request_id"]


# Limits


async def lock_limits(sql: Connection, seller_id: UUID, buyer_id: UUID, currency: str) -> list[Row]:
    """Lock and return the active limits that a request of this pair draws on, always in one order."""
    return await sql.fetch(
        """
        SELECT * FROM finance.limit_
        WHERE state = 'ACTIVE' AND currency = $3
          AND ((scope = 'SELLER' AND seller_id = $1) OR (scope = 'BUYER' AND buyer_id = $2)
               OR (scope = 'PAIR' AND seller_id = $1 AND buyer_id = $2))
        ORDER BY id FOR UPDATE
        """,
        seller_id,
        buyer_id,
        currency,
    )


async def limits_of_pair(
    sql: Connection, seller_id: UUID, buyer_id: UUID, currency: str
) -> dict[str, tuple[Decimal, Decimal]]:
    """Return the active limits that a request of this pair draws on: scope → (amount, in use)."""
    rows = await sql.fetch(
        """
        SELECT scope, amount, reserved + utilised AS used FROM finance.limit_
        WHERE state = 'ACTIVE' AND currency = $3
          AND ((scope = 'SELLER' AND seller_id = $1) OR (scope = 'BUYER' AND buyer_id = $2)
               OR (scope = 'PAIR' AND seller_id = $1 AND buyer_id = $2))
        """,
        seller_id,
        buyer_id,
        currency,
    )
    return {row["scope"]: (row["amount"], row["used"]) for row in rows}


async def pairs_with_scores(sql: Connection, currency: str) -> list[Row]:
    """Return the active pair limits in a currency with the newest score of each side, by name."""
    return await sql.fetch(
        """
        WITH newest AS (
            SELECT DISTINCT ON (party_id) party_id, id AS run_id, card_id, points, pd, grade, synthetic
            FROM scoring.run_view ORDER BY party_id, at DESC, id
        )
        SELECT l.party_name AS name, l.seller_id, l.buyer_id, l.amount, l.reserved, l.utilised,
               s.run_id AS seller_run_id, s.card_id AS seller_card_id, s.points AS seller_points,
               s.pd AS seller_pd, s.grade AS seller_grade, s.synthetic AS seller_synthetic,
               b.run_id AS buyer_run_id, b.card_id AS buyer_card_id, b.points AS buyer_points,
               b.pd AS buyer_pd, b.grade AS buyer_grade, b.synthetic AS buyer_synthetic
        FROM finance.limit_view l
        JOIN newest s ON s.party_id = l.seller_id
        JOIN newest b ON b.party_id = l.buyer_id
        WHERE l.scope = 'PAIR' AND l.state = 'ACTIVE' AND l.currency = $1
        ORDER BY l.party_name, l.id
        """,
        currency,
    )


async def request_usage(sql: Connection, request_id: UUID) -> list[Row]:
    """Return (limit_id, reserved, utilised): what a request has of each limit now."""
    return await sql.fetch(
        """
        SELECT limit_id, sum(reserved) AS reserved, sum(utilised) AS utilised
        FROM finance.limit_movement WHERE request_id = $1
        GROUP BY limit_id HAVING sum(reserved) <> 0 OR sum(utilised) <> 0 ORDER BY limit_id
        """,
        request_id,
    )


async def move_limit(sql: Connection, limit_id: UUID, *, reserved: Decimal, utilised: Decimal) -> None:
    """Change what a limit has reserved and utilised; the table's check refuses to pass its amount."""
    await sql.execute(
        "UPDATE finance.limit_ SET reserved = reserved + $2, utilised = utilised + $3 WHERE id = $1",
        limit_id,
        reserved,
        utilised,
    )


# Receivables, payments and books


async def open_assets_by_reference(sql: Connection, currency: str, references: Sequence[str]) -> list[Row]:
    """Lock and return the receivables still owed whose invoice number is one of the references."""
    return await sql.fetch(
        """
        SELECT a.id, a.face, a.collected, b.name_key AS buyer_key
        FROM finance.asset a
        JOIN finance.invoice i ON i.id = a.invoice_id
        JOIN finance.legal_entity b ON b.id = a.buyer_id
        WHERE a.currency = $1 AND a.state IN ('FUNDED', 'PART_COLLECTED', 'OVERDUE')
          AND (i.number_key = ANY($2::text[]) OR upper(replace(a.id::text, '-', '')) = ANY($2::text[]))
        ORDER BY a.id FOR UPDATE OF a
        """,
        currency,
        list(references),
    )


async def payment_order_by_reference(sql: Connection, references: Sequence[str]) -> Row | None:
    """Lock and return the payment order whose reference or id is one of the references."""
    return await sql.fetchrow(
        """
        SELECT * FROM finance.payment_order
        WHERE upper(replace(reference, '-', '')) = ANY($1::text[])
           OR upper(replace(id::text, '-', '')) = ANY($1::text[])
        ORDER BY id LIMIT 1 FOR UPDATE
        """,
        list(references),
    )


async def account_balances(sql: Connection) -> list[Row]:
    """Return (account, currency, asset_id, balance): debits less credits, per sub-ledger."""
    return await sql.fetch(
        """
        SELECT p.account, j.currency, p.asset_id,
               sum(CASE p.side WHEN 'Dr' THEN p.amount ELSE -p.amount END) AS balance
        FROM finance.posting p JOIN finance.journal j ON j.id = p.journal_id
        GROUP BY p.account, j.currency, p.asset_id
        """
    )
