"""Sessions: logging in and out, what proves a session, and how guessing is slowed down."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

from support.api import LOGIN, PASSWORD, Api

ME = "{ me { name roles } }"


async def attempt(api: Api, name: str, password: str) -> dict[str, Any]:
    data = await api.ask(LOGIN, {"input": {"name": name, "password": password}})
    api.client.cookies.clear()
    login: dict[str, Any] = data["login"]
    return login


async def test_a_login_answers_with_a_token_that_works_as_a_bearer(api: Api) -> None:
    token = await api.person("anna", "auditor")

    assert await api.ask(ME, token=token) == {"me": {"name": "anna", "roles": ["auditor"]}}


async def test_a_login_sets_a_cookie_that_scripts_and_other_sites_cannot_use(api: Api) -> None:
    await api.account("cookie", "auditor")

    answer = await api.post(LOGIN, {"input": {"name": "cookie", "password": PASSWORD}})
    cookie = answer.headers["set-cookie"]
    mine = await api.post(ME, headers={"origin": "http://scf.test"})
    api.client.cookies.clear()

    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert mine.json()["data"]["me"]["name"] == "cookie"


async def test_without_a_login_there_is_nobody_and_nothing(api: Api) -> None:
    refused = await api.refusal("{ invoices { edges { node { number } } } }")

    assert await api.ask(ME) == {"me": None}
    assert refused["code"] == "auth.required"
    assert "login" in refused["hint"]


async def test_a_wrong_password_an_unknown_name_and_a_disabled_account_are_told_alike(api: Api) -> None:
    await api.account("wrong", "auditor")
    await api.account("gone", "auditor")
    async with api.database.transaction() as tx:
        await tx.sql.execute("UPDATE api.account SET disabled = true WHERE name = 'gone'")

    told = [
        await attempt(api, "wrong", "not the password at all"),
        await attempt(api, "nobody-of-this-name", PASSWORD),
        await attempt(api, "gone", PASSWORD),
    ]

    assert told[0] == told[1] == told[2]
    assert told[0]["userErrors"][0]["code"] == "auth.wrong"
    assert told[0]["token"] is None


async def test_disabling_an_account_ends_its_sessions_at_once(api: Api) -> None:
    token = await api.person("fired", "auditor")
    async with api.database.transaction() as tx:
        await tx.sql.execute("UPDATE api.account SET disabled = true WHERE name = 'fired'")

    assert await api.ask(ME, token=token) == {"me": None}


async def test_a_session_expires(api: Api) -> None:
    token = await api.person("sleepy", "auditor")

    api.clock.turn(timedelta(hours=api.settings.session_hours))

    assert await api.ask(ME, token=token) == {"me": None}


async def test_a_logout_ends_the_session_and_clears_the_cookie(api: Api) -> None:
    token = await api.person("leaving", "auditor")

    answer = await api.post("mutation { logout { userErrors { code } } }", token=token)

    assert 'scf_session=""' in answer.headers["set-cookie"]
    assert await api.ask(ME, token=token) == {"me": None}


async def test_the_database_holds_only_the_hash_of_a_token(api: Api) -> None:
    token = await api.person("hashed-token", "auditor")

    async with api.database.reading() as sql:
        stored = [row["token_hash"] for row in await sql.fetch("SELECT token_hash FROM api.session")]

    assert hashlib.sha256(token.encode()).hexdigest() in stored
    assert token not in stored


async def test_guessing_one_accounts_password_has_to_wait(api: Api) -> None:
    await api.account("victim", "auditor")
    for _ in range(5):
        assert (await attempt(api, "victim", "a wrong password"))["userErrors"][0]["code"] == "auth.wrong"

    refused = await attempt(api, "victim", PASSWORD)
    api.clock.turn(timedelta(minutes=1))
    accepted = await attempt(api, "victim", PASSWORD)

    assert refused["userErrors"][0]["code"] == "auth.throttled"
    assert "seconds" in refused["userErrors"][0]["hint"]
    assert accepted["token"]


async def test_guesses_that_are_sent_at_once_are_throttled_too(api: Api) -> None:
    await api.account("burst", "auditor")

    answers = await asyncio.gather(*(attempt(api, "burst", "a wrong password") for _ in range(12)))
    codes = [answer["userErrors"][0]["code"] for answer in answers]

    assert codes.count("auth.wrong") == 5
    assert codes.count("auth.throttled") == 7


async def test_guessing_many_names_from_one_address_has_to_wait(api: Api) -> None:
    api.clock.turn(timedelta(hours=2))
    codes = [
        (await attempt(api, f"name-{number}", "a wrong password"))["userErrors"][0]["code"]
        for number in range(22)
    ]
    api.clock.turn(timedelta(hours=2))

    assert codes[:20] == ["auth.wrong"] * 20
    assert codes[20:] == ["auth.throttled"] * 2
