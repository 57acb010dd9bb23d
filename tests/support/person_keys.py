"""People's keys in tests: a key in memory that signs as a browser's does, registered and endorsed."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import workflows
from proof.signatures import PublicKey
from proof.statement import REGISTRATION_DOMAIN, STATEMENT_DOMAIN, Decision
from support.by_hand import ByHand
from workflows import Actor


@dataclass(frozen=True)
class PersonKey:
    """A P-256 key; it signs as WebCrypto does: at random, r ‖ s, and with any s."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def public(self) -> PublicKey:
        return PublicKey.of(self.private)

    @property
    def key_id(self) -> str:
        return self.public.key_id

    @property
    def public_b64(self) -> str:
        return base64.b64encode(self.public.der).decode()

    def sign(self, message: bytes) -> str:
        """Return the signature in base64."""
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()

    def sign_statement(self, text: str) -> dict[str, str]:
        """Return a statement with its signature, as a command carries them."""
        return {"statement": text, "signature": self.sign(STATEMENT_DOMAIN + text.encode())}

    def sign_registration(self, text: str) -> str:
        return self.sign(REGISTRATION_DOMAIN + text.encode())


async def registration(hand: ByHand, actor: Actor, key: PersonKey) -> dict[str, str]:
    """Ask for a registration and return the command's payload."""
    async with hand.database.transaction() as tx:
        asked = await workflows.registration_for(
            tx, actor, key.public.der, protection="browser", origin=hand.recorder.origin, at=hand.now()
        )
    text = asked.encode().decode()
    return {
        "registration": text,
        "public_key": key.public_b64,
        "signature": key.sign_registration(text),
    }


async def enrolled(hand: ByHand, actor: Actor, by: Actor) -> PersonKey:
    """Return a key of a person that is valid."""
    key = PersonKey()
    await hand.perform("key.register", await registration(hand, actor, key), actor)
    await hand.perform("key.endorse", {"key_id": key.key_id}, by)
    return key


async def statement(
    hand: ByHand, actor: Actor, key: PersonKey, task_id: str, variables: dict[str, Any]
) -> Decision:
    """Ask what to sign."""
    async with hand.database.transaction() as tx:
        return await workflows.statement_for(
            tx,
            actor,
            task_id=UUID(task_id),
            variables=variables,
            key_id=key.key_id,
            origin=hand.recorder.origin,
            at=hand.now(),
        )
