"""Intermediate throw events: throw and go on."""

from __future__ import annotations

from bpmn.elements.behaviour import Behaviour
from bpmn.elements.end_event import handler_done, throw_all
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element


class IntermediateThrowEvent(Behaviour):
    """Without a definition it only marks a point on the way."""

    tag = "intermediateThrowEvent"
    extensions = frozenset({"ioMapping"})

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Throw."""
        throw_all(burst, token, element)

    def emptied(self, burst: Burst, token: Token, element: Element) -> None:
        """A compensation handler is done."""
        handler_done(burst, token, element)
