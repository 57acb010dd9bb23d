"""Unknown variables: what expressions read though nothing provides it."""

from __future__ import annotations

from collections.abc import Mapping

import bpmn
from bpmn.model.variables import decision_inputs
from support.bpmn_text import end, extension, flow, mapping, process, script, service, start, user

CATALOGUE = bpmn.Catalogue(
    frozenset({"work", "known"}),
    frozenset({"f"}),
    results={"known": frozenset({"score"})},
    answered=frozenset({"completedBy"}),
)
FORM = b'{"id": "f", "components": [{"key": "decision"}, {"components": [{"key": "amount"}]}]}'

Told = list[tuple[str, str | None, str]]


def told(source: bytes, more: Mapping[str, bytes] | None = None) -> Told:
    """(severity, element, variable) of each finding."""
    findings = bpmn.lint({"a.bpmn": source, "f.form": FORM, **(more or {})}, catalogue=CATALOGUE)
    assert [each for each in findings if each.severity == "error" and each.code != "variable.unknown"] == []
    return [
        (each.severity, each.element, each.message.split()[4].rstrip(","))
        for each in findings
        if each.code == "variable.unknown"
    ]


def inputs(names: str) -> str:
    return extension(f'<zeebe:properties><zeebe:property name="inputs" value="{names}"/></zeebe:properties>')


def line(
    *elements: tuple[str, str], declared: str | None = "", more: str = "", definitions: str = ""
) -> bytes:
    """A process of these (id, text) in a row."""
    path = " > ".join(["start", *(identifier for identifier, _ in elements), "end"])
    head = inputs(declared) if declared is not None else ""
    return process(
        head + start() + "".join(text for _, text in elements) + end() + flow(path) + more,
        definitions=definitions,
    )


def reads(expression: str, id: str = "r") -> tuple[str, str]:
    return id, script(id, expression, "out")


def test_declared_inputs_and_results_are_known():
    assert told(line(reads("=a + b"), reads("=out", "again"), declared="a, b")) == []
    assert told(line(reads("=a + b"), declared="a")) == [("warning", "r", "b")]
    assert told(line(reads("=now() &gt; a and count(b) = 1"), declared="a, b")) == []


def test_without_declared_inputs_only_slips_of_the_pen_are_told():
    assert told(line(reads("=anything"), declared=None)) == []
    slip = line(("w", script("w", "=1", "invoiceAmount")), reads("=invioceAmount"), declared=None)
    assert told(slip) == [("warning", "r", "invioceAmount")]
    (finding,) = bpmn.lint({"a.bpmn": slip})
    assert "Did you mean invoiceAmount?" in finding.hint
    numbered = line(("w", script("w", "=1", "amount1")), reads("=amount2"), declared=None)
    assert told(numbered) == []


def test_mappings_bring_what_they_name():
    task = service("w", more=mapping({"x": "=a", "y": "=x"}, {"result.value": "=anything"}))
    assert told(line(("w", task), reads("=result.value"), declared="a")) == []
    assert told(line(("w", task), reads("=x"), declared="a")) == [("warning", "r", "x")]
    missing = service("w", more=mapping({"x": "=b"}, {"result": "=z"}))
    assert told(line(("w", missing), declared="a")) == [("warning", "w", "b")]


def test_a_job_brings_anything_unless_the_catalogue_knows_its_results():
    assert told(line(("w", service("w")), reads("=score"))) == []
    assert told(line(("w", service("w", type="known")), reads("=score"))) == []
    assert told(line(("w", service("w", type="known")), reads("=grade"))) == [("warning", "r", "grade")]
    outputs = service("w", type="known", more=mapping(outputs={"grade": "=skore"}))
    assert told(line(("w", outputs))) == [("warning", "w", "skore")]


def test_a_form_brings_its_fields_and_the_platform_who_answered():
    form = '<zeebe:formDefinition formId="f"/>'
    task = user("u", more=form + mapping(outputs={"by": "=completedBy", "what": "=decision", "n": "=amount"}))
    assert told(line(("u", task))) == []
    slip = user("u", more=form + mapping(outputs={"what": "=decison"}))
    assert told(line(("u", slip))) == [("warning", "u", "decison")]
    assert told(line(("u", user("u")), reads("=decision"))) == [("warning", "r", "decision")]


def test_who_answered_is_told_to_output_mappings_only():
    form = '<zeebe:formDefinition formId="f"/>'
    assert told(line(("u", user("u", more=form)), reads("=completedBy"))) == [("warning", "r", "completedBy")]
    mapped = user("u", more=form + mapping(outputs={"by": "=completedBy"}))
    assert told(line(("u", mapped), reads("=by"))) == []


def test_a_start_form_brings_its_fields():
    form = extension('<zeebe:formDefinition formId="f"/>')
    source = line(reads("=decision")).replace(
        b'<startEvent id="start"/>', f'<startEvent id="start">{form}</startEvent>'.encode()
    )
    assert told(source) == []


