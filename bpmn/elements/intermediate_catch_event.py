"""Intermediate catch events: wait for an event, by themselves or behind an event-based gateway."""

from __future__ import annotations

from collections.abc import Mapping

from bpmn.elements.behaviour import Behaviour
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EventWait, TimerWait, Token
from bpmn.model.definition import Element
from bpmn.values import Value


class IntermediateCatchEvent(Behaviour):
    """Goes on at the first of its events."""

    tag = "intermediateCatchEvent"
    attributes = frozenset({"parallelMultiple"})
    extensions = frozenset({"ioMapping"})

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Wait, unless the event has come already (behind a gateway) or is a link, which never waits."""
        if element.waits and "came" not in token.data:
            burst.open_events(token, (element.ref,))
        else:
            super().activate(burst, token, element)

    def triggered(
        self,
        burst: Burst,
        owner: Token,
        element: Element,
        payload: Mapping[str, Value],
        wait: TimerWait | EventWait | None,
    ) -> None:
        """Complete; behind a gateway, move the gateway's token here first."""
        if owner.element == element.ref:
            burst.complete(owner.key, payload)
        else:
            burst.decide(owner, element, payload)
