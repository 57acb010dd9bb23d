"""Searching cases over the API: what can be asked, who finds what, and pages that stay as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from support.api import Api
from support.api_world import ALPHA, BETA, HASH, Trade, build, insert, key

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
CASES = 8
Tokens = dict[str, str]
QUERY = """
query ($filter: CaseFilter, $sort: CaseSort! = LAST_STARTED, $first: Int = 100, $after: String) {
  cases(filter: $filter, sort: $sort, first: $first, after: $after) {
    edges { node { businessKey } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
COUNTS = """
query ($version: Int, $states: [String!], $completed: Boolean! = false) {
  elementCounts(definition: "search", version: $version, states: $states, completed: $completed) {
    element active incidents completed
  }
}
"""


async def add_case(api: Api, trade: Trade, number: int, *, version: int = 1) -> None:
    """Write a case of the process `search`; the variables tell its number in every kind."""
    ended = number % 4 == 3
    case_id = trade.id("searched", version, number)
    async with api.database.transaction() as tx:
        await insert(
            tx.sql,
            "workflows.case_",
            id=case_id,
            definition_id=key("search", version),
            product="search",
            business_key=f"{trade.seller[:4]}-v{version}-{number:02}",
            state="completed" if ended else "waiting",
            root=HASH,
            seller_id=trade.seller_id,
            buyer_id=trade.buyer_id,
            started_at=NOON + timedelta(days=number),
            ended_at=NOON + timedelta(days=number, hours=1) if ended else None,
            real_anchor=NOON,
            business_anchor=NOON,
            clock_rate=Decimal(1),
            business_now=NOON,
            active_elements=() if ended else ("check",),
            incidents=int(number == 0),
        )
        values: dict[str, dict[str, Any]] = {
            "amount": {"number": Decimal(number * 3)},
            "word": {"text": str(number * 3)},
            "even": {"boolean": number % 2 == 0},
            "due": {"moment": NOON + timedelta(days=number)},
            "papers": {},
        }
        for name, value in values.items():
            await insert(tx.sql, "workflows.variable", case_id=case_id, name=name, **value)
        if not ended:
            await insert(
                tx.sql,
                "workflows.case_element",
                case_id=case_id,
                element="check",
                active=2,
                incidents=int(number == 0),
            )
        await insert(
            tx.sql,
            "workflows.step",
            id=int.from_bytes(trade.id("done", version, number).bytes[:7]),
            case_id=case_id,
            seq=1,
            element="begin",
            kind="element.completed",
            at=NOON,
            entry_id=trade.id("entry", 1),
            data={},
        )


@pytest.fixture(scope="module")
async def people(api: Api) -> Tokens:
    await build(api.database)
    async with api.database.transaction() as tx:
        await tx.sql.execute("SET LOCAL session_replication_role = replica")
        for version in (1, 2):
            await insert(
                tx.sql,
                "workflows.definition",
                id=key("search", version),
                key="search",
                version=version,
                state="deployed",
            )
    for trade in (ALPHA, BETA):
        for number in range(CASES):
            await add_case(api, trade, number)
    await add_case(api, ALPHA, 0, version=2)
    async with api.database.transaction() as tx:
        await insert(
            tx.sql,
            "workflows.incident",
            id=key("open"),
            case_id=ALPHA.id("searched", 1, 0),
            code="job.failed",
            state="open",
        )
        await insert(
            tx.sql,
            "workflows.task",
            id=key("late"),
            case_id=BETA.id("searched", 1, 1),
            state="open",
            due=NOON + timedelta(hours=1),  # the clock of the API stands three weeks later
        )
    return {
        "seller": await api.person("alpha-maker", "seller_maker", party_id=ALPHA.seller_id),
        "buyer": await api.person("gamma-checker", "buyer_checker", party_id=ALPHA.buyer_id),
        "officer": await api.person("olga", "credit_officer"),
        "admin": await api.person("root", "admin"),
    }


async def search(api: Api, token: str, sort: str = "LAST_STARTED", **wanted: Any) -> list[str]:
    data = await api.ask(QUERY, {"filter": {"product": "search", **wanted}, "sort": sort}, token=token)
    return [edge["node"]["businessKey"] for edge in data["cases"]["edges"]]


def variable(name: str, op: str = "EQ", **value: Any) -> dict[str, Any]:
    return {"variables": [{"name": name, "op": op, **value}]}


def numbers(keys: list[str]) -> set[int]:
    return {int(each[-2:]) for each in keys}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"states": ["completed"]}, {3, 7}),
        ({"states": ["waiting", "completed"]}, set(range(CASES))),
        ({"version": 2}, {0}),
        ({"element": "check"}, {0, 1, 2, 4, 5, 6}),
        ({"element": "elsewhere"}, set()),
        ({"businessKey": "Alph-v1-0"}, set(range(CASES))),
        ({"businessKey": "Alph-v1-03"}, {3}),
        ({"startedAfter": "2026-11-07T12:00:00Z"}, {5, 6, 7}),
        ({"startedBefore": "2026-11-04T12:00:00Z"}, {0, 1}),
        ({"endedAfter": "2026-11-09T00:00:00Z"}, {7}),
        ({"endedBefore": "2026-11-09T00:00:00Z"}, {3}),
        ({"hasIncident": True}, {0}),
        ({"hasIncident": False, "version": 1}, {1, 2, 3, 4, 5, 6, 7}),
        ({"incidentCode": "job.failed"}, {0}),
        ({"overdue": True}, {1}),
        (variable("amount", "GT", number="9"), {4, 5, 6, 7}),
        (variable("amount", "EQ", number="9.000"), {3}),
        (variable("amount", "IN", numbers=["3", "6"]), {1, 2}),
        (variable("amount", "EQ", text="9"), set()),
        (variable("word", "EQ", text="9"), {3}),
        (variable("word", "PREFIX", text="1"), {4, 5, 6}),
        (variable("word", "IN", texts=["9", "12"]), {3, 4}),
        (variable("even", boolean=True), {0, 2, 4, 6}),
        (variable("even", "NE", boolean=True), {1, 3, 5, 7}),
        (variable("due", "LE", date="2026-11-04"), {0, 1}),
        (variable("due", "GE", time="2026-11-08T13:00:00+01:00"), {6, 7}),
        (variable("papers", "EXISTS"), set(range(CASES))),
        (variable("nothing", "EXISTS"), set()),
    ],
)
async def test_each_filter_finds_what_fits(
    api: Api, people: Tokens, wanted: dict[str, Any], expected: set[int]
) -> None:
    assert numbers(await search(api, people["officer"], **wanted)) == expected


