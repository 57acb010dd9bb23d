"""Importing models of SpiffWorkflow and SpiffArena (`spiffworkflow:` extensions, Python) into our dialect.

SpiffWorkflow's own front end checks the file against its schemas and reads its extensions. What has a
counterpart is written as `zeebe:` extensions and FEEL. What has none is told as a finding: a warning
when the model runs the same without it, else an error, and then a mark stays in the model at this
place, which the deployment check refuses (`import.gap`) until someone has mended it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree

from bpmn.elements import BEHAVIOURS
from bpmn.errors import BpmnError, Finding
from bpmn.importers.draft import Draft, read_extensions, remove
from bpmn.importers.python_feel import NotFeel, assignments_of
from bpmn.model.lint import lint
from bpmn.model.nodes import CALLABLE, position
from bpmn.model.source import BPMN, IMPORT, SPIFFWORKFLOW, ZEEBE, local, namespace, parse_xml

PAYLOAD = "payload"
"""The variable in which messages and signals of an imported model carry what SpiffWorkflow calls payload."""

# Findings of the deployment check that speak of files that are not here, or repeat what a mark says.
_NOT_OURS = frozenset(
    {
        "import.gap",
        "flow.condition-no-feel",
        "script.missing",
        "call.unknown-process",
        "decision.unknown",
        "process.ambiguous",
    }
)


@dataclass(frozen=True, slots=True)
class Imported:
    """The model in our dialect, and what could not be carried over (errors: it cannot be deployed yet)."""

    content: bytes
    findings: tuple[Finding, ...]


def import_spiffworkflow(content: bytes, file: str) -> Imported:
    """Convert one BPMN file.

    Raises:
        BpmnError: the file cannot be read, is no BPMN, or SpiffWorkflow's schemas refuse it
            (`import.schema-invalid`).
    """
    root = parse_xml(content, file)
    if namespace(root) != BPMN or local(root) != "definitions":
        raise BpmnError(
            "import.no-bpmn", "The file is no BPMN 2.0.", where=file, hint="Give a .bpmn file of SpiffArena."
        )
    _validate(root, file)
    return _Conversion(root, file).run()


def _validate(root: etree._Element, file: str) -> None:
    from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
    from SpiffWorkflow.spiff.parser import VALIDATOR

    try:
        VALIDATOR.validate(deepcopy(root), file)  # on a copy: it repairs what it reads
    except ValidationException as wrong:
        raise BpmnError(
            "import.schema-invalid",
            f"Line {wrong.line_number}: {wrong}",
            where=file,
            hint="Export the model again, or correct the XML.",
        ) from wrong


class _Conversion(Draft):
    """One file on its way: what of SpiffWorkflow becomes what."""

    def run(self) -> Imported:
        for process in self.root.iterchildren(f"{{{BPMN}}}process"):
            # Without the attribute SpiffWorkflow runs a process, and this engine does not.
            process.set("isExecutable", process.get("isExecutable", "true"))
            for node in list(process.iter(etree.Element)):
                tag = local(node)
                if namespace(node) == BPMN and tag in BEHAVIOURS and tag not in CALLABLE:
                    self._node(node)
            for flow in process.iter(f"{{{BPMN}}}sequenceFlow"):
                self._flow(flow)
            for gateway in process.iter(f"{{{BPMN}}}exclusiveGateway"):
                self.graph.sort_by_height(gateway)
        self._tell_leftovers()
        # Prefixes may be used in texts, which lxml does not see.
        kept = [
            prefix for prefix, uri in self.root.nsmap.items() if prefix and uri not in (SPIFFWORKFLOW, IMPORT)
        ]
        etree.cleanup_namespaces(self.root, keep_ns_prefixes=kept)
        content = etree.tostring(
            self.root.getroottree(), xml_declaration=True, encoding="UTF-8", pretty_print=True
        )
        told = {finding.element for finding in self.findings if finding.severity == "error"}
        refused = [
            finding
            for finding in lint({self.file: content})
            if finding.severity == "error" and finding.code not in _NOT_OURS and finding.element not in told
        ]
        findings = sorted([*self.findings, *refused], key=lambda finding: finding.severity != "error")
        return Imported(content, tuple(findings))

    # Flow nodes

    def _node(self, node: etree._Element) -> None:
        extensions = read_extensions(node)
        tag = local(node)
        if tag in ("task", "manualTask"):
            # SpiffWorkflow waits for a person at these; this engine only at user tasks.
            node.tag = f"{{{BPMN}}}userTask"
        handle = {
            "scriptTask": self._script_task,
            "serviceTask": self._service_task,
            "businessRuleTask": self._rule_task,
        }.get(tag)
        if handle is not None:
            handle(node, extensions)
        if local(node) == "userTask":
            self._user_task(node, extensions)
        self._texts(node, extensions)
        self._loop(node, extensions)
        self._events(node)
        if tag != "scriptTask":  # SpiffWorkflow ignores them there, and so at events
            self._script_around(node, extensions)
        self._tell_differences(node)

    def _script_task(self, node: etree._Element, extensions: Mapping[str, Any]) -> None:
        script = node.find(f"{{{BPMN}}}script")
        node.attrib.pop("scriptFormat", "")
        text = ""
        if script is not None:
            text = script.text or ""
            node.remove(script)
        self._assign(node, text, "script")

    def _assign(self, node: etree._Element, script: str, what: str) -> None:
        """Make a script task assign what a Python script assigns; one that assigns nothing passes at once."""
        try:
            steps = assignments_of(script)
        except NotFeel as wrong:
            self.gap(
                "import.python",
                node,
                f"The {what} is not translated, because {wrong}.",
                "Write it in FEEL, or make it a job.",
                script.strip(),
            )
            return
        for step in steps:
            self.assumes(step.feel.assumes, node, what)
        if not steps:
            node.tag = f"{{{BPMN}}}task"
        elif len(steps) == 1:
            (only,) = steps
            self.zeebe(node, "script", expression=f"={only.feel.text}", resultVariable=only.variable)
        else:
            entries = ", ".join(f"{step.entry}: {step.feel.text}" for step in steps)
            self.zeebe(node, "script", expression=f"={{{entries}}}", resultVariable="assigned")
            for step in steps:
                if step.lasts:
                    self.mapping(node, "output", f"=assigned.{step.variable}", step.variable)

    def _service_task(self, node: etree._Element, extensions: Mapping[str, Any]) -> None:
        operator = extensions.get("serviceTaskOperator")
        if operator is None:
            return  # the deployment check says that a job type is missing
        name, retries = operator["name"], operator.get("retries")
        given = {"type": name} | ({"retries": str(retries)} if retries is not None else {})
        self.zeebe(node, "taskDefinition", **given)
        result = operator["resultVariable"] or f"spiff__{node.get('id', '').replace('-', '_')}_result"
        headers = self.zeebe(node, "taskHeaders")
        etree.SubElement(headers, f"{{{ZEEBE}}}header", {"key": "resultVariable", "value": result})
        for parameter, content in operator["parameters"].items():
            source = self.expression(content["value"], node, f"parameter {parameter}")
            if source is not None:
                self.mapping(node, "input", source, parameter)
        self.take(node, "serviceTaskOperator")
        self.lost(
            "import.service-operator",
            node,
            f"The operator {name} is a connector of SpiffArena; here it is a job of this type.",
            f"Let a worker take these jobs, and complete them with the variable {result}.",
        )
        if "retryBackoffBase" in operator:
            self.lost(
                "import.retry-backoff", node, "The backoff of retries is the worker's.", "Set it there."
            )

    def _rule_task(self, node: etree._Element, extensions: Mapping[str, Any]) -> None:
        decision = extensions.get("calledDecisionId")
        if decision is None:
            return
        self.zeebe(node, "calledDecision", decisionId=decision, resultVariable="decided")
        self.take(node, "calledDecisionId")
        self.gap(
            "import.decision",
            node,
            f"The decision {decision} is written in Python, and its outputs become variables by themselves.",
            "Write the decision in FEEL, and map each output: source =decided.OUTPUT, target OUTPUT.",
        )

    def _user_task(self, node: etree._Element, extensions: Mapping[str, Any]) -> None:
        lane = self.graph.lane(node)
        if lane:
            self.zeebe(node, "assignmentDefinition", candidateGroups=lane)
        if extensions.get("variableName"):
            self.take(node, "variableName")
            self.gap(
                "import.form-variable",
                node,
                f"What the form gives goes into the variable {extensions['variableName']} as a whole.",
                "Let the form write into this variable, or map its fields.",
            )
        if self.take(node, "guestConfirmation", "allowGuest"):
            self.lost("import.guest", node, "Guests cannot do the task.", "Give it to a group.")

    def _texts(self, node: etree._Element, extensions: Mapping[str, Any]) -> None:
        """Properties and instructions become properties; forms of another kind and tests do not."""
        kept = {}
        for name, value in extensions.get("properties", {}).items():
            if name in ("formJsonSchemaFilename", "formUiSchemaFilename"):
                self.lost(
                    "import.form",
                    node,
                    f"The form {value} is a JSON schema, which is not shown here.",
                    "Draw it in the form editor and choose it at the task.",
                )
            else:
                kept[name] = value
        instructions = (extensions.get("instructionsForEndUser") or "").strip()
        if instructions:
            kept["instructions"] = instructions
            if "{{" in instructions or "{%" in instructions:
                self.lost(
                    "import.template",
                    node,
                    "The instructions are a template, which is shown here as it is written.",
                    "Name the values without placeholders.",
                )
        if kept:
            holder = self.zeebe(node, "properties")
            for name, value in kept.items():
                etree.SubElement(holder, f"{{{ZEEBE}}}property", {"name": name, "value": value})
        if self.take(node, "unitTests"):
            self.lost("import.unit-tests", node, "Its unit tests are left out.", "Test the model as a whole.")
        self.take(node, "properties", "instructionsForEndUser")

    def _script_around(self, node: etree._Element, extensions: Mapping[str, Any]) -> None:
        """Pre-scripts and post-scripts become script tasks before and after."""
        for name, add in (("preScript", self.graph.before), ("postScript", self.graph.after)):
            script = extensions.get(name)
            if not self.take(node, name) or not (script or "").strip():
                continue
            if position(node):
                self.lost("import.event-script", node, f"SpiffWorkflow ignores a {name} here.", "Remove it.")
                continue
            place = None if self._runs_per_instance(node) else add(node)
            if place is None:
                self.gap(
                    "import.script-place",
                    node,
                    f"No script task can take the place of its {name}.",
                    "Do this in a script task elsewhere, or by mappings.",
                    str(script).strip(),
                )
            else:
                self._assign(place, str(script), name)

    @staticmethod
    def _runs_per_instance(node: etree._Element) -> bool:
        loops = node.iterchildren(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
        return any(loop.attrib.pop(f"{{{SPIFFWORKFLOW}}}scriptsOnInstances", "") == "true" for loop in loops)

    # Loops

    def _loop(self, node: etree._Element, extensions: Mapping[str, Any]) -> None:
        for loop in node.iterchildren(f"{{{BPMN}}}standardLoopCharacteristics"):
            self._inner(loop, "loopCondition", node, condition=True)
        for loop in node.iterchildren(f"{{{BPMN}}}multiInstanceLoopCharacteristics"):
            self._inner(loop, "completionCondition", node, condition=True)
            self._inner(loop, "loopCardinality", node)
            given = {}
            for part, name in (
                ("loopDataInputRef", "inputCollection"),
                ("inputDataItem", "inputElement"),
                ("loopDataOutputRef", "outputCollection"),
                ("outputDataItem", "outputElement"),
            ):
                child = loop.find(f"{{{BPMN}}}{part}")
                if child is not None:
                    loop.remove(child)
                    given[name] = child.get("id") or (child.text or "").strip()
            for name in ("inputCollection", "outputElement"):
                if name in given:
                    given[name] = f"={given[name]}"
            if given:
                self.zeebe(loop, "loopCharacteristics", **given)
            if loop.find(f"{{{BPMN}}}loopCardinality") is not None and "inputElement" in given:
                self.gap(
                    "import.loop-counter",
                    node,
                    "SpiffWorkflow counts rounds from 0 in its item, this engine from 1 in loopCounter.",
                    "Use loopCounter - 1.",
                )

    def _inner(
        self, holder: etree._Element, tag: str, node: etree._Element, *, condition: bool = False
    ) -> None:
        """Translate the Python text of a child element."""
        child = holder.find(f"{{{BPMN}}}{tag}")
        if child is None or not (child.text or "").strip():
            return
        feel = self.expression(child.text or "", node, tag, condition=condition)
        if feel is not None:
            child.text = feel[1:] if feel[1:].isdigit() else feel

    # Events

    def _events(self, node: etree._Element) -> None:
        throws = position(node) in ("throw", "end") or local(node) == "sendTask"
        definitions = list(node.iterchildren(etree.Element)) if position(node) else []
        if local(node) in ("sendTask", "receiveTask"):
            definitions = [node]
        for definition in definitions:
            tag = local(definition)
            if tag == "timerEventDefinition":
                for form in ("timeDate", "timeDuration", "timeCycle"):
                    self._timer(definition, form, node)
            elif tag == "conditionalEventDefinition":
                self._inner(definition, "condition", node, condition=True)
            elif definition.get("messageRef"):
                message = self.graph.by_id.get(definition.get("messageRef", ""))
                sources = [each for each in (message, definition) if each is not None]
                self._payload(node, sources, "messagePayload", "messageVariable", throws)
                self._correlation(node, definition)
            else:
                for reference in ("signalRef", "errorRef", "escalationRef"):
                    target = self.graph.by_id.get(definition.get(reference, ""))
                    if target is not None:
                        self._carried(node, target, reference, throws)

    def _timer(self, definition: etree._Element, form: str, node: etree._Element) -> None:
        child = definition.find(f"{{{BPMN}}}{form}")
        if child is None:
            return
        feel = self.expression(child.text or "", node, "timer")
        if feel is not None:
            # A literal text is written as such, so that it is checked when the model is deployed.
            plain = feel.startswith('="') and feel.count('"') == 2
            child.text = feel[2:-1] if plain else feel

    def _carried(self, node: etree._Element, target: etree._Element, reference: str, throws: bool) -> None:
        """What a signal, error or escalation carries: only signals carry something here."""
        if reference == "signalRef":
            self._payload(node, [target], "payloadExpression", "variableName", throws)
        elif any(read_extensions(target).get(name) for name in ("payloadExpression", "variableName")):
            kind = local(target)
            self.gap(
                "import.payload",
                node,
                f"An {kind} carries no payload here.",
                f"Set a variable of an outer scope before the {kind} is thrown.",
            )

    def _payload(
        self,
        node: etree._Element,
        sources: list[etree._Element],
        expression: str,
        variable: str,
        throws: bool,
    ) -> None:
        """The thrower's payload goes into a variable of this name, the catcher takes it from there."""
        for source in sources:
            extensions = read_extensions(source)
            if throws and extensions.get(expression):
                feel = self.expression(extensions[expression], node, "payload")
                if feel is not None:
                    self.mapping(node, "input", feel, PAYLOAD)
            elif not throws and extensions.get(variable):
                self.mapping(node, "output", f"={PAYLOAD}", extensions[variable])

    def _correlation(self, node: etree._Element, definition: etree._Element) -> None:
        message = definition.get("messageRef", "")
        own = self.take(definition, "processVariableCorrelation")
        rules = self.root.iter(f"{{{BPMN}}}correlationPropertyRetrievalExpression")
        if own or any(rule.get("messageRef") == message for rule in rules):
            self.gap(
                "import.correlation",
                node,
                f"The message {message} is correlated by properties of the conversation.",
                "Give the message a zeebe:subscription with one correlationKey that both sides know.",
            )

    # Flows, and what SpiffWorkflow does in another way

    def _flow(self, flow: etree._Element) -> None:
        condition = flow.find(f"{{{BPMN}}}conditionExpression")
        source = self.graph.by_id.get(flow.get("sourceRef", ""))
        if condition is None or source is None:
            return
        feel = self.expression(
            condition.text or "", source, f"condition of the flow {flow.get('id')}", condition=True
        )
        if feel is not None:
            condition.text = feel
            condition.attrib.pop("language", "")

    def _tell_differences(self, node: etree._Element) -> None:
        """Where SpiffWorkflow 3.2 runs a plain event, or always interrupts, without saying so."""
        where, events = position(node), {local(child) for child in node.iterchildren(etree.Element)}
        ignored = {
            "end": {"signalEventDefinition", "compensateEventDefinition"},
            "throw": {"linkEventDefinition", "compensateEventDefinition"},
        }.get(where, set())
        for event in sorted(events & ignored):
            self._differs(node, f"SpiffWorkflow runs a {event} at an {local(node)} as if it were not there.")
        if where == "event-start" and node.get("isInterrupting") == "false":
            self._differs(node, "SpiffWorkflow interrupts also by start events that do not interrupt.")

    def _differs(self, node: etree._Element, message: str) -> None:
        self.lost(
            "import.runs-differently",
            node,
            message,
            "Here it runs as the standard says; remove it if you relied on the other.",
        )

    def _tell_leftovers(self) -> None:
        """Whatever of SpiffWorkflow is still there has no counterpart and no effect on the run."""
        carried = {"messagePayload", "messageVariable", "payloadExpression", "variableName"}
        for each in list(self.root.iter(f"{{{SPIFFWORKFLOW}}}*")):
            holder = each.getparent()
            if holder is not None and namespace(holder) != SPIFFWORKFLOW:
                if local(each) not in carried:
                    self._leftover(each, local(each))
                remove(each)
        for node in self.root.iter(etree.Element):
            for name in [str(name) for name in node.attrib]:
                if etree.QName(name).namespace == SPIFFWORKFLOW:
                    self._leftover(node, etree.QName(name).localname)
                    del node.attrib[name]

    def _leftover(self, node: etree._Element, name: str) -> None:
        self.lost(
            "import.extension",
            node,
            f"The extension {name} of SpiffWorkflow is left out.",
            "Nothing needs it.",
        )
