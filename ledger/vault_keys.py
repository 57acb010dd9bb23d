"""The root keys as a process holds them, and the key of what enters Temporal.

While the root key is being rotated there are two: both open, and which one wraps is told by the database. A
process that meets a root key which it does not know yet looks into its key folder again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Broken
from ledger.vault import KEY_SIZE, PartyKey, StreamKey, root_id
from ledger.vault_repository import WrappedKey

# Parties' keys that a process keeps open: enough for those that are at work at one time.
_MOST_OPEN = 4096


@dataclass(frozen=True, slots=True, repr=False)
class PayloadKey:
    """What encrypts in Temporal: a key, and the id by which encrypted payloads name it.

    It began as a derivation of the first root key, and is a key of its own since, so that histories which
    were written under it open after a rotation.
    """

    key: bytes
    key_id: bytes

    @classmethod
    def of(cls, root: bytes) -> PayloadKey:
        """Return the key that derives from a root key."""
        return cls(
            _hkdf(root, b"scf temporal payload key", KEY_SIZE),
            _hkdf(root, b"scf temporal payload key id", 8).hex().encode(),
        )


class VaultKeys:
    """What opens the vault of one installation."""

    def __init__(
        self,
        first: bytes,
        following: bytes | None,
        payload_key: PayloadKey,
        load_again: Callable[[], VaultKeys] | None = None,
    ) -> None:
        self.first = first
        """The root key in the file `vault-key.hex`; before parties had keys it wrapped the data keys."""
        self.payload_key = payload_key
        self._roots: Mapping[str, bytes] = {root_id(root): root for root in (first, following) if root}
        self._load_again = load_again
        self._open: dict[bytes, PartyKey] = {}

    @classmethod
    def of(cls, root: bytes) -> VaultKeys:
        """Return the keys of an installation with this root key, which no folder holds."""
        return cls(root, None, PayloadKey.of(root))

    def __repr__(self) -> str:
        return "VaultKeys(…)"

    def root(self, name: str) -> bytes:
        """Return the root key of this id.

        Raises:
            Broken: `ledger.vault_key` when neither this process nor its key folder has it.
        """
        if name not in self._roots and self._load_again is not None:
            again = self._load_again()
            self._roots = {**self._roots, **again._roots}
            self.first = again.first
        if name not in self._roots:
            raise Broken(
                "ledger.vault_key",
                "The root key that wraps the vault's keys is not in the key folder.",
                where=name,
                hint="Restore it from the backup of the keys, or copy it from where the rotation ran.",
            )
        return self._roots[name]

    def party_key(self, owner: str, version: int, name: str, wrapped: bytes) -> PartyKey:
        """Open a party's key that the root key of an id wraps; what was opened once is remembered.

        Raises:
            Broken: `ledger.vault_key`.
        """
        known = self._open.get(wrapped)
        if known is None or (known.owner, known.version) != (owner, version):
            known = PartyKey.unwrap(owner, version, wrapped, self.root(name))
            if len(self._open) >= _MOST_OPEN:
                self._open.clear()
            self._open[wrapped] = known
        return known

    def stream_key(self, stream: str, stored: WrappedKey) -> StreamKey:
        """Open the data key of a stream.

        Raises:
            Broken: `ledger.vault_key`.
        """
        party = stored.by
        if party is None:
            return StreamKey.unwrap_by_root(stream, stored.wrapped, self.first)
        by = self.party_key(party.owner, party.version, party.root_id, party.wrapped)
        return StreamKey.unwrap(stream, stored.wrapped, by)


def _hkdf(root: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt=None, info=purpose).derive(root)
