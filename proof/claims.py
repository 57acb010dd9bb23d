"""Which invoices are claimed for financing, as the entries of a log tell it.

The entry of the burst that claims or releases invoices has in its statement

    fingerprints    {"claimed": […], "released": […]}    each sorted, each once, not both empty

Fingerprints are HMAC-SHA-256 values in hexadecimal: who has no key of the platform cannot tell the invoice.
What one entry both claims and releases again is told by neither list; what it releases and then claims again
is told by both.

From the entries follows for each fingerprint a `Claim`, and for all of them a `ClaimsMap`. Its root is stated
by entries of the stream `seal`, kind `claims.seal`: {"root": hexadecimal, "size": of the log that it covers}.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from proof import canonical
from proof.canonical import Json
from proof.claims_map import ClaimsMap, key_of, leaf_of
from proof.entry import Body
from proof.errors import NotCanonical, NotProven, ProofError

FIELD = "fingerprints"
SEAL_STREAM = "seal"
SEAL_KIND = "claims.seal"

_LISTS = {"claimed", "released"}
_HASH = re.compile(r"[0-9a-f]{64}")

Statement: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Changes:
    """The fingerprints that an entry claims, and those that it releases, in hexadecimal; each list sorted."""

    claimed: Sequence[str] = ()
    released: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What the log tells of a fingerprint that was ever claimed.

    Attributes:
        times: How often it was claimed.
        claimed_at: The place of the entry that claimed it last.
        released_at: The place of the entry that released it after that; None while it is claimed.
    """

    times: int
    claimed_at: int
    released_at: int | None = None

    def as_json(self) -> Statement:
        """Return it as JSON values."""
        return {"times": self.times, "claimed_at": self.claimed_at, "released_at": self.released_at}

    @property
    def leaf(self) -> bytes:
        """Its leaf in the map: over its canonical JSON."""
        return leaf_of(canonical.encode(self.as_json()))


@dataclass(frozen=True, slots=True)
class Seal:
    """What a seal states: the root of the map over the entries below the size."""

    root: bytes
    size: int

    def as_json(self) -> Statement:
        """Return the entry's statement."""
        return {"root": self.root.hex(), "size": self.size}

    @classmethod
    def of(cls, body: Body) -> Seal:
        """Read what an entry states.

        Raises:
            NotCanonical: `log.claims_root` when it is no seal.
        """
        told = body.statement or {}
        root, size = told.get("root"), told.get("size")
        if (
            (body.stream, body.kind) != (SEAL_STREAM, SEAL_KIND)
            or told.keys() != {"root", "size"}
            or not is_fingerprint(root)
            or type(size) is not int
            or size < 0
        ):
            raise NotCanonical("log.claims_root", "The entry is no seal over claims in its one form.")
        return cls(bytes.fromhex(cast("str", root)), size)


def statement(claimed: Collection[str], released: Collection[str]) -> Statement:
    """Return the part of an entry's statement that tells of these fingerprints; nothing without any."""
    if not claimed and not released:
        return {}
    return {FIELD: {"claimed": sorted(claimed), "released": sorted(released)}}


def changes(told: Statement | None) -> Changes:
    """Return what an entry's statement tells of fingerprints.

    Raises:
        NotCanonical: `log.fingerprints`.
    """
    if told is None or FIELD not in told:
        return Changes()
    lists = told[FIELD]
    if not isinstance(lists, Mapping) or lists.keys() != _LISTS or not any(lists.values()):
        raise _malformed()
    return Changes(_sorted(lists["claimed"]), _sorted(lists["released"]))


def is_fingerprint(value: object) -> bool:
    """Tell whether a value is a fingerprint: 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


class Claims:
    """Follows a log, entry by entry from its first, and tells what it may not claim, release or seal."""

    def __init__(self) -> None:
        self.held: dict[str, Claim] = {}
        self.sealed = 0
        self._map = ClaimsMap()
        # Not in the map yet: a seal covers less than the log has when it comes.
        self._later: deque[tuple[int, str, Claim]] = deque()

    def follow(self, place: int, body: Body) -> list[ProofError]:
        """Take the next entry and return its problems.

        Codes: `log.fingerprints`, `log.double_claim`, `log.release_unclaimed` and `log.claims_root`.
        """
        problems: list[ProofError] = []
        try:
            told = changes(body.statement)
        except NotCanonical as error:
            return [error]
        for fingerprint in told.released:
            claim = self.held.get(fingerprint)
            if claim is None or claim.released_at is not None:
                problems.append(
                    NotProven("log.release_unclaimed", f"It releases {fingerprint}, which is not claimed.")
                )
            else:
                self._now(place, fingerprint, Claim(claim.times, claim.claimed_at, place))
        for fingerprint in told.claimed:
            claim = self.held.get(fingerprint)
            if claim is not None and claim.released_at is None:
                problems.append(
                    NotProven(
                        "log.double_claim",
                        f"It claims {fingerprint}, which entry {claim.claimed_at} has claimed and nothing"
                        " released.",
                    )
                )
            self._now(place, fingerprint, Claim(claim.times + 1 if claim else 1, place))
        if body.stream == SEAL_STREAM or body.kind == SEAL_KIND:
            try:
                self._sealed(place, Seal.of(body))
            except ProofError as error:
                problems.append(error)
        return problems

    def map_at(self, size: int) -> ClaimsMap:
        """Return the map over the entries below a size; sizes never become smaller from call to call."""
        while self._later and self._later[0][0] < size:
            _, fingerprint, claim = self._later.popleft()
            self._map = self._map.put(key_of(bytes.fromhex(fingerprint)), claim.leaf)
        self.sealed = size
        return self._map

    def _now(self, place: int, fingerprint: str, claim: Claim) -> None:
        self.held[fingerprint] = claim
        self._later.append((place, fingerprint, claim))

    def _sealed(self, place: int, seal: Seal) -> None:
        if not self.sealed <= seal.size <= place:
            raise NotProven(
                "log.claims_root",
                f"A seal over {seal.size} entries cannot stand at {place}, nor after one over {self.sealed}.",
            )
        if self.map_at(seal.size).root() != seal.root:
            raise NotProven(
                "log.claims_root", f"The claims of the first {seal.size} entries do not lead to this root."
            )


def _sorted(values: Json) -> Sequence[str]:
    if not isinstance(values, list) or not all(map(is_fingerprint, values)) or values != sorted(set(values)):
        raise _malformed()
    return tuple(values)


def _malformed() -> NotCanonical:
    return NotCanonical(
        "log.fingerprints",
        "The entry's fingerprints are not two lists of sorted hashes, one of which has some.",
        where=FIELD,
    )
