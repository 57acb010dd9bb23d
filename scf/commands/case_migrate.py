"""`scf case migrate` and `scf case migration`: running cases go over to another version of their process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

import workflows
from bpmn import MigrationPlan
from core import Database
from core.clock import SystemClock
from core.errors import InvalidInput, NotFound
from scf.commands.case_migrate_report import show_batch, show_case, show_cases, show_outcome
from scf.commands.inbox import LOOK_AGAIN, give, result_of
from scf.commands.model_files import read_json
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database
from workflows.definitions import Definitions
from workflows.migration_preview import CasePreview, PlanPreview, Previews, preview_case, preview_cases
from workflows.payloads import read_plan
from workflows.search import CaseFilter, read_test
from workflows.search_json import filter_to_json

_PROGRESS = """
    SELECT state, product, version, cases, left_out, untried, possible, waiting, migrated, refused, cancelled,
           planned_by, started_by
      FROM workflows.migration_batch_view WHERE id = $1
"""
_REFUSED = """
    SELECT case_id, business_key, reasons FROM workflows.migration_item_view
     WHERE batch_id = $1 AND result = 'refused' ORDER BY position LIMIT 100
"""

PlanOption = Annotated[
    Path | None,
    typer.Option("--plan", help="JSON with a `plan`, as --dry-run --json prints it."),
]


def migrate(
    case_id: Annotated[str | None, typer.Argument(help="The case; without it, those that fit.")] = None,
    to: Annotated[int, typer.Option("--to", help="The version to which to go.")] = 0,
    plan_file: PlanOption = None,
    reason: Annotated[str, typer.Option(help="Why; it stands in the ledger's vault.")] = "by command line",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; tell what would be.")] = False,
    product: Annotated[str | None, typer.Option(help="Instead of a case: cases of this product.")] = None,
    version: Annotated[int | None, typer.Option(help="With --product: those on this version.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="With --product: those in this state.")] = None,
    element: Annotated[str | None, typer.Option(help="With --product: those that stand there.")] = None,
    key: Annotated[str | None, typer.Option(help="With --product: whose business key begins so.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="TEST", help="With --product: of which this holds, such as 'amount>=1000'."),
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=10_000, help="How many a dry run tries.")] = 200,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the worker.")] = 60.0,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Let a running case go over to another version of its process, or plan that for many.

    Many are tried out first and go when `scf case migration BATCH --start` is called. Exit code 6 when a case
    cannot go. Without --dry-run the platform must run.
    """
    if (case_id is None) == (product is None) or to < 1:
        raise InvalidInput(
            "case.migrate_what",
            "Give a case or a product, and the version to which to go.",
            hint="scf case migrate ID --to 2, or scf case migrate --product KEY --to 2",
        )
    plan = _plan(plan_file)
    if case_id is not None:
        key_ = _uuid(case_id)
        if dry_run:
            show_case(*asyncio.run(_try_case(key_, to, plan, data, database)), json)
        else:
            payload = {"version": to, "reason": reason, **_given(plan)}
            show_outcome(asyncio.run(_one(key_, payload, wait, data, database)), json)
        return
    wanted = CaseFilter(
        states=tuple(state or ()),
        product=product,
        version=version,
        element=element,
        business_key=key,
        variables=[read_test(text) for text in where or ()],
    )
    if dry_run:
        show_cases(asyncio.run(_try_cases(wanted, to, plan, first, data, database)), json)
        return
    filters = filter_to_json(wanted)
    del filters["product"]
    many = {"product": product, "version": to, "reason": reason, "filter": filters, **_given(plan)}
    batch_id, progress, refused = asyncio.run(_planned(many, wait, data, database))
    show_batch(batch_id, progress, refused, json)


