"""What each kind of command carries, read strictly before anything is stored."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeVar
from uuid import UUID

import orjson

from bpmn import MigrationPlan, MigrationRefused
from core import InvalidInput, Money
from workflows import alert_payloads, bundles, key_payloads, task_payloads, vault_payloads
from workflows.alert_payloads import JudgeAlert
from workflows.clock import ClockPolicy
from workflows.key_payloads import KeyPayload
from workflows.search import CaseFilter
from workflows.search_json import filter_from_json
from workflows.task_payloads import Signed, TaskPayload
from workflows.vault_payloads import VaultPayload

T = TypeVar("T")

# A document of 10 MB, the most that is imported, in base64.
_CONTENT_LIMIT = 14_000_000
_SMALL_OBJECT = 16_384
# What moved stands in the ledger entry, whose size is bounded.
_MOVES_LIMIT = 100
# A plan of a model with ten thousand elements of long names.
_PLAN_LIMIT = 2_000_000
RETRIES_LIMIT = 500
"""Incidents that one `incident.retry-many` retries."""
_LARGEST_NUMBER = 2**31 - 1
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
class SaveDraft:
    """`definition.save`: the files of a process, by name; a new draft, or the next revision of one."""

    key: str
    sources: Mapping[str, str]
    draft_id: UUID | None
    revision: int | None


@dataclass(frozen=True, slots=True)
class LintDraft:
    """`definition.lint`: check this revision of a draft as its deployment would."""

    draft_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class RequestDeployment:
    """`definition.request`: ask a second person to deploy this revision of a draft."""

    draft_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class ApproveDeployment:
    """`definition.approve`: deploy a draft; `hash` is that of the content that the person has seen."""

    draft_id: UUID
    hash: str


@dataclass(frozen=True, slots=True)
class RejectDeployment:
    """`definition.reject`: give a draft back to its analysts."""

    draft_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class RetireDefinition:
    """`definition.retire`: start no more cases on a version."""

    definition_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ReinstateDefinition:
    """`definition.reinstate`: start cases on a retired version again."""

    definition_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class TagDefinition:
    """`definition.tag`: let a tag name this version, whichever it named before."""

    definition_id: UUID
    tag: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The case that calls another one, at which element, for whom it runs, and how many calls led there."""

    case_id: UUID
    element: str
    requested_by: str
    depth: int


@dataclass(frozen=True, slots=True)
class StartCase:
    """`case.start`: one case of a deployed process; unique by product and business key.

    `version` or `tag` names the version on which it runs; without them it is the latest that is deployed.
    `start_element` names the start event by which it begins; None: by the one without a trigger. `parent` is
    the case that calls it.
    """

    product: str
    business_key: str
    version: int | None
    tag: str | None
    variables: Mapping[str, Any]
    request_id: UUID | None
    seller_id: UUID | None
    buyer_id: UUID | None
    clock: ClockPolicy
    start_element: str | None = None
    parent: Parent | None = None


