"""Call activities: run another process of the model inside the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.activity import Activity
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Slot, Token
from bpmn.model.definition import Element
from bpmn.values import Value

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class CallConfig:
    """The called process (its ref), and whether all variables go in and come back."""

    process: str
    all_in: bool
    all_out: bool


class CallActivity(Activity):
    """The called process gets copies of the variables, and what it wrote comes back when it ends."""

    tag = "callActivity"
    attributes = frozenset({"calledElement"})
    extensions = frozenset({"calledElement", "ioMapping"})

    def read(self, node: etree._Element, reader: Reader) -> CallConfig | None:
        """Read `zeebe:calledElement`, or the standard's `calledElement` attribute."""
        called = reader.extension(node, "calledElement")
        all_in = all_out = True
        if called is not None:
            reader.only(
                called,
                "processId",
                "propagateAllChildVariables",
                "propagateAllParentVariables",
                "bindingType",
                "versionTag",
            )
            reader.deployed_together(called, node)
            process = called.get("processId")
            all_in = called.get("propagateAllParentVariables", "true") == "true"
            all_out = called.get("propagateAllChildVariables", "true") == "true"
        else:
            process = node.get("calledElement")
        if not process:
            reader.refuse(
                "call.no-process",
                node,
                "The call activity names no process.",
                "Set the called process id.",
            )
            return None
        if process.startswith("="):
            reader.refuse(
                "call.dynamic",
                node,
                f"The called process {process} is an expression.",
                "Name the process: a model is fixed with all that it calls when it is deployed.",
            )
            return None
        ref = reader.called_process(node, process.rpartition(":")[2])
        return CallConfig(ref, all_in, all_out) if ref else None

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Start the called process in a scope of its own."""
        config: CallConfig = element.config
        burst.call(token, config.process, self._given(burst, token, config))

    def _given(self, burst: Burst, token: Token, config: CallConfig) -> dict[str, Slot]:
        """Copies of the variables that go in, marked as such: only what is written comes back."""
        if config.all_in:
            chain: list[Mapping[str, Slot]] = burst.chain(token.key)
        else:
            chain = [burst.slots(token.key) or {}]
        given: dict[str, Slot] = {}
        for slots in reversed(chain):
            given.update(slots)
        return {name: slot.as_local() for name, slot in sorted(given.items())}

    def returned(self, burst: Burst, token: Token, element: Element, written: Mapping[str, Value]) -> None:
        """The called process ended."""
        config: CallConfig = element.config
        wanted = config.all_out or bool(element.outputs)
        burst.complete(token.key, written if wanted else {})
