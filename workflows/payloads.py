"""What each kind of command carries, read strictly before anything is stored."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import orjson

from core import InvalidInput, Money
from workflows.clock import ClockPolicy

# A document of 10 MB, the most that is imported, in base64.
_CONTENT_LIMIT = 14_000_000
_STATEMENT_LIMIT = 16_384
# The years that trade documents may name, too: far enough from the ends of every date type.
_YEARS = (1900, 2200)
# Ten years, in seconds: no message waits longer.
_LONGEST_TTL = 315_360_000


@dataclass(frozen=True, slots=True)
class ImportDocument:
    """`document.import`: one trade document or financial statement, as bytes."""

    content: bytes
    filename: str


@dataclass(frozen=True, slots=True)
class SubmitRequest:
    """`request.submit`: the seller offers invoices."""

    invoice_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """`payment.record`: one line of a bank statement, money in or out."""

    reference: str
    amount: Money
    value_date: date
    bank_ref: str
    payer: str | None
    direction: Literal["in", "out"] | None


@dataclass(frozen=True, slots=True)
class DeployDefinition:
    """`definition.deploy`: the files of a process, by name."""

    key: str
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StartCase:
    """`case.start`: one case of a deployed process; unique by product and business key.

    `start_element` names the start event by which it begins; None: by the one without a trigger.
    """

    product: str
    business_key: str
    variables: Mapping[str, Any]
    request_id: UUID | None
    seller_id: UUID | None
    buyer_id: UUID | None
    clock: ClockPolicy
    start_element: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimTask:
    """`task.claim`: the actor takes an open task."""

    task_id: UUID


@dataclass(frozen=True, slots=True)
class CompleteTask:
    """`task.complete`: what the actor decided, and the statement that the actor made about it."""

    task_id: UUID
    variables: Mapping[str, Any]
    statement: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class CorrelateMessage:
    """`message.correlate`: a message for the case that waits for this name and key, or for a named case.

    `ttl` is for how long it is kept when nobody waits for it yet (None: the platform's default, and for a
    named case as long as the case runs). Of one name and key, each `message_id` is taken once.
    """

    name: str
    key: str
    variables: Mapping[str, Any]
    ttl: timedelta | None
    message_id: str | None


@dataclass(frozen=True, slots=True)
class DeliverMessage:
    """`message.deliver`: the platform brings a message to a case that waits for it."""

    message_id: UUID


@dataclass(frozen=True, slots=True)
class BroadcastSignal:
    """`signal.broadcast`: a signal for every case that waits for it and every process that starts by it."""

    name: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeliverSignal:
    """`signal.deliver`: the platform brings a signal to one of the cases that wait for it."""

    name: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RetryIncident:
    """`incident.retry`: do again what failed."""

    incident_id: UUID


@dataclass(frozen=True, slots=True)
class CancelCase:
    """`case.cancel`: end the case for a reason."""

    reason: str


Payload = (
    ImportDocument
    | SubmitRequest
    | RecordPayment
    | DeployDefinition
    | StartCase
    | ClaimTask
    | CompleteTask
    | CorrelateMessage
    | DeliverMessage
    | BroadcastSignal
    | DeliverSignal
    | RetryIncident
    | CancelCase
)


def parse(kind: str, payload: Mapping[str, Any]) -> Payload:
    """Read a command's payload.

    Raises:
        InvalidInput: `command.kind_unknown`, `command.field_missing`, `command.field_invalid` or
            `command.field_unknown`, naming the field.
    """
    reader = _READERS.get(kind)
    if reader is None:
        raise InvalidInput(
            "command.kind_unknown",
            f"There is no command {kind!r}.",
            hint=f"Use one of {', '.join(_READERS)}.",
        )
    fields = _Fields(kind, dict(payload))
    parsed = reader(fields)
    fields.refuse_rest()
    return parsed


class _Fields:
    """The fields of one payload; each is taken once, and what is left over is refused."""

    def __init__(self, kind: str, values: dict[str, Any]) -> None:
        self._kind = kind
        self._values = values

    def text(self, name: str, *, limit: int = 500) -> str:
        value = self._take(name)
        if not isinstance(value, str) or not value.strip() or len(value) > limit:
            raise self._invalid(name, f"must be a text of 1 to {limit} characters")
        return value

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if self._values.get(name) is not None else self._values.pop(name, None)

    def optional_choice(self, name: str, *choices: str) -> Any:
        value = self.optional_text(name)
        if value is not None and value not in choices:
            raise self._invalid(name, f"must be one of {', '.join(choices)}")
        return value

    def uuid(self, name: str) -> UUID:
        return self._as_uuid(name, self._take(name))

    def optional_uuid(self, name: str) -> UUID | None:
        value = self._values.pop(name, None)
        return None if value is None else self._as_uuid(name, value)

    def uuids(self, name: str) -> tuple[UUID, ...]:
        values = self._take(name)
        if not isinstance(values, list) or not values:
            raise self._invalid(name, "must be a list with at least one id")
        ids = tuple(self._as_uuid(name, value) for value in values)
        if len(set(ids)) != len(ids):
            raise self._invalid(name, "names one id twice")
        return ids

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self._values.pop(name, {})
        if not isinstance(value, dict):
            raise self._invalid(name, "must be an object")
        return value

    def statement(self, name: str) -> Mapping[str, Any] | None:
        """Read what a person declares. It travels inside the ledger entry, which stays for good."""
        if self._values.get(name) is None:
            self._values.pop(name, None)
            return None
        value = self.mapping(name)
        try:
            size = len(orjson.dumps(value))
        except TypeError:  # nested deeper than any statement is
            size = _STATEMENT_LIMIT + 1
        if size > _STATEMENT_LIMIT:
            raise self._invalid(name, f"must be an object of at most {_STATEMENT_LIMIT:,} bytes of JSON")
        return value

    def texts(self, name: str) -> Mapping[str, str]:
        value = self.mapping(name)
        if not value or not all(isinstance(text, str) for text in value.values()):
            raise self._invalid(name, "must be an object of file name and content")
        return value

    def content(self, name: str) -> bytes:
        value = self._take(name)
        if not isinstance(value, str) or len(value) > _CONTENT_LIMIT:
            raise self._invalid(name, "must be base64 of at most 10 MB")
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:  # binascii.Error is one; so is what a text beyond ASCII gives
            raise self._invalid(name, "is not base64") from None

    def money(self, amount: str, currency: str) -> Money:
        value = self._take(amount)
        if not isinstance(value, str):
            raise self._invalid(amount, 'must be a decimal string such as "107.50"')
        money = Money.of(value, self.text(currency, limit=3))
        if money.amount <= Decimal(0) or money.rounded() != money:
            raise self._invalid(amount, "must be positive, with no more places than the currency has")
        return money

    def day(self, name: str) -> date:
        value = self._take(name)
        try:
            day = date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self._invalid(name, "must be a date such as 2026-11-23") from None
        if not _YEARS[0] <= day.year <= _YEARS[1] or day.isoformat() != value:
            raise self._invalid(
                name, f"must be a date such as 2026-11-23, of the years {_YEARS[0]} to {_YEARS[1]}"
            )
        return day

    def optional_seconds(self, name: str) -> timedelta | None:
        value = self._values.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LONGEST_TTL:
            raise self._invalid(name, f"must be a number of seconds from 0 to {_LONGEST_TTL:,}")
        return timedelta(seconds=value)

    def clock(self, name: str) -> ClockPolicy:
        return ClockPolicy.from_json(self.mapping(name))

    def refuse_rest(self) -> None:
        for name in self._values:
            raise InvalidInput(
                "command.field_unknown", f"{self._kind} has no field {name!r}.", where=f"payload.{name}"
            )

    def _take(self, name: str) -> Any:
        if self._values.get(name) is None:
            raise InvalidInput(
                "command.field_missing", f"{self._kind} needs the field {name!r}.", where=f"payload.{name}"
            )
        return self._values.pop(name)

    def _as_uuid(self, name: str, value: Any) -> UUID:
        try:
            return UUID(value)
        except (TypeError, ValueError, AttributeError):
            raise self._invalid(name, "must be a UUID") from None

    def _invalid(self, name: str, expected: str) -> InvalidInput:
        return InvalidInput(
            "command.field_invalid", f"{self._kind}: {name} {expected}.", where=f"payload.{name}"
        )


_READERS: Mapping[str, Callable[[_Fields], Payload]] = {
    "document.import": lambda f: ImportDocument(f.content("content_b64"), f.text("filename")),
    "request.submit": lambda f: SubmitRequest(f.uuids("invoice_ids")),
    "payment.record": lambda f: RecordPayment(
        reference=f.text("reference"),
        amount=f.money("amount", "currency"),
        value_date=f.day("value_date"),
        bank_ref=f.text("bank_ref"),
        payer=f.optional_text("payer"),
        direction=f.optional_choice("direction", "in", "out"),
    ),
    "definition.deploy": lambda f: DeployDefinition(f.text("key", limit=100), f.texts("sources")),
    "case.start": lambda f: StartCase(
        product=f.text("product", limit=100),
        business_key=f.text("business_key", limit=200),
        variables=f.mapping("variables"),
        request_id=f.optional_uuid("request_id"),
        seller_id=f.optional_uuid("seller_id"),
        buyer_id=f.optional_uuid("buyer_id"),
        clock=f.clock("clock"),
        start_element=f.optional_text("start_element"),
    ),
    "task.claim": lambda f: ClaimTask(f.uuid("task_id")),
    "task.complete": lambda f: CompleteTask(
        f.uuid("task_id"), f.mapping("variables"), f.statement("statement")
    ),
    "message.correlate": lambda f: CorrelateMessage(
        name=f.text("name"),
        key=f.optional_text("key") or "",
        variables=f.mapping("variables"),
        ttl=f.optional_seconds("ttl"),
        message_id=f.optional_text("message_id"),
    ),
    "message.deliver": lambda f: DeliverMessage(f.uuid("message_id")),
    "signal.broadcast": lambda f: BroadcastSignal(f.text("name"), f.mapping("variables")),
    "signal.deliver": lambda f: DeliverSignal(f.text("name"), f.mapping("variables")),
    "incident.retry": lambda f: RetryIncident(f.uuid("incident_id")),
    "case.cancel": lambda f: CancelCase(f.text("reason")),
}
