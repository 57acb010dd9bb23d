"""Plans: whatever is searched, an index finds it, and only a small part of 20,000 cases is read."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio
from conftest import NewDatabase

from workflows import case_conditions
from workflows.search import CaseFilter, Op, VariableTest, read_test
from workflows.worker import rooms

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def many(new_database: NewDatabase) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A database with 20,000 cases of four processes, half of them ended."""
    sql = await asyncpg.connect(await new_database(rooms()))
    try:
        await sql.execute(MANY.read_text())
        yield sql
    finally:
        await sql.close()


CASES = 20_000
MANY = Path(__file__).parent / "many_cases.sql"
MINUTE = timedelta(minutes=1)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FILTERS: dict[str, CaseFilter] = {
    "nothing": CaseFilter(),
    "state": CaseFilter(states=["incident"]),
    "product and version": CaseFilter(product="process3", version=2),
    "element": CaseFilter(element="element4"),
    "business key": CaseFilter(business_key="key-0a"),
    "started after": CaseFilter(started_from=BEGIN + 19_900 * MINUTE),
    "started before": CaseFilter(started_before=BEGIN + 100 * MINUTE),
    "ended after": CaseFilter(ended_from=BEGIN + timedelta(days=1) + 19_900 * MINUTE),
    "ended before": CaseFilter(ended_before=BEGIN + timedelta(days=1) + 100 * MINUTE),
    "incident": CaseFilter(has_incident=True),
    "incident code": CaseFilter(incident_code="code500"),
    "overdue": CaseFilter(overdue=True),
    "text": CaseFilter(variables=[read_test(f'buyer="Buyer {"0" * 32}"')]),
    "prefix": CaseFilter(variables=[read_test("buyer^=Buyer 0a")]),
    "number": CaseFilter(variables=[read_test("amount>=19900")]),
    "number that is nowhere": CaseFilter(variables=[read_test("count>=1000")]),
    "number that is everywhere": CaseFilter(variables=[read_test("amount>=0")]),
    "boolean": CaseFilter(variables=[read_test("urgent=true")]),
    "moment": CaseFilter(variables=[read_test("due<2026-01-03")]),
    "exists": CaseFilter(variables=[read_test("rare")]),
    "one of": CaseFilter(variables=[VariableTest("amount", Op.IN, (Decimal(5), Decimal(7)))]),
    "several": CaseFilter(variables=[read_test("amount>=19000"), read_test("urgent=true")]),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_no_filter_reads_the_whole_table(many: asyncpg.Connection[asyncpg.Record], name: str) -> None:
    """Neither in the plan nor in the rows that it really touches."""
    found = await case_conditions(many, FILTERS[name], NOW)
    numbers = itertools.count(1)
    text = " AND ".join(("true", *(text for text, _ in found)))
    plan = await many.fetchval(
        "EXPLAIN (ANALYZE, FORMAT JSON) SELECT id, state FROM workflows.case_view"  # noqa: S608
        f" WHERE {re.sub('[?]', lambda _: f'${next(numbers)}', text)}"
        " ORDER BY started_at DESC, id DESC LIMIT 21",
        *(value for _, values in found for value in values),
    )
    for node in nodes(orjson.loads(plan)[0]["Plan"]):
        if node.get("Relation Name") in (None, "definition"):
            continue
        read = node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        assert node["Node Type"] != "Seq Scan", node
        assert read <= CASES / 5, node


async def test_a_party_finds_its_cases_by_an_index(many: asyncpg.Connection[asyncpg.Record]) -> None:
    plan = await many.fetchval(
        "EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM workflows.case_view"
        " WHERE seller_id = $1 OR buyer_id = $1 ORDER BY started_at DESC, id DESC LIMIT 21",
        await many.fetchval("SELECT md5('s1')::uuid"),
    )
    assert not [
        node
        for node in nodes(orjson.loads(plan)[0]["Plan"])
        if node.get("Relation Name") == "case_" and node["Node Type"] == "Seq Scan"
    ]


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for inner in plan.get("Plans", ()) for node in nodes(inner))]
