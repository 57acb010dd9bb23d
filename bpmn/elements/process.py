"""A process: the outermost scope of an instance, or of a call."""

from __future__ import annotations

from typing import ClassVar

from bpmn.elements.behaviour import Behaviour
from bpmn.elements.sub_process import open_scope
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EMPTY, Token
from bpmn.model.definition import Element


class Process(Behaviour):
    """Runs from a start event until no token is left."""

    tag = "process"
    attributes = frozenset({"isExecutable", "processType", "isClosed"})
    scopes_variables: ClassVar[bool] = True
    closed: ClassVar[bool] = True

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Open the event subprocesses and put a token at the start event."""
        open_scope(burst, token, element, token.data.get("start"))

    def emptied(self, burst: Burst, token: Token, element: Element) -> None:
        """The instance is completed, or the call returns what the called process wrote."""
        if token.scope == 0:
            burst.finish_instance(token, "completed")
            return
        slots = burst.slots(token.key) or EMPTY
        written = {name: slot.value for name, slot in sorted(slots.items()) if not slot.local}
        burst.emit("process.completed", token.element, {"token": token.key})
        burst.return_call(token, written)
