"""Terminate: ends everything in its scope at once."""

from __future__ import annotations

from typing import Any

from bpmn.elements.events.kind import EventKind
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element


class TerminateEvent(EventKind):
    """The scope then completes; in a subprocess the parent goes on."""

    tag = "terminateEventDefinition"
    positions = frozenset({"end"})

    def throw(self, burst: Burst, token: Token, element: Element, config: Any) -> bool:
        """End all other tokens of the scope and stop listening for its event subprocesses."""
        scope = burst.alive(token.scope)
        burst.terminate_children(scope, but=token.key)
        burst.close_waits(
            burst.alive(scope.key), lambda wait: burst.element(wait.element).attached_to is None
        )
        return True
