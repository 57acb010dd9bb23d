"""How every mutation is carried out: its command is committed, and its outcome waited for a moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry

from core import Broken, ScfError, Unavailable
from scf_api import views
from scf_api.context import Info
from scf_api.repository import Row
from scf_api.schema.commands import CommandState, UserError
from scf_api.schema.describe import output
from scf_api.schema.relay import global_id
from scf_api.views import View

# How often a mutation looks whether the case that it caused has started.
_CASE_POLL_SECONDS = 0.1


@output
class CommandStatus:
    """How far the command has come."""

    id: strawberry.ID
    state: CommandState


@dataclass(frozen=True, slots=True)
class Answer:
    """The command's state, what the caller did wrong, and the command's result.

    `reasons` are all those for which a migration was refused.
    """

    status: CommandStatus | None
    errors: list[UserError]
    result: Mapping[str, Any]
    reasons: Sequence[dict[str, Any]] = ()


async def perform(
    info: Info,
    kind: str,
    payload: Callable[[], dict[str, Any]],
    idempotency_key: str,
    *,
    case_id: Callable[[], UUID | None] = lambda: None,
) -> Answer:
    """Commit the command; what the platform refuses becomes a user error, what it lacks an error.

    `payload` and `case_id` read the caller's input, which may be wrong.
    """
    context = info.context
    person = context.person
    try:
        performed = await context.commands.perform(person, kind, payload(), idempotency_key, case_id())
    except ScfError as error:
        return Answer(None, [told(error)], {})
    outcome = performed.outcome
    state = CommandState(outcome.state) if outcome else CommandState.ACCEPTED
    refusal = outcome.error if outcome else None
    return Answer(
        CommandStatus(id=global_id("Command", performed.command_id), state=state),
        [UserError.from_outcome(refusal)] if refusal else [],
        (outcome.result if outcome else None) or {},
        (refusal or {}).get("reasons", ()),
    )


async def row_of(info: Info, view: View, answer: Answer, name: str) -> Row | None:
    """Return the row that the outcome names."""
    key = answer.result.get(name)
    return await info.context.one(view, UUID(key)) if key else None


async def started_case(info: Info, answer: Answer) -> Row | None:
    """Return the case that the outcome names, which another command may start a moment later."""
    if "case_id" not in answer.result:
        return None
    context = info.context
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(context.settings.command_wait.total_seconds()):
            while True:
                rows = await context.repository.lookup(
                    views.CASE, context.scope(views.CASE.area), "id", [UUID(answer.result["case_id"])]
                )
                for row in rows.values():
                    return row
                await asyncio.sleep(_CASE_POLL_SECONDS)
    return None


def told(error: ScfError) -> UserError:
    """Return what the caller can do something about; the platform's own trouble is no user error."""
    if isinstance(error, Unavailable | Broken):
        raise error
    return UserError.of(error)
