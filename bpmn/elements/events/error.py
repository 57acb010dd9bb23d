"""Errors: thrown by an end event or a job, caught by the nearest scope that knows the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.events.kind import EventKind
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token, Uncaught
from bpmn.kernel.scopes import NOTHING, Stuck
from bpmn.model.definition import Element, Formula
from bpmn.values import Value

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class ErrorConfig:
    """The error's code; None catches every error."""

    code: Formula | None


class ErrorEvent(EventKind):
    """An error always interrupts what it is thrown out of."""

    tag = "errorEventDefinition"
    positions = frozenset({"event-start", "boundary", "end"})
    attributes = frozenset({"errorRef"})

    def read(
        self, node: etree._Element, event: etree._Element, position: str, reader: Reader
    ) -> ErrorConfig | None:
        """Read the error's code. A catching event without a reference catches all."""
        if position in ("boundary", "event-start") and not reader.interrupting(event, position):
            reader.refuse(
                "error.not-interrupting",
                event,
                "An error always interrupts what it is thrown out of.",
                "Let the event interrupt.",
            )
        reference = node.get("errorRef")
        if reference is None and position != "end":
            return ErrorConfig(None)
        error = reader.definition(event, reference, "error")
        if error is None:
            return None
        code = error.get("errorCode")
        if not code:
            if position == "end":
                reader.refuse(
                    "error.no-code", event, f"The error {reference} has no code.", "Set its errorCode."
                )
                return None
            return ErrorConfig(None)
        if code.startswith("=") and position != "end":
            reader.refuse(
                "error.dynamic-code",
                event,
                "A catching event needs a fixed error code.",
                "Write the code as text.",
            )
        return ErrorConfig(reader.formula(code, event, "error code"))

    def throw(self, burst: Burst, token: Token, element: Element, config: ErrorConfig) -> bool:
        """Throw out of the token's scope. Raises Stuck `error.uncaught` when nobody catches."""
        code = burst.evaluate(config.code, token.key) if config.code is not None else ""
        if not isinstance(code, str) or not code:
            raise Stuck("error.bad-code", f"The error code of {element.ref} gives no text.")
        if not throw_error(burst, token, code, NOTHING):
            raise Stuck("error.uncaught", f"The error {code} is caught by no scope around {element.ref}.")
        return True


def throw_error(burst: Burst, token: Token, code: str, payload: Mapping[str, Value]) -> bool:
    """Let the nearest catching event take the error (an exact code beats a catch-all); False if none does."""

    def catches(event: Element) -> int:
        rank = 0
        for definition in event.events:
            if isinstance(definition.config, ErrorConfig):
                wanted = definition.config.code
                rank = max(rank, 1 if wanted is None else 2 if wanted.text == code else 0)
        return rank

    found = burst.catcher(token, catches)
    if found is None:
        burst.uncaught.append(Uncaught(token.element, code, payload))
        return False
    owner, event = found
    burst.emit("error.thrown", token.element, {"code": code, "caught_by": event.ref})
    event.behaviour.triggered(burst, owner, event, payload, None)
    return True
