"""Runs the DMN Technology Compatibility Kit (https://dmn-tck.github.io): models, inputs, expected results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from lxml import etree

from bpmn.dmn.definitions import Definitions, Service, compile_dmn
from bpmn.dmn.errors import DmnError
from bpmn.errors import BpmnError
from bpmn.feel.builtins.conversions import to_text
from bpmn.feel.limits import DEFAULT
from bpmn.feel.operators import equal
from bpmn.feel.runtime import Run
from bpmn.feel.temporal import parse_date, parse_date_time, parse_duration, parse_time

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
#: Numbers agree when they differ by no more than this: the kit's own runners compare doubles with it.
_TOLERANCE = Decimal("1e-8")
_NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def run_tck(folder: str | Path) -> dict[str, Any]:
    """Run every case under `folder` (the kit's layout: one folder per topic, models beside `*-test-*.xml`).

    Returns:
        `{suite, passed, failed, cases: [{id, passed, expected, got, reason}]}`; a case passes when all its
        results are as expected. `reason` is "" for a case that passed.
    """
    base = Path(folder)
    cases = [case for file in sorted(base.rglob("*-test-*.xml")) for case in _run_file(file, base)]
    passed = sum(case["passed"] for case in cases)
    return {"suite": "dmn-tck", "passed": passed, "failed": len(cases) - passed, "cases": cases}


def _run_file(file: Path, base: Path) -> Iterator[dict[str, Any]]:
    root = _read(file)
    model, refusal = _model(file.parent / _text(root, "modelName"))
    for case in _children(root, "testCase"):
        case_id = f"{file.parent.relative_to(base)}/{file.stem}#{case.get('id')}"
        expected: dict[str, str] = {}
        got: dict[str, str] = {}
        reasons: list[str] = []
        for result in _children(case, "resultNode"):
            name = str(result.get("name"))
            wanted = _value(next(_children(result, "expected"), None))
            expected[name] = _show(wanted)
            if model is None:
                got[name], reason = "refused", refusal
            else:
                got[name], reason = _judge(model, case, name, wanted, result.get("errorResult") == "true")
            if reason:
                reasons.append(f"{name}: {reason}")
        yield {
            "id": case_id,
            "passed": not reasons,
            "expected": expected,
            "got": got,
            "reason": "; ".join(reasons),
        }


def _model(file: Path) -> tuple[Definitions | None, str]:
    imports = [other.read_bytes() for other in sorted(file.parent.glob("*.dmn")) if other != file]
    try:
        return compile_dmn(file.read_bytes(), imports=imports, file=file.name, tolerant=True), ""
    except DmnError as error:
        return None, str(error)


def _judge(
    model: Definitions, case: etree._Element, name: str, wanted: Any, may_fail: bool
) -> tuple[str, str]:
    """Return what came out, and why that is wrong ("" when it is right)."""
    scope: dict[str, Any] = {}
    for node in _children(case, "inputNode"):
        key = (
            f"{{{node.get('namespace')}}}{node.get('name')}"
            if node.get("namespace")
            else str(node.get("name"))
        )
        scope[key] = _value(node)
    target: Any = model.decision_named(name)
    if case.get("type") == "decisionService":
        target = model.service_named(str(case.get("invocableName")))
    elif target is None:
        target = model.service_named(name)
    if target is None:
        return "missing", "the model has no such decision"
    try:
        value = target.evaluate(scope, now=_NOW)
    except BpmnError as error:
        # An error counts as null: the standard's result of what fails.
        return f"error {error.code}", "" if may_fail or wanted is None else str(error)
    if isinstance(target, Service) and len(target.outputs) > 1 and name != target.name:
        value = value.get(name) if isinstance(value, dict) else None
    right = _agree(value, wanted)
    return _show(value), "" if right else f"expected {_show(wanted)}, got {_show(value)}"


def _agree(got: Any, wanted: Any) -> bool:
    if isinstance(got, Decimal) and isinstance(wanted, Decimal):
        return abs(got - wanted) <= _TOLERANCE * max(Decimal(1), abs(wanted))
    if isinstance(got, list | tuple) and isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(_agree, got, wanted))
    if isinstance(got, dict) and isinstance(wanted, dict):
        return got.keys() == wanted.keys() and all(_agree(got[key], wanted[key]) for key in wanted)
    if type(got) is not type(wanted):
        return False
    return got == wanted or equal(_run(), got, wanted) is True


def _show(value: Any) -> str:
    try:
        return to_text(_run(), value)
    except BpmnError as error:
        return error.code


def _run() -> Run:
    return Run(_NOW, DEFAULT, strict=False)


# --- reading the kit's files -------------------------------------------------------------------------------


def _read(file: Path) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    return etree.fromstring(file.read_bytes(), parser)


def _children(node: etree._Element, tag: str) -> Iterator[etree._Element]:
    return (child for child in node.iterchildren("{*}" + tag))


def _text(node: etree._Element, tag: str) -> str:
    return next((child.text or "" for child in _children(node, tag)), "").strip()


def _value(node: etree._Element | None) -> Any:
    """Return the typed value that an `inputNode`, `expected`, `component` or `item` holds."""
    if node is None or node.get(f"{_XSI}nil") == "true":
        return None
    components = list(_children(node, "component"))
    if components:
        return {str(component.get("name")): _value(component) for component in components}
    for listed in _children(node, "list"):
        return (
            None
            if listed.get(f"{_XSI}nil") == "true"
            else [_value(item) for item in _children(listed, "item")]
        )
    for value in _children(node, "value"):
        return _simple(value)
    return None


def _simple(node: etree._Element) -> Any:
    if node.get(f"{_XSI}nil") == "true":
        return None
    kind = (node.get(f"{_XSI}type") or "xsd:string").partition(":")[2]
    text = node.text or ""
    if kind == "string":
        return text
    text = text.strip()
    if kind == "boolean":
        return text in ("true", "1")
    if kind == "date":
        return parse_date(text)
    if kind == "time":
        return parse_time(text)
    if kind == "dateTime":
        return parse_date_time(text)
    if kind == "duration":
        return parse_duration(text)
    try:
        return Decimal(text)
    except InvalidOperation:
        return text
