"""`scf up`: the whole platform on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import webbrowser
from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table

from scf import console
from scf.commands.options import DatabaseOption, DataOption, LogOriginOption, SimulatedRate, TemporalOption
from scf.data_folder import default_data_folder
from scf.platform import Platform, PlatformOptions, running_platform
from scf.stopping import stop_signals

app = typer.Typer()


@app.command()
def up(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port of the API and the web app, on loopback.")
    ] = 8080,
    data: DataOption = None,
    database: DatabaseOption = None,
    temporal: TemporalOption = None,
    log_origin: LogOriginOption = None,
    simulated_rate: SimulatedRate = None,
    scoring_process: Annotated[
        bool, typer.Option("--scoring-process", help="Compute scores and limits in a process of their own.")
    ] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
) -> None:
    """Start the platform: database, Temporal, worker, sequencer, API. It stays up and keeps its data."""
    options = PlatformOptions(
        data=data or default_data_folder(),
        port=port,
        database=database,
        temporal=temporal,
        log_origin=log_origin,
        simulated_rate=simulated_rate,
        scoring_process=scoring_process,
    )
    asyncio.run(_up(options, open_browser=not no_open and console.err.is_terminal))


async def _up(options: PlatformOptions, *, open_browser: bool) -> None:
    async with stop_signals() as stop, running_platform(options) as platform:
        show_banner(platform)
        if open_browser:
            webbrowser.open(platform.url)
        await stop.wait()


def show_banner(platform: Platform) -> None:
    """Tell where everything is."""
    rows = Table.grid(padding=(0, 2))
    rows.add_row("Web app", platform.url)
    rows.add_row("GraphQL", f"{platform.url}/graphql")
    rows.add_row("Temporal", platform.temporal_target)
    rows.add_row("Data folder", str(platform.folder.root))
    rows.add_row("Logs", str(platform.folder.logs))
    rows.add_row("Accounts", "scf user add NAME --role ROLE")
    console.err.print(
        Panel(rows, title="Supply chain finance is up", subtitle="Ctrl-C stops it", expand=False)
    )
