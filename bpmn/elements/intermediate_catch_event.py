"""Intermediate catch events: wait for an event, by themselves or behind an event-based gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.behaviour import Behaviour
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EMPTY, EventWait, TimerWait, Token
from bpmn.model.definition import Element
from bpmn.values import Value, from_json, to_json

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class CatchConfig:
    """Whether all of the events must come (parallel multiple), not only the first of them."""

    every: bool


class IntermediateCatchEvent(Behaviour):
    """Goes on at the first of its events, or when all of them have come."""

    tag = "intermediateCatchEvent"
    attributes = frozenset({"parallelMultiple"})
    extensions = frozenset({"ioMapping"})

    def read(self, node: etree._Element, reader: Reader) -> CatchConfig:
        """Read whether it waits for all of its events; a link among them would never come."""
        every = node.get("parallelMultiple", "false") in ("true", "1")
        if every and any(etree.QName(part).localname == "linkEventDefinition" for part in node):
            reader.refuse(
                "event.link-in-parallel",
                node,
                "A link cannot be waited for together with other events.",
                "Remove the link.",
            )
        return CatchConfig(every)

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
        elif element.config.every and wait is not None:
            self._gather(burst, owner, payload, wait)
        else:
            burst.complete(owner.key, payload)

    @staticmethod
    def _gather(
        burst: Burst, owner: Token, payload: Mapping[str, Value], wait: TimerWait | EventWait
    ) -> None:
        """One of the events has come: keep what it brought, and complete with the last of them."""
        if burst.wait(wait.key) is not None:
            owner = burst.close_wait(wait)
        brought = {**owner.data.get("brought", EMPTY), **{name: to_json(payload[name]) for name in payload}}
        if owner.waits:
            burst.put(replace(owner, data={**owner.data, "brought": brought}))
            return
        data = {name: value for name, value in owner.data.items() if name != "brought"}
        burst.put(replace(owner, data=data))
        burst.complete(owner.key, {name: from_json(value) for name, value in brought.items()})
