"""Two versions of a model over the same cases: what becomes different, case by case.

A case belongs to the first of these classes that holds for it; its other differences are listed with it.

    stuck        it no longer goes on, or stands still elsewhere
    incident     it stops with another incident, or where it did not
    goes-on      it was stuck or stopped, and is not any more
    newly-needs  a user task is opened that was not
    spared       a user task is not opened any more
    ends         it reaches other end events
    way          it visits other elements, or the same ones a different number of times
    outcome      its variables have other values
    time         it takes another time
    same
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bpmn.model.definition import Model
from bpmn.simulation.run import Trace

STUCK, INCIDENT, GOES_ON, NEEDS, SPARED = "stuck", "incident", "goes-on", "newly-needs", "spared"
ENDS, WAY, OUTCOME, TIME, SAME = "ends", "way", "outcome", "time", "same"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference of a case. `what` are the elements, end events, variables or codes that it is about."""

    kind: str
    what: tuple[str, ...]


def compare(old: Trace, new: Trace) -> list[Change]:
    """How a case goes differently in the new version, the gravest first; nothing when it is the same."""
    changes = []
    halted = {(halt.element, halt.code) for halt in old.halts}
    halts = sorted({(halt.element, halt.code) for halt in new.halts} - halted)
    if new.status != "completed" and (halts or new.status != old.status):
        kind = STUCK if new.status == "stuck" else INCIDENT
        changes.append(Change(kind, tuple(f"{element}: {code}" for element, code in halts)))
    elif old.status != "completed" and new.status == "completed":
        changes.append(Change(GOES_ON, tuple(f"{element}: {code}" for element, code in sorted(halted))))
    if new.tasks - old.tasks:
        changes.append(Change(NEEDS, tuple(sorted(new.tasks - old.tasks))))
    if old.tasks - new.tasks:
        changes.append(Change(SPARED, tuple(sorted(old.tasks - new.tasks))))
    if old.ends != new.ends:
        changes.append(Change(ENDS, new.ends))
    before, after = _way(old), _way(new)
    if before != after:
        elements = before.keys() | after.keys()
        changes.append(Change(WAY, tuple(sorted(each for each in elements if before[each] != after[each]))))
    names = old.variables.keys() | new.variables.keys()
    values = tuple(sorted(each for each in names if _value(old, each) != _value(new, each)))
    if values:
        changes.append(Change(OUTCOME, values))
    if old.duration != new.duration:
        changes.append(Change(TIME, ()))
    return changes


def _way(trace: Trace) -> Counter[str]:
    return Counter(visit.element for visit in trace.visits)


def _value(trace: Trace, name: str) -> tuple[bool, Any]:
    return name in trace.variables, trace.variables.get(name)


class Comparison:
    """Gathers the differences of all cases."""

    def __init__(self, old: Model, new: Model) -> None:
        self.old = old
        self.new = new
        self._classes: dict[tuple[int, str], list[str]] = defaultdict(list)
        self._changes: dict[str, list[Change]] = {}

    def add(self, old: Trace, new: Trace) -> None:
        """Compare one case's two traces."""
        changes = compare(old, new)
        first = changes[0] if changes else Change(SAME, ())
        self._classes[_SENTENCE.index(first.kind), self._label(first)].append(new.case)
        if changes:
            self._changes[new.case] = changes

    @property
    def classes(self) -> Mapping[str, list[str]]:
        """The ids of the cases in each class, as the sentence names it: the same first, the stuck last."""
        return {label: cases for (_, label), cases in sorted(self._classes.items())}

    @property
    def sentence(self) -> str:
        """Such as "312 same, 9 newly need approval, 2 stuck"."""
        return ", ".join(f"{len(cases)} {label}" for label, cases in self.classes.items())

    def to_json(self) -> dict[str, Any]:
        """`{sentence, old, new, classes: {label: [case]}, cases: {case: [{kind, what}]}}`."""
        return {
            "sentence": self.sentence,
            "old": self.old.hash,
            "new": self.new.hash,
            "classes": dict(self.classes),
            "cases": {
                case: [{"kind": change.kind, "what": list(change.what)} for change in changes]
                for case, changes in self._changes.items()
            },
        }

    def _label(self, change: Change) -> str:
        if change.kind == NEEDS:
            return f"newly need {_tasks(change.what, self.new)}"
        if change.kind == SPARED:
            return f"no longer need {_tasks(change.what, self.old)}"
        if change.kind == ENDS:
            return f"end elsewhere ({' + '.join(change.what) or 'nowhere'})"
        return _LABELS[change.kind]


def _tasks(refs: tuple[str, ...], model: Model) -> str:
    return " and ".join(_spoken(model.elements[ref].name or ref) for ref in refs)


def _spoken(name: str) -> str:
    """A task's name within a sentence; one that begins with an abbreviation keeps its capitals."""
    return name[0].lower() + name[1:] if name[1:2].islower() or len(name) == 1 else name


_LABELS = {
    SAME: "same",
    STUCK: "stuck",
    INCIDENT: "stopped by an incident",
    GOES_ON: "go on again",
    WAY: "go another way",
    OUTCOME: "have other variables",
    TIME: "take another time",
}
_SENTENCE = (SAME, TIME, OUTCOME, WAY, ENDS, SPARED, NEEDS, GOES_ON, INCIDENT, STUCK)
