"""The figures of a simulation: how often, how long, how it ended, and what was assumed.

Times are whole seconds. Quantiles are nearest-rank: values that occurred, none in between.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from bpmn.model.definition import Element, Model
from bpmn.simulation.cases import CaseFile
from bpmn.simulation.run import Trace, Visit


class Report:
    """Gathers the traces of one model's cases; keeps figures and case ids, not the traces."""

    def __init__(self, model: Model, file: CaseFile, seed: int) -> None:
        self.model = model
        self.file = file
        self.seed = seed
        self._statuses: Counter[str] = Counter()
        self._ends: Counter[str] = Counter()
        self._durations: list[int] = []
        self._visits: dict[str, list[Visit]] = defaultdict(list)
        self._cases: Counter[str] = Counter()
        self._incidents: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._stuck: list[dict[str, str]] = []
        self._assumed: set[str] = set()
        self._unheard: dict[str, list[str]] = defaultdict(list)

    def add(self, trace: Trace) -> None:
        """Count one case."""
        self._statuses[trace.status] += 1
        if trace.status == "completed":
            self._durations.append(trace.duration)
            self._ends[" + ".join(trace.ends)] += 1
        for visit in trace.visits:
            self._visits[visit.element].append(visit)
        self._cases.update({visit.element for visit in trace.visits})
        for halt in trace.halts:
            if trace.status == "incident":
                self._incidents[halt.code, halt.element].append(trace.case)
            else:
                self._stuck.append(
                    {
                        "case": trace.case,
                        "element": halt.element,
                        "code": halt.code,
                        "message": halt.message,
                    }
                )
        self._assumed |= trace.assumed
        for name in trace.unheard:
            self._unheard[name].append(trace.case)

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON data.

        Returns:
            `{process, model, seed, cases, statuses, ends, throughput, elements, incidents, stuck, assumed,
            unheard, distributions}`; durations are `{count, min, median, mean, p90, max}` in seconds.
        """
        return {
            "process": self.model.process_id,
            "model": self.model.hash,
            "seed": self.seed,
            "cases": self._statuses.total(),
            "statuses": dict(sorted(self._statuses.items())),
            "ends": dict(sorted(self._ends.items())),
            "throughput": spread(self._durations),
            "elements": [self._element(element) for element in self._shown()],
            "incidents": [
                {"code": code, "element": element, "cases": cases}
                for (code, element), cases in sorted(self._incidents.items())
            ],
            "stuck": self._stuck,
            "assumed": sorted(self._assumed),
            "unheard": {name: self._unheard[name] for name in sorted(self._unheard)},
            "distributions": dict(self.file.distributions),
        }

    def _shown(self) -> list[Element]:
        """Every element but the processes themselves, in the order of the model."""
        return [each for each in self.model.elements.values() if each.tag != "process"]

    def _element(self, element: Element) -> Mapping[str, Any]:
        visits = self._visits.get(element.ref, [])
        ended = [visit for visit in visits if visit.end != "open"]
        ends = Counter(visit.end for visit in visits)
        return {
            "element": element.ref,
            "name": element.name,
            "kind": element.tag,
            "visits": len(visits),
            "cases": self._cases[element.ref],
            "completed": ends["completed"],
            "terminated": ends["terminated"],
            "open": ends["open"],
            "elapsed": spread([visit.elapsed for visit in ended]),
            "waiting": spread([visit.waiting for visit in ended]),
            "working": spread([visit.working for visit in ended]),
        }


def spread(seconds: Sequence[int]) -> dict[str, int] | None:
    """Count, least, median, mean (rounded down), 90th percentile and most; None of nothing."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    count = len(ordered)
    return {
        "count": count,
        "min": ordered[0],
        "median": ordered[(count - 1) // 2],
        "mean": sum(ordered) // count,
        "p90": ordered[-(-9 * count // 10) - 1],
        "max": ordered[-1],
    }
