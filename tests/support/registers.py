"""Lists of the blind register as another platform would publish them, made without a platform."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import entry_id
from proof import merkle, register
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from proof.entry import Body, seal
from proof.entry_proof import EntryProof, TlogProof
from proof.register import Claim
from proof.signatures import KeySigner

ORIGIN = "other.example/log"


class Other:
    """Another platform: its keys, and the lists that it publishes, each in a log of its own length."""

    def __init__(self) -> None:
        self.signer = KeySigner(ec.generate_private_key(ec.SECP256R1()))
        self.log_key = Ed25519PrivateKey.generate()

    @property
    def note_key(self) -> str:
        """The key of its log, as it tells it to others."""
        return str(NoteKey(ORIGIN, self.log_key.public_key().public_bytes_raw()))

    def publish(
        self,
        claims: Sequence[Claim],
        number: int = 1,
        *,
        contact: str = "registry desk, +49 30 000",
        stated: bytes | None = None,
        kind: str = register.KIND,
    ) -> bytes:
        """Return the file of a list; `stated` is another list that its entry states instead."""
        encoded = register.encoded_claims(claims)
        key = self.signer.public_key
        body = Body(
            origin=ORIGIN,
            entry_id=entry_id(register.STREAM, number),
            stream=register.STREAM,
            seq=number,
            parents=("ab" * 32,) if number > 1 else (),
            kind=kind,
            actor="system:register",
            occurred_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
            statement=register.statement(stated or encoded, len(claims), contact),
            model_hash=None,
            kernel_version=None,
            events_count=0,
            events_root=merkle.root([]).hex(),
            state_root=None,
            commitments={},
            key_id=key.key_id,
        )
        envelope = seal(body, self.signer)
        leaves = [bytes(32)] * (number - 1) + [envelope.leaf]
        note = sign_checkpoint(Checkpoint(ORIGIN, number, merkle.root(leaves)), self.log_key)
        path = tuple(merkle.inclusion_path(leaves, number - 1))
        proof = EntryProof(envelope, key.der, self.note_key, TlogProof(number - 1, path, note))
        return register.encode(encoded, proof.encode())