async def test_filters_narrow_together(api: Api, people: Tokens) -> None:
    wanted = {
        "states": ["waiting"],
        "startedAfter": "2026-11-04T12:00:00Z",
        "variables": [
            {"name": "amount", "op": "GE", "number": "9"},
            {"name": "amount", "op": "LT", "number": "15"},
        ],
    }
    assert sorted(await search(api, people["officer"], **wanted)) == ["Alph-v1-04", "Beta-v1-04"]


async def test_cases_are_sorted(api: Api, people: Tokens) -> None:
    officer = people["officer"]
    newest = await search(api, officer)
    assert [int(each[-2:]) for each in newest] == sorted((int(each[-2:]) for each in newest), reverse=True)
    assert await search(api, officer, "FIRST_STARTED") == newest[::-1]
    by_key = await search(api, officer, "BUSINESS_KEY")
    assert by_key == sorted(newest)
    ended = await search(api, officer, "LAST_ENDED")
    assert [int(each[-2:]) for each in ended] == [7, 7, 3, 3]


@pytest.mark.parametrize("sort", ["LAST_STARTED", "FIRST_STARTED", "LAST_ENDED", "BUSINESS_KEY"])
async def test_pages_stay_as_they_are_while_cases_are_added(api: Api, people: Tokens, sort: str) -> None:
    officer = people["officer"]
    wanted = {"product": "search", "version": 1}
    expected = await search(api, officer, sort, version=1)
    seen: list[str] = []
    asked: dict[str, Any] = {"filter": wanted, "sort": sort, "first": 3, "after": None}
    added = 100 + 100 * ["LAST_STARTED", "FIRST_STARTED", "LAST_ENDED", "BUSINESS_KEY"].index(sort)
    while True:
        page = (await api.ask(QUERY, asked, token=officer))["cases"]
        seen += [edge["node"]["businessKey"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        asked["after"] = page["pageInfo"]["endCursor"]
        added += 1
        await add_case(api, ALPHA, added)
    # New cases may stand behind the place where one reads, as these that started last; none is told twice.
    assert [each for each in seen if each in expected] == expected
    assert len(seen) == len(set(seen))
    async with api.database.transaction() as tx:
        await tx.sql.execute(r"DELETE FROM workflows.case_ WHERE business_key ~ '-v1-\d{3}$'")
        await tx.sql.execute(
            "DELETE FROM workflows.case_element e"
            " WHERE NOT EXISTS (SELECT FROM workflows.case_ c WHERE c.id = e.case_id)"
        )


async def test_a_cursor_of_another_order_is_refused(api: Api, people: Tokens) -> None:
    officer = people["officer"]
    page = (await api.ask(QUERY, {"first": 1, "sort": "BUSINESS_KEY"}, token=officer))["cases"]
    asked = {"after": page["pageInfo"]["endCursor"], "sort": "LAST_STARTED"}
    assert (await api.refusal(QUERY, asked, token=officer))["code"] == "page.cursor_invalid"


async def test_a_party_finds_its_own_cases_only(api: Api, people: Tokens) -> None:
    for party in ("seller", "buyer"):
        own = await search(api, people[party])
        assert len(own) == CASES + 1
        assert all(each.startswith("Alph") for each in own)
        assert await search(api, people[party], businessKey="Beta") == []
    assert await search(api, people["admin"]) == []


@pytest.mark.parametrize(
    "wanted",
    [variable("amount", "GT", number="5"), {"incidentCode": "job.failed"}, {"overdue": True}],
)
async def test_a_party_cannot_probe_what_the_bank_found_out(
    api: Api, people: Tokens, wanted: dict[str, Any]
) -> None:
    for party in ("seller", "buyer", "admin"):
        refused = await api.refusal(QUERY, {"filter": wanted}, token=people[party])
        assert refused["code"] == "search.not_yours"


async def test_elements_are_counted_within_the_scope(api: Api, people: Tokens) -> None:
    def line(element: str, *counts: int | None) -> dict[str, Any]:
        return dict(zip(("element", "active", "incidents", "completed"), (element, *counts), strict=True))

    async def counted(token: str, **asked: Any) -> list[dict[str, Any]]:
        counts: list[dict[str, Any]] = (await api.ask(COUNTS, asked, token=token))["elementCounts"]
        return counts

    officer, seller = people["officer"], people["seller"]
    assert await counted(officer) == [line("check", 26, 3, None)]
    assert await counted(officer, version=1) == [line("check", 24, 2, None)]
    assert await counted(officer, version=1, states=["completed"]) == []
    assert await counted(officer, version=1, completed=True) == [
        line("begin", 0, 0, 16),
        line("check", 24, 2, 0),
    ]
    assert await counted(seller, version=1, completed=True) == [
        line("begin", 0, None, 8),
        line("check", 12, None, 0),
    ]
    assert await counted(people["admin"], completed=True) == []
    refused = await api.refusal(COUNTS, {"states": ["odd"]}, token=officer)
    assert refused["code"] == "search.state_unknown"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"states": ["odd"]}, "search.state_unknown"),
        ({"version": 1}, "search.version_alone"),
        (variable("a", "IN", text="x"), "search.values_wrong"),
        (variable("a", "IN", texts=["x"], numbers=["1"]), "search.values_wrong"),
        (variable("a", "EQ", texts=["x"]), "search.values_wrong"),
        (variable("a", "EQ", text="x", number="1"), "search.values_wrong"),
        (variable("a", "EQ"), "search.values_wrong"),
        (variable("a", "EXISTS", text="x"), "search.values_wrong"),
        (variable("a", "LT", boolean=True), "search.kind_wrong"),
        (variable("a", "EQ", text="x" * 201), "search.text_too_long"),
        (variable("a", "EQ", text="\x00"), "request.text_invalid"),
        (variable("\x00", "EXISTS"), "request.text_invalid"),
        ({"element": "\x00"}, "request.text_invalid"),
        ({"businessKey": "\x00"}, "request.text_invalid"),
    ],
)
async def test_what_cannot_be_asked_is_told(
    api: Api, people: Tokens, wanted: dict[str, Any], code: str
) -> None:
    assert (await api.refusal(QUERY, {"filter": wanted}, token=people["officer"]))["code"] == code


@pytest.mark.parametrize("number", [9, 9.5, "9e5", "NaN", "1; DROP TABLE workflows.case_"])
async def test_a_number_is_a_decimal_string(api: Api, people: Tokens, number: Any) -> None:
    answer = (
        await api.post(QUERY, {"filter": variable("amount", "GT", number=number)}, token=people["officer"])
    ).json()
    assert "Decimal cannot represent" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    "text", ["' OR true --", "?", "$1", "%", "_", "'; DROP TABLE workflows.case_; --", "\\", "\U0010ffff"]
)
async def test_texts_are_values_and_never_sql(api: Api, people: Tokens, text: str) -> None:
    officer = people["officer"]
    for wanted in (
        {"element": text},
        {"businessKey": text},
        {"incidentCode": text},
        {"product": text},
        variable("word", "EQ", text=text),
        variable("word", "PREFIX", text=text),
        variable("word", "IN", texts=[text, "?"]),
        variable(text, "EXISTS"),
    ):
        assert await search(api, officer, **wanted) == []
    assert len(await search(api, officer)) == 2 * CASES + 1
