"""The command inbox: whatever changes anything is first stored here, and answered with a receipt.

A command that was accepted is never lost: it stays `accepted` until the transaction that carries it out
records its outcome in the same commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from bpmn import BpmnError, MigrationRefused
from core import Broken, Conflict, Forbidden, InvalidInput, NotFound, ScfError, Transaction, derived_id
from proof.canonical import encode
from proof.errors import NotCanonical
from workflows import alert_payloads, key_payloads, payloads, repository, task_payloads, vault_payloads
from workflows.actors import Actor
from workflows.logged import reasons
from workflows.repository import CaseRow, Connection

# Who may submit which kind. What a task allows is decided by the task; parts of the platform may submit all.
PERMITTED_ROLES: Mapping[str, frozenset[str]] = {
    "document.import": frozenset(
        {"seller_maker", "seller_checker", "buyer_maker", "buyer_checker", "operations", "credit_analyst"}
    ),
    "request.submit": frozenset({"seller_maker"}),
    "payment.record": frozenset({"treasury", "operations"}),
    # Who models a product may not approve it: no account holds both roles, and no person does both.
    "definition.save": frozenset({"analyst"}),
    "definition.lint": frozenset({"analyst"}),
    "definition.request": frozenset({"analyst"}),
    "definition.approve": frozenset({"product_owner"}),
    "definition.reject": frozenset({"product_owner"}),
    "definition.retire": frozenset({"product_owner"}),
    "definition.reinstate": frozenset({"product_owner"}),
    "definition.tag": frozenset({"product_owner"}),
    "case.start": frozenset(),
    "call.return": frozenset(),
    "message.correlate": frozenset({"operations", "treasury"}),
    "message.deliver": frozenset(),
    "signal.broadcast": frozenset({"operations"}),
    "signal.deliver": frozenset(),
    "incident.retry": frozenset({"operations"}),
    "incident.skip": frozenset({"operations"}),
    "incident.throw": frozenset({"operations"}),
    "incident.retry-many": frozenset({"operations"}),
    "case.modify": frozenset({"operations"}),
    "case.cancel": frozenset({"operations", "credit_officer"}),
    "case.migrate": frozenset({"operations"}),
    "migration.plan": frozenset({"operations"}),
    "migration.start": frozenset({"operations"}),
    "migration.pause": frozenset({"operations"}),
    "migration.resume": frozenset({"operations"}),
    "migration.cancel": frozenset({"operations"}),
    "vault.request-erasure": frozenset({"compliance", "operations"}),
    "vault.erase": frozenset({"compliance"}),
    "vault.reject-erasure": frozenset({"compliance"}),
    # Whoever decides something has a key; who audits or administers decides nothing. Each revokes their own.
    "key.register": frozenset(
        {
            *("seller_maker", "seller_checker", "buyer_maker", "buyer_checker", "credit_analyst"),
            *("credit_officer", "credit_officer_2", "operations", "treasury", "collections", "compliance"),
            *("analyst", "product_owner"),
        }
    ),
    "key.endorse": frozenset({"operations", "compliance", "credit_officer_2"}),
    "vault.disclose": frozenset({"compliance"}),
    "alert.judge": frozenset({"credit_officer", "credit_officer_2"}),
}

# Carried out by the worker in one transaction, without a workflow: they move no token of a case. So is every
# command that names no case, such as a message for whichever case waits for it.
WITHOUT_WORKFLOW = frozenset(
    {
        "document.import",
        "request.submit",
        "payment.record",
        "definition.save",
        "definition.lint",
        "definition.request",
        "definition.approve",
        "definition.reject",
        "definition.retire",
        "definition.reinstate",
        "definition.tag",
        "incident.retry-many",
        "migration.plan",
        "migration.start",
        "migration.pause",
        "migration.resume",
        "migration.cancel",
    }
    | (task_payloads.READERS.keys() - {"task.complete"})
    | vault_payloads.READERS.keys()
    | key_payloads.READERS.keys()
    | alert_payloads.READERS.keys()
)

# How many commands one statement stores: their payloads travel with it.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a submission. `replayed` tells that the same command had been accepted before."""

    command_id: UUID
    replayed: bool


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """What became of a command: `accepted` (undecided), `done` with a result, `refused` with an error."""

    state: str
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None


