"""Forms: what a person may answer, by form-js and by JSON Schema, checked on the server."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from core import InvalidInput
from workflows.forms import check_draft, check_form, read_answers

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TERMS: dict[str, Any] = orjson.loads((Path(__file__).parent / "models" / "terms.form").read_bytes())


def form(*components: dict[str, Any]) -> dict[str, Any]:
    return {"id": "f", "components": list(components)}


def read(schema: dict[str, Any], answers: dict[str, Any], **shown: Any) -> dict[str, Any]:
    check_form(schema)
    return read_answers(schema, answers, shown=shown, now=NOW)


def refusal(schema: dict[str, Any], answers: dict[str, Any], **shown: Any) -> tuple[str, str | None]:
    with pytest.raises(InvalidInput) as refused:
        read(schema, answers, **shown)
    return refused.value.code, refused.value.where


TEXT = {"type": "textfield", "key": "code", "validate": {"minLength": 2, "pattern": "^[A-Z]+[0-9]*$"}}
NUMBER = {"type": "number", "key": "n", "decimalDigits": 2, "validate": {"min": "=least", "max": 9.5}}
CHOICE = {"type": "select", "key": "c", "values": [{"value": "a"}, {"value": 2}, {"value": True}]}
FROM_KEY = {"type": "radio", "key": "c", "valuesKey": "offer.kinds"}
BY_RULE = {"type": "select", "key": "c", "valuesExpression": "=for x in offer.kinds return upper case(x)"}
LIST = {"type": "checklist", "key": "all", "values": [{"value": "a"}, {"value": "b"}]}
OFFER = {"offer": {"kinds": ["a", "b"]}}


@pytest.mark.parametrize(
    ("component", "answer", "value", "shown"),
    [
        (TEXT, "AB1", "AB1", {}),
        (NUMBER, "3.25", Decimal("3.25"), {"least": Decimal(3)}),
        (CHOICE, "a", "a", {}),
        (CHOICE, "2", Decimal(2), {}),
        (CHOICE, True, True, {}),
        (FROM_KEY, "b", "b", OFFER),
        (BY_RULE, "B", "B", OFFER),
        (LIST, ["b", "a"], ["b", "a"], {}),
        ({"type": "taglist", "key": "all", "values": [{"value": "a"}]}, ["a"], ["a"], {}),
        ({"type": "datetime", "key": "d"}, "2026-11-23", date(2026, 11, 23), {}),
        ({"type": "datetime", "key": "d", "subtype": "time"}, "09:30", time(9, 30), {}),
        ({"type": "datetime", "key": "d", "subtype": "time"}, "09:30Z", time(9, 30, tzinfo=UTC), {}),
        (
            {"type": "datetime", "key": "d", "subtype": "datetime"},
            "2026-11-23T09:30Z",
            datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
            {},
        ),
        (
            {"type": "textfield", "key": "m", "validate": {"validationType": "email"}},
            "a@b.example",
            "a@b.example",
            {},
        ),
    ],
)
def test_an_answer_becomes_a_value(component: dict[str, Any], answer: Any, value: Any, shown: Any) -> None:
    assert read(form(component), {component["key"]: answer}, **shown) == {component["key"]: value}


@pytest.mark.parametrize(
    ("component", "answer", "shown"),
    [
        (TEXT, "A", {}),
        (TEXT, " A ", {}),
        (TEXT, "ab1", {}),
        (TEXT, 12, {}),
        (NUMBER, "2.99", {"least": Decimal(3)}),
        (NUMBER, "9.51", {}),
        (NUMBER, "9.51", {"least": "much"}),
        (NUMBER, "3.001", {}),
        (CHOICE, "b", {}),
        (CHOICE, 1, {}),
        (FROM_KEY, "c", OFFER),
        (FROM_KEY, "a", {}),
        (BY_RULE, "b", OFFER),
        (LIST, "a", {}),
        (LIST, ["c"], {}),
        (LIST, ["a", "a"], {}),
        ({"type": "datetime", "key": "d"}, "20261123", {}),
        ({"type": "datetime", "key": "d"}, 20261123, {}),
        ({"type": "datetime", "key": "d", "disallowPassedDates": True}, "2026-11-22", {}),
        ({"type": "datetime", "key": "d", "subtype": "time"}, "25:00", {}),
        ({"type": "datetime", "key": "d", "subtype": "datetime"}, "2026-11-23", {}),
        ({"type": "textfield", "key": "m", "validate": {"validationType": "email"}}, "a@b", {}),
        ({"type": "textfield", "key": "m", "validate": {"validationType": "phone"}}, "0301234", {}),
        ({"type": "textarea", "key": "t"}, "x" * 4001, {}),
    ],
)
def test_an_answer_against_a_rule_is_refused(component: dict[str, Any], answer: Any, shown: Any) -> None:
    code, where = refusal(form(component), {component["key"]: answer}, **shown)
    assert code == "task.answer_invalid"
    assert where is not None
    assert where.startswith(f"variables.{component['key']}")


@pytest.mark.parametrize(
    ("component", "answers"),
    [
        ({"type": "textfield", "key": "x"}, {"x": ""}),
        ({"type": "checkbox", "key": "x"}, {"x": False}),
        ({"type": "taglist", "key": "x", "values": [{"value": "a"}]}, {"x": []}),
        ({"type": "number", "key": "x"}, {}),
    ],
)
def test_what_is_required_must_be_there(component: dict[str, Any], answers: dict[str, Any]) -> None:
    schema = form({**component, "validate": {"required": True}})
    assert refusal(schema, answers) == ("task.answer_missing", "variables.x")


CONDITIONAL = form(
    {"type": "radio", "key": "decision", "values": [{"value": "approve"}, {"value": "reject"}]},
    {
        "type": "group",
        "conditional": {"hide": '=decision = "approve"'},
        "components": [
            {"type": "textarea", "key": "reason", "validate": {"required": True}},
            {
                "type": "number",
                "key": "fee",
                "conditional": {"hide": "=grade > 3"},
                "validate": {"required": True, "max": 5},
            },
        ],
    },
)


def test_what_a_condition_hides_is_neither_required_nor_taken() -> None:
    answers = {"decision": "approve", "reason": "left from before", "fee": "7"}
    assert read(CONDITIONAL, answers, grade=Decimal(1)) == {"decision": "approve"}
    assert refusal(CONDITIONAL, {"decision": "reject"}, grade=Decimal(1)) == (
        "task.answer_missing",
        "variables.reason",
    )
    rejected = {"decision": "reject", "reason": "late"}
    assert refusal(CONDITIONAL, rejected, grade=Decimal(1)) == ("task.answer_missing", "variables.fee")
    assert read(CONDITIONAL, rejected, grade=Decimal(4)) == rejected
    assert refusal(CONDITIONAL, {**rejected, "fee": "7"}, grade=Decimal(1))[0] == "task.answer_invalid"


def test_paths_nest_and_lists_have_rows() -> None:
    schema = form(
        {"type": "group", "path": "party", "components": [{"type": "textfield", "key": "address.city"}]},
        {
            "type": "dynamiclist",
            "path": "lines",
            "components": [
                {"type": "number", "key": "quantity", "validate": {"required": True}},
                {"type": "textfield", "key": "why", "conditional": {"hide": "=quantity < 10"}},
            ],
        },
    )
    answers = {
        "party": {"address": {"city": "Lyon"}},
        "lines": [{"quantity": "3", "why": "x"}, {"quantity": 12, "why": "y"}],
    }
    assert read(schema, answers) == {
        "party": {"address": {"city": "Lyon"}},
        "lines": [{"quantity": Decimal(3)}, {"quantity": Decimal(12), "why": "y"}],
    }
    assert refusal(schema, {"lines": [{"quantity": 1}, {}]}) == (
        "task.answer_missing",
        "variables.lines[1].quantity",
    )
    assert refusal(schema, {"party": {"address": {"street": "x"}}}) == (
        "task.answer_unknown",
        "variables.party.address.street",
    )
    assert refusal(schema, {"lines": [{"other": 1, "quantity": 1}]})[0] == "task.answer_unknown"
    assert refusal(schema, {"lines": {"quantity": 1}}) == ("task.answer_invalid", "variables.lines")


def test_what_is_computed_is_computed_here() -> None:
    schema = form(
        {"type": "number", "key": "net"},
        {"type": "expression", "key": "gross", "expression": "=net * 1.2"},
    )
    assert read(schema, {"net": "10"}) == {"net": Decimal(10), "gross": Decimal(12)}
    assert refusal(schema, {"net": "10", "gross": "1"})[0] == "task.answer_unknown"


@pytest.mark.parametrize("setting", [{"readonly": True}, {"disabled": True}, {"readonly": "=locked"}])
def test_what_cannot_be_filled_in_is_not_asked(setting: dict[str, Any]) -> None:
    schema = form({"type": "textfield", "key": "x", **setting})
    assert refusal(schema, {"x": "y"}, locked=True) == ("task.answer_unknown", "variables.x")


def test_a_pattern_that_would_take_for_ever_takes_no_time() -> None:
    schema = form({"type": "textfield", "key": "x", "validate": {"pattern": "^(a+)+$"}})
    assert refusal(schema, {"x": "a" * 200 + "b"})[0] == "task.answer_invalid"


@pytest.mark.parametrize(
    ("component", "code"),
    [
        ({"type": "filepicker", "key": "x"}, "form.kind_unknown"),
        ({"type": "textfield"}, "form.invalid"),
        ({"type": "dynamiclist", "components": []}, "form.invalid"),
        ({"type": "select", "key": "x"}, "form.rule_invalid"),
        ({"type": "textfield", "key": "x", "validate": {"pattern": "(?=a)"}}, "form.rule_invalid"),
        ({"type": "textfield", "key": "x", "conditional": {"hide": "=1 +"}}, "form.rule_invalid"),
        ({"type": "number", "key": "x", "validate": {"min": "much"}}, "form.rule_invalid"),
        ({"type": "textfield", "key": "completedBy"}, "form.name_reserved"),
        ({"type": "textfield", "key": "onBehalfOf"}, "form.name_reserved"),
    ],
)
def test_a_form_that_cannot_be_checked_is_not_deployed(component: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_form(form(component))
    assert refused.value.code == code


def test_a_json_schema_is_a_form() -> None:
    check_form(TERMS)
    assert read(TERMS, {"rate": 0, "months": 6}) == {"rate": Decimal(0), "months": Decimal(6)}
    assert read(
        TERMS, {"rate": "0.25", "months": "12", "from": "2026-12-01", "contact": {"code": "DE1"}}
    ) == {
        "rate": Decimal("0.25"),
        "months": Decimal(12),
        "from": date(2026, 12, 1),
        "contact": {"code": "DE1"},
    }


@pytest.mark.parametrize(
    ("answers", "code", "where"),
    [
        ({}, "task.answer_missing", "variables"),
        ({"rate": "0.51"}, "task.answer_invalid", "variables.rate"),
        ({"rate": "0.255"}, "task.answer_invalid", "variables.rate"),
        ({"rate": "much"}, "task.answer_invalid", "variables.rate"),
        ({"rate": "0.1", "months": "1.5"}, "task.answer_invalid", "variables.months"),
        ({"rate": "0.1", "months": 0}, "task.answer_invalid", "variables.months"),
        ({"rate": True}, "task.answer_invalid", "variables.rate"),
        ({"rate": 0, "from": "2026-02-30"}, "task.answer_invalid", "variables.from"),
        ({"rate": 0, "contact": {"code": "de"}}, "task.answer_invalid", "variables.contact.code"),
        ({"rate": 0, "contact": {"name": "x"}}, "task.answer_invalid", "variables.contact"),
        ({"rate": 0, "other": 1}, "task.answer_unknown", "variables.other"),
    ],
)
def test_answers_against_a_json_schema_are_refused(answers: dict[str, Any], code: str, where: str) -> None:
    assert refusal(TERMS, answers) == (code, where)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "array"},
        {"properties": {}},
        {"properties": {"x": {"$ref": "https://elsewhere.example/schema"}}},
        {"properties": {"x": {"$ref": "#/$defs/nothing"}}},
        {"properties": {"x": {"patternProperties": {"(a+)+": {}}}}},
        {"properties": {"x": {"pattern": "(?=a)"}}},
        {"properties": {"x": {"type": "nothing"}}},
        {"properties": {"completedBy": {"type": "string"}}},
    ],
)
def test_a_json_schema_that_cannot_be_checked_is_not_deployed(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        check_form({**TERMS, **change})


@pytest.mark.parametrize(
    ("schema", "name"),
    [(form({"type": "number", "key": "n"}), "n"), (TERMS, "rate")],
    ids=("form-js", "schema"),
)
def test_a_draft_fills_in_only_what_is_asked(schema: dict[str, Any], name: str) -> None:
    check_draft(schema, {name: "no number yet"})
    with pytest.raises(InvalidInput) as refused:
        check_draft(schema, {"other": 1})
    assert refused.value.code == "task.answer_unknown"
