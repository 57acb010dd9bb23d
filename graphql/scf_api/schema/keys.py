"""Keys of people: registered, endorsed by a second person and revoked; and what to sign with them."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry.scalars import JSON

import workflows
from core import InvalidInput, ScfError
from proof.statement import REGISTRATION_DOMAIN, STATEMENT_DOMAIN
from scf_api import views
from scf_api.context import Info
from scf_api.repository import Row, equals
from scf_api.schema.commands import UserError
from scf_api.schema.describe import argument, enum, mutation, output, resolved
from scf_api.schema.log import LedgerEntry
from scf_api.schema.performing import CommandStatus, perform, told
from scf_api.schema.relay import After, Connection, First, key_of, listed, one
from scf_api.schema.scalars import Hash


@enum
class KeyState(Enum):
    """How far a key has come: REGISTERED waits for a second person, VALID signs, REVOKED signs no more."""

    REGISTERED = "registered"
    VALID = "valid"
    REVOKED = "revoked"


@enum
class KeyProtection(Enum):
    """Where a key lies, as its holder says."""

    BROWSER = "browser"
    HSM = "hsm"
    FILE = "file"
    ENVIRONMENT = "environment"


@enum
class RevocationReason(Enum):
    """Why a key is revoked."""

    LOST = "lost"
    COMPROMISED = "compromised"
    REPLACED = "replaced"
    LEFT = "left"


@output
class RegisteredKey:
    """A key as the ledger's entries tell it. Its `keyId`, SHA-256 of the public key, is its fingerprint."""

    key_id: Hash
    holder: str = strawberry.field(description="`user:<account>`, or `system:platform` for those of entries.")
    public_key_base64: str = strawberry.field(description="SubjectPublicKeyInfo in DER.")
    protection: KeyProtection
    state: KeyState
    registered_at: datetime
    endorsed_by: str | None
    valid_at: datetime | None
    revoked_at: datetime | None
    revoked_for: RevocationReason | None
    entry_keys: strawberry.Private[tuple[object, object, object]]

    @classmethod
    def from_row(cls, row: Row) -> RegisteredKey:
        """Build it from a row of `ledger.key_view`."""
        return cls(
            key_id=row["key_id"],
            holder=row["holder"],
            public_key_base64=base64.b64encode(row["public_key"]).decode(),
            protection=KeyProtection(row["protection"]),
            state=KeyState(row["state"]),
            registered_at=row["registered_at"],
            endorsed_by=row["endorsed_by"],
            valid_at=row["valid_at"],
            revoked_at=row["revoked_at"],
            revoked_for=RevocationReason(row["revoked_for"]) if row["revoked_for"] else None,
            entry_keys=(row["registered_by"], row["valid_by"], row["revoked_by"]),
        )

    @resolved
    async def registered_by(self, info: Info) -> LedgerEntry | None:
        """The entry that brought it."""
        return await one(info, views.ENTRY, self.entry_keys[0], LedgerEntry.from_row, column="entry_id")

    @resolved
    async def valid_by(self, info: Info) -> LedgerEntry | None:
        """The entry that made it valid."""
        return await one(info, views.ENTRY, self.entry_keys[1], LedgerEntry.from_row, column="entry_id")

    @resolved
    async def revoked_by(self, info: Info) -> LedgerEntry | None:
        """The entry that ended it."""
        return await one(info, views.ENTRY, self.entry_keys[2], LedgerEntry.from_row, column="entry_id")


@output
class ToSign:
    """What to sign: the bytes of `domain` followed by those of `text`, both in UTF-8, exactly as they are."""

    domain: str
    text: str


@output
class ToSignPayload:
    """What to sign, good once and for an hour; or why there is nothing to sign."""

    to_sign: ToSign | None
    user_errors: list[UserError]


@output
class KeyPayload:
    """What became of a key."""

    command: CommandStatus | None
    user_errors: list[UserError]
    key: RegisteredKey | None


@argument
class RegistrationForInput:
    """The caller's public key (SubjectPublicKeyInfo in DER), and where its private half lies."""

    public_key_base64: str
    protection: KeyProtection = KeyProtection.BROWSER


@argument
class StatementForInput:
    """A task, what is to be decided, and the key that will sign."""

    task_id: strawberry.ID
    variables: JSON
    key_id: Hash


@argument
class RegisterKeyInput:
    """The text that registrationFor gave, signed by the key."""

    idempotency_key: str
    registration: str
    public_key_base64: str
    signature_base64: str = strawberry.field(description="r ‖ s as WebCrypto gives it, or DER.")


