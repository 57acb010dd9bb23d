"""One self-contained file that proves how a fingerprint stands at a seal: claimed, released, or neither.

Canonical JSON with exactly these fields:

    format        "scf-claim-proof/1"
    fingerprint   the fingerprint, in hexadecimal
    key           its key in the map, in hexadecimal: the path of nothing is often that of a neighbour, too
    claim         null when it was never claimed, or {"times", "claimed_at", "released_at"}
    path          [[level, base64 of a sibling], …]: the way from the sealed root to the fingerprint
    seal          the proof of the seal's entry, as an `scf-entry-proof/1`
    entries       such proofs of the entry that claims it last, and of the one that released it after that

All proofs are against one checkpoint. That the sealed root follows from the entries this file cannot show:
who checks the whole log recomputes it (`proof.log_check`), and the path is of one root that all are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proof import canonical, entry_proof
from proof.canonical import Json
from proof.checkpoint import decode_base64, encode_base64
from proof.claims import Claim, Seal, changes, is_fingerprint
from proof.claims_map import EMPTY, LEVELS, Path, key_of, root_of
from proof.entry_proof import EntryProof, Verified
from proof.errors import NotCanonical, NotProven
from proof.hashes import HASH_SIZE
from proof.policy import Policy
from proof.signatures import Backend

FORMAT = "scf-claim-proof/1"
_FIELDS = {"format", "fingerprint", "key", "claim", "path", "seal", "entries"}
_CODE = "claim_proof.form"


@dataclass(frozen=True, slots=True)
class ClaimProof:
    """What a file holds."""

    fingerprint: str
    claim: Claim | None
    path: Path
    seal: EntryProof
    entries: Sequence[EntryProof]

    @property
    def key(self) -> bytes:
        """The fingerprint's key in the map."""
        return key_of(bytes.fromhex(self.fingerprint))

    def encode(self) -> bytes:
        """Return the file's bytes."""
        return canonical.encode(
            {
                "format": FORMAT,
                "fingerprint": self.fingerprint,
                "key": self.key.hex(),
                "claim": self.claim.as_json() if self.claim else None,
                "path": [[level, encode_base64(node)] for level, node in sorted(self.path.items())],
                "seal": canonical.decode(self.seal.encode()),
                "entries": [canonical.decode(proof.encode()) for proof in self.entries],
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> ClaimProof:
        """Read a file.

        Raises:
            NotCanonical: `claim_proof.form`, or what its parts raise.
        """
        content = canonical.decode(data)
        if not isinstance(content, Mapping) or content.get("format") != FORMAT:
            raise _malformed(f"This is not a file of the format {FORMAT}.")
        fingerprint, entries = content.get("fingerprint"), content.get("entries")
        if content.keys() != _FIELDS or not isinstance(entries, list):
            raise _malformed("The file has missing or unknown fields.")
        if not isinstance(fingerprint, str) or not is_fingerprint(fingerprint):
            raise _malformed("A fingerprint is a SHA-256 in hexadecimal.", "fingerprint")
        proof = cls(
            fingerprint,
            _claim(content["claim"]),
            _path(content["path"]),
            EntryProof.decode(canonical.encode(content["seal"])),
            tuple(EntryProof.decode(canonical.encode(entry)) for entry in entries),
        )
        if content["key"] != proof.key.hex():
            raise _malformed("The key is not that of the fingerprint.", "key")
        return proof


@dataclass(frozen=True, slots=True)
class VerifiedClaim:
    """What a file proves.

    Attributes:
        fingerprint: Of what.
        claim: How it stands in the sealed map; None when it was never claimed.
        size: How many entries of the log the seal covers.
        seal: The seal's entry.
        claimed_by: The entry that claims it last.
        released_by: The entry that released it after that.
    """

    fingerprint: str
    claim: Claim | None
    size: int
    seal: Verified
    claimed_by: Verified | None
    released_by: Verified | None


def is_claim_proof(data: bytes) -> bool:
    """Tell whether a file says that it is such a proof."""
    try:
        content = canonical.decode(data)
    except NotCanonical:
        return False
    return isinstance(content, Mapping) and content.get("format") == FORMAT


def verify(
    data: bytes,
    *,
    log_key: str | None = None,
    policy: Policy | None = None,
    backend: Backend = "cryptography",
) -> VerifiedClaim:
    """Check a file: the seal is in the log, its root has this claim, and its entries are what that names.

    Args:
        data: The file.
        log_key: The log's note key as you know it, from elsewhere than the file.
        policy: Whose signatures the checkpoint must carry.
        backend: The library that checks the entries' signatures.

    Raises:
        NotCanonical: when the file is not in its one form.
        NotProven: `claim_proof.root`, `claim_proof.entry`, `claim_proof.checkpoint`, or what proofs of
            entries raise.
    """
    proof = ClaimProof.decode(data)
    for entry in (proof.seal, *proof.entries):
        if entry.step is not None or _grounds(entry) != _grounds(proof.seal):
            raise NotProven("claim_proof.checkpoint", "Its proofs are not of entries under one checkpoint.")
    seal, *entries = (
        entry_proof.verify(entry.encode(), log_key=log_key, policy=policy, backend=backend)
        for entry in (proof.seal, *proof.entries)
    )
    sealed = Seal.of(seal.body)
    if sealed.size > seal.index:
        raise NotProven("claim_proof.root", "The seal covers more entries than stand before it.")
    leaf = proof.claim.leaf if proof.claim else EMPTY
    if root_of(proof.key, leaf, proof.path) != sealed.root:
        raise NotProven("claim_proof.root", "The path does not lead to the sealed root.", where="path")
    places = _places(proof.claim)
    if [entry.index for entry in entries] != places or any(place >= sealed.size for place in places):
        raise NotProven("claim_proof.entry", "The entries are not those that the claim names.")
    claimed_by, released_by = (*entries, None, None)[:2]
    if (claimed_by and proof.fingerprint not in changes(claimed_by.body.statement).claimed) or (
        released_by and proof.fingerprint not in changes(released_by.body.statement).released
    ):
        raise NotProven("claim_proof.entry", "The entries do not tell of this fingerprint.")
    return VerifiedClaim(proof.fingerprint, proof.claim, sealed.size, seal, claimed_by, released_by)


def _grounds(proof: EntryProof) -> tuple[object, ...]:
    return proof.tlog_proof.checkpoint, proof.log_key, proof.witness_keys


def _places(claim: Claim | None) -> list[int]:
    if claim is None:
        return []
    return [claim.claimed_at] if claim.released_at is None else [claim.claimed_at, claim.released_at]


def _claim(value: Json) -> Claim | None:
    if value is None:
        return None
    if isinstance(value, Mapping) and value.keys() == {"times", "claimed_at", "released_at"}:
        times, claimed_at, released_at = value["times"], value["claimed_at"], value["released_at"]
        if (
            type(times) is int
            and type(claimed_at) is int
            and (released_at is None or type(released_at) is int)
            and times >= 1
        ):
            return Claim(times, claimed_at, released_at)
    raise _malformed("A claim has the numbers times, claimed_at and released_at.", "claim")


def _path(value: Json) -> Path:
    path: dict[int, bytes] = {}
    for pair in value if isinstance(value, list) else [None]:
        if not isinstance(pair, list) or len(pair) != 2:
            raise _malformed("A path is a list of levels, each with a hash.", "path")
        level, text = pair
        if type(level) is not int or not max(path, default=-1) < level < LEVELS:
            raise _malformed("Levels are numbers below 256, each larger than the one before.", "path")
        node = decode_base64(text, _CODE) if isinstance(text, str) else b""
        if len(node) != HASH_SIZE or node == EMPTY:
            raise _malformed("A sibling is a SHA-256, and is left out where nothing is.", "path")
        path[level] = node
    return path


def _malformed(message: str, where: str | None = None) -> NotCanonical:
    return NotCanonical(_CODE, message, where=where)
