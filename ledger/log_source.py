"""A log as others read it: its checkpoint, its public keys, and the files that C2SP tlog-tiles lays out.

The database of the platform is one such source (`DatabaseLog`), a folder another (`ledger.log_folder`), and
so is a server of either (`ledger.log_client`).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Protocol

from core.database import Database
from core.errors import Broken, NotFound
from ledger import log_repository, repository
from ledger.published import published_checkpoint
from ledger.repository import Connection
from proof.hashes import HASH_SIZE
from proof.log_files import LogFile, encode_bundle
from proof.tiles import TILE_WIDTH, TileId

# The path of the public keys that sign entries, beside the checkpoint. It is no part of tlog-tiles.
KEYS = "keys"


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
                raise unknown_file(file)
            return await _content(connection, file)


def unknown_file(file: LogFile) -> NotFound:
    """Return the error for a file that the log does not have."""
    return NotFound(
        "ledger.log_file_unknown",
        "The published log has no such file.",
        where=file.path,
        hint="Ask for the files of the newest checkpoint's size.",
    )


def write_keys(keys: Iterable[bytes]) -> str:
    """Return public keys (DER) as lines of base64."""
    return "".join(f"{base64.b64encode(key).decode()}\n" for key in keys)


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
