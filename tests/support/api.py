"""The API under test: its real app on a real PostgreSQL, asked over ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from starlette.applications import Starlette

from core import Database
from scf_api import ApiSettings, create_account, create_app

PASSWORD = "a password that nobody guesses"
ORIGIN = "http://scf.test"


class HandClock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def turn(self, span: timedelta) -> None:
        self.time += span


@dataclass(frozen=True)
class Api:
    """A running API and what a test needs to talk to it."""

    app: Starlette
    settings: ApiSettings
    client: httpx.AsyncClient
    clock: HandClock
    database: Database

    async def post(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send an operation and return the HTTP answer."""
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        return await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=sent)

    async def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        """Send an operation that must succeed and return its data."""
        answer = (await self.post(query, variables, token=token)).json()
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def refusal(
        self, query: str, variables: Mapping[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        """Send an operation that must fail and return the one error's extensions, with its message."""
        answer = (await self.post(query, variables, token=token)).json()
        (error,) = answer["errors"]
        return {"message": error["message"], **error["extensions"]}

    async def account(self, name: str, *roles: str, party_id: UUID | None = None) -> str:
        """Create an account and return its name."""
        async with self.database.transaction() as tx:
            await create_account(
                tx, name=name, password=PASSWORD, roles=roles, party_id=party_id, at=self.clock.now()
            )
        return name

    async def log_in(self, name: str) -> str:
        """Log in and return the bearer token."""
        data = await self.ask(LOGIN, {"input": {"name": name, "password": PASSWORD}})
        self.client.cookies.clear()
        token: str = data["login"]["token"]
        return token

    async def person(self, name: str, *roles: str, party_id: UUID | None = None) -> str:
        """Create an account, log in and return the bearer token."""
        return await self.log_in(await self.account(name, *roles, party_id=party_id))


LOGIN = """
mutation Login($input: LoginInput!) {
  login(input: $input) { token me { name roles } userErrors { code field message hint } }
}
"""


@asynccontextmanager
async def running(settings: ApiSettings, clock: HandClock) -> AsyncIterator[Api]:
    """Run an app with its lifespan, as a server does."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app, client=("192.0.2.1", 4711))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client,
    ):
        yield Api(app, settings, client, clock, app.state.database)
