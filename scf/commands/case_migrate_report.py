"""What `scf case migrate` and `scf case migration` show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

import typer
from rich import box
from rich.table import Table

from scf import console
from scf.exit_codes import EXIT_FINDINGS
from workflows import CommandOutcome
from workflows.logged import reasons
from workflows.migration_preview import CasePreview, PlanPreview, Previews


def show_case(planned: PlanPreview | None, preview: CasePreview, json: bool) -> None:
    """Show the dry run of one case; exit code 6 when it cannot go."""
    if json:
        console.print_json(
            {
                "plan": planned.plan.to_json() if planned is not None else None,
                "unmapped": [asdict(each) for each in planned.unmapped] if planned is not None else [],
                **_preview_json(preview),
                "moves": [asdict(move) for move in preview.report.moves] if preview.report else [],
            }
        )
    else:
        for move in preview.report.moves if preview.report is not None else ():
            _say(f"token {move.token}: {move.element} → {move.target or 'nothing'}")
            for note in move.notes:
                _say(f"  {note.code}: {note.message}")
        for refusal in preview.refusals:
            _say(f"refused: {refusal}")
        _say(f"The case {'can' if preview.possible else 'cannot'} go.")
    if not preview.possible:
        raise typer.Exit(EXIT_FINDINGS)


def show_cases(found: Previews, json: bool) -> None:
    """Show the dry run of many cases; exit code 6 when one cannot go."""
    possible = sum(each.possible for each in found.cases)
    if json:
        console.print_json(
            {
                "possible": possible,
                "refused": len(found.cases) - possible,
                "left": found.left,
                "cases": [_preview_json(each) for each in found.cases],
            }
        )
    else:
        for each in found.cases:
            for refusal in each.refusals:
                _say(f"{each.case_id}: {refusal}")
        left = f"; {found.left} more fit and were not tried" if found.left else ""
        _say(f"{possible} cases can go, {len(found.cases) - possible} cannot{left}.")
    if possible < len(found.cases):
        raise typer.Exit(EXIT_FINDINGS)


def show_outcome(outcome: CommandOutcome, json: bool) -> None:
    """Show what became of a case; exit code 6 when it could not go."""
    error = outcome.error or {}
    if json:
        console.print_json({"state": outcome.state, "result": outcome.result, "error": outcome.error})
    elif outcome.state == "refused":
        _say(f"refused: {error['code']}: {error['message']}")
        for reason in error.get("reasons", ()):
            _say(f"  {_reason(reason)}")
    else:
        result = outcome.result or {}
        _say(f"The case runs on version {result['version']} and is {result['state']}.")
    if outcome.state == "refused":
        raise typer.Exit(EXIT_FINDINGS)


def show_batch(batch_id: UUID, progress: dict[str, Any], refused: list[dict[str, Any]], json: bool) -> None:
    """Show how a batch stands; exit code 6 when a case cannot go."""
    if json:
        console.print_json({"batch": str(batch_id), **progress, "refusals": refused})
    else:
        table = Table("batch", "state", "cases", "can go", "told", "gone", "refused", box=box.SIMPLE_HEAD)
        counts = (progress[name] for name in ("cases", "possible", "waiting", "migrated", "refused"))
        table.add_row(str(batch_id), progress["state"], *(str(count) for count in counts))
        console.out.print(table)
        for case in refused:
            for reason in case["reasons"]:
                _say(f"{case['case_id']}: {_reason(reason)}")
        if progress["left_out"]:
            _say(f"{progress['left_out']} more fit; plan again for them.")
        if progress["state"] == "planned" and progress["possible"]:
            _say(f"Nothing has moved yet. Let them go with: scf case migration {batch_id} --start")
    if progress["refused"]:
        raise typer.Exit(EXIT_FINDINGS)


def _preview_json(preview: CasePreview) -> dict[str, Any]:
    return {
        "case_id": str(preview.case_id),
        "possible": preview.possible,
        "refusals": reasons(preview.refusals),
    }


def _reason(reason: Mapping[str, Any]) -> str:
    place = f" at {reason['element']}" if reason["element"] else ""
    return f"{reason['code']}{place}: {reason['message']}"


def _say(text: str) -> None:
    console.out.print(text, markup=False, soft_wrap=True)
