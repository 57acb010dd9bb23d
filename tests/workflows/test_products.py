"""The shipped products: each passes the deployment check, is drawn completely, and asks by its forms."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from lxml import etree

from bpmn import Catalogue, compile_model, lint
from core import InvalidInput
from workflows import forms
from workflows.definitions import catalogue, product_sources, shipped_products
from workflows.effects.platform import platform_effects

DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DRAWN = ("Event", "Task", "task", "Gateway", "subProcess", "callActivity", "sequenceFlow")


def encoded(key: str) -> dict[str, bytes]:
    return {name: text.encode() for name, text in product_sources(key).items()}


@pytest.mark.parametrize("key", shipped_products())
def test_a_product_passes_the_deployment_check(key: str) -> None:
    known = catalogue(product_sources(key), platform_effects().job_types)
    assert lint(encoded(key), catalogue=known, process=key) == []
    assert compile_model(encoded(key), process=key).process_id == key


@pytest.mark.parametrize("key", shipped_products())
def test_every_element_of_a_product_is_drawn(key: str) -> None:
    for name, content in encoded(key).items():
        if name.endswith(".bpmn"):
            root = etree.fromstring(content)
            drawn = {shape.get("bpmnElement") for shape in root.iter(f"{DI}BPMNShape", f"{DI}BPMNEdge")}
            elements = {
                element.get("id")
                for element in root.iter(f"{MODEL}*")
                if isinstance(element.tag, str) and element.tag.endswith(DRAWN)
            }
            assert elements - drawn == set()


@pytest.mark.parametrize("key", shipped_products())
def test_every_job_type_that_a_product_lacks_is_found(key: str) -> None:
    used = platform_effects().job_types
    for job_type in ("finance.purchase", "finance.check-invoice"):
        findings = lint(encoded(key), catalogue=Catalogue(used - {job_type}, frozenset()), process=key)
        assert any(finding.code == "job.unknown-type" and job_type in finding.message for finding in findings)


def test_the_platform_starts_a_process_by_the_messages_that_it_names() -> None:
    product = encoded("factoring")
    root = etree.fromstring(product["factoring.bpmn"])
    message = etree.SubElement(root, f"{MODEL}message", id="begin", name="begin")
    root.insert(0, message)
    (start,) = root.find(f"{MODEL}process").iterchildren(f"{MODEL}startEvent")
    etree.SubElement(start, f"{MODEL}messageEventDefinition", id="by", messageRef="begin")
    product["factoring.bpmn"] = etree.tostring(root)
    known = catalogue(product_sources("factoring"), platform_effects().job_types)
    findings = [
        each for each in lint(product, catalogue=known, process="factoring") if each.severity == "error"
    ]
    assert findings == []


def test_two_compilations_of_the_same_files_are_one_model() -> None:
    first = compile_model(encoded("factoring"), process="factoring")
    again = compile_model(dict(reversed(encoded("factoring").items())), process="factoring")
    assert first.hash == again.hash
    changed = {**encoded("factoring"), "pricing.dmn": encoded("factoring")["pricing.dmn"] + b"\n"}
    assert compile_model(changed, process="factoring").hash != first.hash


def read_answers(form: dict[str, Any] | None, answers: dict[str, Any]) -> dict[str, Any]:
    return forms.read_answers(form, answers, shown={}, now=datetime(2026, 11, 23, tzinfo=UTC))


FORM: dict[str, Any] = {
    "id": "f",
    "components": [
        {"type": "text", "text": "Read this."},
        {
            "type": "group",
            "components": [
                {
                    "type": "radio",
                    "key": "decision",
                    "values": [{"label": "Yes", "value": "yes"}],
                    "validate": {"required": True},
                }
            ],
        },
        {"type": "number", "key": "amount", "validate": {"min": 0, "max": 10}},
        {"type": "checkbox", "key": "urgent"},
        {"type": "textfield", "key": "note", "validate": {"maxLength": 5}},
        {"type": "textfield", "key": "shown", "readonly": True},
    ],
}


def test_answers_become_feel_values() -> None:
    assert read_answers(FORM, {"decision": "yes", "amount": "2.50", "urgent": True, "note": "abc"}) == {
        "decision": "yes",
        "amount": Decimal("2.50"),
        "urgent": True,
        "note": "abc",
    }


@pytest.mark.parametrize(
    ("answers", "code", "where"),
    [
        ({}, "task.answer_missing", "variables.decision"),
        ({"decision": "no"}, "task.answer_invalid", "variables.decision"),
        ({"decision": "yes", "amount": "11"}, "task.answer_invalid", "variables.amount"),
        ({"decision": "yes", "amount": True}, "task.answer_invalid", "variables.amount"),
        ({"decision": "yes", "amount": "Infinity"}, "task.answer_invalid", "variables.amount"),
        ({"decision": "yes", "amount": "-1e999999"}, "task.answer_invalid", "variables.amount"),
        ({"decision": "yes", "amount": "1_0"}, "task.answer_invalid", "variables.amount"),
        ({"decision": "yes", "amount": "٣"}, "task.answer_invalid", "variables.amount"),
        ({"decision": "yes", "urgent": "yes"}, "task.answer_invalid", "variables.urgent"),
        ({"decision": "yes", "note": "abcdef"}, "task.answer_invalid", "variables.note"),
        ({"decision": "yes", "shown": "x"}, "task.answer_unknown", "variables.shown"),
    ],
)
def test_other_answers_are_refused(answers: dict[str, Any], code: str, where: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_answers(FORM, answers)
    assert (refusal.value.code, refusal.value.where) == (code, where)


def test_a_task_without_a_form_asks_nothing() -> None:
    assert read_answers(None, {}) == {}
    with pytest.raises(InvalidInput):
        read_answers(None, {"decision": "yes"})


@pytest.mark.parametrize("key", shipped_products())
def test_every_form_is_asked_and_every_asked_form_is_there(key: str) -> None:
    sources = product_sources(key)
    model = compile_model(encoded(key), process=key)
    asked = {element.config.form for element in model.elements.values() if element.tag == "userTask"}
    forms = {orjson.loads(text)["id"] for name, text in sources.items() if name.endswith(".form")}
    assert asked == forms
