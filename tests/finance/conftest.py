"""What the finance tests share: a migrated database, a clock that stands still, and entry ids."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

import pytest

import finance
import scoring
from core.database import Database, Room

NewDatabase = Callable[[Sequence[Room]], Awaitable[str]]


@pytest.fixture
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    """An empty database with the tables of finance and scoring."""
    rooms = [finance.ROOM, scoring.ROOM]
    opened = await Database.open(await new_database(rooms), rooms, pool_size=8)
    yield opened
    await opened.close()


@pytest.fixture
def now() -> datetime:
    """The business time of the tests."""
    return datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
