"""Search: what one client wrote is found by the next call, compared by kind, by an index."""

from __future__ import annotations

import importlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from bpmn.values import DayTimeDuration, Value
from core import InvalidInput
from support.cases import Platform
from support.jobs import Jobs
from workflows import Actor, find_cases
from workflows.search import CaseFilter, Op, VariableTest, read_test
from workflows.searchable import Searchable, changes

OFFICER = Actor("olivia", frozenset({"credit_officer"}))
NOW = datetime(2026, 6, 1, tzinfo=UTC)
DUE = {"$dt": "2026-03-01T09:00:00Z"}


async def found(platform: Platform, *, now: datetime = NOW, **wanted: Any) -> set[UUID]:
    async with platform.database.reading() as sql:
        return {row["id"] for row in await find_cases(sql, CaseFilter(**wanted), now, 1000)}


async def fits(platform: Platform, case_id: UUID, *tests: str) -> bool:
    return case_id in await found(platform, variables=[read_test(test) for test in tests])


async def elements(platform: Platform, case_id: UUID) -> dict[str, tuple[int, int]]:
    rows = await platform.rows("SELECT * FROM workflows.element_view WHERE case_id = $1", case_id)
    return {row["element"]: (row["active"], row["incidents"]) for row in rows}


async def start(platform: Platform, **variables: Any) -> UUID:
    """Start a case with two checks."""
    given = {"parts": [1, 2], "due": DUE, "amount": 10, **variables}
    return await platform.start("checked", given, clock={"start": "2026-01-01T00:00:00Z"})


async def test_what_was_written_is_found_by_the_next_call(platform: Platform) -> None:
    case_id = await start(platform, amount={"$n": "1000.50"})
    assert await fits(platform, case_id, "amount=1000.5")
    assert not await fits(platform, case_id, "offer")
    assert case_id in await found(platform, element="check")
    for _ in range(2):
        await platform.complete(case_id, "check", OFFICER, decision="approve")
    assert await fits(platform, case_id, "offer.amount>=1000", "offer.count=2", "offer.day=2026-03-01")
    assert case_id not in await found(platform, element="check")
    assert case_id in await found(platform, element="sign")
    await platform.complete(case_id, "sign", OFFICER, decision="approve")
    assert case_id not in await found(platform, element="sign")
    assert case_id in await found(platform, states=["completed"], product="checked", version=1)
    assert await fits(platform, case_id, "offer.amount>=1000")


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("amount>9", True),  # as texts, "10" would come first
        ("amount<9", False),
        ("amount=10", True),
        ("amount=10.00", True),
        ('amount="10"', False),
        ('word="10"', True),
        ("word=10", False),
        ("amount!=10", False),
        ("amount!=11", True),
        ("missing!=11", False),
        ("word!=10", False),  # no number, so no other number either
        ("urgent=true", True),
        ("urgent=false", False),
        ("urgent!=false", True),
        ("day>2026-02-27", True),
        ("day=2026-02-28", True),
        ("due<2026-03-01T10:00:00+01:00", False),
        ("due<=2026-03-01T10:00:00+01:00", True),
        ("due>2026-02-28", True),
        ("name^=Nord", True),
        ("name^=nord", False),
        ("name^=Nord%", False),
        ("name^=", True),
        ("name<Süd", True),
        ("parts", True),
        ("parts=1", False),
        ("nothing", False),
        ("missing", False),
        ("terms.days=30", True),
        ("terms", True),
        ("long", True),
        ("long^=xxx", False),
        ("odd^=\U0010ffff", True),
        ("odd^=\U0010ffff\U0010ffff", False),
    ],
)
async def test_values_are_compared_by_their_kind(platform: Platform, test: str, expected: bool) -> None:
    case_id = await start(
        platform,
        amount=10,
        word="10",
        urgent=True,
        day={"$d": "2026-02-28"},
        name="Nordwind 100 %",
        nothing=None,
        terms={"days": 30},
        long="x" * 201,
        odd="\U0010ffffa",
    )
    assert await fits(platform, case_id, test) is expected


