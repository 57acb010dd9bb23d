"""Commands about people's keys: each is an entry of the key's own stream in the ledger."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import ledger
from core import Clock, Conflict, Forbidden, InvalidInput, Transaction
from proof.errors import ProofError
from proof.signatures import PublicKey
from proof.statement import Registration
from workflows import repository
from workflows.actors import Actor
from workflows.key_payloads import EndorseKey, KeyPayload, RegisterKey, RevokeKey
from workflows.repository import CommandRow
from workflows.signatures import canonical_signature

# For how long a challenge is good; signing takes a moment, thinking may take longer.
CHALLENGE_LASTS = timedelta(hours=1)
# Who ends keys of others: those who are told of a lost device.
_REVOKING = frozenset({"compliance", "operations"})


async def registration_for(
    tx: Transaction, actor: Actor, public_key: bytes, *, protection: str, origin: str, at: datetime
) -> Registration:
    """Return what a person's key must sign to be registered, with a fresh challenge in it.

    Raises:
        InvalidInput: `signature.key` when it is no P-256 key, `statement.form` for an unknown protection.
    """
    try:
        key_id = PublicKey(public_key).key_id
        registration = Registration(origin, actor.label, key_id, protection, secrets.token_hex(16))
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where=error.where, hint=error.hint) from error
    await repository.insert_challenge(
        tx.sql,
        registration.nonce,
        account=actor.label,
        subject=ledger.key_stream(key_id),
        expires_at=at + CHALLENGE_LASTS,
        now=at,
    )
    return registration


class KeyCommands:
    """Carries out commands about keys, each in its caller's transaction."""

    def __init__(self, recorder: ledger.Recorder, clock: Clock) -> None:
        self._recorder = recorder
        self._clock = clock

    async def carry_out(self, tx: Transaction, command: CommandRow, payload: KeyPayload) -> Mapping[str, Any]:
        """Change the registry, with the entry that tells of it.

        Raises:
            ScfError: what `ledger.register_key`, `endorse_key` and `revoke_key` refuse.
            InvalidInput: `statement.form`, `signature.form`; `statement.mismatch` when the registration is
                somebody else's.
            Conflict: `statement.nonce`.
            Forbidden: `key.not_yours` to revoke.
        """
        at, actor = self._clock.now(), command.actor
        match payload:
            case RegisterKey():
                key_id = await self._register(tx, actor, payload, at)
            case EndorseKey(key_id=key_id):
                await ledger.endorse_key(tx, self._recorder, key_id, actor=actor.label, at=at)
            case RevokeKey(key_id=key_id, reason=reason):
                await _require_may_revoke(tx, actor, key_id)
                await ledger.revoke_key(tx, self._recorder, key_id, actor=actor.label, reason=reason, at=at)
        return {"key_id": key_id}

    async def _register(self, tx: Transaction, actor: Actor, payload: RegisterKey, at: datetime) -> str:
        try:
            registration = Registration.decode(payload.registration.encode())
        except ProofError as error:
            raise InvalidInput("statement.form", error.message, where="registration") from error
        if (registration.holder, registration.origin) != (actor.label, self._recorder.origin):
            raise InvalidInput(
                "statement.mismatch",
                "The registration is for another person or another log.",
                where="registration",
                hint="Each person registers a key of their own; ask for the registration again.",
            )
        challenged = await repository.is_challenged(
            tx.sql,
            registration.nonce,
            account=actor.label,
            subject=ledger.key_stream(registration.key_id),
            now=at,
        )
        if not (challenged and await repository.use_challenge(tx.sql, registration.nonce)):
            raise Conflict(
                "statement.nonce",
                "The challenge was not given out for this key, or is used up or too old.",
                where="registration",
                hint="Ask for the registration again, and sign that.",
            )
        signature = canonical_signature(payload.signature)
        await ledger.register_key(tx, self._recorder, registration, payload.public_key, signature, at=at)
        return registration.key_id


async def _require_may_revoke(tx: Transaction, actor: Actor, key_id: str) -> None:
    key = await ledger.hold_key(tx.sql, key_id)
    if key is not None and key.holder != actor.label and not actor.roles & _REVOKING:
        raise Forbidden(
            "key.not_yours",
            "The key is another person's.",
            where=key_id,
            hint=f"Its holder revokes it, or one of the roles {', '.join(sorted(_REVOKING))}.",
        )
