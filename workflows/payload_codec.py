"""What enters Temporal is encrypted: its server and its histories show nobody what a case is about.

Workflow ids (`<product>/<business key>`), activity types and ids, and task queues stay readable: the server
needs them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

import ledger
from core import Broken

_ENCODING = b"binary/encrypted"
_NONCE_SIZE = 12


class EncryptedPayloads(PayloadCodec):
    """AES-256-GCM under the vault's payload key, which each payload names by its id.

    A payload that is not encrypted passes: histories from before this codec still replay.
    """

    def __init__(self, vault_key: ledger.VaultKeys) -> None:
        self._key_id = vault_key.payload_key.key_id
        self._cipher = AESGCM(vault_key.payload_key.key)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt payloads, metadata included."""
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what `encode` has encrypted.

        Raises:
            Broken: `temporal.payload_unreadable`.
        """
        return [
            self._decrypt(payload) if payload.metadata.get("encoding") == _ENCODING else payload
            for payload in payloads
        ]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_SIZE)
        return Payload(
            metadata={"encoding": _ENCODING, "key-id": self._key_id},
            data=nonce + self._cipher.encrypt(nonce, payload.SerializeToString(), self._key_id),
        )

    def _decrypt(self, payload: Payload) -> Payload:
        nonce, sealed = payload.data[:_NONCE_SIZE], payload.data[_NONCE_SIZE:]
        try:
            return Payload.FromString(self._cipher.decrypt(nonce, sealed, self._key_id))
        except (InvalidTag, ValueError):
            raise Broken(
                "temporal.payload_unreadable",
                f"A payload of the key {payload.metadata.get('key-id', b'').decode()} does not open.",
                hint=f"This worker has the key {self._key_id.decode()}; give it the platform's key folder.",
            ) from None


def encrypted(vault_key: ledger.VaultKeys) -> DataConverter:
    """Return the data converter of every client of this installation."""
    return DataConverter(
        payload_codec=EncryptedPayloads(vault_key),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
