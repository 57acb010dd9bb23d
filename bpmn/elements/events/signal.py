"""Signals: broadcast to everyone who waits, inside the instance at once and outside by the driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.events.kind import EventKind, content_of
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EventWait, Token
from bpmn.kernel.scopes import Stuck
from bpmn.model.definition import Element, Formula
from bpmn.model.starts import Trigger

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class SignalConfig:
    """The signal's name."""

    name: Formula


class SignalEvent(EventKind):
    """A signal that nobody waits for is lost."""

    tag = "signalEventDefinition"
    positions = frozenset({"start", "event-start", "catch", "boundary", "throw", "end"})
    attributes = frozenset({"signalRef"})

    def read(
        self, node: etree._Element, event: etree._Element, position: str, reader: Reader
    ) -> SignalConfig | None:
        """Read the signal's name (its id, if it has none)."""
        signal = reader.definition(event, node.get("signalRef"), "signal")
        if signal is None:
            return None
        return SignalConfig(
            reader.formula(signal.get("name") or signal.get("id") or "", event, "signal name")
        )

    def trigger(self, config: SignalConfig) -> Trigger:
        """The signal's name."""
        return Trigger("signal", config.name)

    def open(self, burst: Burst, owner: Token, element: Element, index: int, config: SignalConfig) -> None:
        """Subscribe."""
        name = self._name(burst, owner, config)
        wait = burst.open_wait(
            owner, lambda key: EventWait(key, owner.key, element.ref, index, "signal", name, "")
        )
        burst.emit(
            "signal.subscribed", element.ref, {"subscription": f"{element.ref}:{wait.key}", "name": name}
        )

    def throw(self, burst: Burst, token: Token, element: Element, config: SignalConfig) -> bool:
        """Broadcast, with the content that the thrower has."""
        name = self._name(burst, token, config)
        slots = content_of(burst, token)
        payload = {each: slots[each].value for each in sorted(slots)}
        burst.emit(
            "signal.thrown",
            element.ref,
            {"name": name, "variables": {each: slots[each].json for each in sorted(slots)}},
        )
        burst.broadcast(name, payload)
        return True

    @staticmethod
    def _name(burst: Burst, token: Token, config: SignalConfig) -> str:
        name = burst.evaluate(config.name, token.key)
        if not isinstance(name, str) or not name:
            raise Stuck("signal.no-name", f"The signal name {config.name.text} gives no text.")
        return name
