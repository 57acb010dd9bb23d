"""Decisions that rest on others: requirement graphs, functions, services, imports, types."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from bpmn.dmn import DmnRefused, compile_dmn
from bpmn.dmn.source import NAMESPACES
from bpmn.feel import FeelError, Limits

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DMN15 = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def model(body: str, *, namespace: str = "urn:m", dmn: str = DMN15) -> bytes:
    return f'<definitions xmlns="{dmn}" id="m" name="m" namespace="{namespace}">{body}</definitions>'.encode()


def literal(text: str) -> str:
    return f"<literalExpression><text><![CDATA[{text}]]></text></literalExpression>"


def needs(*hrefs: str) -> str:
    kinds = ["requiredInput" if href.startswith("#in") else "requiredDecision" for href in hrefs]
    return "".join(
        f'<informationRequirement><{kind} href="{href}"/></informationRequirement>'
        for kind, href in zip(kinds, hrefs, strict=True)
    )


def decision(name: str, logic: str, requirements: str = "", kind: str = "") -> str:
    kind = f' typeRef="{kind}"' if kind else ""
    return (
        f'<decision id="{name}" name="{name}"><variable name="{name}"{kind}/>{requirements}{logic}</decision>'
    )


def evaluate(xml: bytes, name: str, **scope: Any) -> Any:
    return compile_dmn(xml).decisions[name].evaluate(scope, now=NOW)


def test_a_decision_rests_on_others_and_on_input_data() -> None:
    xml = model(
        '<inputData id="in1" name="net amount"><variable name="net amount" typeRef="number"/></inputData>'
        + decision("tax", literal("net amount * 0.2"), needs("#in1"))
        + decision("gross", literal("net amount + tax"), needs("#in1", "#tax"))
    )
    assert evaluate(xml, "gross", **{"net amount": Decimal(10)}) == 12


def test_a_decision_without_declared_input_reads_the_callers_variables() -> None:
    xml = model(decision("double", literal("amount * 2")))
    assert evaluate(xml, "double", amount=Decimal(4)) == 8
    assert compile_dmn(xml).decisions["double"].names == {"amount"}
    assert evaluate(xml, "double") is None


def test_a_knowledge_model_is_a_function_and_may_call_itself() -> None:
    xml = model(
        '<businessKnowledgeModel id="f" name="fact"><variable name="fact"/><encapsulatedLogic>'
        '<formalParameter name="n" typeRef="number"/>'
        + literal("if n = 0 then 1 else n * fact(n - 1)")
        + "</encapsulatedLogic></businessKnowledgeModel>"
        + decision(
            "d",
            literal("fact(10)"),
            '<knowledgeRequirement><requiredKnowledge href="#f"/></knowledgeRequirement>',
        )
    )
    assert evaluate(xml, "d") == 3_628_800


def test_a_decision_service_is_called_with_its_inputs_alone() -> None:
    xml = model(
        '<inputData id="in1" name="x"><variable name="x"/></inputData>'
        + decision("inner", literal("x + y"), needs("#in1"))
        + '<decisionService id="s" name="s"><variable name="s"/><outputDecision href="#inner"/>'
        '<inputData href="#in1"/></decisionService>'
        + decision(
            "d",
            literal("s(1)"),
            '<knowledgeRequirement><requiredKnowledge href="#s"/></knowledgeRequirement>',
        )
    )
    assert evaluate(xml, "d", y=Decimal(5)) is None
    assert compile_dmn(xml).services["s"].evaluate({"x": Decimal(1)}, now=NOW) is None


def test_an_imported_model_is_seen_behind_its_prefix() -> None:
    shared = model(
        '<itemDefinition name="tRate"><typeRef>number</typeRef></itemDefinition>'
        + decision("base rate", literal("3")),
        namespace="urn:shared",
    )
    xml = model(
        f'<import name="shared" namespace="urn:shared" importType="{DMN15}"/>'
        + decision("d", literal("shared.base rate + 1"), needs("urn:shared#base rate"), kind="shared.tRate")
    )
    assert compile_dmn(xml, imports=[shared]).decisions["d"].evaluate({}, now=NOW) == 4
    with pytest.raises(DmnRefused) as caught:
        compile_dmn(xml)
    assert "dmn.import_missing" in {finding.code for finding in caught.value.findings}


def test_a_value_is_fitted_to_its_declared_type() -> None:
    types = (
        '<itemDefinition name="tGrade"><typeRef>string</typeRef>'
        '<allowedValues><text>"A", "B"</text></allowedValues></itemDefinition>'
    )
    for text, expected in [('"A"', "A"), ('["A"]', "A"), ('"C"', None), ("1", None)]:
        assert evaluate(model(types + decision("d", literal(text), kind="tGrade")), "d") == expected


def test_boxes_nest_and_see_what_stands_before_them() -> None:
    context = (
        '<context><contextEntry><variable name="unit price"/>'
        + literal("3")
        + '</contextEntry><contextEntry><variable name="total"/>'
        + literal("unit price * 2")
        + "</contextEntry><contextEntry><conditional><if>"
        + literal("total > 5")
        + "</if><then>"
        + literal("total")
        + "</then><else>"
        + literal("0")
        + "</else></conditional></contextEntry></context>"
    )
    assert evaluate(model(decision("d", context)), "d") == 6


@pytest.mark.parametrize("namespace", [uri for uri in NAMESPACES])
def test_every_version_of_dmn_is_read(namespace: str) -> None:
    assert evaluate(model(decision("d", literal("1")), dmn=namespace), "d") == 1


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]><definitions>&c;</definitions>'


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"no xml", "dmn.not_xml"),
        (b"", "dmn.not_xml"),
        (BOMB, "dmn.doctype"),
        (b"<definitions/>", "dmn.not_dmn"),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"/>', "dmn.not_dmn"),
        (b"<a>" + b" " * 11_000_000 + b"</a>", "dmn.too_large"),
        (model("<list>" * 150 + "</list>" * 150), "dmn.too_deep"),
        (model(decision("d", "")), "dmn.no_logic"),
        (model(decision("d", literal("1"), needs("#nowhere"))), "dmn.unknown_reference"),
        (
            model(decision("a", literal("b"), needs("#b")) + decision("b", literal("a"), needs("#a"))),
            "dmn.cycle",
        ),
        (model(decision("a", literal("1")) + decision("a", literal("2"))), "dmn.duplicate_id"),
        (model(decision("d", '<functionDefinition kind="Java"/>')), "dmn.function_kind"),
        (
            model(
                decision(
                    "d",
                    '<literalExpression expressionLanguage="javascript"><text>1</text></literalExpression>',
                )
            ),
            "dmn.expression_language",
        ),
    ],
)
def test_what_is_not_executed_is_refused_with_a_reason(xml: bytes, code: str) -> None:
    with pytest.raises(DmnRefused) as caught:
        compile_dmn(xml)
    assert code in {finding.code for finding in caught.value.findings}
    assert all(finding.hint for finding in caught.value.findings)


def test_all_reasons_are_told_at_once() -> None:
    xml = model(decision("a", literal("1 +")) + decision("b", literal("(")) + decision("c", ""))
    with pytest.raises(DmnRefused) as caught:
        compile_dmn(xml)
    assert len(caught.value.findings) == 3


def test_the_work_of_a_whole_graph_is_bounded() -> None:
    xml = model(
        decision("a", literal("for i in 1..1000 return i")) + decision("b", literal("sum(a)"), needs("#a"))
    )
    with pytest.raises(FeelError, match="limit"):
        compile_dmn(xml).decisions["b"].evaluate({}, now=NOW, limits=Limits(steps=500))
