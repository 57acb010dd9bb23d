"""Intermediate catch events: wait for an event, by themselves or behind an event-based gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.behaviour import Behaviour
from bpmn.elements.parallel_multiple import CatchConfig, gather, read_catch
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EventWait, TimerWait, Token
from bpmn.model.definition import Element
from bpmn.values import Value

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class IntermediateCatchEvent(Behaviour):
    """Goes on at the first of its events, or when all of them have come."""

    tag = "intermediateCatchEvent"
    attributes = frozenset({"parallelMultiple"})
    extensions = frozenset({"ioMapping"})

    def read(self, node: etree._Element, reader: Reader) -> CatchConfig:
        """Read whether it waits for all of its events."""
        return read_catch(node, reader)

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
        if owner.element != element.ref:
            burst.decide(owner, element, payload)
            return
        happened = gather(burst, owner, element, payload, wait)
        if happened is not None:
            owner, payload = happened
            burst.complete(owner.key, payload)
