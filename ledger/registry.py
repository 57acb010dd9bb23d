"""The registry of keys: its events are entries, written in the caller's transaction.

`proof.key_registry` recomputes it from the log; the table that is written here is what the platform asks.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from core.database import Transaction
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ledger import registry_repository as repository
from ledger.draft import EntryDraft, entry_id
from ledger.recorder import Recorder
from ledger.registry_repository import RegisteredKeyRow
from proof.canonical import Json
from proof.checkpoint import encode_base64
from proof.errors import ProofError
from proof.key_registry import PLATFORM
from proof.signatures import PublicKey, Signer
from proof.statement import REGISTRATION_DOMAIN, Registration, verify_possession

# Why a key is revoked.
REVOCATION_REASONS = ("lost", "compromised", "replaced", "left")


async def register_key(
    tx: Transaction,
    recorder: Recorder,
    registration: Registration,
    public_key: bytes,
    possession: bytes,
    *,
    at: datetime,
) -> UUID:
    """Register a person's key with proof of possession, and return the entry; it takes an endorsement yet.

    Args:
        tx: The caller's transaction.
        recorder: Signs the entry.
        registration: What the key signed; that its nonce is a fresh challenge is for the caller to check.
        public_key: SubjectPublicKeyInfo in DER.
        possession: The key's signature over the registration, in low-S strict DER.
        at: When.

    Raises:
        InvalidInput: `key.possession` when the key did not sign it, `signature.key` when it is no P-256 key.
        Conflict: `key.registered` when the key was registered before.
    """
    try:
        key = PublicKey(public_key)
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where="publicKey") from error
    try:
        verify_possession(registration, key, possession)
    except ProofError as error:
        raise InvalidInput(
            "key.possession",
            f"The registration is not signed by the key that it is about: {error.message}",
            where="signature",
            hint="Ask for the registration again, and sign its bytes as they are.",
        ) from error
    return await _bring(tx, recorder, "key.register", registration, key, possession, at)


async def endorse_key(tx: Transaction, recorder: Recorder, key_id: str, *, actor: str, at: datetime) -> UUID:
    """Vouch, as a second person, that a key is its holder's; return the entry, from which on it is valid.

    Raises:
        NotFound: `key.unknown`.
        Conflict: `key.endorsed`, or `key.revoked`.
        Forbidden: `key.own`, a person who endorses their own key.
    """
    key = await _locked(tx, key_id)
    if key.valid_by is not None:
        raise Conflict("key.endorsed", "The key is valid already.", where=key_id)
    if key.holder == actor:
        raise Forbidden(
            "key.own",
            "A key takes the endorsement of a second person.",
            where=key_id,
            hint="Ask a colleague to compare the fingerprint with you, and to endorse it.",
        )
    entry = await _record(tx, recorder, "key.endorse", key, actor, {"key": key_id, "holder": key.holder}, at)
    await repository.endorse(tx.sql, key_id, actor, entry, at)
    return entry


async def revoke_key(
    tx: Transaction, recorder: Recorder, key_id: str, *, actor: str, reason: str, at: datetime
) -> UUID:
    """End a key: nothing that comes after this entry may be signed with it.

    Raises:
        NotFound: `key.unknown`.
        Conflict: `key.revoked`; `key.last` for the platform's only key.
        InvalidInput: `key.reason` when the reason is none of `REVOCATION_REASONS`.
    """
    if reason not in REVOCATION_REASONS:
        raise InvalidInput(
            "key.reason",
            f"{reason!r} is no reason.",
            where="reason",
            hint=f"Say one of {', '.join(REVOCATION_REASONS)}.",
        )
    key = await _locked(tx, key_id)
    if key.holder == PLATFORM and await repository.valid_keys_of(tx.sql, PLATFORM) == [key_id]:
        raise Conflict(
            "key.last",
            "This is the platform's only key; nothing could be signed after that.",
            where=key_id,
            hint="Bring in the next one first: scf ledger rotate-key",
        )
    told = {"key": key_id, "holder": key.holder, "reason": reason}
    entry = await _record(tx, recorder, "key.revoke", key, actor, told, at)
    await repository.revoke(tx.sql, key_id, reason, entry, at)
    return entry


async def register_platform_key(
    tx: Transaction, recorder: Recorder, *, protection: str, at: datetime
) -> UUID | None:
    """Register the key with which the recorder signs, unless it is; return the entry.

    The platform's first key stands for itself. A later one that comes this way was brought in by no earlier
    one: verification reports it until it is told to trust the key (`ledger.key_unvouched`).
    `rotate_platform_key` is the way without that.
    """
    await repository.lock_platform_keys(tx.sql)
    key = recorder.signer.public_key
    if await repository.registered(tx.sql, key.key_id) is not None:
        return None
    known = await repository.valid_keys_of(tx.sql, PLATFORM)
    kind = "key.rotate" if known else "key.register"
    return await _platform_key(tx, recorder, kind, recorder.signer, protection, at)


async def rotate_platform_key(
    tx: Transaction, recorder: Recorder, new: Signer, *, protection: str, at: datetime
) -> UUID | None:
    """Bring in the platform's next key by the one that signs now; None when it is registered already.

    The old key stays valid for the workers that still have it, until it is revoked.
    """
    await repository.lock_platform_keys(tx.sql)
    if await repository.registered(tx.sql, new.public_key.key_id) is not None:
        return None
    return await _platform_key(tx, recorder, "key.rotate", new, protection, at)


def key_stream(key_id: str) -> str:
    """Return the stream that tells a key's life."""
    return f"key:{key_id}"


async def _platform_key(
    tx: Transaction, recorder: Recorder, kind: str, signer: Signer, protection: str, at: datetime
) -> UUID:
    key = signer.public_key
    registration = Registration(recorder.origin, PLATFORM, key.key_id, protection, secrets.token_hex(16))
    possession = signer.sign(REGISTRATION_DOMAIN + registration.encode())
    return await _bring(tx, recorder, kind, registration, key, possession, at)


async def _bring(
    tx: Transaction,
    recorder: Recorder,
    kind: str,
    registration: Registration,
    key: PublicKey,
    possession: bytes,
    at: datetime,
) -> UUID:
    holder = registration.holder
    entry = entry_id(key_stream(key.key_id), 1)
    valid_by = entry if holder == PLATFORM else None
    row = RegisteredKeyRow(key.key_id, holder, key.der, registration.protection, 1, None, valid_by, None)
    if not await repository.insert_key(tx.sql, row, entry, at):
        raise Conflict(
            "key.registered",
            "This key is registered already.",
            where=key.key_id,
            hint="Another device has a key of its own; a revoked key never comes back.",
        )
    told: dict[str, Json] = {
        "registration": registration.as_json(),
        "public_key": encode_base64(key.der),
        "possession": encode_base64(possession),
    }
    return await _record(tx, recorder, kind, row._replace(seq=0), holder, told, at)


async def _locked(tx: Transaction, key_id: str) -> RegisteredKeyRow:
    key = await repository.lock_key(tx.sql, key_id)
    if key is None:
        raise NotFound("key.unknown", f"No key {key_id} is registered.", where=key_id)
    if key.revoked_by is not None:
        raise Conflict("key.revoked", "The key is revoked.", where=key_id)
    return key


async def _record(
    tx: Transaction,
    recorder: Recorder,
    kind: str,
    key: RegisteredKeyRow,
    actor: str,
    told: Mapping[str, Json],
    at: datetime,
) -> UUID:
    draft = EntryDraft(key_stream(key.key_id), key.seq + 1, kind, at, actor, statement=told)
    return await recorder.record(tx, draft)
