"""Mutations that let running cases go over to another version of their process: one alone, or a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import strawberry
from strawberry.scalars import JSON

from scf_api import views
from scf_api.context import Info
from scf_api.schema.cases import Case
from scf_api.schema.commands import UserError
from scf_api.schema.describe import argument, mutation, output
from scf_api.schema.migration import Migration, MigrationRefusal, wanted
from scf_api.schema.performing import CommandStatus, perform, row_of
from scf_api.schema.relay import key_of
from scf_api.schema.search import CaseFilter
from workflows.search_json import filter_to_json


@argument
class MigrateCaseInput:
    """A case, the version to which it goes, and the plan as JSON (null: by the elements' names)."""

    idempotency_key: str
    case_id: strawberry.ID
    version: int
    reason: str
    plan: JSON | None = None


@argument
class PlanMigrationInput:
    """The running cases of a product that fit, and the version to which they are to go."""

    idempotency_key: str
    product: str
    version: int
    reason: str
    filter: CaseFilter | None = None
    plan: JSON | None = None


@argument
class MigrationInput:
    """A batch that is to be started, paused, resumed or cancelled."""

    idempotency_key: str
    migration_id: strawberry.ID


@output
class MigrateCasePayload:
    """What became of a case; `refusals` are all reasons when it could not go."""

    command: CommandStatus | None
    user_errors: list[UserError]
    case: Case | None
    refusals: list[MigrationRefusal]


@output
class MigrationPayload:
    """What became of a batch."""

    command: CommandStatus | None
    user_errors: list[UserError]
    migration: Migration | None


@output
class MigrationMutations:
    """Mutations for those who run operations."""

    @mutation
    async def migrate_case(self, info: Info, input: MigrateCaseInput) -> MigrateCasePayload:
        """Let a running case go over to another version of its process, all of it or nothing."""
        answer = await perform(
            info,
            "case.migrate",
            lambda: {"version": input.version, "reason": input.reason, **_planned(input.plan)},
            input.idempotency_key,
            case_id=lambda: key_of(input.case_id, "Case", "caseId"),
        )
        row = await row_of(info, views.CASE, answer, "case_id")
        return MigrateCasePayload(
            command=answer.status,
            user_errors=answer.errors,
            case=Case.from_row(row) if row else None,
            refusals=[MigrationRefusal.from_json(each) for each in answer.reasons],
        )

    @mutation
    async def plan_migration(self, info: Info, input: PlanMigrationInput) -> MigrationPayload:
        """Choose cases and try out whether they can go: a batch, which a second person starts."""

        def payload() -> dict[str, Any]:
            asked = filter_to_json(wanted(input.product, input.filter))
            del asked["product"]
            return {
                "product": input.product,
                "version": input.version,
                "reason": input.reason,
                "filter": asked,
                **_planned(input.plan),
            }

        return await _batch(info, "migration.plan", payload, input.idempotency_key)

    @mutation
    async def start_migration(self, info: Info, input: MigrationInput) -> MigrationPayload:
        """Let the cases of a batch go that can; another person than who planned it."""
        return await _step(info, "migration.start", input)

    @mutation
    async def pause_migration(self, info: Info, input: MigrationInput) -> MigrationPayload:
        """Let no further case of a batch go for now."""
        return await _step(info, "migration.pause", input)

    @mutation
    async def resume_migration(self, info: Info, input: MigrationInput) -> MigrationPayload:
        """Go on with a batch that was paused."""
        return await _step(info, "migration.resume", input)

    @mutation
    async def cancel_migration(self, info: Info, input: MigrationInput) -> MigrationPayload:
        """Let no further case of a batch go; those that have gone stay where they are."""
        return await _step(info, "migration.cancel", input)


async def _step(info: Info, kind: str, input: MigrationInput) -> MigrationPayload:
    def payload() -> dict[str, Any]:
        return {"batch_id": str(key_of(input.migration_id, "Migration", "migrationId"))}

    return await _batch(info, kind, payload, input.idempotency_key)


async def _batch(
    info: Info, kind: str, payload: Callable[[], dict[str, Any]], idempotency_key: str
) -> MigrationPayload:
    answer = await perform(info, kind, payload, idempotency_key)
    row = await row_of(info, views.MIGRATION, answer, "batch_id")
    return MigrationPayload(
        command=answer.status,
        user_errors=answer.errors,
        migration=Migration.from_row(row) if row else None,
    )


def _planned(plan: JSON | None) -> dict[str, str]:
    # As a text whose form does not depend on who writes it: the same command again must be the same.
    return {} if plan is None else {"plan": orjson.dumps(plan, option=orjson.OPT_SORT_KEYS).decode()}
