"""`scf process migrate`: what becomes what in a new version of a model, and which instances could go."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bpmn import (
    BpmnError,
    DryRun,
    MigrationPlan,
    Model,
    Refusal,
    State,
    dry_run,
    plan_migration,
    unmapped,
)
from core.errors import InvalidInput
from scf import console
from scf.commands.model_files import compiled, read_json
from scf.commands.options import JsonOption
from scf.exit_codes import EXIT_FINDINGS


def migrate(
    old: Annotated[Path, typer.Argument(help="The model that instances run on: a BPMN file or a folder.")],
    new: Annotated[Path, typer.Argument(help="The model that they are to go over to.")],
    plan_file: Annotated[
        Path | None,
        typer.Option("--plan", help="What this command printed with --json; its plan may have been changed."),
    ] = None,
    states: Annotated[
        list[Path] | None,
        typer.Option("--state", help="The state of an instance as JSON, to be tried out; may be repeated."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Plan a migration, and try it out on the states of instances: nothing is changed."""
    before, after = compiled(old), compiled(new)
    plan = _plan(plan_file, before, after)
    reports = {str(path): _try(path, before, plan, after) for path in states or ()}
    missing = unmapped(plan, before, after)
    if json:
        console.print_json(
            {
                "plan": plan.to_json(),
                "unmapped": [asdict(each) for each in missing],
                "states": [{"file": file, **report.to_json()} for file, report in reports.items()],
            }
        )
    else:
        _show_plan(plan, missing)
        for file, report in reports.items():
            _show_report(file, report)
    if not all(report.possible for report in reports.values()):
        raise typer.Exit(EXIT_FINDINGS)


def _plan(path: Path | None, old: Model, new: Model) -> MigrationPlan:
    if path is None:
        return plan_migration(old, new)
    document = read_json(path)
    try:
        return MigrationPlan.from_json(document.get("plan"))
    except BpmnError as refused:
        raise _invalid(refused, path) from refused


def _try(path: Path, old: Model, plan: MigrationPlan, new: Model) -> DryRun:
    """Try one state out at its own time; one that has not started has none, and is refused anyway."""
    try:
        state = State.from_json(old, read_json(path))
    except BpmnError as refused:
        raise _invalid(refused, path) from refused
    return dry_run(state, plan, new, state.at or datetime.min.replace(tzinfo=UTC))


def _invalid(refused: BpmnError, path: Path) -> InvalidInput:
    where = f"{path}#{refused.where}" if refused.where else str(path)
    return InvalidInput(refused.code, refused.message, where=where, hint=refused.hint)


def _show_plan(plan: MigrationPlan, missing: tuple[Refusal, ...]) -> None:
    table = Table("element", "becomes")
    for source, target in plan.elements.items():
        table.add_row(source, target)
    console.out.print(table)
    for each in missing:
        _say(f"no counterpart: {each}")
    _say(f"{len(plan.elements)} elements have a counterpart, {len(missing)} have none.")


def _show_report(file: str, report: DryRun) -> None:
    for refusal in report.refusals:
        _say(f"refused: {refusal}")
    for move in report.moves:
        _say(f"token {move.token}: {move.element} → {move.target or 'nothing'}")
        for note in move.notes:
            _say(f"  {note.code}: {note.message}")
        for refusal in move.refusals:
            _say(f"  refused: {refusal}")
    _say(f"{file}: instance {report.instance} {'can go' if report.possible else 'cannot go'}.")


def _say(text: str) -> None:
    console.out.print(text, markup=False, soft_wrap=True)
