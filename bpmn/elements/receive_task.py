"""Receive tasks: wait for a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.activity import Activity
from bpmn.elements.event_based_gateway import check_instantiating
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EventWait, TimerWait, Token
from bpmn.model.definition import Element
from bpmn.model.nodes import instantiates
from bpmn.values import Value

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class ReceiveTask(Activity):
    """Completes with the message's content."""

    tag = "receiveTask"
    attributes = frozenset({"messageRef", "operationRef", "implementation", "instantiate"})
    extensions = frozenset({"ioMapping"})

    def read(self, node: etree._Element, reader: Reader) -> None:
        """Check that one that starts a process can; the message itself is read like a message event's."""
        if instantiates(node):
            check_instantiating(node, reader)
            if reader.loop_of(node) is not None:
                reader.refuse(
                    "receive.instantiating-loop",
                    node,
                    "A receive task that starts a process repeats, but its message comes once.",
                    "Remove the loop.",
                )

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Subscribe, unless the message has come already (behind a gateway, or to start the process)."""
        if "came" in token.data:
            super().activate(burst, token, element)
        else:
            burst.open_events(token, (element.ref,))

    def triggered(
        self,
        burst: Burst,
        owner: Token,
        element: Element,
        payload: Mapping[str, Value],
        wait: TimerWait | EventWait | None,
    ) -> None:
        """The message came; behind a gateway, move the gateway's token here first."""
        if owner.element == element.ref:
            burst.complete(owner.key, payload)
        else:
            burst.decide(owner, element, payload)
