"""Processes over the API: an analyst's draft on its way to deployment, and who sees what of it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from support.api import Api
from support.domain_worker import domain_worker
from support.drafts import bundle

DRAFT = "id key revision state hash savedBy authors requestedBy rejection lint { code severity element file }"
MUTATION = """
mutation ($input: %s!) {
  %s(input: $input) { command { state } userErrors { code field } %s { %s } }
}
"""
VERSION = "id key version state tags hash requestedBy deployedBy lint { code severity }"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def working(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    async with domain_worker(api.database, tmp_path_factory.mktemp("keys"), api.clock):
        yield


@pytest.fixture(scope="module")
async def analyst(api: Api) -> str:
    return await api.person("anna", "analyst")


@pytest.fixture(scope="module")
async def owner(api: Api) -> str:
    return await api.person("paula", "product_owner")


@pytest.fixture
def key() -> str:
    return f"api{next(_numbers)}"


def files(sources: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "text": text} for name, text in sources.items()]


async def done(
    api: Api, token: str, mutation: str, input_type: str, what: str, **fields: Any
) -> dict[str, Any]:
    """Send a mutation and return its payload."""
    query = MUTATION % (input_type, mutation, what, DRAFT if what == "draft" else VERSION)
    given = {"input": {"idempotencyKey": f"k{next(_numbers)}", **fields}}
    answer: dict[str, Any] = (await api.ask(query, given, token=token))[mutation]
    return answer


async def saved(api: Api, token: str, key: str, sources: dict[str, str], **read: Any) -> dict[str, Any]:
    return await done(
        api,
        token,
        "saveProcessDraft",
        "SaveProcessDraftInput",
        "draft",
        key=key,
        sources=files(sources),
        **read,
    )


async def on_draft(api: Api, token: str, mutation: str, draft: dict[str, Any]) -> dict[str, Any]:
    return await done(
        api,
        token,
        mutation,
        "ProcessDraftInput",
        "draft",
        draftId=draft["id"],
        revision=draft["revision"],
    )


async def pending(api: Api, analyst: str, key: str, sources: dict[str, str]) -> dict[str, Any]:
    """Bring files to where a second person decides."""
    draft = (await saved(api, analyst, key, sources))["draft"]
    await on_draft(api, analyst, "lintProcess", draft)
    requested: dict[str, Any] = (await on_draft(api, analyst, "requestDeployment", draft))["draft"]
    return requested


async def approved(api: Api, owner: str, draft: dict[str, Any]) -> dict[str, Any]:
    return await done(
        api,
        owner,
        "approveDeployment",
        "ApproveDeploymentInput",
        "definition",
        draftId=draft["id"],
        hash=draft["hash"],
    )


@pytest.mark.usefixtures("working")
class TestTheWayToDeployment:
    async def test_two_persons_deploy_a_draft(self, api: Api, analyst: str, owner: str, key: str) -> None:
        draft = await pending(api, analyst, key, bundle(key, tag="first"))
        assert (draft["state"], draft["requestedBy"], draft["lint"]) == ("pending", "user:anna", [])
        answer = await approved(api, owner, draft)
        assert answer["userErrors"] == []
        assert answer["definition"] == {
            "id": draft["id"].replace("ProcessDraft", "ProcessDefinition"),
            "key": key,
            "version": 1,
            "state": "deployed",
            "tags": ["first"],
            "hash": draft["hash"],
            "requestedBy": "user:anna",
            "deployedBy": "paula",
            "lint": [],
        }
        gone = await api.ask("query ($id: ID!) { draft(id: $id) { id } }", {"id": draft["id"]}, token=analyst)
        assert gone == {"draft": None}

    async def test_findings_stay_with_the_draft_that_they_are_about(
        self, api: Api, analyst: str, key: str
    ) -> None:
        draft = (await saved(api, analyst, key, bundle(key, job="nobody.does")))["draft"]
        assert draft["lint"] is None
        draft = (await on_draft(api, analyst, "lintProcess", draft))["draft"]
        assert draft["state"] == "draft"
        assert draft["lint"] == [
            {"code": "job.unknown-type", "severity": "error", "element": "look", "file": f"{key}.bpmn"}
        ]
        refused = await on_draft(api, analyst, "requestDeployment", draft)
        assert [error["code"] for error in refused["userErrors"]] == ["definition.not_linted"]
        assert refused["draft"]["state"] == "draft"

    async def test_a_stale_revision_is_told_with_its_field(self, api: Api, analyst: str, key: str) -> None:
        draft = (await saved(api, analyst, key, bundle(key)))["draft"]
        read = {"draftId": draft["id"], "revision": draft["revision"]}
        second = await saved(api, analyst, key, bundle(key, "check"), **read)
        assert second["draft"]["revision"] == 2
        stale = await saved(api, analyst, key, bundle(key, "other"), **read)
        assert stale["userErrors"] == [{"code": "definition.revision_stale", "field": "payload.revision"}]

    async def test_a_product_owner_rejects_with_a_reason(
        self, api: Api, analyst: str, owner: str, key: str
    ) -> None:
        draft = await pending(api, analyst, key, bundle(key))
        answer = await done(
            api,
            owner,
            "rejectDeployment",
            "RejectDeploymentInput",
            "draft",
            draftId=draft["id"],
            reason="No limit check.",
        )
        assert (answer["draft"]["state"], answer["draft"]["rejection"]) == ("draft", "No limit check.")

    async def test_an_analyst_does_not_approve(self, api: Api, analyst: str, key: str) -> None:
        draft = await pending(api, analyst, key, bundle(key))
        answer = await approved(api, analyst, draft)
        assert (answer["command"], answer["definition"]) == (None, None)
        assert [error["code"] for error in answer["userErrors"]] == ["command.forbidden"]

    async def test_a_version_is_tagged_retired_and_reinstated(
        self, api: Api, analyst: str, owner: str, key: str
    ) -> None:
        draft = await pending(api, analyst, key, bundle(key))
        version = (await approved(api, owner, draft))["definition"]
        tagged = await done(
            api,
            owner,
            "tagProcess",
            "TagProcessInput",
            "definition",
            definitionId=version["id"],
            tag="stable",
        )
        assert tagged["definition"]["tags"] == ["stable"]
        for mutation, state in (("retireProcess", "retired"), ("reinstateProcess", "deployed")):
            answer = await done(
                api,
                owner,
                mutation,
                "ProcessStateInput",
                "definition",
                definitionId=version["id"],
                reason="As agreed.",
            )
            assert answer["definition"]["state"] == state


@pytest.mark.usefixtures("working")
class TestReading:
    async def test_versions_and_drafts_are_listed_by_key_and_state(
        self, api: Api, analyst: str, owner: str, key: str
    ) -> None:
        await approved(api, owner, await pending(api, analyst, key, bundle(key)))
        await approved(api, owner, await pending(api, analyst, key, bundle(key, "check")))
        await saved(api, analyst, key, bundle(key, "next"))
        found = await api.ask(
            """query ($key: String!) {
                 all: processDefinitions(key: $key) { edges { node { version state } } }
                 retired: processDefinitions(key: $key, state: "retired") { edges { node { version } } }
                 drafts(key: $key, state: "draft") { edges { node { revision latestVersion { version } } } }
               }""",
            {"key": key},
            token=owner,
        )
        nodes = {name: [edge["node"] for edge in page["edges"]] for name, page in found.items()}
        assert sorted(node["version"] for node in nodes["all"]) == [1, 2]
        assert nodes["retired"] == [{"version": 1}]
        (draft,) = nodes["drafts"]
        assert draft["revision"] == 1

    async def test_what_a_draft_changes_is_told(self, api: Api, analyst: str, owner: str, key: str) -> None:
        version = (await approved(api, owner, await pending(api, analyst, key, bundle(key))))["definition"]
        draft = (await saved(api, analyst, key, bundle(key, "check")))["draft"]
        query = """query ($id: ID!, $to: ID!) {
          processDefinition(id: $id) { bpmnXml sources { name text } diff(to: $to) { area item change } } }"""
        found = await api.ask(query, {"id": version["id"], "to": draft["id"]}, token=owner)
        definition = found["processDefinition"]
        assert definition["sources"] == files(bundle(key))
        assert definition["bpmnXml"] == bundle(key)[f"{key}.bpmn"]
        told = {(each["area"], each["item"], each["change"]) for each in definition["diff"]}
        assert told >= {("element", "look", "removed"), ("element", "check", "added")}
        same = await api.ask(query, {"id": version["id"], "to": version["id"]}, token=owner)
        assert same["processDefinition"]["diff"] == []

    async def test_a_draft_that_does_not_compile_has_no_difference(
        self, api: Api, analyst: str, owner: str, key: str
    ) -> None:
        version = (await approved(api, owner, await pending(api, analyst, key, bundle(key))))["definition"]
        draft = (await saved(api, analyst, key, {f"{key}.bpmn": "<no xml"}))["draft"]
        refused = await api.refusal(
            "query ($id: ID!, $to: ID!) { processDefinition(id: $id) { diff(to: $to) { item } } }",
            {"id": version["id"], "to": draft["id"]},
            token=owner,
        )
        assert refused["code"] == "source.not-xml"

    async def test_more_comparisons_than_a_request_may_ask_for_are_refused(
        self, api: Api, analyst: str, owner: str, key: str
    ) -> None:
        version = (await approved(api, owner, await pending(api, analyst, key, bundle(key))))["definition"]
        many = " ".join(f"d{number}: diff(to: $id) {{ item }}" for number in range(21))
        answer = (
            await api.post(
                f"query ($id: ID!) {{ processDefinition(id: $id) {{ {many} }} }}",
                {"id": version["id"]},
                token=owner,
            )
        ).json()
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"request.too_many_rows"}

    async def test_a_customer_sees_the_process_and_neither_drafts_nor_decisions(
        self, api: Api, analyst: str, owner: str, key: str
    ) -> None:
        version = (await approved(api, owner, await pending(api, analyst, key, bundle(key))))["definition"]
        draft = (await saved(api, analyst, key, bundle(key, "check")))["draft"]
        seller = await api.person(f"sam-{key}", "seller_maker", party_id=UUID(int=3))
        found = await api.ask(
            """query ($id: ID!, $draft: ID!) {
                 processDefinition(id: $id) {
                   version bpmnXml requestedBy deployedBy sources { name } lint { code }
                   diff(to: $id) { item } }
                 draft(id: $draft) { id }
                 node(id: $draft) { id }
                 drafts { edges { node { id } } }
               }""",
            {"id": version["id"], "draft": draft["id"]},
            token=seller,
        )
        assert found == {
            "processDefinition": {
                "version": 1,
                "bpmnXml": bundle(key)[f"{key}.bpmn"],
                "requestedBy": None,
                "deployedBy": None,
                "sources": None,
                "lint": None,
                "diff": None,
            },
            "draft": None,
            "node": None,
            "drafts": {"edges": []},
        }


class TestCheckingWithoutSaving:
    LINT = """query ($key: String!, $sources: [SourceFileInput!]!) {
      lintSources(key: $key, sources: $sources) { code severity element message hint file } }"""

    async def test_findings_are_told_and_nothing_is_stored(self, api: Api, analyst: str, key: str) -> None:
        given = {"key": key, "sources": files(bundle(key, job="nobody.does"))}
        (finding,) = (await api.ask(self.LINT, given, token=analyst))["lintSources"]
        assert (finding["code"], finding["element"]) == ("job.unknown-type", "look")
        assert finding["message"]
        assert finding["hint"]
        async with api.database.reading() as sql:
            assert await sql.fetchval("SELECT count(*) FROM workflows.draft_view WHERE key = $1", key) == 0

    async def test_a_job_type_of_the_platform_is_known(self, api: Api, analyst: str, key: str) -> None:
        given = {"key": key, "sources": files(bundle(key, job="finance.purchase"))}
        assert (await api.ask(self.LINT, given, token=analyst))["lintSources"] == []

    @pytest.mark.parametrize(
        ("sources", "code"),
        [
            ([{"name": "p.bpmn", "text": "<a/>"}, {"name": "p.bpmn", "text": ""}], "definition.file_twice"),
            ([{"name": "q.bpmn", "text": "<a/>"}], "definition.file_missing"),
            (
                [{"name": "p.bpmn", "text": "<a/>"}, {"name": "x.dmn", "text": "x" * 10_000_000}],
                "definition.too_large",
            ),
        ],
    )
    async def test_what_is_no_bundle_is_refused(
        self, api: Api, analyst: str, sources: list[dict[str, str]], code: str
    ) -> None:
        refused = await api.refusal(self.LINT, {"key": "p", "sources": sources}, token=analyst)
        assert refused["code"] == code

    async def test_it_is_for_those_who_make_models(self, api: Api, key: str) -> None:
        clerk = await api.person("olivia", "operations")
        given = {"key": key, "sources": files(bundle(key))}
        refused = await api.refusal(self.LINT, given, token=clerk)
        assert refused["code"] == "definition.lint_forbidden"
