"""The web app in a real browser, on a platform with a case on it."""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from journeys.conftest import World

from core.clock import SystemClock
from core.database import Database
from scf.demo.report import case_id
from scf.rooms import ROOMS
from scf.web_app import web_folder
from scoring.monitoring import Measure, raise_alerts
from support.factoring import marked_documents
from support.tools import require_chromium

pytestmark = pytest.mark.browser

_UI = Path(__file__).parents[2] / "ui"


async def test_a_person_follows_a_case_and_proves_a_step(world: World, tmp_path: Path) -> None:
    require_chromium()
    assert web_folder() is not None, "the web app is not built; build it with: make ui"
    report = await world.finance(marked_documents(tmp_path, "manufacturing", "VIEW"))
    await _raise_an_alert(world)
    auditor = world.staff.bank["auditor"].name
    officer = world.staff.bank["credit_officer"].name

    journey = await asyncio.create_subprocess_exec(
        "npm",
        *("--prefix", str(_UI), "run", "e2e"),
        env={
            **os.environ,
            "SCF_URL": world.platform.url,
            "SCF_USER": auditor,
            "SCF_PASSWORD": world.staff.passwords[auditor],
            "SCF_CASE": case_id(report.cases[0].case),
            "SCF_OFFICER": officer,
            "SCF_OFFICER_PASSWORD": world.staff.passwords[officer],
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await journey.communicate()

    assert journey.returncode == 0, output.decode()


async def _raise_an_alert(world: World) -> None:
    """Let a rule warn about one of the companies that trade, as a process that watches the portfolio does."""
    database = await Database.open(world.platform.database_url, ROOMS)
    try:
        async with database.transaction() as tx:
            buyer = await tx.sql.fetchval(
                "SELECT buyer_id FROM finance.limit_view WHERE scope = 'BUYER' LIMIT 1"
            )
            message = "Its payments of the last 90 days came 23 days later than those of the year before."
            measure = Measure("drift", "hold", buyer, "EUR", Decimal("23.0000"), Decimal(7), None, message)
            await raise_alerts(tx, [measure], at=SystemClock().now(), entry_id=uuid4())
    finally:
        await database.close()
