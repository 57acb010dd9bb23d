"""The files of a log, their names and contents, as in C2SP tlog-tiles (https://c2sp.org/tlog-tiles).

tile/<L>/<N>[.p/<W>]         the tree hashes of a tile, 32 bytes each
tile/entries/<N>[.p/<W>]     256 entries (W when partial), each behind its length in 16 bits, big-endian

<N> is written in groups of three digits, all but the last after an x: 1234067 is x001/x234/067. No file ever
changes, not even a partial one: as the log grows, wider ones come beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from proof.errors import NotCanonical
from proof.tiles import TILE_HEIGHT, TILE_WIDTH

# The path of the newest checkpoint, beside the folder `tile`.
CHECKPOINT = "checkpoint"

_ENTRIES = "entries"
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<number>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)
_LENGTH_SIZE = 2


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a log.

    Attributes:
        level: The level of a tile of hashes, in steps of eight tree levels; None for a bundle of entries.
        number: The number of the tile, or of the bundle.
        width: How many hashes or entries are in it: 256, or fewer in a partial one.
    """

    level: int | None
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's URL or folder."""
        groups = [f"{self.number % 1000:03d}"]
        rest = self.number // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        level = _ENTRIES if self.level is None else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(groups)}{partial}"

    @classmethod
    def parse(cls, path: str) -> LogFile:
        """Read a path; each file has one path only.

        Raises:
            NotCanonical: `log.path`.
        """
        match = _PATH.fullmatch(path)
        if match:
            level = None if match["level"] == _ENTRIES else int(match["level"])
            number = int(match["number"].replace("x", "").replace("/", ""))
            file = cls(level, number, int(match["width"] or TILE_WIDTH))
            if file.path == path and (level or 0) < 64:
                return file
        raise NotCanonical("log.path", "A log has no file of this name.", where=path)

    def is_in(self, size: int) -> bool:
        """Tell whether a log of `size` entries has what is in this file."""
        return self.number * TILE_WIDTH + self.width <= size >> (TILE_HEIGHT * (self.level or 0))


def files_between(old_size: int, size: int) -> Iterator[LogFile]:
    """Yield the files of a log of `size` entries that one of `old_size` did not have: bundles, then tiles."""
    yield from _of_level(None, old_size, size)
    level = 0
    while size:
        yield from _of_level(level, old_size, size)
        level, old_size, size = level + 1, old_size >> TILE_HEIGHT, size >> TILE_HEIGHT


def _of_level(level: int | None, old_count: int, count: int) -> Iterator[LogFile]:
    for number in range(old_count // TILE_WIDTH, count // TILE_WIDTH):
        yield LogFile(level, number)
    if count % TILE_WIDTH and count != old_count:
        yield LogFile(level, count // TILE_WIDTH, count % TILE_WIDTH)


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return the bundle of these entries, none of which has more than 65,535 bytes."""
    bundle = bytearray()
    for entry in entries:
        bundle += len(entry).to_bytes(_LENGTH_SIZE, "big")
        bundle += entry
    return bytes(bundle)


def decode_bundle(bundle: bytes, count: int) -> Sequence[bytes]:
    """Return the entries of a bundle that has so many.

    Raises:
        NotCanonical: `log.bundle`.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        start = at + _LENGTH_SIZE
        at = start + int.from_bytes(bundle[at:start], "big")
        entries.append(bundle[start:at])
    if at != len(bundle) or len(entries) != count:
        raise NotCanonical("log.bundle", f"This is not a bundle of {count} entries.")
    return entries
