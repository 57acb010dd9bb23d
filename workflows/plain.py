"""FEEL values as the plain JSON that people and forms read: decimals, dates and durations become texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from bpmn.values import Value, to_json


def plain(value: Value) -> Any:
    """Return a value for the read model. Not reversible; `bpmn.values.to_json` is."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, timedelta | int):
        return str(value)
    return to_json(value)
