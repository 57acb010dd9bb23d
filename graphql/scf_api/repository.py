"""All reads of the API: keyset pages and lookups on the views that the rooms export.

A statement is put together from constant fragments of this module and of `views`; values travel as parameters
only. The party scope is part of every statement, because no statement can be built without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from core import Database
from scf_api.pagination import Page, decode_cursor, encode_cursor
from scf_api.roles import Scope
from scf_api.views import View

Row = asyncpg.Record
# A condition with `?` for each of its values.
Filter = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of rows, with the cursor of each."""

    rows: tuple[tuple[str, Row], ...]
    has_next: bool


EMPTY = Slice((), has_next=False)


def equals(column: str, value: object | None) -> tuple[Filter, ...]:
    """Return the filter `column = value`, or no filter when no value is asked for."""
    return () if value is None else ((f"{column} = ?", (value,)),)


class Repository:
    """Reads views within a scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, view: View, scope: Scope, page: Page, filters: Iterable[Filter] = ()) -> Slice:
        """Return one page of a view, ordered as the view says."""
        statement = _Statement()
        text = _page_statement(statement, view, scope, page, filters)
        return _slice(await self._fetch(text, statement), page)

    async def pages_of(
        self, view: View, scope: Scope, page: Page, column: str, parents: Sequence[object]
    ) -> dict[object, Slice]:
        """Return one page for each parent (`column` names it), all in one statement."""
        statement = _Statement()
        ids = statement.parameter(list(parents))
        inner = _page_statement(statement, view, scope, page, ((f"{column} = parent.id", ()),))
        text = " ".join(
            (
                "SELECT parent.id AS parent_id, child.* FROM unnest(",
                f"{ids}::{view.column_types[column].value}[]) AS parent(id) CROSS JOIN LATERAL (",
                inner,
                ") AS child",
            )
        )
        grouped: dict[object, list[Row]] = {}
        for row in await self._fetch(text, statement):
            grouped.setdefault(row["parent_id"], []).append(row)
        return {parent: _slice(rows, page) for parent, rows in grouped.items()}

    async def totals(
        self, view: View, scope: Scope, by: str, totals: str, filters: Iterable[Filter] = ()
    ) -> list[Row]:
        """Return aggregates of a view's visible rows for each value of a column."""
        statement = _Statement()
        where = [view.condition, _visible(statement, view, scope)]
        where += [statement.condition(text, values) for text, values in filters]
        text = " ".join(
            (f"SELECT {by}, {totals} FROM {view.name} WHERE", " AND ".join(where), f"GROUP BY {by}")  # noqa: S608
        )
        return await self._fetch(text, statement)

    async def lookup(
        self, view: View, scope: Scope, column: str, values: Sequence[object], columns: str | None = None
    ) -> dict[object, Row]:
        """Return the visible rows whose `column` is one of `values`, by that column."""
        statement = _Statement()
        wanted = statement.parameter(list(values))
        text = " ".join(
            (
                f"SELECT {columns or view.columns}, {column} AS lookup_key FROM {view.name}",  # noqa: S608
                f"WHERE {column} = ANY({wanted}) AND {_visible(statement, view, scope)}",
            )
        )
        return {row["lookup_key"]: row for row in await self._fetch(text, statement)}

    async def _fetch(self, text: str, statement: _Statement) -> list[Row]:
        async with self._database.reading() as sql:
            return await sql.fetch(text, *statement.values)


class _Statement:
    """Collects the values of a statement and numbers their placeholders."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def parameter(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def condition(self, text: str, values: Iterable[object]) -> str:
        for value in values:
            text = text.replace("?", self.parameter(value), 1)
        return text


def _page_statement(
    statement: _Statement, view: View, scope: Scope, page: Page, filters: Iterable[Filter]
) -> str:
    conditions = [view.condition, _visible(statement, view, scope)]
    conditions += [statement.condition(text, values) for text, values in filters]
    if page.after is not None:
        key, row_id = decode_cursor(page.after, (view.key_kind, view.id_kind))
        comparison = "<" if view.descending else ">"
        conditions.append(
            f"({view.key}, {view.id}) {comparison}"
            f" ({statement.parameter(key)}::{view.key_kind.value},"
            f" {statement.parameter(row_id)}::{view.id_kind.value})"
        )
    direction = "DESC" if view.descending else "ASC"
    return " ".join(
        (
            f"SELECT {view.columns}, {view.key} AS cursor_key, {view.id} AS cursor_id",
            f"FROM {view.name} WHERE",
            " AND ".join(conditions),
            f"ORDER BY {view.key} {direction}, {view.id} {direction} LIMIT {page.first + 1}",
        )
    )


def _visible(statement: _Statement, view: View, scope: Scope) -> str:
    if scope.everything:
        return "true"
    if scope.party_id is None or view.own is None:
        return "false"
    text = view.own
    for name, value in ((":party", scope.party_id), (":roles", sorted(scope.roles)), (":name", scope.name)):
        if name in text:
            text = text.replace(name, statement.parameter(value))
    return f"({text})"


def _slice(rows: Sequence[Row], page: Page) -> Slice:
    shown = rows[: page.first]
    return Slice(
        tuple((encode_cursor(row["cursor_key"], row["cursor_id"]), row) for row in shown),
        has_next=len(rows) > page.first,
    )