async def submit(
    tx: Transaction,
    *,
    kind: str,
    actor: Actor,
    payload: Mapping[str, Any],
    idempotency_key: str,
    case_id: UUID | None = None,
) -> Receipt:
    """Accept a command. Nothing is carried out yet; the worker does that, once.

    Submitting the same command again with the same key returns the first receipt.

    Args:
        tx: the caller's transaction; the command exists when it commits.
        kind: one of the kinds in `workflows.payloads`.
        actor: who asks, as authenticated by the caller.
        payload: the command's fields; no floats, amounts are decimal strings.
        idempotency_key: chosen by the actor, 1 to 200 characters.
        case_id: the case, where the payload does not tell it (`case.cancel`, `case.modify`,
            `case.migrate`, `message.correlate`).

    Raises:
        InvalidInput: the payload is wrong (`command.…`), or the key is.
        Forbidden: `command.forbidden`, the actor's roles do not allow this kind.
        NotFound: `task.unknown`, `incident.unknown`, `case.unknown`.
        Conflict: `command.key_reused`, another command has used the key.
    """
    _require_permission(kind, actor)
    if not 1 <= len(idempotency_key) <= 200 or not idempotency_key.isprintable():
        raise InvalidInput(
            "command.key_invalid",
            "An idempotency key has 1 to 200 printable characters.",
            where="idempotencyKey",
            hint="A random UUID is a good one.",
        )
    parsed = payloads.parse(kind, payload)
    digest = _digest(kind, payload, case_id)
    try:
        target = await _target(tx.sql, parsed, actor, case_id)
    except NotFound:
        # A repeated command may come when what it was for is over: it still has its receipt.
        receipt = await _first_receipt(tx.sql, actor, idempotency_key, digest)
        if receipt is None:
            raise
        return receipt
    return await _accept(tx.sql, kind, actor, payload, idempotency_key, digest, target)


async def submit_follow_up(
    tx: Transaction,
    *,
    kind: str,
    actor: Actor,
    payload: Mapping[str, Any],
    cause: UUID,
    case_id: UUID,
    part: str = "",
) -> Receipt:
    """Accept what one command entails, in that command's transaction and in the name of its actor.

    `part` tells the commands of one kind apart that have one cause.
    """
    payloads.parse(kind, payload)
    key = f"{cause}/{kind}/{part}" if part else f"{cause}/{kind}"
    digest = _own_digest(kind, payload, case_id)
    return await _accept(tx.sql, kind, actor, payload, key, digest, case_id)


async def submit_to_each(
    tx: Transaction,
    *,
    kind: str,
    actor: Actor,
    payloads_of: Mapping[UUID, Mapping[str, Any]],
    cause: UUID,
    part: str = "",
) -> Mapping[UUID, UUID]:
    """Accept what one command entails for each of many cases (id → payload), with few statements.

    Returns:
        The command of each case.

    Raises:
        Broken: `command.lost`, when one of them had been accepted before: each cause happens once.
    """
    cases = list(payloads_of.items())
    accepted: dict[UUID, UUID] = {}
    for first in range(0, len(cases), _AT_ONCE):
        new = [
            _follow_up(kind, actor, payload, case_id, f"{cause}/{kind}/{part}/{case_id}")
            for case_id, payload in cases[first : first + _AT_ONCE]
        ]
        if await repository.insert_commands(tx.sql, new, kind=kind, actor=actor) != len(new):
            raise Broken("command.lost", f"{kind} has followed {cause} before.", where=str(cause))
        accepted |= {command.case_id: command.id for command in new}
    return accepted


async def outcome(connection: Connection, command_id: UUID) -> CommandOutcome:
    """Return what became of a command.

    Raises:
        NotFound: `command.unknown`.
    """
    found = await repository.command_state(connection, command_id)
    if found is None:
        raise NotFound("command.unknown", f"There is no command {command_id}.")
    state, recorded = found
    recorded = recorded or {}
    return CommandOutcome(state, recorded.get("result"), recorded.get("error"))


def case_id_of(product: str, business_key: str) -> UUID:
    """Return the id of the case with this key, known before it starts."""
    return derived_id("case", product, business_key)


