"""`scf case`: look at cases, re-execute them, and try again what failed."""

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
from core.errors import InvalidInput, NotFound
from scf import console
from scf.commands.case_retry import retry
from scf.commands.options import DatabaseOption, DataOption, JsonOption, data_folder, platform_database
from workflows.replay import ReplayReport, replay_case

EXIT_FINDINGS = 6

app = typer.Typer(name="case", help="Cases.", no_args_is_help=True)
app.command("retry")(retry)

_COLUMNS = "id, product, state, started_at, ended_at, business_now, incidents"


@app.command("list")
def list_cases(
    state: Annotated[str | None, typer.Option(help="Only cases in this state.")] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """List the cases, latest first."""
    rows = asyncio.run(
        _rows(
            f"SELECT {_COLUMNS} FROM workflows.case_view WHERE $1::text IS NULL OR state = $1"  # noqa: S608
            " ORDER BY started_at DESC, id LIMIT 200",
            (state,),
            data,
            database,
        )
    )
    _print(rows, json)


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
    """Run a case's commands through the kernel again and compare every root with the ledger."""
    report = asyncio.run(_replay(_uuid(case_id), data, database))
    if json:
        console.print_json({**asdict(report), "agrees": report.agrees})
    else:
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
    if not report.agrees:
        raise typer.Exit(EXIT_FINDINGS)


async def _replay(case_id: UUID, data: Path | None, database: str | None) -> ReplayReport:
    vault_key = ledger.vault_key_in(data_folder(data).keys)
    async with platform_database(data, database) as opened:
        return await replay_case(opened, case_id, vault_key)


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
