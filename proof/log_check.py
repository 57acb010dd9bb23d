"""Checking a log that lies in files, with no database: each byte of them is what the checkpoint signs.

All is recomputed from the entries: their form, place in their stream and signature, the registry of keys,
what they claim, the tree, and from these each file. Who has checked a whole log also knows where each stream
ends in it, which no single proof shows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proof.bundle import Finding
from proof.checkpoint import (
    Checkpoint,
    NoteKey,
    decode_base64,
    join_note,
    opened_by_log,
    split_note,
)
from proof.claims import Claims
from proof.cosignature import known_cosignatures
from proof.entry import Body, Envelope
from proof.errors import NotCanonical, NotProven, ProofError
from proof.hashes import HASH_SIZE, leaf_hash
from proof.key_registry import KeyRegistry
from proof.log_files import CHECKPOINT, LogFile, decode_bundle, encode_bundle, files_between
from proof.merkle import CompactRange
from proof.policy import Policy
from proof.signatures import Backend, PublicKey
from proof.tiles import TILE_WIDTH, TileId, grow

# The public keys that sign entries lie beside the checkpoint: one a line, base64 of a SubjectPublicKeyInfo.
KEYS = "keys"

_START: tuple[int, tuple[str, ...]] = (0, ())


@dataclass(frozen=True, slots=True)
class LogChecked:
    """What checking the files of a log found.

    Attributes:
        findings: What is wrong.
        checkpoint: What the log signed; None when that cannot be told.
        ends: For each stream the number of its last entry, and that entry's leaf hash in hexadecimal.
        cosigned_by: The names of the policy's witnesses whose cosignatures hold.
        unchecked: The names on cosignatures of witnesses that no policy names: nobody here has their keys.
        others: Files that are no part of a log, such as time stamps; nothing was checked of them.
    """

    findings: tuple[Finding, ...]
    checkpoint: Checkpoint | None
    ends: Mapping[str, tuple[int, str]]
    cosigned_by: tuple[str, ...]
    unchecked: tuple[str, ...]
    others: tuple[str, ...]


def check_log(
    paths: Collection[str],
    read: Callable[[str], bytes],
    log_key: NoteKey,
    *,
    policy: Policy | None = None,
    backends: Sequence[Backend] = ("cryptography",),
    trusted_keys: Collection[str] = (),
) -> LogChecked:
    """Recompute a log from its entries, and compare each of its files with what follows.

    Files of earlier, smaller sizes of the log must be its beginning.

    Args:
        paths: All files that are there, by their paths below the log's folder.
        read: Returns the content of one of them.
        log_key: The log's note key as known from elsewhere than the files.
        policy: Whose cosignatures the checkpoint must carry.
        backends: The libraries that check each entry's signature.
        trusted_keys: The ids of entry keys of the platform as known from elsewhere: one of them may have come
            in without an earlier key that brought it in.
    """
    checker = _Checker(paths, read, log_key, backends, trusted_keys)
    checker.check(policy)
    return LogChecked(
        findings=tuple(checker.findings),
        checkpoint=checker.checkpoint,
        ends={stream: (seq, parents[0]) for stream, (seq, parents) in checker.streams.items()},
        cosigned_by=checker.cosigned_by,
        unchecked=checker.unchecked,
        others=checker.others,
    )


def check_folder(
    folder: Path,
    log_key: NoteKey,
    policy: Policy | None = None,
    *,
    backends: Sequence[Backend],
    trusted_keys: Collection[str] = (),
) -> LogChecked:
    """Recompute the log in a folder, an export or a mirror's copy; see `check_log`."""
    paths = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return check_log(
        paths,
        lambda path: (folder / path).read_bytes(),
        log_key,
        policy=policy,
        backends=backends,
        trusted_keys=trusted_keys,
    )


