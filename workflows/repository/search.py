"""SQL of the search over cases: the rows that bursts write for it, and the conditions that read them.

Every condition has an index of its own (migration 0005); none needs the whole table of cases.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from workflows.repository.rows import Connection
from workflows.repository.writes import Writes
from workflows.search import CaseFilter, Op, VariableTest
from workflows.searchable import Searchable

# A condition on `workflows.case_view` with `?` for each of its values.
Condition: TypeAlias = tuple[str, tuple[Any, ...]]

_FOUND_COLUMNS = """id, business_key, product, definition_version, state, started_at, ended_at, business_now,
    incidents"""

_COMPARISONS = {Op.EQ: "=", Op.NE: "<>", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
# Texts are compared byte by byte, which in UTF-8 is by code points, whatever the database's locale is.
_COLUMNS = {"text": 'v.text COLLATE "C"', "number": "v.number", "boolean": "v.boolean", "moment": "v.moment"}

_AT_ELEMENT = "SELECT e.case_id FROM workflows.case_element e WHERE e.element = ?"
_WITH_INCIDENT = "SELECT i.case_id FROM workflows.incident i WHERE i.state = 'open' AND i.code = ?"
# A task's due date is in the time of its case (core.clock.BusinessTime).
_OVERDUE = """SELECT t.case_id FROM workflows.task t JOIN workflows.case_ k ON k.id = t.case_id
     WHERE t.state IN ('open', 'claimed')
       AND t.due < k.business_anchor + CASE WHEN k.clock_paused THEN interval '0'
                   ELSE greatest(?::timestamptz - k.real_anchor, interval '0') * k.clock_rate::float8 END"""

# So many cases are looked up one by one; of more than that, a page's worth is soon met on the way through
# all. Statistics cannot tell the two apart: they know how numbers are spread, not those of one variable.
_FEW = 1000


def write_variables(
    writes: Writes, case_id: UUID, written: Mapping[str, Searchable], gone: Sequence[str]
) -> None:
    """Store the searchable variables of a case that a burst wrote, and forget those that are gone."""
    if gone:
        writes.add(
            "DELETE FROM workflows.variable WHERE case_id = $1 AND name = ANY ($2::text[])", case_id, gone
        )
    if written:
        values = list(written.values())
        writes.add(
            """
            INSERT INTO workflows.variable (case_id, name, text, number, boolean, moment)
            SELECT $1, v.*
              FROM unnest($2::text[], $3::text[], $4::numeric[], $5::boolean[], $6::timestamptz[])
                   AS v (name, text, number, boolean, moment)
            ON CONFLICT (case_id, name) DO UPDATE
               SET text = excluded.text, number = excluded.number, boolean = excluded.boolean,
                   moment = excluded.moment
            """,
            case_id,
            list(written),
            [value.text for value in values],
            [value.number for value in values],
            [value.boolean for value in values],
            [value.moment for value in values],
        )


def write_elements(
    writes: Writes, case_id: UUID, written: Mapping[str, tuple[int, int]], gone: Sequence[str]
) -> None:
    """Store how many tokens and incidents a case has at elements, and forget those that it left."""
    if gone:
        writes.add(
            "DELETE FROM workflows.case_element WHERE case_id = $1 AND element = ANY ($2::text[])",
            case_id,
            gone,
        )
    if written:
        writes.add(
            """
            INSERT INTO workflows.case_element (case_id, element, active, incidents)
            SELECT $1, e.* FROM unnest($2::text[], $3::int[], $4::int[]) AS e (element, active, incidents)
            ON CONFLICT (case_id, element) DO UPDATE
               SET active = excluded.active, incidents = excluded.incidents
            """,
            case_id,
            list(written),
            [active for active, _ in written.values()],
            [incidents for _, incidents in written.values()],
        )


async def conditions(sql: Connection, wanted: CaseFilter, now: datetime) -> list[Condition]:
    """Return what `workflows.case_view` must fulfil, as conditions that must all hold.

    Args:
        sql: a connection on which those cases are looked up that something narrows to a few.
        wanted: what is asked for.
        now: the real time, by which tasks are overdue.
    """
    found: list[Condition] = []
    if wanted.states:
        found.append(("state = ANY (?)", (list(wanted.states),)))
    if wanted.product is not None:
        found.append(("definition_key = ?", (wanted.product,)))
    if wanted.version is not None:
        found.append(("definition_version = ?", (wanted.version,)))
    if wanted.business_key is not None:
        found += _prefix('business_key COLLATE "C"', wanted.business_key)
    for column, first, end in (
        ("started_at", wanted.started_from, wanted.started_before),
        ("ended_at", wanted.ended_from, wanted.ended_before),
    ):
        if first is not None:
            found.append((f"{column} >= ?", (first,)))
        if end is not None:
            found.append((f"{column} < ?", (end,)))
    if wanted.has_incident is not None:
        found.append(("incidents > 0" if wanted.has_incident else "incidents = 0", ()))
    if wanted.overdue is False:
        found.append((f"id NOT IN ({_OVERDUE})", (now,)))
    return found + [await _among(sql, narrowing) for narrowing in _narrowings(wanted, now)]


async def find_cases(sql: Connection, wanted: CaseFilter, now: datetime, limit: int) -> list[asyncpg.Record]:
    """Return what a list shows of the cases that are wanted, latest start first."""
    found = await conditions(sql, wanted, now)
    text = " AND ".join(("true", *(text for text, _ in found)))
    values = [value for _, given in found for value in given]
    return await sql.fetch(
        f"SELECT {_FOUND_COLUMNS} FROM workflows.case_view WHERE {numbered(text)}"  # noqa: S608 - constant texts
        f" ORDER BY started_at DESC, id DESC LIMIT {limit:d}",
        *values,
    )


def _narrowings(wanted: CaseFilter, now: datetime) -> Iterator[Condition]:
    """Yield the selections of cases' ids of which all must hold a case."""
    if wanted.element is not None:
        yield _AT_ELEMENT, (wanted.element,)
    if wanted.incident_code is not None:
        yield _WITH_INCIDENT, (wanted.incident_code,)
    if wanted.overdue:
        yield _OVERDUE, (now,)
    for test in wanted.variables:
        tests = [("v.name = ?", (test.name,)), *_comparison(test)]
        holds = " AND ".join(text for text, _ in tests)
        yield (
            f"SELECT v.case_id FROM workflows.variable v WHERE {holds}",  # noqa: S608 - constant texts
            tuple(value for _, values in tests for value in values),
        )


