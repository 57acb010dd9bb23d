"""What a request carries: who asks, and how data is read and commands are given."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import strawberry
from starlette.responses import Response
from strawberry.dataloader import DataLoader

import ledger
from core import Database, Forbidden, InvalidInput
from scf_api.commands import Commands
from scf_api.limits import MAX_ROWS
from scf_api.pagination import Page
from scf_api.repository import EMPTY, Filter, Repository, Row, Slice
from scf_api.roles import Area, Scope, Viewer
from scf_api.settings import ApiSettings
from scf_api.views import View


@dataclass(slots=True)
class Context:
    """One request. Loaders batch what the fields of one answer ask for, and live no longer than it."""

    settings: ApiSettings
    database: Database
    commands: Commands
    response: Response
    address: str
    session_token: str | None
    viewer: Viewer | None
    repository: Repository = field(init=False)
    _loaders: dict[object, DataLoader[Any, Any]] = field(default_factory=dict)
    _rows_left: int = MAX_ROWS
    _log_status: asyncio.Future[ledger.LogStatus] | None = None

    def __post_init__(self) -> None:
        self.repository = Repository(self.database)

    @property
    def person(self) -> Viewer:
        """The logged-in person.

        Raises:
            Forbidden: `auth.required`.
        """
        if self.viewer is None:
            raise Forbidden(
                "auth.required",
                "Log in first.",
                hint="Call the mutation login, then send its cookie or its token as a bearer.",
            )
        return self.viewer

    def scope(self, area: Area) -> Scope:
        """Return which rows of an area the person may see."""
        return self.person.scope(area)

    async def page(self, view: View, page: Page, filters: Sequence[Filter] = ()) -> Slice:
        """Return one page of what the person may see of a view."""
        self.spend(page.first)
        return await self.repository.page(view, self.scope(view.area), page, filters)

    async def totals(self, view: View, by: str, totals: str, filters: Sequence[Filter]) -> list[Row]:
        """Return aggregates of what the person may see of a view, for each value of a column."""
        return await self.repository.totals(view, self.scope(view.area), by, totals, filters)

    async def one(self, view: View, value: object | None, column: str = "id") -> Row | None:
        """Return the row of a view with this value, or None when there is none that the person may see."""
        if value is None:
            return None
        row: Row | None = await self._lookup_loader(view, column, None).load(value)
        return row

    async def detail(self, view: View, row_id: object, columns: str) -> Row | None:
        """Return columns of a row that are too heavy to be read with every list."""
        row: Row | None = await self._lookup_loader(view, view.id, columns).load(row_id)
        return row

    async def page_of(self, view: View, column: str, parent: object | None, page: Page) -> Slice:
        """Return one page of a parent's children; the children of many parents are read at once."""
        if parent is None:
            return EMPTY
        key = (view.name, column, page)
        if key not in self._loaders:

            async def load(parents: list[object]) -> list[Slice]:
                self.spend(page.first * len(parents))
                found = await self.repository.pages_of(view, self.scope(view.area), page, column, parents)
                return [found.get(one, EMPTY) for one in parents]

            self._loaders[key] = DataLoader(load)
        slice_: Slice = await self._loaders[key].load(parent)
        return slice_

    async def log_status(self) -> ledger.LogStatus:
        """Return how the log stands; the fields of one answer all see the same."""
        if self._log_status is None:
            self._log_status = asyncio.ensure_future(ledger.log_status(self.database))
        return await self._log_status

    def spend(self, rows: int) -> None:
        """Count what this request costs the database, in rows.

        Raises:
            InvalidInput: `request.too_many_rows`.
        """
        self._rows_left -= rows
        if self._rows_left < 0:
            raise InvalidInput(
                "request.too_many_rows",
                f"The lists of one request may hold {MAX_ROWS} entries together.",
                hint="Ask for smaller pages, with `first`, or for fewer lists within lists.",
            )

    def _lookup_loader(self, view: View, column: str, columns: str | None) -> DataLoader[Any, Any]:
        key = (view.name, column, columns)
        if key not in self._loaders:

            async def load(values: list[object]) -> list[Row | None]:
                found = await self.repository.lookup(view, self.scope(view.area), column, values, columns)
                return [found.get(value) for value in values]

            self._loaders[key] = DataLoader(load)
        return self._loaders[key]


Info: TypeAlias = strawberry.Info[Context, None]
