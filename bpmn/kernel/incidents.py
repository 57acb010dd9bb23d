"""Repair of an incident: try again, count the element as done, or throw a BPMN error where it stands.

A person looked and decided, so the token then knows every write that it sees, and its next write is no
conflict. Ending the token instead is a modification (`bpmn.kernel.modify`).
"""

from __future__ import annotations

from dataclasses import replace

from bpmn.elements.events.error import throw_error
from bpmn.errors import BpmnError, CommandRefused
from bpmn.kernel.burst import Burst
from bpmn.kernel.commands import ResolveIncident, SkipElement, ThrowAtIncident
from bpmn.kernel.records import JobWait, Stop, Token
from bpmn.kernel.scopes import Stuck
from bpmn.kernel.state import key_of
from bpmn.model.definition import Element
from bpmn.values import accepted


def resolve(burst: Burst, command: ResolveIncident) -> None:
    """Try again what the incident stopped.

    Raises:
        CommandRefused: `incident.unknown`.
    """
    stop = _open(burst, command.incident)
    token = burst.absorb_visible(burst.alive(stop.token))
    burst.propagate(token, accepted(command.variables))
    burst.resume(stop)
    if stop.phase == "job":
        job = burst.wait(stop.job)
        if isinstance(job, JobWait):
            burst.put_wait(replace(job, failed=False))
            burst.emit("job.created", job.element, {"job": f"{job.element}:{job.key}", "type": job.type})


def skip(burst: Burst, command: SkipElement) -> None:
    """Count the element as completed with these variables in the place of its result, and go on.

    What its output mappings would have made of a result is not made. It can be undone like any other.

    Raises:
        CommandRefused: `incident.unknown`, or `incident.not-skippable` where there is no way on.
    """
    stop = _open(burst, command.incident)
    element = burst.element(stop.element)
    if stop.phase == "leave" or element.tag == "process" or element.tag.endswith("Gateway"):
        raise CommandRefused(
            "incident.not-skippable",
            f"{element.name or element.ref} cannot be skipped: nothing tells by which flow to go on.",
            where=command.incident,
            hint="Retry with variables that let it decide, or move the token.",
        )
    burst.absorb_visible(burst.alive(stop.token))
    token, _ = burst.kept_payload(burst.lift(stop))
    token = burst.close_waits(token, lambda wait: wait.key == stop.job)
    burst.emit("element.skipped", element.ref, {"token": token.key, "code": stop.code})
    # A round keeps its result to itself, for the loop to collect; any other element gives it to its scope.
    burst.propagate(token, accepted(command.variables), start=None if "body" in token.data else token.scope)
    _complete(burst, burst.alive(token.key), element)


def throw(burst: Burst, command: ThrowAtIncident) -> None:
    """Throw a BPMN error out of the element that the incident stopped.

    Raises:
        CommandRefused: `incident.unknown`, or `error.uncaught`: the incident stays.
    """
    stop = _open(burst, command.incident)
    burst.absorb_visible(burst.alive(stop.token))
    token = burst.lift(stop)
    if not throw_error(burst, token, command.error_code, accepted(command.variables)):
        raise CommandRefused(
            "error.uncaught",
            f"No scope around {stop.element} catches the error {command.error_code}.",
            where=command.incident,
            hint="Use a code that an error event around it catches.",
        )


def _complete(burst: Burst, token: Token, element: Element) -> None:
    if "finished" in token.data:
        burst.finish_loop(token, element, {})
        return
    try:
        element.behaviour.complete(burst, token, element)
    except (Stuck, BpmnError) as stuck:
        burst.stop(token.key, "complete", stuck)


def _open(burst: Burst, incident: str) -> Stop:
    stop = burst.stop_record(key_of(incident))
    if stop is None or incident != f"{stop.element}:{stop.key}":
        raise CommandRefused("incident.unknown", f"No open incident is called {incident}.", where=incident)
    return stop
