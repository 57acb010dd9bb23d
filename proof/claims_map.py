"""A sparse Merkle map: one root over values by keys, with short proofs of what stands under a key, if any.

A tree of 256 levels, one for each bit of a key from the first; a key's leaf is at its bottom.

key    SHA-256(0x03 ‖ fingerprint)
leaf   SHA-256(0x04 ‖ value), or EMPTY where nothing is
node   SHA-256(0x05 ‖ left ‖ right), or EMPTY over two that are EMPTY

So the root follows from the content alone, in whatever order it came. A path holds only siblings that are
not EMPTY: about as many as the number of keys has bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

LEVELS = 256
EMPTY = bytes(32)

Path: TypeAlias = Mapping[int, bytes]
"""The siblings on the way from the root to a key, by their level; level 0 is below the root."""


def key_of(fingerprint: bytes) -> bytes:
    """Return the key under which a fingerprint stands in the map."""
    return sha256(b"\x03" + fingerprint).digest()


def leaf_of(value: bytes) -> bytes:
    """Return the leaf of a value."""
    return sha256(b"\x04" + value).digest()


def root_of(key: bytes, leaf: bytes, path: Path) -> bytes:
    """Return the root of every map that has this leaf, or EMPTY, under the key, and these siblings."""
    return _rise(key, leaf, 0, path)


@dataclass(frozen=True, slots=True)
class ClaimsMap:
    """A map that is never changed: `put` returns another one, which shares what is the same."""

    _top: _Node | None = None

    def put(self, key: bytes, leaf: bytes) -> ClaimsMap:
        """Return the map with this leaf under the key, in place of what was there."""
        return ClaimsMap(_put(self._top, key, leaf, 0))

    def root(self) -> bytes:
        """Return the root; EMPTY of an empty map."""
        return _hash(self._top)

    def path(self, key: bytes) -> Path:
        """Return the siblings that are not EMPTY on the way to a key, whether or not something is there."""
        return dict(_siblings(self._top, key))


class _Leaf:
    """The only key below a place of some level, and the hash of that place once it was asked for."""

    __slots__ = ("digest", "key", "leaf", "level")

    def __init__(self, key: bytes, leaf: bytes, level: int) -> None:
        self.key, self.leaf, self.level = key, leaf, level
        self.digest: bytes | None = None


class _Branch:
    """A place below which there are several keys, and its hash once it was asked for."""

    __slots__ = ("digest", "sides")

    def __init__(self, left: _Node | None, right: _Node | None) -> None:
        self.sides = (left, right)
        self.digest: bytes | None = None


_Node: TypeAlias = _Leaf | _Branch


def _put(node: _Node | None, key: bytes, leaf: bytes, level: int) -> _Node:
    if node is None or (isinstance(node, _Leaf) and node.key == key):
        return _Leaf(key, leaf, level)
    sides: list[_Node | None] = [None, None]
    if isinstance(node, _Leaf):
        sides[_bit(node.key, level)] = _Leaf(node.key, node.leaf, level + 1)
    else:
        sides = list(node.sides)
    turn = _bit(key, level)
    sides[turn] = _put(sides[turn], key, leaf, level + 1)
    return _Branch(*sides)


def _hash(node: _Node | None) -> bytes:
    if node is None:
        return EMPTY
    if node.digest is None:
        if isinstance(node, _Leaf):
            node.digest = _rise(node.key, node.leaf, node.level, {})
        else:
            node.digest = _join(*map(_hash, node.sides))
    return node.digest


def _siblings(node: _Node | None, key: bytes) -> Iterator[tuple[int, bytes]]:
    level = 0
    while isinstance(node, _Branch):
        turn = _bit(key, level)
        if beside := node.sides[1 - turn]:
            yield level, _hash(beside)
        node, level = node.sides[turn], level + 1
    if node is not None and node.key != key:
        while _bit(node.key, level) == _bit(key, level):
            level += 1
        yield level, _hash(_Leaf(node.key, node.leaf, level + 1))


def _rise(key: bytes, node: bytes, to: int, path: Path) -> bytes:
    """Hash from a key's leaf up to a level, with siblings that are EMPTY where the path has none."""
    for level in reversed(range(to, LEVELS)):
        beside = path.get(level, EMPTY)
        node = _join(beside, node) if _bit(key, level) else _join(node, beside)
    return node


def _join(left: bytes, right: bytes) -> bytes:
    return EMPTY if left == right == EMPTY else sha256(b"\x05" + left + right).digest()


def _bit(key: bytes, level: int) -> int:
    return key[level >> 3] >> (7 - (level & 7)) & 1
