"""`scf process diff`: what differs between two versions of a model in what runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bpmn import BpmnError
from bpmn.model.difference import difference
from scf import console
from scf.commands.model_files import as_input_error, encoded_sources
from scf.commands.options import JsonOption

_COLOURS = {"added": "green", "removed": "red", "changed": "yellow"}


def diff(
    old: Annotated[
        Path, typer.Argument(help="The old version: a file, a folder, or a shipped product's key.")
    ],
    new: Annotated[Path, typer.Argument(help="The new version.")],
    json: JsonOption = False,
) -> None:
    """Compare two versions of a model in what runs: elements, flows, decisions and forms, not the layout."""
    try:
        found = difference(encoded_sources(old), encoded_sources(new))
    except BpmnError as wrong:
        raise as_input_error(wrong) from wrong
    if json:
        console.print_json([asdict(each) for each in found])
        return
    for each in found:
        console.out.print(f"[{_COLOURS[each.change]}]{each.change:8}[/]", end=" ")
        console.out.print(str(each), markup=False, soft_wrap=True)
    console.out.print(f"{len(found)} differences." if found else "No differences in what runs.")
