"""What tokens wait for, brought over: one function per kind of wait.

A wait is kept under its key, closed, or renewed: closed and opened again from the new model. Whoever
works on a job or a task must not notice a migration, so these are renewed only when the plan says so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from bpmn.elements.call_activity import CaseCall
from bpmn.elements.events.conditional import ConditionalEvent
from bpmn.elements.events.message import MessageConfig
from bpmn.elements.events.signal import SignalConfig
from bpmn.elements.events.timer import TimerConfig
from bpmn.elements.job import JobConfig
from bpmn.elements.user_task import UserTaskConfig
from bpmn.kernel.records import EventWait, JobWait, TaskWait, TimerWait, Token, Wait
from bpmn.migration.place import Place
from bpmn.migration.versions import event_kinds
from bpmn.model.definition import Element, EventDefinition, Formula


@dataclass(frozen=True, slots=True)
class Brought:
    """A wait as it stands in the new model, and what happens to it there."""

    wait: Wait
    then: Literal["keep", "close", "renew"]


def bring_over(place: Place, wait: Wait, heard: Collection[str]) -> Brought:
    """Bring one wait over; `heard` are the events of the new model that the token may wait for."""
    match wait:
        case JobWait():
            return _job(place, wait)
        case TaskWait():
            return _task(place, wait)
        case TimerWait() | EventWait():
            return _own_event(place, wait) if wait.element == place.old.ref else _event(place, wait, heard)


def job_of(element: Element) -> JobConfig | None:
    """The job that the element opens; None if it opens none."""
    if isinstance(element.config, JobConfig):
        return element.config
    if isinstance(element.config, CaseCall):
        return element.config.job
    for definition in element.events:
        if isinstance(definition.config, MessageConfig) and definition.config.job is not None:
            return definition.config.job
    return None


def heard_by(token: Token, element: Element, *, waiting: bool, cancelling: bool) -> tuple[str, ...]:
    """The events besides its own that a token at this element hears.

    Those behind an event-based gateway, those on its border, those that start its event subprocesses.
    The rounds of a loop have no border, and its container no inside; what is undone hears nothing.
    """
    if not waiting or "reopened" in token.data:
        return ()
    if element.tag == "eventBasedGateway":
        return tuple(flow.target for flow in element.outgoing)
    body = "body" in token.data
    inside = (element.loop is None or body) and "interrupted" not in token.data and not cancelling
    return (*(() if body else element.boundaries), *(element.event_starts if inside else ()))


def _job(place: Place, wait: JobWait) -> Brought:
    """A job keeps key, type, retries and headers; whoever works on it completes it."""
    brought = replace(wait, element=place.new.ref)
    old, new = job_of(place.old), job_of(place.new)
    if new is None or old is None:
        _work_changed(place, f"The job {wait.element}:{wait.key} is open, but {place.new.ref} opens none.")
        return Brought(brought, "keep")
    if wait.element in place.plan.renew:
        place.tell(
            "migration.wait-renewed", f"The job {wait.element}:{wait.key} is cancelled and opened anew."
        )
        return Brought(brought, "renew")
    if old.type.text != new.type.text:
        place.refuse(
            "migration.job-type-changed",
            f"The job {wait.element}:{wait.key} is open with the type {wait.type}, "
            f"the new type is {new.type.text}.",
            f"Renew {wait.element} in the plan: then this job is cancelled and one of the new type opened.",
        )
    elif (old.retries.text, dict(old.headers)) != (new.retries.text, dict(new.headers)):
        _kept(place, "job", wait, "retries and headers")
    return Brought(brought, "keep")


def _task(place: Place, wait: TaskWait) -> Brought:
    """A user task keeps key, form, assignment and dates: a person may be at it."""
    brought = replace(wait, element=place.new.ref)
    old, new = place.old.config, place.new.config
    if not isinstance(new, UserTaskConfig):
        _work_changed(
            place, f"The task {wait.element}:{wait.key} is open, but {place.new.ref} is no user task."
        )
        return Brought(brought, "keep")
    if wait.element in place.plan.renew:
        place.tell(
            "migration.wait-renewed", f"The task {wait.element}:{wait.key} is cancelled and opened anew."
        )
        return Brought(brought, "renew")
    if _task_wording(old) != _task_wording(new):
        _kept(place, "task", wait, "form, assignment, dates and priority")
    return Brought(brought, "keep")


def _own_event(place: Place, wait: TimerWait | EventWait) -> Brought:
    """An event of the element itself, a catch event or receive task, must be of the same kind there."""
    if event_kinds(place.old) != event_kinds(place.new):
        _work_changed(place, f"{place.new.ref} does not wait for what {place.old.ref} waits for.")
        return Brought(wait, "keep")
    return _same_event(place, wait, place.new)


def _event(place: Place, wait: TimerWait | EventWait, heard: Collection[str]) -> Brought:
    """An event that can happen meanwhile: behind a gateway, on the border, or inside."""
    target = place.plan.elements.get(wait.element, "")
    if target not in heard:
        place.tell("migration.wait-closed", f"{wait.element} is not waited for any more.")
        return Brought(wait, "close")
    return _same_event(place, wait, place.versions.new.elements[target])


def _same_event(place: Place, wait: TimerWait | EventWait, element: Element) -> Brought:
    """Keep the wait, unless it would wait for something else now; timers keep their time."""
    brought = replace(wait, element=element.ref)
    before = place.versions.old.elements[wait.element].events[wait.definition]
    after = element.events[wait.definition]
    changed = wording(before) != wording(after)
    timer = isinstance(before.config, TimerConfig) and isinstance(after.config, TimerConfig)
    stays = timer and before.config.form == after.config.form
    if wait.element in place.plan.renew or (changed and not stays):
        place.tell("migration.wait-renewed", f"{wait.element} is waited for anew, as {element.ref} says.")
        return Brought(brought, "renew")
    if changed:
        _kept(place, "timer", wait, "the time at which it is due")
    return Brought(brought, "keep")


def _work_changed(place: Place, message: str) -> None:
    place.refuse(
        "migration.work-changed",
        message,
        "Map it to an element that waits for the same, or migrate when this is done.",
    )


def _kept(place: Place, what: str, wait: Wait, keeps: str) -> None:
    place.tell(
        "migration.wait-kept",
        f"The {what} {wait.element}:{wait.key} keeps {keeps}, although the new model says otherwise; "
        f"renew {wait.element} to change that.",
    )


def wording(definition: EventDefinition) -> tuple[str | None, ...]:
    """What a definition waits for, as it is written."""
    match definition.config:
        case TimerConfig(form, time):
            return (form, time.text)
        case MessageConfig(name, key):
            return (name.text, _text(key))
        case SignalConfig(name):
            return (name.text,)
        case Formula(text) if isinstance(definition.kind, ConditionalEvent):
            return (text,)
        case _:
            raise AssertionError(f"migration does not know what a {definition.kind.tag} waits for")


def _task_wording(config: UserTaskConfig) -> tuple[str | None, ...]:
    formulas = (config.assignee, config.users, config.groups, config.due, config.follow_up, config.priority)
    return (config.form, *(_text(formula) for formula in formulas))


def _text(formula: Formula | None) -> str | None:
    return formula.text if formula is not None else None
