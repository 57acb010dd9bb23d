"""Start events: of a process, a subprocess, or (with a trigger) an event subprocess."""

from __future__ import annotations

from collections.abc import Mapping

from bpmn.elements.behaviour import Behaviour
from bpmn.elements.sub_process import start_by_event
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EventWait, TimerWait, Token
from bpmn.model.definition import Element
from bpmn.values import Value


class StartEvent(Behaviour):
    """Passes its token on; in an event subprocess its event starts the subprocess."""

    tag = "startEvent"
    attributes = frozenset({"isInterrupting", "parallelMultiple"})
    extensions = frozenset({"ioMapping", "formDefinition"})

    def triggered(
        self,
        burst: Burst,
        owner: Token,
        element: Element,
        payload: Mapping[str, Value],
        wait: TimerWait | EventWait | None,
    ) -> None:
        """Start the event subprocess within its scope."""
        start_by_event(burst, owner, element, payload)