@dataclass(frozen=True, slots=True)
class ReturnCall:
    """`call.return`: the platform tells a case how one that it called has ended, or which error it throws."""

    child_id: UUID
    outcome: Mapping[str, Any]


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
    """`incident.retry`: do again what failed, after these variables are set."""

    incident_id: UUID
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SkipIncident:
    """`incident.skip`: count what failed as done, with these variables as its result."""

    incident_id: UUID
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ThrowAtIncident:
    """`incident.throw`: let the process take the way of a BPMN error where something failed."""

    incident_id: UUID
    error_code: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RetryIncidents:
    """`incident.retry-many`: retry these incidents, or the open ones that a filter finds."""

    incident_ids: tuple[UUID, ...]
    product: str | None
    element: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Begin:
    """One element that `case.modify` lets begin, in the scope of this token if it names one."""

    element: str
    scope: str | None
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModifyCase:
    """`case.modify`: end tokens (by id, or by the element where only one stands) and let elements begin."""

    cancel: tuple[str, ...]
    activate: tuple[Begin, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class MigrateCase:
    """`case.migrate`: go over to another version of the process, by a plan or (None) by the elements' names.

    `batch_id` is that of the batch to which it belongs.
    """

    version: int
    plan: MigrationPlan | None
    reason: str
    batch_id: UUID | None


@dataclass(frozen=True, slots=True)
class PlanMigration:
    """`migration.plan`: try out whether the running cases that fit could go to another version."""

    product: str
    version: int
    plan: MigrationPlan | None
    wanted: CaseFilter
    reason: str


@dataclass(frozen=True, slots=True)
class StartMigration:
    """`migration.start`: let the cases go that can."""

    batch_id: UUID


@dataclass(frozen=True, slots=True)
class PauseMigration:
    """`migration.pause`: let no further case go for now."""

    batch_id: UUID


@dataclass(frozen=True, slots=True)
class ResumeMigration:
    """`migration.resume`: go on with what was paused."""

    batch_id: UUID


@dataclass(frozen=True, slots=True)
class CancelMigration:
    """`migration.cancel`: let no further case go."""

    batch_id: UUID


@dataclass(frozen=True, slots=True)
class CancelCase:
    """`case.cancel`: end the case for a reason; with `compensate` undo first what it has completed."""

    reason: str
    compensate: bool


MigrationStep = PlanMigration | StartMigration | PauseMigration | ResumeMigration | CancelMigration

Payload = (
    ImportDocument
    | SubmitRequest
    | RecordPayment
    | SaveDraft
    | LintDraft
    | RequestDeployment
    | ApproveDeployment
    | RejectDeployment
    | RetireDefinition
    | ReinstateDefinition
    | TagDefinition
    | StartCase
    | ReturnCall
    | CorrelateMessage
    | DeliverMessage
    | BroadcastSignal
    | DeliverSignal
    | RetryIncident
    | SkipIncident
    | ThrowAtIncident
    | RetryIncidents
    | ModifyCase
    | CancelCase
    | MigrateCase
    | MigrationStep
    | TaskPayload
    | VaultPayload
    | KeyPayload
    | JudgeAlert
)


def parse(kind: str, payload: Mapping[str, Any]) -> Payload:
    """Read a command's payload.

    Raises:
        InvalidInput: `command.kind_unknown`, `command.field_missing`, `command.field_invalid` or
            `command.field_unknown`, naming the field; for `definition.save` also what
            `bundles.require_files` raises.
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


def read_plan(text: str | bytes, where: str) -> MigrationPlan:
    """Read a migration plan.

    Raises:
        InvalidInput: `migration.bad-plan`.
    """
    try:
        return MigrationPlan.from_json(orjson.loads(text))
    except orjson.JSONDecodeError:
        raise InvalidInput("migration.bad-plan", "The plan is no JSON.", where=where) from None
    except MigrationRefused as refused:
        raise InvalidInput(refused.code, refused.message, where=where, hint=refused.hint) from None


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

    def number(self, name: str) -> int:
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _LARGEST_NUMBER:
            raise self._invalid(name, "must be a whole number from 1")
        return value

    def optional_number(self, name: str) -> int | None:
        return self.number(name) if self._values.get(name) is not None else self._values.pop(name, None)

    def optional_choice(self, name: str, *choices: str) -> Any:
        if self._values.get(name) is None:
            return self._values.pop(name, None)
        return self.choice(name, *choices)

    def choice(self, name: str, *choices: str) -> Any:
        value = self.text(name)
        if value not in choices:
            raise self._invalid(name, f"must be one of {', '.join(choices)}")
        return value

    def uuid(self, name: str) -> UUID:
        return self._as_uuid(name, self._take(name))

    def optional_uuid(self, name: str) -> UUID | None:
        value = self._values.pop(name, None)
        return None if value is None else self._as_uuid(name, value)

    def uuids(self, name: str, *, most: int | None = None) -> tuple[UUID, ...]:
        values = self._take(name)
        if not isinstance(values, list) or not values:
            raise self._invalid(name, "must be a list with at least one id")
        if most is not None and len(values) > most:
            raise self._invalid(name, f"may name {most} at once")
        ids = tuple(self._as_uuid(name, value) for value in values)
        if len(set(ids)) != len(ids):
            raise self._invalid(name, "names one id twice")
        return ids

    def flag(self, name: str) -> bool:
        value = self._values.pop(name, False)
        if not isinstance(value, bool):
            raise self._invalid(name, "must be true or false")
        return value

    def places(self, name: str) -> tuple[str, ...]:
        values = self._values.pop(name, [])
        if not isinstance(values, list) or len(values) > _MOVES_LIMIT:
            raise self._invalid(name, f"must be a list of at most {_MOVES_LIMIT} texts")
        return tuple(_Fields(self._kind, {name: value}).text(name) for value in values)

    def beginnings(self, name: str) -> tuple[Begin, ...]:
        values = self._values.pop(name, [])
        if not isinstance(values, list) or len(values) > _MOVES_LIMIT:
            raise self._invalid(name, f"must be a list of at most {_MOVES_LIMIT} objects")
        return tuple(self._beginning(name, value) for value in values)

    def _beginning(self, name: str, value: Any) -> Begin:
        if not isinstance(value, dict):
            raise self._invalid(name, "must be a list of objects")
        inner = _Fields(f"{self._kind}.{name}", dict(value))
        begin = Begin(inner.text("element"), inner.optional_text("scope"), inner.mapping("variables"))
        inner.refuse_rest()
        return begin

    def parent(self, name: str) -> Parent | None:
        if self._values.get(name) is None:
            self._values.pop(name, None)
            return None
        inner = _Fields(f"{self._kind}.{name}", dict(self.mapping(name)))
        parent = Parent(
            inner.uuid("case_id"), inner.text("element"), inner.text("requested_by"), inner.number("depth")
        )
        inner.refuse_rest()
        return parent

    def names(self, name: str) -> tuple[str, ...]:
        values = self._take(name)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self._invalid(name, "must be a list of names")
        return tuple(values)

    def each(
        self, name: str, read: Callable[[_Fields], T], *, of: Callable[[T], object], most: int
    ) -> tuple[T, ...]:
        """Read a list of objects, each with the fields that `read` takes and about one thing, `of` it."""
        values = self._take(name)
        if not isinstance(values, list) or not 1 <= len(values) <= most:
            raise self._invalid(name, f"must be a list of 1 to {most} objects")
        items = []
        for value in values:
            if not isinstance(value, dict):
                raise self._invalid(name, f"must be a list of 1 to {most} objects")
            fields = _Fields(self._kind, dict(value))
            items.append(read(fields))
            fields.refuse_rest()
        if len({of(item) for item in items}) != len(items):
            raise self._invalid(name, "names one id twice")
        return tuple(items)

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
        statement = self.small_mapping(name)
        if "signed" in statement:
            raise self._invalid(name, "says nothing of what is signed; that comes in a field of its own")
        if "fingerprints" in statement:
            raise self._invalid(name, "says nothing of fingerprints; that is for the platform to say")
        return statement

    def signed(self, name: str) -> Signed | None:
        """Read a statement that a person signed, with the signature."""
        if self._values.get(name) is None:
            self._values.pop(name, None)
            return None
        inner = _Fields(f"{self._kind}.{name}", dict(self.mapping(name)))
        signed = Signed(inner.text("statement", limit=_SMALL_OBJECT), inner.small_content("signature"))
        inner.refuse_rest()
        return signed

    def small_mapping(self, name: str) -> Mapping[str, Any]:
        value = self.mapping(name)
        try:
            size = len(orjson.dumps(value))
        except TypeError:  # nested deeper than any such object is
            size = _SMALL_OBJECT + 1
        if size > _SMALL_OBJECT:
            raise self._invalid(name, f"must be an object of at most {_SMALL_OBJECT:,} bytes of JSON")
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

    def small_content(self, name: str) -> bytes:
        try:
            return base64.b64decode(self.text(name, limit=2_000), validate=True)
        except ValueError:
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

    def incidents(self) -> RetryIncidents:
        """Read ids, or a filter that says something: nobody retries all there is by leaving a field out."""
        ids = self.uuids("incident_ids") if self._values.get("incident_ids") is not None else ()
        if len(ids) > RETRIES_LIMIT:
            raise self._invalid("incident_ids", f"may name {RETRIES_LIMIT} incidents at most")
        self._values.pop("incident_ids", None)
        chosen = RetryIncidents(
            ids, self.optional_text("product"), self.optional_text("element"), self.optional_text("code")
        )
        if bool(ids) == any((chosen.product, chosen.element, chosen.code)):
            raise self._invalid("incident_ids", "or one of product, element and code must be given")
        return chosen

    def optional_moment(self, name: str) -> datetime | None:
        value = self._values.pop(name, None)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            in_utc = moment.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise self._invalid(name, "must be a time such as 2026-11-23T09:30:00Z") from None
        if moment.tzinfo is None or not _YEARS[0] <= in_utc.year <= _YEARS[1]:
            raise self._invalid(
                name, f"must be a time with its zone, of the years {_YEARS[0]} to {_YEARS[1]}"
            )
        return in_utc

    def plan(self, name: str) -> MigrationPlan | None:
        """Read a migration plan, which is a text of JSON: the ids of elements need not be ASCII."""
        if self._values.get(name) is None:
            self._values.pop(name, None)
            return None
        return read_plan(self.text(name, limit=_PLAN_LIMIT), f"payload.{name}")

    def wanted(self, name: str, product: str) -> CaseFilter:
        return filter_from_json({**self.mapping(name), "product": product})

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


def _save_draft(f: _Fields) -> SaveDraft:
    key, sources = f.text("key", limit=100), f.texts("sources")
    bundles.require_files(key, sources)
    draft_id = f.optional_uuid("draft_id")
    return SaveDraft(key, sources, draft_id, f.number("revision") if draft_id is not None else None)


def _plan_migration(f: _Fields) -> PlanMigration:
    product = f.text("product", limit=100)
    return PlanMigration(
        product, f.number("version"), f.plan("plan"), f.wanted("filter", product), f.text("reason")
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
    "definition.save": _save_draft,
    "definition.lint": lambda f: LintDraft(f.uuid("draft_id"), f.number("revision")),
    "definition.request": lambda f: RequestDeployment(f.uuid("draft_id"), f.number("revision")),
    "definition.approve": lambda f: ApproveDeployment(f.uuid("draft_id"), f.text("hash", limit=64)),
    "definition.reject": lambda f: RejectDeployment(f.uuid("draft_id"), f.text("reason")),
    "definition.retire": lambda f: RetireDefinition(f.uuid("definition_id"), f.text("reason")),
    "definition.reinstate": lambda f: ReinstateDefinition(f.uuid("definition_id"), f.text("reason")),
    "definition.tag": lambda f: TagDefinition(f.uuid("definition_id"), f.text("tag", limit=100)),
    "case.start": lambda f: StartCase(
        product=f.text("product", limit=100),
        business_key=f.text("business_key", limit=200),
        version=f.optional_number("version"),
        tag=f.optional_text("tag"),
        variables=f.mapping("variables"),
        request_id=f.optional_uuid("request_id"),
        seller_id=f.optional_uuid("seller_id"),
        buyer_id=f.optional_uuid("buyer_id"),
        clock=f.clock("clock"),
        start_element=f.optional_text("start_element"),
        parent=f.parent("parent"),
    ),
    "call.return": lambda f: ReturnCall(f.uuid("child_id"), f.mapping("outcome")),
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
    "incident.retry": lambda f: RetryIncident(f.uuid("incident_id"), f.mapping("variables")),
    "incident.skip": lambda f: SkipIncident(f.uuid("incident_id"), f.mapping("variables")),
    "incident.throw": lambda f: ThrowAtIncident(
        f.uuid("incident_id"), f.text("error_code"), f.mapping("variables")
    ),
    "incident.retry-many": lambda f: f.incidents(),
    "case.modify": lambda f: ModifyCase(f.places("cancel"), f.beginnings("activate"), f.text("reason")),
    "case.cancel": lambda f: CancelCase(f.text("reason"), f.flag("compensate")),
    "case.migrate": lambda f: MigrateCase(
        f.number("version"), f.plan("plan"), f.text("reason"), f.optional_uuid("batch_id")
    ),
    "migration.plan": _plan_migration,
    "migration.start": lambda f: StartMigration(f.uuid("batch_id")),
    "migration.pause": lambda f: PauseMigration(f.uuid("batch_id")),
    "migration.resume": lambda f: ResumeMigration(f.uuid("batch_id")),
    "migration.cancel": lambda f: CancelMigration(f.uuid("batch_id")),
    **task_payloads.READERS,
    **vault_payloads.READERS,
    **key_payloads.READERS,
    **alert_payloads.READERS,
}