def test_variables_of_a_round_stay_inside():
    loop = "<multiInstanceLoopCharacteristics>" + extension(
        '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" '
        'outputCollection="results" outputElement="=found"/>'
    )
    loop += "</multiInstanceLoopCharacteristics>"
    inner = start("s") + script("i", "=item + loopCounter", "found") + end("e") + flow("s > i > e")
    body = f'<subProcess id="each">{loop}{inner}</subProcess>'
    assert told(line(("each", body), reads("=results"), declared="items")) == []
    assert told(line(("each", body), reads("=item"), declared="items")) == [("warning", "r", "item")]
    assert told(line(("each", body), reads("=found"), declared="items")) == [("warning", "r", "found")]
    assert told(line(("each", body))) == [("error", "each", "items")]


def test_what_a_subprocess_makes_comes_out_of_it():
    inner = start("s") + script("i", "=a", "made") + end("e") + flow("s > i > e")
    plain = f'<subProcess id="sub">{inner}</subProcess>'
    assert told(line(("sub", plain), reads("=made"), declared="a")) == []
    mapped = f'<subProcess id="sub">{extension(mapping(outputs={"kept": "=made"}))}{inner}</subProcess>'
    assert told(line(("sub", mapped), reads("=kept"), declared="a")) == []
    assert told(line(("sub", mapped), reads("=made"), declared="a")) == [("warning", "r", "made")]


def test_called_processes_see_what_they_are_given():
    def calling(attributes: str, more: str = "") -> tuple[str, str]:
        target = extension(f'<zeebe:calledElement processId="q" {attributes}/>{more}')
        return "c", f'<callActivity id="c">{target}</callActivity>'

    called = {
        "q.bpmn": process(start("s") + script("i", "=a", "made") + end("e") + flow("s > i > e"), id="q")
    }
    assert told(line(calling(""), reads("=made"), declared="a"), called) == []
    assert told(line(calling(""), declared="b"), called) == [("warning", "i", "a")]
    alone = 'propagateAllParentVariables="false"'
    assert told(line(calling(alone), declared="a"), called) == [("warning", "i", "a")]
    assert told(line(calling(alone, mapping({"a": "=b"})), declared="b"), called) == []
    silent = 'propagateAllChildVariables="false"'
    assert told(line(calling(silent), reads("=made"), declared="a"), called) == [("warning", "r", "made")]


def test_what_must_not_be_null_is_an_error_where_it_surely_is():
    conditions = {"way-a": "=approved"}
    source = process(
        inputs("x")
        + start()
        + '<exclusiveGateway id="way" default="way-end"/>'
        + user("a")
        + end()
        + flow("start > way > a > end", conditions)
        + flow("way > end")
    )
    assert told(source) == [("error", "way", "approved")]
    assert told(source.replace(b"=approved", b"=approved = true")) == [("warning", "way", "approved")]
    timer = (
        '<intermediateCatchEvent id="t"><timerEventDefinition><timeDate>=due.at</timeDate>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )
    assert told(line(("t", timer))) == [("error", "t", "due")]
    message = (
        '<message id="M" name="m">' + extension('<zeebe:subscription correlationKey="=key"/>') + "</message>"
    )
    brings = extension(mapping(outputs={"got": "=x"}))
    receive = f'<receiveTask id="m" messageRef="M">{brings}</receiveTask>'
    assert told(line(("m", receive), definitions=message)) == [("error", "m", "key")]


def test_assignments_and_due_dates_are_read():
    task = user(
        "u", more='<zeebe:assignmentDefinition assignee="=owner"/><zeebe:taskSchedule dueDate="=due"/>'
    )
    assert told(line(("u", task))) == [("warning", "u", "owner"), ("warning", "u", "due")]
    assert told(line(("u", task), declared="owner, due")) == []


DMN = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
  <decision id="band" name="band">
    <informationRequirement><requiredDecision href="#base"/></informationRequirement>
    <literalExpression><text>base + surcharge</text></literalExpression></decision>
  <decision id="base" name="base"><variable name="base"/>
    <literalExpression><text>amount * 2</text></literalExpression></decision>
</definitions>"""


def test_a_decision_reads_the_variables_of_its_task():
    called = extension(
        '<zeebe:calledDecision decisionId="band" resultVariable="out"/>' + mapping({"amount": "=a"})
    )
    task = ("b", f'<businessRuleTask id="b">{called}</businessRuleTask>')
    dmn = {"band.dmn": DMN}
    assert told(line(task, reads("=out", "after"), declared="a, surcharge"), dmn) == []
    assert told(line(task, declared="a"), dmn) == [("warning", "b", "surcharge")]
    model = bpmn.compile_model({"a.bpmn": line(task), **dmn})
    assert decision_inputs(model.decisions["band"]) == {"amount", "surcharge"}
