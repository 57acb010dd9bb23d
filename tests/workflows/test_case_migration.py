"""A running case goes over to another version: what is open stays open, and its entry says what moved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
import pytest

from core import Forbidden, InvalidInput, NotFound
from support.bpmn_text import end, flow, start, user
from support.cases import Platform
from support.events import by_timer, catching, task
from support.versions import (
    OPERATIONS,
    audited,
    branches,
    compiled,
    deploy,
    last_entry,
    migrate,
    plan,
    replayed,
    text_of,
)
from workflows import Actor

AUDITOR = Actor("axel", frozenset({"auditor"}))
FIRST = {"person": "review", "timer": "pause", "message": "await", "work": "work"}
SECOND = {"person": "check", "timer": "rest", "message": "listen", "work": "labour"}
FLOWS = {f"{FIRST[each]}-join": f"{SECOND[each]}-join" for each in FIRST}
BECOMES = {FIRST[each]: SECOND[each] for each in FIRST}


async def open_rows(platform: Platform, case_id: UUID) -> dict[str, Any]:
    """Ids and elements of what a case waits for, as others see it."""
    tasks = await platform.rows(
        "SELECT id, element, assignee FROM workflows.task_view WHERE case_id = $1 AND state <> 'completed'",
        case_id,
    )
    incidents = await platform.rows(
        "SELECT id, element FROM workflows.incident_view WHERE case_id = $1 AND state = 'open'", case_id
    )
    waits = await platform.rows(
        "SELECT element, kind, name, key FROM workflows.subscription_view WHERE case_id = $1", case_id
    )
    return {"tasks": tasks, "incidents": incidents, "waits": waits}


async def test_all_that_is_open_goes_on_under_its_new_name(platform: Platform) -> None:
    old, new = branches("four", FIRST), branches("four", SECOND, then="last")
    await deploy(platform, "four", old)
    case_id = await platform.start(
        "four", {"outcome": "crash", "ref": "r-4"}, clock={"rate": "1", "start": "2026-03-01T00:00:00Z"}
    )
    task_id = await platform.task(case_id, "review")
    await platform.perform("task.claim", {"task_id": str(task_id)}, actor=OPERATIONS)
    before = await open_rows(platform, case_id)
    due = (await platform.rows("SELECT due_at FROM workflows.case_ WHERE id = $1", case_id))[0]["due_at"]
    await deploy(platform, "four", new)

    result = await migrate(platform, case_id, 2, plan=plan("four", old, new, BECOMES, FLOWS))

    assert (result["state"], result["version"], result["raised"]) == ("incident", 2, [])
    case = await platform.case(case_id)
    assert (case["definition_version"], case["model_hash"]) == (2, compiled("four", new).hash)
    assert sorted(orjson.loads(case["active_elements"])) == ["check", "labour", "listen", "rest"]
    after = await open_rows(platform, case_id)
    # The ids that others know are the same, and so is who has the task.
    assert after == {
        "tasks": [{**before["tasks"][0], "element": "check"}],
        "incidents": [{**before["incidents"][0], "element": "labour"}],
        "waits": [{**before["waits"][0], "element": "listen"}],
    }
    (row,) = await platform.rows("SELECT due_at FROM workflows.case_ WHERE id = $1", case_id)
    assert row["due_at"] == due

    await platform.perform("task.complete", {"task_id": str(task_id), "variables": {}}, actor=OPERATIONS)
    await platform.perform("message.correlate", {"name": "Paid", "key": "r-4"}, actor=OPERATIONS)
    await platform.perform(
        "incident.retry",
        {"incident_id": str(before["incidents"][0]["id"]), "variables": {"outcome": "fine"}},
        actor=OPERATIONS,
    )
    assert await platform.steps(case_id) == ["start", "fork", "check", "listen", "labour"]
    report = await replayed(platform, case_id)
    assert (report.agrees, report.entries) == (True, 6)
    found = await audited(platform, case_id)
    assert (found.findings, found.reexecuted, found.status) == ((), True, "running")
