"""`scf case migrate` and `scf case migration`: what they tell and what they leave."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from support.bpmn_text import end, flow, start
from support.cases import Platform
from support.events import task
from support.versions import OPERATIONS, deploy, last_entry, text_of

OLD = start() + task("one") + task("gone") + task("two") + end() + flow("start > one > gone > two > end")
NEW = start() + task("first") + task("two") + end() + flow("start > first > two > end")


async def scf(platform: Platform, *words: str) -> tuple[int, str, str]:
    """Call `scf case …` as a user does; gives its exit code, data and messages."""
    command = [sys.executable, "-m", "scf", "case", *words, "--database", platform.settings.database_url]
    called = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await called.communicate()
    return called.returncode or 0, out.decode(), err.decode()


async def told(platform: Platform, *words: str) -> tuple[int, dict[str, Any]]:
    code, out, err = await scf(platform, *words, "--json")
    assert out, err
    return code, orjson.loads(out)


async def cases(platform: Platform, key: str, count: int) -> list[UUID]:
    await deploy(platform, key, text_of(key, OLD))
    started = [await platform.start(key, {"number": number}) for number in range(count)]
    await deploy(platform, key, text_of(key, NEW))
    return started


async def test_a_case_is_tried_out_its_plan_mended_and_migrated(platform: Platform, tmp_path: Path) -> None:
    (case_id,) = await cases(platform, "single", 1)
    code, report = await told(platform, "migrate", str(case_id), "--to", "2", "--dry-run")
    assert (code, report["possible"]) == (6, False)
    assert [each["code"] for each in report["refusals"]] == ["migration.no-counterpart"]
    assert {each["element"] for each in report["unmapped"]} == {"one", "gone"}
    code, outcome = await told(platform, "migrate", str(case_id), "--to", "2")
    assert (code, outcome["error"]["code"]) == (6, "migration.no-counterpart")
    assert await platform.entries(case_id) == ["case.start"]

    report["plan"]["elements"]["one"] = "first"
    plan = tmp_path / "plan.json"
    plan.write_bytes(orjson.dumps(report))
    code, out, _ = await scf(platform, "migrate", str(case_id), "--to", "2", "--plan", str(plan), "--dry-run")
    assert (code, "one → first" in out, "can go" in out) == (0, True, True)
    code, out, _ = await scf(platform, "migrate", str(case_id), "--to", "2", "--plan", str(plan))
    assert (code, "runs on version 2" in out) == (0, True)
    assert (await last_entry(platform, case_id))["actor"].startswith("system:cli/")


async def test_many_are_tried_out_planned_and_started(platform: Platform) -> None:
    started = await cases(platform, "throng", 3)
    for case_id in started[:2]:
        await platform.complete(case_id, "one", OPERATIONS)
        await platform.complete(case_id, "gone", OPERATIONS)
    words = ("migrate", "--product", "throng", "--to", "2")
    code, report = await told(platform, *words, "--dry-run")
    assert (code, report["possible"], report["refused"], report["left"]) == (6, 2, 1, 0)
    code, report = await told(platform, *words, "--where", "number<2", "--version", "1")
    assert (code, report["state"], report["possible"], report["refused"]) == (0, "planned", 2, 0)
    assert (await platform.case(started[0]))["definition_version"] == 1
    code, report = await told(platform, "migration", report["batch"], "--start")
    assert (code, report["state"], report["migrated"]) == (0, "done", 2)
    code, _, error = await scf(platform, "migration", report["batch"], "--resume")
    assert (code, "migration.state_wrong" in error) == (1, True)
    code, out, _ = await scf(platform, "migration", report["batch"])
    assert (code, "done" in out) == (0, True)


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("migrate", "--to", "2"), 5, "case.migrate_what"),
        (("migrate", str(UUID(int=7))), 5, "case.migrate_what"),
        (("migrate", "seven", "--to", "2"), 5, "case.id_invalid"),
        (("migrate", str(UUID(int=7)), "--to", "2", "--dry-run"), 3, "case.unknown"),
        (("migrate", str(UUID(int=7)), "--to", "2", "--plan", "nowhere.json"), 3, "process.file_missing"),
        (("migration", str(UUID(int=7))), 3, "migration.unknown"),
        (("migration", str(UUID(int=7)), "--start", "--pause"), 2, "--start"),
    ],
)
async def test_the_command_line_says_what_it_needs(
    platform: Platform, words: tuple[str, ...], code: int, error: str
) -> None:
    left, _, message = await scf(platform, *words)
    assert (left, error in message) == (code, True)
