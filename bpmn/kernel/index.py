"""A persistent sorted set of tuples: the state's secondary indexes (children of a scope, timers by due time).

Chunks of at most `WIDE` keys under one tuple of chunks: adding or removing copies one chunk and the
outer tuple, which the interpreter does as two memory copies. The indexes are derived from the
tables, so they are neither hashed nor stored.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any

WIDE = 256
Key = tuple[Any, ...]


class SortedKeys:
    """Immutable sorted set of tuples."""

    __slots__ = ("_chunks", "_firsts")

    def __init__(self, chunks: tuple[tuple[Key, ...], ...] = (), firsts: tuple[Key, ...] = ()) -> None:
        self._chunks = chunks
        self._firsts = firsts

    @classmethod
    def of(cls, keys: list[Key]) -> SortedKeys:
        """The set of these keys."""
        keys = sorted(set(keys))
        chunks = tuple(tuple(keys[at : at + WIDE // 2]) for at in range(0, len(keys), WIDE // 2))
        return cls(chunks, tuple(chunk[0] for chunk in chunks))

    def first(self) -> Key | None:
        """The least key."""
        return self._chunks[0][0] if self._chunks else None

    def __iter__(self) -> Iterator[Key]:
        for chunk in self._chunks:
            yield from chunk

    def starting_with(self, prefix: Key) -> Iterator[Key]:
        """The keys that begin with `prefix`, in order."""
        if not self._chunks:
            return
        width = len(prefix)
        at = max(0, bisect_right(self._firsts, prefix) - 1)
        for chunk in self._chunks[at:]:
            for key in chunk[bisect_left(chunk, prefix) :]:
                if key[:width] != prefix:
                    return
                yield key

    def with_key(self, key: Key) -> SortedKeys:
        """This set and `key`."""
        if not self._chunks:
            return SortedKeys(((key,),), (key,))
        at = max(0, bisect_right(self._firsts, key) - 1)
        chunk = self._chunks[at]
        place = bisect_left(chunk, key)
        if place < len(chunk) and chunk[place] == key:
            return self
        grown = (*chunk[:place], key, *chunk[place:])
        parts = (grown,) if len(grown) <= WIDE else (grown[: WIDE // 2], grown[WIDE // 2 :])
        return self._replaced(at, parts)

    def without_key(self, key: Key) -> SortedKeys:
        """This set without `key`."""
        at = bisect_right(self._firsts, key) - 1
        if at < 0:
            return self
        chunk = self._chunks[at]
        place = bisect_left(chunk, key)
        if place == len(chunk) or chunk[place] != key:
            return self
        rest = chunk[:place] + chunk[place + 1 :]
        return self._replaced(at, (rest,) if rest else ())

    def _replaced(self, at: int, parts: tuple[tuple[Key, ...], ...]) -> SortedKeys:
        return SortedKeys(
            (*self._chunks[:at], *parts, *self._chunks[at + 1 :]),
            (*self._firsts[:at], *(part[0] for part in parts), *self._firsts[at + 1 :]),
        )
