"""A running case goes over to another version of its process: where to, how, and what is in the way.

The version must be one of the same process and deployed: its check, which holds the mandatory controls of its
family, was passed with what it asks for today. Who wants to go back to a retired one has it reinstated first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from bpmn import DryRun, MigrationPlan, MigrationRefused, Model, Refusal, State, dry_run, plan_migration
from core import Conflict, NotFound
from workflows import payloads, repository
from workflows.definitions import Definitions
from workflows.logged import Migrate
from workflows.repository import CaseRow, Connection, VersionRow
from workflows.tasks import FOUR_EYES


@dataclass(frozen=True, slots=True)
class Target:
    """The version to which a case is to go, compiled for the case's kernel."""

    id: UUID
    version: int
    model: Model


async def target_version(sql: Connection, product: str, version: int) -> VersionRow:
    """Return the version to which cases of a product are to go.

    Raises:
        NotFound: `definition.version_unknown`.
        Conflict: `definition.retired`.
    """
    found = next((each for each in await repository.versions(sql, product) if each.version == version), None)
    if found is None:
        raise NotFound(
            "definition.version_unknown", f"{product} has no version {version}.", where="payload.version"
        )
    if found.state != "deployed":
        raise Conflict(
            "definition.retired",
            f"No case goes over to version {version} of {product}: it is retired.",
            where="payload.version",
            hint="Ask a product owner to reinstate it: then its check runs again.",
        )
    return found


async def target_of(
    sql: Connection, definitions: Definitions, product: str, version: int, kernel: str
) -> Target:
    """Return the version to which a case is to go, for the kernel on which it runs.

    Raises:
        NotFound, Conflict: as `target_version`.
        StateRefused: `kernel.unknown`.
    """
    found = await target_version(sql, product, version)
    return Target(found.id, found.version, await definitions.model(sql, found.id, kernel))


async def plan(
    sql: Connection,
    definitions: Definitions,
    payload: payloads.MigrateCase,
    case: CaseRow,
    state: State,
    now: datetime,
) -> tuple[Target, Migrate]:
    """Return where a case is to go and how, at the business time `now`.

    Raises:
        NotFound, Conflict: as `target_version`, and `migration.already-there`.
        MigrationRefused: what `bpmn.plan_migration` raises, and `migration.four-eyes-lost`.
    """
    to = await target_of(sql, definitions, case.product, payload.version, state.kernel)
    if to.id == case.definition_id:
        raise Conflict("migration.already-there", f"The case runs on version {to.version} already.")
    begun = (await repository.four_eyes_begun(sql, [case.id])).get(case.id, frozenset())
    lost = _lost_eyes(begun, state.model, to.model)
    if lost:
        raise MigrationRefused(lost)
    batch = str(payload.batch_id) if payload.batch_id else None
    return to, Migrate(now, plan_for(payload.plan, state.model, to.model), payload.reason, batch)


def plan_for(given: MigrationPlan | None, old: Model, new: Model) -> MigrationPlan:
    """Return the plan that was given, or the one by names. Raises MigrationRefused."""
    return given if given is not None else plan_migration(old, new)


def tried(state: State, plan: MigrationPlan, to: Model, at: datetime, begun: frozenset[str]) -> DryRun:
    """Return what a migration at the business time `at` would do, or why it would be refused.

    `begun` are the four-eyes groups of the tasks that were completed in the case.
    """
    report = dry_run(state, plan, to, at)
    return replace(report, refusals=(*report.refusals, *_lost_eyes(begun, state.model, to)))


def all_refusals(report: DryRun) -> tuple[Refusal, ...]:
    """Return every reason of a dry run: those of the case as a whole, then token by token."""
    return (*report.refusals, *(each for move in report.moves for each in move.refusals))


def _lost_eyes(begun: frozenset[str], old: Model, new: Model) -> tuple[Refusal, ...]:
    """Return why the four eyes of completed tasks would count no more."""
    return tuple(
        Refusal(
            "migration.four-eyes-lost",
            None,
            old.process_id,
            f"Tasks of the four-eyes group {group!r} were completed, and the new version has none of it.",
            "Keep the name of the group in the new version, or wait until the case has ended.",
        )
        for group in sorted(begun & (_eyes(old) - _eyes(new)))
    )


def _eyes(model: Model) -> frozenset[str]:
    groups = (element.properties.get(FOUR_EYES) for element in model.elements.values())
    return frozenset(group for group in groups if group is not None)
