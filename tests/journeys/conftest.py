"""Journeys run the whole platform: its own processes, its own database, as a user starts it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from core.clock import SystemClock
from core.database import Database
from scf.demo.client import api_client
from scf.demo.report import DemoReport
from scf.demo.run import finance_folder
from scf.demo.staff import Staff, hire_bank
from scf.platform import Platform, PlatformOptions, running_platform
from scf.rooms import ROOMS

_FORTY_DAYS_A_SECOND = Decimal(3_456_000)


@dataclass
class World:
    """A running platform with the bank's people on it."""

    platform: Platform
    http: httpx.AsyncClient
    staff: Staff

    async def finance(self, folder: Path) -> DemoReport:
        """Do with a folder of trade documents what the demo does."""
        database = await Database.open(self.platform.database_url, ROOMS)
        try:
            report, self.staff = await finance_folder(
                folder, self.staff, database=database, http=self.http, clock=SystemClock()
            )
        finally:
            await database.close()
        return report


@pytest.fixture(scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One platform for all journeys, with a second relay beside the worker's own."""
    options = PlatformOptions(
        data=tmp_path_factory.mktemp("platform"), port=0, simulated_rate=_FORTY_DAYS_A_SECOND
    )
    async with running_platform(options) as platform, api_client(platform.url) as http:
        await platform.add_service("relay")
        database = await Database.open(platform.database_url, ROOMS)
        try:
            staff = await hire_bank(database, http, SystemClock().now())
        finally:
            await database.close()
        yield World(platform, http, staff)
