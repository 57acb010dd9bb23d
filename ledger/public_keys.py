"""The public keys of a log: what those who check its proofs must know from elsewhere than the proof."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from core.database import Database
from ledger import repository


@dataclass(frozen=True, slots=True)
class PublicKeyInfo:
    """A public key that ever signed.

    Attributes:
        id: For `entry` the SHA-256 of the key, in hexadecimal; for `log` the note key, name+hash+key.
        purpose: `entry` signs entries (ECDSA P-256), `log` signs checkpoints (Ed25519).
        public_key: The key's bytes in base64: DER for `entry`, the 32 bytes for `log`.
    """

    id: str
    purpose: str
    public_key: str


async def public_keys(database: Database) -> list[PublicKeyInfo]:
    """Return every public key of the log."""
    async with database.reading() as connection:
        rows = await repository.keys(connection)
    return [PublicKeyInfo(row.key_id, row.purpose, base64.b64encode(row.public_key).decode()) for row in rows]
