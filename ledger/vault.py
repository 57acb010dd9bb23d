"""The vault's cryptography: keys that wrap keys, salts of commitments, sealed payloads.

    root key     one of the installation, in a file; wraps
    party keys   one of each party, and one of the platform's own; wrap
    data keys    one of each stream, random; salts and sealing keys derive from it

A wrapped key is bound to its place, and names the key that wraps it: a root key by its id, a party's key by
owner and version. So either can be replaced without touching what lies below. Destroying a data key destroys
what it sealed and the salts together: nothing can be read any more, nothing committed to be guessed.
Destroying a party's key does that to every stream of the party.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import Broken

KEY_SIZE = 32
PLATFORM = "platform"
"""The owner of what belongs to no party."""

_NONCE_SIZE = 12  # AES-GCM, NIST SP 800-38D
_HINT = "Use the vault key that the installation began with, or the one that it was rotated to."


def root_id(root: bytes) -> str:
    """Return the name of a root key, which tells nothing about it."""
    return _derive(root, b"root id")[:8].hex()


def owner_of(party: UUID | None) -> str:
    """Return the name under which a party's keys stand, or the platform's."""
    return PLATFORM if party is None else f"party:{party}"


@dataclass(frozen=True, slots=True, repr=False)
class PartyKey:
    """One version of the key of a party, or of the platform's own."""

    owner: str
    version: int
    key: bytes

    @classmethod
    def create(cls, owner: str, version: int) -> PartyKey:
        """Return a new random key."""
        return cls(owner, version, secrets.token_bytes(KEY_SIZE))

    @classmethod
    def unwrap(cls, owner: str, version: int, wrapped: bytes, root: bytes) -> PartyKey:
        """Open a wrapped key.

        Raises:
            Broken: `ledger.vault_key` when the root key is another one, or the wrapped key was changed.
        """
        place = _place("party", owner, version)
        try:
            return cls(owner, version, _open(AESGCM(root), wrapped, place))
        except InvalidTag:
            raise _closed("The party's key does not open.", f"{owner} {version}") from None

    def wrap(self, root: bytes) -> bytes:
        """Return the key encrypted under a root key, bound to owner and version."""
        return _seal(AESGCM(root), self.key, _place("party", self.owner, self.version))


class StreamKey:
    """The data key of one stream."""

    def __init__(self, stream: str, data_key: bytes) -> None:
        self.stream = stream
        self._data_key = data_key
        self._salt_key = _derive(data_key, b"salt")
        self._cipher = AESGCM(_derive(data_key, b"seal"))

    @classmethod
    def create(cls, stream: str) -> StreamKey:
        """Return a new random data key."""
        return cls(stream, secrets.token_bytes(KEY_SIZE))

    @classmethod
    def unwrap(cls, stream: str, wrapped: bytes, by: PartyKey) -> StreamKey:
        """Open a wrapped data key.

        Raises:
            Broken: `ledger.vault_key` when the party's key is another one, or the wrapped key was changed.
        """
        return cls._opened(stream, wrapped, by.key, _place(stream, by.owner, by.version))

    @classmethod
    def unwrap_by_root(cls, stream: str, wrapped: bytes, root: bytes) -> StreamKey:
        """Open a data key of before there were parties' keys: the root key itself wraps it.

        Raises:
            Broken: `ledger.vault_key`.
        """
        return cls._opened(stream, wrapped, root, stream.encode())

    @classmethod
    def _opened(cls, stream: str, wrapped: bytes, key: bytes, place: bytes) -> StreamKey:
        try:
            return cls(stream, _open(AESGCM(key), wrapped, place))
        except InvalidTag:
            raise _closed("The stream's data key does not open.", stream) from None

    def wrap(self, by: PartyKey) -> bytes:
        """Return the data key encrypted under a party's key, bound to the stream and to that key."""
        return _seal(AESGCM(by.key), self._data_key, _place(self.stream, by.owner, by.version))

    def salt(self, seq: int, field: str) -> bytes:
        """Return the 32-byte salt of a field's commitment: the same on each retry, secret without the key."""
        return hmac.digest(self._salt_key, _place(self.stream, seq, field), sha256)

    def seal(self, entry_id: UUID, field: str, payload: bytes) -> bytes:
        """Encrypt a payload, bound to its entry and field."""
        return _seal(self._cipher, payload, _place(entry_id, field))

    def open(self, entry_id: UUID, field: str, sealed: bytes) -> bytes:
        """Decrypt a payload.

        Raises:
            Broken: `ledger.vault_changed` when the sealed bytes are not those that were written there.
        """
        try:
            return _open(self._cipher, sealed, _place(entry_id, field))
        except InvalidTag:
            raise Broken(
                "ledger.vault_changed", "A sealed payload was changed or moved.", where=f"{entry_id} {field}"
            ) from None


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"scf-vault/v1 " + purpose, sha256)


def _place(*parts: object) -> bytes:
    return "\x1f".join(str(part) for part in parts).encode()


def _seal(cipher: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_SIZE)
    return nonce + cipher.encrypt(nonce, plain, bound_to)


def _open(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    return cipher.decrypt(sealed[:_NONCE_SIZE].ljust(_NONCE_SIZE, b"\0"), sealed[_NONCE_SIZE:], bound_to)


def _closed(message: str, where: str) -> Broken:
    return Broken("ledger.vault_key", message, where=where, hint=_HINT)
