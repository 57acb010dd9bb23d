"""Links: a sequence flow that jumps, from a throwing link to the catching link in the same scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lxml import etree

from bpmn.elements.events.kind import EventKind
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """Where a throwing link leads (a ref); None at the catching one."""

    target: str | None


class LinkEvent(EventKind):
    """Never waits: the token goes over at once."""

    tag = "linkEventDefinition"
    positions = frozenset({"catch", "throw"})
    parts = frozenset({"source", "target"})
    waits: ClassVar[bool] = False

    def read(
        self, node: etree._Element, event: etree._Element, position: str, reader: Reader
    ) -> LinkConfig | None:
        """Find the one catching link of the same scope that a throwing link leads to."""
        if position == "catch":
            return LinkConfig(None)
        targets = reader.link_targets(event, node)
        if len(targets) != 1:
            reader.refuse(
                "link.no-target",
                event,
                f"The link leads to {len(targets)} catching links in its scope.",
                "Give one catching link in the same scope the same link name.",
            )
            return None
        return LinkConfig(targets[0])

    def throw(self, burst: Burst, token: Token, element: Element, config: LinkConfig) -> bool:
        """Jump."""
        if config.target is None:
            raise AssertionError(f"{element.ref} leads nowhere")
        burst.jump(token, config.target)
        return True
