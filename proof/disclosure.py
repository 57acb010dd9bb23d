"""Chosen fields of one entry, opened for one reader: payloads and salts beside the entry's proof.

Canonical JSON with exactly these fields:

    format     "scf-disclosure/1"
    to         for whom it was made
    proof      base64 of an `scf-entry-proof/1` file
    openings   a list of {"field", "salt", "payload"}, salt and payload in base64, sorted by field

A payload is what the entry commits to: SHA-256(0x10 ‖ salt ‖ payload). The fields that are not opened stay
hidden: their salts are unknown. `to` is a label that nothing signs; that the platform disclosed it, to whom,
stands in its own log (`vault.disclose`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proof import canonical, entry_proof
from proof.canonical import Json
from proof.checkpoint import decode_base64, encode_base64
from proof.entry_proof import Verified
from proof.errors import NotCanonical, NotProven
from proof.hashes import commitment
from proof.signatures import Backend

FORMAT = "scf-disclosure/1"
_SALT_SIZE = 32


@dataclass(frozen=True, slots=True)
class Opened:
    """One field: what it holds, and the salt of its commitment."""

    salt: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A verified file: what its entry says, and the payloads that were opened.

    Attributes:
        entry: What the proof of the entry proves.
        to: For whom the file says that it was made.
        payloads: The opened fields.
        hidden: The fields of the entry that are not opened.
    """

    entry: Verified
    to: str
    payloads: Mapping[str, bytes]
    hidden: tuple[str, ...]


def encode(proof: bytes, openings: Mapping[str, Opened], to: str) -> bytes:
    """Return the file."""
    return canonical.encode(
        {
            "format": FORMAT,
            "to": to,
            "proof": encode_base64(proof),
            "openings": [
                {
                    "field": field,
                    "salt": encode_base64(opened.salt),
                    "payload": encode_base64(opened.payload),
                }
                for field, opened in sorted(openings.items())
            ],
        }
    )


def verify(
    data: bytes,
    *,
    log_key: str | None = None,
    entry_key_id: str | None = None,
    backend: Backend = "cryptography",
) -> Disclosure:
    """Check a file: the entry is in the log, and commits to what is opened.

    Args:
        data: The file.
        log_key: The log's note key as you know it, from elsewhere than the file.
        entry_key_id: The id of the signing key as you know it.
        backend: The library that checks the entry's signature.

    Raises:
        NotCanonical: `disclosure.form`, or what the proof's parts raise.
        NotProven: `disclosure.payload` when the entry does not commit to a payload, or what the proof raises.
    """
    to, proof, openings = _parts(data)
    entry = entry_proof.verify(proof, log_key=log_key, entry_key_id=entry_key_id, backend=backend)
    for field, opened in openings.items():
        if entry.body.commitments.get(field) != commitment(opened.salt, opened.payload).hex():
            raise NotProven(
                "disclosure.payload", "The entry does not commit to what is opened here.", where=field
            )
    return Disclosure(
        entry,
        to,
        {field: opened.payload for field, opened in openings.items()},
        tuple(sorted(entry.body.commitments.keys() - openings.keys())),
    )


def _parts(data: bytes) -> tuple[str, bytes, dict[str, Opened]]:
    content = canonical.decode(data)
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        raise NotCanonical("disclosure.form", f"This is not a file of the format {FORMAT}.")
    if content.keys() != {"format", "to", "proof", "openings"}:
        raise NotCanonical("disclosure.form", "The file has missing or unknown fields.")
    to, listed = content["to"], content["openings"]
    if not isinstance(to, str) or not isinstance(listed, list) or not listed:
        raise NotCanonical("disclosure.form", "The file names a reader and opens one field at least.")
    openings: dict[str, Opened] = {}
    for item in listed:
        if not isinstance(item, Mapping) or item.keys() != {"field", "salt", "payload"}:
            raise NotCanonical("disclosure.form", "An opening has a field, a salt and a payload.")
        field = item["field"]
        if not isinstance(field, str) or (openings and field <= max(openings)):
            raise NotCanonical("disclosure.form", "The openings are not sorted, or one is there twice.")
        opened = Opened(_bytes(item["salt"]), _bytes(item["payload"]))
        if len(opened.salt) != _SALT_SIZE:
            raise NotCanonical("disclosure.form", f"A salt has {_SALT_SIZE} bytes.", where=field)
        openings[field] = opened
    return to, _bytes(content["proof"]), openings


def _bytes(value: Json) -> bytes:
    if not isinstance(value, str):
        raise NotCanonical("disclosure.form", "Bytes are written in base64.")
    return decode_base64(value, "disclosure.form")
