"""What a platform publishes of the invoices that it has claimed: blind fingerprints, tied to its log.

Canonical JSON with exactly these fields:

    format   "scf-register/1"
    claims   a sorted list of [period, blind fingerprint, day since when], each once
    proof    base64 of an `scf-entry-proof/1` file

The proof is of an entry `register.publish` in the platform's stream `register`, whose statement holds how
many claims there are, the SHA-256 of their canonical JSON, and a contact. So the list has the platform's
signatures and a place in its log; its number is the entry's number in that stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import TypeAlias

from proof import canonical, entry_proof
from proof.canonical import Json
from proof.checkpoint import decode_base64, encode_base64
from proof.entry_proof import EntryProof
from proof.errors import NotCanonical, NotProven

FORMAT = "scf-register/1"
STREAM = "register"
KIND = "register.publish"

PERIOD = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}")
_BLIND = re.compile(r"[0-9a-f]{64}")

Claim: TypeAlias = tuple[str, str, date]
"""The period of the key, the blind fingerprint in hexadecimal, and the day since when it is claimed."""


@dataclass(frozen=True, slots=True)
class Register:
    """A verified list of claims.

    Attributes:
        origin: The name of the log of the platform that claims.
        number: The list's number; a later one replaces it.
        contact: Whom to ask there.
        claims: What is claimed at the time of the list, and nothing else.
        size: The size of the log under the checkpoint of the proof.
    """

    origin: str
    number: int
    contact: str
    claims: tuple[Claim, ...]
    size: int


def encoded_claims(claims: Iterable[Claim]) -> bytes:
    """Return the canonical JSON of claims, in their order."""
    return canonical.encode([[period, blind, since.isoformat()] for period, blind, since in sorted(claims)])


def statement(claims: bytes, count: int, contact: str) -> Mapping[str, Json]:
    """Return what the entry states about encoded claims."""
    return {"claims": count, "digest": sha256(claims).hexdigest(), "contact": contact}


def encode(claims: bytes, proof: bytes) -> bytes:
    """Return the file of encoded claims and the proof of their entry."""
    return canonical.encode(
        {"format": FORMAT, "claims": canonical.decode(claims), "proof": encode_base64(proof)}
    )


def log_key_of(data: bytes) -> str:
    """Return the key of the log that a file claims to be of, to look up whose that is.

    Raises:
        NotCanonical: `register.form`, or what the proof's parts raise.
    """
    _, proof = _parts(data)
    return EntryProof.decode(proof).log_key


def verify(data: bytes, *, log_key: str) -> Register:
    """Check a file: its claims are those of an entry in the log of this key.

    Raises:
        NotCanonical: `register.form`, or what the proof's parts raise.
        NotProven: `register.statement` when the entry states something else, or what the proof raises.
    """
    listed, proof = _parts(data)
    proven = entry_proof.verify(proof, log_key=log_key)
    claims = tuple(_claim(each) for each in listed)
    if list(claims) != sorted(set(claims)):
        raise NotCanonical("register.form", "The claims are not sorted, or one is there twice.")
    body = proven.body
    contact = (body.statement or {}).get("contact")
    if (
        (body.stream, body.kind) != (STREAM, KIND)
        or not isinstance(contact, str)
        or body.statement != statement(encoded_claims(claims), len(claims), contact)
    ):
        raise NotProven("register.statement", "The entry does not state these claims.", where="proof")
    return Register(body.origin, body.seq, contact, claims, proven.checkpoint.size)


def _parts(data: bytes) -> tuple[list[Json], bytes]:
    content = canonical.decode(data)
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        raise NotCanonical("register.form", f"This is not a file of the format {FORMAT}.")
    if content.keys() != {"format", "claims", "proof"}:
        raise NotCanonical("register.form", "The file has missing or unknown fields.")
    listed, proof = content["claims"], content["proof"]
    if not isinstance(listed, list) or not isinstance(proof, str):
        raise NotCanonical("register.form", "The file has a list of claims, and a proof.")
    return listed, decode_base64(proof, "register.form")


def _claim(value: Json) -> Claim:
    if isinstance(value, list) and len(value) == 3:
        period, blind, since = value
        if (
            isinstance(period, str)
            and PERIOD.fullmatch(period)
            and isinstance(blind, str)
            and _BLIND.fullmatch(blind)
            and isinstance(since, str)
        ):
            try:
                day = date.fromisoformat(since)
            except ValueError:
                day = None
            if day is not None and day.isoformat() == since:
                return period, blind, day
    raise NotCanonical("register.form", "A claim is a period, a blind fingerprint and a day.", where="claims")