async def test_one_of_several_values(platform: Platform) -> None:
    case_id = await start(platform, country="AT")
    for values, expected in ((("DE", "AT"), True), (("DE",), False)):
        tests = [VariableTest("country", Op.IN, values)]
        assert (case_id in await found(platform, variables=tests)) is expected


async def test_a_value_that_changes_leaves_no_trace(platform: Platform, jobs: Jobs) -> None:
    before: dict[str, Value] = {"a": Decimal(1), "b": {"x": "one", "y": True}, "c": "kept"}
    after: dict[str, Value] = {"a": "1", "b": {"x": "one"}, "c": "kept"}
    assert changes({}, before)[0]["b.y"] == Searchable(boolean=True)
    assert changes(before, after) == ({"a": Searchable(text="1")}, ["b.y"])
    assert changes(before, {}) == ({}, ["a", "b", "b.x", "b.y", "c"])


def test_the_index_of_one_case_is_bounded() -> None:
    deep: Value = "bottom"
    for _ in range(10):
        deep = {"in": deep}
    wide: Value = {f"key{number}": Decimal(number) for number in range(1000)}
    written, _ = changes({}, {"deep": deep, "wide": wide, "n" * 201: True, "bad\x00": True, "nul": "a\x00"})
    assert sorted(name for name in written if name.startswith("deep")) == [
        "deep",
        "deep.in",
        "deep.in.in",
        "deep.in.in.in",
    ]
    assert len([name for name in written if name.startswith("wide")]) == 100
    assert written["nul"] == Searchable()
    assert set(written) == {name for name in written if name.startswith(("deep", "wide"))} | {"nul"}


def test_each_value_has_its_place_in_the_index() -> None:
    values: dict[str, Value] = {
        "text": "a",
        "number": Decimal("1.50"),
        "whole": 7,
        "boolean": False,
        "date": date(2026, 1, 2),
        "local": datetime(2026, 1, 2, 3),
        "first": datetime.min.replace(tzinfo=UTC) - timedelta(0),
        "duration": DayTimeDuration(5),
        "list": ["a"],
    }
    assert changes({}, values)[0] == {
        "text": Searchable(text="a"),
        "number": Searchable(number=Decimal("1.5")),
        "whole": Searchable(number=Decimal(7)),
        "boolean": Searchable(boolean=False),
        "date": Searchable(moment=datetime(2026, 1, 2, tzinfo=UTC)),
        "local": Searchable(moment=datetime(2026, 1, 2, 3, tzinfo=UTC)),
        "first": Searchable(moment=datetime.min.replace(tzinfo=UTC)),
        "duration": Searchable(),
        "list": Searchable(),
    }


async def test_tokens_and_incidents_are_counted_where_they_are(platform: Platform, jobs: Jobs) -> None:
    case_id = await start(platform)
    assert (await elements(platform, case_id))["check"][0] >= 2
    jobs.fails = True
    try:
        broken = await platform.start("fragile")
    finally:
        jobs.fails = False
    assert await elements(platform, broken) == {"work": (1, 1)}
    assert broken in await found(platform, has_incident=True)
    assert broken in await found(platform, incident_code="test.not_now")
    assert broken not in await found(platform, has_incident=False)
    (incident,) = await platform.rows("SELECT id FROM workflows.incident_view WHERE case_id = $1", broken)
    await platform.perform("incident.retry", {"incident_id": str(incident["id"])}, case_id=broken, actor=OPS)
    assert await elements(platform, broken) == {}
    assert broken not in await found(platform, incident_code="test.not_now")


OPS = Actor("oona", frozenset({"operations"}))


