"""`scf ledger status` and `clear-alert`: how the log stands, and what an operator must look at."""

from __future__ import annotations

import asyncio
import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

import ledger
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database
from scf.commands.verdict import show_facts
from scf.exit_codes import EXIT_FINDINGS


def status(data: DataOption = None, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Show the log's size, what is published of it, its witnesses and alerts; exit 6 with alerts."""
    found = asyncio.run(_status(data, database))
    if json:
        console.print_json(found.as_json())
    else:
        _show(found)
    if found.alerts:
        raise typer.Exit(EXIT_FINDINGS)


def clear(
    alert: Annotated[int, typer.Argument(help="The alert's number.")],
    finding: Annotated[str, typer.Option(help="What you found; it is kept with the alert.")],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Clear an alert after looking into it; publishing goes on when no other one stops it."""
    asyncio.run(_clear(alert, finding, data, database))
    console.err.print(f"Alert {alert} is cleared.")


async def _status(data: Path | None, database: str | None) -> ledger.LogStatus:
    async with platform_database(data, database) as opened:
        return await ledger.log_status(opened)


async def _clear(alert: int, finding: str, data: Path | None, database: str | None) -> None:
    async with platform_database(data, database) as opened:
        await ledger.clear_alert(opened, alert, by=f"operator:{getpass.getuser()}", finding=finding)


def _show(found: ledger.LogStatus) -> None:
    show_facts(
        {
            "log": found.origin or "not begun",
            "entries": found.entries,
            "published": f"{found.published} entries",
            "quorum": (found.quorum or "none") if found.policy else "no policy: all is published",
        }
    )
    if found.witnesses:
        shown = Table("witness", "cosigned", "endorses", "last problem")
        for witness in found.witnesses:
            endorses = "yes" if witness.validates else ""
            shown.add_row(witness.name, str(witness.size), endorses, witness.problem or "")
        console.out.print(shown)
    for alert in found.alerts:
        stopped = " Nothing is published." if alert.stops else ""
        console.out.print(f"[red]{alert.code}[/red] alert {alert.id}, {alert.raised_at:%Y-%m-%d %H:%M} UTC")
        console.out.print(f"  {alert.witness}: {alert.message}{stopped}", markup=False, soft_wrap=True)
        console.out.print(f"our note:\n{alert.ours}", markup=False, soft_wrap=True)
        if alert.theirs:
            console.out.print(f"what it answered:\n{alert.theirs}", markup=False, soft_wrap=True)
    if found.alerts:
        console.err.print("After looking: scf ledger clear-alert NUMBER --finding TEXT")
