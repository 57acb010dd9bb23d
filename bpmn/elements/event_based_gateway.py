"""Event-based gateways: the first of several events decides the way.

One that instantiates starts a process: the exclusive one by the event that decides, the parallel one by
any of its events, and then the others are waited for in the same instance (BPMN 2.0, 10.6.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.behaviour import Behaviour
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element
from bpmn.model.nodes import instantiates
from bpmn.model.source import local

if TYPE_CHECKING:
    from bpmn.model.reader import Reader

DECIDING = frozenset(
    {
        "messageEventDefinition",
        "timerEventDefinition",
        "signalEventDefinition",
        "conditionalEventDefinition",
    }
)
"""What an event behind the gateway may wait for."""


@dataclass(frozen=True, slots=True)
class EventGatewayConfig:
    """Whether all of the events have to come, each for its own way."""

    parallel: bool


class EventBasedGateway(Behaviour):
    """Waits for the events that follow it, and goes on at the one that comes first."""

    tag = "eventBasedGateway"
    attributes = frozenset({"gatewayDirection", "instantiate", "eventGatewayType"})

    def read(self, node: etree._Element, reader: Reader) -> EventGatewayConfig:
        """Read the type; refuse what cannot follow the gateway, and what cannot start a process."""
        parallel = node.get("eventGatewayType", "Exclusive") == "Parallel"
        if instantiates(node):
            check_instantiating(node, reader)
        elif parallel:
            reader.refuse(
                "gateway.parallel-events",
                node,
                "An event-based gateway that does not start a process is exclusive (BPMN 2.0, 10.6.6).",
                "Put the events behind a parallel gateway to wait for all of them.",
            )
        for target in reader.targets(node):
            _check_target(node, target, reader)
        return EventGatewayConfig(parallel)

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Wait for the events that follow, unless one of them has come already and started the process."""
        came = token.data.get("came")
        if element.config.parallel:
            burst.follow_all(token, came)
        elif came is not None:
            burst.decide(token, burst.element(came), {})
        else:
            burst.open_events(token, [flow.target for flow in element.outgoing])


def check_instantiating(node: etree._Element, reader: Reader) -> None:
    """Refuse a gateway or receive task that starts a process where it cannot (BPMN 2.0, 10.3.3, 10.6.6)."""
    scope = node.getparent()
    if scope is None or local(scope) != "process":
        reader.refuse(
            "start.instantiating-inside",
            node,
            f"The {local(node)} starts a process, but stands in a subprocess.",
            "Set instantiate to false.",
        )
    elif any(flow.get("targetRef") == node.get("id") for flow in reader.flows(scope)):
        reader.refuse(
            "start.instantiating-in-flow",
            node,
            f"The {local(node)} starts a process, but a flow leads to it.",
            "Remove the flow, or set instantiate to false.",
        )


def _check_target(node: etree._Element, target: etree._Element, reader: Reader) -> None:
    """Refuse an element behind the gateway that cannot decide."""
    kinds = {local(definition) for definition in reader.event_definitions(target)}
    catches = local(target) == "intermediateCatchEvent" and kinds and kinds <= DECIDING
    if local(target) != "receiveTask" and not catches:
        reader.refuse(
            "gateway.no-event",
            node,
            f"{target.get('id')} follows an event-based gateway but waits for nothing that could decide.",
            "Put a message, timer, signal or conditional catch event or a receive task there.",
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
    elif reader.loop_of(target) is not None:
        reader.refuse(
            "gateway.loop",
            node,
            f"{target.get('id')} repeats, but the message that decides comes once.",
            "Remove the loop.",
        )
    elif instantiates(node) and any(
        local(part) == "timeDuration"
        for definition in reader.event_definitions(target)
        for part in definition
    ):
        reader.refuse(
            "timer.start-duration",
            target,
            "A duration starts no process: nothing tells from when it runs.",
            "Use a date.",
        )
