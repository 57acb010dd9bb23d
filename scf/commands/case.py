"""`scf case`: look at cases, re-execute them, try again what failed, take them to another version."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

import ledger
from bpmn import Model
from core.clock import SystemClock
from core.errors import InvalidInput, NotFound
from scf import console
from scf.commands.case_migrate import migrate, migration
from scf.commands.case_retry import retry
from scf.commands.model_files import compiled
from scf.commands.options import DatabaseOption, DataOption, JsonOption, data_folder, platform_database
from scf.exit_codes import EXIT_FINDINGS
from workflows import find_cases
from workflows.comparison import Comparison
from workflows.replay import ReplayReport, compare_case, replay_case
from workflows.search import CaseFilter, read_test

app = typer.Typer(name="case", help="Cases.", no_args_is_help=True)
app.command("retry")(retry)
app.command("migrate")(migrate)
app.command("migration")(migration)


@app.command("list")
def list_cases(
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only cases in this state; may be given again.")
    ] = None,
    product: Annotated[str | None, typer.Option("--product", help="Only cases of this product.")] = None,
    version: Annotated[
        int | None, typer.Option("--version", help="Only cases on this version of the product's process.")
    ] = None,
    element: Annotated[
        str | None, typer.Option("--element", help="Only cases that stand at this element.")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="Only cases whose business key begins so.")] = None,
    variable: Annotated[
        list[str] | None,
        typer.Option(
            "--variable",
            metavar="TEST",
            help="Only cases of which this holds, such as 'offer.amount>=1000'; may be given again. "
            "Compare with = != < <= > >= or ^= (begins with); a name alone asks whether it has a value.",
        ),
    ] = None,
    incident: Annotated[
        bool | None, typer.Option("--incident/--no-incident", help="Whether an incident is open.")
    ] = None,
    overdue: Annotated[
        bool | None, typer.Option("--overdue/--not-overdue", help="Whether a task is past its due date.")
    ] = None,
    first: Annotated[int, typer.Option("--first", min=1, max=10_000, help="How many at most.")] = 200,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """List the cases that fit, latest first."""
    wanted = CaseFilter(
        states=state or (),
        product=product,
        version=version,
        element=element,
        business_key=key,
        variables=[read_test(text) for text in variable or ()],
        has_incident=incident,
        overdue=overdue,
    )
    _print(asyncio.run(_found(wanted, first, data, database)), json)


@app.command("show")
def show(
    case_id: Annotated[str, typer.Argument(help="The case's id.")],
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Show a case's steps."""
    rows = asyncio.run(
        _rows(
            "SELECT seq, at, kind, element, element_name, actor, entry_id FROM workflows.step_view"
            " WHERE case_id = $1 ORDER BY seq",
            (_uuid(case_id),),
            data,
            database,
        )
    )
    if not rows:
        raise NotFound("case.unknown", f"There is no case {case_id}.", hint="List them with: scf case list")
    _print(rows, json)


