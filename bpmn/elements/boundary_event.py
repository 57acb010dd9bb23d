"""Boundary events: something happens while an activity runs, and ends it or not."""

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


class BoundaryEvent(Behaviour):
    """Its own token begins when the event comes; an interrupting one ends the activity first."""

    tag = "boundaryEvent"
    attributes = frozenset({"attachedToRef", "cancelActivity", "parallelMultiple"})
    extensions = frozenset({"ioMapping"})

    def read(self, node: etree._Element, reader: Reader) -> CatchConfig:
        """Read whether it waits for all of its events."""
        return read_catch(node, reader)

    def triggered(
        self,
        burst: Burst,
        owner: Token,
        element: Element,
        payload: Mapping[str, Value],
        wait: TimerWait | EventWait | None,
    ) -> None:
        """Go on from here, instead of or beside the activity."""
        happened = gather(burst, owner, element, payload, wait)
        if happened is None:
            return
        owner, payload = happened
        if element.interrupting:
            branch, seen = owner.branch, burst.terminate(owner.key)
        else:
            branch, seen = burst.fork(owner)
        burst.create(element.ref, owner.scope, branch, seen, data=burst.payload_data(payload))
