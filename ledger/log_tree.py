"""Roots and paths of a log out of the tiles that a source shows."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import NotFound
from ledger.log_source import LogSource
from proof import merkle
from proof.errors import NotProven
from proof.hashes import HASH_SIZE
from proof.log_files import LogFile
from proof.merkle import Range
from proof.tiles import TILE_HEIGHT, TILE_WIDTH, TileId, Tiles, tiles_for


async def root_of(source: LogSource, size: int, shown: int) -> bytes:
    """Return the root over the first `size` entries of a source that shows a log of `shown` entries.

    Raises:
        NotFound: `ledger.log_file_unknown` when a tile is not there.
        NotProven: `tiles.missing` when one is too short.
    """
    if size == 0:
        return merkle.EMPTY_ROOT
    return (await hashes_of(source, [(0, size)], shown))[0]


async def frontier_of(source: LogSource, size: int) -> list[bytes]:
    """Return the hashes of the complete subtrees that make up the tree of `size` leaves, largest first.

    Raises:
        NotFound, NotProven: what `root_of` raises.
    """
    tiles = await _tiles(source, [(0, size)], size)
    return [tiles.subtree(level, index) for level, index in merkle.complete_subtrees((0, size))]


async def hashes_of(source: LogSource, ranges: Sequence[Range], shown: int) -> list[bytes]:
    """Return the hash of each range of leaves of a source that shows a log of `shown` entries.

    Raises:
        NotFound, NotProven: what `root_of` raises.
    """
    return (await _tiles(source, ranges, shown)).hashes(ranges)


async def read_tile(source: LogSource, tile: TileId, size: int) -> bytes:
    """Return a tile as wide as it is in a log of `size` entries.

    A source may have dropped a partial tile once the full one was there; then that is cut.

    Raises:
        NotFound, NotProven: what `root_of` raises.
    """
    count = (size >> (TILE_HEIGHT * tile.level)) - tile.number * TILE_WIDTH
    file = LogFile(tile.level, tile.number, max(1, min(count, TILE_WIDTH)))
    content = await read_or_wider(source, file)
    if len(content) < file.width * HASH_SIZE:
        raise NotProven("tiles.missing", "A tile is shorter than its name says.", where=file.path)
    return content[: file.width * HASH_SIZE]


async def read_or_wider(source: LogSource, file: LogFile) -> bytes:
    """Return a file, or the full one of its number when the source no longer has the partial one.

    Raises:
        NotFound: `ledger.log_file_unknown`.
    """
    try:
        return await source.read(file)
    except NotFound:
        if file.width == TILE_WIDTH:
            raise
        return await source.read(LogFile(file.level, file.number))


async def _tiles(source: LogSource, ranges: Sequence[Range], size: int) -> Tiles:
    return Tiles({tile: await read_tile(source, tile, size) for tile in tiles_for(ranges)})
