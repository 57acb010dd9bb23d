"""Inclusive gateways: take every true flow; merge all tokens that can still come.

The merge follows BPMN 2.0, 13.4.3: with a token on at least one incoming flow it goes on unless a
token elsewhere in the scope can still reach an empty incoming flow without passing the gateway,
and cannot as well reach a flow that already holds one. What can reach what is a question to the
model, answered once when the model is compiled; the merge asks it when nothing else can go on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lxml import etree

from bpmn.elements.behaviour import Behaviour, default_flow, holds
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element, Flow

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class Upstream:
    """For each incoming flow: the elements from which a token may still come along it."""

    reaching: Mapping[str, frozenset[str]]


class InclusiveGateway(Behaviour):
    """Splits by conditions, merges what the split and the model allow to come."""

    tag = "inclusiveGateway"
    attributes = frozenset({"gatewayDirection", "default"})
    joins: ClassVar[bool] = True
    settles: ClassVar[bool] = True

    def read(self, node: etree._Element, reader: Reader) -> Upstream:
        """Work out what lies upstream."""
        return Upstream(reader.upstream(node))

    def enter(self, burst: Burst, token: Token, element: Element) -> None:
        """Wait until the rest of the scope has settled, or go on if there is nothing to merge."""
        if len(element.incoming) <= 1:
            super().enter(burst, token, element)
            return
        waiting = burst.joining(token)
        if waiting is None:
            burst.emit("element.activated", token.element, {"token": token.key})
            burst.await_join(token)
        else:
            burst.arrive(waiting, token)

    def settle(self, burst: Burst, token: Token, element: Element) -> bool:
        """Go on if no token can come that would have to be waited for."""
        arrived = token.data["arrived"]
        reaching: Mapping[str, frozenset[str]] = element.config.reaching
        empty = [flow.ref for flow in element.incoming if flow.ref not in arrived]
        if may_come(burst, token, reaching, empty, arrived):
            return False
        burst.pass_join(token, [flow.ref for flow in element.incoming if flow.ref in arrived])
        return True

    def choose(self, burst: Burst, token: Token, element: Element) -> Sequence[Flow]:
        """Every flow whose condition is true, else the default. Raises Stuck `flow.none-true`."""
        if len(element.outgoing) == 1 and element.outgoing[0].condition is None:
            return element.outgoing
        chosen = [
            flow for flow in element.outgoing if flow is not element.default and holds(burst, token, flow)
        ]
        return chosen or (default_flow(element),)


def may_come(
    burst: Burst,
    waiting: Token,
    reaching: Mapping[str, frozenset[str]],
    empty: Collection[str],
    held: Collection[str],
) -> bool:
    """Whether another token of the scope must be waited for: it can reach an empty flow and no held one."""
    for other in burst.children(waiting.scope):
        if other.key == waiting.key or _goes_nowhere(other):
            continue
        if other.element == waiting.element and other.status == "ready":
            return True  # it lies on an incoming flow already: another merge has just sent it here
        can_come = any(other.element in reaching[ref] for ref in empty)
        if can_come and not any(other.element in reaching[ref] for ref in held):
            return True
    return False


def _goes_nowhere(token: Token) -> bool:
    """Whether it is what a complex gateway keeps until its reset, or only undoes beside the others."""
    return token.data.keys() >= {"arrived", "started"} or "beside" in token.data
