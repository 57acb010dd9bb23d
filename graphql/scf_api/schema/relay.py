"""Nodes and connections, as relay.dev/graphql and graphql.org/learn/global-object-identification say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeAlias, TypeVar
from uuid import UUID

import strawberry

from core import InvalidInput
from scf_api.context import Info
from scf_api.pagination import Page
from scf_api.repository import Filter, Row, Slice
from scf_api.schema.describe import interface, output
from scf_api.views import View

T = TypeVar("T")

First: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many entries at most: 1 to 100, 20 when left out.")
]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="The cursor after which the page begins.")
]


@interface
class Node:
    """A thing with an id that is unique across all types."""

    id: strawberry.ID


@output
class PageInfo:
    """Where a page lies."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@output
class Edge(Generic[T]):
    """An entry of a page and its cursor."""

    cursor: str
    node: T


@output
class Connection(Generic[T]):
    """A page of entries; follow pageInfo.endCursor for the next."""

    edges: list[Edge[T]]
    page_info: PageInfo

    @classmethod
    def of(cls, slice_: Slice, page: Page, build: Callable[[Row], T]) -> Connection[T]:
        """Build the entries of a slice."""
        cursors = [cursor for cursor, _ in slice_.rows]
        return cls(
            edges=[Edge(cursor=cursor, node=build(row)) for cursor, row in slice_.rows],
            page_info=PageInfo(
                has_next_page=slice_.has_next,
                has_previous_page=page.after is not None,
                start_cursor=cursors[0] if cursors else None,
                end_cursor=cursors[-1] if cursors else None,
            ),
        )


def global_id(type_name: str, key: object) -> strawberry.ID:
    """Return the id of a thing: its type and its key. Clients treat it as opaque."""
    return strawberry.ID(f"{type_name}:{key}")


def split_id(value: str, where: str) -> tuple[str, UUID]:
    """Return the type and the key of an id.

    Raises:
        InvalidInput: `id.invalid`.
    """
    type_name, _, key = value.partition(":")
    try:
        return type_name, UUID(key)
    except ValueError:
        raise InvalidInput(
            "id.invalid",
            "This is not an id of this platform.",
            where=where,
            hint="Use the field `id` of what a query returned.",
        ) from None


def key_of(value: str | None, type_name: str, where: str) -> UUID | None:
    """Return the key of an id that must be of one type; None stays None.

    Raises:
        InvalidInput: `id.invalid` or `id.type_wrong`.
    """
    if value is None:
        return None
    found, key = split_id(value, where)
    if found != type_name:
        raise InvalidInput("id.type_wrong", f"This is not the id of a {type_name}.", where=where)
    return key


async def one(info: Info, view: View, key: object, build: Callable[[Row], T], column: str = "id") -> T | None:
    """Return the thing with this key, or None when there is none that the caller may see."""
    row = await info.context.one(view, key, column)
    return build(row) if row else None


async def listed(
    info: Info,
    view: View,
    build: Callable[[Row], T],
    first: int | None,
    after: str | None,
    filters: Sequence[Filter] = (),
) -> Connection[T]:
    """Return a page of what the caller may see of a view."""
    page = Page.of(first, after)
    return Connection.of(await info.context.page(view, page, filters), page, build)


async def children(
    info: Info,
    view: View,
    column: str,
    parent: object,
    build: Callable[[Row], T],
    first: int | None,
    after: str | None,
) -> Connection[T]:
    """Return a page of a parent's children; `column` names the parent in the view."""
    page = Page.of(first, after)
    return Connection.of(await info.context.page_of(view, column, parent, page), page, build)
