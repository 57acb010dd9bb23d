"""Recomputing a log entry by entry. Pure: rows go in, findings come out.

Each stored value is compared with what follows from the values before it, and the next one is computed from
the stored value. No finding therefore means that all follows from the entries; a finding names the place
itself, and not also everything behind it. Signatures are handed out, to be checked beside (`signed`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ledger.repository import CheckpointRow, EntryRow, LoggedRow
from ledger.signature_checks import Signed
from proof.checkpoint import Checkpoint, NoteKey, open_checkpoint
from proof.claims import Claims
from proof.entry import Body, Envelope
from proof.errors import ProofError
from proof.hashes import CHAIN_START, HASH_SIZE, chain_next
from proof.key_registry import KeyRegistry
from proof.merkle import CompactRange
from proof.signatures import PublicKey
from proof.tiles import TILE_WIDTH, TileId, grow

# After this many of one kind, findings are counted and no longer listed.
MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be: a stable code, where it is, and what was found."""

    code: str
    where: str
    message: str


class Findings:
    """Findings as they come up, with the long tail of each kind only counted."""

    def __init__(self) -> None:
        self.listed: list[Finding] = []
        self.counts: Counter[str] = Counter()

    def add(self, code: str, where: str, message: str) -> None:
        """Note a finding."""
        self.counts[code] += 1
        if self.counts[code] <= MAX_LISTED:
            self.listed.append(Finding(code, where, message))

    def require(self, holds: bool, code: str, where: str, message: str) -> None:
        """Note a finding unless what is required holds."""
        if not holds:
            self.add(code, where, message)


class LogChecker:
    """Follows a log, of the given name or of any, from its first entry on."""

    def __init__(
        self,
        origin: str | None,
        entry_keys: Mapping[str, PublicKey],
        log_keys: Sequence[NoteKey],
        trusted_keys: Collection[str] = (),
    ) -> None:
        self.findings = Findings()
        self.registry = KeyRegistry(trusted_keys)
        self.tree = CompactRange()
        self.chain = CHAIN_START
        self.streams: dict[str, tuple[int, bytes]] = {}
        self.checkpoints = 0
        self.tiles = 0
        self._origin = origin
        self._entry_keys = entry_keys
        self._log_keys = log_keys
        self._signed: list[Signed] = []
        self._claims = Claims()
        self._open_tiles: dict[TileId, bytes] = {}
        self._entries = 0

    def logged(self, rows: Iterable[LoggedRow], checkpoints: Iterable[CheckpointRow]) -> dict[TileId, bytes]:
        """Check the next entries and the checkpoints at their sizes; return the tiles that they filled."""
        by_size = {checkpoint.size: checkpoint for checkpoint in checkpoints}
        filled: dict[TileId, bytes] = {}
        for row in rows:
            self._entry_in_place(row)
            for tile, hashes in grow(self.tree, [row.leaf_hash]).items():
                whole = self._open_tiles.pop(tile, b"") + hashes
                (filled if len(whole) == TILE_WIDTH * HASH_SIZE else self._open_tiles)[tile] = whole
            if checkpoint := by_size.pop(self.tree.size, None):
                self._checkpoint(checkpoint)
        for size in by_size:
            self.findings.add(
                "ledger.checkpoint", f"size {size}", "A checkpoint is of a size the log never had."
            )
        self.tiles += len(filled)
        return filled

    def signed(self) -> list[Signed]:
        """Hand over the signatures that are still to be checked."""
        signed, self._signed = self._signed, []
        return signed

    def open_tiles(self) -> dict[TileId, bytes]:
        """Return the last, partial tile of each level."""
        return self._open_tiles

    def pending(self, rows: Iterable[EntryRow]) -> None:
        """Check entries that wait to be logged."""
        for row in rows:
            self._entry(row, f"outbox {row.entry_id}", Envelope(row.body, row.signature).leaf)

    def _entry_in_place(self, row: LoggedRow) -> None:
        where = f"entry {row.place}"
        find = self.findings.require
        find(row.place == self.tree.size, "ledger.index", where, f"Entry {self.tree.size} was to come here.")
        leaf = Envelope(row.body, row.signature).leaf
        find(leaf == row.leaf_hash, "ledger.leaf", where, "The leaf hash is not that of body and signature.")
        self.chain = chain_next(self.chain, row.leaf_hash)
        find(
            self.chain == row.chain, "ledger.chain", where, "The chain does not follow from the entry before."
        )
        self.chain = row.chain
        self._entry(EntryRow(*row[1:6]), where, row.leaf_hash)

    def _entry(self, row: EntryRow, where: str, leaf: bytes) -> None:
        find = self.findings.require
        place, self._entries = self._entries, self._entries + 1
        last_seq, last_leaf = self.streams.get(row.stream, (0, b""))
        self.streams[row.stream] = row.seq, leaf
        find(
            row.seq == last_seq + 1,
            "ledger.stream_gap",
            where,
            f"Entry {row.seq} of {row.stream} follows its entry {last_seq}.",
        )
        try:
            body = Body.decode(row.body)
        except ProofError as error:
            self.findings.add("ledger.body", where, error.message)
            return
        find(
            (row.entry_id, row.stream, row.seq) == (body.entry_id, body.stream, body.seq),
            "ledger.columns",
            where,
            "The columns entry_id, stream and seq are not what the signed body says.",
        )
        find(self._origin in (None, body.origin), "ledger.origin", where, f"It was signed for {body.origin}.")
        parents = (last_leaf.hex(),) if last_seq else ()
        find(
            body.parents == parents, "ledger.parents", where, "It does not name the stream's entry before it."
        )
        self._signature(row, body.key_id, where)
        for problem in self.registry.follow(place, body):
            self.findings.add(problem.code, where, problem.message)
        for wrong in self._claims.follow(place, body):
            self.findings.add(wrong.code, where, wrong.message)

    def _signature(self, row: EntryRow, key_id: str, where: str) -> None:
        key = self._entry_keys.get(key_id)
        if key is None:
            self.findings.add("ledger.key", where, f"It is signed with the unknown key {key_id}.")
        else:
            self._signed.append(Signed(where, key.der, row.body, row.signature))

    def _checkpoint(self, row: CheckpointRow) -> None:
        where = f"checkpoint {row.size}"
        self.checkpoints += 1
        root = self.tree.root()
        self.findings.require(
            row.root == root, "ledger.root", where, f"The entries give the root {root.hex()}."
        )
        noted = self._opened(row.note, where)
        if noted is None:
            return
        self.findings.require(
            (noted.origin, noted.size, noted.root) == (self._origin, row.size, root),
            "ledger.note",
            where,
            f"The signed note says {noted.origin}, {noted.size}, {noted.root.hex()}.",
        )

    def _opened(self, note: str, where: str) -> Checkpoint | None:
        """Return what a note says, when one of the log's keys signed it."""
        problem = "It is not signed with a known log key."
        for key in self._log_keys:
            try:
                return open_checkpoint(note, key)
            except ProofError as error:
                problem = error.message
        self.findings.add("ledger.note", where, problem)
        return None
