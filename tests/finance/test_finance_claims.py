"""What entries tell of claims: exactly what was claimed and released under them, and what is still untold."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import finance
import ledger
from core import Database, NotFound, random_id
from core.database import Transaction
from finance import fingerprints, models
from proof import claims
from proof.entry import Body
from proof.signatures import KeySigner

if TYPE_CHECKING:
    from conftest import Desk, NewDatabase

from datetime import UTC, datetime

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)
OUTCOME = "WITHDRAWN"
CLAIM = (
    "INSERT INTO finance.fingerprint (id, invoice_id, request_id, exact, fuzzy, claimed_at, claimed_entry)"
    " VALUES ($1, $1, $1, $2, '', $3, $4)"
)
RECORDER = ledger.Recorder(
    KeySigner(ec.derive_private_key(7, ec.SECP256R1())), ledger.VaultKeys.of(bytes(32)), "scf.example/log"
)


async def checked(tx: Transaction, invoice_id: UUID, request_id: UUID, entry_id: UUID) -> None:
    await finance.check_invoice(tx, invoice_id, request_id=request_id, at=NOW, entry_id=entry_id)


async def closed(tx: Transaction, request_id: UUID, entry_id: UUID) -> None:
    await finance.close_request(tx, request_id, outcome=OUTCOME, at=NOW, entry_id=entry_id)


async def stated(tx: Transaction, entry_id: UUID) -> Mapping[str, Any]:
    return await finance.claims_statement(tx, entry_id, RECORDER, NOW)


async def fingerprint(desk: Desk, invoice_id: UUID) -> str:
    return await finance.fingerprint_of(desk.database, invoice_id)


async def test_an_entry_tells_what_is_claimed_and_a_later_one_that_it_is_released(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    request_id, first, second = await desk.request([invoice_id]), random_id(), random_id()
    exact = await fingerprint(desk, invoice_id)
    async with desk.tx() as tx:
        await checked(tx, invoice_id, request_id, first)
        await checked(tx, invoice_id, request_id, first)
        assert await stated(tx, first) == claims.statement([exact], [])
    async with desk.tx() as tx:
        await checked(tx, invoice_id, request_id, second)  # it is this request's already
        assert await stated(tx, second) == {}
    async with desk.tx() as tx:
        await closed(tx, request_id, second)
        assert await stated(tx, second) == claims.statement([], [exact])


async def test_nothing_is_asked_where_nothing_was_claimed(desk: Desk) -> None:
    queries: list[object] = []
    async with desk.tx() as tx:
        with tx.sql.query_logger(queries.append):
            assert await stated(tx, random_id()) == {}
    assert not queries


async def test_what_is_claimed_and_released_under_one_entry_is_no_change(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    request_id, entry_id = await desk.request([invoice_id]), random_id()
    async with desk.tx() as tx:
        await checked(tx, invoice_id, request_id, entry_id)
        await closed(tx, request_id, entry_id)
        assert await stated(tx, entry_id) == {}


async def test_what_is_released_and_claimed_again_under_one_entry_is_told_as_both(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    request_id, entry_id = await desk.request([invoice_id]), random_id()
    exact = await fingerprint(desk, invoice_id)
    async with desk.tx() as tx:
        await checked(tx, invoice_id, request_id, random_id())
    async with desk.tx() as tx:
        await finance.free_invoices(tx, request_id, [invoice_id], at=NOW, entry_id=entry_id)
        await checked(tx, invoice_id, request_id, entry_id)
        assert await stated(tx, entry_id) == claims.statement([exact], [exact])


async def test_a_claim_that_is_taken_back_with_its_savepoint_is_not_told(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    request_id, entry_id = await desk.request([invoice_id]), random_id()
    async with desk.tx() as tx:
        with contextlib.suppress(LookupError):
            async with tx.savepoint():
                await checked(tx, invoice_id, request_id, entry_id)
                raise LookupError
        assert await stated(tx, entry_id) == {}


async def test_the_fingerprint_is_the_one_that_was_claimed_whatever_became_of_the_invoice(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    computed = await fingerprint(desk, invoice_id)
    async with desk.tx() as tx:
        (key,) = await models.FingerprintKey.all().using_db(tx.orm)
        invoice = await models.Invoice.get(id=invoice_id, using_db=tx.orm)
    assert computed == fingerprints.exact(key.key, fingerprints.identity_of(invoice))
    request_id = await desk.request([invoice_id])
    async with desk.tx() as tx:
        await checked(tx, invoice_id, request_id, random_id())
        await models.Invoice.filter(id=invoice_id).using_db(tx.orm).update(number="erased")
    assert await fingerprint(desk, invoice_id) == computed
    with pytest.raises(NotFound, match=r"invoice\.unknown"):
        await fingerprint(desk, random_id())


@pytest.fixture
async def both_rooms(new_database: NewDatabase) -> AsyncIterator[Database]:
    """A database with the tables of finance and of the ledger."""
    rooms = [ledger.ROOM, finance.ROOM]
    database = await Database.open(await new_database(rooms), rooms)
    yield database
    await database.close()


async def test_more_than_an_entry_can_hold_is_told_by_entries_before_it(both_rooms: Database) -> None:
    before, under = random_id(), random_id()
    released = [f"{number:064x}" for number in range(700)]
    claimed = [f"{number:064x}" for number in range(650, 1_350)]
    async with both_rooms.transaction() as tx:
        await tx.sql.execute("SET LOCAL session_replication_role = replica")
        for exact in released:
            await tx.sql.execute(CLAIM, random_id(), exact, NOW, before)
        await tx.sql.execute(
            "UPDATE finance.fingerprint SET released_at = $1, released_entry = $2", NOW, under
        )
        for exact in claimed:
            await tx.sql.execute(CLAIM, random_id(), exact, NOW, under)
        tx.touched.add("finance.fingerprint")
        last = await stated(tx, under)
        assert await stated(tx, under) == last  # a second time changes nothing
        rows = await tx.sql.fetch("SELECT body FROM ledger.outbox ORDER BY position")
    further = [Body.decode(row["body"]) for row in rows]
    assert [(body.stream, body.seq, body.kind) for body in further] == [
        (f"claims:{under}", number, "claims.further") for number in (1, 2)
    ]
    follower = claims.Claims()
    for place, told in enumerate(
        [claims.statement(released, []), *(body.statement for body in further), last]
    ):
        assert not follower.follow(place, replace(further[0], statement=told))
    assert sorted(f for f, claim in follower.held.items() if claim.released_at is None) == claimed


@pytest.fixture
async def old_platform(both_rooms: Database, tmp_path: Path) -> tuple[Database, ledger.Keys]:
    """A platform with three claims of a release whose entries did not tell of them; one was released."""
    async with both_rooms.transaction() as tx:
        await tx.sql.execute("SET LOCAL session_replication_role = replica")
        for number in range(3):
            await tx.sql.execute(
                "INSERT INTO finance.fingerprint"
                " (id, invoice_id, request_id, exact, fuzzy, claimed_at, released_at)"
                " VALUES ($1, $2, $2, $3, '', $4, $5)",
                random_id(),
                random_id(),
                f"{number}a" * 32,
                NOW,
                NOW if number == 2 else None,
            )
    return both_rooms, ledger.load_or_create_keys(tmp_path)


async def test_claims_of_before_are_taken_over_once(old_platform: tuple[Database, ledger.Keys]) -> None:
    database, keys = old_platform
    recorder = ledger.Recorder(keys.signing_key, keys.vault_key, "scf.example/log")
    async with database.transaction() as tx:
        assert await finance.take_over_claims(tx, recorder, NOW) == 2
    async with database.transaction() as tx:
        assert await finance.take_over_claims(tx, recorder, NOW) == 0
        (body,) = [Body.decode(row["body"]) for row in await tx.sql.fetch("SELECT body FROM ledger.outbox")]
    assert (body.stream, body.kind) == ("claims", "claims.take-over")
    assert body.statement == claims.statement(["0a" * 32, "1a" * 32], [])
