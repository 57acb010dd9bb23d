"""A simulation: every case of a file on one model, or side by side on two versions of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bpmn.model.definition import Model
from bpmn.simulation.cases import CaseFile, check_names
from bpmn.simulation.compare import Comparison
from bpmn.simulation.report import Report
from bpmn.simulation.run import run_case


@dataclass(frozen=True, slots=True)
class Simulation:
    """The figures of the model and, if it ran against an old version, what differs from that."""

    report: Report
    comparison: Comparison | None


def simulate(
    model: Model,
    file: CaseFile,
    *,
    against: Model | None = None,
    seed: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Simulation:
    """Run all cases of the file, in its order; no case depends on another one.

    Args:
        model: the version that is tried out.
        file: the cases.
        against: an older version to compare with; it sees the same luck.
        seed: instead of the file's own.
        progress: told after each case how many are done.

    Raises:
        CasesRefused: the file names what no model has, or a generated variable cannot be computed.
    """
    check_names(file, [model] if against is None else [model, against])
    chosen = file.seed if seed is None else seed
    report = Report(model, file, chosen)
    comparison = Comparison(against, model) if against is not None else None
    for done, case in enumerate(file.cases(chosen), start=1):
        trace = run_case(model, case, chosen)
        report.add(trace)
        if comparison is not None and against is not None:
            comparison.add(run_case(against, case, chosen), trace)
        progress(done)
    return Simulation(report, comparison)
