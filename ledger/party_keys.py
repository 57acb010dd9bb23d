"""The keys under which new streams begin, as a process last knew them: recording must not ask for each entry.

What is remembered here may have been retired, destroyed, or undone with the transaction that made it. Writing
a stream therefore checks it in the same statement; who is told so forgets, and asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.errors import Conflict
from ledger import vault_repository
from ledger.repository import Connection
from ledger.vault import PartyKey, root_id
from ledger.vault_keys import VaultKeys
from ledger.vault_repository import WrappedParty

_MOST_KNOWN = 4096
# So often in a row nobody else makes a key of the same owner, or rotates the root key.
_TRIES = 10


class PartyKeys:
    """The newest key of each owner, made where there is none."""

    def __init__(self, vault: VaultKeys) -> None:
        self._vault = vault
        self._known: dict[str, PartyKey] = {}

    async def of(self, connection: Connection, owners: Iterable[str]) -> Mapping[str, PartyKey]:
        """Return the keys of owners.

        Raises:
            Broken: `ledger.vault_key` when the root key is not that of this vault.
        """
        keys = {owner: self._known.get(owner) for owner in owners}
        missing = sorted(owner for owner, key in keys.items() if key is None)
        stored = await vault_repository.current_party_keys(connection, missing) if missing else {}
        if len(self._known) + len(stored) > _MOST_KNOWN:
            self._known.clear()
        for owner, row in stored.items():
            keys[owner] = self._known[owner] = self._vault.party_key(*row)
        # What is made here is not there for others before this transaction ends, and is remembered later.
        return {
            owner: key or await new_party_key(connection, owner, self._vault)
            for owner, key in sorted(keys.items(), key=lambda each: each[0])
        }

    def forget(self) -> None:
        """Ask again next time."""
        self._known.clear()


async def new_party_key(connection: Connection, owner: str, vault: VaultKeys) -> PartyKey:
    """Make a key for an owner who has none in use, or return the one that another transaction made.

    Raises:
        Broken: `ledger.vault_key`.
        Conflict: `ledger.keys_contended`.
    """
    for _ in range(_TRIES):
        name = await vault_repository.current_root(connection, root_id(vault.first))
        root = vault.root(name)
        key = PartyKey.create(owner, await vault_repository.next_version(connection, owner))
        if await vault_repository.insert_party_key(
            connection, WrappedParty(owner, key.version, name, key.wrap(root))
        ):
            return key
        stored = await vault_repository.current_party_keys(connection, [owner])
        if owner in stored:
            return vault.party_key(*stored[owner])
    raise Conflict(
        "ledger.keys_contended",
        "Others change the keys of the vault at this moment.",
        where=owner,
        hint="Do it again.",
    )
