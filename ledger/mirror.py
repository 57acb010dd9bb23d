"""Mirrors: following a log from elsewhere, and keeping a copy that was checked to the last byte.

What a mirror writes down it has recomputed: leaf hashes come from the entries, tiles from the leaf hashes,
and together with the tree that it already has they must lead to the root that the log signed. The keys of the
entries must be valid at their places by the registry that the entries tell. A log that does not extend what
the mirror has is a fork: both notes are kept, and together they convict whoever signed them.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.errors import Broken, Conflict, InvalidInput, NotFound
from ledger.log_folder import LogFolder
from ledger.log_source import KEYS, TIMESTAMP_LIST, LogSource, Stamp, StampName, write_keys
from ledger.log_tree import frontier_of, hashes_of, read_or_wider, read_tile, root_of
from ledger.timestamps import is_over
from proof import merkle
from proof.checkpoint import Checkpoint, NoteKey, opened_by_log, split_note
from proof.entry import Body, Envelope
from proof.errors import NotProven, ProofError
from proof.hashes import HASH_SIZE
from proof.key_registry import KeyRegistry
from proof.log_files import CHECKPOINT, LogFile, decode_bundle, encode_bundle
from proof.merkle import CompactRange
from proof.signatures import PublicKey
from proof.tiles import TILE_WIDTH, TileId, grow

# Where a mirror keeps the notes of a fork, two a fork.
FORKS = "forks"


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a run did: the sizes of the copy before and after it. `behind` when the source is the shorter."""

    origin: str
    old_size: int
    size: int
    behind: bool


async def mirror_log(
    source: LogSource, root: Path, log_key: NoteKey, trusted_keys: Collection[str] = ()
) -> Mirrored:
    """Bring the copy in a folder to the newest checkpoint of a source once; see `Mirror.follow`."""
    return await Mirror(source, root, log_key, trusted_keys).follow()


