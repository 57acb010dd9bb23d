"""Alerts over the API: who sees scores sees them, an officer judges each once, and verdicts are counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from scoring.monitoring import Measure, raise_alerts
from support.api import Api
from support.api_world import ALPHA, BETA, NOON, build, insert, key
from support.commands import do
from support.inbox_worker import inbox_worker
from support.jobs import Jobs

ALERT = """
  id rule measure message currency value threshold amount raisedAt state note judgedBy judgedAt
  party { id } entry { entryId } judgedEntry { entryId kind actor }
"""
LIST = f"""
query ($party: ID, $state: AlertState, $rule: String, $first: Int, $after: String) {{
  alerts(partyId: $party, state: $state, rule: $rule, first: $first, after: $after) {{
    edges {{ node {{ {ALERT} }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
JUDGE = f"""
mutation ($input: JudgeAlertInput!) {{
  judgeAlert(input: $input) {{ command {{ id state }} userErrors {{ code field }} alert {{ {ALERT} }} }}
}}
"""
RATES = """
query ($since: DateTime!) { misjudgements(since: $since) { rule raised judged false rate low high } }
"""
BUYERS = (ALPHA.buyer_id, BETA.buyer_id)


@pytest.fixture(scope="module", autouse=True)
async def worker(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    await build(api.database)
    async with inbox_worker(api.database, tmp_path_factory.mktemp("keys"), api.clock, Jobs().effects):
        yield


@pytest.fixture(autouse=True)
async def no_alerts(api: Api) -> None:
    async with api.database.transaction() as tx:
        await tx.sql.execute("TRUNCATE scoring.alert")


@pytest.fixture(scope="module")
async def officer(api: Api) -> str:
    return await api.person("olga-a", "credit_officer")


async def raised(api: Api, rule: Any, buyer: UUID, kind: Any = "human_task") -> str:
    measure = Measure(rule, kind, buyer, "EUR", Decimal("9.0000"), Decimal(7), None, "Nine days later.")
    async with api.database.transaction() as tx:
        ((_, alert),) = await raise_alerts(tx, [measure], at=api.clock.now(), entry_id=uuid4())
    return f"Alert:{alert.id}"


async def listed(api: Api, token: str, **given: Any) -> list[str]:
    data = await api.ask(LIST, given, token=token)
    return [edge["node"]["id"] for edge in data["alerts"]["edges"]]


async def test_alerts_are_listed_by_party_state_and_rule_in_pages(api: Api, officer: str) -> None:
    drift = [await raised(api, "drift", buyer) for buyer in BUYERS]
    use = await raised(api, "utilisation", BUYERS[0])
    judged = await do(api, officer, JUDGE, alertId=drift[0], verdict="TRUE")
    assert judged["userErrors"] == []

    assert set(await listed(api, officer)) == {*drift, use}
    assert set(await listed(api, officer, party=f"Party:{BUYERS[0]}")) == {drift[0], use}
    assert set(await listed(api, officer, state="OPEN")) == {drift[1], use}
    assert await listed(api, officer, state="TRUE") == [drift[0]]
    assert await listed(api, officer, state="FALSE") == []
    assert await listed(api, officer, rule="utilisation") == [use]

    seen, after = [], None
    while True:
        page = (await api.ask(LIST, {"first": 1, "after": after}, token=officer))["alerts"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == 3
    assert set(seen) == {*drift, use}


async def test_an_officer_says_that_a_hold_was_false_and_the_limit_is_free(api: Api, officer: str) -> None:
    limit_id = key("held", "limit")
    async with api.database.transaction() as tx:
        await insert(
            tx.sql,
            "finance.limit_",
            id=limit_id,
            scope="BUYER",
            buyer_id=BUYERS[1],
            currency="EUR",
            state="ACTIVE",
            on_hold_since=NOON,
        )
    alert = await raised(api, "drift", BUYERS[1], "hold")
    given = {"alertId": alert, "verdict": "FALSE", "note": "A bank holiday."}
    answer = await do(api, officer, JUDGE, **given)

    told = answer["alert"]
    assert (told["state"], told["note"], told["judgedBy"]) == ("FALSE", "A bank holiday.", "olga-a")
    assert told["party"] == {"id": f"Party:{BUYERS[1]}"}
    assert told["judgedEntry"]["kind"] == "alert.judge"
    assert told["judgedEntry"]["actor"] == "user:olga-a"
    async with api.database.reading() as sql:
        held = await sql.fetchval("SELECT on_hold_since FROM finance.limit_ WHERE id = $1", limit_id)
    assert held is None


async def test_the_same_key_judges_once_and_no_other_verdict_follows(api: Api, officer: str) -> None:
    alert = await raised(api, "drift", BUYERS[0])
    once = {"idempotencyKey": str(uuid4()), "alertId": alert, "verdict": "TRUE"}
    first = await do(api, officer, JUDGE, **once)
    again = await do(api, officer, JUDGE, **once)
    assert first["command"] == again["command"]
    assert first["alert"] == again["alert"]
    reused = await do(api, officer, JUDGE, **{**once, "verdict": "FALSE"})
    assert [error["code"] for error in reused["userErrors"]] == ["command.key_reused"]
    other = await do(api, officer, JUDGE, alertId=alert, verdict="FALSE")
    assert [error["code"] for error in other["userErrors"]] == ["scoring.alert_judged"]
    second = await api.person("otto-a", "credit_officer_2")
    late = await do(api, second, JUDGE, alertId=alert, verdict="TRUE")
    assert [error["code"] for error in late["userErrors"]] == ["scoring.alert_judged"]
    unknown = await do(api, officer, JUDGE, alertId=f"Alert:{uuid4()}", verdict="TRUE")
    assert [error["code"] for error in unknown["userErrors"]] == ["scoring.alert_unknown"]


async def test_only_officers_judge_and_only_who_sees_scores_sees_alerts(api: Api) -> None:
    alert = await raised(api, "drift", BUYERS[0])
    auditor = await api.person("rita-a", "auditor")
    buyer = await api.person("gamma-a", "buyer_maker", party_id=BUYERS[0])
    modeller = await api.person("ada-a", "analyst")
    assert await listed(api, auditor) == [alert]
    assert await listed(api, buyer) == await listed(api, modeller) == []
    since = {"since": NOON.isoformat()}
    assert (await api.ask(RATES, since, token=buyer))["misjudgements"] == []
    for token in (auditor, buyer, modeller):
        refused = await do(api, token, JUDGE, alertId=alert, verdict="FALSE")
        assert [error["code"] for error in refused["userErrors"]] == ["command.forbidden"]


async def test_verdicts_tell_how_often_a_rule_was_wrong(api: Api, officer: str) -> None:
    for buyer, verdict in zip(BUYERS, ("TRUE", "FALSE"), strict=True):
        await do(api, officer, JUDGE, alertId=await raised(api, "drift", buyer), verdict=verdict)
    await raised(api, "dilution", BUYERS[0])
    data = await api.ask(RATES, {"since": NOON.isoformat()}, token=officer)
    dilution, drift = data["misjudgements"]
    assert (dilution["rule"], dilution["raised"], dilution["judged"], dilution["rate"]) == (
        "dilution",
        1,
        0,
        None,
    )
    assert (drift["rule"], drift["raised"], drift["judged"], drift["false"]) == ("drift", 2, 2, 1)
    assert drift["low"] < drift["rate"] == 0.5 < drift["high"]


async def test_an_erased_party_takes_what_was_written_of_its_alerts_with_it(api: Api, officer: str) -> None:
    party = key("party", "forgotten")
    async with api.database.transaction() as tx:
        await insert(
            tx.sql, "finance.legal_entity", id=party, identifier="0088:F", name="Forgotten", state="ACTIVE"
        )
    alert = await raised(api, "drift", party)
    judged = await do(api, officer, JUDGE, alertId=alert, verdict="TRUE", note="Anna Muster said so.")
    one, two = [await api.person(name, "compliance") for name in ("cara-a", "cleo-a")]
    asked = await do(
        api,
        one,
        "mutation ($input: RequestErasureInput!) { requestErasure(input: $input)"
        " { command { state } userErrors { code } erasure { id } } }",
        partyId=f"Party:{party}",
        reason="gone",
    )
    done = await do(
        api,
        two,
        "mutation ($input: ErasureInput!) { approveErasure(input: $input)"
        " { command { state } userErrors { code } erasure { state } } }",
        erasureId=asked["erasure"]["id"],
    )
    assert done["erasure"] == {"state": "DONE"}
    data = await api.ask(LIST, {"party": f"Party:{party}"}, token=officer)
    (left,) = [edge["node"] for edge in data["alerts"]["edges"]]
    assert (left["state"], left["message"], left["note"]) == ("TRUE", "", None)
    async with api.database.reading() as sql:
        kept = await sql.fetchval(
            "SELECT payload::text FROM workflows.command WHERE id = $1",
            UUID(judged["command"]["id"].removeprefix("Command:")),
        )
    assert "Anna Muster" not in kept
