"""Importing SpiffArena's models: what is carried over runs as it ran there, and the rest is told.

Each model is written as SpiffArena's modeler writes it, run by SpiffWorkflow with its Python, imported, and
run here; both must complete the same elements and leave the same variables.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from typer.testing import CliRunner

import bpmn
from bpmn.importers import Imported, import_spiffworkflow
from bpmn.values import from_json, to_json
from scf.commands.process import app
from support.bpmn_text import NOON, refused
from support.spiff_oracle import python_run

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="Definitions_1" '
    'targetNamespace="http://bpmn.io/schema/bpmn">'
)
MADE_BY_IMPORT = ("_before", "_after")


def model(content: str, *, definitions: str = "", after: str = "") -> bytes:
    """A file with one process; flows are written as `a > b`, one per line, with `if` and a condition."""
    process = f'<bpmn:process id="Process_1" isExecutable="true">{content}</bpmn:process>'
    return f"{HEAD}{definitions}{process}{after}</bpmn:definitions>".encode()


def flows(*paths: str, **conditions: str) -> str:
    text = ""
    for path in paths:
        steps = path.split(" > ")
        for source, target in pairwise(steps):
            name = f"{source}_{target}"
            condition = conditions.get(name)
            inner = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
            text += f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}'
            text += "</bpmn:sequenceFlow>"
    return text


def node(tag: str, id: str, extensions: str = "", inner: str = "", **attributes: str) -> str:
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    held = f"<bpmn:extensionElements>{extensions}</bpmn:extensionElements>" if extensions else ""
    return f'<bpmn:{tag} id="{id}"{given}>{held}{inner}</bpmn:{tag}>'


def script(id: str, python: str, extensions: str = "") -> str:
    return node("scriptTask", id, extensions, f"<bpmn:script>{python}</bpmn:script>")


def spiff(tag: str, text: str) -> str:
    return f"<spiffworkflow:{tag}>{text}</spiffworkflow:{tag}>"


START, END = '<bpmn:startEvent id="start"/>', '<bpmn:endEvent id="end"/>'


def inside(task: str) -> str:
    """The content of a subprocess with the one task `do`."""
    return '<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>' + task + flows("s > do > e")


def imported(source: bytes) -> Imported:
    return import_spiffworkflow(source, "model.bpmn")


def codes(source: bytes) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.element) for finding in imported(source).findings]


def here(content: bytes, variables: Mapping[str, Any], given: Mapping[str, Mapping[str, Any]]) -> Any:
    """Run an imported model: people and workers give what `given` says; trace and variables."""
    compiled = bpmn.compile_model({"model.bpmn": content})

    def values(each: Mapping[str, Any]) -> dict[str, Any]:
        return {name: from_json(value) for name, value in each.items()}

    done = bpmn.step(compiled, bpmn.new_instance(compiled, "case"), bpmn.Start(NOON, values(variables)))
    events = [*done.events]
    while done.state.tasks or done.state.jobs or done.state.next_due:
        state, now = done.state, done.state.at or NOON
        command: bpmn.Command
        if state.tasks:
            task = state.tasks[0]
            command = bpmn.CompleteTask(now, task.id, values(given.get(task.element, {})))
        elif state.jobs:
            job = state.jobs[0]
            command = bpmn.CompleteJob(now, job.id, values(given.get(job.element, {})))
        else:
            command = bpmn.FireTimers(max(now, state.next_due or now))
        done = bpmn.step(compiled, state, command)
        events += done.events
    assert (done.state.status, done.state.incidents) == ("completed", ())
    completed = [event.element for event in events if event.kind == "element.completed"]
    left = {name: to_json(value) for name, value in done.state.variables.items()}
    return [element for element in completed if not element.endswith(MADE_BY_IMPORT)], left


def same_on_both(
    source: bytes,
    variables: Mapping[str, Any] | None = None,
    given: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Run the original there and the import here; gives the variables that both leave."""
    there = python_run(source, "Process_1", variables or {}, given or {})
    trace, left = here(imported(source).content, variables or {}, given or {})
    assert Counter(trace) == Counter(there.completed)
    expected = {name: to_json(from_json(value)) for name, value in there.data.items()}
    assert left == expected
    return left


