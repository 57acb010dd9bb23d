"""Migrating cases over the API: tried out, one alone, and many as a batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from support.api import Api
from support.bpmn_text import end, flow, start
from support.commands import do, start_case
from support.events import task
from support.inbox_worker import inbox_worker
from support.versions import text_of
from workflows import definitions
from workflows.definitions import Definitions
from workflows.effects import Effects
from workflows.migration_batches import MigrationBatches

KEY = "line"
OLD = start() + task("one") + task("gone") + task("two") + end() + flow("start > one > gone > two > end")
NEW = start() + task("one") + task("two") + end() + flow("start > one > two > end")
REASON = "code token element hint"
PREVIEW = f"""
query ($id: ID!, $version: Int!, $plan: JSON) {{
  migrationPreview(caseId: $id, version: $version, plan: $plan) {{
    plan unmapped {{ element code }}
    preview {{ possible case {{ id }} moves {{ element target notes {{ code }} }} refusals {{ {REASON} }} }}
  }}
}}
"""
PREVIEWS = """
query ($filter: CaseFilter) {
  migrationPreviews(product: "line", version: 2, filter: $filter) {
    possible refused left previews { case { id } possible refusals { code } }
  }
}
"""
MIGRATE = f"""
mutation ($input: MigrateCaseInput!) {{
  migrateCase(input: $input) {{
    command {{ state }} userErrors {{ code field }} refusals {{ {REASON} }}
    case {{ state definition {{ version }} activeElements }}
  }}
}}
"""
BATCH = """
command { state } userErrors { code field }
migration { id state version left reason plan plannedBy startedBy cases untried possible waiting migrated
  refused cancelled items { edges { node { result case { id } reasons { code element } } } } }
"""


def turn(verb: str) -> str:
    """The mutation that starts, pauses, resumes or cancels a batch."""
    return f"mutation ($input: MigrationInput!) {{ {verb}Migration(input: $input) {{ {BATCH} }} }}"


PLAN = f"mutation ($input: PlanMigrationInput!) {{ planMigration(input: $input) {{ {BATCH} }} }}"


@pytest.fixture(scope="module")
async def clerk(api: Api) -> str:
    return await api.person("olivia", "operations")


@pytest.fixture(scope="module")
async def second(api: Api) -> str:
    return await api.person("oscar", "operations")


@pytest.fixture(scope="module", autouse=True)
async def worker(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    """Carries out commands and batches as the platform's worker does, but for Temporal between."""
    batches = MigrationBatches(api.database, Definitions(), api.clock)
    await deploy(api, OLD)
    keys = tmp_path_factory.mktemp("keys")
    async with inbox_worker(api.database, keys, api.clock, Effects(), besides=batches.do_slices):
        yield


@pytest.fixture(scope="module")
async def started(api: Api, worker: None) -> list[str]:
    """Seven cases of the first version, of which the second is deployed now; returns their global ids."""
    cases = []
    for number in range(7):
        cases.append(f"Case:{await start_case(api.database, KEY, number=number)}")
        api.clock.turn(timedelta(seconds=1))  # the oldest ones come first
    await deploy(api, NEW)
    return cases


async def deploy(api: Api, content: str) -> None:
    async with api.database.transaction() as tx:
        await definitions.deploy(
            tx,
            KEY,
            {f"{KEY}.bpmn": text_of(KEY, content)},
            job_types=frozenset(),
            deployed_by="test",
            at=api.clock.now(),
        )


async def batch_in(api: Api, token: str, batch_id: str, state: str) -> dict[str, Any]:
    query = "query ($id: ID!) { migration(id: $id) { state cases possible migrated refused startedBy } }"
    async with asyncio.timeout(20):
        while True:
            found: dict[str, Any] = (await api.ask(query, {"id": batch_id}, token=token))["migration"]
            if found["state"] == state:
                return found
            await asyncio.sleep(0.02)


def numbers(*values: int) -> dict[str, Any]:
    """The filter for cases with these numbers."""
    return {"variables": [{"name": "number", "op": "IN", "numbers": [str(value) for value in values]}]}


async def test_a_case_is_tried_out_and_its_plan_shown(api: Api, clerk: str, started: list[str]) -> None:
    given = {"id": started[0], "version": 2}
    found = (await api.ask(PREVIEW, given, token=clerk))["migrationPreview"]
    assert found["preview"] == {
        "possible": True,
        "case": {"id": started[0]},
        "moves": [
            {"element": KEY, "target": KEY, "notes": []},
            {"element": "one", "target": "one", "notes": []},
        ],
        "refusals": [],
    }
    assert [each["element"] for each in found["unmapped"]] == ["gone"]
    plan = found["plan"]
    del plan["elements"]["one"]
    found = (await api.ask(PREVIEW, {**given, "plan": plan}, token=clerk))["migrationPreview"]
    (reason,) = found["preview"]["refusals"]
    assert (reason["code"], reason["element"]) == ("migration.no-counterpart", "one")