@argument
class EndorseKeyInput:
    """A key whose fingerprint the caller has compared with its holder."""

    idempotency_key: str
    key_id: Hash


@argument
class RevokeKeyInput:
    """A key that is to sign nothing any more."""

    idempotency_key: str
    key_id: Hash
    reason: RevocationReason


@output
class KeyQueries:
    """What can be asked about keys."""

    @resolved
    async def keys(
        self, info: Info, state: KeyState | None = None, first: First = None, after: After = None
    ) -> Connection[RegisteredKey]:
        """Keys, the latest first; people of a seller or a buyer see their own."""
        filters = equals("state", state.value if state else None)
        return await listed(info, views.KEY, RegisteredKey.from_row, first, after, filters)

    @resolved
    async def my_keys(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[RegisteredKey]:
        """The caller's own keys, the latest first."""
        filters = equals("holder", f"user:{info.context.person.name}")
        return await listed(info, views.KEY, RegisteredKey.from_row, first, after, filters)


@output
class KeyMutations:
    """What can be done with keys. To ask what is to be signed is no command: it gives out a challenge."""

    @mutation
    async def registration_for(self, info: Info, input: RegistrationForInput) -> ToSignPayload:
        """Return what the caller's key must sign to be registered."""
        context = info.context
        try:
            async with context.database.transaction() as tx:
                registration = await workflows.registration_for(
                    tx,
                    _actor(info),
                    _base64(input.public_key_base64, "publicKeyBase64"),
                    protection=input.protection.value,
                    origin=context.settings.origin,
                    at=context.settings.clock.now(),
                )
        except ScfError as error:
            return ToSignPayload(to_sign=None, user_errors=[told(error)])
        return _to_sign(REGISTRATION_DOMAIN, registration.encode())

    @mutation
    async def statement_for(self, info: Info, input: StatementForInput) -> ToSignPayload:
        """Return what the caller's key must sign to decide a task that way."""
        context = info.context
        variables: Any = input.variables
        try:
            task_id = key_of(input.task_id, "Task", "taskId")
            if not isinstance(variables, dict) or task_id is None:
                raise InvalidInput("statement.form", "The answers are no object.", where="variables")
            async with context.database.transaction() as tx:
                decision = await workflows.statement_for(
                    tx,
                    _actor(info),
                    task_id=task_id,
                    variables=variables,
                    key_id=input.key_id,
                    origin=context.settings.origin,
                    at=context.settings.clock.now(),
                )
        except ScfError as error:
            return ToSignPayload(to_sign=None, user_errors=[told(error)])
        return _to_sign(STATEMENT_DOMAIN, decision.encode())

    @mutation
    async def register_key(self, info: Info, input: RegisterKeyInput) -> KeyPayload:
        """Register a key of the caller's own; it signs once a second person has endorsed it."""
        payload = {
            "registration": input.registration,
            "public_key": input.public_key_base64,
            "signature": input.signature_base64,
        }
        return await _on_key(info, "key.register", payload, input.idempotency_key)

    @mutation
    async def endorse_key(self, info: Info, input: EndorseKeyInput) -> KeyPayload:
        """Vouch that a key is its holder's; the caller has compared its fingerprint with the holder."""
        return await _on_key(info, "key.endorse", {"key_id": input.key_id}, input.idempotency_key)

    @mutation
    async def revoke_key(self, info: Info, input: RevokeKeyInput) -> KeyPayload:
        """End a key: the caller's own, or by operations and compliance anybody's."""
        payload = {"key_id": input.key_id, "reason": input.reason.value}
        return await _on_key(info, "key.revoke", payload, input.idempotency_key)


async def _on_key(info: Info, kind: str, payload: dict[str, Any], idempotency_key: str) -> KeyPayload:
    answer = await perform(info, kind, lambda: payload, idempotency_key)
    key_id = answer.result.get("key_id")
    row = await info.context.one(views.KEY, key_id, column="key_id") if key_id else None
    return KeyPayload(
        command=answer.status, user_errors=answer.errors, key=RegisteredKey.from_row(row) if row else None
    )


def _to_sign(domain: bytes, text: bytes) -> ToSignPayload:
    return ToSignPayload(to_sign=ToSign(domain=domain.decode(), text=text.decode()), user_errors=[])


def _actor(info: Info) -> workflows.Actor:
    person = info.context.person
    return workflows.Actor(person.name, person.roles, person.party_id)


def _base64(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("command.field_invalid", "This is not base64.", where=where) from None
