"""Erasing what a request or a company brought: documents and texts go, books and the duplicate check stay.

A document goes with the request that it belongs to alone. An order that another invoice names, or a delivery
that names another order, stays until the last of them is erased.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from core.database import Transaction
from core.errors import Conflict, NotFound
from finance import erasure_repository as repository
from finance.erasure_repository import Rows
from finance.fingerprints import number_key


async def erase_requests(tx: Transaction, request_ids: Collection[UUID]) -> Sequence[UUID]:
    """Erase what requests were about, and return the ledger entries under which it had come in.

    Raises:
        Conflict: `ledger.erase_running` when a receivable of one is still to be paid or settled.
    """
    if await repository.unsettled(tx.sql, request_ids):
        raise Conflict(
            "ledger.erase_running",
            "A receivable is still to be paid or settled.",
            where=", ".join(str(each) for each in request_ids),
            hint="Erase it when it is settled.",
        )
    rows = Rows(invoices=await repository.invoices_of(tx.sql, request_ids))
    await repository.of_requests(tx.sql, rows, request_ids)
    return await _erase(tx, rows, request_ids)


async def erase_party(tx: Transaction, party_id: UUID) -> Sequence[UUID]:
    """Erase a company: its name, its identifiers, and what it has sold, sent and told about itself.

    Returns:
        The ledger entries under which that had come in.

    Raises:
        NotFound: `party.unknown`.
        Conflict: `ledger.erase_running`, as `erase_requests`.
    """
    requests = await repository.requests_of(tx.sql, party_id)
    entries = list(await erase_requests(tx, requests)) if requests else []
    rows = Rows()
    await repository.of_party(tx.sql, rows, party_id)
    entries += await _erase(tx, rows, ())
    if not await repository.cut_party(tx.sql, party_id):
        raise NotFound("party.unknown", "No such company.", where=str(party_id))
    return list(dict.fromkeys(entries))


async def _erase(tx: Transaction, rows: Rows, request_ids: Collection[UUID]) -> Sequence[UUID]:
    await repository.of_invoices(tx.sql, rows)
    named = await _orders(tx, rows.invoices)
    sellers = {seller for seller, _, _ in named}
    others = await repository.other_invoices_of(tx.sql, sellers, rows.invoices)
    await repository.of_orders(tx.sql, rows, named - await _orders(tx, others))
    await repository.documents_of(tx.sql, rows)
    entries = await repository.entries_of(tx.sql, rows, request_ids)
    await repository.cut(tx.sql, rows)
    return entries


async def _orders(tx: Transaction, invoices: Collection[UUID]) -> set[tuple[UUID, UUID, str]]:
    """Return seller, buyer and key of the orders that invoices name."""
    found = await repository.order_numbers_of(tx.sql, invoices)
    return {(row["seller_id"], row["buyer_id"], row["key"] or number_key(row["number"])) for row in found}
