"""Cases on a real Temporal server, driven by commands: what the platform promises about them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest

from support.cases import Platform
from support.jobs import Jobs
from workflows import Actor
from workflows.commands import case_id_of, submit_follow_up
from workflows.replay import replay_case

OFFICER = Actor("olivia", frozenset({"credit_officer"}))
SECOND = Actor("oscar", frozenset({"credit_officer_2"}))
OPERATIONS = Actor("oona", frozenset({"operations"}))
FAST = {"rate": "36000", "start": "2026-01-01T00:00:00Z"}  # an hour passes in a tenth of a second


async def test_a_burst_of_jobs_costs_one_entry(platform: Platform, jobs: Jobs) -> None:
    case_id = await platform.start("straight")
    case = await platform.case(case_id)
    assert case["state"] == "completed"
    assert case["active_elements"] == "[]"
    assert jobs.performed[str(case_id)] == 5
    assert await platform.entries(case_id) == ["case.start"]
    assert [step for step in await platform.steps(case_id) if step.startswith("job")] == [
        f"job{number}" for number in range(1, 6)
    ]


async def test_every_step_names_its_actor_and_entry(platform: Platform) -> None:
    case_id = await platform.start("straight")
    steps = await platform.rows("SELECT * FROM workflows.step_view WHERE case_id = $1", case_id)
    entries = await platform.rows("SELECT entry_id FROM ledger.entry_view WHERE stream = $1", str(case_id))
    assert {step["entry_id"] for step in steps} == {entry["entry_id"] for entry in entries}
    assert {step["actor"] for step in steps} == {"system:test"}
    assert sorted(step["seq"] for step in steps) == list(range(1, len(steps) + 1))


async def test_a_business_key_has_one_case(platform: Platform) -> None:
    key = str(uuid4())
    await platform.start("straight", business_key=key)
    code = await platform.refusal("case.start", {"product": "straight", "business_key": key})
    assert code == "case.exists"


async def test_a_running_case_is_not_started_again(platform: Platform) -> None:
    key = str(uuid4())
    case_id = await platform.start("approval", business_key=key)
    code = await platform.refusal("case.start", {"product": "approval", "business_key": key})
    assert code == "case.exists"
    assert (await platform.case(case_id))["state"] == "waiting"


async def test_a_process_that_is_not_deployed_cannot_start(platform: Platform) -> None:
    code = await platform.refusal("case.start", {"product": "nothing", "business_key": "1"})
    assert code == "definition.unknown"


async def test_two_persons_approve(platform: Platform) -> None:
    case_id = await platform.start("approval")
    await platform.complete(case_id, "first", OFFICER, decision="approve", amount="12.50")
    await platform.complete(case_id, "second", SECOND, decision="approve")
    await platform.case_in(case_id, "completed")
    assert await platform.entries(case_id) == ["case.start", "task.complete", "task.complete"]
    tasks = await platform.rows(
        "SELECT element, state, completed_by FROM workflows.task_view WHERE case_id = $1 ORDER BY created_at",
        case_id,
    )
    assert [tuple(task.values()) for task in tasks] == [
        ("first", "completed", "olivia"),
        ("second", "completed", "oscar"),
    ]


async def test_one_person_cannot_give_both_approvals(platform: Platform) -> None:
    case_id = await platform.start("approval")
    await platform.complete(case_id, "first", OFFICER, decision="approve")
    task_id = str(await platform.task(case_id, "second"))
    for kind, payload in (
        ("task.complete", {"task_id": task_id, "variables": {"decision": "approve"}}),
        ("task.claim", {"task_id": task_id}),
    ):
        assert await platform.refusal(kind, payload, actor=OFFICER) == "task.four_eyes"
    assert (await platform.case(case_id))["state"] == "waiting"
    assert await platform.entries(case_id) == ["case.start", "task.complete"]


async def test_who_requested_a_case_cannot_approve_it(platform: Platform) -> None:
    key = str(uuid4())
    case_id = case_id_of("approval", key)
    async with platform.database.transaction() as tx:
        await submit_follow_up(
            tx,
            kind="case.start",
            actor=OFFICER,
            payload={"product": "approval", "business_key": key},
            cause=uuid4(),
            case_id=case_id,
        )
    payload = {"task_id": str(await platform.task(case_id, "first")), "variables": {"decision": "approve"}}
    assert await platform.refusal("task.complete", payload, actor=OFFICER) == "task.four_eyes"


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({}, "task.answer_missing"),
        ({"decision": "perhaps"}, "task.answer_invalid"),
        ({"decision": "approve", "completedBy": "somebody"}, "task.answer_unknown"),
        ({"decision": "approve", "amount": "-1"}, "task.answer_invalid"),
        ({"decision": "approve", "amount": "many"}, "task.answer_invalid"),
    ],
)
async def test_an_answer_that_the_form_does_not_allow_is_refused(
    platform: Platform, variables: dict[str, str], code: str
) -> None:
    case_id = await platform.start("approval")
    payload = {"task_id": str(await platform.task(case_id, "first")), "variables": variables}
    assert await platform.refusal("task.complete", payload, actor=OFFICER) == code


async def test_a_task_is_for_its_roles(platform: Platform) -> None:
    case_id = await platform.start("approval")
    payload = {"task_id": str(await platform.task(case_id, "first")), "variables": {"decision": "approve"}}
    assert await platform.refusal("task.complete", payload, actor=SECOND) == "task.not_yours"


async def test_a_claim_outlives_no_role(platform: Platform) -> None:
    case_id = await platform.start("approval")
    task_id = str(await platform.task(case_id, "first"))
    await platform.perform("task.claim", {"task_id": task_id}, actor=OFFICER)
    moved = Actor(OFFICER.name, frozenset({"collections"}))
    payload = {"task_id": task_id, "variables": {"decision": "approve"}}
    assert await platform.refusal("task.complete", payload, actor=moved) == "task.not_yours"
    await platform.perform("task.complete", payload, actor=OFFICER)


async def test_a_claimed_task_is_its_claimers(platform: Platform) -> None:
    case_id = await platform.start("approval")
    task_id = str(await platform.task(case_id, "first"))
    other = Actor("otto", frozenset({"credit_officer"}))
    await platform.perform("task.claim", {"task_id": task_id}, actor=OFFICER)
    assert await platform.refusal("task.claim", {"task_id": task_id}, actor=other) == "task.claimed"
    payload = {"task_id": task_id, "variables": {"decision": "approve"}}
    assert await platform.refusal("task.complete", payload, actor=other) == "task.claimed"
    await platform.perform("task.complete", payload, actor=OFFICER)
    assert await platform.entries(case_id) == ["case.start", "task.claim", "task.complete"]


async def test_a_completed_task_is_closed(platform: Platform) -> None:
    case_id = await platform.start("approval")
    payload = {"task_id": str(await platform.task(case_id, "first")), "variables": {"decision": "approve"}}
    await platform.perform("task.complete", payload, actor=OFFICER)
    assert await platform.refusal("task.complete", payload, actor=SECOND) == "task.closed"


async def test_the_same_completion_twice_completes_once(platform: Platform) -> None:
    case_id = await platform.start("approval")
    payload = {"task_id": str(await platform.task(case_id, "first")), "variables": {"decision": "approve"}}
    key = f"once-{case_id}"
    first = await platform.submit("task.complete", payload, actor=OFFICER, key=key)
    second = await platform.submit("task.complete", payload, actor=OFFICER, key=key)
    assert first == second
    assert (await platform.outcome(first)).state == "done"
    assert await platform.entries(case_id) == ["case.start", "task.complete"]


async def test_of_two_completions_at_once_one_is_done(platform: Platform) -> None:
    case_id = await platform.start("approval")
    payload = {"task_id": str(await platform.task(case_id, "first")), "variables": {"decision": "approve"}}
    other = Actor("otto", frozenset({"credit_officer"}))
    commands = [await platform.submit("task.complete", payload, actor=actor) for actor in (OFFICER, other)]
    outcomes = await asyncio.gather(*(platform.outcome(command) for command in commands))
    assert sorted(outcome.state for outcome in outcomes) == ["done", "refused"]


async def test_timers_run_on_the_business_clock(platform: Platform) -> None:
    case_id = await platform.start("waiting", {"ref": "r-1"}, clock=FAST)
    case = await platform.case_at(case_id, "ping")
    # The timer happened at its due time, however late the machine was.
    assert case["business_now"] == datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert await platform.entries(case_id) == ["case.start", "timer.fire"]
    await platform.perform("message.correlate", {"name": "Ping", "key": "r-1"}, actor=OPERATIONS)
    await platform.case_in(case_id, "completed")


async def test_a_case_wakes_by_itself_when_its_task_is_overdue(platform: Platform) -> None:
    case_id = await platform.start("deadline", clock={"rate": "7200"})  # two hours pass in a second
    await platform.task(case_id, "review")
    await platform.until(
        f"SELECT FROM workflows.task_view WHERE case_id = '{case_id}' AND overdue",
        1,
    )
    assert await platform.entries(case_id) == ["case.start", "task.escalate"]


async def test_a_message_that_comes_early_is_kept(platform: Platform) -> None:
    case_id = await platform.start("waiting", {"ref": "r-2"}, clock={"rate": "3600"})
    await platform.perform(
        "message.correlate", {"name": "Ping", "key": "r-2"}, actor=OPERATIONS, case_id=case_id
    )
    assert (await platform.case(case_id))["state"] == "running"
    await platform.case_in(case_id, "completed")
    assert await platform.entries(case_id) == ["case.start", "message.correlate", "timer.fire"]
    assert (await replay_case(platform.database, case_id, platform.vault_key)).agrees


async def test_the_clock_stands_still_while_people_act(platform: Platform) -> None:
    clock = {"rate": "86400", "start": "2026-01-01T00:00:00Z", "pause_on": ["task"]}
    case_id = await platform.start("approval", clock=clock)
    await asyncio.sleep(0.3)
    await platform.complete(case_id, "first", OFFICER, decision="approve")
    case = await platform.case(case_id)
    assert case["business_now"] - datetime(2026, 1, 1, tzinfo=UTC) < timedelta(hours=1)


async def test_a_business_error_takes_its_own_way(platform: Platform) -> None:
    case_id = await platform.start("fragile", {"outcome": "error"})
    assert (await platform.case(case_id))["state"] == "completed"
    assert (await platform.steps(case_id))[-2:] == ["rejected", "turnedDown"]


async def test_a_failed_job_is_an_incident_that_can_be_retried(platform: Platform, jobs: Jobs) -> None:
    jobs.fails = True
    case_id = await platform.start("fragile")
    case = await platform.case(case_id)
    assert (case["state"], case["incidents"]) == ("incident", 1)
    assert await traces(platform, case_id) == 0
    (incident,) = await platform.rows("SELECT * FROM workflows.incident_view WHERE case_id = $1", case_id)
    assert (incident["code"], incident["element"], incident["state"]) == ("test.not_now", "work", "open")
    jobs.fails = False
    payload = {"incident_id": str(incident["id"])}
    await platform.perform("incident.retry", payload, actor=OPERATIONS)
    assert (await platform.case(case_id))["state"] == "completed"
    assert await traces(platform, case_id) == 1
    assert await platform.refusal("incident.retry", payload, actor=OPERATIONS) == "case.ended"


async def test_a_mistake_in_a_job_is_an_incident_too(platform: Platform) -> None:
    case_id = await platform.start("fragile", {"outcome": "crash"})
    (incident,) = await platform.rows("SELECT * FROM workflows.incident_view WHERE case_id = $1", case_id)
    assert incident["code"] == "job.failed"
    assert "ZeroDivisionError" in incident["message"]


async def test_a_case_can_be_cancelled(platform: Platform) -> None:
    case_id = await platform.start("approval")
    task_id = str(await platform.task(case_id, "first"))
    await platform.perform("case.cancel", {"reason": "withdrawn"}, actor=OPERATIONS, case_id=case_id)
    case = await platform.case(case_id)
    assert case["state"] == "cancelled"
    assert case["ended_at"] is not None
    (task,) = await platform.rows("SELECT state FROM workflows.task_view WHERE case_id = $1", case_id)
    assert task["state"] == "cancelled"
    payload = {"task_id": task_id, "variables": {"decision": "approve"}}
    assert await platform.refusal("task.complete", payload, actor=OFFICER) == "case.ended"


async def test_a_long_burst_is_cut_and_goes_on(
    platform: Platform, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.advance.JOBS_PER_BURST", 40)
    case_id = await platform.start("crowd", {"size": 100})
    await platform.case_in(case_id, "completed")
    assert jobs.performed[str(case_id)] == 100
    assert await platform.entries(case_id) == ["case.start", "timer.fire", "timer.fire"]
    assert (await replay_case(platform.database, case_id, platform.vault_key)).agrees


async def test_cases_at_once_all_end(platform: Platform) -> None:
    cases = await asyncio.gather(*(platform.start("straight") for _ in range(20)))
    states = [(await platform.case(case_id))["state"] for case_id in cases]
    assert states == ["completed"] * 20


async def test_re_execution_gives_the_signed_roots(platform: Platform) -> None:
    case_id = await platform.start("approval")
    await platform.complete(case_id, "first", OFFICER, decision="approve", amount="12.50", reason="sound")
    await platform.complete(case_id, "second", SECOND, decision="approve")
    report = await replay_case(platform.database, case_id, platform.vault_key)
    assert report.agrees
    assert report.entries == 3
    case = await platform.case(case_id)
    assert report.state_root == case["state_root"]


async def test_re_execution_finds_a_model_that_does_not_fit(platform: Platform) -> None:
    case_id = await platform.start("approval")
    (row,) = await platform.rows("SELECT sources FROM workflows.definition WHERE key = 'approval'")
    store = "UPDATE workflows.definition SET sources = $1 WHERE key = 'approval'"
    await platform.rows(store, row["sources"].replace("first", "other"))
    try:
        report = await replay_case(platform.database, case_id, platform.vault_key)
    finally:
        await platform.rows(store, row["sources"])
    assert {mismatch.what for mismatch in report.mismatches} == {"model hash", "events root", "state root"}


async def test_a_task_shows_its_form(platform: Platform) -> None:
    case_id = await platform.start("approval")
    (task,) = await platform.rows("SELECT form FROM workflows.task_view WHERE case_id = $1", case_id)
    assert orjson.loads(task["form"])["id"] == "decide"


async def traces(platform: Platform, case_id: UUID) -> int:
    return len(await platform.rows("SELECT 1 FROM public.trace WHERE case_id = $1", case_id))
