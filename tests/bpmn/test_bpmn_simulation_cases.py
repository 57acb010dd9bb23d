"""The file of cases: what it may say, and that each mistake in it is told with its place."""

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

import bpmn
from bpmn.simulation import CasesRefused, check_names, read_cases
from bpmn.simulation.document import Place
from bpmn.simulation.durations import read_duration
from bpmn.simulation.luck import fraction
from support.bpmn_text import end, extension, flow, process, service, start, user

MODEL = bpmn.compile_model(
    {
        "test.bpmn": process(
            start()
            + service("book", type="finance.book")
            + user("check", more='<zeebe:formDefinition formId="check-form"/>')
            + '<receiveTask id="wait" messageRef="m"/>'
            + end()
            + flow("start > book > check > wait > end"),
            definitions='<message id="m" name="paid">'
            + extension('<zeebe:subscription correlationKey="=key"/>')
            + "</message>",
        )
    }
)


def refusal(document: object) -> tuple[str, str | None]:
    """Code and place with which a file is refused, by itself or for the model."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(CasesRefused) as caught:
        check_names(read_cases(content), [MODEL])
    assert caught.value.hint
    return caught.value.code, caught.value.where


def one(**case: object) -> dict[str, object]:
    return {"cases": [{"id": "a", **case}]}


def generated(x: object) -> dict[str, object]:
    return {"generate": {"count": 1, "variables": {"x": x}}}


@pytest.mark.parametrize(
    ("document", "code", "where"),
    [  # @ is the first case
        (b"{", "cases.not-json", "cases.json"),
        (b"\xff", "cases.not-json", "cases.json"),
        (b'{"cases": [NaN]}', "cases.not-json", "cases.json"),
        (b'{"cases": [], "cases": []}', "cases.duplicate-key", "cases"),
        ({}, "cases.none", "the file"),
        ({"case": []}, "cases.unknown-key", "case"),
        ({"cases": {}}, "cases.malformed", "cases"),
        ({"cases": [{}]}, "cases.malformed", "cases[0]"),
        ({"cases": [{"id": "a"}, {"id": "a"}]}, "cases.duplicate-id", "the file"),
        ({"cases": [{"id": "c2"}], "generate": {"count": 2, "id": "c"}}, "cases.duplicate-id", "the file"),
        (one(start="2026-01-01"), "cases.malformed", "@.start"),
        (one(variables={"x": "=1 +"}), "feel.syntax", "@.variables.x"),
        (one(variables={"x": {"y": "=1"}}), "cases.expression-inside", "@.variables.x"),
        (one(jobs={"book": {"duration": "2 hours"}}), "cases.malformed", "@.jobs.book.duration"),
        (one(jobs={"book": {"duration": "P1M"}}), "cases.malformed", "@.jobs.book.duration"),
        (one(jobs={"book": {"duration": {"gamma": 1}}}), "cases.unknown-key", "@.jobs.book.duration.gamma"),
        (one(jobs={"book": {"error": 7}}), "cases.malformed", "@.jobs.book.error"),
        (one(jobs={"book": []}), "cases.malformed", "@.jobs.book"),
        (one(tasks={"check": {"error": "NO"}}), "cases.unknown-key", "@.tasks.check.error"),
        (one(messages=[{"name": "paid"}]), "cases.malformed", "@.messages[0]"),
        (one(messages=[{"name": "paid", "after": "P1D", "key": ""}]), "cases.malformed", "@.messages[0].key"),
        ({"generate": {"count": 0}}, "cases.malformed", "generate.count"),
        (generated(1), "cases.malformed", "generate.variables.x"),
        (generated("text"), "cases.malformed", "generate.variables.x"),
        (generated({"uniform": [2, 1]}), "cases.malformed", "generate.variables.x"),
        (generated({"choice": [1, 2], "weights": [0, 0]}), "cases.malformed", "generate.variables.x"),
        (generated({"normal": {"mean": 0, "deviation": 1}}), "cases.malformed", "generate.variables.x"),
        (one(jobs={"finance.boook": {}}), "cases.unknown-job", "@.jobs"),
        (one(tasks={"chek": {}}), "cases.unknown-task", "@.tasks"),
        (one(messages=[{"name": "payed", "after": "P1D"}]), "cases.unknown-message", "@.messages"),
        (one(signals=[{"name": "stop", "at": "P1D"}]), "cases.unknown-signal", "@.signals"),
        (one(startElement="begin"), "cases.unknown-start", "startElement of case a"),
        ({**one(), "defaults": {"jobs": {"check": {}}}}, "cases.unknown-job", "defaults.jobs"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_code_and_place(document, code, where):
    assert refusal(document) == (code, where.replace("@", "cases[0]"))


def test_an_unknown_name_comes_with_the_one_that_was_meant():
    with pytest.raises(CasesRefused, match=r"Did you mean finance\.book\?"):
        check_names(read_cases(json.dumps(one(jobs={"finance.boook": {}})).encode()), [MODEL])


def test_elements_types_and_forms_are_names():
    document = one(
        jobs={"book": {}, "finance.book": {}},
        tasks={"check": {}, "check-form": {}},
        messages=[{"name": "paid", "after": "P1D"}],
    )
    check_names(read_cases(json.dumps(document).encode()), [MODEL])


def test_fractions_in_the_file_are_decimals():
    file = read_cases(b'{"cases": [{"id": "a", "variables": {"price": 0.10}}]}')
    assert str(file.recorded[0].variables["price"]) == "0.10"


def duration(stated: object) -> object:
    return read_duration(Place(stated, ""))


@pytest.mark.parametrize(
    ("stated", "quantiles"),
    [
        ("PT90M", (5400, 5400, 5400)),
        ({"uniform": ["PT0S", "PT1000S"]}, (100, 500, 900)),
        ({"triangular": ["PT0S", "PT500S", "PT1000S"]}, (224, 500, 776)),
        ({"triangular": ["PT5S", "PT5S", "PT5S"]}, (5, 5, 5)),
        ({"exponential": "PT1000S"}, (105, 693, 2303)),
        ({"lognormal": {"median": "PT1000S", "sigma": 1}}, (278, 1000, 3602)),
        ({"empirical": ["PT3S", "PT1S", "PT2S"]}, (1, 2, 3)),
    ],
)
def test_a_distribution_is_drawn_by_its_quantiles(stated, quantiles):
    """At the luck of one tenth, a half and nine tenths: the inverse distribution functions."""
    found = duration(stated)
    assert tuple(found.draw(luck) for luck in (0.1, 0.5, 0.9)) == tuple(
        timedelta(seconds=each) for each in quantiles
    )


@pytest.mark.parametrize(
    "stated",
    [
        {"uniform": ["PT2S", "PT1S"]},
        {"triangular": ["PT1S", "PT2S"]},
        {"lognormal": {"median": "PT1S"}},
        {"lognormal": {"median": "PT1S", "sigma": -1}},
        {"empirical": []},
        {"uniform": ["PT1S", "PT2S"], "exponential": "PT1S"},
        {},
    ],
)
def test_a_distribution_that_makes_no_sense_is_refused(stated):
    with pytest.raises(CasesRefused):
        duration(stated)


def test_luck_is_even_and_independent_of_its_neighbours():
    draws = [fraction(1, f"case-{number}", "element", 1, "working") for number in range(4_000)]
    assert 0 < min(draws) < max(draws) < 1
    for tenth in range(10):
        assert 300 < sum(tenth <= 10 * each < tenth + 1 for each in draws) < 500
    later = sum(a < b for a, b in pairwise(draws))
    assert 1_850 < later < 2_150


def test_luck_stays_what_it_is():
    """Reports are compared over time: the draw of a place is fixed for good."""
    assert fraction(7, "request-1", "AcceptOffer", 1, "waiting") == 0.4017239057889214


def test_the_documented_file_is_read():
    """The file in docs/simulation.md, with all that a file may say."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "simulation.md").read_text("utf-8")
    shown = text.split("```json\n")[1].split("```")[0]
    file = read_cases(shown.encode())
    assert len(file) == 301
    assert sorted(file.distributions) == [
        "cases[0].jobs.finance.quote.duration",
        "cases[0].tasks.approve-financing.duration",
        "cases[0].tasks.approve-financing.waiting",
        "defaults.messages[0].after",
        "defaults.tasks.ApproveFinancing.duration",
        "defaults.tasks.ApproveFinancing.waiting",
    ]
