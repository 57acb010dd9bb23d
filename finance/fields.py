"""Column types that the finance tables need beyond Tortoise's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, TypeVar, overload

from tortoise.fields.base import Field

_Number = TypeVar("_Number", Decimal, Decimal | None)


class NumericField(Field[_Number], Decimal):  # type: ignore[misc]
    """PostgreSQL NUMERIC without a fixed scale.

    An amount keeps the places of its currency (107.50, 1000, 12.345) instead of being padded or cut to the
    places of one column.
    """

    skip_to_python_if_native = True
    SQL_TYPE = "NUMERIC"

    @overload
    def __init__(self: NumericField[Decimal], *, null: Literal[False] = False, **options: Any) -> None: ...

    @overload
    def __init__(self: NumericField[Decimal | None], *, null: Literal[True], **options: Any) -> None: ...

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def to_python_value(self, value: Any) -> Decimal | None:
        """Read a number as an exact decimal."""
        return value if value is None or isinstance(value, Decimal) else Decimal(value)
