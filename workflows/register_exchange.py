"""The exchange of the blind register: publishes this platform's list, and fetches those of the others."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import httpx

import ledger
from core import Clock, Database, ScfError
from finance import register
from finance.register_repository import PlatformRow
from workflows.transient import is_transient

_log = logging.getLogger(__name__)

PATH = "/register/list"
_TIMEOUT_SECONDS = 20.0
# A hundred bytes to a claim: a platform with half a million of them.
_LARGEST = 64 * 2**20


class RegisterExchange:
    """Publishes and fetches until it is told to stop. Any number may run."""

    def __init__(self, database: Database, recorder: ledger.Recorder, clock: Clock, every: timedelta) -> None:
        self._database = database
        self._recorder = recorder
        self._clock = clock
        self._every = every.total_seconds()

    async def run(self, stop: asyncio.Event) -> None:
        """Exchange now and then, until `stop`; survives the loss of the database and of other platforms."""
        while not stop.is_set():
            try:
                await self.exchange()
            except Exception as error:
                _log.warning(
                    "The register was not exchanged: %s",
                    error,
                    exc_info=None if is_transient(error) else error,
                )
            try:
                await asyncio.wait_for(stop.wait(), self._every)
            except TimeoutError:
                continue

    async def exchange(self) -> None:
        """Publish what has changed, and take in the list of each platform that has an address."""
        await register.publish(self._database, self._recorder, self._clock.now())
        async with self._database.reading() as sql:
            others = [each for each in await register.platforms(sql) if each.url is not None]
        for other in others:
            try:
                await self._take_in(other)
            except (ScfError, httpx.HTTPError, httpx.InvalidURL) as error:
                _log.warning("The list of %s was not taken in: %s", other.name, error)

    async def _take_in(self, other: PlatformRow) -> None:
        file = await _fetched(other)
        async with self._database.transaction() as tx:
            taken = await register.take_in(tx, file, at=self._clock.now())
        for pledge in taken.double:
            _log.warning(
                "Invoice %s is claimed by %s, too, since %s: ask %s",
                pledge.invoice_id,
                pledge.platform,
                pledge.since,
                pledge.contact,
            )


async def _fetched(other: PlatformRow) -> bytes:
    """Return the file at a platform's address.

    Raises:
        httpx.HTTPError: it does not answer, or with something else.
    """
    headers = {"authorization": f"Bearer {other.token}"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT_SECONDS) as client,
        client.stream("GET", f"{(other.url or '').rstrip('/')}{PATH}", headers=headers) as answer,
    ):
        answer.raise_for_status()
        content = bytearray()
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > _LARGEST:
                raise httpx.HTTPError(f"The list is larger than {_LARGEST} bytes.")
        return bytes(content)
