"""Conditions: an event that happens when a condition on the variables becomes true.

The condition is asked when the event begins to wait and after every write of a variable, before the
next step of any token. It happens when the answer turns from no to yes, so a condition that stays
true does not happen again and again at an event that does not interrupt. Null is a no: the variable
may still come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.events.kind import EventKind
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EventWait, Token
from bpmn.kernel.scopes import Stuck
from bpmn.model.definition import Element, Formula
from bpmn.model.source import BPMN
from bpmn.model.starts import Trigger

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class ConditionalEvent(EventKind):
    """Its config is the condition itself."""

    tag = "conditionalEventDefinition"
    positions = frozenset({"start", "event-start", "catch", "boundary"})
    parts = frozenset({"condition"})

    def read(
        self, node: etree._Element, event: etree._Element, position: str, reader: Reader
    ) -> Formula | None:
        """Read the condition; filters by variable are not run."""
        for extension in reader.extensions(node):
            reader.refuse(
                "extension.unsupported",
                event,
                f"zeebe:{etree.QName(extension).localname} in a condition is not supported.",
                "Remove it: the condition is asked after every write.",
            )
        condition = node.find(f"{{{BPMN}}}condition")
        text = (condition.text or "").strip() if condition is not None else ""
        if not text.startswith("="):
            reader.refuse(
                "event.condition-no-feel",
                event,
                f"The condition {text!r} is no FEEL expression.",
                "Begin it with = and write it in FEEL.",
            )
            return None
        return reader.formula(text, event, "condition")

    def trigger(self, config: Formula) -> Trigger:
        """The condition."""
        return Trigger("condition", config)

    def open(self, burst: Burst, owner: Token, element: Element, index: int, config: Formula) -> None:
        """Begin to ask. Raises Stuck `event.condition-not-boolean` for what can never be an answer."""
        answer = burst.evaluate(config, owner.key)
        if answer is not None and answer is not True and answer is not False:
            raise Stuck(
                "event.condition-not-boolean",
                f"The condition {config.text} of {element.ref} gives neither true nor false.",
            )
        wait = burst.open_wait(
            owner, lambda key: EventWait(key, owner.key, element.ref, index, "condition", "no", "")
        )
        burst.emit("condition.awaited", element.ref, {"subscription": f"{element.ref}:{wait.key}"})
        burst.ask_conditions()
