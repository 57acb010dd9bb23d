"""How much one GraphQL document may ask for.

The rules are built once: the validation cache is keyed by them, and rules made per request would defeat it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    SKIP,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)
from strawberry.extensions import SchemaExtension

MAX_DEPTH = 14
MAX_ALIASES = 30
MAX_TOKENS = 2_000
# Fields of an operation with its fragments put in place. The web app's largest asks for about a hundred.
MAX_FIELDS = 2_000
# Rows that all lists of one request may hold together, by the sizes that they ask for.
MAX_ROWS = 10_000

# Selections within selections that are followed at all, introspection included.
_DEEPEST_NESTING = 100


@dataclass(frozen=True, slots=True)
class _Size:
    """What a selection asks for, with its fragments put in place."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0

    def beside(self, other: _Size) -> _Size:
        return _Size(max(self.depth, other.depth), self.aliases + other.aliases, self.fields + other.fields)


class DocumentSize(ValidationRule):
    """Bounds the depth, the aliases and the fields of an operation.

    A fragment is measured once, wherever it is used: fragments that double each other's use would otherwise
    take a time that doubles with each of them. Introspection has a bound of its own in graphql-core, and does
    not count as depth.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._fragments = {
            definition.name.value: definition
            for definition in context.document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, _Size] = {}

    def enter_operation_definition(self, node: OperationDefinitionNode, *_args: Any) -> Any:
        """Measure an operation and report each bound that it exceeds."""
        size = self._measure(node.selection_set, 0)
        for what, asked, allowed in (
            ("levels", size.depth, MAX_DEPTH),
            ("aliases", size.aliases, MAX_ALIASES),
            ("fields", size.fields, MAX_FIELDS),
        ):
            if asked > allowed:
                self.report_error(
                    GraphQLError(f"The operation has too many {what}: at most {allowed}.", [node])
                )
        return SKIP

    def _measure(self, selections: SelectionSetNode | None, nesting: int) -> _Size:
        size = _Size()
        if nesting > _DEEPEST_NESTING:
            return _Size(depth=nesting)
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                below = self._measure(selection.selection_set, nesting + 1)
                plain = selection.selection_set is None or selection.name.value.startswith("__")
                one = _Size(
                    0 if plain else below.depth + 1,
                    below.aliases + (selection.alias is not None),
                    below.fields + 1,
                )
            elif isinstance(selection, FragmentSpreadNode):
                one = self._fragment(selection.name.value, nesting + 1)
            elif isinstance(selection, InlineFragmentNode):
                one = self._measure(selection.selection_set, nesting + 1)
            else:
                continue
            size = size.beside(one)
        return size

    def _fragment(self, name: str, nesting: int) -> _Size:
        if name not in self._measured:
            # Within itself a fragment counts nothing; another rule refuses it.
            self._measured[name] = _Size()
            fragment = self._fragments.get(name)
            if fragment is not None:
                self._measured[name] = self._measure(fragment.selection_set, nesting)
        return self._measured[name]


class DocumentLimits(SchemaExtension):
    """Bounds the tokens and the size of a document."""

    def on_operation(self) -> Iterator[None]:
        """Set the bounds before the document is parsed."""
        self.execution_context.parse_options["max_tokens"] = MAX_TOKENS
        self.execution_context.validation_rules += (DocumentSize,)
        yield
