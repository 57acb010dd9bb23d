"""`scf doctor`: what the platform needs of this machine, what is missing, and what its ledger alerts to."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

import ledger
from core.errors import ScfError
from scf import console
from scf.commands.options import platform_database
from scf.data_folder import DataFolder, default_data_folder
from scf.exit_codes import EXIT_FINDINGS
from scf.temporal_server import find_temporal
from scf.web_app import web_folder


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: str
    hint: str | None = None


app = typer.Typer()


@app.command()
def doctor(
    only: Annotated[
        str | None, typer.Option(help="Look at one thing: temporal, web, browser or ledger.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")] = False,
) -> None:
    """Check what the platform needs on this machine, and fetch the Temporal server if it is missing."""
    checks = {"temporal": _temporal, "web": _web_app, "browser": _browser, "ledger": _ledger}
    if only is not None and only not in checks:
        raise typer.BadParameter(f"choose one of {', '.join(checks)}", param_hint="--only")
    findings = [check() for name, check in checks.items() if only in (None, name)]
    if json:
        console.print_json(
            [{"what": finding.what, "state": finding.state, "hint": finding.hint} for finding in findings]
        )
    else:
        table = Table("what", "state", "what to do")
        for finding in findings:
            table.add_row(finding.what, finding.state, finding.hint or "")
        console.out.print(table)
    if any(finding.hint for finding in findings):
        raise typer.Exit(EXIT_FINDINGS)


def _temporal() -> Finding:
    try:
        program = asyncio.run(find_temporal())
    except ScfError as error:
        return Finding("Temporal server", error.message, error.hint)
    return Finding("Temporal server", str(program))


def _web_app() -> Finding:
    folder = web_folder()
    if folder is None:
        return Finding("Web app", "not built", "Run `make ui`; it needs Node 20.")
    return Finding("Web app", str(folder))


def _ledger() -> Finding:
    """Look for alerts in the platform of the default data folder, if there is one."""
    url = os.environ.get("SCF_DATABASE_URL")
    if url is None and not DataFolder(default_data_folder()).postgres.is_dir():
        return Finding("Ledger", "no platform keeps its data here yet")
    try:
        status = asyncio.run(_log_status(url))
    except ScfError as error:
        return Finding("Ledger", error.message, error.hint)
    if status.alerts:
        codes = ", ".join(sorted({alert.code for alert in status.alerts}))
        return Finding("Ledger", f"alerts: {codes}", "See scf ledger status.")
    return Finding("Ledger", f"{status.entries} entries, {status.published} of them published")


async def _log_status(url: str | None) -> ledger.LogStatus:
    async with platform_database(None, url) as opened:
        return await ledger.log_status(opened)


def _browser() -> Finding:
    program = shutil.which("chromium")
    if program is None:
        return Finding("Chromium (browser tests)", "missing", "Run `apt-get install chromium`.")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    return Finding("Chromium (browser tests)", f"{Path(program)} {version.stdout.strip()}")
