"""Repairing cases over the API: what operations may do, and what is told of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from support.api import Api
from support.bpmn_text import end, flow, process, service, start, user
from support.commands import do, start_case
from support.inbox_worker import inbox_worker
from support.jobs import TRACE_TABLE, Jobs
from workflows import definitions

# A job that fails as the case's variable `outcome` says, with an error event; then two tasks.
MODEL = process(
    start()
    + service("work", type="test.fragile")
    + '<boundaryEvent id="caught" attachedToRef="work"><errorEventDefinition errorRef="bad"/></boundaryEvent>'
    + user("first")
    + user("second")
    + end()
    + end("out")
    + flow("start > work > first > second > end")
    + flow("caught > out"),
    id="mend",
    definitions='<error id="bad" errorCode="REJECTED"/>',
)
ONE = """
  command { state } userErrors { code field }
  incident { state code } case { state activeElements incidentCount }
"""
RETRY = f"mutation ($input: RetryIncidentInput!) {{ retryIncident(input: $input) {{ {ONE} }} }}"
SKIP = f"mutation ($input: SkipIncidentInput!) {{ skipIncident(input: $input) {{ {ONE} }} }}"
THROW = f"mutation ($input: ThrowAtIncidentInput!) {{ throwAtIncident(input: $input) {{ {ONE} }} }}"
MANY = """
mutation ($input: RetryIncidentsInput!) {
  retryIncidents(input: $input) {
    command { state } userErrors { code } left
    items { result refusal raised incident { id state } }
  }
}
"""
CASE = "command { state } userErrors { code field } case { id state activeElements }"
MODIFY = f"mutation ($input: ModifyCaseInput!) {{ modifyCase(input: $input) {{ {CASE} }} }}"
CANCEL = f"mutation ($input: CancelCaseInput!) {{ cancelCase(input: $input) {{ {CASE} }} }}"


@pytest.fixture(scope="module")
async def clerk(api: Api) -> str:
    return await api.person("olivia", "operations")


@pytest.fixture(scope="module", autouse=True)
async def worker(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    """Carries out commands as the platform's worker does, but for Temporal between."""
    jobs = Jobs()
    async with api.database.transaction() as tx:
        await tx.sql.execute(TRACE_TABLE)
        await definitions.deploy(
            tx,
            "mend",
            {"mend.bpmn": MODEL.decode()},
            job_types=jobs.effects.job_types,
            deployed_by="test",
            at=api.clock.now(),
        )
    async with inbox_worker(api.database, tmp_path_factory.mktemp("keys"), api.clock, jobs.effects):
        yield


async def started(api: Api, outcome: str) -> str:
    """A case whose job ends so; returns its global id."""
    return f"Case:{await start_case(api.database, 'mend', outcome=outcome)}"


async def failed(api: Api, token: str) -> tuple[str, str]:
    """A case that stands at an incident, and the incident."""
    case = await started(api, "crash")
    query = "query ($id: ID!) { case(id: $id) { incidents { edges { node { id } } } } }"
    (edge,) = (await api.ask(query, {"id": case}, token=token))["case"]["incidents"]["edges"]
    return case, edge["node"]["id"]


async def test_an_incident_is_retried_with_changed_variables(api: Api, clerk: str) -> None:
    _, incident = await failed(api, clerk)
    answer = await do(api, clerk, RETRY, incidentId=incident, variables={"outcome": "fine"})
    assert answer == {
        "command": {"state": "DONE"},
        "userErrors": [],
        "incident": {"state": "resolved", "code": "job.failed"},
        "case": {"state": "waiting", "activeElements": ["first"], "incidentCount": 0},
    }


async def test_an_incident_is_skipped(api: Api, clerk: str) -> None:
    _, incident = await failed(api, clerk)
    answer = await do(api, clerk, SKIP, incidentId=incident)
    assert (answer["userErrors"], answer["case"]["activeElements"]) == ([], ["first"])


