"""Parallel gateways: wait for a token on every incoming flow, then take all outgoing flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from bpmn.elements.behaviour import Behaviour
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element, Flow


class ParallelGateway(Behaviour):
    """Conditions on its outgoing flows do not count (BPMN 2.0, 10.6.4)."""

    tag = "parallelGateway"
    attributes = frozenset({"gatewayDirection"})
    joins: ClassVar[bool] = True

    def enter(self, burst: Burst, token: Token, element: Element) -> None:
        """Wait for the other incoming flows, or go on."""
        if len(element.incoming) <= 1:
            super().enter(burst, token, element)
            return
        waiting = burst.joining(token)
        if waiting is None:
            burst.emit("element.activated", token.element, {"token": token.key})
            waiting = burst.await_join(token)
        else:
            waiting = burst.arrive(waiting, token)
        if _complete(waiting, element):
            burst.pass_join(waiting, (flow.ref for flow in element.incoming))

    def migrated(self, burst: Burst, token: Token, element: Element, was: Element) -> None:
        """Without a flow that it waited for the join may have all it needs, and more than once."""
        waiting = burst.joining(token)
        while waiting is not None and _complete(waiting, element):
            burst.pass_join(waiting, (flow.ref for flow in element.incoming))
            waiting = burst.joining(token)

    def choose(self, burst: Burst, token: Token, element: Element) -> Sequence[Flow]:
        """All flows."""
        return element.outgoing


def _complete(waiting: Token, element: Element) -> bool:
    return all(flow.ref in waiting.data["arrived"] for flow in element.incoming)