@app.command("replay")
def replay(
    case_id: Annotated[str, typer.Argument(help="The case's id.")],
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Another version: a BPMN file, a folder, or a shipped product's key."),
    ] = None,
    temporal: Annotated[
        bool,
        typer.Option(
            "--temporal", help="Replay Temporal's archived history of the case, with Temporal's replayer."
        ),
    ] = False,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Run a case's commands through the kernel again and compare every root with the ledger.

    With --model they run on another version, too, and the first difference is shown. With --temporal it is
    the workflow that is replayed, against the history that was archived when the case closed.

    Exit code 0 when nothing is wrong, also after an erasure, when the entries are proven and nothing can be
    run again; 6 when a root differs, a step on the other version, or the workflow's way.
    """
    if model is not None and temporal:
        raise typer.BadParameter("--model and --temporal replay different things; give one of them.")
    if temporal:
        _replay_temporal(_uuid(case_id), data, database, json)
        return
    if model is not None:
        _compare(_uuid(case_id), compiled(model), data, database, json)
        return
    report = asyncio.run(_replay(_uuid(case_id), data, database))
    if json:
        console.print_json({**asdict(report), "agrees": report.agrees})
    elif report.erased:
        console.out.print(
            f"Proven, no longer re-executable: the {report.entries} entries are signed and in the log; "
            "what they commit to was erased."
        )
    else:
        _show_report(report)
    if report.mismatches:
        raise typer.Exit(EXIT_FINDINGS)


def _replay_temporal(case_id: UUID, data: Path | None, database: str | None, json: bool) -> None:
    from workflows.history_replay import HistoryReplay, replay_histories

    async def replayed() -> HistoryReplay:
        vault_key = ledger.vault_key_in(data_folder(data).keys)
        async with platform_database(data, database) as opened:
            return await replay_histories(opened, case_id, vault_key)

    report = asyncio.run(replayed())
    if json:
        console.print_json({**asdict(report), "agrees": report.agrees})
    elif report.agrees:
        console.out.print(f"{report.runs} runs of the workflow replayed: today's takes the same way.")
    for number, failure in enumerate(report.failures, 1):
        if failure is not None and not json:
            console.out.print(f"run {number}: {failure}", markup=False, soft_wrap=True)
    if not report.agrees:
        raise typer.Exit(EXIT_FINDINGS)


def _compare(case_id: UUID, other: Model, data: Path | None, database: str | None, json: bool) -> None:
    async def compared() -> Comparison:
        vault_key = ledger.vault_key_in(data_folder(data).keys)
        async with platform_database(data, database) as opened:
            return await compare_case(opened, case_id, other, vault_key)

    comparison = asyncio.run(compared())
    if json:
        console.print_json(asdict(comparison))
    else:
        _show_comparison(comparison)
    if comparison.difference is not None:
        raise typer.Exit(EXIT_FINDINGS)


def _show_comparison(comparison: Comparison) -> None:
    difference = comparison.difference
    if difference is None:
        console.out.print(f"{comparison.commands} commands give the same steps on the other version.")
        return
    aimed = f" at {difference.element}" if difference.element else ""
    console.out.print(
        f"The first difference is in entry {difference.seq}, command {difference.command}"
        f" ({difference.kind}{aimed}), after {difference.at} equal steps."
    )
    if difference.refused:
        console.out.print(
            f"The other version does not take it: {difference.refused}", markup=False, soft_wrap=True
        )
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("as it was")
    table.add_column("on the other version")
    for was, now in itertools.zip_longest(
        difference.before[difference.at :], difference.after[difference.at :]
    ):
        table.add_row(escape(_step(was)), escape(_step(now)))
    console.out.print(table)
    console.out.print(
        f"After all {comparison.commands} commands, of which it does not take {comparison.refused}, it is "
        f"{comparison.status}; it stands at: {', '.join(comparison.active) or 'nothing'}; "
        f"no result for: {', '.join(comparison.without_result) or 'nothing'}.",
        markup=False,
        soft_wrap=True,
    )


def _step(step: dict[str, Any] | None) -> str:
    return f"{step['kind']} {step['element']} {step['data'] or ''}".rstrip() if step else ""


def _show_report(report: ReplayReport) -> None:
    console.out.print(
        f"{report.commands} commands of {report.entries} entries ran again through the kernel: "
        + ("every root is the recorded one." if report.agrees else "[red]not all roots agree.[/red]")
    )
    for mismatch in report.mismatches:
        console.out.print(
            f"entry {mismatch.seq} ({mismatch.entry_id}): {mismatch.what} was {mismatch.recorded}, "
            f"is {mismatch.replayed}",
            markup=False,
            soft_wrap=True,
        )


async def _replay(case_id: UUID, data: Path | None, database: str | None) -> ReplayReport:
    vault_key = ledger.vault_key_in(data_folder(data).keys)
    async with platform_database(data, database) as opened:
        return await replay_case(opened, case_id, vault_key)


async def _found(
    wanted: CaseFilter, first: int, data: Path | None, database: str | None
) -> list[dict[str, Any]]:
    async with platform_database(data, database) as opened, opened.reading() as sql:
        return [dict(row) for row in await find_cases(sql, wanted, SystemClock().now(), first)]


async def _rows(
    statement: str, arguments: tuple[Any, ...], data: Path | None, database: str | None
) -> list[dict[str, Any]]:
    async with platform_database(data, database) as opened, opened.reading() as sql:
        return [dict(row) for row in await sql.fetch(statement, *arguments)]


def _print(rows: list[dict[str, Any]], json: bool) -> None:
    if json:
        console.print_json([{name: _plain(value) for name, value in row.items()} for row in rows])
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in rows[0] if rows else ("no cases",):
        table.add_column(name.replace("_", " "), no_wrap=name.endswith("id"))
    for row in rows:
        table.add_row(*(_short(value) for value in row.values()))
    console.out.print(table)


def _short(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | str | None) else str(value)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("case.id_invalid", f"{text!r} is not the id of a case.") from None
