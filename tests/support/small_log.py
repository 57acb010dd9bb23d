"""A small log in memory, with its files, a proof file and an audit bundle: what others check without us."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proof import canonical, claims, merkle
from proof.bundle import Bundle, BundleEntry, Opening
from proof.canonical import Json
from proof.checkpoint import Checkpoint, NoteKey, encode_base64, sign_checkpoint
from proof.claim_proof import ClaimProof
from proof.claims_map import key_of
from proof.entry import Body, Envelope, seal
from proof.entry_proof import EntryProof, TlogProof
from proof.hashes import commitment, event_leaf
from proof.log_check import KEYS
from proof.log_files import CHECKPOINT, LogFile, encode_bundle
from proof.signatures import KeySigner, PublicKey

ORIGIN = "scf.example/log"
CASE = "5cf00000-0000-5000-8000-0000000000ca"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOTE_KEY = NoteKey.of(ORIGIN, LOG_KEY)

_KEY = ec.derive_private_key(7, ec.SECP256R1())
_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_SALT = bytes(range(32))
_PAYLOADS = {"variables": b'{"amount":"107.50"}', "note": b"\x00\xff"}
_EVENTS = [{"kind": "task.completed", "seq": 1}, {"kind": "flow.taken", "seq": 2}]


@dataclass(frozen=True, slots=True)
class SmallLog:
    """The entries of a log, in turns of two cases."""

    entries: Sequence[Envelope]

    @classmethod
    def of(cls, size: int) -> SmallLog:
        """Return a log of so many entries; the same one each time."""
        return cls.saying(*(Said((CASE, "case-2")[place % 2]) for place in range(size)))

    @classmethod
    def saying(cls, *said: Said) -> SmallLog:
        """Return a log of entries that say this."""
        return cls(list(_signed(said)))

    def sealed(self, size: int | None = None) -> SmallLog:
        """Return the log with one more entry, which seals what the entries below a size claim."""
        said = [Said.by(entry) for entry in self.entries]
        root = self.claims(size).map_at(size or len(said)).root()
        seal = claims.Seal(root, size or len(said)).as_json()
        return self.saying(*said, Said(claims.SEAL_STREAM, claims.SEAL_KIND, seal))

    def claims(self, size: int | None = None) -> claims.Claims:
        """Return what the entries below a size claim."""
        followed = claims.Claims()
        for place, entry in enumerate(self.entries[:size]):
            followed.follow(place, Body.decode(entry.body))
        return followed

    @property
    def case(self) -> Sequence[int]:
        """The places of the entries of the first case."""
        return range(0, len(self.entries), 2)

    @property
    def note(self) -> str:
        """The signed checkpoint."""
        root = merkle.root(self._leaves())
        return sign_checkpoint(Checkpoint(ORIGIN, len(self.entries), root), LOG_KEY)

    def files(self) -> dict[str, bytes]:
        """Return the files that an export writes, of at most 256 entries."""
        size = len(self.entries)
        return {
            CHECKPOINT: self.note.encode(),
            KEYS: f"{encode_base64(PublicKey.of(_KEY).der)}\n".encode(),
            LogFile(None, 0, size).path: encode_bundle(entry.encode() for entry in self.entries),
            LogFile(0, 0, size).path: b"".join(self._leaves()),
        }

    def proof(self, place: int) -> bytes:
        """Return the proof file of an entry."""
        path = tuple(merkle.inclusion_path(self._leaves(), place))
        return EntryProof(
            self.entries[place],
            PublicKey.of(_KEY).der,
            str(NOTE_KEY),
            TlogProof(place, path, self.note),
        ).encode()

    def claim_proof(self, fingerprint: str) -> bytes:
        """Return the proof of how a fingerprint stands at the seal that is the last entry."""
        seal = len(self.entries) - 1
        size = claims.Seal.of(Body.decode(self.entries[seal].body)).size
        followed = self.claims(size)
        claim = followed.held.get(fingerprint)
        places = [claim.claimed_at, claim.released_at] if claim else []
        return ClaimProof(
            fingerprint,
            claim,
            followed.map_at(size).path(key_of(bytes.fromhex(fingerprint))),
            EntryProof.decode(self.proof(seal)),
            [EntryProof.decode(self.proof(place)) for place in places if place is not None],
        ).encode()

    def bundle(self, *, light: bool = False) -> Bundle:
        """Return the audit bundle of the first case; a light one discloses nothing."""
        openings = {name: Opening(_SALT, payload) for name, payload in _PAYLOADS.items()}
        return Bundle(
            case_stream=CASE,
            process="" if light else "p",
            checkpoint=self.note,
            log_key=str(NOTE_KEY),
            entry_keys=(PublicKey.of(_KEY).der,),
            model={} if light else {"p.bpmn": b"<definitions/>"},
            case=tuple(
                BundleEntry(
                    self.entries[place],
                    place,
                    tuple(merkle.inclusion_path(self._leaves(), place)),
                    None if light else canonical.encode(_EVENTS),
                    {} if light else openings,
                )
                for place in self.case
            ),
        )

    def _leaves(self) -> list[bytes]:
        return [entry.leaf for entry in self.entries]


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry says, as far as entries of a small log differ."""

    stream: str = CASE
    kind: str = "task.complete"
    statement: Mapping[str, Json] = field(default_factory=lambda: {"decision": "approve"})

    @classmethod
    def by(cls, entry: Envelope) -> Said:
        """Return what an entry says."""
        body = Body.decode(entry.body)
        return cls(body.stream, body.kind, body.statement or {})


def _signed(said: Sequence[Said]) -> Iterator[Envelope]:
    last: dict[str, Envelope] = {}
    seqs: Counter[str] = Counter()
    for place, each in enumerate(said):
        before = last.get(each.stream)
        seqs[each.stream] += 1
        last[each.stream] = seal(
            Body(
                origin=ORIGIN,
                entry_id=UUID(int=place + 1),
                stream=each.stream,
                seq=seqs[each.stream],
                parents=(before.leaf.hex(),) if before else (),
                kind=each.kind,
                actor="user:ines",
                occurred_at=_NOON + timedelta(minutes=place),
                statement=each.statement,
                model_hash="ab" * 32,
                kernel_version="1",
                events_count=len(_EVENTS),
                events_root=merkle.root([event_leaf(event) for event in _EVENTS]).hex(),
                state_root="cd" * 32,
                commitments={name: commitment(_SALT, payload).hex() for name, payload in _PAYLOADS.items()},
                key_id=PublicKey.of(_KEY).key_id,
            ),
            KeySigner(_KEY),
        )
        yield last[each.stream]
