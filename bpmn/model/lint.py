"""The deployment check: what compiling finds, plus the standard's schema and rules and the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson
from lxml import etree

from bpmn.errors import BpmnError, Finding
from bpmn.model.catalogue import Catalogue
from bpmn.model.compile import examine
from bpmn.model.definition import Model
from bpmn.model.reader import Reader
from bpmn.model.rules import broken_rules
from bpmn.model.source import BPMN, namespace, parse_xml


def lint(
    sources: Mapping[str, bytes], *, catalogue: Catalogue | None = None, process: str | None = None
) -> list[Finding]:
    """Check sources before deployment: errors first, then warnings, each in the order of files.

    With a catalogue, job types and forms that it does not know are errors, and so is a process of a
    product family that lacks one of the family's mandatory job types.
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
            _check_catalogue(reader, catalogue, forms | catalogue.forms)
            findings.extend(reader.findings[before:])
        if model is not None:
            findings.extend(_family_findings(model, readers, catalogue))
    unique = list(dict.fromkeys(findings))
    return sorted(unique, key=lambda finding: finding.severity != "error")


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


def _forms(sources: Mapping[str, bytes]) -> tuple[frozenset[str], list[Finding]]:
    """The ids of the forms among the sources."""
    forms: set[str] = set()
    findings: list[Finding] = []
    for file in sorted(sources):
        if not file.endswith((".form", ".json")):
            continue
        try:
            form = orjson.loads(sources[file])
            forms.add(form["id"])
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
    return frozenset(forms), findings


def _check_catalogue(reader: Reader, catalogue: Catalogue, forms: frozenset[str]) -> None:
    for node, job_type in reader.job_types:
        if job_type not in catalogue.job_types:
            reader.refuse(
                "job.unknown-type",
                node,
                f"Nobody works on jobs of type {job_type}.",
                f"Use one of {', '.join(sorted(catalogue.job_types)) or 'none: the catalogue is empty'}.",
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
    mandatory = dict(catalogue.families).get(family)
    if mandatory is None:
        return [
            Finding(
                "family.unknown",
                "error",
                model.process_id,
                f"There is no product family {family}.",
                f"Use one of {', '.join(name for name, _ in catalogue.families)}.",
                file,
            )
        ]
    used = {job_type for reader in readers for _, job_type in reader.job_types}
    return [
        Finding(
            "family.missing-control",
            "error",
            model.process_id,
            f"A process of the family {family} must contain the job {job_type}.",
            "Add a service task of this type.",
            file,
        )
        for job_type in sorted(mandatory - used)
    ]
