"""Calls that run as cases of their own, as the driver of an instance sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bpmn.elements.call_activity import CaseCall
from bpmn.kernel.records import EMPTY, Job, JobWait
from bpmn.kernel.state import State
from bpmn.values import Json, Value, to_json


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call for which the driver runs a case, and that it ends by the job.

    `key` stays what it is when the instance goes over to another version of its model; `job` may not.
    """

    key: int
    job: str
    element: str
    process: str
    tag: str | None

    def given(self, state: State) -> dict[str, Value]:
        """The variables that the case starts with: all that the call sees, or only what is mapped into it."""
        wait, config = self._of(state)
        if config.all_in:
            return dict(state.variables_at(wait.token))
        own = state.variable_table.get(wait.token)
        return {name: slot.value for name, slot in sorted((own.slots if own is not None else EMPTY).items())}

    def takes(self, state: State, results: Mapping[str, Value]) -> Mapping[str, Value]:
        """What completes the job, of what the case has changed."""
        _, config = self._of(state)
        return results if config.all_out or state.element(self.element).outputs else EMPTY

    def _of(self, state: State) -> tuple[JobWait, CaseCall]:
        wait, config = state.waits.get(self.key), state.element(self.element).config
        if not isinstance(wait, JobWait) or not isinstance(config, CaseCall):
            raise AssertionError(f"the call {self.job} is not open")
        return wait, config


def is_call(state: State, job: Job) -> bool:
    """Whether a job is a call, for which the driver runs a case."""
    return isinstance(state.element(job.element).config, CaseCall)


def open_calls(state: State) -> dict[int, OpenCall]:
    """The open calls by their keys, oldest first (those held by an incident are not among them)."""
    found: dict[int, OpenCall] = {}
    for wait in state.waits:
        if isinstance(wait, JobWait) and not wait.failed:
            config = state.element(wait.element).config
            if isinstance(config, CaseCall):
                job = f"{wait.element}:{wait.key}"
                found[wait.key] = OpenCall(wait.key, job, wait.element, config.process, config.tag)
    return found


def brought_back(given: Mapping[str, Json], found: Mapping[str, Value]) -> dict[str, Json]:
    """What a called case brings back (as JSON): what it made, and what it was given and has changed.

    As with a called process, what it has left as it was does not come back, so that it overwrites nothing.
    """
    results = {name: to_json(value) for name, value in sorted(found.items())}
    return {name: value for name, value in results.items() if name not in given or given[name] != value}
