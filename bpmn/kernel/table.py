"""A persistent map from integer keys to records, which is at the same time the records' Merkle tree.

A radix tree of 32-way nodes. `updated` copies only the paths to the keys that changed and shares
the rest, so a step costs the logarithm of what is live. Each node keeps its hash once computed, so
the root hashes what changed and nothing else.

Why the root is sound: the tree's shape is a function of the set of live keys alone (nodes without
children vanish, the height is the least that holds the greatest key), a leaf hashes its key with
the record's canonical bytes under a tag of its own, and a node hashes its height and each child's
slot with the child's hash. So equal contents give equal roots whatever the history, and two
contents with one root would be a collision of SHA-256. (Adding up hashes would be order-free too,
but is open to generalised birthday attacks unless the sums are kilobytes wide.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Generic, TypeVar

BITS = 5
MASK = (1 << BITS) - 1


R = TypeVar("R")


class _Leaf(Generic[R]):
    __slots__ = ("hash", "record")

    def __init__(self, record: R) -> None:
        self.record = record
        self.hash: bytes | None = None


class _Node:
    __slots__ = ("hash", "slots")

    def __init__(self, slots: dict[int, Any]) -> None:
        self.slots = slots
        self.hash: bytes | None = None


class Table(Generic[R]):
    """Immutable map of int → record; iterates in ascending order of keys."""

    __slots__ = ("_canonical", "_height", "_root", "_size")

    def __init__(
        self, canonical: Callable[[Any], bytes], root: _Node | None = None, height: int = 1, size: int = 0
    ) -> None:
        self._canonical = canonical
        self._root = root
        self._height = height
        self._size = size

    def __len__(self) -> int:
        return self._size

    def get(self, key: int) -> R | None:
        """The record under `key`, or None."""
        node = self._root
        if node is None or key >> (BITS * self._height):
            return None
        for level in range(self._height - 1, -1, -1):
            child = node.slots.get((key >> (BITS * level)) & MASK)
            if child is None:
                return None
            node = child
        record: R = node.record  # type: ignore[union-attr, attr-defined]
        return record

    def __iter__(self) -> Iterator[R]:
        if self._root is not None:
            yield from _records(self._root, self._height)

    def updated(self, changes: Mapping[int, R | None]) -> Table[R]:
        """This table with `changes` (None deletes)."""
        if not changes:
            return self
        root, height, size = self._root, self._height, self._size
        greatest = max((key for key, record in changes.items() if record is not None), default=0)
        while greatest >> (BITS * height):
            if root is not None:
                root = _Node({0: root})
            height += 1
        fresh: set[int] = set()  # nodes made by this call may be changed in place
        for key, record in changes.items():
            if record is None:
                if root is not None and not key >> (BITS * height):
                    root, gone = _without(root, key, height - 1, fresh)
                    size -= gone
            else:
                if root is None:
                    root = _Node({})
                    fresh.add(id(root))
                root, added = _with(root, key, _Leaf(record), height - 1, fresh)
                size += added
        while height > 1 and (root is None or (len(root.slots) == 1 and 0 in root.slots)):
            root = root.slots[0] if root is not None else None
            height -= 1
        return Table(self._canonical, root, height, size)

    def root(self) -> bytes:
        """The Merkle root of all records (32 bytes)."""
        if self._root is None:
            return sha256(b"empty").digest()
        return self._hash(self._root, 0, self._height)

    def _hash(self, node: Any, key: int, height: int) -> bytes:
        kept: bytes | None = node.hash
        if kept is not None:
            return kept
        if height == 0:
            node.hash = sha256(b"L" + key.to_bytes(8, "big") + self._canonical(node.record)).digest()
        else:
            parts = [b"N", bytes((height,))]
            for slot in sorted(node.slots):
                parts.append(bytes((slot,)))
                parts.append(self._hash(node.slots[slot], (key << BITS) | slot, height - 1))
            node.hash = sha256(b"".join(parts)).digest()
        digest: bytes = node.hash
        return digest


def _records(node: Any, height: int) -> Iterator[Any]:
    if height == 0:
        yield node.record
        return
    for slot in sorted(node.slots):
        yield from _records(node.slots[slot], height - 1)


def _own(node: _Node, fresh: set[int]) -> _Node:
    if id(node) in fresh:
        return node
    copy = _Node(dict(node.slots))
    fresh.add(id(copy))
    return copy


def _with(node: _Node, key: int, leaf: _Leaf[Any], level: int, fresh: set[int]) -> tuple[_Node, int]:
    slot = (key >> (BITS * level)) & MASK
    mine = _own(node, fresh)
    child = mine.slots.get(slot)
    if level == 0:
        mine.slots[slot] = leaf
        return mine, 0 if child is not None else 1
    if child is None:
        child = _Node({})
        fresh.add(id(child))
    mine.slots[slot], added = _with(child, key, leaf, level - 1, fresh)
    return mine, added


def _without(node: _Node, key: int, level: int, fresh: set[int]) -> tuple[_Node | None, int]:
    slot = (key >> (BITS * level)) & MASK
    child = node.slots.get(slot)
    if child is None:
        return node, 0
    if level == 0:
        below: Any = None
        gone = 1
    else:
        below, gone = _without(child, key, level - 1, fresh)
        if not gone:
            return node, 0
    mine = _own(node, fresh)
    if below is None:
        del mine.slots[slot]
        return (mine if mine.slots else None), gone
    mine.slots[slot] = below
    return mine, gone
