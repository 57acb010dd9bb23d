"""Commands that the command line gives to a running platform, and what became of them."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import workflows
from core import Database, errors, random_id
from core.errors import ScfError, Unavailable

LOOK_AGAIN = 0.2  # seconds


def operator() -> workflows.Actor:
    """Return who acts by the command line: whoever reaches the database acts for the platform.

    The entry says who it was on this machine.
    """
    return workflows.Actor.system(f"cli/{getpass.getuser()}")


async def give(
    database: Database,
    kind: str,
    payload: Mapping[str, Any],
    *,
    wait: float,
    actor: workflows.Actor | None = None,
    case_id: UUID | None = None,
) -> workflows.CommandOutcome:
    """Give a command, and return what became of it; without an actor it is the operator's.

    Raises:
        Unavailable: `command.undecided` when no worker has carried it out within `wait` seconds.
    """
    async with database.transaction() as tx:
        receipt = await workflows.submit(
            tx,
            kind=kind,
            actor=actor or operator(),
            payload=payload,
            idempotency_key=str(random_id()),
            case_id=case_id,
        )
    deadline = time.monotonic() + wait
    while True:
        async with database.reading() as sql:
            outcome = await workflows.outcome(sql, receipt.command_id)
        if outcome.state != "accepted":
            return outcome
        if time.monotonic() > deadline:
            raise Unavailable(
                "command.undecided",
                f"No worker has carried out {kind} within {wait:g} seconds; it stays accepted.",
                where=str(receipt.command_id),
                hint="Start the platform with scf up; it carries out what was accepted.",
            )
        await asyncio.sleep(LOOK_AGAIN)


def result_of(outcome: workflows.CommandOutcome) -> Mapping[str, Any]:
    """Return the result of a command that is done.

    Raises:
        ScfError: why it was refused, as the platform told it.
    """
    if outcome.error is not None:
        raise _refusal(outcome.error)
    return outcome.result or {}


def _refusal(error: Mapping[str, Any]) -> ScfError:
    family: type[ScfError] = getattr(errors, error["family"])
    return family(error["code"], error["message"], where=error.get("where"), hint=error.get("hint"))
