"""How the log stands: its size, what is published of it, its witnesses, and what contradicts it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.database import Database
from ledger import repository, witness_repository
from ledger.policy import policy_in_force
from ledger.repository import Connection
from ledger.witness_repository import AlertRow


@dataclass(frozen=True, slots=True)
class WitnessStatus:
    """A witness of the policy in force.

    Attributes:
        name: Its name in the policy.
        key: Its note key.
        url: Where it is asked; None when the policy does not tell.
        validates: Whether its cosignature says that it ran its cases again.
        size: The size of the largest checkpoint that it cosigned.
        problem: Why it did not cosign when it was last asked; None when it did.
        problem_at: When that was.
    """

    name: str
    key: str
    url: str | None
    validates: bool
    size: int
    problem: str | None
    problem_at: datetime | None


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How the log stands.

    Attributes:
        origin: The log's name; None before its first sequencer.
        entries: How many entries are in the log.
        published: The size of the newest published checkpoint.
        policy: Whether a witness policy is in force.
        quorum: The name of the policy's quorum; None when it asks for nobody.
        witnesses: The policy's witnesses.
        alerts: The open alerts.
    """

    origin: str | None
    entries: int
    published: int
    policy: bool
    quorum: str | None
    witnesses: tuple[WitnessStatus, ...]
    alerts: tuple[AlertRow, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the status as JSON values."""
        return {**asdict(self), "alerts": [alert._asdict() for alert in self.alerts]}


@dataclass(frozen=True, slots=True)
class Witnessing:
    """How many witnesses of the policy in force cosigned a checkpoint that covers an entry.

    Attributes:
        signed: How many witnesses did.
        witnesses: How many there are.
        quorum: Whether a published checkpoint covers the entry; without a policy always once it is logged.
        endorsed: How many validating witnesses did.
        validators: How many of these there are.
    """

    signed: int
    witnesses: int
    quorum: bool
    endorsed: int
    validators: int


async def log_status(database: Database) -> LogStatus:
    """Return how the log stands now."""
    async with (
        database.reading() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        head = await repository.head(connection)
        policy = await policy_in_force(connection)
        rows = await witness_repository.witnesses(connection)
        return LogStatus(
            origin=head.origin if head else None,
            entries=head.size if head else 0,
            published=await _published_size(connection, policy_is_there=policy is not None),
            policy=policy is not None,
            quorum=policy.policy.quorum if policy else None,
            witnesses=tuple(
                WitnessStatus(
                    row.name, row.key, row.url, row.validates, row.size, row.problem, row.problem_at
                )
                for row in rows
            ),
            alerts=tuple(await witness_repository.alerts(connection)),
        )


async def streams_between(database: Database, since: int, size: int) -> list[str]:
    """Return the streams with entries from the place `since` on, below `size`."""
    async with database.reading() as connection:
        return await witness_repository.streams_between(connection, since, size)


async def _published_size(connection: Connection, *, policy_is_there: bool) -> int:
    if policy_is_there:
        published = await witness_repository.newest_published(connection)
    else:
        published = await repository.newest_checkpoint(connection)
    return published.size if published else 0


def witnessing(status: LogStatus, index: int | None) -> Witnessing:
    """Tell how far the witnesses have an entry, by its index; None is one that is not logged yet."""
    signed = [witness.validates for witness in status.witnesses if index is not None and witness.size > index]
    every = [witness.validates for witness in status.witnesses]
    return Witnessing(
        signed=signed.count(False),
        witnesses=every.count(False),
        quorum=index is not None and status.published > index,
        endorsed=signed.count(True),
        validators=every.count(True),
    )
