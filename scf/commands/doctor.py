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
    only: Annotated[str | None, typer.Option(help="Look at one thing: temporal, web or browser.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")] = False,
) -> None:
    """Check what the platform needs on this machine, and fetch the Temporal server if it is missing."""
    checks = {"temporal": _temporal, "web": _web_app, "browser": _browser}
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


def _browser() -> Finding:
    program = shutil.which("chromium")
    if program is None:
        return Finding("Chromium (browser tests)", "missing", "Run `apt-get install chromium`.")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    return Finding("Chromium (browser tests)", f"{Path(program)} {version.stdout.strip()}")
