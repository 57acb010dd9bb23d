"""What a witness must never forget: the newest checkpoint of each log that it cosigned. One SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TABLE = """
CREATE TABLE IF NOT EXISTS seen (
    cosigner TEXT NOT NULL,
    origin TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (cosigner, origin)
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest checkpoint that was cosigned of a log."""

    size: int
    root: bytes
    note: str


class Store:
    """The state of one cosigner, which is a key with a name; several can share a file."""

    def __init__(self, file: Path, cosigner: str) -> None:
        self._file = file
        self._cosigner = cosigner
        file.touch(mode=0o600, exist_ok=True)
        with self._opened() as database:
            database.execute(_TABLE)

    def newest(self, origin: str) -> Seen | None:
        """Return what was cosigned last of a log."""
        with self._opened() as database:
            row = database.execute(
                "SELECT size, root, note FROM seen WHERE cosigner = ? AND origin = ?",
                (self._cosigner, origin),
            ).fetchone()
        return Seen(*row) if row else None

    def advance(self, origin: str, old: Seen | None, new: Seen) -> bool:
        """Put `new` in the place of `old`, on the disk when this returns; False when another came first."""
        with self._opened() as database:
            if old is None:
                done = database.execute(
                    "INSERT INTO seen VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (self._cosigner, origin, new.size, new.root, new.note),
                )
            else:
                done = database.execute(
                    "UPDATE seen SET size = ?, root = ?, note = ?"
                    " WHERE cosigner = ? AND origin = ? AND size = ? AND root = ?",
                    (new.size, new.root, new.note, self._cosigner, origin, old.size, old.root),
                )
        return done.rowcount == 1

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self._file, timeout=10)
        try:
            # A commit returns only when file and folder are on the disk.
            database.execute("PRAGMA synchronous = EXTRA")
            with database:
                yield database
        finally:
            database.close()
