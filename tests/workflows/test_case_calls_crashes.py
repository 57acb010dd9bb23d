"""What a crash leaves of calls that run as cases of their own: each is started once, and returns once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest_asyncio

import ledger
from support.bpmn_text import end, script, start
from support.calls import calling, deploy, for_each
from support.cases import SYSTEM, Platform
from support.events import row, task
from support.workers import lose_workflow, worker
from workflows import Actor, case_id_of
from workflows.advance import Advancer
from workflows.definitions import Definitions
from workflows.replay import replay_case

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPERATIONS = Actor("oona", frozenset({"operations"}))
ROUNDS = 12


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def calls(stopped_platform: Platform) -> Platform:
    """A platform without a worker, with the processes of this file."""
    double = row(("start", start()), ("twice", script("twice", "=item * 2", "result")), ("end", end()))
    await deploy(stopped_platform, "double", double)
    asked = row(("start", start()), ("ask", task("ask")), ("end", end()))
    await deploy(stopped_platform, "asked", asked)
    await deploy(stopped_platform, "many", calling("double", inner=for_each()))
    await deploy(stopped_platform, "asks", calling("asked"))
    await deploy(stopped_platform, "lost", calling("nowhere"))
    return stopped_platform


async def begin(platform: Platform, product: str) -> tuple[UUID, UUID]:
    """Submit the start of a case; return case and command."""
    key = str(uuid4())
    payload = {"product": product, "business_key": key, "variables": {"items": list(range(ROUNDS))}}
    return case_id_of(product, key), await platform.submit("case.start", payload, actor=SYSTEM)


def an_advancer(platform: Platform) -> Advancer:
    keys = ledger.load_or_create_keys(platform.settings.key_folder)
    recorder = ledger.Recorder(keys.signing_key, keys.vault_key, platform.settings.origin)
    return Advancer(platform.database, recorder, platform.effects, Definitions())


async def commands(platform: Platform, *, caller: UUID) -> list[tuple[str, str]]:
    """Kind and state of every command for a case and for those that it has called."""
    rows = await platform.rows(
        "SELECT kind, state FROM workflows.command WHERE case_id = $1 OR case_id IN"
        " (SELECT child_id FROM workflows.called_case_view WHERE parent_id = $1) ORDER BY position",
        caller,
    )
    return [(each["kind"], each["state"]) for each in rows]


async def ended_once(platform: Platform, case_id: UUID) -> None:
    """Check that a case of many calls ended with one case and one result for each."""
    await platform.case_in(case_id, "completed")
    assert (await platform.entries(case_id)) == ["case.start", *["call.return"] * ROUNDS]
    children = await platform.rows(
        "SELECT child_id, attempt, state FROM workflows.called_case_view k"
        " JOIN workflows.case_view v ON v.id = k.child_id WHERE parent_id = $1",
        case_id,
    )
    assert [(each["attempt"], each["state"]) for each in children] == [(1, "completed")] * ROUNDS
    for each in (case_id, *(child["child_id"] for child in children)):
        assert (await replay_case(platform.database, each, platform.vault_key)).agrees


async def test_every_step_done_twice_is_done_once(calls: Platform) -> None:
    case_id, command_id = await begin(calls, "many")
    advancer = an_advancer(calls)
    await asyncio.gather(*(advancer.advance(case_id, command_id, NOW) for _ in range(3)))
    assert await commands(calls, caller=case_id) == [
        ("case.start", "done"),
        *[("case.start", "accepted")] * ROUNDS,
    ]
    while waiting := await calls.rows(
        "SELECT id, case_id FROM workflows.command WHERE state = 'accepted' ORDER BY position"
    ):
        for each in waiting:
            await asyncio.gather(*(advancer.advance(each["case_id"], each["id"], NOW) for _ in range(2)))
    await ended_once(calls, case_id)


async def test_a_call_that_is_over_before_its_case_began_leaves_no_case_behind(calls: Platform) -> None:
    advancer = an_advancer(calls)
    cases = {}
    for product in ("asks", "lost"):
        case_id, command_id = await begin(calls, product)
        await advancer.advance(case_id, command_id, NOW)
        cancel = await calls.submit("case.cancel", {"reason": "no"}, actor=OPERATIONS, case_id=case_id)
        await advancer.advance(case_id, cancel, NOW)
        cases[product] = case_id
    async with calls.running():
        await calls.until(
            "SELECT 1 WHERE NOT EXISTS (SELECT FROM workflows.command WHERE state = 'accepted')", 1
        )
    own = [("case.start", "done"), ("case.cancel", "done")]
    assert sorted(await commands(calls, caller=cases["asks"])) == sorted(2 * own)
    assert sorted(await commands(calls, caller=cases["lost"])) == sorted(
        [*own, ("case.start", "refused"), ("case.cancel", "refused")]
    )


async def test_a_worker_that_dies_after_it_called(calls: Platform) -> None:
    async with worker(calls, "--stop-after-commit") as process:
        case_id, command_id = await begin(calls, "many")
        assert await process.wait() == -9
    assert (await calls.outcome(command_id)).state == "done"
    async with worker(calls):
        await ended_once(calls, case_id)


async def test_workers_that_are_killed_while_calls_return(calls: Platform) -> None:
    case_id, _ = await begin(calls, "many")
    done = "SELECT 1 FROM workflows.command WHERE kind = 'call.return' AND state = 'done'"
    for _ in range(2):
        before = len(await calls.rows(done))
        async with worker(calls):
            await calls.until(done, before + 2)
    async with worker(calls):
        await ended_once(calls, case_id)


async def test_a_caller_whose_workflow_is_lost_is_taken_up_by_what_comes_back(calls: Platform) -> None:
    async with calls.running():
        case_id, command_id = await begin(calls, "asks")
        await calls.outcome(command_id)
        await lose_workflow(calls, case_id)
        await calls.until("SELECT 1 FROM workflows.called_case_view WHERE parent_id = $1", 1, case_id)
        (child,) = await calls.rows(
            "SELECT child_id FROM workflows.called_case_view WHERE parent_id = $1", case_id
        )
        await calls.complete(child["child_id"], "ask", OPERATIONS)
        await calls.case_in(case_id, "completed")
