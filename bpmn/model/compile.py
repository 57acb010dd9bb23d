"""Compiling sources into a model.

One pass reads each process strictly (structure, elements, attributes, expressions) and gathers
findings; a model comes out only when none of them is an error. `lint` and `compile_model` are the
same examination: the one reports, the other refuses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import orjson
from lxml import etree

from bpmn.elements.events.conditional import ConditionalEvent
from bpmn.errors import BpmnError, Finding, ModelRefused
from bpmn.kernels import Kernel, newest
from bpmn.model.beginnings import Beginnings, check_correlation, process_starts, read_beginnings
from bpmn.model.data import data_parts, read_data
from bpmn.model.definition import (
    Element,
    EventDefinition,
    Flow,
    IoMapping,
    Model,
)
from bpmn.model.loops import read_loop
from bpmn.model.nodes import CALLABLE, SCOPES, boundary_events, by_event, for_compensation, position
from bpmn.model.reader import Reader
from bpmn.model.source import BPMN, local, namespace, parse_xml
from bpmn.model.strict import (
    ACTIVITY_ATTRIBUTES,
    LOOPS,
    SILENT,
    WIRING,
    check_attributes,
    check_definition,
    check_extensions,
    check_parts,
)
from bpmn.model.structure import check_structure
from bpmn.model.writes import shared_in_parallel

if TYPE_CHECKING:
    from bpmn.dmn import Decision

MAX_QUANTITY = 1000
"""Tokens that one activity may take to begin, or give when it is done."""


def examine(
    sources: Mapping[str, bytes], process: str | None = None, kernel: Kernel | None = None
) -> tuple[Model | None, list[Finding], list[Reader]]:
    """Compile as far as possible; the model is None when an error was found."""
    return _Compilation(sources, process, kernel or newest()).run()


def compile_model(
    sources: Mapping[str, bytes], *, process: str | None = None, kernel: Kernel | None = None
) -> Model:
    """Compile the main process with all that it calls into one immutable model.

    Args:
        sources: file name → content of BPMN and DMN files (and forms, which only enter the hash).
        process: the id of the main process; needed only when several processes could be it.
        kernel: the kernel that runs the model, by default the newest.

    Raises:
        ModelRefused: with every finding, when one of them is an error.
    """
    model, findings, _ = examine(sources, process, kernel)
    if model is None:
        raise ModelRefused(findings)
    return model


def content_hash(sources: Mapping[str, bytes], process: str) -> str:
    """SHA-256 (hex) over the main process's id and each source's name and SHA-256, as canonical JSON."""
    listing = {name: hashlib.sha256(content).hexdigest() for name, content in sources.items()}
    document = {"process": process, "sources": listing}
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def executable_processes(content: bytes, file: str) -> list[str]:
    """The ids of the executable processes of one BPMN file. Raises BpmnError when it cannot be parsed."""
    root = parse_xml(content, file)
    return [
        node.get("id", "")
        for node in root.iterchildren(f"{{{BPMN}}}process")
        if node.get("isExecutable") == "true"
    ]


class _Compilation:
    def __init__(self, sources: Mapping[str, bytes], process: str | None, kernel: Kernel) -> None:
        self.sources = sources
        self.wanted = process
        self.kernel = kernel
        self.findings: list[Finding] = []
        self.readers: list[Reader] = []
        self.processes: dict[str, tuple[Reader, etree._Element]] = {}
        self.decisions: dict[str, Decision] = {}
        self.elements: dict[str, Element] = {}
        self.main = ""

    def run(self) -> tuple[Model | None, list[Finding], list[Reader]]:
        for file in sorted(self.sources):
            self._read_file(file, self.sources[file])
        main = self._main_process()
        if main is None:
            return None, self.findings, self.readers
        self.main = main
        for reader in self.readers:
            reader.ref_of = self._ref_of
            reader.process_ref = self._process_ref
        compiled: dict[str, None] = {}
        pending = [main]
        while pending:
            process = pending.pop(0)
            if process in compiled:
                continue
            compiled[process] = None
            reader, node = self.processes[process]
            known = len(reader.calls)
            self._process(reader, node)
            for caller, called in reader.calls[known:]:
                if called in self.processes:
                    pending.append(called)
                else:
                    reader.refuse(
                        "call.unknown-process",
                        caller,
                        f"The called process {called} is in none of the files.",
                        "Deploy the called process together with this one.",
                    )
        self._check_calls()
        for reader in self.readers:
            for node, decision in reader.decisions:
                if decision not in self.decisions:
                    reader.refuse(
                        "decision.unknown",
                        node,
                        f"The decision {decision} is in none of the files.",
                        "Deploy its DMN file together with this one.",
                    )
        if any(finding.severity == "error" for finding in self.findings):
            return None, self.findings, self.readers
        for loop, element, name in shared_in_parallel(self.elements):
            reader, _ = self.processes[element.process]
            reader.warn(
                "variable.shared-in-parallel",
                reader.by_id[element.id],
                f"The parallel bodies of {loop.id} all write {name}, which is also written outside: "
                "the second body would stop with variable.conflict.",
                f"Use another name inside, or give {loop.id} an input mapping for {name}.",
            )
        _, node = self.processes[main]
        settling = tuple(sorted(ref for ref, each in self.elements.items() if each.behaviour.settles))
        model = Model(
            hash=content_hash(self.sources, main),
            kernel=self.kernel,
            process_id=main,
            name=node.get("name") or main,
            elements=MappingProxyType(self.elements),
            processes=tuple(compiled),
            starts=process_starts(self.elements[main], self.elements),
            settling=settling,
            conditional=any(
                isinstance(event.kind, ConditionalEvent)
                for each in self.elements.values()
                for event in each.events
            ),
            decisions=MappingProxyType(self.decisions),
            sources=tuple(sorted(self.sources)),
        )
        return model, self.findings, self.readers

    def _check_calls(self) -> None:
        """Refuse calls of processes that do not tell where a call begins (10.5.2)."""
        for reader in self.readers:
            for caller, called in reader.calls:
                process = self.elements.get(self._process_ref(called))
                if process is not None and process.tag == "process" and "" not in process.begins:
                    reader.refuse(
                        "call.start-unclear",
                        caller,
                        f"The called process {called} has no start without a trigger, or several.",
                        "Give it exactly one.",
                    )

    # Files

    def _read_file(self, file: str, content: bytes) -> None:
        if file.endswith((".form", ".json")):
            return
        try:
            root = parse_xml(content, file)
            if namespace(root) == BPMN and local(root) == "definitions":
                self._read_bpmn(Reader(file, root, self.findings, self.kernel))
            elif local(root) == "definitions" and "/DMN/" in (namespace(root) or ""):
                from bpmn.dmn import compile_dmn  # only models with decisions pay for it

                self.decisions.update(compile_dmn(content).decisions)
            else:
                self._file_error(
                    file, "source.unknown", "The file is neither BPMN 2.0 nor DMN.", "Remove it."
                )
        except BpmnError as wrong:
            self._file_error(file, wrong.code, wrong.message, wrong.hint or "Correct the file.")

    def _file_error(self, file: str, code: str, message: str, hint: str) -> None:
        self.findings.append(Finding(code, "error", None, message, hint, file))

    def _read_bpmn(self, reader: Reader) -> None:
        self.readers.append(reader)
        for node in reader.root.iterchildren(*(f"{{{BPMN}}}{tag}" for tag in sorted(CALLABLE))):
            process = node.get("id", "")
            if not process:
                reader.refuse("id.missing", node, f"A {local(node)} has no id.", "Give it one.")
                continue
            if process in self.processes:
                reader.refuse(
                    "process.duplicate",
                    node,
                    f"The process {process} is defined twice.",
                    "Remove one of them.",
                )
            self.processes[process] = (reader, node)

    def _main_process(self) -> str | None:
        first = self.readers[0].file if self.readers else next(iter(sorted(self.sources)), "")
        if self.wanted is not None:
            if self.wanted in self.processes:
                return self.wanted
            self._file_error(
                first, "process.unknown", f"There is no process {self.wanted}.", "Name one that exists."
            )
            return None
        runnable = [id_ for id_, (_, node) in self.processes.items() if node.get("isExecutable") == "true"]
        called = {
            name.rpartition(":")[2]
            for reader in self.readers
            for call in reader.root.iter(f"{{{BPMN}}}callActivity")
            for name in [_called_name(reader, call)]
        }
        candidates = [id_ for id_ in runnable if id_ not in called] or runnable
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            self._file_error(
                first,
                "process.not-executable",
                "No process is executable.",
                'Set isExecutable="true" on one.',
            )
        else:
            self._file_error(
                first,
                "process.ambiguous",
                f"Any of {', '.join(sorted(candidates))} could be the main process.",
                "Say which one, or deploy them one by one.",
            )
        return None

    # References

    def _ref_of(self, node: etree._Element) -> str:
        scope: etree._Element | None = node
        while scope is not None and local(scope) not in CALLABLE:
            scope = scope.getparent()
        process = scope.get("id", "") if scope is not None else self.main
        identifier = node.get("id", "")
        return identifier if process == self.main else f"{process}/{identifier}"

    def _process_ref(self, process: str) -> str:
        return process if process == self.main else f"{process}/{process}"

    # Elements

    def _process(self, reader: Reader, node: etree._Element) -> None:
        """Compile a process, or a global task, with which no case can begin."""
        if local(node) != "process" and node.get("id") != self.main:
            self._element(reader, node, node.get("id", ""), None, {}, (), Beginnings(), ())
            return
        if node.get("isExecutable") != "true":
            reader.refuse(
                "process.not-executable",
                node,
                f"The process {node.get('id')} is not executable.",
                'Set isExecutable="true".',
            )
            return
        self._scope(reader, node, node.get("id", ""), None, {})

    def _scope(
        self,
        reader: Reader,
        node: etree._Element,
        process: str,
        parent: str | None,
        around: Mapping[str, tuple[etree._Element, Flow]],
    ) -> None:
        """Compile a process or subprocess and what it contains; `around` are the flows beside it."""
        flows = self._flows(reader, node)
        nodes = [child for child in node.iterchildren(etree.Element) if self._flow_node(reader, node, child)]
        children = tuple(self._ref_of(child) for child in nodes)
        triggered = [child for child in nodes if by_event(child)]
        event_starts = tuple(
            self._ref_of(start)
            for child in triggered
            for start in child.iterchildren(f"{{{BPMN}}}startEvent")
        )
        beginnings = read_beginnings(reader, node)
        self._element(reader, node, process, parent, around, children, beginnings, event_starts)
        own = self._ref_of(node)
        for child in nodes:
            if local(child) in SCOPES:
                self._scope(reader, child, process, own, flows)
            else:
                self._element(reader, child, process, own, flows, (), Beginnings(), ())
        check_correlation(reader, node, self.elements)

    def _flow_node(self, reader: Reader, scope: etree._Element, child: etree._Element) -> bool:
        """Whether a child of a scope is an element that can run; what is unknown is refused here."""
        tag = local(child)
        if namespace(child) != BPMN:
            reader.refuse(
                "element.foreign", child, f"The element {tag} is no BPMN.", "Move it into extensionElements."
            )
            return False
        if tag in self.kernel.behaviours and tag not in CALLABLE:
            if not child.get("id"):
                reader.refuse("id.missing", child, f"A {tag} has no id.", "Give it one.")
                return False
            return True
        known = SILENT | WIRING | LOOPS | {"sequenceFlow"} | data_parts(scope, activity=True)
        if tag not in known and tag not in self.kernel.behaviours[local(scope)].parts:
            reader.refuse(
                "element.unsupported",
                child,
                f"The element {tag} is not supported: the engine would not run it as the standard says.",
                "Model it with the supported elements.",
            )
        return False

    def _flows(self, reader: Reader, scope: etree._Element) -> dict[str, tuple[etree._Element, Flow]]:
        """The sequence flows of a scope, in the order of the file."""
        found: dict[str, tuple[etree._Element, Flow]] = {}
        for node in reader.flows(scope):
            check_attributes(reader, node, frozenset({"sourceRef", "targetRef", "isImmediate"}))
            ends = []
            for role in ("sourceRef", "targetRef"):
                end = reader.by_id.get(node.get(role, ""))
                if end is None or local(end) not in self.kernel.behaviours:
                    known = end is not None
                    reader.refuse(
                        "flow.bad-end" if known else "flow.dangling",
                        node,
                        f"The {role} {node.get(role)} of the flow is "
                        + ("nothing that it can connect." if known else "not in the file."),
                        "Connect the flow again.",
                    )
                elif end.getparent() is not scope:
                    reader.refuse(
                        "flow.crosses-scope",
                        node,
                        f"The flow leads across the border of a scope ({role} {node.get(role)}).",
                        "Keep flows within one scope; use messages or signals across.",
                    )
                else:
                    ends.append(end)
            condition = node.find(f"{{{BPMN}}}conditionExpression")
            formula = None
            if condition is not None:
                text = (condition.text or "").strip()
                if not text.startswith("="):
                    reader.refuse(
                        "flow.condition-no-feel",
                        node,
                        f"The condition {text!r} is no FEEL expression.",
                        "Begin it with = and write it in FEEL.",
                    )
                else:
                    formula = reader.formula(text, node, "condition")
            if len(ends) == 2:
                flow = Flow(self._ref_of(node), self._ref_of(ends[0]), self._ref_of(ends[1]), formula)
                found[node.get("id", "")] = (node, flow)
        return found

    def _element(
        self,
        reader: Reader,
        node: etree._Element,
        process: str,
        parent: str | None,
        around: Mapping[str, tuple[etree._Element, Flow]],
        children: tuple[str, ...],
        beginnings: Beginnings,
        event_starts: tuple[str, ...],
    ) -> None:
        tag = local(node)
        behaviour = self.kernel.behaviours[tag]
        ref = self._ref_of(node)
        outer = node.getparent()
        incoming = tuple(flow for _, flow in around.values() if flow.target == ref)
        outgoing = tuple(flow for _, flow in around.values() if flow.source == ref)
        place = position(node)
        kinds = self._event_definitions(reader, node, place)
        allowed = behaviour.attributes | (ACTIVITY_ATTRIBUTES if behaviour.activity else frozenset())
        check_attributes(reader, node, allowed)
        check_parts(reader, node, behaviour, kinds)
        check_extensions(reader, node, behaviour, kinds)
        events = tuple(
            EventDefinition(self.kernel.event_kinds[local(definition)], config)
            for definition in kinds
            for config in [self.kernel.event_kinds[local(definition)].read(definition, node, place, reader)]
        )
        if tag == "receiveTask":
            events = (
                EventDefinition(self.kernel.event_kinds["messageEventDefinition"], _received(node, reader)),
            )
        takes = _quantity(reader, node, "startQuantity")
        if takes > 1 and not incoming:
            reader.refuse(
                "activity.quantity-without-flow",
                node,
                f"The activity waits for {takes} tokens, but no flow brings any.",
                "Remove its startQuantity.",
            )
        handler, undo = self._compensation(reader, node, outer)
        data = read_data(reader, node, activity=behaviour.activity)
        self.elements[ref] = Element(
            ref=ref,
            id=node.get("id", ""),
            tag=tag,
            name=node.get("name") or "",
            process=process,
            parent=parent,
            behaviour=behaviour,
            incoming=incoming,
            outgoing=outgoing,
            default=self._default(reader, node, outgoing),
            inputs=(*self._mappings(reader, node, "input"), *data.inputs),
            outputs=(*self._mappings(reader, node, "output"), *data.outputs),
            loop=read_loop(reader, node),
            events=events,
            boundaries=tuple(
                self._ref_of(each)
                for each in (boundary_events(outer) if outer is not None and tag != "process" else ())
                if each.get("attachedToRef") == node.get("id")
            ),
            attached_to=self._attached(reader, node),
            interrupting=reader.interrupting(node, place),
            waits=any(event.kind.waits for event in events),
            takes=takes,
            gives=_quantity(reader, node, "completionQuantity"),
            joins=behaviour.joins or takes > 1,
            handler=handler,
            undo=undo,
            remembered=behaviour.activity and reader.can_be_undone(node),
            watched=(
                behaviour.activity
                and outer is not None
                and local(outer) == "adHocSubProcess"
                and not for_compensation(node)
            ),
            children=children,
            starts=beginnings.starts,
            begins=beginnings.begins,
            event_starts=event_starts,
            properties=MappingProxyType(_properties(reader, node)),
            config=behaviour.read(node, reader),
        )
        check_structure(reader, node, self.elements[ref])

    def _compensation(
        self, reader: Reader, node: etree._Element, outer: etree._Element | None
    ) -> tuple[str | None, str | None]:
        """The handler that undoes an activity, or the start of its compensation event subprocess."""
        tag = "compensateEventDefinition"
        events = [
            event
            for event in (boundary_events(outer) if outer is not None else ())
            if event.get("attachedToRef") == node.get("id") and reader.has_event(event, tag)
        ]
        starts = [
            start
            for child in node.iterchildren(etree.Element)
            if by_event(child)
            for start in child.iterchildren(f"{{{BPMN}}}startEvent")
            if reader.has_event(start, tag)
        ]
        handlers = [handler for event in events for handler in reader.handlers(event)]
        if len(events) + len(starts) > 1 or len(handlers) != len(events):
            reader.refuse(
                "compensation.handler",
                node,
                f"{len(handlers) + len(starts)} handlers compensate it; it needs exactly one, "
                "associated with its compensation boundary event, or one event subprocess.",
                'Associate the boundary event with one activity that has isForCompensation="true".',
            )
            return None, None
        return (
            self._ref_of(handlers[0]) if handlers else None,
            self._ref_of(starts[0]) if starts else None,
        )

    def _event_definitions(self, reader: Reader, node: etree._Element, place: str) -> list[etree._Element]:
        if not place:
            return []
        found = []
        for child in node.iterchildren(etree.Element):
            tag = local(child)
            if tag == "eventDefinitionRef":
                shared = reader.by_id.get((child.text or "").strip().rpartition(":")[2])
                if shared is None:
                    reader.refuse(
                        "event.missing-definition",
                        node,
                        f"There is no event definition {child.text}.",
                        "Define the event in place.",
                    )
                    continue
                child, tag = shared, local(shared)
            if not tag.endswith("EventDefinition"):
                continue
            kind = self.kernel.event_kinds.get(tag)
            if kind is None or place not in kind.positions:
                reader.refuse(
                    "event.unsupported",
                    node,
                    f"A {tag} at a {local(node)}{' of an event subprocess' if place == 'event-start' else ''}"
                    " is not supported.",
                    "Use one of the supported events.",
                )
                continue
            check_definition(reader, node, child, kind)
            found.append(child)
        return found

    def _default(self, reader: Reader, node: etree._Element, outgoing: tuple[Flow, ...]) -> Flow | None:
        default = node.get("default")
        if default is None:
            return None
        for flow in outgoing:
            if flow.ref.rpartition("/")[2] == default:
                return flow
        reader.refuse(
            "flow.default-not-outgoing",
            node,
            f"The default flow {default} does not leave {node.get('id')}.",
            "Choose one of its outgoing flows.",
        )
        return None

    def _mappings(self, reader: Reader, node: etree._Element, name: str) -> tuple[IoMapping, ...]:
        io = reader.extension(node, "ioMapping")
        if io is None:
            return ()
        found = []
        for each in io.iterchildren(etree.Element):
            if local(each) not in ("input", "output"):
                reader.refuse(
                    "extension.unsupported",
                    node,
                    f"zeebe:{local(each)} in a mapping is not supported.",
                    "Remove it.",
                )
                continue
            if local(each) != name:
                continue
            reader.only(each, "source", "target")
            source, target = each.get("source", ""), each.get("target", "").strip()
            path = tuple(target.split("."))
            if not all(part.isidentifier() for part in path):
                reader.refuse(
                    "mapping.bad-target",
                    node,
                    f"The mapping's target {target!r} is no name.",
                    "Use names, with dots for nested ones.",
                )
                continue
            found.append(IoMapping(reader.formula(source, node, "mapping"), path))
        return tuple(found)

    def _attached(self, reader: Reader, node: etree._Element) -> str | None:
        if local(node) != "boundaryEvent":
            return None
        host = reader.by_id.get(node.get("attachedToRef", ""))
        behaviour = self.kernel.behaviours.get(local(host)) if host is not None else None
        if (
            host is None
            or host.getparent() is not node.getparent()
            or behaviour is None
            or not behaviour.activity
        ):
            reader.refuse(
                "boundary.bad-host",
                node,
                f"It is attached to {node.get('attachedToRef')}, which is no activity beside it.",
                "Attach it to a task, subprocess or call activity.",
            )
            return None
        return self._ref_of(host)


def _quantity(reader: Reader, node: etree._Element, name: str) -> int:
    """How many tokens an activity takes or gives."""
    text = node.get(name, "1").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
    if 1 <= number <= MAX_QUANTITY:
        return number
    reader.refuse(
        "activity.bad-quantity",
        node,
        f"The {name} {text} is no whole number from 1 to {MAX_QUANTITY}.",
        "Correct it.",
    )
    return 1


def _received(node: etree._Element, reader: Reader) -> object:
    from bpmn.elements.events.message import read_message

    return read_message(node.get("messageRef"), node, reader)


def _called_name(reader: Reader, call: etree._Element) -> str:
    called = reader.extension(call, "calledElement")
    return (called.get("processId") if called is not None else call.get("calledElement")) or ""


def _properties(reader: Reader, node: etree._Element) -> dict[str, str]:
    holder = reader.extension(node, "properties")
    if holder is not None:
        for each in holder.iterchildren(etree.Element):
            reader.only(each, "name", "value")
    return reader.properties(node)
