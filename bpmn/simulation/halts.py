"""Where and why a case does not go on."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.kernel.records import EventWait, JobWait, TaskWait, Token
from bpmn.kernel.state import State
from bpmn.model.definition import Element


@dataclass(frozen=True, slots=True)
class Halt:
    """Where and why a case does not go on."""

    element: str
    code: str
    message: str


def halts_of(state: State) -> list[Halt]:
    """Where a running state stands still: its incidents, and what its innermost tokens wait for in vain."""
    halts = [Halt(each.element, each.code, each.message) for each in state.incidents]
    scopes = {token.scope for token in state.tokens}
    for token in state.tokens:
        if token.key not in scopes and token.status != "stopped":
            halts.append(_halt(state, token, state.model.elements[token.element]))
    return halts


def _halt(state: State, token: Token, element: Element) -> Halt:
    waits = [state.waits.get(key) for key in token.waits]
    for wait in waits:
        if isinstance(wait, TaskWait):
            return Halt(
                element.ref, "task.never-done", f"Nobody does the task {element.name or element.ref}."
            )
        if isinstance(wait, JobWait):
            if wait.failed:
                continue
            return Halt(element.ref, "job.never-done", f"Nobody does the job {wait.type}.")
    events = [wait for wait in waits if isinstance(wait, EventWait)]
    if events:
        wanted = " or ".join(
            f"the {each.channel} {each.name}" + (f" with key {each.correlation}" if each.correlation else "")
            for each in events
        )
        return Halt(element.ref, f"{events[0].channel}.never-sent", f"Nobody sends {wanted}.")
    if element.joins:
        return Halt(element.ref, "join.never-complete", "Nothing brings the tokens that it still waits for.")
    return Halt(element.ref, "event.never-comes", "What it waits for does not happen.")
