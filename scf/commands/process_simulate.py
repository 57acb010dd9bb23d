"""`scf process simulate`: a model over recorded or generated cases, on a virtual clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from bpmn import BpmnError, Model
from bpmn.simulation import CaseFile, Comparison, check_names, read_cases, run_case
from bpmn.simulation import simulate as run_simulation
from core.errors import NotFound
from scf import console
from scf.commands.model_files import as_input_error, compiled
from scf.commands.options import JsonOption

_SHOWN_IDS = 8


def simulate(
    model: Annotated[Path, typer.Argument(help="A BPMN file, a folder, or a shipped product's key.")],
    cases: Annotated[Path, typer.Option("--cases", help="The file of cases (docs/simulation.md).")],
    against: Annotated[
        Path | None, typer.Option("--against", help="An old version to compare with, over the same cases.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Instead of the file's seed.")] = None,
    case: Annotated[str | None, typer.Option("--case", help="Show each step of this one case.")] = None,
    json: JsonOption = False,
) -> None:
    """Run a model on recorded or generated cases: counts, durations, ends, and what a change changes."""
    try:
        file = _case_file(cases)
        new = compiled(model)
        old = compiled(against) if against is not None else None
        if case is not None:
            _show_case(new, file, file.seed if seed is None else seed, case, json)
            return
        with _progress(len(file)) as progress:
            done = run_simulation(new, file, against=old, seed=seed, progress=progress)
    except BpmnError as wrong:
        raise as_input_error(wrong) from wrong
    report = done.report.to_json()
    if json:
        compared = {} if done.comparison is None else {"comparison": done.comparison.to_json()}
        console.print_json({**report, **compared})
        return
    _show_report(report)
    if done.comparison is not None:
        _show_comparison(done.comparison)


def _case_file(path: Path) -> CaseFile:
    if not path.is_file():
        raise NotFound(
            "cases.missing",
            "There is no such file of cases.",
            where=str(path),
            hint="docs/simulation.md shows how to write one.",
        )
    return read_cases(path.read_bytes(), path.name)


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    if not console.err.is_terminal:
        with console.step(f"Simulating {total} cases"):
            yield lambda done: None
        return
    with Progress(console=console.err, transient=True) as bar:
        task = bar.add_task(f"Simulating {total} cases", total=total)
        yield lambda done: bar.update(task, completed=done)


def _show_report(report: Mapping[str, Any]) -> None:
    table = Table(
        "element", "name", "visits", "cases", "open", "waiting", "working", "at most", "done at once"
    )
    for element in report["elements"]:
        if element["visits"]:
            elapsed = element["elapsed"]
            table.add_row(
                element["element"],
                element["name"],
                str(element["visits"]),
                str(element["cases"]),
                str(element["open"] or ""),
                _typical(element["waiting"]),
                _typical(element["working"]),
                _span(elapsed["max"]) if elapsed and elapsed["max"] else "",
                "assumed" if element["element"] in report["assumed"] else "",
            )
    console.out.print(table)
    unvisited = [element["element"] for element in report["elements"] if not element["visits"]]
    if unvisited:
        console.out.print(f"Never visited: {', '.join(unvisited)}", markup=False, soft_wrap=True)
    counts = ", ".join(f"{count} {status}" for status, count in report["statuses"].items())
    console.out.print(f"{report['cases']} cases (seed {report['seed']}): {counts}")
    for ends, count in report["ends"].items():
        console.out.print(f"  {count} end at {ends or 'no end event'}", markup=False, soft_wrap=True)
    if report["throughput"]:
        spread = {name: _span(each) for name, each in report["throughput"].items() if name != "count"}
        console.out.print("Throughput time: " + ", ".join(f"{name} {each}" for name, each in spread.items()))
    for incident in report["incidents"]:
        console.out.print(
            f"Incident {incident['code']} at {incident['element']}: {_ids(incident['cases'])}",
            markup=False,
            soft_wrap=True,
        )
    stuck: dict[str, list[str]] = {}
    for each in report["stuck"]:
        stuck.setdefault(f"{each['element']} ({each['code']})", []).append(each["case"])
    for place, ids in stuck.items():
        console.out.print(f"Stuck at {place}: {_ids(ids)}", markup=False, soft_wrap=True)
    for name, unheard in report["unheard"].items():
        console.out.print(f"Never taken: message {name} of {_ids(unheard)}", markup=False, soft_wrap=True)


def _show_comparison(comparison: Comparison) -> None:
    table = Table("cases", "difference", "ids")
    for label, ids in comparison.classes.items():
        table.add_row(str(len(ids)), label, _ids(ids))
    console.out.print(table)
    console.out.print(comparison.sentence, markup=False, soft_wrap=True)


def _show_case(model: Model, file: CaseFile, seed: int, wanted: str, json: bool) -> None:
    check_names(file, [model])
    case = next((each for each in file.cases(seed) if each.id == wanted), None)
    if case is None:
        raise NotFound("cases.unknown", f"No case is called {wanted}.", where=wanted)
    trace = run_case(model, case, seed)
    steps = [
        {"after": int((event.at - case.start).total_seconds()), "instance": instance, **event.to_json()}
        for instance, event in trace.steps
    ]
    if json:
        halts = [
            {"element": halt.element, "code": halt.code, "message": halt.message} for halt in trace.halts
        ]
        console.print_json(
            {
                "case": trace.case,
                "status": trace.status,
                "halts": halts,
                "duration": trace.duration,
                "ends": list(trace.ends),
                "assumed": sorted(trace.assumed),
                "variables": dict(trace.variables),
                "steps": steps,
            }
        )
        return
    for step in steps:
        console.out.print(
            f"{_span(step['after']):>12}  {step['kind']:22} {step['element']}", markup=False, soft_wrap=True
        )
    console.out.print(f"{trace.case}: {trace.status} after {_span(trace.duration)}", markup=False)
    for halt in trace.halts:
        console.out.print(f"  {halt.code} at {halt.element}: {halt.message}", markup=False, soft_wrap=True)


def _typical(spread: Mapping[str, int] | None) -> str:
    """Median and 90th percentile; nothing where no time passes."""
    if not spread or not spread["max"]:
        return ""
    return f"{_span(spread['median'])} … {_span(spread['p90'])}"


def _span(seconds: int) -> str:
    """A duration by its two largest units."""
    parts = []
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def _ids(cases: list[str]) -> str:
    more = f" and {len(cases) - _SHOWN_IDS} more" if len(cases) > _SHOWN_IDS else ""
    return ", ".join(cases[:_SHOWN_IDS]) + more