# What is carried over


def test_scripts_and_conditions_run_as_they_did():
    big = "kind == 'big' and total in [10, 13]"
    source = model(
        START
        + script("calc", "total = amount * 3\ntotal = total + 1\nkind = 'big' if total &gt; 10 else 'small'")
        + '<bpmn:exclusiveGateway id="way" default="way_no"/>'
        + script("yes", "result = {'kind': kind, 'amounts': [amount, total]}")
        + script("no", "result = None")
        + END
        + flows("start > calc > way > yes > end", "way > no > end", way_yes=big)
    )
    assert imported(source).findings == ()
    assert same_on_both(source, {"amount": 4})["result"] is not None
    assert same_on_both(source, {"amount": 5})["result"] is None


def test_people_wait_at_manual_and_plain_tasks_too_with_scripts_before_and_after():
    extensions = spiff("preScript", "asked = n + 1") + spiff("postScript", "answer = answer * 3")
    source = model(
        START
        + node("manualTask", "look", extensions)
        + node("userTask", "ask", spiff("preScript", "n = n * 2"))
        + node("task", "sign")
        + END
        + flows("start > look > ask > sign > end")
    )
    assert imported(source).findings == ()
    assert same_on_both(source, {"n": 2}, {"look": {"answer": 5}}) == {"n": 4, "asked": 3, "answer": 15}


def test_scripts_around_a_subprocess_and_a_loop_run_outside():
    loop = (
        '<bpmn:standardLoopCharacteristics loopMaximum="5"><bpmn:loopCondition>n &lt; 3</bpmn:loopCondition>'
    )
    inner = (
        '<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>' + script("add", "n = n + 1") + flows("s > add > e")
    )
    around = spiff("preScript", "n = 0") + spiff("postScript", "n = n + 100")
    source = model(
        START
        + node("subProcess", "again", around, f"{loop}</bpmn:standardLoopCharacteristics>{inner}")
        + END
        + flows("start > again > end")
    )
    assert same_on_both(source)["n"] == 103


@pytest.mark.parametrize("sequential", ["true", "false"])
def test_a_multi_instance_collects_its_output(sequential):
    loop = (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">'
        "<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>doubled</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="item" name="item"/><bpmn:outputDataItem id="twice" name="twice"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    inner = (
        '<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>'
        + script("do", "twice = item * 2")
        + flows("s > do > e")
    )
    source = model(START + node("subProcess", "each", "", loop + inner) + END + flows("start > each > end"))
    assert imported(source).findings == ()
    assert same_on_both(source, {"items": [1, 2, 3]})["doubled"] == [2, 4, 6]


def test_a_called_process_takes_all_variables_and_gives_them_back():
    called = (
        '<bpmn:process id="Called" isExecutable="true">'
        + inside(script("do", "n = n + m"))
        + "</bpmn:process>"
    )
    source = model(
        START + '<bpmn:callActivity id="call" calledElement="Called"/>' + END + flows("start > call > end"),
        after=called,
    )
    assert codes(source) == [("import.types", "do")]
    there = python_run(source, "Process_1", {"n": 1, "m": 2}, {})
    trace, left = here(imported(source).content, {"n": 1, "m": 2}, {})
    assert [element.rpartition("/")[2] for element in trace] == ["start", "s", "do", "e", "call", "end"]
    assert there.completed == ["start", "s", "do", "e", "call", "end"]
    assert left == there.data == {"n": 3, "m": 2}


