"""The deployment check: what compiling finds, plus the standard's schema and rules and the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

import orjson
from lxml import etree

from bpmn.errors import BpmnError, Finding
from bpmn.model.catalogue import Catalogue
from bpmn.model.compile import examine
from bpmn.model.definition import Element, Model
from bpmn.model.reader import Reader
from bpmn.model.rules import broken_rules
from bpmn.model.source import BPMN, namespace, parse_xml
from bpmn.model.starts import by_plain_start
from bpmn.model.variables import unknown_variables
from bpmn.soundness import Trouble, find_troubles, find_ways_around


def lint(
    sources: Mapping[str, bytes], *, catalogue: Catalogue | None = None, process: str | None = None
) -> list[Finding]:
    """Check sources before deployment: errors first, then warnings, each in the order of files.

    With a catalogue, job types and forms that it does not know are errors, and so are every way around a
    mandatory control of the product family that a process names, and a process that starts by nothing the
    platform serves.
    """
    model, findings, readers = examine(sources, process)
    documents = list(_bpmn_documents(sources))
    findings = [*findings, *_schema_findings(documents)]
    for file, root in documents:
        findings.extend(broken_rules(root, file))
    forms, form_findings = _forms(sources)
    findings.extend(form_findings)
    if catalogue is not None:
        for reader in readers:
            before = len(reader.findings)
            _check_catalogue(reader, catalogue, forms.keys() | catalogue.forms)
            findings.extend(reader.findings[before:])
        if model is not None:
            findings.extend(_family_findings(model, readers, catalogue))
            findings.extend(_start_findings(model, readers, catalogue))
    if model is not None:
        findings.extend(_soundness_findings(model, readers, findings))
        findings.extend(_variable_findings(model, readers, forms, catalogue or Catalogue(frozenset())))
    unique = list(dict.fromkeys(findings))
    return sorted(unique, key=lambda finding: finding.severity != "error")


def _soundness_findings(model: Model, readers: list[Reader], findings: list[Finding]) -> Iterator[Finding]:
    """What playing the token game shows, except what a rule of the standard says of the same element."""
    disconnected = {finding.element for finding in findings if finding.code == "bpmn.ext-150"}
    for trouble in find_troubles(model):
        element = model.elements[trouble.element]
        if trouble.code == "soundness.unreachable" and element.id in disconnected:
            continue
        yield _finding(model, readers, trouble)


def _finding(model: Model, readers: list[Reader], trouble: Trouble) -> Finding:
    element = model.elements[trouble.element]
    file = _file_of(readers, element)
    return Finding(trouble.code, trouble.severity, element.id, trouble.message, trouble.hint, file)


def _file_of(readers: list[Reader], element: Element) -> str:
    return next(reader.file for reader in readers if element.process in reader.by_id)


def _bpmn_documents(sources: Mapping[str, bytes]) -> Iterator[tuple[str, etree._Element]]:
    """The BPMN files that can be parsed, with their root elements; compiling tells what cannot."""
    for file in sorted(sources):
        if file.endswith((".form", ".json")):
            continue
        try:
            root = parse_xml(sources[file], file)
        except BpmnError:
            continue
        if namespace(root) == BPMN:
            yield file, root


def _schema_findings(documents: list[tuple[str, etree._Element]]) -> list[Finding]:
    """What the standard's XML schema says, by SpiffWorkflow's validator."""
    if not documents:
        return []
    from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator
    from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

    findings: list[Finding] = []
    validator: BpmnValidator | None = None
    for file, root in documents:
        validator = validator or BpmnValidator()
        try:
            validator.validate(root, file)
        except ValidationException as wrong:
            findings.append(
                Finding(
                    "schema.invalid",
                    "error",
                    None,
                    f"Line {wrong.line_number}: {wrong}",
                    "Export the model again, or correct the XML.",
                    file,
                )
            )
    return findings


def _forms(sources: Mapping[str, bytes]) -> tuple[dict[str, frozenset[str]], list[Finding]]:
    """The ids of the forms among the sources, with the keys of their fields."""
    forms: dict[str, frozenset[str]] = {}
    findings: list[Finding] = []
    for file in sorted(sources):
        if not file.endswith((".form", ".json")):
            continue
        try:
            form = orjson.loads(sources[file])
            forms[form["id"]] = frozenset(_keys(form))
        except (orjson.JSONDecodeError, KeyError, TypeError) as wrong:
            findings.append(
                Finding(
                    "form.unreadable",
                    "error",
                    None,
                    f"The form is no JSON object with an id: {wrong}.",
                    "Export the form again.",
                    file,
                )
            )
    return forms, findings


def _keys(component: Mapping[str, Any]) -> Iterator[str]:
    """The keys of the fields of a form-js component and of those within it."""
    for child in component.get("components", ()):
        if "key" in child:
            yield str(child["key"])
        yield from _keys(child)


def _variable_findings(
    model: Model, readers: list[Reader], forms: Mapping[str, frozenset[str]], catalogue: Catalogue
) -> Iterator[Finding]:
    """Variables that are read though nothing provides them."""
    for unknown in unknown_variables(model, forms, catalogue, _start_form(model, readers)):
        element = model.elements[unknown.element]
        meant = f"Did you mean {unknown.like}? " if unknown.like else ""
        yield Finding(
            "variable.unknown",
            "error" if unknown.certain else "warning",
            element.id,
            f"Nothing provides the variable {unknown.name}, which {unknown.what} of {element.id} reads"
            + (": the token would stop there." if unknown.certain else "; it would be null."),
            meant + "Set it before, or name it among the process's inputs.",
            _file_of(readers, element),
        )


def _start_form(model: Model, readers: list[Reader]) -> str:
    """The form by which a person starts the main process."""
    for ref in model.process.starts:
        for reader in readers:
            node = reader.by_id.get(ref)
            form = reader.extension(node, "formDefinition") if node is not None else None
            if form is not None:
                return form.get("formId") or form.get("formKey") or ""
    return ""


def _check_catalogue(reader: Reader, catalogue: Catalogue, forms: Set[str]) -> None:
    for node, job_type in reader.job_types:
        if job_type not in catalogue.job_types:
            reader.refuse(
                "job.unknown-type",
                node,
                f"Nobody works on jobs of type {job_type}.",
                f"Use one of {', '.join(sorted(catalogue.job_types)) or 'none: the catalogue is empty'}.",
            )
    for node, process in reader.case_calls:
        if catalogue.processes is not None and process not in catalogue.processes:
            reader.warn(
                "call.case-unknown",
                node,
                f"No process {process} is deployed: a call that runs as a case of its own would stop there.",
                f"Deploy {process} before the first case comes so far.",
            )
    for node, form in reader.forms:
        if form not in forms:
            reader.refuse(
                "form.unknown", node, f"There is no form {form}.", "Deploy the form, or choose another."
            )


def _family_findings(model: Model, readers: list[Reader], catalogue: Catalogue) -> list[Finding]:
    family = model.process.properties.get("family")
    if family is None:
        return []
    file = readers[0].file
    families = {each.name: each for each in catalogue.families}
    if family not in families:
        return [
            Finding(
                "family.unknown",
                "error",
                model.process_id,
                f"There is no product family {family}.",
                f"Use one of {', '.join(families)}.",
                file,
            )
        ]
    return [_finding(model, readers, each) for each in find_ways_around(model, families[family])]


def _start_findings(model: Model, readers: list[Reader], catalogue: Catalogue) -> list[Finding]:
    """A process that nobody starts is refused; a start that nobody serves beside others is told."""
    plain = by_plain_start(model.starts)
    unserved = [
        start
        for start in model.starts
        if start not in plain
        and not (start.kinds <= catalogue.starts if start.every else start.kinds & catalogue.starts)
    ]
    file = next(reader.file for reader in readers if model.process_id in reader.by_id)
    if len(unserved) == len(model.starts):
        kinds = sorted({kind for start in unserved for kind in start.kinds})
        several = "it has several starts without a trigger" if kinds == ["none"] else f"by {', '.join(kinds)}"
        return [
            Finding(
                "start.not-served",
                "error",
                model.process_id,
                f"Nobody starts the process as it wants to be started ({several}).",
                "Give it exactly one start event without a trigger.",
                file,
            )
        ]
    return [
        Finding(
            "start.not-served",
            "warning",
            model.elements[start.element].id if start.element is not None else model.process_id,
            f"Nobody starts the process by {', '.join(sorted(start.kinds))}; it starts otherwise only.",
            "Remove the start event, or start such cases by the other one.",
            file,
        )
        for start in unserved
    ]
