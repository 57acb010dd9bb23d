"""Execution with a short way for plain fields.

Most of what a list returns are attributes of objects that were read from one row. graphql-core resolves each
of them by way of a path, an info object, an argument dictionary and several checks for awaitables. Here a
selection that consists of attributes alone is compiled, once per request, to a function from object to value.
Whatever is not plain (a resolver, an argument, an abstract type), and whatever goes wrong (a null that must
not be), takes the ordinary way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter

Shape: TypeAlias = Callable[[Any], Any]


class _NotPlainError(Exception):
    """A value that the ordinary way must judge."""


class PlainFieldsExecutor(StrawberryGraphQLCoreExecutionContext):
    """Executes an operation; plain fields go the short way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # By the identity of the field set, which the library keeps alive and shares among the items of a
        # list.
        self._plans: dict[tuple[str, int], tuple[Any, dict[str, Shape]]] = {}

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Any,
        grouped_field_set: dict[str, Any],
        position_context: Any,
    ) -> Any:
        """Execute the fields of an object."""
        plain = self._plan(parent_type, grouped_field_set)
        if not plain:
            return super().execute_fields(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        shaped: dict[str, Any] = {}
        ordinary: dict[str, Any] = {}
        for name, fields in grouped_field_set.items():
            shape = plain.get(name)
            if shape is not None:
                try:
                    shaped[name] = shape(source_value)
                except Exception:  # noqa: S110 (the ordinary way finds the same error, and tells its place)
                    pass
                else:
                    continue
            ordinary[name] = fields
        if not ordinary:
            return shaped
        rest: Any = super().execute_fields(parent_type, source_value, path, ordinary, position_context)
        if self.is_awaitable(rest):
            return self._join_later(grouped_field_set, shaped, rest)
        return _join(grouped_field_set, shaped, rest)

    async def _join_later(self, order: dict[str, Any], shaped: dict[str, Any], rest: Any) -> dict[str, Any]:
        return _join(order, shaped, await rest)

    def _plan(self, parent_type: GraphQLObjectType, field_set: dict[str, Any]) -> dict[str, Shape]:
        key = (parent_type.name, id(field_set))
        known = self._plans.get(key)
        if known is None:
            shapes = {name: self._field_shape(parent_type, fields) for name, fields in field_set.items()}
            known = (field_set, {name: shape for name, shape in shapes.items() if shape is not None})
            self._plans[key] = known
        return known[1]

    def _field_shape(self, parent_type: GraphQLObjectType, fields: Any) -> Shape | None:
        """Return how a field's value comes from its object, or None when it is not plain."""
        node = fields[0].node
        if node.name.value == "__typename":
            return lambda _source: parent_type.name
        definition = parent_type.fields.get(node.name.value)
        if definition is None or definition.args or not getattr(definition.resolve, "_is_default", False):
            return None
        value_shape = self._value_shape(definition.type, fields)
        if value_shape is None:
            return None
        attribute: str = definition.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].python_name
        return lambda source: value_shape(getattr(source, attribute))

    def _value_shape(self, of_type: GraphQLOutputType, fields: Any) -> Shape | None:
        if is_non_null_type(of_type):
            shape = self._value_shape(of_type.of_type, fields)
            return None if shape is None else _required(shape)
        if is_leaf_type(of_type):
            return _optional(of_type.coerce_output_value)
        if is_list_type(of_type):
            item_shape = self._value_shape(of_type.of_type, fields)
            return None if item_shape is None else _optional(lambda items: [item_shape(one) for one in items])
        if is_object_type(of_type):
            return self._object_shape(of_type, fields)
        return None

    def _object_shape(self, of_type: GraphQLObjectType, fields: Any) -> Shape | None:
        sub_fields = self.collect_subfields(of_type, fields).grouped_field_set
        plan = self._plan(of_type, sub_fields)
        if len(plan) != len(sub_fields):
            return None
        members = tuple(plan.items())
        return _optional(lambda source: {name: shape(source) for name, shape in members})


def _join(order: dict[str, Any], shaped: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    """Return the fields in the order in which they were asked for."""
    both = shaped | rest
    return {name: both[name] for name in order if name in both}


def _optional(shape: Shape) -> Shape:
    return lambda value: None if value is None else shape(value)


def _required(shape: Shape) -> Shape:
    def required(value: Any) -> Any:
        shaped = shape(value)
        if shaped is None or shaped is Undefined:
            raise _NotPlainError
        return shaped

    return required
