"""`scf up`: the whole platform on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import webbrowser
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table

from scf import console
from scf.commands.options import DatabaseOption, DataOption
from scf.data_folder import default_data_folder
from scf.platform import Platform, PlatformOptions, running_platform

TemporalOption = Annotated[
    str | None,
    typer.Option("--temporal", help="A Temporal server of your own: HOST:PORT.", envvar="SCF_TEMPORAL"),
]


def up(
    port: Annotated[int, typer.Option(help="The port of the API and the web app, on loopback.")] = 8080,
    data: DataOption = None,
    database: DatabaseOption = None,
    temporal: TemporalOption = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
) -> None:
    """Start the platform: database, Temporal, worker, sequencer, API. It stays up and keeps its data."""
    options = PlatformOptions(
        data=data or default_data_folder(),
        port=port,
        database=database,
        temporal=temporal,
        business_rate=Decimal(os.environ.get("SCF_BUSINESS_RATE", "1")),
        pause_for_people=os.environ.get("SCF_PAUSE_FOR_PEOPLE") == "1",
    )
    asyncio.run(_up(options, open_browser=not no_open and console.err.is_terminal))


async def _up(options: PlatformOptions, *, open_browser: bool) -> None:
    async with stop_signals() as stop, running_platform(options) as platform:
        show_banner(platform)
        if open_browser:
            webbrowser.open(platform.url)
        await until(stop, platform)


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


@contextlib.asynccontextmanager
async def stop_signals() -> AsyncIterator[asyncio.Event]:
    """Give an event that Ctrl-C or a termination signal sets, so that everything stops in order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    try:
        yield stop
    finally:
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(signal_number)


async def until(stop: asyncio.Event, platform: Platform) -> None:
    """Wait for the stop signal, or raise when a part of the platform cannot be brought back."""
    waits = {asyncio.create_task(stop.wait()), asyncio.create_task(platform.supervisor.wait())}
    done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for wait in done:
        wait.result()
