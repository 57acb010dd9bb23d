"""A persistent map from integer keys to records, which is at the same time the records' Merkle tree.

A tree of 16-way nodes, read from the lowest bits of the key. A record lies at the first level where
no other live key shares its path, so the depth grows with the logarithm of what is live, never
with how high the keys have counted. `updated` copies only the paths to the keys that changed and
shares the rest. Each node keeps its hash once computed, so the root hashes what changed and
nothing else.

Why the root is sound: the tree's shape is a function of the set of live keys alone (a node left
with one record gives it back to its parent), a leaf hashes its key with the record's canonical
bytes, and a node hashes each child's slot with the child's hash, the two under different tags. So
equal contents give equal roots whatever the history, and two contents with one root would be a
collision of SHA-256. (Adding up hashes would be free of order too, but is open to generalised
birthday attacks unless the sums are kilobytes wide.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from operator import attrgetter
from typing import Any, Generic, TypeVar

BITS = 4
MASK = (1 << BITS) - 1
EMPTY_ROOT = sha256(b"empty").digest()

R = TypeVar("R")


class _Leaf:
    __slots__ = ("hash", "key", "record")

    def __init__(self, key: int, record: Any) -> None:
        self.key = key
        self.record = record
        self.hash: bytes | None = None


class _Node:
    __slots__ = ("hash", "slots")

    def __init__(self, slots: dict[int, _Leaf | _Node]) -> None:
        self.slots = slots
        self.hash: bytes | None = None


class Table(Generic[R]):
    """Immutable map of int → record; iterates in ascending order of keys."""

    __slots__ = ("_canonical", "_root", "_size")

    def __init__(self, canonical: Callable[[Any], bytes], root: _Node | None = None, size: int = 0) -> None:
        self._canonical = canonical
        self._root = root
        self._size = size

    def __len__(self) -> int:
        return self._size

    def get(self, key: int) -> R | None:
        """The record under `key`, or None."""
        child: _Leaf | _Node | None = self._root
        rest = key
        while isinstance(child, _Node):
            child = child.slots.get(rest & MASK)
            rest >>= BITS
        if child is None or child.key != key:
            return None
        record: R = child.record
        return record

    def __iter__(self) -> Iterator[R]:
        if self._root is None:
            return iter(())
        return iter([leaf.record for leaf in sorted(_leaves(self._root), key=attrgetter("key"))])

    def updated(self, changes: Mapping[int, R | None]) -> Table[R]:
        """This table with `changes` (None deletes)."""
        if not changes:
            return self
        root, size = self._root, self._size
        own: set[int] = set()  # nodes made by this call may be changed in place
        for key, record in changes.items():
            if record is not None:
                if root is None:
                    root = _Node({})
                    own.add(id(root))
                root, added = _with(root, key, _Leaf(key, record), 0, own)
                size += added
            elif root is not None:
                root, gone = _without(root, key, 0, own)
                size -= gone
                if not root.slots:
                    root = None
        return Table(self._canonical, root, size)

    def root(self) -> bytes:
        """The Merkle root of all records (32 bytes)."""
        return self._hash(self._root) if self._root is not None else EMPTY_ROOT

    def _hash(self, child: _Leaf | _Node) -> bytes:
        digest = child.hash
        if digest is not None:
            return digest
        if isinstance(child, _Leaf):
            digest = sha256(b"L" + child.key.to_bytes(8, "big") + self._canonical(child.record)).digest()
        else:
            slots = child.slots
            filled = sorted(slots)
            # All children but the changed ones have their hash: a call for each would be most of the cost.
            below = [slots[slot].hash or self._hash(slots[slot]) for slot in filled]
            digest = sha256(b"N" + bytes((len(filled), *filled)) + b"".join(below)).digest()
        child.hash = digest
        return digest


def _leaves(node: _Node) -> Iterator[_Leaf]:
    pending: list[_Leaf | _Node] = [node]
    while pending:
        child = pending.pop()
        if isinstance(child, _Leaf):
            yield child
        else:
            pending.extend(child.slots.values())


def _mine(node: _Node, own: set[int]) -> _Node:
    if id(node) in own:
        return node
    copy = _Node(dict(node.slots))
    own.add(id(copy))
    return copy


def _with(node: _Node, key: int, leaf: _Leaf, shift: int, own: set[int]) -> tuple[_Node, int]:
    node = _mine(node, own)
    slot = (key >> shift) & MASK
    child = node.slots.get(slot)
    if child is None:
        node.slots[slot] = leaf
        return node, 1
    if isinstance(child, _Leaf):
        if child.key == key:
            node.slots[slot] = leaf
            return node, 0
        below = _Node({(child.key >> (shift + BITS)) & MASK: child})
        own.add(id(below))
    else:
        below = child
    node.slots[slot], added = _with(below, key, leaf, shift + BITS, own)
    return node, added


def _without(node: _Node, key: int, shift: int, own: set[int]) -> tuple[_Node, int]:
    slot = (key >> shift) & MASK
    child = node.slots.get(slot)
    if child is None or (isinstance(child, _Leaf) and child.key != key):
        return node, 0
    if isinstance(child, _Leaf):
        node = _mine(node, own)
        del node.slots[slot]
        return node, 1
    below, gone = _without(child, key, shift + BITS, own)
    if not gone:
        return node, 0
    node = _mine(node, own)
    if len(below.slots) == 1:
        (last,) = below.slots.values()
        node.slots[slot] = last if isinstance(last, _Leaf) else below
    else:
        node.slots[slot] = below
    return node, 1
