"""`scf process import`: bring a model of SpiffWorkflow into our dialect."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bpmn import BpmnError
from bpmn.importers import import_spiffworkflow
from core.errors import InvalidInput, NotFound
from scf import console
from scf.commands.options import JsonOption
from scf.exit_codes import EXIT_FINDINGS


def import_command(
    model: Annotated[Path, typer.Argument(help="A BPMN file of SpiffWorkflow or SpiffArena.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the model in our dialect.")],
    json: JsonOption = False,
) -> None:
    """Convert a model with spiffworkflow: extensions and Python, and list what could not be carried over.

    Exit code 6 when something could not; with an error among it the model cannot be deployed yet.
    """
    if not model.is_file():
        raise NotFound("process.model_missing", "No BPMN file is there.", where=str(model))
    try:
        imported = import_spiffworkflow(model.read_bytes(), model.name)
    except BpmnError as wrong:
        raise InvalidInput(wrong.code, wrong.message, where=wrong.where, hint=wrong.hint) from wrong
    out.write_bytes(imported.content)
    if json:
        console.print_json([asdict(finding) for finding in imported.findings])
    else:
        for finding in imported.findings:
            colour = "red" if finding.severity == "error" else "yellow"
            console.out.print(
                f"[{colour}]{finding.severity}[/{colour}] {finding.code} at {finding.element or finding.file}"
            )
            console.out.print(f"  {finding.message} {finding.hint}", markup=False, soft_wrap=True)
        errors = sum(finding.severity == "error" for finding in imported.findings)
        console.out.print(
            f"Wrote {out}: {len(imported.findings)} things not carried over"
            + (f", {errors} of them to be mended before it can be deployed." if errors else "."),
            soft_wrap=True,
        )
    if imported.findings:
        raise typer.Exit(EXIT_FINDINGS)