async def test_an_error_is_thrown_at_an_incident(api: Api, clerk: str) -> None:
    _, incident = await failed(api, clerk)
    answer = await do(api, clerk, THROW, incidentId=incident, errorCode="REJECTED")
    assert (answer["userErrors"], answer["case"]["state"]) == ([], "completed")


async def test_a_repair_that_the_case_refuses_is_a_user_error(api: Api, clerk: str) -> None:
    case, incident = await failed(api, clerk)
    answer = await do(api, clerk, SKIP, incidentId=incident, variables=[1])
    assert (answer["command"], answer["userErrors"]) == (
        None,
        [{"code": "command.field_invalid", "field": "payload.variables"}],
    )
    answer = await do(api, clerk, SKIP, incidentId=case)
    assert answer["userErrors"] == [{"code": "id.type_wrong", "field": "incidentId"}]
    answer = await do(api, clerk, MODIFY, caseId=case, reason="why", cancel=["work"])
    assert (answer["command"], answer["userErrors"][0]["code"]) == (
        {"state": "REFUSED"},
        "modify.nothing-left",
    )


async def test_many_incidents_are_retried_and_each_is_told_of(api: Api, clerk: str) -> None:
    over, closed = await failed(api, clerk)
    await do(api, clerk, CANCEL, caseId=over, reason="withdrawn")
    ids = [(await failed(api, clerk))[1], closed]
    answer = await do(api, clerk, MANY, incidentIds=ids)
    assert (answer["command"], answer["userErrors"], answer["left"]) == ({"state": "DONE"}, [], 0)
    assert answer["items"] == [
        {
            "result": "RETRIED",
            "refusal": None,
            "raised": ["job.failed"],
            "incident": {"id": ids[0], "state": "resolved"},
        },
        {
            "result": "CLOSED",
            "refusal": None,
            "raised": [],
            "incident": {"id": closed, "state": "resolved"},
        },
    ]
    found = await do(api, clerk, MANY, product="mend", code="job.failed")
    assert found["items"]
    assert {item["result"] for item in found["items"]} == {"RETRIED"}


async def test_a_token_moves(api: Api, clerk: str) -> None:
    case = await started(api, "fine")
    begin = [{"element": "second", "variables": {"note": "x"}}]
    answer = await do(api, clerk, MODIFY, caseId=case, reason="why", cancel=["first"], activate=begin)
    assert answer == {
        "command": {"state": "DONE"},
        "userErrors": [],
        "case": {"id": case, "state": "waiting", "activeElements": ["second"]},
    }


async def test_a_case_is_cancelled(api: Api, clerk: str) -> None:
    case = await started(api, "fine")
    answer = await do(api, clerk, CANCEL, caseId=case, reason="withdrawn", compensate=True)
    assert (answer["userErrors"], answer["case"]["state"]) == ([], "cancelled")


async def test_the_same_repair_twice_has_one_answer(api: Api, clerk: str) -> None:
    _, incident = await failed(api, clerk)
    given = {"idempotencyKey": f"once-{incident}", "incidentId": incident}
    first = await do(api, clerk, SKIP, **given)
    assert first == await do(api, clerk, SKIP, **given)


async def test_who_may_only_look_or_belongs_to_a_party_repairs_nothing(api: Api, clerk: str) -> None:
    case, incident = await failed(api, clerk)
    auditor = await api.person("rita", "auditor")
    seller = await api.person("sam", "seller_maker", party_id=UUID(int=1))
    for token in (auditor, seller):
        for mutation, given in (
            (RETRY, {"incidentId": incident}),
            (SKIP, {"incidentId": incident}),
            (THROW, {"incidentId": incident, "errorCode": "REJECTED"}),
            (MANY, {"incidentIds": [incident]}),
            (MODIFY, {"caseId": case, "reason": "why", "cancel": ["work"]}),
            (CANCEL, {"caseId": case, "reason": "why"}),
        ):
            answer = await do(api, token, mutation, **given)
            assert (answer["command"], answer["userErrors"][0]["code"]) == (None, "command.forbidden")
