"""The scoring service over HTTP, as those who ask see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx

from core.errors import Broken
from scoring.limits import LimitInputs
from scoring.service import wire
from scoring.service.in_process import card_not_served
from scoring.service.interface import (
    Proposed,
    Scored,
    ScoreRequest,
    ScoringService,
    ServiceAddress,
    ServiceUnavailable,
)
from scoring.snapshot import inputs_hash, snapshot

_MOST_BYTES: Final = 1024 * 1024
# What a server or the proxy before it says while it starts, stops, or has too much to do.
_PASSING: Final = frozenset({429, 502, 503, 504})


class OverHttp:
    """A `ScoringService` that asks another process. It tries once: who asks knows when to try again."""

    def __init__(self, http: httpx.AsyncClient, address: ServiceAddress) -> None:
        self._http = http
        self._url = address.url.rstrip("/")
        self._timeout = address.timeout

    async def score(self, asked: ScoreRequest) -> Scored:
        """Score a party; see `ScoringService.score`. A score of other inputs is refused."""
        scored = wire.read_scored(await self._post("/score", wire.request_json(asked)))
        if scored.score.card_id != asked.card_id:
            raise card_not_served(asked.card_id)
        values = snapshot(asked.party, asked.as_of, asked.observations).values()
        if scored.inputs_hash != inputs_hash(values):
            raise Broken(
                "scoring.service_answer", "The scoring service scored other inputs.", where=asked.party
            )
        return scored

    async def propose(self, inputs: LimitInputs) -> Proposed:
        """Propose a limit; see `ScoringService.propose`."""
        return wire.read_proposed(await self._post("/limit", wire.request_json(inputs)))

    async def _post(self, path: str, body: bytes) -> bytes:
        try:
            # httpx's own timeout is for each read; one that drips must not hold the case any longer.
            async with asyncio.timeout(self._timeout):
                status, content = await self._ask(f"{self._url}{path}", body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise self._unavailable(f"{type(error).__name__} {error}".strip()) from None
        if status == 200:
            return content
        if status in _PASSING:
            raise self._unavailable(f"it answers {status}")
        raise wire.read_error(content)

    async def _ask(self, url: str, body: bytes) -> tuple[int, bytes]:
        async with self._http.stream("POST", url, content=body) as answer:
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > _MOST_BYTES:
                    raise Broken(
                        "scoring.service_answer", f"The answer has more than {_MOST_BYTES} bytes.", where=url
                    )
            return answer.status_code, bytes(content)

    def _unavailable(self, problem: str) -> ServiceUnavailable:
        return ServiceUnavailable(
            "scoring.service_unavailable",
            f"The scoring service gives no answer: {problem}.",
            where=self._url,
            hint="Start it with scf score serve; what waits for it is tried again.",
        )


@asynccontextmanager
async def opened(address: ServiceAddress | None) -> AsyncIterator[ScoringService | None]:
    """Open the scoring service at an address; without one there is none, and each scores by itself."""
    if address is None:
        yield None
        return
    headers = {"authorization": f"Bearer {address.token}", "content-type": "application/json"}
    async with httpx.AsyncClient(headers=headers, timeout=address.timeout, trust_env=False) as http:
        yield OverHttp(http, address)
