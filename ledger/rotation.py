"""Replacing keys of the vault: what lies below is wrapped anew, payloads stay as they are.

Each step is a transaction of a few hundred keys, and none is needed twice: what was interrupted goes on where
it stood. Meanwhile both the old and the new key open, and recording goes on.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from core.database import Database, Transaction
from core.errors import Conflict, NotFound
from ledger import vault_repository
from ledger.keys import begin_rotation, end_rotation, vault_key_in
from ledger.party_keys import PartyKeys, new_party_key
from ledger.vault import PLATFORM, StreamKey, owner_of, root_id
from ledger.vault_keys import VaultKeys
from ledger.vault_repository import DataKeyRow, WrappedParty

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: the id of the new root key or the version of a party's, and how many keys."""

    key: str
    rewrapped: int


async def rotate_root(database: Database, folder: Path) -> Rotated:
    """Let a new root key wrap the keys of the parties, then destroy the old one.

    Every machine that runs the platform must see the key folder: a process that meets the new key looks
    there. A backup of the database of before needs the old root key, which only a backup of the folder has.

    Args:
        database: Where the vault is.
        folder: The key folder.

    Raises:
        Conflict: `ledger.rotation_running`.
        NotFound, Forbidden, Broken: what `vault_key_in` raises; `ledger.vault_key` when the folder's keys are
            not those of this vault.
    """
    with _alone(folder):
        vault_key_in(folder)
        following = begin_rotation(folder)
        vault, name = vault_key_in(folder), root_id(following)
        async with database.transaction() as tx:
            vault.root(await vault_repository.current_root(tx.sql, root_id(vault.first)))
            await vault_repository.set_root(tx.sql, name)
        rewrapped = 0
        while done := await _adopt_some(database, vault) or await _rewrap_some(database, vault, name):
            rewrapped += done
        end_rotation(folder)
    return Rotated(name, rewrapped)


async def rotate_party(database: Database, vault: VaultKeys, party: UUID | None) -> Rotated:
    """Let a new key wrap the data keys of a party's streams, or of the platform's own; destroy the old one.

    Data keys that were destroyed before stay so in a backup whose data keys the old key wraps, once no
    backup has that key.

    Raises:
        NotFound: `ledger.party_key_unknown` when no stream was ever the party's.
        Broken: `ledger.vault_key`.
    """
    owner, rewrapped = owner_of(party), 0
    async with database.transaction() as tx:
        if owner not in await vault_repository.current_party_keys(tx.sql, [owner]):
            raise NotFound("ledger.party_key_unknown", "There is no key of this party.", where=owner)
        if not await vault_repository.retired_party_key(tx.sql, owner):
            await vault_repository.retire_party_key(tx.sql, owner)
            await new_party_key(tx.sql, owner, vault)
        current = (await vault_repository.current_party_keys(tx.sql, [owner]))[owner]
    while True:
        async with database.transaction() as tx:
            done = await _rewrap_streams(tx, vault, current)
        rewrapped += done
        if done == 0:
            async with database.transaction() as tx:
                if await vault_repository.destroy_retired(tx.sql, owner, current.version):
                    return Rotated(str(current.version), rewrapped)


async def _adopt_some(database: Database, vault: VaultKeys) -> int:
    """Let the platform's own key wrap data keys of before there were such keys."""
    async with database.transaction() as tx:
        found = await vault_repository.wrapped_by_root(tx.sql, _BATCH)
        if found:
            by = (await PartyKeys(vault).of(tx.sql, [PLATFORM]))[PLATFORM]
            await vault_repository.rewrap_data_keys(
                tx.sql,
                [
                    DataKeyRow(
                        stream,
                        by.owner,
                        by.version,
                        StreamKey.unwrap_by_root(stream, wrapped, vault.first).wrap(by),
                    )
                    for stream, wrapped in found
                ],
            )
    return len(found)


async def _rewrap_some(database: Database, vault: VaultKeys, name: str) -> int:
    async with database.transaction() as tx:
        found = await vault_repository.wrapped_by_others(tx.sql, name, _BATCH)
        await vault_repository.rewrap_party_keys(
            tx.sql,
            [
                WrappedParty(old.owner, old.version, name, vault.party_key(*old).wrap(vault.root(name)))
                for old in found
            ],
        )
    return len(found)


async def _rewrap_streams(tx: Transaction, vault: VaultKeys, current: WrappedParty) -> int:
    by = vault.party_key(*current)
    found = await vault_repository.wrapped_by_older(tx.sql, by.owner, by.version, _BATCH)
    await vault_repository.rewrap_data_keys(
        tx.sql,
        [
            DataKeyRow(stream, by.owner, by.version, vault.stream_key(stream, key).wrap(by))
            for stream, key in found
        ],
    )
    return len(found)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other rotations out until the end; the system ends it with the process."""
    with (folder / "rotation.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "ledger.rotation_running", "The root key is being rotated already.", where=str(folder)
            ) from None
        yield
