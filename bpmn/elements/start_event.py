"""Start events: of a process, a subprocess, or (with a trigger) an event subprocess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.behaviour import Behaviour
from bpmn.elements.parallel_multiple import CatchConfig, gather, read_catch
from bpmn.elements.sub_process import start_by_event
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EventWait, TimerWait, Token
from bpmn.model.definition import Element
from bpmn.model.nodes import position
from bpmn.model.source import local
from bpmn.values import Value

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class StartEvent(Behaviour):
    """Passes its token on; in an event subprocess its event starts the subprocess."""

    tag = "startEvent"
    attributes = frozenset({"isInterrupting", "parallelMultiple"})
    extensions = frozenset({"ioMapping", "formDefinition"})

    def read(self, node: etree._Element, reader: Reader) -> CatchConfig:
        """Read whether all of its events must come; at a process no condition can be asked beside others."""
        config = read_catch(node, reader)
        kinds = {local(definition) for definition in reader.event_definitions(node)}
        if (
            config.every
            and position(node) == "start"
            and len(kinds) > 1
            and "conditionalEventDefinition" in kinds
        ):
            reader.refuse(
                "start.condition-in-parallel",
                node,
                "The process starts by a condition together with other events, but there are no variables "
                "of which the condition could be asked while the others are waited for.",
                "Ask the condition behind the start event.",
            )
        return config

    def triggered(
        self,
        burst: Burst,
        owner: Token,
        element: Element,
        payload: Mapping[str, Value],
        wait: TimerWait | EventWait | None,
    ) -> None:
        """Start the event subprocess within its scope."""
        happened = gather(burst, owner, element, payload, wait)
        if happened is not None:
            owner, payload = happened
            start_by_event(burst, owner, element, payload)
