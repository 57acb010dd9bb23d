"""What a person signs with a key of their own: a decision on a task, and the registration of that key.

Both are canonical JSON that is signed behind a tag of its own, so that neither can stand for the other or for
an entry. They travel in the statement of an entry, which the platform's key signs:

decision      STATEMENT_DOMAIN ‖ canonical JSON of `Decision`         body.statement["signed"]
registration  REGISTRATION_DOMAIN ‖ canonical JSON of `Registration`  the statement of its entry

A statement stands in the clear and for good, so it holds no texts and no amounts that a person has entered:
of those it has a digest, which whoever is told the answer can check (`declared`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from typing import Any, ClassVar, cast
from uuid import UUID

from proof import canonical
from proof.canonical import Json
from proof.checkpoint import decode_base64, encode_base64
from proof.errors import NotCanonical, NotProven
from proof.signatures import Backend, PublicKey, require_canonical

STATEMENT_DOMAIN = b"scf-statement/v1\n"
REGISTRATION_DOMAIN = b"scf-key-registration/v1\n"

# Where a key lies, as its owner says; the platform cannot see it.
PROTECTIONS = ("browser", "hsm", "file", "environment")

_HASH = re.compile(r"[0-9a-f]{64}")
_NONCE = re.compile(r"[0-9a-f]{32}")
_HOLDER = re.compile(r"(user|system):.{1,200}")
_SIGNED = {"statement", "signature", "public_key", "protection", "registered_by"}


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision on a task.

    Attributes:
        origin: The log that it is for.
        account: Who decides, `user:<account>`.
        key_id: The person's key.
        case: The case, which is the entry's stream.
        task: The task's id.
        element: The task's element in the process model.
        decision: The answers, as `declared` writes them.
        shown: The SHA-256 of what the person was shown, by part: `variables`, and `form` if there is one.
        model_hash: The content hash of the process model.
        nonce: 32 hexadecimal digits that the platform gave out for this task and person.

    Raises:
        NotCanonical: `statement.form`, naming the field.
    """

    format: ClassVar[str] = "scf-statement/1"

    origin: str
    account: str
    key_id: str
    case: str
    task: str
    element: str
    decision: Mapping[str, Json]
    shown: Mapping[str, str]
    model_hash: str
    nonce: str

    def __post_init__(self) -> None:
        _require("account", _matches(_HOLDER, self.account), "user:<account>")
        for name in ("key_id", "model_hash"):
            _require(name, _matches(_HASH, getattr(self, name)), "a SHA-256 in hexadecimal")
        for name in ("origin", "case", "task", "element"):
            _require(name, isinstance(getattr(self, name), str), "text")
        _require("decision", isinstance(self.decision, Mapping), "an object")
        _require("shown", _are_hashes(self.shown), "SHA-256 values in hexadecimal by part")
        _require("nonce", _matches(_NONCE, self.nonce), "32 hexadecimal digits")

    def encode(self) -> bytes:
        """Return the canonical JSON, which is signed behind its tag."""
        return canonical.encode(
            {"format": self.format, **{each.name: getattr(self, each.name) for each in fields(self)}}
        )

    @classmethod
    def decode(cls, data: bytes) -> Decision:
        """Read what `encode` wrote.

        Raises:
            NotCanonical: `canonical.…` or `statement.form`.
        """
        return cls(**_content(canonical.decode(data), cls.format, {each.name for each in fields(cls)}))


@dataclass(frozen=True, slots=True)
class Registration:
    """That a key is somebody's, signed by that key.

    Attributes:
        origin: The log that it is for.
        holder: Whose key it is: `user:<account>`, or `system:platform` for a key that signs entries.
        key_id: The key.
        protection: Where the key lies, as its holder says: one of `PROTECTIONS`.
        nonce: 32 hexadecimal digits; for a person's key the platform's challenge.

    Raises:
        NotCanonical: `statement.form`, naming the field.
    """

    format: ClassVar[str] = "scf-key-registration/1"

    origin: str
    holder: str
    key_id: str
    protection: str
    nonce: str

    def __post_init__(self) -> None:
        _require("origin", isinstance(self.origin, str), "text")
        _require("holder", _matches(_HOLDER, self.holder), "user:<account> or system:<part>")
        _require("key_id", _matches(_HASH, self.key_id), "a SHA-256 in hexadecimal")
        _require("protection", self.protection in PROTECTIONS, f"one of {', '.join(PROTECTIONS)}")
        _require("nonce", _matches(_NONCE, self.nonce), "32 hexadecimal digits")

    def as_json(self) -> dict[str, Json]:
        """Return it as a JSON object."""
        return {"format": self.format, **asdict(self)}

    def encode(self) -> bytes:
        """Return the canonical JSON, which is signed behind its tag."""
        return canonical.encode(self.as_json())

    @classmethod
    def decode(cls, data: bytes) -> Registration:
        """Read what `encode` wrote.

        Raises:
            NotCanonical: `canonical.…` or `statement.form`.
        """
        return cls(**_content(canonical.decode(data), cls.format, {each.name for each in fields(cls)}))


