"""The web app in a real browser, on a platform with a case on it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from journeys.conftest import World

from scf.demo.report import case_id
from scf.web_app import web_folder
from support.factoring import marked_documents
from support.tools import require_chromium

pytestmark = pytest.mark.browser

_UI = Path(__file__).parents[2] / "ui"


async def test_a_person_follows_a_case_and_proves_a_step(world: World, tmp_path: Path) -> None:
    require_chromium()
    assert web_folder() is not None, "the web app is not built; build it with: make ui"
    report = await world.finance(marked_documents(tmp_path, "manufacturing", "VIEW"))
    auditor = world.staff.bank["auditor"].name

    journey = await asyncio.create_subprocess_exec(
        "npm",
        *("--prefix", str(_UI), "run", "e2e"),
        env={
            **os.environ,
            "SCF_URL": world.platform.url,
            "SCF_USER": auditor,
            "SCF_PASSWORD": world.staff.passwords[auditor],
            "SCF_CASE": case_id(report.cases[0].case),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await journey.communicate()

    assert journey.returncode == 0, output.decode()
