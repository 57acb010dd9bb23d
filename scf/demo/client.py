"""A small GraphQL client: what a front end of one person does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from core.errors import Broken, Forbidden, Unavailable

_ASK_AGAIN = 0.1  # seconds
_PATIENCE = 60.0  # for what is away, and for a command that the worker takes longer over than the API waits
_PASSING = ("database.unreachable",)


def api_client(url: str) -> httpx.AsyncClient:
    """Return the connections that all people of the demo share; each sends a token, so none keeps cookies."""
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(base_url=url, cookies=no_cookies, trust_env=False, timeout=30)


class Person:
    """Someone who is logged in to the API."""

    def __init__(self, name: str, http: httpx.AsyncClient, token: str) -> None:
        self.name = name
        self._http = http
        self.token = token

    @classmethod
    async def login(cls, http: httpx.AsyncClient, name: str, password: str) -> Person:
        """Open a session.

        Raises:
            Forbidden: what the API answers to a wrong name or password.
        """
        stranger = cls(name, http, "")
        data = await stranger.ask(_LOGIN, input={"name": name, "password": password})
        answer = data["login"]
        for error in answer["userErrors"]:
            raise Forbidden(error["code"], error["message"], where=name, hint=error["hint"])
        return cls(name, http, answer["token"])

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a query and return its data; while the API or its database is away, ask again.

        That is safe for mutations too: with its idempotency key a repeated one changes nothing.

        Raises:
            Unavailable: `demo.api_unreachable` when that lasts too long.
            Broken: the API's error code, when the query was refused.
        """
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            try:
                return await self._ask_once(document, variables)
            except Unavailable:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(_ASK_AGAIN)

    async def _ask_once(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = await self._http.post(
                "/graphql", json={"query": document, "variables": variables}, headers=headers
            )
            body = answer.json()
        except (httpx.HTTPError, ValueError) as failure:
            raise Unavailable("demo.api_unreachable", f"The API does not answer: {failure}.") from failure
        for error in body.get("errors", ()):
            details = error.get("extensions") or {}
            code = details.get("code", "demo.query_refused")
            kind = Unavailable if code in _PASSING or answer.status_code == 503 else Broken
            raise kind(code, error["message"], where=details.get("where"), hint=details.get("hint"))
        data: dict[str, Any] = body["data"]
        return data

    async def do(self, document: str, name: str, **fields: Any) -> dict[str, Any]:
        """Send a mutation and return its payload once the command is decided.

        The idempotency key makes it the same command each time, so asking until it is decided is safe.
        """
        async with asyncio.timeout(_PATIENCE):
            while True:
                payload: dict[str, Any] = (await self.ask(document, input=fields))[name]
                command = payload["command"]
                if command is None or command["state"] != "ACCEPTED":
                    return payload
                await asyncio.sleep(_ASK_AGAIN)


def refusal(payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the first reason why a command was refused; None when it was done."""
    errors = payload["userErrors"]
    return errors[0] if errors else None


_LOGIN = """
mutation Login($input: LoginInput!) {
  login(input: $input) { token userErrors { code message hint } }
}
"""