async def _among(sql: Connection, narrowing: Condition) -> Condition:
    """Return the condition that a case is in a selection, as a list when these are few."""
    text, values = narrowing
    rows = await sql.fetch(f"{numbered(text)} LIMIT {_FEW + 1}", *values)
    if len(rows) <= _FEW:
        return "id = ANY (?)", ([row["case_id"] for row in rows],)
    return f"id IN ({text})", values


def numbered(text: str, first: int = 1) -> str:
    """Return a statement with its `?` as PostgreSQL's numbered parameters, from the number `first` on."""
    numbers = itertools.count(first)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", text)


def _comparison(test: VariableTest) -> Iterable[Condition]:
    if test.op is Op.EXISTS:
        return []
    column = _COLUMNS[test.kind]
    if test.op is Op.IN:
        return [(f"{column} = ANY (?)", (list(test.values),))]
    if test.op is Op.PREFIX:
        return _prefix(column, str(test.values[0]))
    return [(f"{column} {_COMPARISONS[test.op]} ?", test.values)]


def _prefix(column: str, prefix: str) -> list[Condition]:
    """Return the range of the texts that begin with a prefix: an index finds it, which LIKE ? does not."""
    found: list[Condition] = [(f"{column} >= ?", (prefix,))]
    end = _after_all_with(prefix)
    return found if end is None else [*found, (f"{column} < ?", (end,))]


def _after_all_with(prefix: str) -> str | None:
    """Return the least text that follows all with this prefix, or None when there is no such text."""
    kept = prefix.rstrip(chr(sys.maxunicode))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    # UTF-8 has no surrogates: the code point after U+D7FF is U+E000.
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)
