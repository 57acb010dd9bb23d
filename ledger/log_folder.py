"""A log as a folder of files, laid out as it is over HTTP: any web server can serve it."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path

from core.errors import InvalidInput, NotFound
from ledger.log_source import KEYS, unknown_file
from proof.log_files import CHECKPOINT, LogFile


class LogFolder:
    """A log in a folder; what is read there, others wrote, so that it proves nothing by itself."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def checkpoint(self) -> str:
        """Return the checkpoint.

        Raises:
            NotFound: `ledger.log_empty` when none is there.
        """
        content = await self._read(CHECKPOINT)
        if content is None:
            raise NotFound("ledger.log_empty", "The folder holds no checkpoint.", where=str(self.root))
        return content

    async def keys(self) -> str:
        """Return the public keys that sign entries; none when there is no such file."""
        return await self._read(KEYS) or ""

    async def read(self, file: LogFile) -> bytes:
        """Return the content of a file.

        Raises:
            NotFound: `ledger.log_file_unknown`.
        """
        try:
            return await asyncio.to_thread((self.root / file.path).read_bytes)
        except (FileNotFoundError, NotADirectoryError):
            raise unknown_file(file) from None

    async def write(self, path: str, content: bytes) -> None:
        """Write a file whole, or not at all: a reader or a crash never meets half of it.

        Raises:
            InvalidInput: `ledger.folder_unusable` when it cannot be written.
        """
        try:
            await asyncio.to_thread(_write, self.root / path, content)
        except OSError as error:
            raise InvalidInput(
                "ledger.folder_unusable",
                f"The file cannot be written: {error.strerror}.",
                where=str(self.root / path),
                hint="Give a folder that you may write to, on a disk with room.",
            ) from error

    async def _read(self, path: str) -> str | None:
        """Return a text that stands beside the tiles; bytes that are no text never verify."""
        try:
            content = await asyncio.to_thread((self.root / path).read_bytes)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return content.decode(errors="replace")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
