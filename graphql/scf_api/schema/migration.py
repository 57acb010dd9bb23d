"""Running cases go over to another version of their process: tried out, one alone, and many as a batch."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
import strawberry
from strawberry.scalars import JSON

from bpmn import MigrationPlan, Refusal
from core import Forbidden, InvalidInput, NotFound
from scf_api import views
from scf_api.context import Info
from scf_api.repository import Row, equals
from scf_api.roles import Area
from scf_api.schema.cases import Case
from scf_api.schema.describe import enum, output, resolved
from scf_api.schema.relay import After, Connection, First, Node, global_id, key_of, listed, one
from scf_api.schema.search import CaseFilter
from workflows import case_conditions, search
from workflows.definitions import Definitions
from workflows.logged import REASONS_LIMIT
from workflows.migration_preview import CasePreview, preview_case, preview_cases
from workflows.payloads import read_plan

# A dry run of this many cases answers a query; of more, a batch tells (planMigration).
_MOST_TRIED = 200
# Trying one case out costs about as much as reading this many rows; compiling two versions as a comparison.
_ROWS_PER_CASE = 10
_COMPILING_ROWS = 500


@enum
class MigrationResult(Enum):
    """What became of one case of a batch."""

    UNTRIED = "untried"
    POSSIBLE = "possible"
    WAITING = "waiting"
    MIGRATED = "migrated"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@enum
class MigrationState(Enum):
    """How a batch stands: it is tried out, then PLANNED until a second person starts it."""

    TRYING = "trying"
    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


@output
class MigrationRefusal:
    """Why a case cannot go: a stable code; without a token it is the plan or the case as a whole."""

    code: str
    token: int | None
    element: str | None
    message: str
    hint: str | None

    @classmethod
    def of(cls, refusal: Refusal) -> MigrationRefusal:
        """Tell a reason that a dry run found."""
        return cls(
            code=refusal.code,
            token=refusal.token,
            element=refusal.element or None,
            message=refusal.message,
            hint=refusal.hint or None,
        )

    @classmethod
    def from_json(cls, reason: dict[str, Any]) -> MigrationRefusal:
        """Tell a reason that was stored."""
        return cls(
            code=reason["code"],
            token=reason["token"],
            element=reason["element"] or None,
            message=reason["message"],
            hint=reason["hint"] or None,
        )


@output
class MigrationNote:
    """What is kept, opened, closed or renewed beyond the token itself."""

    code: str
    message: str


@output
class MigrationMove:
    """A token, the element at which it stands, and the one to which it would go."""

    token: int
    element: str
    target: str | None
    notes: list[MigrationNote]


@output
class MigrationPreview:
    """What a migration would do with a case at this moment; nothing was changed."""

    case_key: strawberry.Private[UUID]
    possible: bool
    moves: list[MigrationMove] = strawberry.field(description="The first 100 tokens, oldest first.")
    refusals: list[MigrationRefusal] = strawberry.field(description="The first 100 reasons against it.")

    @classmethod
    def of(cls, preview: CasePreview) -> MigrationPreview:
        """Tell a dry run."""
        moves = preview.report.moves[:REASONS_LIMIT] if preview.report is not None else ()
        return cls(
            case_key=preview.case_id,
            possible=preview.possible,
            moves=[
                MigrationMove(
                    token=move.token,
                    element=move.element,
                    target=move.target,
                    notes=[MigrationNote(code=note.code, message=note.message) for note in move.notes],
                )
                for move in moves
            ],
            refusals=[MigrationRefusal.of(each) for each in preview.refusals[:REASONS_LIMIT]],
        )

    @resolved
    async def case(self, info: Info) -> Case | None:
        """The case."""
        return await one(info, views.CASE, self.case_key, Case.from_row)


@output
class CaseMigrationPreview:
    """The dry run of one case, with the plan, which can be changed and given to migrateCase."""

    preview: MigrationPreview
    plan: JSON | None = strawberry.field(description="Null when there can be none between the two versions.")
    unmapped: list[MigrationRefusal] = strawberry.field(
        description="Elements of the old version that have no counterpart, each with the reason."
    )


@output
class CasesMigrationPreview:
    """The dry run of the oldest cases that fit, at most 200; how many fit besides is `left`."""

    possible: int
    refused: int
    left: int
    previews: list[MigrationPreview]


@output
class MigrationItem:
    """One case of a batch, and what became of it."""

    case_key: strawberry.Private[UUID]
    position: int
    result: MigrationResult
    reasons: list[MigrationRefusal] = strawberry.field(description="Why it cannot go.")

    @classmethod
    def from_row(cls, row: Row) -> MigrationItem:
        """Build it from a row of `workflows.migration_item_view`."""
        return cls(
            case_key=row["case_id"],
            position=row["position"],
            result=MigrationResult(row["result"]),
            reasons=[MigrationRefusal.from_json(each) for each in orjson.loads(row["reasons"])],
        )

    @resolved
    async def case(self, info: Info) -> Case | None:
        """The case."""
        return await one(info, views.CASE, self.case_key, Case.from_row)


@output
class Migration(Node):
    """Many cases that go over to another version, as a batch: first tried out, then started."""

    key: strawberry.Private[UUID]
    product: str
    version: int = strawberry.field(description="The version to which they go.")
    state: MigrationState
    reason: str
    plan_text: strawberry.Private[str | None]
    planned_by: str
    planned_at: datetime
    started_by: str | None = strawberry.field(description="The second person; the entries name them.")
    started_at: datetime | None
    finished_at: datetime | None
    cases: int = strawberry.field(description="How many cases there are.")
    left: int = strawberry.field(description="Cases that fit, too, but were too many for one batch.")
    untried: int
    possible: int = strawberry.field(description="Can go by the dry run, and have not been told to.")
    waiting: int = strawberry.field(description="Have been told to go, and are not decided.")
    migrated: int
    refused: int
    cancelled: int

    @classmethod
    def from_row(cls, row: Row) -> Migration:
        """Build it from a row of `workflows.migration_batch_view`."""
        counts = ("cases", "untried", "possible", "waiting", "migrated", "refused", "cancelled")
        told = ("product", "version", "reason", "planned_at", "started_at", "finished_at")
        return cls(
            id=global_id("Migration", row["id"]),
            key=row["id"],
            state=MigrationState(row["state"]),
            plan_text=row["plan"],
            planned_by=_name(row["planned_by"]),
            started_by=_name(row["started_by"]) if row["started_by"] else None,
            left=row["left_out"],
            **{name: row[name] for name in (*told, *counts)},
        )

    @resolved
    def plan(self) -> JSON | None:
        """The plan that was given; null for the one by the elements' names."""
        return orjson.loads(self.plan_text) if self.plan_text is not None else None

    @resolved
    async def items(
        self,
        info: Info,
        result: MigrationResult | None = None,
        first: First = None,
        after: After = None,
    ) -> Connection[MigrationItem]:
        """The cases, in the order in which they go."""
        filters = (
            *equals("batch_id", self.key),
            *equals("result", result.value if result is not None else None),
        )
        return await listed(info, views.MIGRATION_ITEM, MigrationItem.from_row, first, after, filters)


