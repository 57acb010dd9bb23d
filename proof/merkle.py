"""The Merkle tree of RFC 6962: roots, inclusion and consistency proofs, and growing a root leaf by leaf.

A tree over n leaves is described by ranges of leaves. Every range that a proof needs is hashed from complete
subtrees, named (level, index): the subtree over the 2^level leaves from index · 2^level on. Whoever can give
these hashes, from memory or from tiles, can make every proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import TypeAlias

from proof.errors import NotProven
from proof.hashes import node_hash

# The hash of the complete subtree (level, index).
SubtreeHash: TypeAlias = Callable[[int, int], bytes]
# Leaves from the first number up to, not including, the second.
Range: TypeAlias = tuple[int, int]

EMPTY_ROOT = sha256(b"").digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes (MTH of RFC 6962 section 2.1); of no leaves it is SHA-256(“”)."""
    if not leaves:
        return EMPTY_ROOT
    return range_hash((0, len(leaves)), in_memory(leaves))


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return PATH(index, leaves) of RFC 6962 section 2.1.1, from the leaf's sibling up."""
    hashes = in_memory(leaves)
    return [range_hash(part, hashes) for part in inclusion_ranges(index, len(leaves))]


def consistency_path(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Return PROOF(old_size, leaves) of RFC 6962 section 2.1.2."""
    hashes = in_memory(leaves)
    return [range_hash(part, hashes) for part in consistency_ranges(old_size, len(leaves))]


def in_memory(leaves: Sequence[bytes]) -> SubtreeHash:
    """Return the subtree hashes of leaves that are all at hand."""

    def subtree(level: int, index: int) -> bytes:
        return fold(leaves[index << level : (index + 1) << level])

    return subtree


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over 2^k hashes, pairwise, k levels up."""
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def range_hash(part: Range, subtree: SubtreeHash) -> bytes:
    """Return the hash of a range of leaves that a proof or root speaks of."""
    hashes = [subtree(level, index) for level, index in complete_subtrees(part)]
    result = hashes.pop()
    while hashes:
        result = node_hash(hashes.pop(), result)
    return result


def complete_subtrees(part: Range) -> Iterator[tuple[int, int]]:
    """Yield the complete subtrees (level, index) of a range, largest first, left to right.

    The range begins at a multiple of the largest power of two that fits into it, as all ranges here do.
    """
    start, end = part
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the ranges whose hashes prove leaf `index` in a tree of `size` leaves, from the leaf up."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    ranges.reverse()
    return ranges


def consistency_ranges(old_size: int, size: int) -> list[Range]:
    """Return the ranges whose hashes prove that a tree of `size` leaves extends one of `old_size`."""
    if not 0 < old_size <= size:
        raise ValueError(f"a tree of {size} leaves does not extend one of {old_size}")
    ranges: list[Range] = []
    start, end = 0, size
    while old_size < end:
        middle = start + _split(end - start)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start > 0:  # a verifier who holds the old root knows this hash only when it is that root
        ranges.append((start, end))
    ranges.reverse()
    return ranges


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], tree_root: bytes) -> None:
    """Check that a leaf hash stands at `index` of the tree of this size and root (RFC 9162 section 2.1.3.2).

    Raises:
        NotProven: `merkle.inclusion`.
    """
    if not 0 <= index < size:
        raise NotProven("merkle.inclusion", f"Entry {index} is not in a tree of {size} entries.")
    node, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise NotProven("merkle.inclusion", "The inclusion path is too long.")
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise NotProven("merkle.inclusion", "The inclusion path is too short.")
    if result != tree_root:
        raise NotProven("merkle.inclusion", "The inclusion path does not lead to the tree's root.")


def verify_consistency(
    old_size: int, size: int, old_root: bytes, tree_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree of `size` leaves extends the one of `old_size` (RFC 9162 section 2.1.4.2).

    Every tree extends the empty one; that takes no path.

    Raises:
        NotProven: `merkle.consistency`.
    """
    if not 0 <= old_size <= size:
        raise NotProven("merkle.consistency", f"A tree of {size} cannot extend one of {old_size}.")
    if old_size in (0, size):
        expected = EMPTY_ROOT if old_size == 0 else tree_root
        if path or old_root != expected:
            raise NotProven("merkle.consistency", "The two roots contradict each other.")
        return
    hashes = list(path)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise NotProven("merkle.consistency", "The consistency path is too short.")
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_result = new_result = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise NotProven("merkle.consistency", "The consistency path is too long.")
        if node & 1 or node == last:
            old_result = node_hash(sibling, old_result)
            new_result = node_hash(sibling, new_result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_result = node_hash(new_result, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise NotProven("merkle.consistency", "The consistency path is too short.")
    if old_result != old_root or new_result != tree_root:
        raise NotProven("merkle.consistency", "The newer tree does not extend the older one.")


class CompactRange:
    """The right edge of a growing tree: enough to add leaves and to tell the root, whatever its size.

    `frontier` holds the hashes of the complete subtrees that make up the tree, largest first: one for each
    bit that is set in `size`.
    """

    def __init__(self, size: int = 0, frontier: Sequence[bytes] = ()) -> None:
        if len(frontier) != size.bit_count():
            raise ValueError(f"the frontier of {size} leaves has {size.bit_count()} hashes")
        self.size = size
        self.frontier = list(frontier)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf hash; return the complete subtrees that end with it, as (level, index, hash)."""
        level, index, result = 0, self.size, leaf
        finished = [(level, index, result)]
        while index & 1:
            result = node_hash(self.frontier.pop(), result)
            level, index = level + 1, index >> 1
            finished.append((level, index, result))
        self.frontier.append(result)
        self.size += 1
        return finished

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self.frontier:
            return EMPTY_ROOT
        result = self.frontier[-1]
        for left in reversed(self.frontier[:-1]):
            result = node_hash(left, result)
        return result


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)
