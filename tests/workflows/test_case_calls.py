"""Calls that run as cases of their own: started once, told once how they end, and ended with their caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest
import pytest_asyncio

import ledger
from support.bpmn_text import end, flow, mapping, script, service, start
from support.calls import CATCH, calling, caught, child_of, deploy, for_each, own_case, throws
from support.cases import Platform
from support.events import by_timer, row, task
from workflows import Actor
from workflows.audit import export_case, verify_bundle
from workflows.replay import replay_case

OPERATIONS = Actor("oona", frozenset({"operations"}))
DOUBLE = row(("start", start()), ("twice", script("twice", "=item * 2", "result")), ("end", end()))
ASKED = row(("start", start()), ("ask", task("ask")), ("s", script("s", "=x + 1", "x")), ("end", end()))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(platform: Platform) -> AsyncIterator[Platform]:
    """The platform with the processes of this file."""
    await deploy(platform, "double", DOUBLE)
    await deploy(platform, "asked", ASKED)
    await deploy(platform, "throws", throws())
    await deploy(platform, "many", calling("double", inner=for_each()))
    await deploy(platform, "asks", calling("asked"))
    await deploy(platform, "catches", calling("throws", caught()))
    await deploy(platform, "does-not-catch", calling("throws"))
    await deploy(platform, "outer", calling("does-not-catch", caught()))
    await deploy(platform, "lost", calling("nowhere"))
    await deploy(platform, "endless", calling("endless"))
    yield platform


async def variables(platform: Platform, case_id: UUID) -> dict[str, Any]:
    """The numbers among the variables of a case."""
    rows = await platform.rows(
        "SELECT name, number FROM workflows.variable WHERE case_id = $1 AND number IS NOT NULL", case_id
    )
    return {each["name"]: each["number"] for each in rows}


async def replays(platform: Platform, *cases: UUID) -> None:
    """Check that the recorded commands of cases give every signed root again."""
    for case_id in cases:
        report = await replay_case(platform.database, case_id, platform.vault_key)
        assert report.agrees, report.mismatches


async def statements(platform: Platform, case_id: UUID) -> list[dict[str, Any]]:
    rows = await platform.rows(
        "SELECT body FROM ledger.entry_view WHERE stream = $1 ORDER BY seq", str(case_id)
    )
    return [orjson.loads(each["body"])["statement"] or {} for each in rows]


async def incident_of(platform: Platform, case_id: UUID) -> tuple[UUID, str]:
    query = "SELECT id, code FROM workflows.incident_view WHERE case_id = $1 AND state = 'open'"
    await platform.until(query, 1, case_id)
    (found,) = await platform.rows(query, case_id)
    return found["id"], found["code"]


async def test_a_call_starts_a_case_waits_for_it_and_goes_on_with_what_it_changed(running: Platform) -> None:
    case_id = await running.start("asks", {"x": 1, "y": 7})
    child = await child_of(running, case_id)
    assert child["product"] == "asked"
    assert str(child["business_key"]).startswith("asks/")
    assert (await running.case(case_id))["state"] == "running"
    await running.complete(child["id"], "ask", OPERATIONS)
    await running.case_in(case_id, "completed")
    assert await variables(running, case_id) == {"x": 2, "y": 7}
    assert await running.entries(case_id) == ["case.start", "call.return"]
    assert await running.entries(child["id"]) == ["case.start", "task.complete"]
    await replays(running, case_id, child["id"])


async def test_the_entries_of_both_name_each_other(running: Platform) -> None:
    case_id = await running.start("asks", {"x": 1})
    child = (await child_of(running, case_id))["id"]
    await running.complete(child, "ask", OPERATIONS)
    await running.case_in(case_id, "completed")
    assert await statements(running, case_id) == [
        {"called": {"count": 1, "cases": [str(child)]}},
        {"returned": {"case": str(child), "outcome": "completed"}},
    ]
    assert (await statements(running, child))[0] == {"called_by": {"case": str(case_id), "element": "call"}}


async def test_mappings_choose_what_goes_in_and_comes_back(running: Platform) -> None:
    content = calling(
        "double",
        attributes='propagateAllParentVariables="false"',
        io=mapping({"item": "=price"}, {"twice": "=result"}),
    )
    await deploy(running, "mapped", content)
    case_id = await running.start("mapped", {"price": 4, "secret": 1})
    await running.case_in(case_id, "completed")
    assert await variables(running, case_id) == {"price": 4, "secret": 1, "twice": 8}
    child = await child_of(running, case_id)
    assert await variables(running, child["id"]) == {"item": 4, "result": 8}


async def test_fifty_rounds_are_fifty_cases_with_their_results_in_order(running: Platform) -> None:
    case_id = await running.start("many", {"items": list(range(50))})
    await running.case_in(case_id, "completed")
    children = await running.rows(
        "SELECT child_id, state FROM workflows.called_case_view k"
        " JOIN workflows.case_view v ON v.id = k.child_id WHERE k.parent_id = $1",
        case_id,
    )
    assert [each["state"] for each in children] == ["completed"] * 50
    assert (await running.entries(case_id)).count("call.return") == 50
    (found,) = await running.rows("SELECT state_json FROM workflows.case_ WHERE id = $1", case_id)
    slots = orjson.loads(found["state_json"])["variables"][0]["slots"]
    assert slots["results"]["value"] == [2 * each for each in range(50)]
    await replays(running, case_id, *(each["child_id"] for each in children[:3]))


async def test_an_error_of_the_called_case_is_caught_at_the_call_and_ends_it(running: Platform) -> None:
    case_id = await running.start("catches")
    child = (await child_of(running, case_id))["id"]
    await running.complete(child, "go", OPERATIONS)
    await running.case_in(case_id, "completed")
    assert "out" in await running.steps(case_id)
    await running.case_in(child, "cancelled")
    assert await running.entries(child) == ["case.start", "task.complete", "case.cancel"]
    await replays(running, case_id, child)


async def test_an_error_that_the_caller_does_not_catch_stands_where_it_was_thrown(running: Platform) -> None:
    case_id = await running.start("does-not-catch")
    child = (await child_of(running, case_id))["id"]
    await running.complete(child, "go", OPERATIONS)
    incident, code = await incident_of(running, child)
    assert code == "error.uncaught"
    await running.until(
        "SELECT 1 FROM workflows.command WHERE case_id = $1 AND state = 'refused'", 1, case_id
    )
    assert (await running.case(case_id))["state"] == "running"
    await running.perform("incident.skip", {"incident_id": str(incident)}, actor=OPERATIONS)
    await running.case_in(child, "completed")
    await running.case_in(case_id, "completed")
    await replays(running, case_id, child)


async def test_an_error_travels_on_to_the_caller_of_the_caller(running: Platform) -> None:
    case_id = await running.start("outer")
    middle = (await child_of(running, case_id))["id"]
    inner = (await child_of(running, middle))["id"]
    await running.complete(inner, "go", OPERATIONS)
    await running.case_in(case_id, "completed")
    assert "out" in await running.steps(case_id)
    await running.case_in(middle, "cancelled")
    await running.case_in(inner, "cancelled")


async def test_a_called_case_that_is_cancelled_is_an_incident_and_a_retry_starts_another(
    running: Platform,
) -> None:
    case_id = await running.start("asks", {"x": 1})
    first = (await child_of(running, case_id))["id"]
    await running.perform("case.cancel", {"reason": "wrong"}, actor=OPERATIONS, case_id=first)
    incident, code = await incident_of(running, case_id)
    assert code == "call.cancelled"
    await running.perform(
        "incident.retry", {"incident_id": str(incident), "variables": {"x": 5}}, actor=OPERATIONS
    )
    second = (await child_of(running, case_id, attempt=2))["id"]
    assert second != first
    await running.complete(second, "ask", OPERATIONS)
    await running.case_in(case_id, "completed")
    assert await variables(running, case_id) == {"x": 6}
    await replays(running, case_id, first, second)


async def test_a_process_that_cannot_be_started_is_an_incident_with_its_reason(running: Platform) -> None:
    case_id = await running.start("lost")
    incident, code = await incident_of(running, case_id)
    assert code == "definition.unknown"
    await running.perform("incident.skip", {"incident_id": str(incident)}, actor=OPERATIONS)
    await running.case_in(case_id, "completed")
    await replays(running, case_id)


async def test_calls_without_end_come_to_one(running: Platform) -> None:
    await running.start("endless")
    await running.until("SELECT 1 FROM workflows.incident_view WHERE code = 'call.too_deep'", 1)
    deepest = "SELECT max(depth) AS depth FROM workflows.called_case"
    assert (await running.rows(deepest))[0]["depth"] == 33


@pytest.mark.parametrize("how", ["cancelled", "interrupted", "modified"])
async def test_a_caller_that_waits_no_longer_cancels_what_it_called(running: Platform, how: str) -> None:
    late = f'<boundaryEvent id="late" attachedToRef="call">{by_timer("timeDuration", "P1D")}</boundaryEvent>'
    content = start() + own_case("asked") + late + task("later") + end() + flow("start > call > later > end")
    await deploy(running, f"waits-{how}", content + flow("late > later"))
    case_id = await running.start(
        f"waits-{how}", {"x": 1}, clock={"rate": "86400"} if how == "interrupted" else None
    )
    child = (await child_of(running, case_id))["id"]
    if how == "cancelled":
        await running.perform("case.cancel", {"reason": "withdrawn"}, actor=OPERATIONS, case_id=case_id)
    elif how == "modified":
        payload = {"cancel": ["call"], "activate": [{"element": "later"}], "reason": "by hand"}
        await running.perform("case.modify", payload, actor=OPERATIONS, case_id=case_id)
    await running.case_in(child, "cancelled")
    if how != "cancelled":
        await running.case_at(case_id, "later")
        assert (await running.case(case_id))["incidents"] == 0
    await replays(running, case_id, child)


async def test_a_called_case_serves_whom_its_caller_serves(running: Platform) -> None:
    parties = {"seller_id": str(UUID(int=1)), "buyer_id": str(UUID(int=2)), "request_id": str(UUID(int=3))}
    case_id = await running.start("asks", {"x": 1}, **parties)
    child = await child_of(running, case_id)
    assert {name: str(child[name]) for name in parties} == parties
    columns = "SELECT requested_by, clock_rate FROM workflows.case_ WHERE id = $1"
    assert await running.rows(columns, child["id"]) == await running.rows(columns, case_id)


async def test_a_tag_names_the_version(running: Platform) -> None:
    await deploy(running, "tagged", calling("asked", attributes='bindingType="versionTag" versionTag="none"'))
    case_id = await running.start("tagged", {"x": 1})
    assert (await incident_of(running, case_id))[1] == "definition.tag_unknown"


async def test_a_completed_call_is_undone_by_the_handler_at_it(running: Platform) -> None:
    undo = '<boundaryEvent id="undo" attachedToRef="call"><compensateEventDefinition/></boundaryEvent>'
    handler = service("handler", type="test.count").replace(
        'id="handler"', 'id="handler" isForCompensation="true"'
    )
    content = start() + own_case("double") + undo + handler + task("wait") + end()
    content += flow("start > call > wait > end")
    content += '<association id="a" sourceRef="undo" targetRef="handler" associationDirection="One"/>'
    await deploy(running, "undoes", content)
    case_id = await running.start("undoes", {"item": 1})
    await running.task(case_id, "wait")
    await running.perform(
        "case.cancel", {"reason": "back", "compensate": True}, actor=OPERATIONS, case_id=case_id
    )
    await running.case_in(case_id, "cancelled")
    assert "handler" in await running.steps(case_id)
    assert (await child_of(running, case_id))["state"] == "completed"


async def test_an_error_of_a_job_in_the_called_case_is_caught_too(running: Platform) -> None:
    await deploy(
        running,
        "fails",
        row(("start", start()), ("work", service("work", type="test.fragile")), ("end", end())),
    )
    content = calling("fails", caught()).replace(CATCH, "<errorEventDefinition/>")
    await deploy(running, "catches-all", content)
    case_id = await running.start("catches-all", {"outcome": "error"})
    await running.case_in(case_id, "completed")
    assert "out" in await running.steps(case_id)


async def test_caller_and_called_can_each_be_audited_by_themselves(running: Platform) -> None:
    case_id = await running.start("asks", {"x": 1})
    child = (await child_of(running, case_id))["id"]
    await running.complete(child, "ask", OPERATIONS)
    await running.case_in(case_id, "completed")
    keys = ledger.load_or_create_keys(running.settings.key_folder)
    sequencer = ledger.Sequencer(running.database, keys.log_key, running.settings.origin)
    while await sequencer.sequence_once():
        pass
    await sequencer.close()
    for each in (case_id, child):
        report = verify_bundle(await export_case(running.database, each, running.vault_key))
        assert report.ok, report.findings
        assert report.reexecuted
