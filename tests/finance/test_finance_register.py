"""The blind register: what others have claimed is refused here, and nothing else is."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
import pytest_asyncio

import finance
from core import Conflict, InvalidInput, NotFound, random_id
from finance import InvoiceCheck, fingerprints, models, register, register_repository
from proof.register import Claim
from support.registers import Other

if TYPE_CHECKING:
    from conftest import Desk

from datetime import UTC, datetime

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)
FIRST, SECOND = bytes(range(32)), bytes(range(1, 33))
SINCE = date(2026, 1, 20)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def fresh(desk: Desk) -> None:
    async with desk.tx() as tx:
        await tx.sql.execute(
            "TRUNCATE finance.register_key, finance.register_own, finance.register_platform,"
            " finance.register_foreign"
        )
        await tx.sql.execute("UPDATE finance.fingerprint SET released_at = $1", NOW)
        await register.add_key(tx, "2026-01", FIRST)


@pytest.fixture
def other() -> Other:
    return Other()


async def known(desk: Desk, other: Other) -> None:
    async with desk.tx() as tx:
        await register.set_platform(tx, "Other Bank", other.note_key)


async def take_in(desk: Desk, file: bytes) -> register.TakenIn:
    async with desk.tx() as tx:
        return await register.take_in(tx, file, at=NOW)


async def offered(desk: Desk) -> tuple[UUID, UUID]:
    """An invoice of its own in a request of its own, not checked yet."""
    invoice_id = await desk.trade("retail").bring_invoice()
    return invoice_id, await desk.request([invoice_id])


async def check(desk: Desk, invoice_id: UUID, request_id: UUID) -> InvoiceCheck:
    async with desk.tx() as tx:
        return await finance.check_invoice(
            tx, invoice_id, request_id=request_id, at=NOW, entry_id=random_id()
        )


async def claims_of(desk: Desk, invoice_id: UUID, key: bytes = FIRST, period: str = "2026-01") -> list[Claim]:
    """What a platform claims that knows the seller by all its identifiers."""
    async with desk.tx() as tx:
        invoice = await models.Invoice.get(id=invoice_id, using_db=tx.orm)
        sellers = await register_repository.identifiers(tx.sql, invoice.seller_id)
        assert sellers
        identity = fingerprints.identity_of(invoice)
        return [(period, fingerprints.blind(key, seller, identity), SINCE) for seller in sellers]


async def own(desk: Desk) -> set[Claim]:
    async with desk.database.reading() as sql:
        return set(await register_repository.own_claims(sql))


async def test_what_another_platform_claims_is_refused_like_a_duplicate_here(
    desk: Desk, other: Other
) -> None:
    await known(desk, other)
    invoice_id, request_id = await offered(desk)
    taken = await take_in(desk, other.publish(await claims_of(desk, invoice_id)))
    assert (taken.platform, taken.number, taken.double) == ("Other Bank", 1, [])
    found = await check(desk, invoice_id, request_id)
    assert found.fingerprint_state == "exact"
    (finding,) = found.findings
    assert finding.code == "fingerprint.exact"
    assert "Other Bank" in finding.message
    assert "registry desk, +49 30 000" in finding.message
    assert await own(desk) == set()  # what is not financed here is not claimed here

    other_invoice = await offered(desk)
    assert (await check(desk, *other_invoice)).fingerprint_state == "clear"


async def test_one_identifier_of_the_seller_is_enough(desk: Desk, other: Other) -> None:
    await known(desk, other)
    invoice_id, request_id = await offered(desk)
    claims = await claims_of(desk, invoice_id)
    await take_in(desk, other.publish(claims[:1]))
    assert (await check(desk, invoice_id, request_id)).fingerprint_state == "exact"


async def test_what_the_other_has_released_is_free(desk: Desk, other: Other) -> None:
    await known(desk, other)
    invoice_id, request_id = await offered(desk)
    await take_in(desk, other.publish(await claims_of(desk, invoice_id)))
    await take_in(desk, other.publish([], 2))
    assert (await check(desk, invoice_id, request_id)).fingerprint_state == "clear"


async def test_a_claim_is_announced_until_it_is_released(desk: Desk) -> None:
    invoice_id, request_id = await offered(desk)
    await check(desk, invoice_id, request_id)
    expected = {(period, blind, NOW.date()) for period, blind, _ in await claims_of(desk, invoice_id)}
    assert await own(desk) == expected
    async with desk.tx() as tx:
        await finance.close_request(tx, request_id, outcome="WITHDRAWN", at=NOW, entry_id=random_id())
    assert await own(desk) == set()


async def test_what_both_have_claimed_is_told(desk: Desk, other: Other) -> None:
    await known(desk, other)
    invoice_id, request_id = await offered(desk)
    await check(desk, invoice_id, request_id)
    taken = await take_in(desk, other.publish(await claims_of(desk, invoice_id)))
    (pledge,) = taken.double
    assert (pledge.invoice_id, pledge.platform, pledge.since) == (invoice_id, "Other Bank", SINCE)


async def test_a_new_period_blinds_what_is_claimed_and_an_old_one_is_forgotten(
    desk: Desk, other: Other
) -> None:
    await known(desk, other)
    invoice_id, request_id = await offered(desk)
    await check(desk, invoice_id, request_id)
    async with desk.tx() as tx:
        await register.add_key(tx, "2026-02", SECOND)
        await register.add_key(tx, "2026-02", SECOND)  # the same again changes nothing
    later = await claims_of(desk, invoice_id, SECOND, "2026-02")
    assert {(period, blind) for period, blind, _ in later} <= {(p, b) for p, b, _ in await own(desk)}
    # Who has gone over to the new key, and who has not yet, both find it.
    assert (await take_in(desk, other.publish(later))).double
    async with desk.tx() as tx:
        await register.drop_key(tx, "2026-01")
    assert {period for period, _, _ in await own(desk)} == {"2026-02"}
    async with desk.tx() as tx:
        with pytest.raises(Conflict, match=r"register\.key_exists"):
            await register.add_key(tx, "2026-02", FIRST)
        with pytest.raises(NotFound, match=r"register\.key_unknown"):
            await register.drop_key(tx, "2026-01")
        with pytest.raises(InvalidInput, match=r"register\.key_invalid"):
            await register.add_key(tx, "2026-03", b"short")


async def test_fingerprints_under_two_keys_have_nothing_in_common(desk: Desk) -> None:
    invoice_id, request_id = await offered(desk)
    await check(desk, invoice_id, request_id)
    first = {blind for _, blind, _ in await claims_of(desk, invoice_id)}
    second = {blind for _, blind, _ in await claims_of(desk, invoice_id, SECOND)}
    async with desk.database.reading() as sql:
        row = await sql.fetchrow(
            "SELECT exact, fuzzy FROM finance.fingerprint WHERE invoice_id = $1", invoice_id
        )
    assert row is not None
    assert not first & second
    assert not (first | second) & {row["exact"], row["fuzzy"]}


async def test_an_older_list_and_one_of_a_stranger_are_not_taken_in(desk: Desk, other: Other) -> None:
    file = other.publish([], 2)
    with pytest.raises(NotFound, match=r"register\.platform_unknown"):
        await take_in(desk, file)
    await known(desk, other)
    await take_in(desk, file)
    await take_in(desk, file)
    with pytest.raises(Conflict, match=r"register\.list_old"):
        await take_in(desk, other.publish([], 1))
    with pytest.raises(InvalidInput, match=r"register\.statement"):
        await take_in(desk, other.publish([], 3, kind="vault.erase"))
    with pytest.raises(InvalidInput):
        await take_in(desk, b"{}")


async def test_a_platform_has_one_name_and_one_token(desk: Desk, other: Other) -> None:
    async with desk.tx() as tx:
        token = await register.set_platform(tx, "Other Bank", other.note_key)
        assert token is not None
        assert await register.may_fetch(tx.sql, token)
        assert not await register.may_fetch(tx.sql, "another")
        address = {"url": "https://other.example", "token": "given"}
        assert await register.set_platform(tx, "Other Bank", other.note_key, **address) is None
        assert await register.may_fetch(tx.sql, token)
        with pytest.raises(Conflict, match=r"register\.platform_exists"):
            await register.set_platform(tx, "Same Log", other.note_key)
        with pytest.raises(InvalidInput, match=r"register\.url_invalid"):
            await register.set_platform(
                tx, "Other Bank", other.note_key, url="http://other.example", token="t"
            )
        await register.forget_platform(tx, "Other Bank")
        assert not await register.may_fetch(tx.sql, token)
