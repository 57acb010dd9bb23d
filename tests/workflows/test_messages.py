"""Messages: one receiver each, kept until somebody waits or their time is over, and never lost in silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from support.bpmn_text import end
from support.cases import Platform
from support.events import (
    after_task,
    by_message,
    catching,
    deploy,
    message,
    row,
    starting,
    task,
    throwing,
    waits_for,
)
from workflows import Actor
from workflows.replay import replay_case

OPERATIONS = Actor("oona", frozenset({"operations"}))
ORDER = message("m", "Order")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(platform: Platform) -> AsyncIterator[Platform]:
    """The platform with the processes of this file."""
    await deploy(platform, "one-order", waits_for("order", by_message("m")), ORDER)
    await deploy(
        platform,
        "two-orders",
        waits_for("first", by_message("m"), ("second", catching("second", by_message("m")))),
        ORDER,
    )
    await deploy(platform, "later-order", after_task(("order", catching("order", by_message("m")))), ORDER)
    await deploy(
        platform, "order-then-work", waits_for("order", by_message("m"), ("work", task("work"))), ORDER
    )
    await deploy(
        platform,
        "sender",
        after_task(("send", throwing("send", by_message("m"), {"amount": "=amount"}))),
        ORDER,
    )
    yield platform


async def publish(platform: Platform, key: str, **more: object) -> tuple[UUID, str]:
    """Publish an order; return the command and what became of the message at first."""
    command = await platform.submit(
        "message.correlate", {"name": "Order", "key": key, **more}, actor=OPERATIONS
    )
    outcome = await platform.outcome(command)
    assert outcome.state == "done", outcome.error
    return command, (outcome.result or {})["message"]


async def told(platform: Platform, command: UUID, what: str) -> None:
    """Wait until the outcome of a publication tells that this became of it."""
    await platform.until(
        f"SELECT 1 FROM workflows.command WHERE id = '{command}'"  # noqa: S608 - our own ids
        f" AND outcome -> 'result' ->> 'message' = '{what}'",
        1,
    )


async def kept(platform: Platform, key: str) -> int:
    return len(await platform.rows("SELECT 1 FROM workflows.message_view WHERE key = $1", key))


async def test_a_message_reaches_the_case_that_waits_for_its_key(running: Platform) -> None:
    key = str(uuid4())
    case_id = await running.start("one-order", {"ref": key})
    other = await running.start("one-order", {"ref": str(uuid4())})
    command, became = await publish(running, key, variables={"amount": 7})
    assert became == "sent"
    await running.case_in(case_id, "completed")
    await told(running, command, "delivered")
    assert (await running.case(other))["state"] == "waiting"
    assert await running.entries(case_id) == ["case.start", "message.deliver"]
    assert (await replay_case(running.database, case_id, running.vault_key)).agrees


async def test_a_message_for_which_nobody_waits_is_kept_until_a_case_does(running: Platform) -> None:
    key = str(uuid4())
    command, became = await publish(running, key)
    assert became == "kept"
    case_id = await running.start("one-order", {"ref": key})
    assert (await running.case(case_id))["state"] == "completed"
    await told(running, command, "delivered")
    assert await kept(running, key) == 0


async def test_each_message_is_taken_by_one_case(running: Platform) -> None:
    key = str(uuid4())
    cases = [await running.start("one-order", {"ref": key}) for _ in range(3)]
    await asyncio.gather(*(publish(running, key) for _ in range(2)))
    await running.case_in(cases[0], "completed")
    await running.case_in(cases[1], "completed")
    assert (await running.case(cases[2]))["state"] == "waiting"


async def test_messages_at_once_are_taken_one_after_the_other(running: Platform) -> None:
    key = str(uuid4())
    case_id = await running.start("two-orders", {"ref": key})
    await asyncio.gather(*(publish(running, key) for _ in range(3)))
    await running.case_in(case_id, "completed")
    assert await kept(running, key) == 1


async def test_publishing_and_waiting_at_once_always_meet(running: Platform) -> None:
    """A message that is stored while its case begins to wait must be seen by one of the two."""
    keys = [str(uuid4()) for _ in range(12)]
    await asyncio.gather(
        *(running.start("one-order", {"ref": key}) for key in keys), *(publish(running, key) for key in keys)
    )
    for key in keys:
        await running.until(
            "SELECT 1 FROM workflows.case_view v JOIN workflows.step_view s ON s.case_id = v.id"  # noqa: S608
            f" WHERE s.kind = 'message.subscribed' AND s.data ->> 'key' = '{key}' AND v.state = 'completed'",
            1,
        )
        assert await kept(running, key) == 0


async def test_a_message_expires_and_that_is_told(running: Platform) -> None:
    key = str(uuid4())
    command, became = await publish(running, key, ttl=1)
    assert became == "kept"
    await told(running, command, "expired")
    entries = await running.rows("SELECT kind FROM ledger.entry_view WHERE stream = $1", f"message:{command}")
    assert [entry["kind"] for entry in entries] == ["message.expire"]
    case_id = await running.start("one-order", {"ref": key})
    assert (await running.case(case_id))["state"] == "waiting"


async def test_a_message_that_may_not_wait_is_not_kept(running: Platform) -> None:
    key = str(uuid4())
    _, became = await publish(running, key, ttl=0)
    assert became == "expired"
    assert await kept(running, key) == 0


async def test_a_message_kept_for_a_case_expires_with_it(running: Platform) -> None:
    case_id = await running.start("later-order", {"ref": "a"})
    command = await running.submit(
        "message.correlate", {"name": "Order", "key": "b"}, actor=OPERATIONS, case_id=case_id
    )
    await told(running, command, "kept")
    await running.perform("case.cancel", {"reason": "withdrawn"}, actor=OPERATIONS, case_id=case_id)
    await told(running, command, "expired")


async def test_one_message_id_is_taken_once(running: Platform) -> None:
    key = str(uuid4())
    case_id = await running.start("two-orders", {"ref": key})
    await publish(running, key, message_id="bank-1")
    again = {"name": "Order", "key": key, "message_id": "bank-1"}
    assert await running.refusal("message.correlate", again, actor=OPERATIONS) == "message.duplicate"
    code = await running.refusal("message.correlate", again, actor=OPERATIONS, case_id=case_id)
    assert code == "message.duplicate"
    await publish(running, key, message_id="bank-2")
    await running.case_in(case_id, "completed")


@pytest.mark.parametrize(
    ("kind", "payload"),
    [("case.cancel", {"reason": "withdrawn"}), ("message.correlate", {"name": "Order"})],
    ids=["the case has ended", "the case waits for something else"],
)
async def test_a_message_goes_on_when_its_case_has_stopped_waiting(
    running: Platform, kind: str, payload: dict[str, str]
) -> None:
    key = str(uuid4())
    case_id = await running.start("order-then-work", {"ref": key})
    if kind == "message.correlate":
        payload = {**payload, "key": key}
    # Held, so that the message is sent to the case while another command is to end its waiting first.
    holding = await asyncpg.connect(running.database.url)
    async with holding.transaction():
        await holding.execute("SELECT 1 FROM workflows.case_ WHERE id = $1 FOR UPDATE", case_id)
        first = await running.submit(kind, payload, actor=OPERATIONS, case_id=case_id)
        command, became = await publish(running, key)
        assert became == "sent"
    await holding.close()
    assert (await running.outcome(first)).state == "done"
    await told(running, command, "kept")
    other = await running.start("one-order", {"ref": key})
    assert (await running.case(other))["state"] == "completed"
    await told(running, command, "delivered")


async def test_what_a_case_throws_reaches_another_case_once(running: Platform) -> None:
    key = str(uuid4())
    receiver = await running.start("two-orders", {"ref": key})
    sender = await running.start("sender", {"ref": key, "amount": 12})
    await running.complete(sender, "go", OPERATIONS)
    await running.case_in(sender, "completed")
    await running.case_at(receiver, "second")
    commands = await running.rows(
        "SELECT state, actor FROM workflows.command WHERE case_id = $1 AND kind = 'message.deliver'", receiver
    )
    assert [tuple(command.values()) for command in commands] == [("done", "system:case")]
    assert await kept(running, key) == 0
    assert (await replay_case(running.database, receiver, running.vault_key)).agrees


async def test_what_a_case_throws_is_kept_when_nobody_waits(running: Platform) -> None:
    key = str(uuid4())
    sender = await running.start("sender", {"ref": key, "amount": 12})
    await running.complete(sender, "go", OPERATIONS)
    await running.case_in(sender, "completed")
    assert await kept(running, key) == 1
    receiver = await running.start("one-order", {"ref": key})
    assert (await running.case(receiver))["state"] == "completed"


async def test_a_message_starts_one_case_of_its_key_at_a_time(running: Platform) -> None:
    await deploy(
        running,
        "shop",
        row(("begin", starting("begin", by_message("b"))), ("work", task("work")), ("end", end())),
        message("b", "Begin"),
    )
    payload = {"name": "Begin", "key": "customer-1", "variables": {"ref": "x"}}

    async def begin() -> None:
        await running.perform("message.correlate", payload, actor=OPERATIONS)

    await asyncio.gather(*(begin() for _ in range(3)))
    query = "SELECT id FROM workflows.case_view WHERE product = 'shop'"
    for number in (1, 2, 3):
        await running.until(query, number)
        (open_case,) = await running.rows(f"{query} AND ended_at IS NULL")
        assert len(await running.rows(query)) == number
        await running.complete(open_case["id"], "work", OPERATIONS)
    await running.perform("message.correlate", {**payload, "key": "customer-2"}, actor=OPERATIONS)
    await running.until(query, 4)
