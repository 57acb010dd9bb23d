"""A log that a server shows over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx

from core.errors import Forbidden, NotFound, Unavailable
from ledger.log_source import KEYS, TIMESTAMP_LIST, Stamp, StampName, read_names, unknown_file
from proof.entry import MAX_ENVELOPE
from proof.log_files import CHECKPOINT, LogFile
from proof.tiles import TILE_WIDTH

# Nothing that a log shows is larger than a bundle of 256 of the longest entries.
_LARGEST_ANSWER = TILE_WIDTH * (MAX_ENVELOPE + 2)
_TRIES = 4
_FIRST_WAIT = 0.5  # seconds; doubles with each try
_WORTH_ANOTHER_TRY = frozenset({429, 500, 502, 503, 504})


class LogClient:
    """Reads a log below a base URL, such as `https://scf.example/log`. Use it as `async with`."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self._url = url.rstrip("/")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.AsyncClient(headers=headers, timeout=30)

    async def __aenter__(self) -> LogClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()

    async def checkpoint(self) -> str:
        """Return the newest checkpoint.

        Raises:
            NotFound: `ledger.log_empty`.
            Unavailable: `ledger.log_unreachable` when the server gives no answer that helps.
        """
        content = await self._get(CHECKPOINT)
        if content is None:
            raise NotFound("ledger.log_empty", "The server has no checkpoint there.", where=self._url)
        return content.decode(errors="replace")

    async def keys(self) -> str:
        """Return the public keys that sign entries; none when the server does not tell them.

        Raises:
            Unavailable: `ledger.log_unreachable`.
        """
        return (await self._get(KEYS) or b"").decode(errors="replace")

    async def read(self, file: LogFile) -> bytes:
        """Return the content of a file.

        Raises:
            NotFound: `ledger.log_file_unknown`.
            Forbidden: `ledger.entries_private` when the server shows entries to others only.
            Unavailable: `ledger.log_unreachable`.
        """
        content = await self._get(file.path)
        if content is None:
            raise unknown_file(file.path)
        return content

    async def timestamps(self) -> Sequence[StampName]:
        """Return the names of the time stamps, the oldest first; none when the server does not tell them.

        Raises:
            NotCanonical: `log.timestamp_name`.
            Unavailable: `ledger.log_unreachable`.
        """
        return read_names((await self._get(TIMESTAMP_LIST) or b"").decode(errors="replace"))

    async def timestamp(self, name: StampName) -> Stamp:
        """Return a time stamp.

        Raises:
            NotFound: `ledger.log_file_unknown`.
            Unavailable: `ledger.log_unreachable`.
        """
        note, answer = await self._get(name.note_path), await self._get(name.answer_path)
        if note is None or answer is None:
            raise unknown_file(name.answer_path)
        return Stamp(note.decode(errors="replace"), answer)

    async def _get(self, path: str) -> bytes | None:
        """Return what the server has under a path, None when that is nothing; try again where it may help."""
        problem = ""
        for number in range(_TRIES):
            if number:
                await asyncio.sleep(_FIRST_WAIT * 2 ** (number - 1))
            try:
                status, content = await self._ask(f"{self._url}/{path}")
            except httpx.InvalidURL as error:
                raise self._unreachable(str(error)) from None
            except httpx.HTTPError as error:
                problem = f"{type(error).__name__} {error}".strip()
                continue
            if status == 200:
                return content
            if status in (404, 410):
                return None
            if status in (401, 403):
                raise Forbidden(
                    "ledger.entries_private",
                    "The server shows this to those only whom it knows.",
                    where=f"{self._url}/{path}",
                    hint="Ask its operator for a mirror's token.",
                )
            problem = f"It answers {status}"
            if status not in _WORTH_ANOTHER_TRY:
                break
        raise self._unreachable(problem)

    async def _ask(self, url: str) -> tuple[int, bytes]:
        async with self._client.stream("GET", url) as answer:
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > _LARGEST_ANSWER:
                    raise self._unreachable("It answers with more than any file of a log holds")
            return answer.status_code, bytes(content)

    def _unreachable(self, problem: str) -> Unavailable:
        return Unavailable(
            "ledger.log_unreachable",
            f"The log cannot be read there: {problem}.",
            where=self._url,
            hint="Check the URL, and that the server runs.",
        )
