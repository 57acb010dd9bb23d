"""Call activities: run another process of the model inside the case, or as a case of its own.

The latter is a job for the driver: it starts the other case and completes, fails or throws at the job as
that case ends. So whatever holds for jobs (boundary events, loops, incidents, repair) holds for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.activity import Activity
from bpmn.elements.job import JobConfig, open_job
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Slot, Token
from bpmn.model.definition import Element, Formula
from bpmn.values import Value

if TYPE_CHECKING:
    from bpmn.model.reader import Reader

OWN_CASE = "ownCase"
"""The `zeebe:property` of a call activity whose process is to run as a case of its own."""
CALL = "case.call"
"""The type of the jobs of such call activities."""
LONGEST_KEY = 100
"""Characters that the id of a deployed process has at most."""


@dataclass(frozen=True, slots=True)
class CallConfig:
    """The called process (its ref), and whether all variables go in and come back."""

    process: str
    all_in: bool
    all_out: bool


@dataclass(frozen=True, slots=True)
class CaseCall:
    """A call that runs as a case of its own: of which process, on the version with which tag.

    Without a tag it is the latest version. `job` is what the driver gets to do.
    """

    process: str
    tag: str | None
    all_in: bool
    all_out: bool
    job: JobConfig


class CallActivity(Activity):
    """The called process gets copies of the variables, and what it wrote comes back when it ends."""

    tag = "callActivity"
    attributes = frozenset({"calledElement"})
    extensions = frozenset({"calledElement", "ioMapping"})

    def read(self, node: etree._Element, reader: Reader) -> CallConfig | CaseCall | None:
        """Read `zeebe:calledElement`, or the standard's `calledElement` attribute."""
        called = reader.extension(node, "calledElement")
        own_case = _own_case(node, reader)
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
            if not own_case:
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
        process = process.rpartition(":")[2]
        if own_case:
            if len(process) > LONGEST_KEY:
                reader.refuse(
                    "call.no-process",
                    node,
                    f"The id of the called process has {len(process)} characters.",
                    f"No process is deployed whose id has more than {LONGEST_KEY}.",
                )
                return None
            reader.calls_case(node, process)
            tag = _version_tag(called, node, reader)
            headers = {"process": process, **({"versionTag": tag} if tag else {})}
            return CaseCall(
                process, tag, all_in, all_out, JobConfig(Formula(CALL, None), Formula("1", None), headers)
            )
        ref = reader.called_process(node, process)
        return CallConfig(ref, all_in, all_out) if ref else None

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Start the called process in a scope of its own, or let the driver start a case."""
        config: CallConfig | CaseCall = element.config
        if isinstance(config, CaseCall):
            open_job(burst, token, element, config.job)
            return
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


def _own_case(node: etree._Element, reader: Reader) -> bool:
    """Whether the called process is to run as a case of its own."""
    said = reader.properties(node).get(OWN_CASE, "false")
    if said not in ("true", "false"):
        reader.refuse(
            "call.own-case",
            node,
            f"The property {OWN_CASE} says {said!r}.",
            "Write true, and the called process runs as a case of its own; or false, and it runs inside.",
        )
    return said == "true"


def _version_tag(called: etree._Element | None, node: etree._Element, reader: Reader) -> str | None:
    """The tag of the version that a case is to run on."""
    binding = called.get("bindingType", "latest") if called is not None else "latest"
    tag = called.get("versionTag") if called is not None and binding == "versionTag" else None
    if binding not in ("latest", "versionTag") or (binding == "versionTag" and not tag):
        reader.refuse(
            "call.case-binding",
            node,
            f"A case of its own does not run on a version that is chosen by {binding}"
            + (" without a tag." if binding == "versionTag" else "."),
            "Use the binding latest, or versionTag with a tag.",
        )
    return tag
