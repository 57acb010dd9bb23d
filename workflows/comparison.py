"""A case on another version of its process, pure: the same commands, and where they first lead elsewhere.

A command of the log is aimed at a job, a task or an incident of the version that ran. On another version it
goes to the one with the same id, else to the oldest at the same element: so job results are taken from the
log by element and order.

On the other version the case runs from its start on, so its migrations are passed over there. What a plan
gave another name is found under either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bpmn import (
    BpmnError,
    Command,
    CommandRefused,
    CompleteJob,
    CompleteTask,
    Event,
    FailJob,
    Incident,
    Job,
    Model,
    ResolveIncident,
    SkipElement,
    State,
    Task,
    ThrowAtIncident,
    ThrowError,
    new_instance,
)
from workflows.burst import Burst
from workflows.logged import Migrate
from workflows.reexecution import Recorded, commands_of, first_model, run


@dataclass(frozen=True, slots=True)
class Difference:
    """The first command whose steps differ.

    Attributes:
        seq: The entry's number in the case.
        command: The command's number in the entry, from 1.
        kind: The command's kind, for example `complete-task`.
        element: Where it was aimed; None for commands that go to no element.
        at: The place of the first step that differs, from 0; all before it are the same.
        before: The steps as they were, `kind element` and what they carry.
        after: The steps on the other version.
        refused: Why the other version does not take the command; None when it does.
    """

    seq: int
    command: int
    kind: str
    element: str | None
    at: int
    before: tuple[dict[str, Any], ...]
    after: tuple[dict[str, Any], ...]
    refused: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What another version makes of the commands of a case.

    Attributes:
        commands: How many commands there are.
        refused: How many of them the other version does not take.
        difference: The first difference; None when every step is the same.
        status: How the instance stands after the last command.
        active: The elements at which it then stands.
        without_result: The elements whose jobs the log has no result for.
    """

    commands: int
    refused: int
    difference: Difference | None
    status: str
    active: tuple[str, ...]
    without_result: tuple[str, ...]


def compare(
    models: Mapping[str, Model], other: Model, case_id: str, entries: Sequence[Recorded]
) -> Comparison:
    """Run the commands of a case on the versions that it ran on and on another one, side by side.

    Raises:
        BpmnError: when the log does not fit the versions that it ran on; `reexecute` tells more.
    """
    model = first_model(models, entries)
    before, after = Burst(model, new_instance(model, case_id)), Burst(other, new_instance(other, case_id))
    difference: Difference | None = None
    refused = 0
    names = _names(entries)
    for entry in entries:
        for number, command in enumerate(commands_of(entry), 1):
            if isinstance(command, Migrate):
                run(before, command, models)
                continue
            was = _steps(before, command)
            try:
                now, refusal = _steps(after, _aimed(after.state, command, names)), None
            except BpmnError as error:
                now, refusal = (), str(error)
                refused += 1
            if difference is None and (refusal is not None or was != now):
                difference = Difference(
                    seq=entry.seq,
                    command=number,
                    kind=command.kind,
                    element=_element(command),
                    at=_first_differing(was, now),
                    before=was,
                    after=now,
                    refused=refusal,
                )
    state = after.state
    return Comparison(
        commands=len(before.commands),
        refused=refused,
        difference=difference,
        status=state.status,
        active=tuple(dict.fromkeys(ref for ref in state.active_elements if _is_step(state, ref))),
        without_result=tuple(dict.fromkeys(job.element for job in state.jobs)),
    )


def _steps(burst: Burst, command: Command) -> tuple[dict[str, Any], ...]:
    seen = len(burst.events)
    burst.apply(command)
    return tuple(_step(event) for event in burst.events[seen:])


def _step(event: Event) -> dict[str, Any]:
    return {"kind": event.kind, "element": event.element, "data": dict(event.data)}


def _first_differing(before: Sequence[object], after: Sequence[object]) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    return next((at for at, (was, now) in pairs if was != now), min(len(before), len(after)))


def _names(entries: Iterable[Recorded]) -> Mapping[str, str]:
    """Return the names that migrations gave to elements which had others: old → new."""
    return {
        old: new
        for entry in entries
        for command in commands_of(entry)
        if isinstance(command, Migrate)
        for old, new in command.plan.elements.items()
        if old != new
    }


def _aimed(state: State, command: Command, names: Mapping[str, str]) -> Command:
    """Return the command aimed at what is open in this state."""
    match command:
        case CompleteJob() | FailJob() | ThrowError():
            return replace(command, job=_open(command.job, state.jobs, names))
        case CompleteTask():
            return replace(command, task=_open(command.task, state.tasks, names))
        case ResolveIncident() | SkipElement() | ThrowAtIncident():
            return replace(command, incident=_open(command.incident, state.incidents, names))
        case _:
            return command


def _open(target: str, waiting: Sequence[Job | Task | Incident], names: Mapping[str, str]) -> str:
    if any(each.id == target for each in waiting):
        return target
    element = target.rpartition(":")[0]
    called = {element, names.get(element), *(old for old, new in names.items() if new == element)}
    for each in waiting:
        if each.element in called:
            return each.id
    raise CommandRefused("command.nothing_open", f"Nothing waits at {element}.", where=element)


def _element(command: Command) -> str | None:
    match command:
        case CompleteJob(job=target) | FailJob(job=target) | ThrowError(job=target):
            return target.rpartition(":")[0]
        case CompleteTask(task=target):
            return target.rpartition(":")[0]
        case (
            ResolveIncident(incident=target) | SkipElement(incident=target) | ThrowAtIncident(incident=target)
        ):
            return target.rpartition(":")[0]
        case _:
            return None


def _is_step(state: State, ref: str) -> bool:
    return state.element(ref).tag != "process"