@output
class MigrationQueries:
    """What can be asked about migrations, for the bank's own people."""

    @resolved
    async def migration_preview(
        self, info: Info, case_id: strawberry.ID, version: int, plan: JSON | None = None
    ) -> CaseMigrationPreview:
        """What would become of a case that goes over to this version, token by token."""
        _require_bank(info)
        info.context.spend(_COMPILING_ROWS)
        key = key_of(case_id, "Case", "caseId")
        if key is None:
            raise NotFound("case.unknown", "There is no such case.", where="caseId")
        now = info.context.settings.clock.now()
        async with info.context.database.reading() as sql:
            planned, preview = await preview_case(sql, Definitions(), key, version, _plan(plan), now)
        return CaseMigrationPreview(
            preview=MigrationPreview.of(preview),
            plan=JSON(planned.plan.to_json()) if planned is not None else None,
            unmapped=[MigrationRefusal.of(each) for each in planned.unmapped] if planned is not None else [],
        )

    @resolved
    async def migration_previews(
        self,
        info: Info,
        product: str,
        version: int,
        filter: CaseFilter | None = None,
        plan: JSON | None = None,
    ) -> CasesMigrationPreview:
        """What would become of running cases that go over to this version."""
        _require_bank(info)
        info.context.spend(_COMPILING_ROWS + _ROWS_PER_CASE * _MOST_TRIED)
        now = info.context.settings.clock.now()
        asked = wanted(product, filter)
        async with info.context.database.reading() as sql:
            conditions = await case_conditions(sql, asked, now)
            found = await preview_cases(
                sql, Definitions(), product, conditions, version, _plan(plan), now, limit=_MOST_TRIED
            )
        possible = sum(each.possible for each in found.cases)
        return CasesMigrationPreview(
            possible=possible,
            refused=len(found.cases) - possible,
            left=found.left,
            previews=[MigrationPreview.of(each) for each in found.cases],
        )

    @resolved
    async def migration(self, info: Info, id: strawberry.ID) -> Migration | None:
        """Return a batch."""
        return await one(info, views.MIGRATION, key_of(id, "Migration", "id"), Migration.from_row)

    @resolved
    async def migrations(
        self,
        info: Info,
        product: str | None = None,
        state: MigrationState | None = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Migration]:
        """Batches, the latest first."""
        filters = (
            *equals("product", product),
            *equals("state", state.value if state is not None else None),
        )
        return await listed(info, views.MIGRATION, Migration.from_row, first, after, filters)


def _require_bank(info: Info) -> None:
    if not info.context.scope(Area.CASES).everything:
        raise Forbidden("migration.not_yours", "Migrations are for the bank's own people only.")


def wanted(product: str, asked: CaseFilter | None) -> search.CaseFilter:
    """Return which cases of a product are asked for.

    Raises:
        InvalidInput: `search.product_differs` and the like.
    """
    if asked is not None and asked.product not in (None, product):
        raise InvalidInput(
            "search.product_differs", "The filter names another product.", where="filter.product"
        )
    return (
        replace(asked, product=product).wanted() if asked is not None else search.CaseFilter(product=product)
    )


def _plan(plan: JSON | None) -> MigrationPlan | None:
    return None if plan is None else read_plan(orjson.dumps(plan), "plan")


def _name(actor: str) -> str:
    return actor.removeprefix("user:")
