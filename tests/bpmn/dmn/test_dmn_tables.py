"""Decision tables by their hit policies, as analysts draw them with Camunda's modeller."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from bpmn.dmn import DmnRefused, HitPolicyViolated, compile_dmn

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:m">'


def table(policy: str, rows: Sequence[tuple[str, ...]], *, output: str = "", aggregation: str = "") -> bytes:
    """Return a model with one table: input `amount`, and the output columns that `rows` have."""
    names = ["band", "rate"][: len(rows[0]) - 1]
    columns = "".join(f'<output id="o{i}" name="{name}">{output}</output>' for i, name in enumerate(names))
    rules = "".join(
        f'<rule id="r{i}"><inputEntry id="c{i}"><text><![CDATA[{cell}]]></text></inputEntry>'
        + "".join(f'<outputEntry id="e{i}{j}"><text>{out}</text></outputEntry>' for j, out in enumerate(outs))
        + "</rule>"
        for i, (cell, *outs) in enumerate(rows)
    )
    attributes = f'hitPolicy="{policy}"' + (f' aggregation="{aggregation}"' if aggregation else "")
    return (
        f'{HEAD}<decision id="d" name="D"><decisionTable id="t" {attributes}><input id="i">'
        f'<inputExpression id="x" typeRef="number"><text>amount</text></inputExpression></input>'
        f"{columns}{rules}</decisionTable></decision></definitions>"
    ).encode()


def decide(model: bytes, amount: Any) -> Any:
    value = None if amount is None else Decimal(amount)
    return compile_dmn(model).decisions["d"].evaluate({"amount": value}, now=NOW)


OVERLAPPING = [("< 10", '"small"'), ("< 100", '"medium"'), ("-", '"large"')]
NUMBERS = [("< 10", "1"), ("< 100", "2"), ("-", "4")]
RANKED = '<outputValues><text>"large", "medium", "small"</text></outputValues>'


def test_unique_gives_the_only_match() -> None:
    model = table("UNIQUE", [("< 10", '"small"'), (">= 10", '"large"')])
    assert decide(model, 3) == "small"
    assert decide(model, 30) == "large"


def test_unique_and_any_tell_a_contradiction_with_the_table() -> None:
    for policy in ("UNIQUE", "ANY"):
        with pytest.raises(HitPolicyViolated) as caught:
            decide(table(policy, OVERLAPPING), 3)
        assert (caught.value.code, caught.value.where) == ("dmn.hit_policy_violated", "t")
        assert caught.value.hint


def test_any_is_content_when_the_matches_agree() -> None:
    assert decide(table("ANY", [("< 10", '"x"'), ("< 100", '"x"')]), 3) == "x"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("FIRST", "small"),
        ("PRIORITY", "large"),
        ("RULE ORDER", ["small", "medium", "large"]),
        ("OUTPUT ORDER", ["large", "medium", "small"]),
        ("COLLECT", ["small", "medium", "large"]),
    ],
)
def test_overlapping_rules_are_resolved_by_the_policy(policy: str, expected: Any) -> None:
    assert decide(table(policy, OVERLAPPING, output=RANKED), 3) == expected


@pytest.mark.parametrize(("aggregation", "expected"), [("SUM", 7), ("COUNT", 3), ("MIN", 1), ("MAX", 4)])
def test_collect_aggregates(aggregation: str, expected: int) -> None:
    assert decide(table("COLLECT", NUMBERS, aggregation=aggregation), 3) == expected


def test_several_outputs_make_a_context() -> None:
    model = table("FIRST", [("< 10", '"small"', "0.02"), ("-", '"large"', "0.01")])
    assert decide(model, 3) == {"band": "small", "rate": Decimal("0.02")}


def test_no_match_gives_the_default_or_null() -> None:
    assert decide(table("UNIQUE", [("< 10", '"small"')]), 30) is None
    default = '<defaultOutputEntry><text>"other"</text></defaultOutputEntry>'
    assert decide(table("UNIQUE", [("< 10", '"small"')], output=default), 30) == "other"


def test_a_missing_input_is_null_and_only_passes_what_null_passes() -> None:
    model = table("FIRST", [("< 10", '"small"'), ("null", '"unknown"'), ("-", '"large"')])
    assert decide(model, None) == "unknown"


@pytest.mark.parametrize(
    ("model", "code", "element"),
    [
        (table("UNIQUE", [("< < 10", '"x"')]), "dmn.bad_expression", "c0"),
        (table("UNIQUE", [("< 10", "1 +")]), "dmn.bad_expression", "e00"),
        (table("BEST", [("< 10", "1")]), "dmn.hit_policy", "t"),
        (table("COLLECT", [("-", "1", "2")], aggregation="SUM"), "dmn.hit_policy", "t"),
        (table("UNIQUE", [("-", "1")]).replace(b'"number"', b'"nmber"'), "dmn.unknown_type", "i"),
        (table("UNIQUE", [("-", "1"), ("-", "1", "2")]), "dmn.row_width", "r1"),
    ],
)
def test_a_table_that_cannot_be_executed_is_refused_at_its_element(
    model: bytes, code: str, element: str
) -> None:
    with pytest.raises(DmnRefused) as caught:
        compile_dmn(model, file="bands.dmn")
    finding = caught.value.findings[0]
    assert (finding.code, finding.element, finding.file) == (code, element, "bands.dmn")
    assert finding.message
    assert finding.hint
