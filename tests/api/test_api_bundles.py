"""Audit bundles over HTTP: auditors get all, sellers and buyers their own where an operator allows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from core import Database
from scf_api.bundle_routes import bundle_routes
from scf_api.case_bundles import CaseBundles
from support.api import Api
from support.api_world import ALPHA, BETA, build

Tokens = dict[str, str]


@pytest.fixture(scope="module")
async def people(api: Api) -> Tokens:
    await build(api.database)
    async with api.database.transaction() as tx:
        await tx.sql.execute(
            "INSERT INTO ledger.entry (index, entry_id, stream, seq, body, signature, leaf_hash, chain)"
            " SELECT row_number() OVER (ORDER BY position) - 1, entry_id, stream, seq, body, signature,"
            " sha256(body), sha256(body) FROM ledger.outbox"
        )
    return {
        "seller": await api.person("alpha-maker", "seller_maker", party_id=ALPHA.seller_id),
        "auditor": await api.person("rita", "auditor"),
        "officer": await api.person("olga", "credit_officer"),
    }


@asynccontextmanager
async def serving(api: Api, *, for_parties: bool) -> AsyncIterator[httpx.AsyncClient]:
    async def export(_database: Database, case_id: UUID, size: int) -> bytes:
        return f"{case_id} {size}".encode()

    app = Starlette(routes=bundle_routes(CaseBundles(export, for_parties), api.clock))
    app.state.database = api.database
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://scf.test") as client:
        yield client


async def cases(client: httpx.AsyncClient, token: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return await client.get("/bundles/cases", params={"since": 0, "size": 100}, headers=headers)


async def one(client: httpx.AsyncClient, token: str, case: object) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return await client.get(f"/bundles/cases/{case}", params={"size": 7}, headers=headers)


async def test_an_auditor_gets_every_case(api: Api, people: Tokens) -> None:
    both = {str(ALPHA.id("case")), str(BETA.id("case"))}
    async with serving(api, for_parties=False) as client:
        assert set((await cases(client, people["auditor"])).json()["cases"]) == both
        given = await one(client, people["auditor"], BETA.id("case"))
        assert (given.status_code, given.text) == (200, f"{BETA.id('case')} 7")


async def test_a_seller_gets_none_unless_an_operator_allows_it(api: Api, people: Tokens) -> None:
    async with serving(api, for_parties=False) as client:
        assert (await cases(client, people["seller"])).status_code == 403
        assert (await one(client, people["seller"], ALPHA.id("case"))).status_code == 403


async def test_a_seller_that_may_gets_its_own_only(api: Api, people: Tokens) -> None:
    async with serving(api, for_parties=True) as client:
        assert (await cases(client, people["seller"])).json() == {"cases": [str(ALPHA.id("case"))]}
        assert (await one(client, people["seller"], ALPHA.id("case"))).status_code == 200
        assert (await one(client, people["seller"], BETA.id("case"))).status_code == 404


async def test_other_roles_and_strangers_get_none(api: Api, people: Tokens) -> None:
    async with serving(api, for_parties=True) as client:
        assert (await cases(client, people["officer"])).status_code == 403
        assert (await cases(client, "no token")).status_code == 401
        assert (await one(client, people["auditor"], "no-case")).status_code == 404


async def test_without_a_way_to_make_them_there_are_no_routes(api: Api) -> None:
    assert bundle_routes(None, api.clock) == []
