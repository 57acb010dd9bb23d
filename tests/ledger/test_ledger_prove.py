"""Proofs and the vault: what leaves the database, and what opens for those who hold the key."""

from __future__ import annotations

import pytest

from core import Broken, Conflict, NotFound, Unavailable
from ledger import VaultKeys, entry_id, prove, prove_step, reveal, reveal_events
from proof.checkpoint import NoteKey
from proof.entry_proof import verify
from proof.signatures import BACKENDS

from .conftest import ORIGIN, Ledger, draft

FIRST = entry_id("case-1", 1)


@pytest.mark.parametrize("size", [1, 2, 300])
async def test_a_proof_file_needs_neither_database_nor_trust_in_it(ledger: Ledger, size: int) -> None:
    await ledger.log(*(draft(f"case-{number}") for number in range(1, size + 1)))
    log_key = str(NoteKey.of(ORIGIN, ledger.keys.log_key))
    for entry in (FIRST, size - 1):
        data = await prove(ledger.database, entry)
        for backend in BACKENDS:
            verified = verify(data, log_key=log_key, backend=backend)
            assert verified.checkpoint.size == size
            assert verified.body.actor == "user:ines"


async def test_each_element_step_can_be_proven_on_its_own(ledger: Ledger) -> None:
    await ledger.log(draft())
    for number, event in enumerate(draft().events):
        data = await prove_step(ledger.database, FIRST, number, ledger.keys.vault_key)
        assert verify(data).event == event
    with pytest.raises(NotFound, match=r"ledger\.step_unknown"):
        await prove_step(ledger.database, FIRST, 2, ledger.keys.vault_key)


async def test_what_is_not_logged_has_no_proof(ledger: Ledger) -> None:
    for beyond in (2**63, 10**30):
        with pytest.raises(NotFound, match=r"ledger\.entry_unknown"):
            await prove(ledger.database, beyond)
    with pytest.raises(NotFound, match=r"ledger\.entry_unknown"):
        await prove(ledger.database, FIRST)
    await ledger.record(draft())
    with pytest.raises(Unavailable, match=r"ledger\.entry_pending"):
        await prove(ledger.database, FIRST)
    with pytest.raises(NotFound, match=r"ledger\.entry_unknown"):
        await prove(ledger.database, 0)


async def test_a_damaged_log_gives_no_proof(ledger: Ledger) -> None:
    await ledger.log(draft(), draft("case-2"))
    async with ledger.database.transaction() as tx:
        await tx.sql.execute("SET LOCAL session_replication_role = replica")
        await tx.sql.execute("UPDATE ledger.tile SET hashes = set_byte(hashes, 39, get_byte(hashes, 39) # 1)")
    with pytest.raises(Broken, match=r"ledger\.proof_broken"):
        await prove(ledger.database, FIRST)


async def test_payloads_and_steps_open_for_the_vault_key(ledger: Ledger) -> None:
    await ledger.record(draft(payloads={"variables": b"{}", "document": b"\x00" * 9000}))
    for logged in (False, True):
        if logged:
            await ledger.log()
        async with ledger.database.reading() as connection:
            payloads = await reveal(connection, FIRST, ledger.keys.vault_key)
            assert payloads == {"variables": b"{}", "document": b"\x00" * 9000}
            assert list(await reveal_events(connection, FIRST, ledger.keys.vault_key)) == list(draft().events)


async def test_an_entry_without_payloads_reveals_nothing(ledger: Ledger) -> None:
    await ledger.record(draft(payloads={}, events=()))
    async with ledger.database.reading() as connection:
        assert await reveal(connection, FIRST, ledger.keys.vault_key) == {}
        assert list(await reveal_events(connection, FIRST, ledger.keys.vault_key)) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            "UPDATE ledger.payload SET sealed = overlay(sealed PLACING '\\x00' FROM 20)",
            r"ledger\.vault_changed",
        ),
        ("UPDATE ledger.payload SET sealed = '\\x00'", r"ledger\.vault_changed"),
        ("DELETE FROM ledger.payload", r"ledger\.vault_changed"),
        ("UPDATE ledger.payload SET field = 'v' WHERE field = 'variables'", r"ledger\.vault_changed"),
        ("UPDATE ledger.data_key SET wrapped = wrapped || '\\x00'", r"ledger\.vault_key"),
    ],
)
async def test_a_changed_vault_is_found_when_it_is_opened(ledger: Ledger, change: str, code: str) -> None:
    await ledger.log(draft())
    async with ledger.database.transaction() as tx:
        await tx.sql.execute("SET LOCAL session_replication_role = replica")
        await tx.sql.execute(change)
    async with ledger.database.reading() as connection:
        with pytest.raises(Broken, match=code):
            await reveal(connection, FIRST, ledger.keys.vault_key)


async def test_another_vault_key_opens_nothing(ledger: Ledger) -> None:
    await ledger.log(draft())
    async with ledger.database.reading() as connection:
        with pytest.raises(Broken, match=r"ledger\.vault_key"):
            await reveal(connection, FIRST, VaultKeys.of(bytes(32)))


async def test_without_its_data_key_a_stream_stays_proven_but_closed(ledger: Ledger) -> None:
    await ledger.log(draft())
    async with ledger.database.transaction() as tx:
        await tx.sql.execute("DELETE FROM ledger.data_key")
    async with ledger.database.reading() as connection:
        with pytest.raises(Conflict, match=r"ledger\.stream_erased"):
            await reveal(connection, FIRST, ledger.keys.vault_key)
    verify(await prove(ledger.database, FIRST))
    with pytest.raises(Conflict, match=r"ledger\.stream_erased"):
        await ledger.record(draft(seq=2))
