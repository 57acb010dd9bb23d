"""Column types that the finance tables need beyond Tortoise's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tortoise.fields.base import Field


class NumericField(Field[Decimal], Decimal):  # type: ignore[misc]
    """PostgreSQL NUMERIC without a fixed scale.

    An amount keeps the places of its currency (107.50, 1000, 12.345) instead of being padded or cut to the
    places of one column.
    """

    skip_to_python_if_native = True
    SQL_TYPE = "NUMERIC"

    def to_python_value(self, value: Any) -> Decimal | None:
        """Read a number as an exact decimal."""
        return value if value is None or isinstance(value, Decimal) else Decimal(value)
