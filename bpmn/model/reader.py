"""Reading one BPMN file strictly: what is not understood is a finding, never skipped in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from lxml import etree

from bpmn.errors import Finding
from bpmn.feel import FeelSyntaxError, compile_expression
from bpmn.model.definition import Formula
from bpmn.model.nodes import only_drawn
from bpmn.model.source import BPMN, ZEEBE, local, namespace

if TYPE_CHECKING:
    from bpmn.kernels import Kernel

TEMPLATE = frozenset({"modelerConfigurationTemplate", "modelerConfigurationName"})
"""Attributes by which a modeler remembers the template that an entry came from."""


class Reader:
    """One file while it is compiled: its nodes by id, what they refer to, what was found."""

    def __init__(self, file: str, root: etree._Element, findings: list[Finding], kernel: Kernel) -> None:
        self.kernel = kernel
        self.file = file
        self.root = root
        self.findings = findings
        self.by_id: dict[str, etree._Element] = {}
        for node in root.iter(etree.Element):
            identifier = node.get("id")
            if identifier is not None and namespace(node) == BPMN:
                if identifier in self.by_id:
                    self.refuse(
                        "id.duplicate",
                        node,
                        f"The id {identifier} is used twice.",
                        "Give each element its own id.",
                    )
                self.by_id[identifier] = node
        self.job_types: list[tuple[etree._Element, str]] = []
        self.forms: list[tuple[etree._Element, str]] = []
        self.decisions: list[tuple[etree._Element, str]] = []
        self.calls: list[tuple[etree._Element, str]] = []
        self.case_calls: list[tuple[etree._Element, str]] = []
        self.variables_of: dict[etree._Element, frozenset[str]] = {}
        self.ref_of: Callable[[etree._Element], str] = lambda node: node.get("id", "")

    # Findings

    def refuse(self, code: str, node: etree._Element | None, message: str, hint: str) -> None:
        """Record an error at a node."""
        self._find("error", code, node, message, hint)

    def warn(self, code: str, node: etree._Element | None, message: str, hint: str) -> None:
        """Record a warning at a node."""
        self._find("warning", code, node, message, hint)

    def _find(
        self,
        severity: Literal["error", "warning"],
        code: str,
        node: etree._Element | None,
        message: str,
        hint: str,
    ) -> None:
        self.findings.append(Finding(code, severity, nearest_id(node), message, hint, self.file))

    # Parts of a node

    def extension(self, node: etree._Element, name: str) -> etree._Element | None:
        """The `zeebe:` extension element of this name."""
        return next((each for each in self.extensions(node) if local(each) == name), None)

    def extensions(self, node: etree._Element) -> Iterator[etree._Element]:
        """All `zeebe:` extension elements of a node."""
        for holder in node.iterchildren(f"{{{BPMN}}}extensionElements"):
            for each in holder.iterchildren(etree.Element):
                if namespace(each) == ZEEBE:
                    yield each

    def properties(self, node: etree._Element) -> dict[str, str]:
        """The `zeebe:properties` of a node."""
        holder = self.extension(node, "properties")
        if holder is None:
            return {}
        return {each.get("name", ""): each.get("value", "") for each in holder.iterchildren(etree.Element)}

    def only(self, node: etree._Element, *allowed: str) -> None:
        """Refuse attributes of a `zeebe:` element that are not understood."""
        for name in map(str, node.attrib):
            if name not in allowed and name not in TEMPLATE:
                self.refuse(
                    "extension.attribute",
                    node,
                    f"The attribute {name} of zeebe:{local(node)} is not supported.",
                    f"Supported are {', '.join(allowed)}.",
                )

    def deployed_together(self, extension: etree._Element, node: etree._Element) -> None:
        """Refuse a binding by version tag: what a `zeebe:` element names is deployed with the model."""
        binding = extension.get("bindingType", "latest")
        if binding not in ("latest", "deployment"):
            self.refuse(
                "extension.binding",
                node,
                f"zeebe:{local(extension)} asks for a version by {binding}.",
                "Use the binding deployment: a model is fixed with all that it uses when it is deployed.",
            )

    def formula(self, text: str, node: etree._Element, what: str) -> Formula:
        """Compile a text or FEEL expression; a syntax error is a finding."""
        if not text.startswith("="):
            return Formula(text, None)
        try:
            return Formula(text, compile_expression(text[1:].strip()))
        except FeelSyntaxError as wrong:
            self.refuse(
                "feel.syntax",
                node,
                f"The {what} {text} is no FEEL expression: {wrong.message} ({wrong.where})",
                wrong.hint or "Correct the expression.",
            )
            return Formula(text, None)

    def definition(self, node: etree._Element, reference: str | None, tag: str) -> etree._Element | None:
        """The message, error, signal or escalation that an event refers to."""
        found = self.by_id.get((reference or "").rpartition(":")[2])
        if found is None or local(found) != tag:
            self.refuse(
                f"{tag}.missing",
                node,
                f"No {tag} has the id {reference}." if reference else f"The element names no {tag}.",
                f"Define a <bpmn:{tag}> and refer to it.",
            )
            return None
        return found

    def interrupting(self, event: etree._Element, position: str) -> bool:
        """Whether an event at this position ends what it happens in."""
        if position == "boundary":
            return event.get("cancelActivity", "true") not in ("false", "0")
        return position == "event-start" and event.get("isInterrupting", "true") not in (
            "false",
            "0",
        )

    def has_event(self, event: etree._Element, tag: str) -> bool:
        """Whether an event has a definition of this kind, in place or by reference."""
        return any(local(definition) == tag for definition in self.event_definitions(event))

    def event_definitions(self, event: etree._Element) -> Iterator[etree._Element]:
        """The definitions of an event, in place or by reference."""
        for child in event.iterchildren(etree.Element):
            if local(child) == "eventDefinitionRef":
                child = self.by_id.get((child.text or "").strip().rpartition(":")[2], child)
            if local(child).endswith("EventDefinition"):
                yield child

    @staticmethod
    def loop_of(activity: etree._Element) -> etree._Element | None:
        """The loop characteristics of an activity."""
        tags = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")
        return next((part for part in activity.iterchildren(etree.Element) if local(part) in tags), None)

    # Data

    def data(self, reference: str | None) -> etree._Element | None:
        """The data element that a reference means; a data object reference stands for its object."""
        found = self.by_id.get((reference or "").strip().rpartition(":")[2])
        if found is not None and local(found) == "dataObjectReference":
            return self.by_id.get(found.get("dataObjectRef", ""))
        return found

    @cached_property
    def reference_names(self) -> Mapping[str, frozenset[str]]:
        """The names of the references to each data object (by its id), without their states in brackets."""
        names: dict[str, frozenset[str]] = {}
        for reference in self.root.iter(f"{{{BPMN}}}dataObjectReference"):
            name = (reference.get("name") or "").partition("[")[0].strip()
            if name:
                data = reference.get("dataObjectRef", "")
                names[data] = names.get(data, frozenset()) | {name}
        return names

    @cached_property
    def associated(self) -> frozenset[str]:
        """The ids of the data that an association copies or a loop goes through, so that it is no drawing."""
        references = [
            part.text
            for association in self.root.iter(
                f"{{{BPMN}}}dataInputAssociation", f"{{{BPMN}}}dataOutputAssociation"
            )
            if not only_drawn(association)
            for part in association.iterchildren(f"{{{BPMN}}}sourceRef", f"{{{BPMN}}}targetRef")
        ]
        loops = self.root.iter(f"{{{BPMN}}}loopDataInputRef", f"{{{BPMN}}}loopDataOutputRef")
        references += [part.text for part in loops]
        found = (self.data(reference) for reference in references)
        return frozenset(data.get("id", "") for data in found if data is not None)

    # Compensation

    def handlers(self, boundary: etree._Element) -> list[etree._Element]:
        """The compensation handlers to which associations lead from a compensation boundary event."""
        targets = [
            self.by_id.get(association.get("targetRef", ""))
            for association in self.root.iter(f"{{{BPMN}}}association")
            if association.get("sourceRef") == boundary.get("id")
        ]
        return [
            target
            for target in targets
            if target is not None
            and target.get("isForCompensation", "false") in ("true", "1")
            and target.getparent() is boundary.getparent()
        ]

    def can_be_undone(self, activity: etree._Element) -> bool:
        """Whether an activity has a compensation handler, or holds something that has one."""
        scope = activity.getparent()
        beside = scope.iterchildren(f"{{{BPMN}}}boundaryEvent") if scope is not None else ()
        own = [event for event in beside if event.get("attachedToRef") == activity.get("id")]
        inner = [*activity.iter(f"{{{BPMN}}}boundaryEvent"), *activity.iter(f"{{{BPMN}}}startEvent")]
        return any(self.has_event(event, "compensateEventDefinition") for event in (*own, *inner))

    # The graph around a node

    def flows(self, scope: etree._Element) -> Iterator[etree._Element]:
        """The sequence flows that a scope contains."""
        return scope.iterchildren(f"{{{BPMN}}}sequenceFlow")

    def targets(self, node: etree._Element) -> list[etree._Element]:
        """The nodes to which a node's outgoing flows lead."""
        scope = node.getparent()
        if scope is None:
            return []
        refs = [
            flow.get("targetRef", "") for flow in self.flows(scope) if flow.get("sourceRef") == node.get("id")
        ]
        return [self.by_id[ref] for ref in refs if ref in self.by_id]

    def link_targets(self, event: etree._Element, definition: etree._Element) -> list[str]:
        """The refs of the catching links of the scope that a throwing link means, by target or by name."""
        scope = event.getparent()
        wanted = [(each.text or "").strip() for each in definition.iterchildren(f"{{{BPMN}}}target")]
        found = []
        for catch in scope.iterchildren(f"{{{BPMN}}}intermediateCatchEvent") if scope is not None else ():
            for link in catch.iterchildren(f"{{{BPMN}}}linkEventDefinition"):
                named = link.get("id") in wanted
                same = (
                    not wanted and link.get("name") is not None and link.get("name") == definition.get("name")
                )
                if named or same:
                    found.append(self.ref_of(catch))
        return found

    def upstream(self, gateway: etree._Element) -> Mapping[str, frozenset[str]]:
        """For each flow into a gateway: the refs of the nodes from which a token can come along it.

        Paths do not pass the gateway itself. Besides flows, a token goes from an activity to the
        boundary events attached to it, and from a throwing link to its catch.
        """
        scope = gateway.getparent()
        if scope is None:
            return {}
        before: dict[str, list[str]] = {}
        for flow in self.flows(scope):
            before.setdefault(flow.get("targetRef", ""), []).append(flow.get("sourceRef", ""))
        for event in scope.iterchildren(f"{{{BPMN}}}boundaryEvent"):
            before.setdefault(event.get("id", ""), []).append(event.get("attachedToRef", ""))
        for throw in scope.iterchildren(f"{{{BPMN}}}intermediateThrowEvent"):
            for link in throw.iterchildren(f"{{{BPMN}}}linkEventDefinition"):
                for catch in scope.iterchildren(f"{{{BPMN}}}intermediateCatchEvent"):
                    if self.ref_of(catch) in self.link_targets(throw, link):
                        before.setdefault(catch.get("id", ""), []).append(throw.get("id", ""))
        own = gateway.get("id", "")
        found: dict[str, frozenset[str]] = {}
        for flow in self.flows(scope):
            if flow.get("targetRef") != own:
                continue
            reached: set[str] = set()
            pending = [flow.get("sourceRef", "")]
            while pending:
                current = pending.pop()
                if current == own or current in reached or current not in self.by_id:
                    continue
                reached.add(current)
                pending.extend(before.get(current, ()))
            found[self.ref_of(flow)] = frozenset(self.ref_of(self.by_id[each]) for each in reached)
        return found

    # What the model uses, checked when all of it is known

    def uses_job_type(self, node: etree._Element, job_type: str) -> None:
        """Note a job type."""
        self.job_types.append((node, job_type))

    def uses_form(self, node: etree._Element, form: str) -> None:
        """Note a form."""
        self.forms.append((node, form))

    def uses_decision(self, node: etree._Element, decision: str) -> None:
        """Note a decision."""
        self.decisions.append((node, decision))

    def called_process(self, node: etree._Element, process: str) -> str:
        """Note a called process; gives the ref that it has in the model."""
        self.calls.append((node, process))
        return self.process_ref(process)

    def calls_case(self, node: etree._Element, process: str) -> None:
        """Note a process that is called as a case of its own."""
        self.case_calls.append((node, process))

    process_ref: Callable[[str], str] = staticmethod(lambda process: process)


def nearest_id(node: etree._Element | None) -> str | None:
    """The id of a node or of the nearest node around it that has one."""
    while node is not None:
        identifier = node.get("id")
        if identifier is not None and namespace(node) == BPMN:
            return identifier
        node = node.getparent()
    return None