class _Checker:
    def __init__(
        self,
        paths: Collection[str],
        read: Callable[[str], bytes],
        log_key: NoteKey,
        backends: Sequence[Backend],
        trusted_keys: Collection[str],
    ) -> None:
        self.findings: list[Finding] = []
        self.checkpoint: Checkpoint | None = None
        self.streams: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.cosigned_by: tuple[str, ...] = ()
        self.unchecked: tuple[str, ...] = ()
        self.others: tuple[str, ...] = ()
        self._paths = set(paths)
        self._read = read
        self._log_key = log_key
        self._backends = backends
        self._keys: dict[str, PublicKey] = {}
        self._used: set[str] = set()
        self._registry = KeyRegistry(trusted_keys)
        self._claims = Claims()
        self._widths: dict[tuple[int | None, int], list[LogFile]] = {}

    def check(self, policy: Policy | None) -> None:
        try:
            self.checkpoint = self._checkpoint(policy)
        except ProofError as error:
            self._add(error, CHECKPOINT)
            return
        try:
            self._keys = self._entry_keys()
        except ProofError as error:
            self._add(error, KEYS)
        self._sort_files(self.checkpoint.size)
        self._entries(self.checkpoint)
        for key_id in sorted(self._keys.keys() - self._used):
            self._add(NotProven("log.key_unused", f"The key {key_id} signed none of the entries."), KEYS)

    def _checkpoint(self, policy: Policy | None) -> Checkpoint:
        note = _text(self._content(CHECKPOINT))
        text, lines = split_note(note)
        checkpoint = opened_by_log(text, lines[0], self._log_key)
        if join_note(text, lines) != note:
            raise NotCanonical("checkpoint.form", "The note is not in its one form.")
        witnesses = [witness.key for witness in policy.witnesses] if policy else []
        known_cosignatures(text, lines[1:], witnesses)
        held = [key for key in witnesses if any(line.is_of(key) for line in lines[1:])]
        self.cosigned_by = tuple(key.name for key in held)
        self.unchecked = tuple(
            line.name for line in lines[1:] if not any(line.is_of(key) for key in witnesses)
        )
        if policy is not None:
            if not policy.accepts_log(str(self._log_key)):
                raise NotProven("log.key", "The policy does not trust the log's key.")
            policy.require([str(key) for key in held])
        return checkpoint

    def _entry_keys(self) -> dict[str, PublicKey]:
        *lines, end = _text(self._content(KEYS)).split("\n")
        if end or len(set(lines)) != len(lines):
            raise NotCanonical("log.keys", "The keys are not one a line, each once.")
        keys = [PublicKey(decode_base64(line, "log.keys")) for line in lines]
        return {key.key_id: key for key in keys}

    def _sort_files(self, size: int) -> None:
        """Note which files are of the log; one that it lacks, or that it has not, is a finding."""
        others = []
        for path in sorted(self._paths - {CHECKPOINT, KEYS}):
            try:
                file = LogFile.parse(path)
            except NotCanonical as error:
                if path.startswith("tile/"):
                    self._add(error, path)
                else:
                    others.append(path)
                continue
            if file.is_in(size):
                self._widths.setdefault((file.level, file.number), []).append(file)
            else:
                self._add(NotProven("log.beyond", "The checkpoint does not cover this file."), path)
        self.others = tuple(others)
        for file in files_between(0, size):
            if file.path not in self._paths:
                self._add(NotProven("log.missing", "The log's checkpoint covers this file."), file.path)

    def _entries(self, checkpoint: Checkpoint) -> None:
        tree = CompactRange()
        tiles: dict[TileId, bytes] = {}
        for number in range(-(-checkpoint.size // TILE_WIDTH)):
            file = LogFile(None, number, min(TILE_WIDTH, checkpoint.size - number * TILE_WIDTH))
            if file.path not in self._paths:
                return  # told already; what follows cannot be recomputed
            try:
                entries = decode_bundle(self._read(file.path), file.width)
            except NotCanonical as error:
                self._add(error, file.path)
                return
            for at, entry in enumerate(entries):
                self._entry(entry, number * TILE_WIDTH + at)
            for older in self._widths.get((None, number), ()):
                self._compare(older, encode_bundle(entries[: older.width]))
            for tile, hashes in grow(tree, map(leaf_hash, entries)).items():
                tiles[tile] = tiles.get(tile, b"") + hashes
            for tile in [tile for tile, hashes in tiles.items() if len(hashes) == TILE_WIDTH * HASH_SIZE]:
                self._tile(tile, tiles.pop(tile))
        for tile, hashes in tiles.items():
            self._tile(tile, hashes)
        if tree.root() != checkpoint.root:
            self._add(NotProven("log.root", "The entries do not lead to the signed root."), CHECKPOINT)

    def _entry(self, entry: bytes, place: int) -> None:
        where = f"entry {place}"
        try:
            envelope = Envelope.decode(entry)
            body = Body.decode(envelope.body)
            if body.origin != self._log_key.name:
                raise NotProven("entry.origin", f"It was signed for {body.origin}.")
            seq, parents = self.streams.get(body.stream, _START)
            self.streams[body.stream] = (body.seq, (envelope.leaf.hex(),))
            for wrong in self._claims.follow(place, body):
                self._add(wrong, where)
            if (body.seq, body.parents) != (seq + 1, parents):
                raise NotProven("log.stream", f"It does not follow entry {seq} of {body.stream}.")
            key = self._keys.get(body.key_id)
            if key is None:
                raise NotProven("signature.key", f"The key {body.key_id} is not there.")
            self._used.add(body.key_id)
            for backend in self._backends:
                envelope.verify(key, backend)
            for problem in self._registry.follow(place, body):
                self._add(NotProven(problem.code, problem.message), where)
        except ProofError as error:
            self._add(error, where)

    def _tile(self, tile: TileId, hashes: bytes) -> None:
        for file in self._widths.get(tile, ()):
            self._compare(file, hashes[: file.width * HASH_SIZE])

    def _compare(self, file: LogFile, expected: bytes) -> None:
        if self._read(file.path) != expected:
            self._add(NotProven("log.file", "It is not what follows from the entries."), file.path)

    def _content(self, path: str) -> bytes:
        if path not in self._paths:
            raise NotProven("log.missing", "The file is not there.")
        return self._read(path)

    def _add(self, error: ProofError, where: str) -> None:
        self.findings.append(Finding(error.code, where, error.message))


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise NotCanonical("log.text", "The file is not UTF-8.") from None
