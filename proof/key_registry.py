"""The registry of keys, recomputed from the log: whose key signed what, and was it valid there.

A key's life is told by entries of its own stream `key:<key_id>`:

key.register   a key and whose it is, signed by that key; a person's is not valid yet
key.endorse    a second person vouches for a person's key: valid from here on
key.rotate     another key of the platform, brought in by one that is valid
key.revoke     the key signs nothing after this

A key is valid in a range of places in the log. The first key of the platform stands for itself: who pins it,
or the log's first checkpoint, knows it from elsewhere. Every later one must be brought in by a valid one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from proof import canonical
from proof.canonical import Json
from proof.checkpoint import decode_base64
from proof.entry import Body
from proof.errors import NotCanonical, ProofError
from proof.signatures import PublicKey
from proof.statement import Registration, SignedDecision, signed_decision, verify_possession

PLATFORM = "system:platform"
KEY_KINDS = frozenset({"key.register", "key.endorse", "key.rotate", "key.revoke"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What the log says of a key.

    Attributes:
        key_id: The key.
        holder: Whose it is: `user:<account>` or `system:platform`.
        public_key: Its SubjectPublicKeyInfo.
        protection: Where it lies, as its holder says.
        registered_at: The place in the log of the entry that brought it.
        valid_from: The place from which on it is valid; None while nobody has endorsed it.
        valid_by: The entry that made it valid.
        revoked_at: The place of the entry that revoked it.
    """

    key_id: str
    holder: str
    public_key: bytes
    protection: str
    registered_at: int
    valid_from: int | None = None
    valid_by: UUID | None = None
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an entry's keys: a stable code and what was found."""

    code: str
    message: str


class KeyRegistry:
    """Follows a log, entry by entry from its first, and tells what the keys of each entry may not do.

    Args:
        trusted: Keys of the platform that the caller knows from elsewhere; they need nobody to bring them in.
    """

    def __init__(self, trusted: Collection[str] = ()) -> None:
        self.keys: dict[str, Standing] = {}
        # The place of the first key event: logs of earlier releases begin without a registry.
        self.opened_at: int | None = None
        self._trusted = trusted
        self._nonces: set[str] = set()

    def follow(self, place: int, body: Body) -> list[Problem]:
        """Take the next entry, whose own signature the caller checks, and return its problems.

        Codes: `ledger.key_event`, `ledger.key_unvouched`, `ledger.key_unregistered`,
        `ledger.key_not_yet_valid`, `ledger.key_revoked` and `ledger.statement`.
        """
        problems: list[Problem] = []
        if body.kind in KEY_KINDS:
            self.opened_at = place if self.opened_at is None else self.opened_at
            try:
                self._happened(place, body)
            except ProofError as error:
                problems.append(Problem(error.code, error.message))
        if self.opened_at is None:
            return problems
        problems += self._may_sign(body.key_id, PLATFORM, place, "The entry")
        try:
            if (signed := signed_decision(body.statement)) is not None:
                problems += self._decided(place, body, signed)
        except ProofError as error:
            problems.append(Problem("ledger.statement", str(error)))
        return problems

    def _happened(self, place: int, body: Body) -> None:
        told = body.statement or {}
        if body.kind in ("key.register", "key.rotate"):
            self._bring(place, body, told)
            return
        known = self.keys.get(str(told.get("key")))
        if known is None or body.stream != f"key:{known.key_id}":
            raise _bad(f"{body.kind} is about a key that is not registered.")
        if known.revoked_at is not None:
            raise _bad(f"{body.kind} is about a key that was revoked before.")
        if body.kind == "key.revoke":
            self.keys[known.key_id] = replace(known, revoked_at=place)
            return
        if known.valid_from is not None:
            raise _bad("The key was endorsed before.")
        if not body.actor.startswith("user:") or body.actor == known.holder:
            raise _bad("A key takes the endorsement of a second person.")
        self.keys[known.key_id] = replace(known, valid_from=place, valid_by=body.entry_id)

    def _bring(self, place: int, body: Body, told: Mapping[str, Json]) -> None:
        registration = Registration.decode(canonical.encode(told.get("registration")))
        key = PublicKey(decode_base64(str(told.get("public_key")), "ledger.key_event"))
        verify_possession(registration, key, decode_base64(str(told.get("possession")), "ledger.key_event"))
        if body.stream != f"key:{key.key_id}" or registration.origin != body.origin:
            raise _bad("The registration is for another stream or log.")
        if key.key_id in self.keys:
            raise _bad("The key was registered before.")
        standing = Standing(key.key_id, registration.holder, key.der, registration.protection, place)
        if registration.holder != PLATFORM:
            if body.kind != "key.register" or registration.holder != body.actor:
                raise _bad("A person's key is registered by that person.")
            self.keys[key.key_id] = standing
            return
        first = all(each.holder != PLATFORM for each in self.keys.values())
        self.keys[key.key_id] = replace(standing, valid_from=place, valid_by=body.entry_id)
        if not first and body.key_id == key.key_id and key.key_id not in self._trusted:
            raise NotCanonical(
                "ledger.key_unvouched", f"No earlier key of the platform brought in the key {key.key_id}."
            )

    def _may_sign(self, key_id: str, holder: str, place: int, what: str) -> list[Problem]:
        known = self.keys.get(key_id)
        if known is None or known.holder != holder:
            return [
                Problem(
                    "ledger.key_unregistered", f"{what} is signed with {key_id}, which is no key of {holder}."
                )
            ]
        if known.revoked_at is not None and known.revoked_at < place:
            return [Problem("ledger.key_revoked", f"{what} is signed with {key_id}, revoked before.")]
        if known.valid_from is None or known.valid_from > place:
            return [Problem("ledger.key_not_yet_valid", f"{what} is signed with {key_id}, not endorsed yet.")]
        return []

    def _decided(self, place: int, body: Body, signed: SignedDecision) -> list[Problem]:
        signed.verify()
        said = signed.decision
        if (said.origin, said.account, said.case) != (body.origin, body.actor, body.stream):
            return [Problem("ledger.statement", "The signed statement is for another log, person or case.")]
        if said.nonce in self._nonces:
            return [Problem("ledger.statement", "The signed statement stands in the log before.")]
        self._nonces.add(said.nonce)
        problems = self._may_sign(said.key_id, said.account, place, "The statement")
        if not problems and signed.registered_by != self.keys[said.key_id].valid_by:
            return [Problem("ledger.statement", "Another entry made the person's key valid.")]
        return problems


def _bad(message: str) -> NotCanonical:
    return NotCanonical("ledger.key_event", message)
