"""Signals: every case that waits gets one, once, and processes start by them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio

from core import derived_id
from support.bpmn_text import end, flow, start
from support.cases import Platform
from support.events import (
    after_task,
    by_signal,
    catching,
    deploy,
    row,
    signal,
    starting,
    task,
    throwing,
    waits_for,
)
from workflows import Actor
from workflows.deliveries import Deliveries
from workflows.replay import replay_case

OPERATIONS = Actor("oona", frozenset({"operations"}))

_BOTH = (
    start()
    + '<parallelGateway id="fork"/><parallelGateway id="join"/>'
    + catching("own", by_signal("s"))
    + task("go")
    + throwing("throw", by_signal("s"), {"rate": "=rate"})
    + end()
    + flow("start > fork > own > join > end")
    + flow("fork > go > throw > join")
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(platform: Platform) -> AsyncIterator[Platform]:
    """The platform with the processes of this file."""
    alarm, news = signal("s", "Alarm"), signal("n", "News")
    await deploy(platform, "listener", waits_for("hear", by_signal("s")), alarm)
    await deploy(platform, "speaker", after_task(("say", throwing("say", by_signal("s")))), alarm)
    await deploy(platform, "both", _BOTH, alarm)
    await deploy(platform, "reader", waits_for("read", by_signal("n")), news)
    yield platform


async def test_a_signal_reaches_every_case_that_waits(running: Platform) -> None:
    cases = [await running.start("listener") for _ in range(4)]
    deaf = await running.start("reader")
    result = await running.perform(
        "signal.broadcast", {"name": "Alarm", "variables": {"level": 3}}, actor=OPERATIONS
    )
    assert result == {"reached": 4, "started": 0}
    for case_id in cases:
        await running.case_in(case_id, "completed")
        assert await running.entries(case_id) == ["case.start", "signal.deliver"]
        assert (await replay_case(running.database, case_id, running.vault_key)).agrees
    assert (await running.case(deaf))["state"] == "running"


async def test_a_signal_waits_for_nobody(running: Platform) -> None:
    result = await running.perform("signal.broadcast", {"name": "Alarm"}, actor=OPERATIONS)
    assert result["reached"] == 0
    case_id = await running.start("listener")
    assert await running.steps(case_id, "signal.subscribed") == ["hear"]
    await running.perform("case.cancel", {"reason": "enough"}, actor=OPERATIONS, case_id=case_id)


async def test_who_waits_for_a_signal_can_be_seen(running: Platform) -> None:
    case_id = await running.start("reader")
    query = "SELECT element, name FROM workflows.subscription_view WHERE case_id = $1"
    assert [tuple(each.values()) for each in await running.rows(query, case_id)] == [("read", "News")]
    await running.perform("case.cancel", {"reason": "enough"}, actor=OPERATIONS, case_id=case_id)
    assert await running.rows(query, case_id) == []


async def test_a_thrown_signal_reaches_others_and_its_own_case_once(running: Platform) -> None:
    listener = await running.start("listener")
    both = await running.start("both", {"rate": 2})
    await running.complete(both, "go", OPERATIONS)
    await running.case_in(both, "completed")
    await running.case_in(listener, "completed")
    assert await running.entries(both) == ["case.start", "task.complete"]
    speaker = await running.start("speaker")
    await running.complete(speaker, "go", OPERATIONS)
    await running.case_in(speaker, "completed")
    assert await running.entries(listener) == ["case.start", "signal.deliver"]


async def test_a_signal_starts_a_case_of_each_process_that_begins_with_it(running: Platform) -> None:
    name = f"Begin-{uuid4().hex[:6]}"
    for key in ("left", "right"):
        content = row(("begin", starting("begin", by_signal("b"))), ("end", end()))
        await deploy(running, key, content, signal("b", name))
    result = await running.perform("signal.broadcast", {"name": name}, actor=OPERATIONS)
    assert result == {"reached": 0, "started": 2}
    await running.until(
        "SELECT 1 FROM workflows.case_view WHERE product IN ('left', 'right') AND state = 'completed'", 2
    )


class _TakenBack(Exception):
    """Lets the worker see nothing of what a test does."""


async def test_a_signal_for_thousands_is_few_statements_and_one_command_for_each(running: Platform) -> None:
    count, statements = 5_000, []
    with contextlib.suppress(_TakenBack):
        async with running.database.transaction() as tx:
            await tx.sql.execute(
                "INSERT INTO workflows.signal_subscription (id, case_id, kernel_id, element, signal)"
                " SELECT gen_random_uuid(), gen_random_uuid(), 'hear:1', 'hear', 'Crowd'"
                " FROM generate_series(1, $1)",
                count,
            )
            with tx.sql.query_logger(lambda record: statements.append(record.query)):
                told = await Deliveries().broadcast(
                    tx, "Crowd", {"level": 3}, actor=OPERATIONS, cause=derived_id("test", "crowd")
                )
            assert told == {"reached": count, "started": 0}
            accepted = await tx.sql.fetchval(
                "SELECT count(DISTINCT case_id) FROM workflows.command"
                " WHERE kind = 'signal.deliver' AND payload ->> 'name' = 'Crowd'"
            )
            assert accepted == count
            raise _TakenBack
    assert len(statements) < count / 100
