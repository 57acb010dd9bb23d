"""How much one GraphQL document may ask for.

The rules are built once: the validation cache is keyed by them, and rules made per request would defeat it.
"""

from __future__ import annotations

from collections.abc import Iterator

from strawberry.extensions import SchemaExtension
from strawberry.extensions.max_aliases import create_validator as alias_rule
from strawberry.extensions.query_depth_limiter import create_validator as depth_rule

MAX_DEPTH = 14
MAX_ALIASES = 30
MAX_TOKENS = 2_000
# Rows that all lists of one request may hold together, by the sizes that they ask for.
MAX_ROWS = 10_000

_RULES = (depth_rule(MAX_DEPTH, None), alias_rule(MAX_ALIASES))


class DocumentLimits(SchemaExtension):
    """Bounds the tokens, the depth and the aliases of a document."""

    def on_operation(self) -> Iterator[None]:
        """Set the bounds before the document is parsed."""
        self.execution_context.parse_options["max_tokens"] = MAX_TOKENS
        self.execution_context.validation_rules += _RULES
        yield