def migration(
    batch: Annotated[str, typer.Argument(help="The batch, as scf case migrate told it.")],
    start: Annotated[bool, typer.Option("--start", help="Let the cases go that can.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Let no further case go for now.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what was paused.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Let no further case go.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the worker.")] = 60.0,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Show how a batch of migrations stands; start it, pause it, go on with it, or cancel it.

    After --start and --resume it waits for the end. Exit code 6 when a case was refused.
    """
    given = {"start": start, "pause": pause, "resume": resume, "cancel": cancel}
    verbs = [verb for verb, asked in given.items() if asked]
    if len(verbs) > 1:
        raise typer.BadParameter(f"Give one of {', '.join('--' + verb for verb in given)}.")
    batch_id = _uuid(batch)
    progress, refused = asyncio.run(_turned(batch_id, verbs[0] if verbs else None, wait, data, database))
    show_batch(batch_id, progress, refused, json)


async def _try_case(
    case_id: UUID, to: int, plan: MigrationPlan | None, data: Path | None, database: str | None
) -> tuple[PlanPreview | None, CasePreview]:
    async with platform_database(data, database) as opened, opened.reading() as sql:
        return await preview_case(sql, Definitions(), case_id, to, plan, SystemClock().now())


async def _try_cases(
    wanted: CaseFilter,
    to: int,
    plan: MigrationPlan | None,
    first: int,
    data: Path | None,
    database: str | None,
) -> Previews:
    now = SystemClock().now()
    async with platform_database(data, database) as opened, opened.reading() as sql:
        conditions = await workflows.case_conditions(sql, wanted, now)
        product = wanted.product or ""
        return await preview_cases(sql, Definitions(), product, conditions, to, plan, now, limit=first)


async def _one(
    case_id: UUID, payload: Mapping[str, Any], wait: float, data: Path | None, database: str | None
) -> workflows.CommandOutcome:
    async with platform_database(data, database) as opened:
        return await give(opened, "case.migrate", payload, wait=wait, case_id=case_id)


async def _planned(
    payload: Mapping[str, Any], wait: float, data: Path | None, database: str | None
) -> tuple[UUID, dict[str, Any], list[dict[str, Any]]]:
    async with platform_database(data, database) as opened:
        planned = result_of(await give(opened, "migration.plan", payload, wait=wait))
        batch_id = UUID(planned["batch_id"])
        return batch_id, *await _progress(opened, batch_id, wait, until=("planned", "cancelled"))


async def _turned(
    batch_id: UUID, verb: str | None, wait: float, data: Path | None, database: str | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    async with platform_database(data, database) as opened:
        if verb is not None:
            result_of(await give(opened, f"migration.{verb}", {"batch_id": str(batch_id)}, wait=wait))
        follows = verb in ("start", "resume")
        until = ("done", "paused", "cancelled") if follows else ()
        return await _progress(opened, batch_id, wait, until=until)


async def _progress(
    database: Database, batch_id: UUID, wait: float, *, until: tuple[str, ...]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return how a batch stands and the first cases that cannot go, once it is in one of these states."""
    deadline = time.monotonic() + wait
    while True:
        async with database.reading() as sql:
            row = await sql.fetchrow(_PROGRESS, batch_id)
            refused = await sql.fetch(_REFUSED, batch_id)
        if row is None:
            raise NotFound("migration.unknown", f"There is no migration {batch_id}.")
        if not until or row["state"] in until or time.monotonic() > deadline:
            return dict(row), [
                {
                    "case_id": str(each["case_id"]),
                    "business_key": each["business_key"],
                    "reasons": orjson.loads(each["reasons"]),
                }
                for each in refused
            ]
        await asyncio.sleep(LOOK_AGAIN)


def _given(plan: MigrationPlan | None) -> dict[str, str]:
    return {} if plan is None else {"plan": orjson.dumps(plan.to_json()).decode()}


def _plan(path: Path | None) -> MigrationPlan | None:
    if path is None:
        return None
    return read_plan(orjson.dumps(read_json(path).get("plan")), str(path))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("case.id_invalid", f"{text!r} is not the id of a case or a batch.") from None