def test_a_connector_becomes_a_job_with_its_parameters():
    operator = (
        '<spiffworkflow:serviceTaskOperator id="http/GetRequest" resultVariable="answer">'
        "<spiffworkflow:parameters>"
        '<spiffworkflow:parameter id="url" type="str" value="&#34;https://rates/&#34; + code"/>'
        '</spiffworkflow:parameters><spiffworkflow:retry retries="4"/></spiffworkflow:serviceTaskOperator>'
    )
    source = model(
        START
        + node("serviceTask", "call", operator)
        + script("use", "rate = answer['rate']")
        + END
        + flows("start > call > use > end")
    )
    assert codes(source) == [("import.service-operator", "call")]
    compiled = bpmn.compile_model({"m.bpmn": imported(source).content})
    state = bpmn.step(compiled, bpmn.new_instance(compiled, "c"), bpmn.Start(NOON, {"code": "EUR"})).state
    (job,) = state.jobs
    assert (job.type, job.retries, job.headers) == ("http/GetRequest", 4, {"resultVariable": "answer"})
    assert dict(job.variables) == {"url": "https://rates/EUR"}
    answer = {"call": {"answer": {"rate": 3}}}
    assert same_on_both(source, {"code": "EUR"}, answer)["rate"] == 3


def test_timers_and_signals_and_errors_run_as_they_did():
    definitions = (
        '<bpmn:error id="Error_1" name="bad" errorCode="bad"/>'
        f'<bpmn:signal id="Signal_1" name="go"><bpmn:extensionElements>{spiff("payloadExpression", "n + 1")}'
        f"{spiff('variableName', 'heard')}</bpmn:extensionElements></bpmn:signal>"
    )
    timer = (
        "<bpmn:timerEventDefinition><bpmn:timeDuration>'PT1H'</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )
    error = '<bpmn:errorEventDefinition errorRef="Error_1"/>'
    inner = '<bpmn:startEvent id="s"/>' + node("endEvent", "bad", "", error)
    signal = '<bpmn:signalEventDefinition signalRef="Signal_1"/>'
    source = model(
        START
        + node("intermediateCatchEvent", "wait", "", timer)
        + '<bpmn:parallelGateway id="fork"/>'
        + node("intermediateCatchEvent", "hear", "", signal)
        + node("task", "before")
        + node("intermediateThrowEvent", "tell", "", signal)
        + '<bpmn:parallelGateway id="join"/>'
        + node("subProcess", "fail", "", inner + flows("s > bad"))
        + node(
            "boundaryEvent",
            "caught",
            "",
            '<bpmn:errorEventDefinition errorRef="Error_1"/>',
            attachedToRef="fail",
        )
        + END
        + flows(
            "start > wait > fork > hear > join > fail > end", "fork > before > tell > join", "caught > end"
        ),
        definitions=definitions,
    )
    assert imported(source).findings == ()
    trace, left = here(imported(source).content, {"n": 1}, {})
    there = python_run(source, "Process_1", {"n": 1}, {})
    assert left["heard"] == there.data["heard"] == 2
    # SpiffWorkflow calls completed also what an error has ended.
    assert Counter(there.completed) - Counter(trace) == Counter(["bad", "fail"])


def test_a_message_carries_its_payload_from_thrower_to_catcher():
    def message(*extensions: str) -> str:
        held = f"<bpmn:extensionElements>{''.join(extensions)}</bpmn:extensionElements>"
        return f'<bpmn:messageEventDefinition messageRef="Message_1">{held}</bpmn:messageEventDefinition>'

    source = model(
        START
        + node("intermediateThrowEvent", "tell", "", message(spiff("messagePayload", "{'id': n}")))
        + node("intermediateCatchEvent", "hear", "", message(spiff("messageVariable", "heard")))
        + END
        + flows("start > tell > hear > end"),
        definitions='<bpmn:message id="Message_1" name="hello"/>',
    )
    compiled = bpmn.compile_model({"m.bpmn": imported(source).content})
    done = bpmn.step(compiled, bpmn.new_instance(compiled, "c"), bpmn.Start(NOON, {"n": from_json(7)}))
    (thrown,) = [event for event in done.events if event.kind == "message.thrown"]
    carried = {name: from_json(value) for name, value in thrown.data["variables"].items()}
    heard = bpmn.step(compiled, done.state, bpmn.CorrelateMessage(NOON, "hello", "", carried)).state
    assert (heard.status, to_json(heard.variables["heard"])) == ("completed", {"id": 7})


def test_lanes_tell_who_may_do_a_task_and_texts_become_properties():
    lanes = (
        '<bpmn:laneSet id="lanes"><bpmn:lane id="lane" name="Finance">'
        "<bpmn:flowNodeRef>pay</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    )
    properties = spiff("properties", '<spiffworkflow:property name="colour" value="red"/>')
    source = model(
        lanes
        + START
        + node("userTask", "pay", spiff("instructionsForEndUser", "Pay it.") + properties)
        + END
        + flows("start > pay > end")
    )
    assert imported(source).findings == ()
    compiled = bpmn.compile_model({"m.bpmn": imported(source).content})
    (task,) = bpmn.step(compiled, bpmn.new_instance(compiled, "c"), bpmn.Start(NOON, {})).state.tasks
    assert task.candidate_groups == ("Finance",)
    assert task.properties == {"colour": "red", "instructions": "Pay it."}


def test_conditions_are_asked_from_top_to_bottom_as_the_model_is_drawn():
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{id}_di" bpmnElement="{id}"><dc:Bounds x="0" y="{y}" width="9" height="9"/>'
        "</bpmndi:BPMNShape>"
        for id, y in (("low", 300), ("high", 100))
    )
    diagram = (
        '<bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="plane" bpmnElement="Process_1">'
        f"{shapes}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
    )
    source = model(
        START
        + '<bpmn:exclusiveGateway id="way" default="way_end"/>'
        + script("low", "way = 'low'")
        + script("high", "way = 'high'")
        + END
        + flows(
            "start > way > low > end",
            "way > high > end",
            "way > end",
            way_low="n &gt; 1",
            way_high="n &gt; 0",
        ),
        after=diagram,
    )
    assert same_on_both(source, {"n": 5})["way"] == "high"


# What is not


def test_python_without_a_translation_leaves_a_mark_that_is_refused():
    source = model(START + script("loop", "for i in items: n = i") + END + flows("start > loop > end"))
    assert codes(source) == [("import.python", "loop")]
    content = imported(source).content
    assert b"for i in items: n = i" in content
    assert ("import.gap", "loop") in refused(content)


@pytest.mark.parametrize(
    ("content", "definitions", "expected"),
    [
        (
            '<bpmn:exclusiveGateway id="x" default="x_end"/>'
            + script("t", "a = 1")
            + flows("start > x > t > end", "x > end", x_t="n in items"),
            "",
            [("import.python", "x")],
        ),
        (
            node("userTask", "x", spiff("postScript", "print(1)")) + flows("start > x > end"),
            "",
            [("import.python", "x_after")],
        ),
        (
            node("userTask", "x", spiff("variableName", "form")) + flows("start > x > end"),
            "",
            [("import.form-variable", "x")],
        ),
        (
            node("businessRuleTask", "x", spiff("calledDecisionId", "rules")) + flows("start > x > end"),
            "",
            [("import.decision", "x")],
        ),
        (
            node(
                "intermediateCatchEvent",
                "x",
                "",
                "<bpmn:timerEventDefinition><bpmn:timeDuration>timedelta(days=1)</bpmn:timeDuration>"
                "</bpmn:timerEventDefinition>",
            )
            + flows("start > x > end"),
            "",
            [("import.python", "x")],
        ),
        (
            node("intermediateCatchEvent", "x", "", '<bpmn:messageEventDefinition messageRef="m"/>')
            + flows("start > x > end"),
            '<bpmn:message id="m" name="m"/><bpmn:correlationProperty id="c" name="c">'
            '<bpmn:correlationPropertyRetrievalExpression messageRef="m"><bpmn:formalExpression>id'
            "</bpmn:formalExpression></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>",
            [("import.correlation", "x")],
        ),
        (
            node("endEvent", "x", "", '<bpmn:errorEventDefinition errorRef="bad"/>')
            + flows("start > end", "start > x"),
            '<bpmn:error id="bad" errorCode="bad"><bpmn:extensionElements>'
            f"{spiff('payloadExpression', 'n')}</bpmn:extensionElements></bpmn:error>",
            [("import.payload", "x")],
        ),
    ],
)
def test_a_gap_is_told_where_it_is_and_the_model_is_refused_there(content, definitions, expected):
    source = model(START + END + content, definitions=definitions)
    result = imported(source)
    errors = [(each.code, each.element) for each in result.findings if each.severity == "error"]
    assert errors == expected
    assert ("import.gap", expected[0][1]) in refused(result.content)


def test_what_has_no_effect_on_the_run_is_left_out_and_told():
    extensions = (
        '<spiffworkflow:unitTests><spiffworkflow:unitTest id="u">'
        "<spiffworkflow:inputJson>{}</spiffworkflow:inputJson>"
        "<spiffworkflow:expectedOutputJson>{}</spiffworkflow:expectedOutputJson></spiffworkflow:unitTest>"
        "</spiffworkflow:unitTests>"
    )
    form = (
        spiff("properties", '<spiffworkflow:property name="formJsonSchemaFilename" value="pay-schema.json"/>')
        + spiff("instructionsForEndUser", "Pay {{ amount }}")
        + spiff("allowGuest", "true")
        + spiff("somethingNew", "1")
    )
    source = model(
        START
        + script("calc", "n = rows + more", extensions)
        + node("userTask", "pay", form)
        + node("endEvent", "done", "", '<bpmn:signalEventDefinition signalRef="s"/>')
        + flows("start > calc > pay > done"),
        definitions='<bpmn:signal id="s" name="s"/>',
    )
    assert codes(source) == [
        ("import.types", "calc"),
        ("import.unit-tests", "calc"),
        ("import.guest", "pay"),
        ("import.form", "pay"),
        ("import.template", "pay"),
        ("import.runs-differently", "done"),
        ("import.extension", "pay"),
    ]
    content = imported(source).content
    assert b"spiffworkflow" not in content
    assert refused(content) == []


def test_what_this_engine_does_not_run_is_told_as_the_deployment_check_tells_it():
    store = '<bpmn:dataInputAssociation id="d"><bpmn:sourceRef>ask</bpmn:sourceRef>'
    store += "<bpmn:targetRef>ask</bpmn:targetRef></bpmn:dataInputAssociation>"
    source = model(START + node("userTask", "ask", "", store) + END + flows("start > ask > end"))
    told = {finding.element for finding in imported(source).findings if finding.severity == "error"}
    assert told >= {"d"}


def test_a_model_that_was_not_imported_is_refused_rather_than_run_without_its_scripts():
    source = model(
        START + node("userTask", "ask", spiff("preScript", "n = 1")) + END + flows("start > ask > end")
    )
    assert ("dialect.foreign", "ask") in refused(source)
    held = f"<bpmn:extensionElements>{spiff('messageVariable', 'n')}</bpmn:extensionElements>"
    hear = f'<bpmn:messageEventDefinition messageRef="m">{held}</bpmn:messageEventDefinition>'
    source = model(
        START + node("intermediateCatchEvent", "hear", "", hear) + END + flows("start > hear > end"),
        definitions='<bpmn:message id="m" name="m"/>',
    )
    assert ("dialect.foreign", "hear") in refused(source)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<a", "source.not-xml"),
        (b"<a/>", "import.no-bpmn"),
        (model("<bpmn:nonsense/>"), "import.schema-invalid"),
    ],
)
def test_what_is_no_model_is_refused(content, code):
    with pytest.raises(bpmn.BpmnError) as wrong:
        imported(content)
    assert wrong.value.code == code


