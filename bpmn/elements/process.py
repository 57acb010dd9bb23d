"""A process: the outermost scope of an instance, or of a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from bpmn.elements.behaviour import Behaviour
from bpmn.elements.compensation import drive, go_on
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
        """The instance is completed or undone, or the call returns what the called process wrote."""
        if "cancelling" in token.data:
            if not go_on(burst, token):
                end_cancelled(burst, burst.alive(token.key), token.data["cancelling"])
            return
        if token.scope == 0:
            burst.finish_instance(token, "completed")
            return
        slots = burst.slots(token.key) or EMPTY
        written = {name: slot.value for name, slot in sorted(slots.items()) if not slot.local}
        burst.emit("process.completed", token.element, {"token": token.key})
        burst.return_call(token, written)


def begin_undoing(burst: Burst, root: Token, records: Sequence[Any], reason: str) -> None:
    """Undo what an instance without tokens has completed, and cancel it when all is undone.

    Its event subprocesses start no more meanwhile.
    """
    root = burst.close_waits(root)
    undone = [record["element"] for record in reversed(records)]
    burst.emit("instance.cancelling", root.element, {"reason": reason, "activities": undone})
    root = burst.put(replace(root, data={**root.data, "interrupted": True, "cancelling": reason}))
    drive(burst, root, records)


def end_cancelled(burst: Burst, root: Token, reason: str) -> None:
    """The instance ends here: it is cancelled."""
    burst.emit("instance.cancelled", root.element, {"reason": reason})
    burst.finish_instance(root, "cancelled")
