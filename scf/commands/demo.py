"""`scf demo`: documents in, cases run to settlement, ledger verified."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from core.clock import SystemClock
from core.database import Database
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, TemporalOption
from scf.commands.up import show_banner
from scf.demo.client import api_client
from scf.demo.documents import SHIPPED_DOCUMENTS, trade_documents
from scf.demo.run import run_demo
from scf.demo.staff import Staff
from scf.platform import Platform, PlatformOptions, running_platform
from scf.rooms import ROOMS
from scf.stopping import stop_signals

# Ten days of business time per second: a 60-day tenor passes in six.
_TEN_DAYS_A_SECOND = Decimal(864_000)


app = typer.Typer()


@app.command()
def demo(
    folder: Annotated[
        Path,
        typer.Argument(help="A folder with trade documents (UBL 2.1); default: the set that is shipped."),
    ] = SHIPPED_DOCUMENTS,
    exit_when_done: Annotated[
        bool, typer.Option("--exit", help="Stop the platform when done, even in a terminal.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port of the API and the web app; 0 takes a free one.")
    ] = 0,
    data: DataOption = None,
    database: DatabaseOption = None,
    temporal: TemporalOption = None,
    json: JsonOption = False,
) -> None:
    """Run financing cases from trade documents to settlement, verify the ledger, and show it all.

    In a terminal the platform stays up afterwards for a look; elsewhere it stops.
    """
    trade_documents(folder)
    stay = not exit_when_done and not json and console.err.is_terminal
    with _data_folder(data) as place:
        options = PlatformOptions(
            data=place, port=port, database=database, temporal=temporal, simulated_rate=_TEN_DAYS_A_SECOND
        )
        sound = asyncio.run(_demo(folder, options, json=json, stay=stay))
    if not sound:
        raise typer.Exit(1)


async def _demo(folder: Path, options: PlatformOptions, *, json: bool, stay: bool) -> bool:
    async with stop_signals() as stop, running_platform(options) as platform:
        opened = await Database.open(platform.database_url, ROOMS)
        try:
            async with api_client(platform.url) as http:
                report, staff = await run_demo(folder, database=opened, http=http, clock=SystemClock())
        finally:
            await opened.close()
        if json:
            console.print_json(report.as_json())
        else:
            console.out.print(report.for_people())
        if stay:
            show_banner(platform)
            _show_logins(platform, staff)
            await stop.wait()
        return report.sound


def _show_logins(platform: Platform, staff: Staff) -> None:
    console.err.print(f"Log in at {platform.url} as")
    for name, password in staff.passwords.items():
        console.err.print(f"  {name}   {password}", markup=False)


@contextlib.contextmanager
def _data_folder(given: Path | None) -> Iterator[Path]:
    """Keep the data where it is asked for; else in a folder that goes when the demo ends.

    Each demo needs a fresh platform: on a second run the same documents would rightly be duplicates.
    """
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="scf-demo-") as fresh:
        yield Path(fresh)
