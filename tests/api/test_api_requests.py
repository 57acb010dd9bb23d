"""What a request may look like: where it comes from, how large it is, and how much it asks for."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import asyncpg
import httpx
import pytest
from graphql import get_introspection_query

from scf_api import create_app
from scf_api.limits import MAX_ALIASES, MAX_DEPTH, MAX_FIELDS, MAX_TOKENS
from support.api import LOGIN, ORIGIN, PASSWORD, Api

ME = "{ me { name } }"


@pytest.fixture(scope="module")
async def auditor(api: Api) -> str:
    return await api.person("auditor", "auditor")


async def test_a_page_of_another_site_is_refused(api: Api) -> None:
    answer = await api.post(ME, headers={"origin": "https://evil.example"})

    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "request.origin_foreign"


@pytest.mark.parametrize(
    "origin",
    ["null", "http://scf.test.evil.example", "http://scf.test:81", "http://[", "scf.test", "//scf.test"],
)
async def test_an_origin_that_only_looks_like_our_own_is_refused(api: Api, origin: str) -> None:
    assert (await api.post(ME, headers={"origin": origin})).status_code == 403


async def test_a_request_that_rests_on_the_cookie_tells_its_origin(api: Api) -> None:
    await api.account("cookie-only", "auditor")
    await api.post(LOGIN, {"input": {"name": "cookie-only", "password": PASSWORD}})

    bare = await api.post(ME)
    with_origin = await api.post(ME, headers={"origin": ORIGIN})
    with_header = await api.post(ME, headers={"x-scf-client": "web"})
    api.client.cookies.clear()

    assert bare.json()["errors"][0]["extensions"]["code"] == "request.origin_missing"
    assert with_origin.json()["data"]["me"]["name"] == "cookie-only"
    assert with_header.json()["data"]["me"]["name"] == "cookie-only"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_what_a_form_of_another_site_could_send_is_not_executed(api: Api, content_type: str) -> None:
    answer = await api.client.post(
        "/graphql", content=b'{"query": "{ me { name } }"}', headers={"content-type": content_type}
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "request.invalid"


async def test_operations_are_not_executed_by_get(api: Api) -> None:
    answer = await api.client.get("/graphql", params={"query": ME})

    assert "text/html" in answer.headers["content-type"]
    assert '"data"' not in answer.text


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"query": 1}', b'{"variables": {}}', b"\xff\xfe"]
)
async def test_a_body_that_is_no_operation_is_refused_with_a_code(api: Api, body: bytes) -> None:
    answer = await api.client.post("/graphql", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "request.invalid"


async def test_a_stranger_sends_64_kib_at_most(api: Api) -> None:
    answer = await api.post(ME, {"filler": "x" * 70_000})

    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"]["code"] == "request.too_large"


async def test_the_size_is_counted_not_believed(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 8192

    answer = await api.client.post("/graphql", content=chunks(), headers={"content-type": "application/json"})

    assert answer.status_code == 413


async def test_a_login_lifts_the_limit_to_what_a_document_needs(api: Api) -> None:
    token = await api.person("uploader", "auditor")

    enough = await api.post(ME, {"filler": "x" * 14_000_000}, token=token)
    too_much = await api.post(ME, {"filler": "x" * 14_300_000}, token=token)

    assert enough.json()["data"] == {"me": {"name": "uploader"}}
    assert too_much.status_code == 413


async def test_a_document_that_is_too_deep_is_refused(api: Api, auditor: str) -> None:
    query = "{ tasks { edges { node { " + "case { tasks { edges { node { " * 4 + "id" + " }" * 20

    refused = await api.post(query, token=auditor)

    assert str(MAX_DEPTH) in refused.json()["errors"][0]["message"]


async def test_a_document_with_many_aliases_is_refused(api: Api) -> None:
    query = "{" + " ".join(f"a{number}: me {{ name }}" for number in range(MAX_ALIASES + 1)) + "}"

    assert "aliases" in (await api.refusal(query))["message"]


async def test_a_document_with_many_tokens_is_refused(api: Api) -> None:
    assert str(MAX_TOKENS) in (await api.refusal("{ me {" + " name" * MAX_TOKENS + "} }"))["message"]


async def test_fragments_that_double_each_other_are_refused_at_once(api: Api) -> None:
    links = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    query = f"{{ ...F0 }} {links} fragment F60 on Query {{ me {{ name }} }}"

    async with asyncio.timeout(10):
        refused = await api.refusal(query)

    assert f"at most {MAX_FIELDS}" in refused["message"]


async def test_fragments_count_as_deep_as_they_are_used(api: Api, auditor: str) -> None:
    link = "fragment F{} on Case {{ tasks {{ edges {{ node {{ case {{ ...F{} }} }} }} }} }}"
    links = " ".join(link.format(n, n + 1) for n in range(4))
    query = f"{{ cases {{ edges {{ node {{ ...F0 }} }} }} }} {links} fragment F4 on Case {{ id }}"

    assert str(MAX_DEPTH) in (await api.refusal(query, token=auditor))["message"]


async def test_a_fragment_within_itself_is_refused(api: Api) -> None:
    refused = await api.refusal("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }")

    assert "within itself" in refused["message"]


async def test_the_explorer_may_ask_for_the_whole_contract(api: Api) -> None:
    answer = await api.ask(get_introspection_query(input_value_deprecation=True))

    assert answer["__schema"]["queryType"]["name"] == "Query"


@pytest.mark.parametrize("first", [0, -1, 101, 1_000_000])
async def test_a_page_is_bounded(api: Api, auditor: str, first: int) -> None:
    refused = await api.refusal(
        "query ($first: Int) { invoices(first: $first) { edges { cursor } } }",
        {"first": first},
        token=auditor,
    )

    assert (refused["code"], refused["where"]) == ("page.size_invalid", "first")


@pytest.mark.parametrize("after", ["", "x", "W10", "bnVsbA", "WyIyMDI2LTEtMSIsMV0", "' OR 1=1 --"])
async def test_what_is_no_cursor_is_refused(api: Api, auditor: str, after: str) -> None:
    refused = await api.refusal(
        "query ($after: String) { invoices(after: $after) { edges { cursor } } }",
        {"after": after},
        token=auditor,
    )

    assert refused["code"] == "page.cursor_invalid"


@pytest.mark.parametrize("field", ["documents", "ledgerEntries"])
@pytest.mark.parametrize("key", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", True, 2**63])
async def test_a_cursor_beyond_every_row_is_refused(api: Api, auditor: str, field: str, key: object) -> None:
    after = base64.urlsafe_b64encode(json.dumps([key, str(UUID(int=1))]).encode()).decode()

    refused = await api.refusal(
        f"query ($after: String) {{ {field}(after: $after) {{ edges {{ cursor }} }} }}",
        {"after": after},
        token=auditor,
    )

    assert refused["code"] == "page.cursor_invalid"


async def test_a_text_with_nul_is_refused_wherever_it_stands(api: Api, auditor: str) -> None:
    in_filter = "query ($state: String) { invoices(state: $state) { edges { cursor } } }"
    in_literal = '{ ledgerEntries(stream: "a\\u0000") { edges { cursor } } }'
    name = {"input": {"name": "a\0b", "password": PASSWORD}}

    codes = [
        (await api.refusal(in_filter, {"state": "a\0"}, token=auditor))["code"],
        (await api.refusal(in_literal, token=auditor))["code"],
        (await api.refusal(LOGIN, name))["code"],
    ]

    assert codes == ["request.text_invalid"] * 3


@pytest.mark.parametrize("id_", ["", "Invoice", "Invoice:", "Invoice:1", "Invoice:'; DROP TABLE x", ":"])
async def test_what_is_no_id_is_refused(api: Api, auditor: str, id_: str) -> None:
    refused = await api.refusal("query ($id: ID!) { node(id: $id) { id } }", {"id": id_}, token=auditor)

    assert refused["code"] == "id.invalid"


async def test_an_error_of_the_document_tells_its_place(api: Api) -> None:
    answer = (await api.post("{ me { nickname } }")).json()

    assert answer["errors"][0]["extensions"]["code"] == "graphql.invalid"
    assert answer["errors"][0]["locations"] == [{"line": 1, "column": 8}]


async def test_an_unexpected_error_is_masked_and_logged_without_its_text(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = await api.person("unlucky", "auditor")

    async def explode(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError(f"the secret is {47 * 100 + 11}")

    monkeypatch.setattr("scf_api.repository.Repository.page", explode)
    with caplog.at_level(logging.ERROR):
        answer = await api.post("{ invoices { edges { cursor } } }", token=token)
    error = answer.json()["errors"][0]

    assert error["extensions"]["code"] == "internal.unexpected"
    assert error["extensions"]["where"] in caplog.text
    assert "4711" not in answer.text
    assert "4711" not in caplog.text


async def test_a_server_with_enough_to_do_says_so(api: Api) -> None:
    full = create_app(replace(api.settings, max_requests=0))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(full), base_url=ORIGIN) as client:
        answer = await client.post("/graphql", json={"query": ME})

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["errors"][0]["extensions"]["code"] == "server.busy"


async def test_a_server_that_has_not_started_is_alive_but_not_ready(api: Api) -> None:
    starting = create_app(api.settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(starting), base_url=ORIGIN) as client:
        health, ready = await client.get("/healthz"), await client.get("/readyz")
        asked = await client.post("/graphql", json={"query": ME})

    assert (health.status_code, ready.status_code, asked.status_code) == (200, 503, 503)


async def test_a_started_server_is_ready(api: Api) -> None:
    assert (await api.client.get("/healthz")).json() == {"status": "ok"}
    assert (await api.client.get("/readyz")).json() == {"status": "ready"}


async def test_the_api_finds_the_database_again_after_it_lost_every_connection(
    api: Api, auditor: str
) -> None:
    killer = await asyncpg.connect(api.settings.database_url)
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await killer.close()

    answers = [await api.post("{ invoices { edges { cursor } } }", token=auditor) for _ in range(10)]
    codes = [
        answer.json()["errors"][0]["extensions"]["code"] for answer in answers if answer.status_code == 503
    ]

    assert answers[-1].json() == {"data": {"invoices": {"edges": []}}}
    assert set(codes) <= {"database.unreachable"}
