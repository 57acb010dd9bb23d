"""Called cases over the API: each is found from the other, by whoever may see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

import workflows
from core import derived_id
from support.api import Api
from support.bpmn_text import end, process, start
from support.calls import ERRORS, calling, for_each
from support.cases import SYSTEM
from support.events import row, task
from support.inbox_worker import inbox_worker
from support.jobs import Jobs
from workflows import definitions

SELLER, OTHER = derived_id("test", "seller"), derived_id("test", "other seller")
ROUNDS = 3
CASE = """
query ($id: ID!) {
  case(id: $id) {
    product parent { id product }
    children(first: 2) {
      edges { node { id product state parent { id } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
REST = """
query ($id: ID!, $after: String) {
  case(id: $id) { children(after: $after) { edges { node { id } } pageInfo { hasNextPage } } }
}
"""


@pytest.fixture(scope="module", autouse=True)
async def worker(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    jobs = Jobs()
    asked = row(("start", start()), ("ask", task("ask")), ("end", end()))
    models = {"asked": asked, "asks": calling("asked", inner=for_each())}
    async with api.database.transaction() as tx:
        for key, content in models.items():
            sources = {f"{key}.bpmn": process(content, id=key, definitions=ERRORS).decode()}
            await definitions.deploy(
                tx,
                key,
                sources,
                job_types=jobs.effects.job_types,
                deployed_by="test",
                at=api.clock.now(),
            )
    async with inbox_worker(api.database, tmp_path_factory.mktemp("keys"), api.clock, jobs.effects):
        yield


@pytest.fixture(scope="module")
async def caller(api: Api) -> str:
    """A case of the seller that has called others; its global id."""
    key = str(uuid4())
    payload = {
        "product": "asks",
        "business_key": key,
        "variables": {"items": list(range(ROUNDS))},
        "seller_id": str(SELLER),
    }
    async with api.database.transaction() as tx:
        await workflows.submit(tx, kind="case.start", actor=SYSTEM, payload=payload, idempotency_key=key)
    async with asyncio.timeout(20):
        while True:
            async with api.database.reading() as sql:
                started = await sql.fetchval("SELECT count(*) FROM workflows.child_case_view")
            if started == ROUNDS:
                return f"Case:{workflows.case_id_of('asks', key)}"
            await asyncio.sleep(0.02)


async def test_a_case_tells_whom_it_called_and_each_of_these_by_whom(api: Api, caller: str) -> None:
    token = await api.person("olivia", "operations")
    found: dict[str, Any] = (await api.ask(CASE, {"id": caller}, token=token))["case"]
    assert (found["product"], found["parent"]) == ("asks", None)
    children = [edge["node"] for edge in found["children"]["edges"]]
    assert [(each["product"], each["state"], each["parent"]) for each in children] == [
        ("asked", "waiting", {"id": caller})
    ] * 2
    after = found["children"]["pageInfo"]["endCursor"]
    rest = (await api.ask(REST, {"id": caller, "after": after}, token=token))["case"]["children"]
    assert len(rest["edges"]) == 1
    assert not rest["pageInfo"]["hasNextPage"]
    assert rest["edges"][0]["node"]["id"] not in {each["id"] for each in children}

    child = (await api.ask(CASE, {"id": children[0]["id"]}, token=token))["case"]
    assert child["parent"] == {"id": caller, "product": "asks"}
    assert child["children"]["edges"] == []


async def test_a_called_case_is_seen_by_the_party_of_its_caller(api: Api, caller: str) -> None:
    own = await api.person("sally", "seller_maker", party_id=SELLER)
    other = await api.person("otto", "seller_maker", party_id=OTHER)
    assert len((await api.ask(CASE, {"id": caller}, token=own))["case"]["children"]["edges"]) == 2
    assert (await api.ask(CASE, {"id": caller}, token=other))["case"] is None
