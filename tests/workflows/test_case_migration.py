"""A running case goes over to another version: what is open stays open, and its entry says what moved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
import pytest

from core import Forbidden, InvalidInput, NotFound
from support.bpmn_text import end, flow, service, start, user
from support.cases import Platform
from support.events import by_timer, catching, task
from support.jobs import Jobs
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


async def test_the_entry_says_what_moved_from_where_to_where_and_by_whom(platform: Platform) -> None:
    old, new = branches("told", FIRST), branches("told", SECOND)
    await deploy(platform, "told", old)
    case_id = await platform.start("told", {"ref": str(id(old))})
    await deploy(platform, "told", new)
    await migrate(
        platform, case_id, 2, plan=plan("told", old, new, BECOMES, FLOWS), reason="Anna asked for it"
    )
    entry = await last_entry(platform, case_id)
    assert (entry["kind"], entry["actor"]) == ("case.migrate", "user:oona")
    # The entry names the model on which its burst has ended: that of its state root.
    assert entry["model_hash"] == compiled("told", new).hash
    statement = entry["statement"]
    assert (statement["from"], statement["to"]) == (
        compiled("told", old).hash,
        compiled("told", new).hash,
    )
    assert {(move["from"], move["to"], move["tokens"]) for move in statement["moved"]} == {
        ("told", "told", 1),
        ("join", "join", 1),
        ("review", "check", 1),
        ("pause", "rest", 1),
        ("await", "listen", 1),
    }
    assert len(statement["plan"]) == 64
    assert b"Anna" not in orjson.dumps(entry)


LINE = start() + task("one") + task("two") + end() + flow("start > one > two > end")
SAME_NAMES = start() + task("one") + task("new") + task("two") + end() + flow("start > one > new > two > end")
WITHOUT_ONE = start() + task("two") + end() + flow("start > two > end")


async def line(platform: Platform, key: str, *versions: str) -> UUID:
    """A case on the first of these versions, standing at `one`; the others are deployed."""
    await deploy(platform, key, text_of(key, versions[0]))
    case_id = await platform.start(key)
    for version in versions[1:]:
        await deploy(platform, key, text_of(key, version))
    return case_id


async def snapshot(platform: Platform, case_id: UUID) -> list[Any]:
    """All that the platform holds of a case, but for what was asked of it."""
    tables = ("case_ WHERE id", "task WHERE case_id", "step WHERE case_id", "case_element WHERE case_id")
    rows = [await platform.rows(f"SELECT * FROM workflows.{each} = $1", case_id) for each in tables]  # noqa: S608
    return [*rows, await platform.entries(case_id)]


async def test_without_a_plan_elements_become_their_namesakes(platform: Platform) -> None:
    case_id = await line(platform, "namesake", LINE, SAME_NAMES)
    await migrate(platform, case_id, 2)
    for element in ("one", "new", "two"):
        await platform.complete(case_id, element, OPERATIONS)
    assert (await platform.case(case_id))["state"] == "completed"
    assert (await audited(platform, case_id)).ok


async def test_a_case_goes_over_several_times_and_back(platform: Platform) -> None:
    case_id = await line(platform, "often", LINE, SAME_NAMES, LINE.replace("two", "second"))
    # The third version retired the second; cases go to what is in service.
    (row,) = await platform.rows(
        "SELECT id FROM workflows.definition_view WHERE key = 'often' AND version = 2", *()
    )
    owner = Actor("otto", frozenset({"product_owner"}))
    await platform.perform(
        "definition.reinstate", {"definition_id": str(row["id"]), "reason": "why"}, actor=owner
    )
    await migrate(platform, case_id, 2)
    await platform.complete(case_id, "one", OPERATIONS)
    await platform.complete(case_id, "new", OPERATIONS)
    third, back = (
        plan("often", text_of("often", a), text_of("often", b), elements)
        for a, b, elements in (
            (SAME_NAMES, LINE.replace("two", "second"), {"two": "second"}),
            (LINE.replace("two", "second"), SAME_NAMES, {"second": "two"}),
        )
    )
    await migrate(platform, case_id, 3, plan=third)
    await migrate(platform, case_id, 2, plan=back)
    await migrate(platform, case_id, 3, plan=third)
    await platform.complete(case_id, "second", OPERATIONS)
    assert await platform.entries(case_id) == [
        "case.start",
        "case.migrate",
        *["task.complete"] * 2,
        *["case.migrate"] * 3,
        "task.complete",
    ]
    assert (await replayed(platform, case_id)).agrees
    report = await audited(platform, case_id)
    assert (report.findings, report.status) == ((), "completed")


@pytest.mark.parametrize(
    ("versions", "payload", "code"),
    [
        ((LINE, WITHOUT_ONE), {"version": 2}, "migration.no-counterpart"),
        ((LINE,), {"version": 1}, "migration.already-there"),
        ((LINE,), {"version": 7}, "definition.version_unknown"),
        ((LINE, SAME_NAMES, LINE), {"version": 2}, "definition.retired"),
    ],
)
async def test_what_cannot_go_is_refused_and_all_is_as_it_was(
    platform: Platform, versions: tuple[str, ...], payload: dict[str, Any], code: str
) -> None:
    case_id = await line(platform, f"stays-{code.split('.')[1]}", *versions)
    before = await snapshot(platform, case_id)
    payload = {"reason": "why", **payload}
    how: dict[str, Any] = {"actor": OPERATIONS, "case_id": case_id}
    outcome = await platform.outcome(await platform.submit("case.migrate", payload, **how))
    error = outcome.error or {}
    assert (outcome.state, error["code"]) == ("refused", code)
    if code == "migration.no-counterpart":
        (reason,) = error["reasons"]
        assert (reason["element"], reason["code"], reason["token"] > 0) == ("one", code, True)
    assert await snapshot(platform, case_id) == before
    await platform.complete(case_id, "one", OPERATIONS)
    assert (await replayed(platform, case_id)).agrees


async def test_a_plan_between_other_versions_is_refused(platform: Platform) -> None:
    case_id = await line(platform, "foreign", LINE, SAME_NAMES)
    other = plan("foreign", text_of("foreign", WITHOUT_ONE), text_of("foreign", SAME_NAMES))
    payload = {"version": 2, "reason": "why", "plan": other}
    how: dict[str, Any] = {"actor": OPERATIONS, "case_id": case_id}
    assert await platform.refusal("case.migrate", payload, **how) == "migration.other-model"
    with pytest.raises(InvalidInput, match=r"migration\.bad-plan"):
        await platform.submit("case.migrate", {**payload, "plan": "{}"}, **how)
    with pytest.raises(InvalidInput, match=r"migration\.bad-plan"):
        await platform.submit("case.migrate", {**payload, "plan": "no JSON"}, **how)


async def test_the_same_migration_twice_is_done_once(platform: Platform) -> None:
    case_id = await line(platform, "once", LINE, SAME_NAMES)
    how: dict[str, Any] = {"actor": OPERATIONS, "case_id": case_id, "key": f"once-{case_id}"}
    payload = {"version": 2, "reason": "why"}
    first = await platform.submit("case.migrate", payload, **how)
    assert (await platform.outcome(first)).state == "done"
    assert await platform.submit("case.migrate", payload, **how) == first
    assert await platform.entries(case_id) == ["case.start", "case.migrate"]


async def test_who_may_only_look_migrates_nothing(platform: Platform) -> None:
    case_id = await line(platform, "looked-at", LINE, SAME_NAMES)
    for kind, payload in (
        ("case.migrate", {"version": 2, "reason": "why"}),
        ("migration.plan", {"product": "looked-at", "version": 2, "reason": "why"}),
        ("migration.start", {"batch_id": str(case_id)}),
        ("migration.pause", {"batch_id": str(case_id)}),
        ("migration.resume", {"batch_id": str(case_id)}),
        ("migration.cancel", {"batch_id": str(case_id)}),
    ):
        with pytest.raises(Forbidden, match=r"command\.forbidden"):
            await platform.submit(kind, payload, actor=AUDITOR, case_id=case_id)
    with pytest.raises(NotFound, match=r"case\.unknown"):
        await platform.submit(
            "case.migrate", {"version": 2, "reason": "why"}, actor=OPERATIONS, case_id=UUID(int=7)
        )


async def test_a_timer_that_was_kept_fires_at_its_time(platform: Platform) -> None:
    def waiting(name: str) -> str:
        timer = catching(name, by_timer("timeDuration", '="PT2S"'))
        return start() + timer + task("after") + end() + flow(f"start > {name} > after > end")

    old, new = waiting("early"), waiting("renamed").replace("PT2S", "PT9H")
    case_id = await line(platform, "timed", old, new)
    given = plan("timed", text_of("timed", old), text_of("timed", new), {"early": "renamed"})
    await migrate(platform, case_id, 2, plan=given)
    await platform.task(case_id, "after")
    assert await platform.entries(case_id) == ["case.start", "case.migrate", "timer.fire"]
    assert (await replayed(platform, case_id)).agrees


def eyes(group: str, *names: str) -> str:
    """Tasks one after the other that need different persons."""
    more = (
        '<zeebe:assignmentDefinition candidateGroups="operations"/>'
        f'<zeebe:properties><zeebe:property name="fourEyes" value="{group}"/></zeebe:properties>'
    )
    tasks = "".join(user(name, more=more) for name in names)
    return start() + tasks + end() + flow(" > ".join(("start", *names, "end")))


async def test_four_eyes_hold_across_a_migration(platform: Platform) -> None:
    old, new = eyes("pair", "one", "two"), eyes("pair", "one", "second")
    case_id = await line(platform, "eyes", old, new)
    await platform.complete(case_id, "one", OPERATIONS)
    given = plan("eyes", text_of("eyes", old), text_of("eyes", new), {"two": "second"})
    await migrate(platform, case_id, 2, plan=given)
    task_id = await platform.task(case_id, "second")
    answer = {"task_id": str(task_id), "variables": {}}
    assert await platform.refusal("task.complete", answer, actor=OPERATIONS) == "task.four_eyes"
    other = Actor("olga", frozenset({"operations"}))
    await platform.perform("task.complete", answer, actor=other)


async def test_a_version_that_calls_its_four_eyes_otherwise_takes_no_case_that_has_begun_them(
    platform: Platform,
) -> None:
    case_id = await line(platform, "blink", eyes("pair", "one", "two"), eyes("couple", "one", "two"))
    await platform.complete(case_id, "one", OPERATIONS)
    payload = {"version": 2, "reason": "why"}
    how: dict[str, Any] = {"actor": OPERATIONS, "case_id": case_id}
    assert await platform.refusal("case.migrate", payload, **how) == "migration.four-eyes-lost"


FORM = '{"id": "%s", "type": "default", "components": [{"type": "textfield", "key": "%s"}]}'


async def test_an_open_task_keeps_the_form_with_which_it_was_opened(platform: Platform) -> None:
    more = '<zeebe:assignmentDefinition candidateGroups="operations"/><zeebe:formDefinition formId="f"/>'
    content = start() + user("fill", more=more) + end() + flow("start > fill > end")
    first, second = ({"form.form": FORM % ("f", field)} for field in ("asked", "changed"))
    for sources in (first, second):
        text = text_of("formed", content.replace('"fill"', '"fill" name="Fill"'))
        await platform.deploy_text("formed", {"formed.bpmn": text, **sources}, at=(await _now(platform)))
        if sources is first:
            case_id = await platform.start("formed")
    await migrate(platform, case_id, 2)
    task_id = await platform.task(case_id, "fill")
    (row,) = await platform.rows("SELECT form FROM workflows.task_view WHERE id = $1", task_id)
    assert orjson.loads(row["form"])["components"][0]["key"] == "asked"
    await platform.perform(
        "task.complete", {"task_id": str(task_id), "variables": {"asked": "x"}}, actor=OPERATIONS
    )


async def _now(platform: Platform) -> Any:
    (row,) = await platform.rows("SELECT now() AS at")
    return row["at"]


async def test_what_the_plan_renews_is_opened_anew(platform: Platform) -> None:
    case_id = await line(platform, "renewed", LINE, SAME_NAMES)
    before = await platform.task(case_id, "one")
    given = plan("renewed", text_of("renewed", LINE), text_of("renewed", SAME_NAMES), renew=["one"])
    await migrate(platform, case_id, 2, plan=given)
    after = await platform.task(case_id, "one")
    states = await platform.rows("SELECT id, state FROM workflows.task_view WHERE case_id = $1", case_id)
    assert {row["id"]: row["state"] for row in states} == {before: "cancelled", after: "open"}
    assert (await replayed(platform, case_id)).agrees


async def test_what_the_new_version_lets_go_on_is_done_in_the_same_transaction(
    platform: Platform, jobs: Jobs
) -> None:
    """The join waits for `two`, which leads elsewhere in the new version: the case goes on to a new job."""
    parts = start() + '<parallelGateway id="fork"/><inclusiveGateway id="join"/>'
    parts += task("one") + task("two") + service("three", type="test.count")
    begin = flow("start > fork > one > join") + flow("fork > three > join") + flow("fork > two")
    old = parts + task("last") + end() + begin + flow("two > join > last > end")
    new = parts + service("work", type="test.count") + task("last") + end() + end("out")
    new += begin + flow("two > out") + flow("join > work > last > end")
    case_id = await line(platform, "onward", old, new)
    await platform.complete(case_id, "one", OPERATIONS)
    await migrate(platform, case_id, 2)
    assert jobs.performed[str(case_id)] == 2
    assert sorted(orjson.loads((await platform.case(case_id))["active_elements"])) == ["last", "two"]
    assert await platform.entries(case_id) == ["case.start", "task.complete", "case.migrate"]
    assert (await replayed(platform, case_id)).agrees
