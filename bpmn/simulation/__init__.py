"""Models tried out on a virtual clock, over recorded or generated cases.

    file = read_cases(content)
    result = simulate(model, file)
    result.report.to_json()                       # counts, durations, ends
    simulate(new, file, against=old).comparison   # what becomes different, case by case

`world` holds instances together and jumps from timer to timer; `run` drives one case in it by the file.
"""

from bpmn.simulation.cases import Case, CaseFile, check_names, read_cases
from bpmn.simulation.compare import Change, Comparison, compare
from bpmn.simulation.errors import CasesRefused
from bpmn.simulation.report import Report
from bpmn.simulation.run import Trace, run_case
from bpmn.simulation.simulate import Simulation, simulate

__all__ = [
    "Case",
    "CaseFile",
    "CasesRefused",
    "Change",
    "Comparison",
    "Report",
    "Simulation",
    "Trace",
    "check_names",
    "compare",
    "read_cases",
    "run_case",
    "simulate",
]
