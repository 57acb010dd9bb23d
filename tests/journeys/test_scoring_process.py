"""`scf up --scoring-process`: a case is financed on scores of a process of its own, which may be killed."""

from __future__ import annotations

import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.database import Database
from scf.demo.client import api_client
from scf.demo.run import finance_folder
from scf.demo.staff import hire_bank
from scf.platform import PlatformOptions, running_platform
from scf.rooms import ROOMS
from support.factoring import marked_documents

pytestmark = pytest.mark.platform


async def test_a_case_is_financed_with_scoring_apart(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    options = PlatformOptions(
        data=tmp_path / "data", port=0, simulated_rate=Decimal(3_456_000), scoring_process=True
    )
    async with running_platform(options) as platform, api_client(platform.url) as http:
        assert platform.environment["SCF_SCORING_URL"].startswith("http://127.0.0.1:")
        database = await Database.open(platform.database_url, ROOMS)
        try:
            staff = await hire_bank(database, http, SystemClock().now())
            # The supervisor brings it back; what asks meanwhile is tried again.
            os.kill(platform.supervisor.pid("scoring"), signal.SIGKILL)
            report, _ = await finance_folder(
                marked_documents(documents, "manufacturing", "61"),
                staff,
                database=database,
                http=http,
                clock=SystemClock(),
            )
            async with database.reading() as sql:
                runs = await sql.fetchval("SELECT count(*) FROM scoring.run_view")
        finally:
            await database.close()
    assert report.sound
    assert runs == 2
    assert "listens at" in (tmp_path / "data" / "logs" / "scoring.log").read_text()
    assert (tmp_path / "data" / "keys" / "scoring-token").stat().st_mode & 0o077 == 0
