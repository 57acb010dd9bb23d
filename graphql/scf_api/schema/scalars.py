"""The contract's scalars: exact decimals, aware times, hashes and legal entity identifiers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

import core
from scf_api.schema.describe import output

Hash = NewType("Hash", str)
LEI = NewType("LEI", str)

_DECIMAL = re.compile(r"-?\d{1,30}(\.\d{1,20})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")
_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")


def valid_lei(text: str) -> bool:
    """Tell whether a text is a legal entity identifier (ISO 17442) with right check digits (ISO 7064)."""
    return bool(_LEI.fullmatch(text)) and int("".join(str(int(char, 36)) for char in text)) % 97 == 1


def _parse_decimal(value: object) -> Decimal:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise GraphQLError('Decimal cannot represent this value; write it as a string such as "107.50".')
    return Decimal(value)


def _parse_date(value: object) -> date:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise GraphQLError('Date cannot represent this value; write it as "2026-11-23".')


def _parse_time(value: object) -> datetime:
    try:
        if isinstance(value, str) and (moment := datetime.fromisoformat(value)).tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise GraphQLError('DateTime cannot represent this value; write it as "2026-11-23T09:30:00Z".')


def _parse_hash(value: object) -> str:
    if isinstance(value, str) and _HASH.fullmatch(value):
        return value
    raise GraphQLError("Hash cannot represent this value; it is 64 lower-case hexadecimal digits.")


def _parse_lei(value: object) -> str:
    if isinstance(value, str) and valid_lei(value):
        return value
    raise GraphQLError(
        "LEI cannot represent this value; it has 20 characters, of which the last two check the rest."
    )


def _scalar(name: str, description: str, serialize: Any, parse: Any) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, serialize=serialize, parse_value=parse)


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: _scalar(
        "Decimal",
        'An exact decimal number, written as a string: "107.50".',
        lambda value: f"{value:f}",
        _parse_decimal,
    ),
    date: _scalar("Date", 'A calendar day: "2026-11-23".', lambda value: value.isoformat(), _parse_date),
    datetime: _scalar(
        "DateTime",
        'A moment in UTC: "2026-11-23T09:30:00+00:00".',
        lambda value: value.astimezone(UTC).isoformat(),
        _parse_time,
    ),
    Hash: _scalar("Hash", "A SHA-256 digest in lower-case hexadecimal digits.", str, _parse_hash),
    LEI: _scalar("LEI", "A legal entity identifier (ISO 17442).", str, _parse_lei),
}


@output
class Money:
    """An amount in a currency (ISO 4217)."""

    amount: Decimal
    currency: str

    @classmethod
    def exactly(cls, amount: Decimal, currency: str) -> Money:
        """Return the amount with the places of the currency's minor unit."""
        return cls(amount=core.Money(amount, currency).rounded().amount, currency=currency)

    @classmethod
    def maybe(cls, amount: Decimal | None, currency: str | None) -> Money | None:
        """Return the amount, or None when the document had none."""
        return None if amount is None or currency is None else cls.exactly(amount, currency)
