"""One API for each test module, on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

import finance
import ledger
import scf_api
import scoring
import workflows
from scf_api import ApiSettings
from support.api import Api, HandClock, running

ROOMS = (ledger.ROOM, scoring.ROOM, finance.ROOM, workflows.ROOM, scf_api.ROOM)


@pytest.fixture(scope="module")
async def api(new_database: Callable[..., Awaitable[str]]) -> AsyncIterator[Api]:
    """A running API; its clock stands until the test turns it."""
    clock = HandClock()
    settings = ApiSettings(
        await new_database(ROOMS),
        clock=clock,
        cookie_secure=False,
        command_wait=timedelta(milliseconds=300),
    )
    async with running(settings, clock) as started:
        yield started
