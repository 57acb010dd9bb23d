"""Exclusive gateways: one way out, every token passes by itself."""

from __future__ import annotations

from collections.abc import Sequence

from bpmn.elements.behaviour import Behaviour, default_flow, holds
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element, Flow


class ExclusiveGateway(Behaviour):
    """Takes the first flow, in the order of the file, whose condition is true; else the default."""

    tag = "exclusiveGateway"
    attributes = frozenset({"gatewayDirection", "default"})

    def choose(self, burst: Burst, token: Token, element: Element) -> Sequence[Flow]:
        """One flow. Raises Stuck `flow.none-true`."""
        for flow in element.outgoing:
            if flow is not element.default and holds(burst, token, flow):
                return (flow,)
        return (default_flow(element),)
