"""A log as others read it: its checkpoint, its public keys, and the files that C2SP tlog-tiles lays out.

The database of the platform is one such source (`DatabaseLog`), a folder another (`ledger.log_folder`), and
so is a server of either (`ledger.log_client`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.database import Database
from core.errors import Broken, NotFound
from ledger import log_repository, repository, timestamp_repository
from ledger.published import published_checkpoint
from ledger.repository import Connection
from proof.errors import NotCanonical
from proof.hashes import HASH_SIZE
from proof.log_files import LogFile, encode_bundle
from proof.tiles import TILE_WIDTH, TileId

# The path of the public keys that sign entries, beside the checkpoint. It is no part of tlog-tiles.
KEYS = "keys"

# Where time stamps lie, beside the checkpoint: a list of their names, one a line, and of each the note that
# was stamped and the authority's answer. They are no part of tlog-tiles, either.
TIMESTAMPS = "timestamps"
TIMESTAMP_LIST = f"{TIMESTAMPS}/list"

# The size of the log that was stamped, and a number that tells its stamps apart.
_STAMP = re.compile(r"([1-9][0-9]{0,15})-([1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class StampName:
    """The name of a time stamp over a checkpoint: its size, and a number."""

    size: int
    number: int

    def __str__(self) -> str:
        return f"{self.size}-{self.number}"

    @property
    def note_path(self) -> str:
        """The path of the note that was stamped."""
        return f"{TIMESTAMPS}/{self}.checkpoint"

    @property
    def answer_path(self) -> str:
        """The path of what the authority answered."""
        return f"{TIMESTAMPS}/{self}.tsr"

    @classmethod
    def parse(cls, text: str) -> StampName:
        """Read a name.

        Raises:
            NotCanonical: `log.timestamp_name`.
        """
        if match := _STAMP.fullmatch(text):
            return cls(int(match[1]), int(match[2]))
        raise NotCanonical("log.timestamp_name", f"{text!r} names no time stamp.")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp: the note that was stamped, and the authority's whole answer (DER)."""

    note: str
    answer: bytes


class LogSource(Protocol):
    """Where a log can be read."""

    async def checkpoint(self) -> str:
        """Return the newest published checkpoint, a signed note.

        Raises:
            NotFound: `ledger.log_empty`.
        """

    async def keys(self) -> str:
        """Return the public keys that sign entries: SubjectPublicKeyInfo (DER) in base64, one a line."""

    async def read(self, file: LogFile) -> bytes:
        """Return the content of a file.

        Raises:
            NotFound: `ledger.log_file_unknown` when the published log has no such file.
        """

    async def timestamps(self) -> Sequence[StampName]:
        """Return the names of the time stamps, the oldest first.

        Raises:
            NotCanonical: `log.timestamp_name`.
        """

    async def timestamp(self, name: StampName) -> Stamp:
        """Return a time stamp.

        Raises:
            NotFound: `ledger.log_file_unknown`.
        """


class DatabaseLog:
    """The log in the platform's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def checkpoint(self) -> str:
        """Return the newest published checkpoint."""
        async with self._database.reading() as connection:
            return (await published_checkpoint(connection)).note

    async def keys(self) -> str:
        """Return the public keys that sign entries."""
        async with self._database.reading() as connection:
            return write_keys(
                key.public_key for key in await repository.keys(connection) if key.purpose == "entry"
            )

    async def read(self, file: LogFile) -> bytes:
        """Return a file of the log, as far as it is published.

        Raises:
            NotFound: `ledger.log_empty`, `ledger.log_file_unknown`.
            Broken: `ledger.log_file_broken` when the database lacks what its checkpoint covers.
        """
        async with self._database.reading() as connection:
            if not file.is_in((await published_checkpoint(connection)).size):
                raise unknown_file(file.path)
            return await _content(connection, file)

    async def timestamps(self) -> Sequence[StampName]:
        """Return the names of the time stamps over what is published."""
        async with self._database.reading() as connection:
            size = (await published_checkpoint(connection)).size
            return [StampName(*row) for row in await timestamp_repository.timestamps_upto(connection, size)]

    async def timestamp(self, name: StampName) -> Stamp:
        """Return a time stamp.

        Raises:
            NotFound: `ledger.log_file_unknown`.
        """
        async with self._database.reading() as connection:
            row = await timestamp_repository.timestamp(connection, name.size, name.number)
        if row is None:
            raise unknown_file(name.answer_path)
        return Stamp(row.note, row.response)


def unknown_file(path: str) -> NotFound:
    """Return the error for a file that the log does not have."""
    return NotFound(
        "ledger.log_file_unknown",
        "The published log has no such file.",
        where=path,
        hint="Ask for the files of the newest checkpoint's size.",
    )


def write_keys(keys: Iterable[bytes]) -> str:
    """Return public keys (DER) as lines of base64."""
    return "".join(f"{base64.b64encode(key).decode()}\n" for key in keys)


def write_names(names: Iterable[StampName]) -> str:
    """Return the list of time stamps."""
    return "".join(f"{name}\n" for name in names)


def read_names(text: str) -> list[StampName]:
    """Read the list of time stamps.

    Raises:
        NotCanonical: `log.timestamp_name`.
    """
    return [StampName.parse(line) for line in text.splitlines()]


async def _content(connection: Connection, file: LogFile) -> bytes:
    if file.level is None:
        entries = await log_repository.envelopes(connection, file.number * TILE_WIDTH, file.width)
        if len(entries) == file.width:
            return encode_bundle(entries)
    else:
        tile = TileId(file.level, file.number)
        hashes = (await repository.tile_hashes(connection, [tile])).get(tile, b"")
        if len(hashes) >= file.width * HASH_SIZE:
            return hashes[: file.width * HASH_SIZE]
    raise Broken(
        "ledger.log_file_broken",
        "The database does not have all that its checkpoint covers.",
        where=file.path,
        hint="Run scf ledger verify.",
    )
