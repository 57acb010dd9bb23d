"""Event-based gateways: the first of several events decides the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.behaviour import Behaviour
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class EventBasedGateway(Behaviour):
    """Waits for the events that follow it, and goes on at the one that comes first."""

    tag = "eventBasedGateway"
    attributes = frozenset({"gatewayDirection", "instantiate", "eventGatewayType"})

    def read(self, node: etree._Element, reader: Reader) -> None:
        """Refuse what is not run: gateways that start a process, and what cannot follow the gateway."""
        if (
            node.get("instantiate", "false") != "false"
            or node.get("eventGatewayType", "Exclusive") != "Exclusive"
        ):
            reader.refuse(
                "gateway.instantiating",
                node,
                "An event-based gateway that starts a process is not supported.",
                "Use one start event per message.",
            )
        for target in reader.targets(node):
            if etree.QName(target).localname not in ("intermediateCatchEvent", "receiveTask"):
                reader.refuse(
                    "gateway.no-event",
                    node,
                    f"{target.get('id')} follows an event-based gateway but catches nothing.",
                    "Put an intermediate catch event there.",
                )
            elif target.get("parallelMultiple", "false") in ("true", "1"):
                reader.refuse(
                    "gateway.parallel-multiple",
                    node,
                    f"{target.get('id')} waits for several events together, so none of them can decide.",
                    "Let one event follow the gateway, and the others later.",
                )
            elif target.get("startQuantity", "1") != "1":
                reader.refuse(
                    "gateway.start-quantity",
                    node,
                    f"{target.get('id')} waits for several tokens, but the gateway gives one.",
                    "Remove its startQuantity.",
                )

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Wait for each of the following events."""
        burst.open_events(token, [flow.target for flow in element.outgoing])
