"""How a process or subprocess begins, as its file says it (BPMN 2.0, 10.5.2, 10.6.6 and 13.5.1).

A scope begins at a start event. One that has none begins by itself: everything to which no flow leads
gets a token. Event-based gateways and receive tasks that instantiate start a process by what they
wait for; where there is no start event, each of the others is then waited for in the same instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lxml import etree

from bpmn.elements.events.message import MessageConfig
from bpmn.elements.parallel_multiple import CatchConfig
from bpmn.model.definition import BY_ITSELF, Element
from bpmn.model.nodes import by_event, can_begin, has_definition, instantiates
from bpmn.model.reader import Reader
from bpmn.model.source import BPMN, local
from bpmn.model.starts import ProcessStart


@dataclass(frozen=True, slots=True)
class Beginnings:
    """What can start a scope by name, and which of its elements get a token then."""

    starts: tuple[str, ...] = ()
    begins: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


def read_beginnings(reader: Reader, scope: etree._Element) -> Beginnings:
    """Find how a scope begins; refuse one that has no start, or starts between which nothing could choose."""
    _check(reader, scope)
    entries = dict(_entries(reader, scope))
    first = [reader.ref_of(node) for node in unled(reader, scope)]
    begins = {start: (entry, *(ref for ref in first if ref != entry)) for start, entry in entries.items()}
    plain = [start for start in _start_events(scope) if not has_definition(start)]
    if len(plain) == 1:
        begins[BY_ITSELF] = begins[reader.ref_of(plain[0])]
    elif first and not entries:
        begins[BY_ITSELF] = tuple(first)
    return Beginnings(tuple(entries), MappingProxyType(begins))


def unled(reader: Reader, scope: etree._Element) -> list[etree._Element]:
    """What begins with a scope that has no start event: everything that can, and to which no flow leads."""
    if _start_events(scope):
        return []
    reached = {flow.get("targetRef") for flow in reader.flows(scope)}
    return [
        node
        for node in scope.iterchildren(etree.Element)
        if node.get("id") and node.get("id") not in reached and can_begin(node)
    ]


def process_starts(process: Element, elements: Mapping[str, Element]) -> tuple[ProcessStart, ...]:
    """What starts a process, for those who start instances of it."""
    if not process.starts:
        return (ProcessStart(None, (), every=False),)
    return tuple(
        ProcessStart(
            ref,
            tuple(event.kind.trigger(event.config) for event in elements[ref].events),
            every=isinstance(config, CatchConfig) and config.every,
        )
        for ref in process.starts
        for config in [elements[ref].config]
    )


def check_correlation(reader: Reader, scope: etree._Element, elements: Mapping[str, Element]) -> None:
    """Refuse messages that one instance waits for together if no common key leads them to it (10.6.6)."""
    entries = [node for node in scope.iterchildren(etree.Element) if instantiates(node)]
    groups = [[node] for node in entries] if _start_events(scope) else [entries]
    for group in groups:
        if len(group) < 2 and not any(node.get("eventGatewayType") == "Parallel" for node in group):
            continue
        messages = [
            event.config
            for node in group
            for target in _behind(reader, node)
            if reader.ref_of(target) in elements
            for event in elements[reader.ref_of(target)].events
            if isinstance(event.config, MessageConfig)
        ]
        keys = {message.key.text if message.key is not None else None for message in messages}
        if None in keys or len(keys) > 1:
            reader.refuse(
                "start.correlation",
                group[0],
                "After the first message an instance waits for the others, but they have no common "
                "correlation key that leads them to it.",
                "Give each message a zeebe:subscription with the same correlationKey.",
            )


def _start_events(scope: etree._Element) -> list[etree._Element]:
    return list(scope.iterchildren(f"{{{BPMN}}}startEvent"))


def _behind(reader: Reader, node: etree._Element) -> list[etree._Element]:
    """What an instantiating element waits for: a gateway for what follows it, a receive task by itself."""
    return reader.targets(node) if local(node) == "eventBasedGateway" else [node]


def _entries(reader: Reader, scope: etree._Element) -> Iterator[tuple[str, str]]:
    """What starts a scope by name, each with the element whose token then comes first."""
    for start in _start_events(scope):
        yield reader.ref_of(start), reader.ref_of(start)
    for node in scope.iterchildren(etree.Element):
        if instantiates(node) and local(scope) == "process":
            for behind in _behind(reader, node):
                yield reader.ref_of(behind), reader.ref_of(node)


def _check(reader: Reader, scope: etree._Element) -> None:
    starts = _start_events(scope)
    plain = [start for start in starts if not has_definition(start)]
    nothing = not starts and not unled(reader, scope)
    if by_event(scope):
        if len(starts) != 1 or plain:
            reader.refuse(
                "start.event-subprocess",
                scope,
                "An event subprocess needs exactly one start event, with a trigger.",
                "Give its start event a trigger.",
            )
    elif local(scope) in ("subProcess", "transaction"):
        if nothing or (starts and (len(starts) != 1 or len(plain) != 1)):
            reader.refuse(
                "start.subprocess",
                scope,
                "Nothing in the subprocess can begin."
                if nothing
                else f"A subprocess has at most one start event, without a trigger; this has {len(starts)}.",
                "Begin it with one plain start event, or with activities to which no flow leads.",
            )
    elif local(scope) == "adHocSubProcess" and nothing:
        reader.refuse(
            "adhoc.empty", scope, "Nothing in the ad-hoc subprocess can begin.", "Put activities into it."
        )
    elif local(scope) == "process" and nothing:
        reader.refuse(
            "start.missing",
            scope,
            "Nothing in the process can begin: it has no start event, and flows lead to all of its elements.",
            "Add a start event.",
        )
