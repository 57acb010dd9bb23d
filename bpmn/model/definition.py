"""The compiled model: immutable data that the kernel walks.

Elements are found by `ref`: the BPMN id for elements of the main process, `process/id` for those
of processes that it calls, so that one id may occur in several files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bpmn.feel import Expression
from bpmn.values import Value

if TYPE_CHECKING:
    from bpmn.dmn import Decision
    from bpmn.elements.behaviour import Behaviour
    from bpmn.elements.events.kind import EventKind
    from bpmn.kernels import Kernel
    from bpmn.model.starts import ProcessStart


BY_ITSELF = ""
"""Under this `Element.begins` lists what gets a token when nothing names a start."""


@dataclass(frozen=True, slots=True)
class Formula:
    """An attribute that is either static text or, when written with a leading `=`, a FEEL expression."""

    text: str
    expression: Expression | None

    def value(self, scope: Mapping[str, Value], now: datetime) -> Value:
        """The text, or what the expression gives in `scope` at `now`. Raises FeelError.

        As in Camunda 8 a variable that does not exist is null; where null cannot be used (a condition,
        a collection, a correlation key) the element stops with an incident.
        """
        if self.expression is None:
            return self.text
        return self.expression.evaluate(scope, now=now, strict=False)


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow between two elements, named by their refs."""

    ref: str
    source: str
    target: str
    condition: Formula | None


@dataclass(frozen=True, slots=True)
class IoMapping:
    """`zeebe:input` or `zeebe:output`: `source` is evaluated, `target` is a path of names."""

    source: Formula
    target: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventDefinition:
    """One event definition of an event: its kind and what that kind read."""

    kind: EventKind
    config: Any


@dataclass(frozen=True, slots=True)
class LoopEvent:
    """An event that rounds throw when they are completed: only the first, or those that meet a condition."""

    event: EventDefinition
    only_first: bool
    condition: Formula | None


@dataclass(frozen=True, slots=True)
class MultiInstance:
    """Run the activity once per item of a collection, or a number of times; `events` is what rounds throw."""

    sequential: bool
    cardinality: Formula | None
    collection: Formula | None
    item: str | None
    output_collection: str | None
    output: Formula | None
    completion: Formula | None
    events: tuple[LoopEvent, ...]


@dataclass(frozen=True, slots=True)
class StandardLoop:
    """Repeat the activity while a condition holds, at most `maximum` times."""

    test_before: bool
    condition: Formula | None
    maximum: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """A process, flow node or event as the kernel runs it.

    `parent` is the ref of the process or subprocess that contains it, `children` what it contains,
    `starts` what can start it by name, `begins` the elements that then get a token, by what started it
    ("" where it begins by itself), `event_starts` the start events of its event subprocesses, `boundaries`
    the boundary events attached to it, `attached_to` the activity that a boundary event hangs on.
    `waits` tells whether one of its events has to be waited for, `takes` and `gives` how many tokens
    begin an activity and leave it along each flow, `joins` whether it wants to know by which flow a
    token arrives, `handler` the activity that undoes this one, `undo` the start event of the compensation
    event subprocess within, `remembered` whether its scope has to remember that it was completed,
    `watched` whether the ad-hoc subprocess around it asks then if that is enough,
    `config` what its kind read.
    """

    ref: str
    id: str
    tag: str
    name: str
    process: str
    parent: str | None
    behaviour: Behaviour
    incoming: tuple[Flow, ...]
    outgoing: tuple[Flow, ...]
    default: Flow | None
    inputs: tuple[IoMapping, ...]
    outputs: tuple[IoMapping, ...]
    loop: MultiInstance | StandardLoop | None
    events: tuple[EventDefinition, ...]
    boundaries: tuple[str, ...]
    attached_to: str | None
    interrupting: bool
    waits: bool
    takes: int
    gives: int
    joins: bool
    handler: str | None
    undo: str | None
    remembered: bool
    watched: bool
    children: tuple[str, ...]
    starts: tuple[str, ...]
    begins: Mapping[str, tuple[str, ...]]
    event_starts: tuple[str, ...]
    properties: Mapping[str, str]
    config: Any


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """An executable model: one main process with everything that it calls.

    `starts` is what starts the main process, in the order of the file;
    `settling` are the refs of merges that look at the rest of their scope when nothing else can go on;
    `conditional` tells whether any event waits for a condition.
    `hash` is the SHA-256 (hex) over the main process's id and the name and SHA-256 of each source; `kernel`
    is what runs it, and no part of the hash.
    """

    hash: str
    kernel: Kernel
    process_id: str
    name: str
    elements: Mapping[str, Element]
    processes: tuple[str, ...]
    starts: tuple[ProcessStart, ...]
    settling: tuple[str, ...]
    conditional: bool
    decisions: Mapping[str, Decision]
    sources: tuple[str, ...]

    @property
    def process(self) -> Element:
        """The main process."""
        return self.elements[self.process_id]
