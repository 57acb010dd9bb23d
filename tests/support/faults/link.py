"""A network link that a test can cut: a TCP port of its own in front of a server."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

Address = Path | tuple[str, int]

_CHUNK = 1 << 16


class Cut(enum.Enum):
    """How a link fails."""

    RESET = "reset"  # connections end at once, and new ones do
    STALL = "stall"  # nothing passes for a while; then everything goes on where it stood
    SILENCE = "silence"  # as STALL, but the old connections stay silent for ever, and neither end is told


@dataclass(eq=False)
class _Connection:
    """Both sides of one connection, and what carries its bytes."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    carrying: list[asyncio.Task[None]] = field(default_factory=list)

    def fall_silent(self) -> None:
        for task in self.carrying:
            task.cancel()

    def end(self) -> None:
        self.fall_silent()
        self.client.transport.abort()
        if self.server is not None:
            self.server.transport.abort()


class Link:
    """Passes TCP connections on to a server (a unix socket, or host and port), unless it is cut."""

    def __init__(self, name: str, server: Address) -> None:
        self.name = name
        self.port = 0
        self._server = server
        self._passing = asyncio.Event()
        self._passing.set()
        self._refusing = False
        self._live: set[_Connection] = set()
        self._silent: set[_Connection] = set()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Link]:
        """Listen on a free port of loopback."""
        listening = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = listening.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listening.close()
            for connection in self._live | self._silent:
                connection.end()
            await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def cut(self, how: Cut) -> AsyncIterator[None]:
        """Cut the link, and mend it at the end."""
        if how is Cut.RESET:
            self._refusing = True
            for connection in list(self._live):
                connection.end()
        else:
            self._passing.clear()
        if how is Cut.SILENCE:
            for connection in self._live:
                connection.fall_silent()
            self._silent |= self._live
            self._live.clear()
        try:
            yield
        finally:
            self._refusing = False
            self._passing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        if self._refusing:
            connection.end()
            return
        self._live.add(connection)
        try:
            await self._passing.wait()
            back, connection.server = await self._reach()
            connection.carrying = [
                asyncio.create_task(self._carry(reader, connection.server)),
                asyncio.create_task(self._carry(back, writer)),
            ]
            # Whichever side ends its connection ends both.
            await asyncio.wait(connection.carrying, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass  # no server is there: the client is told by the end of its connection
        finally:
            if connection in self._live:
                self._live.discard(connection)
                connection.end()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._server, Path):
            return await asyncio.open_unix_connection(self._server)
        return await asyncio.open_connection(*self._server)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._passing.wait()
                target.write(data)
                await target.drain()
