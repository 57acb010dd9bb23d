"""Escalations: like errors they travel outwards, but the thrower goes on unless the catcher interrupts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.events.kind import EventKind
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.kernel.scopes import NOTHING
from bpmn.model.definition import Element

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class EscalationConfig:
    """The escalation's code; None catches every escalation."""

    code: str | None


class EscalationEvent(EventKind):
    """An escalation that nobody catches is no fault: the thrower goes on."""

    tag = "escalationEventDefinition"
    positions = frozenset({"event-start", "boundary", "throw", "end"})
    attributes = frozenset({"escalationRef"})

    def read(
        self, node: etree._Element, event: etree._Element, position: str, reader: Reader
    ) -> EscalationConfig | None:
        """Read the code. A catching event without a reference catches all."""
        reference = node.get("escalationRef")
        if reference is None and position in ("event-start", "boundary"):
            return EscalationConfig(None)
        escalation = reader.definition(event, reference, "escalation")
        if escalation is None:
            return None
        code = escalation.get("escalationCode")
        if code is not None and code.startswith("="):
            reader.refuse(
                "escalation.dynamic-code",
                event,
                "An escalation needs a fixed code.",
                "Write the code as text.",
            )
        if not code and position in ("throw", "end"):
            reader.refuse(
                "escalation.no-code",
                event,
                f"The escalation {reference} has no code.",
                "Set its escalationCode.",
            )
        return EscalationConfig(code or None)

    def throw(self, burst: Burst, token: Token, element: Element, config: EscalationConfig) -> bool:
        """Let the nearest catching event take the escalation, if there is one."""

        def catches(event: Element) -> int:
            rank = 0
            for definition in event.events:
                if isinstance(definition.config, EscalationConfig):
                    wanted = definition.config.code
                    rank = max(rank, 1 if wanted is None else 2 if wanted == config.code else 0)
            return rank

        found = burst.catcher(token, catches)
        burst.emit(
            "escalation.thrown",
            element.ref,
            {"code": config.code, "caught_by": found[1].ref if found else None},
        )
        if found is not None:
            owner, event = found
            event.behaviour.triggered(burst, owner, event, NOTHING, None)
        return True
