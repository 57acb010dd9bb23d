"""The vault's keys are replaced and destroyed: what is to open opens, whatever interrupts that."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import ledger.rotation
from core import Broken, Conflict, NotFound
from ledger import (
    EntryDraft,
    Recorder,
    VaultKeys,
    entry_id,
    load_or_create_keys,
    reveal,
    rotate_party,
    rotate_root,
    verify_log,
)
from ledger import vault_repository as stored
from ledger.vault import owner_of

from .conftest import ORIGIN, Ledger, draft

ANNA, BERT = UUID(int=1), UUID(int=2)


@pytest.fixture
async def folder(ledger: Ledger, tmp_path: Path) -> Path:
    """A key folder, from which the ledger of the test takes its keys."""
    ledger.keys = load_or_create_keys(tmp_path / "keys")
    ledger.recorder = Recorder(ledger.keys.signing_key, ledger.keys.vault_key, ORIGIN)
    return tmp_path / "keys"


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger.rotation, "_BATCH", 3)


async def opens(world: Ledger, vault: VaultKeys, stream: str = "case-1") -> bool:
    async with world.database.reading() as connection:
        try:
            return bool(await reveal(connection, entry_id(stream, 1), vault))
        except Conflict as erased:
            return erased.code != "ledger.stream_erased"


def drafts(count: int, party: UUID | None = None, start: int = 0) -> list[EntryDraft]:
    return [draft(f"{party}-{number}", party=party) for number in range(start, start + count)]


async def make_old(world: Ledger, stream: str) -> None:
    """Let the root key itself wrap a data key, as it was before parties had keys."""
    vault = world.keys.vault_key
    async with world.database.transaction() as tx:
        key = await stored.data_key(tx.sql, stream)
        assert key is not None
        plain = vault.stream_key(stream, key)._data_key
        sealed = bytes(12) + AESGCM(vault.first).encrypt(bytes(12), plain, stream.encode())
        await tx.sql.execute(
            "UPDATE ledger.data_key SET owner = NULL, version = NULL, wrapped = $2 WHERE stream = $1",
            stream,
            sealed,
        )


async def test_a_stream_is_closed_by_its_partys_key(ledger: Ledger) -> None:
    await ledger.log(*drafts(2, ANNA), *drafts(1, BERT), *drafts(1))
    owners = await ledger.value("SELECT array_agg(owner ORDER BY stream) FROM ledger.data_key")
    assert sorted(owners) == sorted([owner_of(ANNA)] * 2 + [owner_of(BERT), "platform"])
    assert await ledger.value("SELECT count(*) FROM ledger.party_key") == 3


async def test_a_rotated_root_key_opens_all_and_the_old_one_nothing(ledger: Ledger, folder: Path) -> None:
    await ledger.log(*drafts(4, ANNA), *drafts(4), *(draft(f"old-{number}") for number in range(7)))
    for number in range(7):
        await make_old(ledger, f"old-{number}")
    before = ledger.keys.vault_key
    assert (await verify_log(ledger.database, vault_key=before)).ok
    old = VaultKeys.of(before.first)

    rotated = await rotate_root(ledger.database, folder)
    assert rotated.rewrapped == 7 + 2
    fresh = load_or_create_keys(folder).vault_key
    assert fresh.first != before.first
    assert fresh.payload_key == before.payload_key
    assert not (folder / "vault" / "vault-key.next.hex").exists()
    report = await verify_log(ledger.database, vault_key=fresh)
    assert report.ok, report.findings
    with pytest.raises(Broken, match=r"ledger\.vault_key"):
        await opens(ledger, old, "old-1")
    # A process that began before looks into its folder, and goes on.
    assert (await verify_log(ledger.database, vault_key=before)).ok
    await ledger.log(*drafts(1, BERT), draft("old-1", 2), draft("new"))
    assert (await verify_log(ledger.database, vault_key=fresh)).ok


async def test_an_interrupted_rotation_goes_on_where_it_stood(ledger: Ledger, folder: Path) -> None:
    await ledger.log(*(one for number in range(12) for one in drafts(1, UUID(int=number + 10))))
    for number in range(5):
        await ledger.log(draft(f"old-{number}"))
        await make_old(ledger, f"old-{number}")
    chance, roots = random.Random(5), set()
    for _ in range(25):
        task = asyncio.create_task(rotate_root(ledger.database, folder))
        await asyncio.sleep(chance.random() * 0.06)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        vault = load_or_create_keys(folder).vault_key
        roots.add(vault.first)
        assert (await verify_log(ledger.database, vault_key=vault)).ok
        assert (await verify_log(ledger.database, vault_key=ledger.keys.vault_key)).ok
    await rotate_root(ledger.database, folder)
    assert (await verify_log(ledger.database, vault_key=load_or_create_keys(folder).vault_key)).ok
    assert await ledger.value("SELECT count(DISTINCT root_id) FROM ledger.party_key") == 1


async def test_recording_goes_on_while_keys_are_rotated(ledger: Ledger, folder: Path) -> None:
    done = asyncio.Event()

    async def write(writer: int) -> int:
        number = 0
        # Each writer is a process of its own, with what it knows of the keys.
        keys = load_or_create_keys(folder)
        recorder = Recorder(keys.signing_key, keys.vault_key, ORIGIN)
        while not done.is_set() or number < 5:
            party = UUID(int=number % 3 + 1)
            async with ledger.database.transaction() as tx:
                await recorder.record(tx, draft(f"w{writer}-{number}", party=party))
            number += 1
        return number

    writers = [asyncio.create_task(write(writer)) for writer in range(3)]
    await asyncio.sleep(0.2)
    for party in (UUID(int=1), UUID(int=2)):
        await rotate_root(ledger.database, folder)
        await rotate_party(ledger.database, load_or_create_keys(folder).vault_key, party)
    done.set()
    written = sum(await asyncio.gather(*writers))
    await ledger.log()
    report = await verify_log(ledger.database, vault_key=load_or_create_keys(folder).vault_key)
    assert (report.ok, report.entries) == (True, written), report.findings


async def test_a_rotated_party_key_leaves_what_was_erased_before_closed_in_backups(ledger: Ledger) -> None:
    vault = ledger.keys.vault_key
    await ledger.log(*drafts(8, ANNA), *drafts(2, BERT))
    backup = await ledger.value("SELECT array_agg(d) FROM ledger.data_key d")
    async with ledger.database.transaction() as tx:
        assert await stored.destroy_data_keys(tx.sql, [f"{ANNA}-0"]) == [f"{ANNA}-0"]
    rotated = await rotate_party(ledger.database, vault, ANNA)
    assert (rotated.key, rotated.rewrapped) == ("2", 7)
    assert (await verify_log(ledger.database, vault_key=vault)).ok

    async with ledger.database.transaction() as tx:
        await tx.sql.execute("DELETE FROM ledger.data_key")
        await tx.sql.executemany(
            "INSERT INTO ledger.data_key VALUES ($1, $2, $3, $4)", [tuple(row.values()) for row in backup]
        )
    assert not await opens(ledger, vault, f"{ANNA}-0")
    assert await opens(ledger, vault, f"{BERT}-1")


async def test_an_interrupted_rotation_of_a_party_key_goes_on(ledger: Ledger) -> None:
    vault, chance = ledger.keys.vault_key, random.Random(3)
    await ledger.log(*drafts(20, ANNA))
    for _ in range(15):
        task = asyncio.create_task(rotate_party(ledger.database, vault, ANNA))
        await asyncio.sleep(chance.random() * 0.06)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await verify_log(ledger.database, vault_key=vault)).ok
    await rotate_party(ledger.database, vault, ANNA)
    assert (await verify_log(ledger.database, vault_key=vault)).ok
    assert await ledger.value("SELECT count(*) FROM ledger.party_key WHERE wrapped IS NOT NULL") == 1


async def test_a_destroyed_party_key_closes_its_streams_and_new_ones_begin_under_another(
    ledger: Ledger,
) -> None:
    vault = ledger.keys.vault_key
    await ledger.log(*drafts(3, ANNA), *drafts(1, BERT))
    async with ledger.database.transaction() as tx:
        closed = await stored.destroy_party_keys(tx.sql, owner_of(ANNA))
    assert sorted(closed) == [f"{ANNA}-{number}" for number in range(3)]
    assert not await opens(ledger, vault, f"{ANNA}-1")
    with pytest.raises(Conflict, match=r"ledger\.stream_erased"):
        await ledger.record(draft(f"{ANNA}-1", 2))
    # The recorder still remembers the destroyed key, and may not use it.
    await ledger.log(*drafts(1, ANNA, start=9))
    assert await opens(ledger, vault, f"{ANNA}-9")
    assert (
        await ledger.value("SELECT max(version) FROM ledger.party_key WHERE owner = $1", owner_of(ANNA)) == 2
    )
    assert (await verify_log(ledger.database, vault_key=vault)).ok


async def test_who_adds_to_a_stream_while_it_is_erased_finds_it_closed(ledger: Ledger) -> None:
    await ledger.log(draft())
    async with ledger.database.transaction() as tx:
        await stored.lock_streams(tx.sql, ["case-1"])
        adding = asyncio.create_task(ledger.record(draft(seq=2)))
        await asyncio.sleep(0.3)
        assert await stored.destroy_data_keys(tx.sql, ["case-1"]) == ["case-1"]
    with pytest.raises(Conflict, match=r"ledger\.stream_erased"):
        await adding
    assert await ledger.value("SELECT count(*) FROM ledger.outbox") == 0


async def test_a_party_without_streams_has_no_key_to_rotate(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match=r"ledger\.party_key_unknown"):
        await rotate_party(ledger.database, ledger.keys.vault_key, ANNA)