async def test_a_task_past_its_date_is_overdue_by_the_clock_of_its_case(platform: Platform) -> None:
    case_id = await start(platform)
    (row,) = await platform.rows("SELECT real_anchor FROM workflows.case_ WHERE id = $1", case_id)
    begun = row["real_anchor"]  # when it was the first of January in the case; its tasks are due on 1 March
    for days, expected in ((58, False), (60, True)):
        now = begun + timedelta(days=days)
        assert (case_id in await found(platform, now=now, overdue=True)) is expected
        assert (case_id in await found(platform, now=now, overdue=False)) is not expected


async def test_keys_and_times_narrow(platform: Platform) -> None:
    key = f"key_{uuid4()}"
    case_id = await platform.start("straight", business_key=key, clock={"start": "2025-05-01T00:00:00Z"})
    day = datetime(2025, 5, 1, tzinfo=UTC)
    assert await found(platform, business_key=key[:20]) == {case_id}
    assert await found(platform, business_key=f"{key}x") == set()
    assert await found(platform, business_key="%") == set()
    assert case_id in await found(platform, started_from=day, ended_before=day + timedelta(days=1))
    assert case_id not in await found(platform, started_before=day)
    assert case_id not in await found(platform, ended_from=day + timedelta(days=1))


HOSTILE = [
    "'; DROP TABLE workflows.case_; --",
    "$1",
    "?",
    "a?b$2",
    '"x"',
    "%",
    "\\",
    "v.name",
    "x' OR 1=1 --",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_texts_are_values_and_never_sql(platform: Platform, text: str) -> None:
    case_id = await start(platform, said=text)
    for op in (Op.EQ, Op.PREFIX, Op.IN):
        tests = [VariableTest("said", op, (text,)), VariableTest(text, Op.EXISTS)]
        assert case_id in await found(platform, variables=tests[:1])
        assert case_id not in await found(platform, variables=tests)
    for name in ("product", "element", "business_key", "incident_code"):
        assert case_id not in await found(platform, **{name: text})


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda: CaseFilter(states=["sleeping"]), "search.state_unknown"),
        (lambda: CaseFilter(version=1), "search.version_alone"),
        (lambda: CaseFilter(product="p", version=2**31), "search.version_invalid"),
        (lambda: CaseFilter(variables=[VariableTest("a", Op.EXISTS)] * 11), "search.too_much"),
        (lambda: VariableTest("a", Op.EXISTS, ("x",)), "search.values_wrong"),
        (lambda: VariableTest("a", Op.EQ), "search.values_wrong"),
        (lambda: VariableTest("a", Op.EQ, ("x", "y")), "search.values_wrong"),
        (lambda: VariableTest("a", Op.IN), "search.values_wrong"),
        (lambda: VariableTest("a", Op.IN, ("x", Decimal(1))), "search.values_wrong"),
        (lambda: VariableTest("a", Op.IN, ("x",) * 101), "search.values_wrong"),
        (lambda: VariableTest("a", Op.LT, (True,)), "search.kind_wrong"),
        (lambda: VariableTest("a", Op.PREFIX, (Decimal(1),)), "search.kind_wrong"),
        (lambda: VariableTest("a", Op.EQ, ("x" * 201,)), "search.text_too_long"),
        (lambda: read_test(">=5"), "search.test_invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused(wrong: Any, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        wrong()
    assert refused.value.code == code


async def test_cases_from_before_the_search_are_written_when_it_comes(platform: Platform) -> None:
    case_id = await start(platform, name="Nordwind")
    tables = ("variable", "case_element")
    reads = [f"SELECT * FROM workflows.{table} WHERE case_id = $1 ORDER BY 2" for table in tables]  # noqa: S608
    written = [await platform.rows(read, case_id) for read in reads]
    assert all(written)
    migration = importlib.import_module("workflows.migrations.0005_search")
    async with platform.database.reading() as sql:
        for table in tables:
            await sql.execute(f"DELETE FROM workflows.{table}")  # noqa: S608
    assert not await fits(platform, case_id, "name=Nordwind")
    await migration.index_cases(
        None, SimpleNamespace(client=SimpleNamespace(acquire_connection=platform.database.reading))
    )
    assert [await platform.rows(read, case_id) for read in reads] == written
