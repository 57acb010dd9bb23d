"""Calls that run as cases of their own: how one case starts another, and hears how it ends.

Each step is a command, accepted in the transaction of what leads to it, so exactly once: `case.start` with
the burst that opens the call, `call.return` with the end of the called case (or with its refusal, or an
error that nobody in it catches), `case.cancel` with the burst after which the caller waits no longer. A
retry of a call that has failed starts another case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from bpmn import (
    BpmnError,
    Command,
    CompleteJob,
    FailJob,
    OpenCall,
    State,
    ThrowError,
    brought_back,
    open_calls,
)
from bpmn.values import Value, from_json, to_json
from core import Broken, Conflict, ScfError, Transaction
from workflows import payloads, repository
from workflows.actors import Actor
from workflows.burst import Burst
from workflows.clock import ClockPolicy
from workflows.commands import case_id_of, submit_follow_up, submit_to_each
from workflows.repository import CalledCase, CaseRow, CommandRow, Connection

# A process that calls itself without end must come to one.
MAX_DEPTH = 32

_CASE = Actor.system("case")
_LONGEST_KEY = 200
# The called cases that an entry names, whose size is bounded; each names its caller in any case.
_NAMED = 100


async def follow(
    tx: Transaction, case: CaseRow, burst: Burst, *, cause: UUID, at: datetime
) -> Sequence[UUID]:
    """Start what a burst has called, and cancel what its case waits for no longer.

    Args:
        tx: the burst's transaction.
        case: the case as it is after the burst.
        burst: what was executed.
        cause: the burst's ledger entry, from which the commands that follow derive their keys.
        at: the real time.

    Returns:
        The cases that are started.
    """
    before, after = open_calls(burst.before), open_calls(burst.state)
    if over := before.keys() - after.keys():
        running = await repository.stop_awaiting(tx.sql, case.id, over)
        reason = {"reason": f"The case {case.product}/{case.business_key} that called it waits no longer."}
        await submit_to_each(
            tx, kind="case.cancel", actor=_CASE, payloads_of=dict.fromkeys(running, reason), cause=cause
        )
    opened = [call for key, call in after.items() if key not in before]
    return await _start(tx, case, burst, opened, cause, at) if opened else ()


async def _start(
    tx: Transaction, case: CaseRow, burst: Burst, calls: Sequence[OpenCall], cause: UUID, at: datetime
) -> Sequence[UUID]:
    tried = await repository.attempts(tx.sql, case.id, [call.key for call in calls])
    depth = await repository.depth_of(tx.sql, case.id) + 1
    starts: dict[UUID, Mapping[str, Any]] = {}
    called = []
    for call in calls:
        attempt = tried.get(call.key, 0) + 1
        key = _business_key(case, call, attempt)
        child_id = case_id_of(call.process, key)
        starts[child_id] = {
            "product": call.process,
            "business_key": key,
            "tag": call.tag,
            "variables": {name: to_json(value) for name, value in call.given(burst.state).items()},
            "request_id": _text(case.request_id),
            "seller_id": _text(case.seller_id),
            "buyer_id": _text(case.buyer_id),
            "clock": _clock(case, at).to_json(),
            "parent": {
                "case_id": str(case.id),
                "element": call.element,
                "requested_by": case.requested_by,
                "depth": depth,
            },
        }
        called.append((child_id, call, attempt))
    commands = await submit_to_each(tx, kind="case.start", actor=_CASE, payloads_of=starts, cause=cause)
    await repository.insert_called_cases(
        tx.sql,
        [
            CalledCase(child_id, case.id, call.key, attempt, call.element, depth, commands[child_id])
            for child_id, call, attempt in called
        ],
    )
    return list(starts)


async def tell_caller(tx: Transaction, case: CaseRow, burst: Burst, *, cause: UUID) -> None:
    """Tell the case that called this one how it has ended, or of an error that nobody here catches.

    Args:
        tx: the burst's transaction.
        case: the case as it is after the burst.
        burst: what was executed.
        cause: the burst's ledger entry.
    """
    if case.ended_at is not None:
        caller = await repository.end_called_case(tx.sql, case.id)
        if caller is not None and caller.awaits:
            await _return(tx, caller.case_id, case.id, _end(case, burst.state, caller.given), cause)
    elif burst.uncaught:
        caller = await repository.caller_of(tx.sql, case.id)
        if caller is None or not caller.awaits:
            return
        for number, error in enumerate(burst.uncaught):
            variables = {name: to_json(value) for name, value in error.variables.items()}
            outcome = {"error": error.code, "variables": variables}
            await _return(tx, caller.case_id, case.id, outcome, cause, part=str(number))


async def refused(tx: Transaction, command: CommandRow, refusal: ScfError | BpmnError) -> None:
    """Tell the caller that its case cannot start; hand on to its own caller what nobody there catches."""
    if command.case_id is None:
        return
    if command.kind == "case.start" and "parent" in command.payload:
        caller = await repository.end_called_case(tx.sql, command.case_id)
        outcome = {"failed": refusal.code, "message": refusal.message}
    elif command.kind == "call.return" and refusal.code == "error.uncaught":
        caller = await repository.caller_of(tx.sql, command.case_id)
        outcome = command.payload["outcome"]
    else:
        return
    if caller is not None and caller.awaits:
        await _return(tx, caller.case_id, command.case_id, outcome, command.id)


async def plan(
    sql: Connection, payload: payloads.ReturnCall, case: CaseRow, state: State, at: datetime
) -> Command:
    """Return what the end of a called case, or an error of it, asks of its caller's kernel.

    Raises:
        Conflict: `call.over`, the caller waits for it no longer.
    """
    wait = await repository.awaited_call(sql, case.id, payload.child_id)
    call = open_calls(state).get(wait) if wait is not None else None
    if call is None:
        raise Conflict("call.over", f"The case waits no longer for the case {payload.child_id}.")
    match payload.outcome:
        case {"completed": variables}:
            return CompleteJob(at, call.job, call.takes(state, _values(variables)))
        case {"error": code, "variables": variables}:
            return ThrowError(at, call.job, code, "", _values(variables))
        case {"failed": code, "message": message}:
            return FailJob(at, call.job, code, message)
        case _:
            raise Broken("call.outcome_unreadable", "The end of a called case cannot be read.")


def require_caught(command: Command, burst: Burst) -> None:
    """Refuse an error of a called case that its caller does not catch: it then stands where it was thrown.

    Raises:
        Conflict: `error.uncaught`.
    """
    if isinstance(command, ThrowError) and any(
        (error.element, error.code) == (command.job.rpartition(":")[0], command.error_code)
        for error in burst.uncaught
    ):
        raise Conflict(
            "error.uncaught",
            f"Nothing around the call {command.job} catches the error {command.error_code}.",
            hint="Repair the called case, or cancel it.",
        )


def statement(command: CommandRow | None, started: Sequence[UUID]) -> Mapping[str, Any]:
    """Return what an entry says of calls: who called this case, what it has called, what has come back."""
    said: dict[str, Any] = {}
    if command is not None and command.kind == "case.start" and "parent" in command.payload:
        parent = command.payload["parent"]
        said["called_by"] = {"case": parent["case_id"], "element": parent["element"]}
    if command is not None and command.kind == "call.return":
        (outcome,) = command.payload["outcome"].keys() & {"completed", "error", "failed"}
        said["returned"] = {"case": command.payload["child_id"], "outcome": outcome}
    if started:
        said["called"] = {"count": len(started), "cases": [str(each) for each in started[:_NAMED]]}
    return said


async def _return(
    tx: Transaction,
    caller_id: UUID,
    child_id: UUID,
    outcome: Mapping[str, Any],
    cause: UUID,
    *,
    part: str = "",
) -> None:
    await submit_follow_up(
        tx,
        kind="call.return",
        actor=_CASE,
        payload={"child_id": str(child_id), "outcome": outcome},
        cause=cause,
        case_id=caller_id,
        part=part,
    )


def _end(case: CaseRow, state: State, given: Mapping[str, Any]) -> Mapping[str, Any]:
    if state.status == "completed":
        return {"completed": brought_back(given, state.variables)}
    message = f"The called case {case.product}/{case.business_key} was cancelled."
    return {"failed": "call.cancelled", "message": message}


def _business_key(case: CaseRow, call: OpenCall, attempt: int) -> str:
    """Return a key that no other call has: the caller's product and key, the job, and the attempt."""
    key = f"{case.product}/{case.business_key}/{call.element}:{call.key}"
    key += f"/{attempt}" if attempt > 1 else ""
    if len(key) <= _LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{key[: _LONGEST_KEY - len(digest) - 1]}/{digest}"


def _clock(case: CaseRow, at: datetime) -> ClockPolicy:
    """Return how the clock of a called case runs: as its caller's, from the caller's time on."""
    is_real = case.clock.rate == 1 and not case.clock.paused and case.clock.at(at) == at
    return ClockPolicy(None if is_real else case.business_now, case.clock.rate, case.pause_on)


def _values(variables: Mapping[str, Any]) -> dict[str, Value]:
    return {name: from_json(value) for name, value in variables.items()}


def _text(id_: UUID | None) -> str | None:
    return str(id_) if id_ is not None else None
