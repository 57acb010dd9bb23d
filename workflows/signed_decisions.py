"""Decisions that people sign: what to sign, and the checks of what was signed before it has any effect."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

import ledger
from core import Conflict, Forbidden, InvalidInput, NotFound, Transaction
from ledger import RegisteredKeyRow
from proof import canonical
from proof.errors import ProofError
from proof.statement import Decision, SignedDecision, declared
from workflows import repository
from workflows.actors import Actor
from workflows.commands import visible
from workflows.key_commands import CHALLENGE_LASTS
from workflows.repository import CaseRow, Connection, TaskRow
from workflows.signatures import canonical_signature
from workflows.task_payloads import Signed
from workflows.tasks import require_permission

# How a statement differs from what the platform has, by the field.
_DIFFERENCES: Mapping[str, tuple[str, str]] = {
    "shown": (
        "statement.shown",
        "What the task shows is not what was signed. Look at it again, and sign anew.",
    ),
    "decision": (
        "statement.decision",
        "The answers are not those that were signed. Sign the ones that you send.",
    ),
    "account": (
        "statement.not_yours",
        "The statement is another person's. Each person signs for themselves.",
    ),
}


async def statement_for(
    tx: Transaction,
    actor: Actor,
    *,
    task_id: UUID,
    variables: Mapping[str, Any],
    key_id: str,
    origin: str,
    at: datetime,
) -> Decision:
    """Return the statement that a person signs to decide a task, with a fresh challenge in it.

    Raises:
        NotFound: `task.unknown`.
        InvalidInput: `statement.form` when the answers have no canonical form.
        ScfError: what `require_permission` refuses; `statement.key_…`, as `require_valid` does.
    """
    case = visible(await repository.case_of_task(tx.sql, task_id), actor)
    task = await repository.task(tx.sql, task_id)
    if case is None or task is None:
        raise NotFound("task.unknown", f"There is no task {task_id}.")
    await require_permission(tx.sql, case, task, actor)
    await _require_valid_key(tx.sql, key_id, actor)
    nonce = secrets.token_hex(16)
    decision = await _decision(tx.sql, case, task, actor, variables, key_id, origin, nonce)
    await repository.insert_challenge(
        tx.sql,
        nonce,
        account=actor.label,
        subject=_subject(task),
        expires_at=at + CHALLENGE_LASTS,
        now=at,
    )
    return decision


async def check(
    sql: Connection,
    actor: Actor,
    case: CaseRow,
    task: TaskRow,
    variables: Mapping[str, Any],
    signed: Signed | None,
    *,
    origin: str,
    at: datetime,
) -> SignedDecision | None:
    """Check a statement in the transaction that is to have its effect; None when there need be none.

    The key is held: whoever revokes it waits for this transaction, and comes after it in the log.

    Raises:
        Forbidden: `statement.required` where the task wants one; `statement.key_unknown`, a key that is not
            registered or not the actor's.
        InvalidInput: `statement.form`, `signature.form`, `statement.signature`; `statement.decision`,
            `statement.not_yours` or `statement.mismatch` when it says something else.
        Conflict: `statement.key_not_endorsed`, `statement.key_revoked`, `statement.nonce`, `statement.shown`.
    """
    if signed is None:
        if task.requires_signature:
            raise Forbidden(
                "statement.required",
                f"The task {task.name!r} takes a decision that is signed with a key of your own.",
                where=str(task.id),
                hint="Register a key on the page My key, have it endorsed, and sign.",
            )
        return None
    try:
        said = Decision.decode(signed.statement.encode())
    except (ProofError, UnicodeEncodeError) as error:
        raise InvalidInput(
            "statement.form", f"The statement cannot be read: {error}", where="signed"
        ) from None
    key = await _require_valid_key(sql, said.key_id, actor)
    assert key.valid_by is not None  # noqa: S101 - what a valid key has
    decided = SignedDecision(
        said, canonical_signature(signed.signature), key.public_key, key.protection, key.valid_by
    )
    try:
        decided.verify()
    except ProofError as error:
        raise InvalidInput(
            "statement.signature",
            "The signature is not that of the key over this statement.",
            where="signed",
            hint="Sign the statement's bytes exactly as statementFor gives them.",
        ) from error
    ours = await _decision(sql, case, task, actor, variables, said.key_id, origin, said.nonce)
    _require_same(said, ours)
    if not await repository.is_challenged(
        sql, said.nonce, account=actor.label, subject=_subject(task), now=at
    ):
        raise Conflict(
            "statement.nonce",
            "The challenge was not given out for this task and person, or is used up or too old.",
            where="signed",
            hint="Ask for the statement again with statementFor, and sign that.",
        )
    return decided


async def use_up(sql: Connection, decided: SignedDecision | None) -> None:
    """Let a statement that has its effect now never have one again."""
    if decided is not None:
        await repository.use_challenge(sql, decided.decision.nonce)


def shown_digests(variables: Any, form: Any) -> dict[str, str]:
    """Return the SHA-256 of what a task shows, part by part: of its JSON with sorted keys and no blanks."""
    parts = {"variables": variables, **({"form": form} if form is not None else {})}
    return {
        name: sha256(orjson.dumps(part, option=orjson.OPT_SORT_KEYS)).hexdigest()
        for name, part in parts.items()
    }


async def _decision(
    sql: Connection,
    case: CaseRow,
    task: TaskRow,
    actor: Actor,
    variables: Mapping[str, Any],
    key_id: str,
    origin: str,
    nonce: str,
) -> Decision:
    try:
        canonical.encode(variables)
        answers = {name: declared(answer, nonce) for name, answer in variables.items()}
    except ProofError as error:
        raise InvalidInput("statement.form", error.message, where="variables", hint=error.hint) from error
    model_hash, _ = await repository.roots(sql, case.id)
    return Decision(
        origin=origin,
        account=actor.label,
        key_id=key_id,
        case=str(case.id),
        task=str(task.id),
        element=task.element,
        decision=answers,
        shown=shown_digests(*await repository.shown_by_task(sql, task.id)),
        model_hash=model_hash,
        nonce=nonce,
    )


async def _require_valid_key(sql: Connection, key_id: str, actor: Actor) -> RegisteredKeyRow:
    key = await ledger.hold_key(sql, key_id)
    if key is None or key.holder != actor.label:
        raise Forbidden(
            "statement.key_unknown",
            f"{actor.name} has registered no such key.",
            where=key_id,
            hint="Register it on the page My key.",
        )
    if key.revoked_by is not None:
        raise Conflict(
            "statement.key_revoked",
            "The key is revoked.",
            where=key_id,
            hint="Register another one; a revoked key never comes back.",
        )
    if key.valid_by is None:
        raise Conflict(
            "statement.key_not_endorsed",
            "Nobody has endorsed the key yet.",
            where=key_id,
            hint="Ask a second person to compare its fingerprint with you, and to endorse it.",
        )
    return key


def _require_same(said: Decision, ours: Decision) -> None:
    """Refuse a statement that says anything else than what the platform itself would have it say."""
    for field in fields(Decision):
        if getattr(said, field.name) == getattr(ours, field.name):
            continue
        code, message = _DIFFERENCES.get(
            field.name, ("statement.mismatch", f"The statement's {field.name} is not that of this task.")
        )
        error = Conflict if field.name == "shown" else InvalidInput
        raise error(
            code, message, where=f"signed.{field.name}", hint="Ask for the statement with statementFor."
        )


def _subject(task: TaskRow) -> str:
    return f"task:{task.id}"
