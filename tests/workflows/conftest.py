"""What the cases' tests share: a platform on real servers, with jobs that tests can look into."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from conftest import NewDatabase

import ledger
from core import Database
from support.by_hand import ByHand
from support.cases import Platform
from support.jobs import TRACE_TABLE, Jobs
from support.temporal import temporal_target
from workflows.worker import WorkerSettings, rooms

__all__ = ["temporal_target"]

MODELS = Path(__file__).parent / "models"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def jobs() -> Jobs:
    """The jobs of the test models."""
    return Jobs()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stopped_platform(
    new_database: NewDatabase,
    temporal_target: str,
    tmp_path_factory: pytest.TempPathFactory,
    jobs: Jobs,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Platform]:
    """A platform whose worker a test starts itself."""
    url = await new_database(rooms())
    database = await Database.open(url, rooms(), pool_size=8)
    settings = WorkerSettings(
        database_url=url,
        temporal_target=temporal_target,
        key_folder=tmp_path_factory.mktemp("keys"),
        # One server serves all test files; each has its own queue.
        task_queue=f"test-{request.path.stem}",
    )
    async with database.reading() as sql:
        await sql.execute(TRACE_TABLE)
    platform = Platform(database, settings, jobs.effects)
    for model in MODELS.glob("*.bpmn"):
        await platform.deploy(model.stem, MODELS)
    yield platform
    await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(stopped_platform: Platform) -> AsyncIterator[Platform]:
    """A platform with a running worker."""
    async with stopped_platform.running():
        yield stopped_platform


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def by_hand(
    new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ByHand]:
    """A platform with the models about tasks, whose commands the test carries out itself."""
    database = await Database.open(await new_database(rooms()), rooms(), pool_size=4)
    keys = ledger.load_or_create_keys(tmp_path_factory.mktemp("keys"))
    hand = ByHand(
        database, ledger.Recorder(keys.signing_key, keys.vault_key, "test.example/log"), keys.vault_key
    )
    for model in ("approval", "deadline", "late_machine", "pair", "side_by_side"):
        await hand.deploy(model, MODELS)
    yield hand
    await database.close()
