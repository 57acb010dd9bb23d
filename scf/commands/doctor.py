"""`scf doctor`: what the platform needs of this machine, and what is missing."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from core.errors import ScfError
from scf import console
from scf.temporal_server import find_temporal
from scf.web_app import web_folder

EXIT_FINDINGS = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: str
    hint: str | None = None


def doctor(
    quiet: Annotated[bool, typer.Option("--quiet", help="Speak only when something is missing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")] = False,
) -> None:
    """Check what the platform needs on this machine, and fetch the Temporal server if it is missing."""
    findings = [_temporal(), _web_app(), _browser()]
    missing = [finding for finding in findings if finding.hint]
    if json:
        console.print_json(
            [{"what": finding.what, "state": finding.state, "hint": finding.hint} for finding in findings]
        )
    elif missing or not quiet:
        table = Table("what", "state", "what to do")
        for finding in findings:
            table.add_row(finding.what, finding.state, finding.hint or "")
        console.out.print(table)
    if missing:
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


def _browser() -> Finding:
    program = shutil.which("chromium")
    if program is None:
        return Finding("Chromium (browser tests)", "missing", "Run `apt-get install chromium`.")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    return Finding("Chromium (browser tests)", f"{Path(program)} {version.stdout.strip()}")
