"""Ad-hoc subprocesses: activities in no given order.

Nobody picks them here: each activity to which no flow leads is begun once, in the order of the file,
all at once or (sequential ordering) one after the other; flows inside are followed. The completion
condition is asked whenever an inner activity completes; when it is true nothing more is begun, and
what still runs is ended, unless `cancelRemainingInstances` is false.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.sub_process import SubProcess, SubProcessConfig
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.kernel.scopes import Stuck
from bpmn.model.definition import BY_ITSELF, Element, Formula
from bpmn.model.source import BPMN, local

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class AdHocConfig(SubProcessConfig):
    """Whether what begins does so one by one, and when it is enough."""

    sequential: bool
    completion: Formula | None
    cancels_rest: bool


class AdHocSubProcess(SubProcess):
    """Begins each of its activities once, without a start event."""

    tag = "adHocSubProcess"
    attributes = frozenset({"triggeredByEvent", "ordering", "cancelRemainingInstances"})
    parts = frozenset({"completionCondition"})

    def read(self, node: etree._Element, reader: Reader) -> AdHocConfig:
        """Refuse what an ad-hoc subprocess cannot hold, and read the completion condition."""
        inner = [child for child in node.iterchildren(etree.Element) if child.get("id")]
        for child in inner:
            if local(child) in ("startEvent", "endEvent"):
                reader.refuse(
                    "adhoc.start-or-end",
                    child,
                    f"A {local(child)} stands in an ad-hoc subprocess, which has none.",
                    "Remove it.",
                )
        if node.get("triggeredByEvent", "false") not in ("false", "0"):
            reader.refuse(
                "adhoc.by-event",
                node,
                "An ad-hoc subprocess cannot be an event subprocess.",
                "Put it into one.",
            )
        condition = node.find(f"{{{BPMN}}}completionCondition")
        text = (condition.text or "").strip() if condition is not None else ""
        if condition is not None and not text.startswith("="):
            reader.refuse(
                "adhoc.condition-no-feel",
                node,
                f"The completion condition {text!r} is no FEEL.",
                "Begin it with =.",
            )
        return AdHocConfig(
            False,
            node.get("ordering", "Parallel") == "Sequential",
            reader.formula(text, node, "completion condition") if text.startswith("=") else None,
            node.get("cancelRemainingInstances", "true") in ("true", "1"),
        )

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Open the event subprocesses within, and begin the first activity or all of them."""
        config: AdHocConfig = element.config
        if element.event_starts:
            token = burst.open_events(token, element.event_starts)
        if config.sequential:
            self._begin_next(burst, token, element, 0)
            return
        for ref in element.begins[BY_ITSELF]:
            branch, seen = burst.fork(token, within=True)
            burst.create(ref, token.key, branch, seen)

    def emptied(self, burst: Burst, token: Token, element: Element) -> None:
        """Begin the next activity in sequence; complete when none is left."""
        if not self._goes_on(burst, token, element):
            super().emptied(burst, token, element)

    def abandoned(self, burst: Burst, token: Token, element: Element) -> bool:
        """Begin the next activity in sequence."""
        return self._goes_on(burst, token, element) or super().abandoned(burst, token, element)

    def _goes_on(self, burst: Burst, token: Token, element: Element) -> bool:
        begins = element.begins[BY_ITSELF]
        following = token.data.get("next", len(begins))
        if following == len(begins) or token.data.keys() & {"enough", "interrupted"}:
            return False
        self._begin_next(burst, token, element, following)
        return True

    def inner_completed(self, burst: Burst, scope: Token, element: Element, inner: Token) -> bool:
        """Ask the completion condition; if it is true, end the rest or let it run out."""
        config: AdHocConfig = element.config
        if config.completion is None:
            return False
        if "enough" in scope.data:
            return True
        enough = burst.evaluate(config.completion, scope.key)
        if enough is not True and enough is not False:
            raise Stuck(
                "adhoc.condition-not-boolean",
                f"The completion condition {config.completion.text} gives neither true nor false.",
            )
        if enough:
            scope = burst.put(replace(scope, data={**scope.data, "enough": True}))
            if config.cancels_rest:
                known = burst.terminate_children(scope, but=inner.key)
                burst.learn(burst.alive(scope.key), known)
        return enough

    @staticmethod
    def _begin_next(burst: Burst, token: Token, element: Element, index: int) -> None:
        token = burst.put(replace(token, data={**token.data, "next": index + 1}))
        burst.create(element.begins[BY_ITSELF][index], token.key, token.branch, token.seen)
