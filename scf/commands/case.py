"""`scf case`: look at cases, and re-execute them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich import box
from rich.table import Table

import ledger
from core.clock import SystemClock
from core.errors import InvalidInput, NotFound
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, data_folder, platform_database
from workflows import find_cases
from workflows.replay import ReplayReport, replay_case
from workflows.search import CaseFilter, read_test

EXIT_FINDINGS = 6

app = typer.Typer(name="case", help="Cases.", no_args_is_help=True)


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
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Run a case's commands through the kernel again and compare every root with the ledger.

    Exit code 0 when nothing is wrong, also after an erasure, when the entries are proven and nothing can be
    run again; 6 when a root differs.
    """
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
