"""`scf dmn`: decision models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bpmn.dmn.conformance import run_tck
from core.errors import NotFound
from scf.commands.options import JsonOption
from scf.commands.process import show_conformance

app = typer.Typer(name="dmn", help="Decision models.", no_args_is_help=True)


@app.command("conformance")
def conformance(
    folder: Annotated[Path, typer.Argument(help="A folder of the DMN TCK, or one level of it.")],
    json: JsonOption = False,
) -> None:
    """Run the DMN TCK's cases."""
    if not folder.is_dir():
        raise NotFound("dmn.suite_missing", "There is no such folder.", where=str(folder))
    show_conformance(run_tck(folder), json)


@app.callback()
def _noun() -> None:
    """Keep `conformance` a command of its own, also while it is the only one."""
