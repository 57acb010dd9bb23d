"""The short way for plain fields answers exactly as the ordinary way does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from scf_api.execution import PlainFieldsExecutor
from support.api import Api
from support.api_world import ALPHA, build

FRAGMENT = "fragment money on Money { currency amount }"
CASE = f'case(id: "Case:{ALPHA.id("case")}")'


@strawberry.type
class Leaf:
    """Plain fields, one of which may not be null."""

    number: int
    text: str | None = None


@strawberry.type
class Branch:
    """Plain objects and lists, beside a field with a resolver."""

    name: str
    leaf: Leaf | None
    leaves: list[Leaf | None]

    @strawberry.field
    async def shout(self) -> str:
        """Return the name in capitals."""
        return self.name.upper()

    @strawberry.field
    def fails(self) -> str | None:
        """Fail."""
        raise ValueError("no")


@dataclass
class Tree:
    """What the query below answers with."""

    branches: list[Any] = field(default_factory=list)


@strawberry.type
class Query:
    """Branches from the root value."""

    @strawberry.field
    def branches(self, info: strawberry.Info) -> list[Branch | None]:
        """Return the branches."""
        branches: list[Branch | None] = info.context.branches
        return branches


async def both(query: str, tree: Tree) -> tuple[Any, Any]:
    """Return what the ordinary and the short way answer."""
    answers = []
    for executor in (StrawberryGraphQLCoreExecutionContext, PlainFieldsExecutor):
        schema = strawberry.Schema(Query, execution_context_class=executor)
        result = await schema.execute(query, context_value=tree)
        errors = [(error.message, error.path) for error in result.errors or ()]
        answers.append((result.data, list(_order(result.data)), errors))
    return answers[0], answers[1]


def _order(value: Any) -> Any:
    """Tell the order of the keys, which two equal dictionaries need not share."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _order(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _order(item)


EVERYTHING = """
{ branches { shout name again: name __typename leaf { number text } leaves { ...l } fails } }
fragment l on Leaf { text number n: number ... on Leaf { __typename } }
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "tree",
    [
        Tree(),
        Tree([None]),
        Tree([Branch(name="a", leaf=None, leaves=[])]),
        Tree([Branch(name="a", leaf=Leaf(number=1), leaves=[Leaf(number=2, text="t"), None])]),
        # A null where none may be, at each depth, and a value of a wrong type.
        Tree([Branch(name="a", leaf=Leaf(number=None), leaves=[])]),  # type: ignore[arg-type]
        Tree([Branch(name="a", leaf=None, leaves=[Leaf(number=1), Leaf(number=None)])]),  # type: ignore[arg-type]
        Tree([Branch(name=None, leaf=None, leaves=[])]),  # type: ignore[arg-type]
        Tree([Branch(name="a", leaf=None, leaves=None)]),  # type: ignore[arg-type]
        Tree([Branch(name="a", leaf=Leaf(number="one"), leaves=[])]),  # type: ignore[arg-type]
    ],
)
async def test_both_ways_give_one_answer_with_one_order_and_the_same_errors(tree: Tree) -> None:
    ordinary, short = await both(EVERYTHING, tree)

    assert short == ordinary


@pytest.fixture(scope="module")
async def officer(api: Api) -> str:
    await build(api.database)
    return await api.person("olga", "credit_officer")


@pytest.mark.parametrize(
    "query",
    [
        "{ invoices(first: 3) { edges { cursor node { id total { ...money } eligible { ...money } } } } }"
        + FRAGMENT,
        "{ invoices { edges { node { id seller { name } lines { line amount } } } pageInfo { endCursor } } }",
        f"{{ {CASE} {{ activeElements steps {{ edges {{ node {{ seq at entry {{ state }} data }} }} }} }} }}",
        f"{{ {CASE} {{ journals {{ edges {{ node {{ postings {{ side amount {{ amount }} }} }} }} }} }} }}",
        "{ tasks(order: DUE) { edges { cursor node { id priority due overdue delegatedBy onBehalfOf draft"
        " comments { edges { node { author text at } } } } } } }",
        "{ documents { edges { node { __typename ... on Document { findings { code hint } } } } } }",
        f'{{ node(id: "Invoice:{ALPHA.id("invoice", 1)}") {{ __typename id ... on Invoice {{ number }} }} }}',
        "query ($no: Boolean = false) { orders { edges { node { id number @include(if: $no) state } } } }",
    ],
)
async def test_the_contracts_own_queries_answer_alike(
    api: Api, officer: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = await api.post(query, token=officer)
    monkeypatch.setattr(
        "scf_api.schema.contract.schema.execution_context_class", StrawberryGraphQLCoreExecutionContext
    )
    ordinary = await api.post(query, token=officer)

    assert short.content == ordinary.content
    assert "errors" not in short.json()