def done(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the recorded form of a result."""
    return {"result": result}


def refused(error: ScfError | BpmnError) -> Mapping[str, Any]:
    """Return the recorded form of an error: the same four attributes that every interface shows.

    Of a migration also its reasons, token by token.
    """
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "where": error.where,
            "hint": error.hint,
            "family": type(error).__name__ if isinstance(error, ScfError) else "Conflict",
            **({"reasons": reasons(error.refusals)} if isinstance(error, MigrationRefused) else {}),
        }
    }


def _require_permission(kind: str, actor: Actor) -> None:
    allowed = PERMITTED_ROLES.get(kind)
    if allowed is None or actor.is_system or actor.roles & allowed:
        return
    raise Forbidden(
        "command.forbidden",
        f"{actor.name} may not submit {kind}.",
        hint=f"It takes one of the roles {', '.join(sorted(allowed))}." if allowed else None,
    )


async def _target(
    sql: Connection, payload: payloads.Payload, actor: Actor, case_id: UUID | None
) -> UUID | None:
    """Find the case that a command is for; another party's case is as good as none."""
    match payload:
        case payloads.StartCase(product=product, business_key=business_key):
            return case_id_of(product, business_key)
        case task_payloads.OfTask(task_id=task_id):
            case = visible(await repository.case_of_task(sql, task_id), actor)
            unknown = NotFound("task.unknown", f"There is no task {task_id}.")
        case (
            payloads.RetryIncident(incident_id=incident_id)
            | payloads.SkipIncident(incident_id=incident_id)
            | payloads.ThrowAtIncident(incident_id=incident_id)
        ):
            case = visible(await repository.case_of_incident(sql, incident_id), actor)
            unknown = NotFound("incident.unknown", f"There is no incident {incident_id}.")
        case payloads.CorrelateMessage() if case_id is None:
            return None
        case (
            payloads.CorrelateMessage()
            | payloads.CancelCase()
            | payloads.ModifyCase()
            | payloads.MigrateCase()
        ):
            case = visible(await repository.read_case(sql, case_id), actor) if case_id else None
            unknown = NotFound("case.unknown", f"There is no case {case_id}.")
        case _:
            return None
    if case is None:
        raise unknown
    return case.id


def visible(case: CaseRow | None, actor: Actor) -> CaseRow | None:
    """Return a case if its parties are the actor's business; another party's is as good as none."""
    if case is None or actor.party_id is None or actor.party_id in (case.seller_id, case.buyer_id):
        return case
    return None


async def _accept(
    sql: Connection,
    kind: str,
    actor: Actor,
    payload: Mapping[str, Any],
    idempotency_key: str,
    digest: str,
    case_id: UUID | None,
) -> Receipt:
    command_id = derived_id("command", actor.label, idempotency_key)
    accepted = await repository.insert_command(
        sql,
        command_id,
        case_id=case_id,
        kind=kind,
        actor=actor,
        payload=payload,
        idempotency_key=idempotency_key,
        digest=digest,
    )
    if accepted:
        return Receipt(command_id, replayed=False)
    first = await _first_receipt(sql, actor, idempotency_key, digest)
    if first is None and await repository.is_erased(sql, command_id):
        raise Conflict(
            "command.erased",
            "The command of this idempotency key was carried out, and its content erased.",
            where="idempotencyKey",
            hint="Use a new key for a new command.",
        )
    if first is None:
        raise Broken("command.lost", f"The command of key {idempotency_key!r} cannot be read.")
    return first


async def _first_receipt(sql: Connection, actor: Actor, idempotency_key: str, digest: str) -> Receipt | None:
    first = await repository.command_by_key(sql, actor.label, idempotency_key)
    if first is None:
        return None
    first_id, first_digest = first
    if first_digest != digest:
        raise Conflict(
            "command.key_reused",
            "This idempotency key belongs to another command.",
            where="idempotencyKey",
            hint="Use a new key for a new command; repeat a command unchanged.",
        )
    return Receipt(first_id, replayed=True)


def _follow_up(
    kind: str, actor: Actor, payload: Mapping[str, Any], case_id: UUID, key: str
) -> repository.NewCommand:
    payloads.parse(kind, payload)
    command_id = derived_id("command", actor.label, key)
    return repository.NewCommand(command_id, case_id, payload, key, _own_digest(kind, payload, case_id))


def _own_digest(kind: str, payload: Mapping[str, Any], case_id: UUID) -> str:
    """What the platform itself writes need not be canonical: variables of a case may have any name."""
    content = {"kind": kind, "payload": payload, "case": str(case_id)}
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _digest(kind: str, payload: Mapping[str, Any], case_id: UUID | None) -> str:
    try:
        canonical = encode({"kind": kind, "payload": payload, "case": str(case_id) if case_id else None})
    except NotCanonical as error:
        raise InvalidInput(
            "command.payload_invalid",
            f"The payload has no canonical form: {error}.",
            where="payload",
            hint="Write amounts as decimal strings and use ASCII names.",
        ) from error
    place = _place_of_nul(payload, "payload")
    if place is not None:
        raise InvalidInput(
            "command.text_invalid",
            "A text holds the character U+0000, which cannot be stored.",
            where=place,
            hint="Leave it out.",
        )
    return hashlib.sha256(canonical).hexdigest()


def _place_of_nul(value: Any, place: str) -> str | None:
    """Return where a payload holds U+0000, which no text of the database can."""
    if isinstance(value, str):
        return place if "\x00" in value else None
    if isinstance(value, Mapping):
        inside = [(name, f"{place}.{name}", part) for name, part in value.items()]
    elif isinstance(value, list | tuple):
        inside = [("", f"{place}[{number}]", part) for number, part in enumerate(value)]
    else:
        return None
    for name, inner, part in inside:
        if "\x00" in name:
            return place
        found = _place_of_nul(part, inner)
        if found is not None:
            return found
    return None
