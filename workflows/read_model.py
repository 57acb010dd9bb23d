"""The read model of a case: what a burst changed, as rows that others read without knowing the kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from bpmn import Event, Incident, Model, SignalSubscription, State, Subscription, Task
from core import derived_id
from workflows import repository
from workflows.burst import Burst
from workflows.carried_over import renamed
from workflows.plain import plain
from workflows.repository import CaseRow, Writes
from workflows.searchable import changes
from workflows.tasks import FOUR_EYES, escalation_groups, requires_signature


def write(
    writes: Writes,
    case: CaseRow,
    burst: Burst,
    *,
    entry_id: UUID,
    actor: str,
    now: datetime,
    completed: str | None,
    completed_by: str,
) -> None:
    """Add steps, and what opened or closed between the burst's first and last state.

    Args:
        writes: what the burst writes; this is added.
        case: the case as it was before the burst.
        burst: what was executed.
        entry_id: the ledger entry that proves these steps.
        actor: who caused them.
        now: the business time.
        completed: the kernel's id of the task that a person completed with this burst.
        completed_by: that person.
    """
    ids = renamed(burst)
    if burst.events:
        steps = [_step(burst, event, case.step_seq + number) for number, event in enumerate(burst.events, 1)]
        repository.insert_steps(writes, case.id, entry_id, actor, steps)

    opened_tasks, closed_tasks = _difference(burst.before.tasks, burst.state.tasks, ids)
    if opened_tasks:
        repository.insert_tasks(writes, case.id, [_task(case.id, task, now) for task in opened_tasks])
    if closed_tasks:
        repository.close_tasks(writes, case.id, closed_tasks, completed=completed, by=completed_by, at=now)

    raised, resolved = _difference(burst.before.incidents, burst.state.incidents, ids)
    if raised:
        repository.insert_incidents(
            writes, case.id, [_incident(case.id, incident, now) for incident in raised]
        )
    if resolved:
        repository.resolve_incidents(writes, case.id, resolved, now)

    begun, over = _difference(burst.before.messages, burst.state.messages, ids)
    if begun:
        repository.insert_subscriptions(writes, case.id, [_subscription(case.id, wait) for wait in begun])
    if over:
        repository.delete_subscriptions(writes, case.id, over)

    begun, over = _difference(burst.before.signals, burst.state.signals, ids)
    if begun:
        repository.insert_signal_subscriptions(writes, case.id, [_signal(case.id, wait) for wait in begun])
    if over:
        repository.delete_signal_subscriptions(writes, case.id, over)

    variables, forgotten = changes(burst.before.variables, burst.state.variables)
    if variables or forgotten:
        repository.write_variables(writes, case.id, variables, forgotten)

    elements, left = _element_changes(burst)
    if elements or left:
        repository.write_elements(writes, case.id, elements, left)


def active_elements(model: Model, state: State) -> list[str]:
    """Return the elements that hold a token, without the processes that contain them, each once."""
    return list(dict.fromkeys(ref for ref in state.active_elements if model.elements[ref].tag != "process"))


def _element_changes(burst: Burst) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Return the elements where the number of tokens or incidents changed, and those that hold none now."""
    before, after = _occupied(burst.before), _occupied(burst.state)
    written = {element: counts for element, counts in after.items() if before.get(element) != counts}
    return written, [element for element in before if element not in after]


def _occupied(state: State) -> dict[str, tuple[int, int]]:
    tokens, stops = Counter(state.active_elements), Counter(stop.element for stop in state.incidents)
    return {
        element: (tokens[element], stops[element])
        for element in tokens
        if state.element(element).tag != "process"
    }


def draft_id(task_id: UUID, person: str) -> UUID:
    """Return the id under which a person's draft for a task is found."""
    return derived_id("draft", task_id, person)


def task_id(case_id: UUID, kernel_id: str) -> UUID:
    """Return the public id of a task."""
    return derived_id("task", case_id, kernel_id)


def incident_id(case_id: UUID, kernel_id: str) -> UUID:
    """Return the public id of an incident."""
    return derived_id("incident", case_id, kernel_id)


def _difference(
    before: tuple[Any, ...], after: tuple[Any, ...], renamed: Mapping[str, str]
) -> tuple[list[Any], list[str]]:
    """Return the records that are new, and the ids of those that are gone."""
    known = {renamed.get(record.id, record.id): None for record in before}
    present = {record.id for record in after}
    return [record for record in after if record.id not in known], [
        record_id for record_id in known if record_id not in present
    ]


def _step(burst: Burst, event: Event, seq: int) -> Mapping[str, Any]:
    # What a migration closes may have no place in the new model.
    element = burst.model.elements.get(event.element) or burst.before.model.elements.get(event.element)
    return {
        "seq": seq,
        "element": event.element,
        "element_name": element.name if element else "",
        "element_type": element.tag if element else "",
        "kind": event.kind,
        "at": event.at,
        "data": dict(event.data),
    }


def _task(case_id: UUID, task: Task, now: datetime) -> Mapping[str, Any]:
    return {
        "id": task_id(case_id, task.id),
        "kernel_id": task.id,
        "element": task.element,
        "name": task.name,
        "form_id": task.form,
        "four_eyes": task.properties.get(FOUR_EYES),
        "requires_signature": requires_signature(task.properties),
        "candidate_groups": task.candidate_groups,
        # Whom the model names stays a candidate, whoever claims it; a claim alone gives no right.
        "candidate_users": sorted({*task.candidate_users, *filter(None, (task.assignee,))}),
        "assignee": task.assignee,
        # Camunda's range: what a model computes beyond it is as urgent, or as little so, as can be.
        "priority": max(0, min(task.priority, 100)),
        "due": task.due,
        "follow_up": task.follow_up,
        "escalate_to": escalation_groups(task.properties),
        "variables": {name: plain(value) for name, value in task.variables.items()},
        "created_at": now,
    }


def _incident(case_id: UUID, incident: Incident, now: datetime) -> Mapping[str, Any]:
    return {
        "id": incident_id(case_id, incident.id),
        "kernel_id": incident.id,
        "element": incident.element,
        "code": incident.code,
        "message": incident.message,
        "raised_at": now,
    }


def _subscription(case_id: UUID, wait: Subscription) -> Mapping[str, Any]:
    return {
        "id": derived_id("subscription", case_id, wait.id),
        "kernel_id": wait.id,
        "element": wait.element,
        "message": wait.message,
        "key": wait.key,
    }


def _signal(case_id: UUID, wait: SignalSubscription) -> Mapping[str, Any]:
    return {
        "id": derived_id("subscription", case_id, wait.id),
        "kernel_id": wait.id,
        "element": wait.element,
        "signal": wait.signal,
    }
