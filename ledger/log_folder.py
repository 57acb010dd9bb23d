"""A log as a folder of files, laid out as it is over HTTP: any web server can serve it."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from core.errors import InvalidInput, NotFound
from ledger.log_source import KEYS, TIMESTAMP_LIST, Stamp, StampName, read_names, unknown_file, write_names
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
        content = await self._content(file.path)
        if content is None:
            raise unknown_file(file.path)
        return content

    async def timestamps(self) -> Sequence[StampName]:
        """Return the names of the time stamps, the oldest first; none when there is no list of them.

        Raises:
            NotCanonical: `log.timestamp_name`.
        """
        return read_names(await self._read(TIMESTAMP_LIST) or "")

    async def timestamp(self, name: StampName) -> Stamp:
        """Return a time stamp.

        Raises:
            NotFound: `ledger.log_file_unknown`.
        """
        note, answer = await self._read(name.note_path), await self._content(name.answer_path)
        if note is None or answer is None:
            raise unknown_file(name.answer_path)
        return Stamp(note, answer)

    async def keep_timestamps(self, stamps: Sequence[tuple[StampName, Stamp]]) -> None:
        """Add time stamps, their list last.

        Raises:
            InvalidInput: `ledger.folder_unusable`.
        """
        if not stamps:
            return
        for name, stamp in stamps:
            await self.write(name.note_path, stamp.note.encode())
            await self.write(name.answer_path, stamp.answer)
        names = [*await self.timestamps(), *(name for name, _ in stamps)]
        await self.write(TIMESTAMP_LIST, write_names(names).encode())

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
        content = await self._content(path)
        return content.decode(errors="replace") if content is not None else None

    async def _content(self, path: str) -> bytes | None:
        try:
            return await asyncio.to_thread((self.root / path).read_bytes)
        except (FileNotFoundError, NotADirectoryError):
            return None


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
