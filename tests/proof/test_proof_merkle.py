"""The tree against RFC 6962's own definition, written here as the RFC writes it."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof import merkle
from proof.errors import NotProven
from proof.hashes import leaf_hash
from proof.merkle import CompactRange
from proof.tiles import TILE_WIDTH, TileId, Tiles, grow, tiles_for


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    """RFC 6962 section 2.1."""
    if not d:
        return sha256(b"").digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = split(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1."""
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def proof(m: int, d: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.2."""
    return subproof(m, d, whole=True)


def subproof(m: int, d: list[bytes], *, whole: bool) -> list[bytes]:
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], whole=whole), mth(d[k:])]
    return [*subproof(m - k, d[k:], whole=False), mth(d[:k])]


def data(size: int) -> list[bytes]:
    return [number.to_bytes(4, "big") for number in range(size)]


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(item) for item in data(size)]


sizes = st.integers(1, 200)


@st.composite
def tree_and_leaf(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(sizes)
    return size, draw(st.integers(0, size - 1))


@st.composite
def two_trees(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(sizes)
    return draw(st.integers(1, size)), size


@given(st.integers(0, 200))
def test_the_root_is_the_merkle_tree_hash(size: int) -> None:
    assert merkle.root(leaves(size)) == mth(data(size))


@given(tree_and_leaf())
def test_an_inclusion_path_is_the_rfcs_and_verifies(case: tuple[int, int]) -> None:
    size, index = case
    made = merkle.inclusion_path(leaves(size), index)
    assert made == path(index, data(size))
    merkle.verify_inclusion(index, size, leaves(size)[index], made, mth(data(size)))


@given(two_trees())
def test_a_consistency_path_is_the_rfcs_and_verifies(case: tuple[int, int]) -> None:
    old, size = case
    made = merkle.consistency_path(leaves(size), old)
    assert made == proof(old, data(size))
    merkle.verify_consistency(old, size, mth(data(old)), mth(data(size)), made)


@given(tree_and_leaf(), st.data())
def test_an_inclusion_path_proves_nothing_else(case: tuple[int, int], chance: st.DataObject) -> None:
    size, index = case
    made, root = merkle.inclusion_path(leaves(size), index), mth(data(size))
    leaf = leaves(size)[index]
    wrong_index = chance.draw(st.integers(-1, size).filter(lambda other: other != index))
    with pytest.raises(NotProven):
        merkle.verify_inclusion(wrong_index, size, leaf, made, root)
    for changed in altered(made):
        with pytest.raises(NotProven):
            merkle.verify_inclusion(index, size, leaf, changed, root)
    with pytest.raises(NotProven):
        merkle.verify_inclusion(index, size, leaf_hash(b"other"), made, root)


@given(two_trees())
def test_a_consistency_path_proves_nothing_else(case: tuple[int, int]) -> None:
    old, size = case
    made = merkle.consistency_path(leaves(size), old)
    old_root, root = mth(data(old)), mth(data(size))
    for changed in altered(made):
        with pytest.raises(NotProven):
            merkle.verify_consistency(old, size, old_root, root, changed)
    with pytest.raises(NotProven):
        merkle.verify_consistency(old, size, leaf_hash(b"fork"), root, made)
    with pytest.raises(NotProven):
        merkle.verify_consistency(old, size, old_root, leaf_hash(b"fork"), made)


def test_every_tree_extends_the_empty_one_and_no_tree_shrinks() -> None:
    merkle.verify_consistency(0, 5, merkle.EMPTY_ROOT, mth(data(5)), [])
    with pytest.raises(NotProven):
        merkle.verify_consistency(0, 5, leaf_hash(b""), mth(data(5)), [])
    with pytest.raises(NotProven):
        merkle.verify_consistency(5, 4, mth(data(5)), mth(data(4)), [])


@given(st.integers(0, 300))
def test_a_growing_tree_has_the_same_root_as_one_built_at_once(size: int) -> None:
    tree = CompactRange()
    for leaf in leaves(size):
        tree.append(leaf)
    assert tree.root() == mth(data(size))
    resumed = CompactRange(tree.size, tree.frontier)
    resumed.append(leaf_hash(b"next"))
    assert resumed.root() == mth([*data(size), b"next"])


@pytest.fixture(scope="module")
def tiled() -> tuple[list[bytes], dict[TileId, bytes]]:
    """A tree of two full tiles of the second level and some, and its tiles, grown in uneven batches."""
    hashes, tree, tiles = leaves(2 * TILE_WIDTH**2 + 700), CompactRange(), {}
    start = 0
    for step in (1, 255, 256, 1000, 7, len(hashes)):
        for tile, grown in grow(tree, hashes[start : start + step]).items():
            tiles[tile] = tiles.get(tile, b"") + grown
        start += step
    return hashes, tiles


def test_tiles_hold_the_hashes_of_their_level(tiled: tuple[list[bytes], dict[TileId, bytes]]) -> None:
    hashes, tiles = tiled
    assert tiles[TileId(0, 1)] == b"".join(hashes[256:512])
    assert tiles[TileId(1, 0)][:32] == merkle.root(hashes[:256])
    assert tiles[TileId(2, 0)] == merkle.root(hashes[: 256**2]) + merkle.root(hashes[256**2 : 2 * 256**2])
    assert {tile.level for tile in tiles} == {0, 1, 2}


@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_536, 131_771])
def test_proofs_come_from_a_few_tiles(tiled: tuple[list[bytes], dict[TileId, bytes]], index: int) -> None:
    hashes, tiles = tiled
    ranges = merkle.inclusion_ranges(index, len(hashes))
    wanted = tiles_for(ranges)
    assert len(wanted) <= 6
    made = Tiles({tile: tiles[tile] for tile in wanted}).hashes(ranges)
    merkle.verify_inclusion(index, len(hashes), hashes[index], made, merkle.root(hashes))
    if index:
        ranges = merkle.consistency_ranges(index, len(hashes))
        made = Tiles({tile: tiles[tile] for tile in tiles_for(ranges)}).hashes(ranges)
        merkle.verify_consistency(index, len(hashes), merkle.root(hashes[:index]), merkle.root(hashes), made)


def test_a_missing_tile_is_named(tiled: tuple[list[bytes], dict[TileId, bytes]]) -> None:
    with pytest.raises(NotProven, match="tile 0/3"):
        Tiles({}).subtree(2, 3 * 64)


def altered(hashes: list[bytes]) -> list[list[bytes]]:
    """Ways in which a path can be wrong: longer, shorter, one bit changed."""
    changed = [[*hashes, leaf_hash(b"more")]]
    if hashes:
        changed.append(hashes[:-1])
        changed.append([*hashes[:-1], bytes([hashes[-1][0] ^ 1]) + hashes[-1][1:]])
    return changed