class Mirror:
    """Follows a log, run by run.

    Args:
        source: The log, or another mirror of it.
        root: The folder of the copy; each log has one of its own.
        log_key: The log's key as known from elsewhere than the source.
        trusted_keys: The ids of entry keys of the platform as known from elsewhere: one of them may have come
            in without an earlier key that brought it in.
    """

    def __init__(
        self, source: LogSource, root: Path, log_key: NoteKey, trusted_keys: Collection[str] = ()
    ) -> None:
        self._source = source
        self._folder = LogFolder(root)
        self._log_key = log_key
        self._trusted_keys = trusted_keys
        self._entry_keys: dict[str, PublicKey] = {}
        # The registry that the copy's entries tell, and how many of them; it is recomputed at the first run.
        self._registry = KeyRegistry(trusted_keys)
        self._registered = 0

    async def follow(self) -> Mirrored:
        """Bring the copy to the newest checkpoint of the source, checking all that is new.

        The checkpoint's note is kept as it came, with every cosignature, and written last; then time stamps
        over the copied log.

        Raises:
            Conflict: `ledger.mirror_fork` when the log signed two histories; both notes are kept below
                `forks`.
            InvalidInput: `ledger.mirror_refused` when the source shows what its checkpoint, a signature or
                the registry of keys does not cover, `ledger.mirror_timestamp` when the log was copied and one
                of its time stamps is over something else, `ledger.folder_unusable`.
            Broken: `ledger.mirror_damaged` when the copy itself is no longer what was written there.
            NotFound, Forbidden, Unavailable: what the source raises.
        """
        note = await self._source.checkpoint()
        try:
            new = _open(note, self._log_key)
        except ProofError as error:
            raise _refused(CHECKPOINT, error) from error
        ours = await self._ours()
        old = ours[1] if ours else Checkpoint(new.origin, 0, merkle.EMPTY_ROOT)
        await self._require_one_history(ours, old, note, new)
        if old.size > new.size:
            return Mirrored(new.origin, old.size, old.size, behind=True)
        if new.size > old.size:
            await self._copy(old, new)
        if ours is None or new.size > old.size or len(note) >= len(ours[0]):
            # Also when only cosignatures came; but nobody can take away those that are there.
            await self._folder.write(CHECKPOINT, note.encode())
        await self._copy_timestamps(note, new)
        return Mirrored(new.origin, old.size, new.size, behind=False)

    async def _ours(self) -> tuple[str, Checkpoint] | None:
        """Return the copy's note with what it says."""
        try:
            note = await self._folder.checkpoint()
        except NotFound:
            return None
        try:
            return note, _open(note, self._log_key)
        except ProofError as error:
            raise self._damaged(error.message) from error

    async def _require_one_history(
        self, ours: tuple[str, Checkpoint] | None, old: Checkpoint, note: str, new: Checkpoint
    ) -> None:
        """Check that the shorter of the two logs is the beginning of the longer."""
        if ours is None:
            return
        if new.size <= old.size:
            try:
                contradiction = new.root != await root_of(self._folder, new.size, old.size)
            except (ProofError, NotFound) as error:
                raise self._damaged(error.message) from error
        else:
            contradiction = await self._source_had_another(old, new)
        if contradiction:
            raise await self._fork(ours[0], old, note, new)

    async def _source_had_another(self, old: Checkpoint, new: Checkpoint) -> bool:
        """Tell whether the source's tree, at our size, was proven to be another than ours."""
        if old.size == 0:
            return False
        try:
            had = await root_of(self._source, old.size, new.size)
            path = await hashes_of(self._source, merkle.consistency_ranges(old.size, new.size), new.size)
            merkle.verify_consistency(old.size, new.size, had, new.root, path)
        except (ProofError, NotFound) as error:
            raise _refused("the tiles", error) from error
        return had != old.root

    async def _fork(self, our_note: str, old: Checkpoint, note: str, new: Checkpoint) -> Conflict:
        for each, checkpoint in ((our_note, old), (note, new)):
            name = f"{checkpoint.size}-{sha256(each.encode()).hexdigest()[:16]}"
            await self._folder.write(f"{FORKS}/{name}", each.encode())
        return Conflict(
            "ledger.mirror_fork",
            f"The log signed two histories: one of {old.size} entries, and one of {new.size} beside it.",
            where=str(self._folder.root / FORKS),
            hint="Both notes are kept there. The copy stays as it was; ask who holds the log's key.",
        )

    async def _copy(self, old: Checkpoint, new: Checkpoint) -> None:
        """Copy the entries that are new, with the tiles that follow from them."""
        try:
            tree = CompactRange(old.size, await frontier_of(self._folder, old.size) if old.size else ())
            if tree.root() != old.root:
                raise NotProven("tiles.root", "Its tiles do not lead to its root.")
            tiles = await self._open_tiles(old.size)
        except (ProofError, NotFound) as error:
            raise self._damaged(error.message) from error
        await self._read_keys()
        await self._recompute_registry(old.size)
        for number in range(old.size // TILE_WIDTH, -(-new.size // TILE_WIDTH)):
            file = LogFile(None, number, min(TILE_WIDTH, new.size - number * TILE_WIDTH))
            try:
                entries = await self._entries(file)
                leaves = await asyncio.to_thread(self._checked, entries, number * TILE_WIDTH)
            except (ProofError, NotFound) as error:
                raise _refused(file.path, error) from error
            known = tree.size - number * TILE_WIDTH
            if b"".join(leaves[:known]) != tiles.get(TileId(0, number), b""):
                raise _refused(file.path, NotProven("log.entries", "They are not the entries that we have."))
            for tile, hashes in grow(tree, leaves[known:]).items():
                tiles[tile] = tiles.get(tile, b"") + hashes
            await self._folder.write(file.path, encode_bundle(entries))
            await self._write_full(tiles)
        if tree.root() != new.root:
            raise _refused(CHECKPOINT, NotProven("log.root", "The entries do not lead to the signed root."))
        for tile, hashes in tiles.items():
            await self._write_tile(tile, hashes)
        await self._folder.write(KEYS, write_keys(key.der for key in self._entry_keys.values()).encode())

    async def _entries(self, file: LogFile) -> Sequence[bytes]:
        bundle = await read_or_wider(self._source, file)
        try:
            return decode_bundle(bundle, file.width)
        except ProofError:
            if file.width == TILE_WIDTH:
                raise
            return decode_bundle(bundle, TILE_WIDTH)[: file.width]

    def _checked(self, entries: Sequence[bytes], first: int) -> list[bytes]:
        """Return the leaf hashes of entries, from the place `first` on, whose form and signature hold."""
        leaves: list[bytes] = []
        for place, entry in enumerate(entries, first):
            envelope = Envelope.decode(entry)
            body = Body.decode(envelope.body)
            if body.origin != self._log_key.name:
                raise NotProven("entry.origin", f"An entry was signed for {body.origin}.")
            key = self._entry_keys.get(body.key_id)
            if key is None:
                raise NotProven("signature.key", f"The source does not tell the key {body.key_id}.")
            envelope.verify(key)
            if place >= self._registered:
                self._register(place, body)
            leaves.append(envelope.leaf)
        return leaves

    def _register(self, place: int, body: Body) -> None:
        """Take the next entry into the registry.

        Raises:
            NotProven: a code of `KeyRegistry.follow`, with the place.
        """
        self._registered = place + 1
        for problem in self._registry.follow(place, body):
            raise NotProven(problem.code, f"Entry {place}: {problem.message}")

    async def _recompute_registry(self, size: int) -> None:
        """Let the registry be the one that the first `size` entries of our copy tell."""
        if self._registered != size:  # the first run, or one before broke off
            self._registry, self._registered = KeyRegistry(self._trusted_keys), 0
        for number in range(self._registered // TILE_WIDTH, -(-size // TILE_WIDTH)):
            file = LogFile(None, number, min(TILE_WIDTH, size - number * TILE_WIDTH))
            try:
                entries = decode_bundle(await self._folder.read(file), file.width)
                bodies = [Body.decode(Envelope.decode(entry).body) for entry in entries]
                for place, body in enumerate(bodies, number * TILE_WIDTH):
                    if place >= self._registered:
                        self._register(place, body)
            except (ProofError, NotFound) as error:
                raise self._damaged(error.message) from error

    async def _copy_timestamps(self, note: str, newest: Checkpoint) -> None:
        """Copy the time stamps that are new: each over a note of this log, whose beginning we have.

        Who the authority is, and whether it signed, is for those to check who know its certificates.
        """
        new: list[tuple[StampName, Stamp]] = []
        try:
            there = set(await self._folder.timestamps())
        except ProofError as error:
            raise self._damaged(error.message) from error
        try:
            for name in await self._source.timestamps():
                if name in there or name.size > newest.size:
                    continue
                stamp = await self._source.timestamp(name)
                stamped = _open(stamp.note, self._log_key)
                if stamped.size != name.size:
                    raise NotProven("timestamp.note", f"It is over {stamped.size} entries.", where=str(name))
                if stamped.root != await root_of(self._folder, stamped.size, newest.size):
                    raise await self._fork(note, newest, stamp.note, stamped)
                if not is_over(stamp.answer, stamp.note):
                    raise NotProven("timestamp.note", "It is over another note.", where=str(name))
                new.append((name, stamp))
        except (ProofError, NotFound) as error:
            raise InvalidInput(
                "ledger.mirror_timestamp",
                f"A time stamp that the source shows does not hold: {error.message}",
                where=error.where or TIMESTAMP_LIST,
                hint="The log itself was copied, and no time stamp of this run.",
            ) from error
        await self._folder.keep_timestamps(new)

    async def _read_keys(self) -> None:
        """Collect the keys that sign entries. An entry names its key by its hash, so any source will do."""
        for text, told_by in ((await self._folder.keys(), self._folder), (await self._source.keys(), None)):
            for line in text.splitlines():
                try:
                    key = PublicKey(base64.b64decode(line, validate=True))
                except (ProofError, ValueError) as error:
                    problem = ProofError("signature.key", f"A line is no public key: {error}")
                    raise (self._damaged(problem.message) if told_by else _refused(KEYS, problem)) from None
                self._entry_keys[key.key_id] = key

    async def _open_tiles(self, size: int) -> dict[TileId, bytes]:
        """Return the last, partial tile of each level of our own tree."""
        tiles: dict[TileId, bytes] = {}
        level, count = 0, size
        while count:
            if count % TILE_WIDTH:
                tile = TileId(level, count // TILE_WIDTH)
                tiles[tile] = await read_tile(self._folder, tile, size)
            level, count = level + 1, count // TILE_WIDTH
        return tiles

    async def _write_full(self, tiles: dict[TileId, bytes]) -> None:
        for tile in [tile for tile, hashes in tiles.items() if len(hashes) == TILE_WIDTH * HASH_SIZE]:
            await self._write_tile(tile, tiles.pop(tile))

    async def _write_tile(self, tile: TileId, hashes: bytes) -> None:
        file = LogFile(tile.level, tile.number, len(hashes) // HASH_SIZE)
        await self._folder.write(file.path, hashes)

    def _damaged(self, message: str) -> Broken:
        return Broken(
            "ledger.mirror_damaged",
            f"The copy is not what was written there: {message}",
            where=str(self._folder.root),
            hint="Keep it, and mirror the log into another folder.",
        )


def _open(note: str, log_key: NoteKey) -> Checkpoint:
    """Read a checkpoint that the log signed; what others signed beside it is for those who know their keys.

    Raises:
        NotCanonical: `checkpoint.form`.
        NotProven: `checkpoint.signature`, `checkpoint.origin`.
    """
    text, lines = split_note(note)
    for line in lines:
        if line.is_of(log_key):
            return opened_by_log(text, line, log_key)
    raise NotProven("checkpoint.signature", f"The note is not signed by {log_key.name}.")


def _refused(what: str, error: ProofError | NotFound) -> InvalidInput:
    return InvalidInput(
        "ledger.mirror_refused",
        f"The source shows what does not hold: {error.message}",
        where=what,
        hint="The copy stays as it was. Try again later, or follow another mirror of the log.",
    )
