"""Complex gateways: a merge that says itself when it has enough.

With several incoming flows the gateway waits for start until its activation condition is true;
`activationCount` is the number of tokens that lie on its incoming flows. It then takes one token
from each flow that holds one, goes on, and waits for reset: it consumes a token of each flow that
had none, unless none can come any more (the rule of the inclusive merge, BPMN 2.0, 13.4.3 and
13.4.5). The standard lets a gateway give tokens on reset, too; this one gives none, which is the
discriminator that the gateway is drawn for. A further token of a flow waits for the next start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.inclusive_gateway import InclusiveGateway, Upstream, may_come
from bpmn.errors import BpmnError
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EMPTY, Token
from bpmn.kernel.scopes import Stuck
from bpmn.model.definition import Element, Formula
from bpmn.model.source import BPMN

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class ComplexConfig(Upstream):
    """What lies upstream of each incoming flow, and when the gateway starts."""

    activation: Formula | None


class ComplexGateway(InclusiveGateway):
    """Splits by conditions like an inclusive gateway; merges by its activation condition."""

    tag = "complexGateway"
    parts = frozenset({"activationCondition"})

    def read(self, node: etree._Element, reader: Reader) -> ComplexConfig:
        """Read the activation condition, which a merge must have."""
        upstream = reader.upstream(node)
        condition = node.find(f"{{{BPMN}}}activationCondition")
        text = (condition.text or "").strip() if condition is not None else ""
        if len(upstream) > 1 and not text.startswith("="):
            reader.refuse(
                "gateway.no-activation",
                node,
                "The complex gateway merges flows but has no activation condition in FEEL.",
                "Give it one that begins with =, such as =activationCount >= 2.",
            )
        activation = reader.formula(text, node, "activation condition") if text.startswith("=") else None
        return ComplexConfig(upstream, activation)

    def enter(self, burst: Burst, token: Token, element: Element) -> None:
        """Count the token in; start when that is enough."""
        if len(element.incoming) <= 1:
            super().enter(burst, token, element)
            return
        if "via" not in token.data:  # an incident stopped the merge itself; it is tried again
            self._start(burst, burst.put(replace(token, status="active")), element)
            return
        waiting = burst.joining(token)
        if waiting is None:
            burst.emit("element.activated", token.element, {"token": token.key})
            waiting = burst.await_join(token)
        else:
            waiting = burst.arrive(waiting, token)
        if waiting.status == "active":
            self._start(burst, waiting, element)

    def settle(self, burst: Burst, token: Token, element: Element) -> bool:
        """Reset when nothing can come any more that this round would have to consume."""
        started: list[str] | None = token.data.get("started")
        if started is None:
            return False
        arrived = token.data["arrived"]
        open_flows = [flow.ref for flow in element.incoming if flow.ref not in started]
        empty = [ref for ref in open_flows if ref not in arrived]
        if may_come(burst, token, element.config.reaching, empty, {*started, *arrived}):
            return False
        burst.emit("gateway.reset", token.element, {"token": token.key})
        left = {ref: count - (ref in open_flows) for ref, count in arrived.items()}
        left = {ref: count for ref, count in left.items() if count}
        if left:
            self._start(burst, burst.put(replace(token, data={"arrived": left})), element)
        else:
            burst.end(burst.gathered(token))
        return True

    def migrated(self, burst: Burst, token: Token, element: Element, was: Element) -> None:
        """Ask the activation condition if it is another one, or fewer tokens can come than before."""
        activation, before = element.config.activation, was.config.activation
        asks = (activation and activation.text) != (before and before.text)
        if "arrived" in token.data and (asks or len(element.incoming) != len(was.incoming)):
            self._start(burst, token, element)

    def _start(self, burst: Burst, waiting: Token, element: Element) -> None:
        """Go on if the activation condition is true; a merge that waits for reset only gathers."""
        if "started" in waiting.data:
            return
        arrived = waiting.data["arrived"]
        config: ComplexConfig = element.config
        if config.activation is None:
            raise AssertionError("the compiler lets no merge pass without an activation condition")
        try:
            count = Decimal(sum(arrived.values()))
            enough = burst.evaluate(config.activation, waiting.key, {"activationCount": count})
            if enough is not True and enough is not False:
                raise Stuck(
                    "gateway.condition-not-boolean",
                    f"The activation condition {config.activation.text} gives neither true nor false.",
                )
        except (Stuck, BpmnError) as stuck:
            burst.stop(waiting.key, "activate", stuck)
            return
        if enough:
            started = [flow.ref for flow in element.incoming if flow.ref in arrived]
            whole = len(started) == len(element.incoming)
            burst.pass_join(waiting, started, EMPTY if whole else {"started": started})
