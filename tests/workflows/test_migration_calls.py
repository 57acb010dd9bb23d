"""Cases that call others, and those that are called, go over to other versions by themselves."""

from __future__ import annotations

from uuid import UUID

from support.bpmn_text import end, flow, start
from support.calls import child_of, own_case
from support.cases import Platform
from support.events import task
from support.versions import OPERATIONS, audited, deploy, last_entry, migrate, plan, replayed, text_of

CHILD = start() + task("go") + end() + flow("start > go > end")
LONGER = start() + task("go") + task("more") + end() + flow("start > go > more > end")


def calls(name: str, called: str) -> str:
    """A process that calls another one as a case of its own, then waits."""
    return start() + own_case(called, id=name) + task("after") + end() + flow(f"start > {name} > after > end")


async def test_a_called_case_ends_for_a_caller_that_was_migrated_and_may_be_so_itself(
    platform: Platform,
) -> None:
    old, new = (text_of("caller", calls(name, "called")) for name in ("call", "ask"))
    await deploy(platform, "called", text_of("called", CHILD))
    await deploy(platform, "caller", old)
    case_id = await platform.start("caller")
    child_id = UUID(str((await child_of(platform, case_id))["id"]))
    await platform.task(child_id, "go")
    await deploy(platform, "caller", new)
    await deploy(platform, "called", text_of("called", LONGER))

    await migrate(platform, case_id, 2, plan=plan("caller", old, new, {"call": "ask"}))
    await migrate(platform, child_id, 2)
    (call,) = await platform.rows("SELECT * FROM workflows.called_case_view WHERE parent_id = $1", case_id)
    assert (call["child_id"], call["element"], call["awaited"]) == (child_id, "ask", True)
    await platform.complete(child_id, "go", OPERATIONS)
    await platform.complete(child_id, "more", OPERATIONS)
    await platform.task(case_id, "after")
    assert await platform.entries(case_id) == ["case.start", "case.migrate", "call.return"]
    for each in (case_id, child_id):
        assert (await replayed(platform, each)).agrees
        assert (await audited(platform, each)).ok


async def test_what_a_migration_lets_go_on_may_call_and_its_entry_says_so(platform: Platform) -> None:
    """The join waits for `two`, which leads elsewhere in the new version: the case goes on to the call."""
    parts = start() + '<parallelGateway id="fork"/><inclusiveGateway id="join"/>'
    parts += task("one") + task("two") + task("three")
    begin = flow("start > fork > one > join") + flow("fork > three > join") + flow("fork > two")
    old = parts + task("last") + end() + begin + flow("two > join > last > end")
    new = parts + own_case("helper") + task("last") + end() + end("out")
    new += begin + flow("two > out") + flow("join > call > last > end")
    await deploy(platform, "helper", text_of("helper", CHILD))
    await deploy(platform, "onward-call", text_of("onward-call", old))
    case_id = await platform.start("onward-call")
    await platform.complete(case_id, "one", OPERATIONS)
    skip = {"cancel": ["three"], "reason": "not needed"}
    await platform.perform("case.modify", skip, actor=OPERATIONS, case_id=case_id)
    await deploy(platform, "onward-call", text_of("onward-call", new))
    await migrate(platform, case_id, 2)
    child = await child_of(platform, case_id)
    statement = (await last_entry(platform, case_id))["statement"]
    assert statement["called"] == {"count": 1, "cases": [str(child["id"])]}
    assert "moved" in statement
    assert (await replayed(platform, case_id)).agrees
    assert (await audited(platform, case_id)).ok
