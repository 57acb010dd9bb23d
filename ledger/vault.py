"""The vault's cryptography: data keys per stream, salts of commitments, sealed payloads.

The vault key wraps a random data key for each stream. Salts and sealing keys derive from the data key, so
destroying it destroys both: what is sealed can no longer be read, what is committed to no longer be guessed.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import Broken

KEY_SIZE = 32
_NONCE_SIZE = 12  # AES-GCM, NIST SP 800-38D


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
    def unwrap(cls, stream: str, wrapped: bytes, vault_key: bytes) -> StreamKey:
        """Open a wrapped data key.

        Raises:
            Broken: `ledger.vault_key` when the vault key is another one, or the wrapped key was changed.
        """
        try:
            return cls(stream, _open(AESGCM(vault_key), wrapped, stream.encode()))
        except InvalidTag:
            raise Broken(
                "ledger.vault_key",
                "The stream's data key does not open.",
                where=stream,
                hint="Use the vault key that the installation began with.",
            ) from None

    def wrap(self, vault_key: bytes) -> bytes:
        """Return the data key encrypted under the vault key, bound to the stream."""
        return _seal(AESGCM(vault_key), self._data_key, self.stream.encode())

    def salt(self, seq: int, field: str) -> bytes:
        """Return the 32-byte salt of a field's commitment: the same on each retry, secret without the key."""
        return hmac.digest(self._salt_key, f"{self.stream}\x1f{seq}\x1f{field}".encode(), sha256)

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


def _place(entry_id: UUID, field: str) -> bytes:
    return f"{entry_id}\x1f{field}".encode()


def _seal(cipher: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_SIZE)
    return nonce + cipher.encrypt(nonce, plain, bound_to)


def _open(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    return cipher.decrypt(sealed[:_NONCE_SIZE].ljust(_NONCE_SIZE, b"\0"), sealed[_NONCE_SIZE:], bound_to)
