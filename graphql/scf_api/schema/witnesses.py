"""Witnesses of the log: how far each has it, what is published, and what contradicts it."""

from __future__ import annotations

from datetime import datetime

import strawberry

import ledger
from scf_api.context import Info
from scf_api.roles import Area
from scf_api.schema.describe import output, resolved


@output
class LogWitness:
    """A witness of the policy in force."""

    name: str
    key: str = strawberry.field(description="Its public note key, name+hash+key.")
    validates: bool = strawberry.field(
        description="Whether its cosignature also says that it ran the commands of its cases again."
    )
    size: int = strawberry.field(description="The size of the largest checkpoint that it cosigned.")
    problem: str | None = strawberry.field(
        description="Why it did not cosign when it was last asked; told to the bank's own people."
    )
    problem_at: datetime | None


@output
class LogAlert:
    """Something that contradicts the log. Nothing is published while one that stops it is open."""

    id: strawberry.ID
    code: str
    witness: str
    message: str
    ours: str = strawberry.field(description="Our note.")
    theirs: str | None = strawberry.field(description="The note or answer of the witness, when it gave one.")
    stops: bool
    raised_at: datetime


@output
class LogStatus:
    """How the log stands."""

    origin: str | None
    entries: int
    published: int = strawberry.field(description="The size of the newest published checkpoint.")
    policy: bool = strawberry.field(description="Whether only what a quorum cosigned is published.")
    witnesses: list[LogWitness]
    alerts: list[LogAlert] = strawberry.field(description="The open alerts, the newest first.")


@output
class Witnessing:
    """How many witnesses cosigned a checkpoint that covers an entry."""

    signed: int
    witnesses: int
    quorum: bool = strawberry.field(description="Whether a published checkpoint covers the entry.")
    endorsed: int = strawberry.field(description="How many of those that run cases again did.")
    validators: int


@output
class WitnessQueries:
    """What can be asked about the log's witnesses."""

    @resolved
    async def log_status(self, info: Info) -> LogStatus | None:
        """How the log stands: its witnesses, and what contradicts it."""
        scope = info.context.scope(Area.LEDGER)
        if not scope.everything and scope.party_id is None:
            return None
        status = await info.context.log_status()
        return LogStatus(
            origin=status.origin,
            entries=status.entries,
            published=status.published,
            policy=status.policy,
            witnesses=[
                LogWitness(
                    name=witness.name,
                    key=witness.key,
                    validates=witness.validates,
                    size=witness.size,
                    problem=witness.problem if scope.everything else None,
                    problem_at=witness.problem_at if scope.everything else None,
                )
                for witness in status.witnesses
            ],
            alerts=[
                LogAlert(
                    id=strawberry.ID(str(alert.id)),
                    code=alert.code,
                    witness=alert.witness,
                    message=alert.message,
                    ours=alert.ours,
                    theirs=alert.theirs,
                    stops=alert.stops,
                    raised_at=alert.raised_at,
                )
                for alert in status.alerts
            ],
        )


async def witnessing_of(info: Info, index: int | None) -> Witnessing:
    """Return how far the witnesses have the entry of an index."""
    shown = ledger.witnessing(await info.context.log_status(), index)
    return Witnessing(
        signed=shown.signed,
        witnesses=shown.witnesses,
        quorum=shown.quorum,
        endorsed=shown.endorsed,
        validators=shown.validators,
    )
