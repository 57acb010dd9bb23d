"""A person's key in a real browser: made, endorsed by a second person, used to sign a decision, revoked."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from journeys.conftest import World

import ledger
import workflows
from core.clock import SystemClock
from core.database import Database
from scf.rooms import ROOMS
from scf.web_app import web_folder
from support.tools import require_chromium
from workflows import Actor, definitions
from workflows.commands import submit_follow_up

pytestmark = pytest.mark.browser

_ROOT = Path(__file__).parents[2]
_MODELS = _ROOT / "tests" / "workflows" / "models"


async def test_a_person_signs_a_decision_with_a_key_of_the_browser(world: World) -> None:
    require_chromium()
    assert web_folder() is not None, "the web app is not built; build it with: make ui"
    officer, endorser = world.staff.bank["credit_officer"].name, world.staff.bank["operations"].name
    database = await Database.open(world.platform.database_url, ROOMS)
    try:
        task_id = await _task_to_sign(database)
        journey = await asyncio.create_subprocess_exec(
            *("npx", "vitest", "run", "--project", "e2e", "--bail", "1", "e2e/key.e2e.ts"),
            cwd=_ROOT / "ui",
            env={
                **os.environ,
                "SCF_URL": world.platform.url,
                "SCF_KEY_USER": officer,
                "SCF_KEY_PASSWORD": world.staff.passwords[officer],
                "SCF_ENDORSER": endorser,
                "SCF_ENDORSER_PASSWORD": world.staff.passwords[endorser],
                "SCF_SIGNED_TASK": f"Task:{task_id}",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await journey.communicate()
        assert journey.returncode == 0, output.decode()
        report = await ledger.verify_log(database)
        assert (report.ok, report.registry_from) == (True, 0), report.findings
    finally:
        await database.close()


async def _task_to_sign(database: Database) -> UUID:
    """Deploy a process whose one task takes a signed decision, start a case, and return its task."""
    sources = {name: (_MODELS / name).read_text() for name in ("signed.bpmn", "decide.form")}
    key = uuid4().hex
    case_id = workflows.case_id_of("signed", key)
    async with database.transaction() as tx:
        at = SystemClock().now()
        await definitions.deploy(tx, "signed", sources, job_types=frozenset(), deployed_by="test", at=at)
        await submit_follow_up(
            tx,
            kind="case.start",
            actor=Actor.system("test"),
            payload={"product": "signed", "business_key": key, "variables": {"face": "500.00"}, "clock": {}},
            cause=uuid4(),
            case_id=case_id,
        )
    async with asyncio.timeout(30):
        while True:
            async with database.reading() as sql:
                found: UUID | None = await sql.fetchval(
                    "SELECT id FROM workflows.task_view WHERE case_id = $1", case_id
                )
            if found is not None:
                return found
            await asyncio.sleep(0.1)
