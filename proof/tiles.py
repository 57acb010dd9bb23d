"""Tree hashes in tiles of 256, laid out as C2SP tlog-tiles describes (https://c2sp.org/tlog-tiles).

The tile (level L, number N) holds the hashes of the complete subtrees of 2^(8L) leaves, from 256·N to
256·N + 255, one after the other, 32 bytes each. The last tile of a level is partial; growing only appends to
it. Hashes in between are made from the tile's own when they are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from proof.errors import NotProven
from proof.hashes import HASH_SIZE
from proof.merkle import CompactRange, Range, complete_subtrees, fold, range_hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT


class TileId(NamedTuple):
    """Where a tile lies: its level (in steps of eight tree levels) and its number there."""

    level: int
    number: int


class Tiles:
    """The tiles at hand, as a source of subtree hashes."""

    def __init__(self, tiles: Mapping[TileId, bytes]) -> None:
        self._tiles = tiles

    def subtree(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree.

        Raises:
            NotProven: `tiles.missing` when the tile that holds it is not there or too short.
        """
        tile, first, count = _place(level, index)
        hashes = self._tiles.get(tile, b"")
        if len(hashes) < (first + count) * HASH_SIZE:
            raise NotProven(
                "tiles.missing", "A tree hash is not there.", where=f"tile {tile.level}/{tile.number}"
            )
        return fold([hashes[at * HASH_SIZE : (at + 1) * HASH_SIZE] for at in range(first, first + count)])

    def hashes(self, ranges: Iterable[Range]) -> list[bytes]:
        """Return the hash of each range."""
        return [range_hash(part, self.subtree) for part in ranges]


def tiles_for(ranges: Iterable[Range]) -> set[TileId]:
    """Return the tiles that hold what the ranges need."""
    return {_place(level, index)[0] for part in ranges for level, index in complete_subtrees(part)}


def grow(tree: CompactRange, leaves: Iterable[bytes]) -> dict[TileId, bytes]:
    """Add leaf hashes to the tree; return for each tile that this changes the bytes to append to it."""
    grown: dict[TileId, bytearray] = {}
    for leaf in leaves:
        for level, index, node in tree.append(leaf):
            if level % TILE_HEIGHT == 0:
                tile = TileId(level // TILE_HEIGHT, index // TILE_WIDTH)
                grown.setdefault(tile, bytearray()).extend(node)
    return {tile: bytes(hashes) for tile, hashes in grown.items()}


def _place(level: int, index: int) -> tuple[TileId, int, int]:
    """Return the tile of a subtree, and the first and the number of the hashes there that make it up."""
    height = level % TILE_HEIGHT
    first = index << height
    return TileId(level // TILE_HEIGHT, first // TILE_WIDTH), first % TILE_WIDTH, 1 << height