# The command


def test_the_command_writes_the_model_and_lists_what_is_missing(tmp_path):
    source, out = tmp_path / "old.bpmn", tmp_path / "new.bpmn"
    source.write_bytes(model(START + script("s", "print(1)") + END + flows("start > s > end")))
    result = CliRunner().invoke(app, ["import", str(source), "-o", str(out), "--json"])
    assert result.exit_code == 6
    (finding,) = json.loads(result.stdout)
    assert (finding["code"], finding["element"], finding["severity"]) == ("import.python", "s", "error")
    assert b"zeebe" in out.read_bytes()
    source.write_bytes(model(START + script("s", "n = 1") + END + flows("start > s > end")))
    assert CliRunner().invoke(app, ["import", str(source), "-o", str(out)]).exit_code == 0
    assert refused(out.read_bytes()) == []
    source.write_bytes(b"<a/>")
    assert CliRunner().invoke(app, ["import", str(source), "-o", str(out)]).exception.code == "import.no-bpmn"


# Random models and damaged ones


DAMAGED = model(
    START
    + node("userTask", "ask", spiff("preScript", "n = 1") + spiff("postScript", "import os"))
    + node(
        "serviceTask",
        "call",
        '<spiffworkflow:serviceTaskOperator id="op" resultVariable="r"><spiffworkflow:parameters>'
        '<spiffworkflow:parameter id="p" type="str" value="n + 1"/></spiffworkflow:parameters>'
        '<spiffworkflow:retry retries="2"/></spiffworkflow:serviceTaskOperator>',
    )
    + script("calc", "a = n\nb = a")
    + '<bpmn:exclusiveGateway id="way" default="way_end"/>'
    + END
    + flows("start > ask > call > calc > way > end", "way > ask", way_ask="n &gt; 1"),
)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_model_is_imported_or_refused(data):
    """Elements are taken out, attributes taken away or changed: no other error than the documented ones."""
    root = etree.fromstring(DAMAGED)
    for _ in range(data.draw(st.integers(1, 3))):
        each = data.draw(st.sampled_from(list(root.iter())))
        name = data.draw(st.sampled_from([*each.attrib, ""]))
        if name:
            each.set(name, data.draw(st.sampled_from(["", "start", "way_end", "{", "-1", "n +"])))
        elif each.getparent() is not None:
            each.getparent().remove(each)
    try:
        import_spiffworkflow(etree.tostring(root), "model.bpmn")
    except bpmn.BpmnError as wrong:
        assert wrong.code.startswith("import.")  # noqa: PT017 - most are imported


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_random_sequences_of_scripts_and_choices_run_as_they_did(seed):
    choices = random.Random(seed)
    choice = choices.choice
    content, path = START + END, ["start"]
    conditions = {}
    for number in range(choices.randint(1, 6)):
        name = f"n{number}"
        if choices.random() < 0.6:
            lines = [
                f"{choice('abc')} = {choice('abc')} {choice('+-*')} {choices.randint(1, 9)}"
                for _ in range(choices.randint(1, 4))
            ]
            content += script(name, "\n".join(lines))
        else:
            content += f'<bpmn:exclusiveGateway id="{name}" default="{name}_end"/>' + flows(f"{name} > end")
            conditions[f"{name}_n{number + 1}"] = f"a + b &gt; {choices.randint(-9, 9)} or c == 1"
        path.append(name)
    content += script(f"n{number + 1}", "a = a")
    source = model(content + flows(" > ".join([*path, f"n{number + 1}", "end"]), **conditions))
    same_on_both(source, {"a": 1, "b": 2, "c": 3})