async def test_many_cases_are_tried_out_within_bounds(
    api: Api, clerk: str, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scf_api.schema.migration._MOST_TRIED", 2)
    given = {"filter": {**numbers(0, 1, 2), "version": 1}}
    found = (await api.ask(PREVIEWS, given, token=clerk))["migrationPreviews"]
    assert (found["possible"], found["refused"], found["left"]) == (2, 0, 1)
    assert [each["case"]["id"] for each in found["previews"]] == started[:2]


async def test_a_case_goes_over(api: Api, clerk: str, started: list[str]) -> None:
    answer = await do(api, clerk, MIGRATE, caseId=started[0], version=2, reason="why")
    assert answer == {
        "command": {"state": "DONE"},
        "userErrors": [],
        "refusals": [],
        "case": {"state": "waiting", "definition": {"version": 2}, "activeElements": ["one"]},
    }


async def test_a_case_that_cannot_go_is_told_every_reason(api: Api, clerk: str, started: list[str]) -> None:
    given = {"caseId": started[1], "version": 2, "reason": "why"}
    plan = (await api.ask(PREVIEW, {"id": started[1], "version": 2}, token=clerk))["migrationPreview"]["plan"]
    del plan["elements"]["one"]
    answer = await do(api, clerk, MIGRATE, **given, plan=plan)
    assert (answer["command"], answer["userErrors"][0]["code"]) == (
        {"state": "REFUSED"},
        "migration.no-counterpart",
    )
    (reason,) = answer["refusals"]
    assert (reason["element"], reason["token"] > 0, bool(reason["hint"])) == ("one", True, True)
    answer = await do(api, clerk, MIGRATE, **given, plan=[1])
    assert (answer["command"], answer["userErrors"][0]["code"]) == (None, "migration.bad-plan")


async def test_a_batch_is_planned_started_by_another_and_done(
    api: Api, clerk: str, second: str, started: list[str]
) -> None:
    given = {"product": KEY, "version": 2, "reason": "why", "filter": numbers(2, 3)}
    key = str(uuid4())
    planned = (await do(api, clerk, PLAN, **given, idempotencyKey=key))["migration"]
    assert (planned["plannedBy"], planned["startedBy"], planned["cases"]) == ("olivia", None, 2)
    again = (await do(api, clerk, PLAN, **given, idempotencyKey=key))["migration"]
    assert again["id"] == planned["id"]
    await batch_in(api, clerk, planned["id"], "PLANNED")
    refused = await do(api, clerk, turn("start"), migrationId=planned["id"])
    assert refused["userErrors"][0]["code"] == "migration.four_eyes"
    await do(api, second, turn("start"), migrationId=planned["id"])
    found = await batch_in(api, clerk, planned["id"], "DONE")
    assert found == {
        "state": "DONE",
        "cases": 2,
        "possible": 0,
        "migrated": 2,
        "refused": 0,
        "startedBy": "oscar",
    }
    listed = await api.ask(
        'query { migrations(product: "line", state: DONE) { edges { node { id'
        " items(result: MIGRATED) { edges { node { result case { id } } } } } } } }",
        token=clerk,
    )
    ((edge,),) = (listed["migrations"]["edges"],)
    assert edge["node"]["id"] == planned["id"]
    assert [item["node"]["case"]["id"] for item in edge["node"]["items"]["edges"]] == started[2:4]
    node = await api.ask(
        "query ($id: ID!) { node(id: $id) { ... on Migration { state } } }",
        {"id": planned["id"]},
        token=clerk,
    )
    assert node == {"node": {"state": "DONE"}}


async def test_a_batch_is_cancelled(api: Api, clerk: str, second: str, started: list[str]) -> None:
    given = {"product": KEY, "version": 2, "reason": "why", "filter": numbers(4, 5)}
    planned = (await do(api, clerk, PLAN, **given))["migration"]
    answer = await do(api, clerk, turn("cancel"), migrationId=planned["id"])
    assert answer["migration"]["state"] == "CANCELLED"
    answer = await do(api, second, turn("start"), migrationId=planned["id"])
    assert answer["userErrors"][0]["code"] == "migration.state_wrong"
    answer = await do(api, second, turn("pause"), migrationId=started[0])
    assert answer["userErrors"] == [{"code": "id.type_wrong", "field": "migrationId"}]


async def test_a_filter_of_another_product_is_refused(api: Api, clerk: str, started: list[str]) -> None:
    given = {"product": KEY, "version": 2, "reason": "why", "filter": {"product": "other"}}
    answer = await do(api, clerk, PLAN, **given)
    assert answer["userErrors"] == [{"code": "search.product_differs", "field": "filter.product"}]


async def test_migrations_are_for_operations_and_to_be_seen_by_the_bank(
    api: Api, clerk: str, started: list[str]
) -> None:
    auditor = await api.person("rita", "auditor")
    seller = await api.person("sam", "seller_maker", party_id=UUID(int=1))
    batch = f"Migration:{UUID(int=7)}"
    for token in (auditor, seller):
        for mutation, given in (
            (MIGRATE, {"caseId": started[6], "version": 2, "reason": "why"}),
            (PLAN, {"product": KEY, "version": 2, "reason": "why"}),
            *((turn(verb), {"migrationId": batch}) for verb in ("start", "pause", "resume", "cancel")),
        ):
            answer = await do(api, token, mutation, **given)
            assert (answer["command"], answer["userErrors"][0]["code"]) == (None, "command.forbidden")
    given = {"id": started[6], "version": 2}
    assert (await api.ask(PREVIEW, given, token=auditor))["migrationPreview"]["preview"]["possible"]
    assert (await api.refusal(PREVIEW, given, token=seller))["code"] == "migration.not_yours"
    assert (await api.refusal(PREVIEWS, token=seller))["code"] == "migration.not_yours"
    listed = "query { migrations { edges { node { id } } } }"
    assert (await api.ask(listed, token=seller))["migrations"]["edges"] == []
