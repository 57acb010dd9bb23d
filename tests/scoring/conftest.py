"""A database with the tables of scoring; each test module empties what it uses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from conftest import NewDatabase

from core.database import Database
from scoring import ROOM


@pytest.fixture(scope="module")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    opened = await Database.open(await new_database([ROOM]), [ROOM])
    yield opened
    await opened.close()
