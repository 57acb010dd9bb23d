"""Running conformance suites: the betsy models for BPMN, and the models for the rules of the standard.

A case passes when the markers of all completed elements, over all instances, are the expected
multiset, and the run ends as the case says. A model that the deployment check refuses counts as
failed, with the rule that refused it (unless the case wants a refusal): it never runs wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from bpmn.errors import BpmnError, CommandRefused, ModelRefused
from bpmn.kernel.state import State
from bpmn.model.compile import compile_model, executable_processes
from bpmn.model.definition import Model
from bpmn.model.lint import lint
from bpmn.simulation.world import World
from bpmn.values import from_json


def run_bpmn(folder: Path) -> dict[str, Any]:
    """Run every case of a betsy folder (`cases.json` beside the models).

    Returns:
        `{suite, passed, failed, cases: [{id, passed, expected, got, reason}]}`.
    """
    cases = orjson.loads((folder / "cases.json").read_bytes())
    results = [_run_case(folder, case) for case in cases]
    passed = sum(result["passed"] for result in results)
    return {"suite": "betsy", "passed": passed, "failed": len(results) - passed, "cases": results}


def _run_case(folder: Path, case: Mapping[str, Any]) -> dict[str, Any]:
    expected = {"outcome": case["outcome"], "markers": sorted(case["expected"])}
    refused, reason = False, ""
    got: dict[str, Any] = {"outcome": "rejected", "markers": []}
    try:
        world = World(_models(folder / case["model"]))
        variables = {name: from_json(value) for name, value in case["variables"].items()}
        if "startFirst" in case:
            world.start(case["startFirst"], variables)
        world.start(case["process"], variables)
        world.run()
        got = {"outcome": _outcome(world.states), "markers": _markers(world, case["markers"])}
        if got != expected:
            reason = "; ".join(
                f"{incident.code}: {incident.message}"
                for state in world.states
                for incident in state.incidents
            )
    except ModelRefused as wrong:
        refused = True
        reason = str(wrong)
    except CommandRefused as wrong:
        if wrong.code != "start.condition-not-met":
            raise
        got = {"outcome": "waiting", "markers": []}  # no instance arose, and nothing more can happen
    except BpmnError as wrong:
        got = {"outcome": "error", "markers": []}
        reason = str(wrong)
    if case["outcome"] == "rejected-or-incident":
        passed = refused or got["outcome"] == "incident"
    else:
        passed = got == expected
    return {"id": case["id"], "passed": passed, "expected": expected, "got": got, "reason": reason}


def _models(path: Path) -> list[Model]:
    content = path.read_bytes()
    sources = {path.name: content}
    return [compile_model(sources, process=process) for process in executable_processes(content, path.name)]


def _markers(world: World, markers: Mapping[str, str]) -> list[str]:
    completed = Counter(
        event.element.rpartition("/")[2] for event in world.events if event.kind == "element.completed"
    )
    return sorted(marker for element, marker in markers.items() for _ in range(completed[element]))


def _outcome(states: list[State]) -> str:
    incidents = [incident for state in states for incident in state.incidents]
    if incidents:
        return "error" if all(incident.code == "error.uncaught" for incident in incidents) else "incident"
    if states and all(state.status == "completed" for state in states):
        return "completed"
    return "waiting"


def run_rules(folder: Path) -> dict[str, Any]:
    """Check every model of a folder against the rules of the standard.

    In a folder `must-reject` a model passes when a finding names the element and the rule that its
    own folder states (`EXT023`; `REF` for references); in `must-accept`, when no finding claims that
    the standard is broken; in any other folder, when it can be read. `reason` holds the findings.

    Returns:
        `{suite, passed, failed, cases: [{id, passed, expected, got, reason}]}`; expected and got are
        codes of findings.
    """
    results = [_check_rules(folder, path) for path in sorted(folder.rglob("*.bpmn"))]
    passed = sum(result["passed"] for result in results)
    return {"suite": folder.name, "passed": passed, "failed": len(results) - passed, "cases": results}


def _check_rules(folder: Path, path: Path) -> dict[str, Any]:
    findings = lint({path.name: path.read_bytes()})
    expected: list[str] = []
    if folder.name == "must-reject":
        expected = [f"bpmn.{path.parent.name.replace('EXT', 'ext-').replace('REF', 'ref-')}"]
        got = sorted({each.code for each in findings if each.breaks_standard and each.element})
        passed = any(code.startswith(expected[0]) for code in got)
    elif folder.name == "must-accept":
        got = sorted({each.code for each in findings if each.breaks_standard})
        passed = not got
    else:
        got = sorted({each.code for each in findings if each.code.startswith("source.")})
        passed = not got
    reason = "; ".join(map(str, findings))
    return {
        "id": str(path.relative_to(folder)),
        "passed": passed,
        "expected": expected,
        "got": got,
        "reason": reason,
    }
