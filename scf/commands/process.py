"""`scf process`: check, try out, compare, deploy, migrate and import models, and run conformance suites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bpmn import lint
from bpmn.conformance import run_bpmn, run_rules
from core.errors import NotFound
from scf import console
from scf.commands.findings import show_findings
from scf.commands.model_files import model_sources
from scf.commands.options import JsonOption
from scf.commands.process_deploy import deploy
from scf.commands.process_diff import diff
from scf.commands.process_import import import_command
from scf.commands.process_list import list_processes
from scf.commands.process_migrate import migrate
from scf.commands.process_simulate import simulate
from scf.exit_codes import EXIT_FINDINGS
from workflows.definitions import catalogue
from workflows.effects.platform import platform_effects

app = typer.Typer(name="process", help="Process models.", no_args_is_help=True)
app.command("simulate")(simulate)
app.command("diff")(diff)
app.command("deploy")(deploy)
app.command("list")(list_processes)
app.command("migrate")(migrate)
app.command("import")(import_command)


@app.command("lint")
def lint_command(
    model: Annotated[Path, typer.Argument(help="A BPMN file, or a folder with BPMN, DMN and forms.")],
    json: JsonOption = False,
) -> None:
    """Check a model as deployment does: schema, rules, FEEL, job types, forms, decisions."""
    sources = model_sources(model)
    findings = lint(
        {name: text.encode() for name, text in sources.items()},
        catalogue=catalogue(sources, platform_effects().job_types),
    )
    if json:
        console.print_json(
            [{**asdict(finding), "breaks_standard": finding.breaks_standard} for finding in findings]
        )
    else:
        show_findings(findings)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(EXIT_FINDINGS)


@app.command("conformance")
def conformance(
    folder: Annotated[Path, typer.Argument(help="A folder of models, with cases.json or to be checked.")],
    json: JsonOption = False,
) -> None:
    """Run a folder of conformance cases on the kernel, or check its models against the standard's rules."""
    if not any(folder.rglob("*.bpmn")):
        raise NotFound("process.suite_missing", "The folder holds no BPMN models.", where=str(folder))
    suite = run_bpmn if (folder / "cases.json").exists() else run_rules
    show_conformance(suite(folder), json)


def show_conformance(report: Mapping[str, Any], json: bool) -> None:
    """Print a conformance report: counts per group, and every failure with its difference.

    Raises:
        typer.Exit: with code 6 when a case failed.
    """
    if json:
        console.print_json(dict(report))
    else:
        passed: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        for case in report["cases"]:
            (passed if case["passed"] else failed)[
                case["id"].partition("#")[0].rpartition("/")[0] or "all"
            ] += 1
        table = Table("group", "passed", "failed")
        for group in sorted(passed.keys() | failed.keys()):
            table.add_row(group, str(passed[group]), str(failed[group]))
        console.out.print(table)
        for case in report["cases"]:
            if not case["passed"]:
                console.out.print(
                    f"{case['id']}: expected {case['expected']}, got {case['got']} {case['reason']}",
                    markup=False,
                    soft_wrap=True,
                )
        console.out.print(f"{report['suite']}: {report['passed']} passed, {report['failed']} failed")
    if report["failed"]:
        raise typer.Exit(EXIT_FINDINGS)
