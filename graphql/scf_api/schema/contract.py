"""The contract: the schema object, and its text in `graphql/schema.graphql`."""

from __future__ import annotations

from graphql import GraphQLError
from strawberry import Schema
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from scf_api.execution import PlainFieldsExecutor
from scf_api.limits import DocumentLimits
from scf_api.schema.mutations import Mutation
from scf_api.schema.queries import NODE_TYPES, Query
from scf_api.schema.scalars import SCALARS


class Contract(Schema):
    """The schema. What goes wrong is logged where it is told (`scf_api.errors`), not here a second time."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Leave the log to `scf_api.errors`: the library's own would repeat what must stay masked."""


schema = Contract(
    query=Query,
    mutation=Mutation,
    types=NODE_TYPES,
    extensions=[DocumentLimits, ParserCache, ValidationCache],
    execution_context_class=PlainFieldsExecutor,
    config=StrawberryConfig(scalar_map=SCALARS),
)


def sdl() -> str:
    """Return the contract as text, as it stands in `graphql/schema.graphql`."""
    return f"{schema.as_str().rstrip()}\n"
