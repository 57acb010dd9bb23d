"""Messages and signals over the API: who may bring them, and what is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from support.api import Api
from support.bpmn_text import end, process
from support.commands import do, start_case
from support.events import by_message, by_signal, message, row, signal, starting, waits_for
from support.inbox_worker import inbox_worker
from support.jobs import Jobs
from workflows import definitions

MODELS = {
    "orders": (waits_for("order", by_message("m")), message("m", "Order")),
    "listeners": (waits_for("hear", by_signal("s")), signal("s", "Alarm")),
    "begun": (row(("begin", starting("begin", by_message("b"))), ("end", end())), message("b", "Begin")),
    "alarmed": (row(("begin", starting("begin", by_signal("s"))), ("end", end())), signal("s", "Alarm")),
}
CORRELATE = """
mutation ($input: CorrelateMessageInput!) {
  correlateMessage(input: $input) {
    command { state } userErrors { code field } result case { product state }
  }
}
"""
BROADCAST = """
mutation ($input: BroadcastSignalInput!) {
  broadcastSignal(input: $input) { command { state } userErrors { code field } reached started }
}
"""


@pytest.fixture(scope="module")
async def clerk(api: Api) -> str:
    return await api.person("olivia", "operations")


@pytest.fixture(scope="module", autouse=True)
async def worker(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    jobs = Jobs()
    async with api.database.transaction() as tx:
        for key, (content, names) in MODELS.items():
            sources = {f"{key}.bpmn": process(content, id=key, definitions=names).decode()}
            at = api.clock.now()
            await definitions.deploy(
                tx, key, sources, job_types=jobs.effects.job_types, deployed_by="test", at=at
            )
    async with inbox_worker(api.database, tmp_path_factory.mktemp("keys"), api.clock, jobs.effects):
        yield


async def started(api: Api, product: str, count: int = 1, **variables: Any) -> list[str]:
    """Cases that wait; returns their global ids."""
    return [f"Case:{await start_case(api.database, product, **variables)}" for _ in range(count)]


async def correlated(api: Api, token: str, key: str, **given: Any) -> tuple[str | None, list[str]]:
    answer = await do(api, token, CORRELATE, **{"name": "Order", "correlationKey": key, **given})
    return answer["result"], [error["code"] for error in answer["userErrors"]]


async def test_a_message_is_brought_to_the_case_that_waits(api: Api, clerk: str) -> None:
    key = str(uuid4())
    await started(api, "orders", ref=key)
    given = {"idempotencyKey": key, "variables": {"amount": "7.50"}}
    assert await correlated(api, clerk, key, **given) in (("SENT", []), ("DELIVERED", []))
    async with asyncio.timeout(20):
        while (await correlated(api, clerk, key, **given))[0] != "DELIVERED":
            await asyncio.sleep(0.02)
    answer = await do(api, clerk, CORRELATE, name="Order", correlationKey=key, **given)
    assert answer["case"] == {"product": "orders", "state": "completed"}


async def test_a_message_for_a_named_case_is_delivered_there(api: Api, clerk: str) -> None:
    key = str(uuid4())
    _, second = await started(api, "orders", 2, ref=key)
    answer = await do(api, clerk, CORRELATE, name="Order", correlationKey=key, caseId=second)
    assert (answer["result"], answer["case"]["state"]) == ("DELIVERED", "completed")
    answer = await do(api, clerk, CORRELATE, name="Order", caseId="Task:1")
    assert answer["userErrors"] == [{"code": "id.invalid", "field": "caseId"}]


async def test_a_message_that_nobody_awaits_is_kept_or_gone(api: Api, clerk: str) -> None:
    assert await correlated(api, clerk, str(uuid4()), timeToLive=60) == ("KEPT", [])
    assert await correlated(api, clerk, str(uuid4()), timeToLive=0) == ("EXPIRED", [])
    assert (await correlated(api, clerk, str(uuid4()), timeToLive=-1))[1] == ["command.field_invalid"]


async def test_one_message_id_is_taken_once(api: Api, clerk: str) -> None:
    key = str(uuid4())
    assert await correlated(api, clerk, key, messageId="bank-1") == ("KEPT", [])
    assert await correlated(api, clerk, key, messageId="bank-1") == (None, ["message.duplicate"])
    assert await correlated(api, clerk, key, messageId="bank-2") == ("KEPT", [])


async def test_a_message_starts_a_case(api: Api, clerk: str) -> None:
    answer = await do(api, clerk, CORRELATE, name="Begin", variables={"amount": "1"})
    assert answer == {
        "command": {"state": "DONE"},
        "userErrors": [],
        "result": "STARTED",
        "case": {"product": "begun", "state": "completed"},
    }


async def test_a_signal_reaches_all_who_wait_and_is_told_in_numbers(api: Api, clerk: str) -> None:
    cases = await started(api, "listeners", 3)
    given = {"name": "Alarm", "idempotencyKey": str(uuid4()), "variables": {"level": "3"}}
    told = {"command": {"state": "DONE"}, "userErrors": [], "reached": 3, "started": 1}
    assert await do(api, clerk, BROADCAST, **given) == told
    assert await do(api, clerk, BROADCAST, **given) == told, "the same command reaches nobody twice"
    query = "query ($id: ID!) { case(id: $id) { state entries { edges { node { kind } } } } }"
    async with asyncio.timeout(20):
        for id in cases:
            while (case := (await api.ask(query, {"id": id}, token=clerk))["case"])["state"] != "completed":
                await asyncio.sleep(0.02)
            kinds = [edge["node"]["kind"] for edge in case["entries"]["edges"]]
            assert sorted(kinds) == ["case.start", "signal.deliver"]


@pytest.mark.parametrize(
    ("role", "message_allowed", "signal_allowed"),
    [
        ("operations", True, True),
        ("treasury", True, False),
        ("credit_officer", False, False),
        ("analyst", False, False),
        ("auditor", False, False),
    ],
)
async def test_who_may(api: Api, role: str, message_allowed: bool, signal_allowed: bool) -> None:
    token = await api.person(f"who-{role}", role)
    forbidden = [{"code": "command.forbidden", "field": None}]
    answer = await do(api, token, CORRELATE, name="Order", correlationKey=str(uuid4()))
    assert answer["userErrors"] == ([] if message_allowed else forbidden)
    answer = await do(api, token, BROADCAST, name="Nobody listens")
    assert answer["userErrors"] == ([] if signal_allowed else forbidden)