@dataclass(frozen=True, slots=True)
class SignedDecision:
    """A decision with the person's signature, as an entry's statement holds it under `signed`.

    Attributes:
        decision: What was signed.
        signature: ECDSA P-256 in low-S strict DER.
        public_key: The key's SubjectPublicKeyInfo.
        protection: Where the key lies, as its holder said at its registration.
        registered_by: The entry that made the key valid.
    """

    decision: Decision
    signature: bytes
    public_key: bytes
    protection: str
    registered_by: UUID

    def as_json(self) -> dict[str, Json]:
        """Return what stands in the entry."""
        return {
            "statement": canonical.decode(self.decision.encode()),
            "signature": encode_base64(self.signature),
            "public_key": encode_base64(self.public_key),
            "protection": self.protection,
            "registered_by": str(self.registered_by),
        }

    @classmethod
    def from_json(cls, value: Json) -> SignedDecision:
        """Read what stands in an entry.

        Raises:
            NotCanonical: `statement.form` and what its parts raise.
        """
        if not isinstance(value, Mapping) or value.keys() != _SIGNED:
            raise NotCanonical(
                "statement.form", f"A signed statement has the fields {', '.join(sorted(_SIGNED))}."
            )
        _require("protection", value["protection"] in PROTECTIONS, f"one of {', '.join(PROTECTIONS)}")
        try:
            registered_by = UUID(_text(value, "registered_by"))
        except ValueError:
            raise NotCanonical("statement.form", "This is no UUID.", where="registered_by") from None
        return cls(
            decision=Decision.decode(canonical.encode(value["statement"])),
            signature=decode_base64(_text(value, "signature"), "statement.form"),
            public_key=decode_base64(_text(value, "public_key"), "statement.form"),
            protection=_text(value, "protection"),
            registered_by=registered_by,
        )

    def verify(self, backend: Backend = "cryptography") -> None:
        """Check the signature, and that the key is the one that the statement names.

        Raises:
            NotCanonical: `signature.key` or `signature.form`.
            NotProven: `signature.key` or `signature.invalid`.
        """
        key = PublicKey(self.public_key)
        if key.key_id != self.decision.key_id:
            raise NotProven(
                "signature.key", "The key is not the one that the statement names.", where="public_key"
            )
        key.verify(self.signature, STATEMENT_DOMAIN + self.decision.encode(), backend)


def signed_decision(statement: Mapping[str, Json] | None) -> SignedDecision | None:
    """Return what a person signed of an entry's statement; None when nobody did.

    Raises:
        NotCanonical: what `SignedDecision.from_json` raises.
    """
    return SignedDecision.from_json(statement["signed"]) if statement and "signed" in statement else None


def verify_possession(registration: Registration, key: PublicKey, signature: bytes) -> None:
    """Check that a registration is of this key and signed by it.

    Raises:
        NotCanonical: `signature.form`.
        NotProven: `signature.key` or `signature.invalid`.
    """
    if registration.key_id != key.key_id:
        raise NotProven("signature.key", "The registration names another key.", where="key_id")
    require_canonical(signature)
    key.verify(signature, REGISTRATION_DOMAIN + registration.encode())


def declared(answer: Json, nonce: str) -> Json:
    """Return an answer as a statement holds it: texts and numbers as digests, other things as they are.

    The digest is SHA-256(nonce ‖ 0x0A ‖ text), in hexadecimal under the name `sha256`: who is told the answer
    can check it, and equal answers in two statements do not look alike. A short answer can be guessed.
    """
    if answer is None or isinstance(answer, bool):
        return answer
    if isinstance(answer, Mapping):
        return {name: declared(each, nonce) for name, each in answer.items()}
    if isinstance(answer, Sequence) and not isinstance(answer, str):
        return [declared(each, nonce) for each in answer]
    return {"sha256": sha256(f"{nonce}\n{answer}".encode()).hexdigest()}


def _content(value: Json, form: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, Mapping) or value.get("format") != form:
        raise NotCanonical("statement.form", f"This is no statement of the format {form}.", where="format")
    if value.keys() != names | {"format"}:
        odd = ", ".join(sorted(value.keys() ^ (names | {"format"})))
        raise NotCanonical("statement.form", f"Fields are missing or unknown: {odd}.")
    return {name: cast("Any", each) for name, each in value.items() if name != "format"}


def _text(value: Mapping[str, Json], name: str) -> str:
    text = value[name]
    if not isinstance(text, str):
        raise NotCanonical("statement.form", "The field must be text.", where=name)
    return text


def _require(name: str, holds: bool, expected: str) -> None:
    if not holds:
        raise NotCanonical("statement.form", f"The statement's {name} must be {expected}.", where=name)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _are_hashes(value: object) -> bool:
    return isinstance(value, Mapping) and all(_matches(_HASH, each) for each in value.values())
