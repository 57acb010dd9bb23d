"""Compiling: what comes out, what is refused, and that nothing is skipped in silence."""

import dataclasses

import pytest

import bpmn
from support.bpmn_text import HEAD, end, extension, flow, process, refused, service, start, user

STRAIGHT = process(start() + service("work") + end() + flow("start > work > end"))


def within(content: str, *, definitions: str = "", path: str = "start > x > end") -> bytes:
    """A process from start to end through what `content` holds."""
    return process(start() + content + end() + flow(path), definitions=definitions)


def test_a_model_is_immutable_and_named_by_its_content():
    model = bpmn.compile_model({"a.bpmn": STRAIGHT})
    assert bpmn.compile_model({"a.bpmn": STRAIGHT}).hash == model.hash
    assert bpmn.compile_model({"a.bpmn": STRAIGHT + b"\n"}).hash != model.hash
    assert bpmn.compile_model({"a.bpmn": STRAIGHT, "f.form": b'{"id": "f"}'}).hash != model.hash
    assert (model.process_id, sorted(model.elements)) == ("p", ["end", "p", "start", "work"])
    with pytest.raises(TypeError):
        model.elements["x"] = model.process
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.process.name = "other"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<a>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
        b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><l>&c;</l>',
        b"<definitions/>",
        b" " * (10 * 1024 * 1024 + 1),
    ],
    ids=["empty", "text", "open", "entity", "external", "bomb", "other", "huge"],
)
def test_hostile_and_foreign_files_are_refused(content):
    codes = {code for code, _ in refused(content)}
    assert codes & {"source.not-xml", "source.dtd", "source.unknown", "source.too-large"}


def test_the_main_process_is_the_one_that_no_other_calls():
    call = '<callActivity id="x">' + extension('<zeebe:calledElement processId="p"/>') + "</callActivity>"
    main = process(start() + call + end() + flow("start > x > end"), id="main")
    model = bpmn.compile_model({"a.bpmn": STRAIGHT, "b.bpmn": main})
    assert (model.process_id, model.processes) == ("main", ("main", "p"))
    assert "p/work" in model.elements
    assert bpmn.compile_model({"a.bpmn": STRAIGHT, "b.bpmn": main}, process="p").process_id == "p"


def test_a_process_that_calls_itself_is_compiled_once():
    call = '<callActivity id="x">' + extension('<zeebe:calledElement processId="p"/>') + "</callActivity>"
    body = start() + '<exclusiveGateway id="g" default="g-end"/>' + call + end()
    body += flow("start > g > x > end", {"g-x": "=false"}) + flow("g > end")
    assert len(bpmn.compile_model({"a.bpmn": process(body)}).elements) == 5


SUB = '<subProcess id="x">{}</subProcess>'
CATCH = '<intermediateCatchEvent id="x">{}</intermediateCatchEvent>'
LOOPED = '<task id="x">{}</task>'


@pytest.mark.parametrize(
    ("source", "code", "element"),
    [
        (within('<transaction id="x"/>'), "start.subprocess", "x"),
        (within('<choreographyTask id="x"/>'), "element.unsupported", "x"),
        (within('<userTask id="x"><rendering/></userTask>'), "element.unsupported", "x"),
        (within('<task id="x"><potentialOwner/></task>'), "element.unsupported", "x"),
        (within('<task id="x" frobnicate="1"/>'), "attribute.unsupported", "x"),
        (
            within('<task id="x" xmlns:c="http://camunda.org/schema/1.0/bpmn" c:asyncBefore="true"/>'),
            "dialect.foreign",
            "x",
        ),
        (
            within('<task id="x">' + extension("<zeebe:executionListeners/>") + "</task>"),
            "extension.unsupported",
            "x",
        ),
        (within(service("x", more='<zeebe:script expression="=1"/>')), "extension.unsupported", "x"),
        (within(CATCH.format("<compensateEventDefinition/>")), "event.unsupported", "x"),
        (within(CATCH.format("<terminateEventDefinition/>")), "event.unsupported", "x"),
        (within(CATCH.format("")), "event.no-trigger", "x"),
        (within(CATCH.format("<timerEventDefinition/>")), "timer.no-time", "x"),
        (
            within(
                CATCH.format(
                    "<timerEventDefinition><timeDuration>3 days</timeDuration></timerEventDefinition>"
                )
            ),
            "timer.unreadable",
            "x",
        ),
        (
            within(
                CATCH.format(
                    "<timerEventDefinition><timeCycle>0 0 9 * * *</timeCycle></timerEventDefinition>"
                )
            ),
            "timer.unreadable",
            "x",
        ),
        (
            within(
                CATCH.format(
                    "<timerEventDefinition><timeDuration>=P3D + </timeDuration></timerEventDefinition>"
                )
            ),
            "feel.syntax",
            "x",
        ),
        (within(CATCH.format('<messageEventDefinition messageRef="none"/>')), "message.missing", "x"),
        (within('<serviceTask id="x"/>'), "job.missing", "x"),
        (within('<scriptTask id="x"/>'), "script.missing", "x"),
        (
            within('<scriptTask id="x" scriptFormat="js"><script>1</script></scriptTask>'),
            "element.unsupported",
            "x",
        ),
        (within('<businessRuleTask id="x"/>'), "decision.missing", "x"),
        (
            within(
                '<businessRuleTask id="x">'
                + extension('<zeebe:calledDecision decisionId="d" resultVariable="r"/>')
                + "</businessRuleTask>"
            ),
            "decision.unknown",
            "x",
        ),
        (within('<callActivity id="x" calledElement="nowhere"/>'), "call.unknown-process", "x"),
        (within('<callActivity id="x"/>'), "call.no-process", "x"),
        (
            within(
                '<callActivity id="x">'
                + extension('<zeebe:calledElement processId="=a"/>')
                + "</callActivity>"
            ),
            "call.dynamic",
            "x",
        ),
        (within(LOOPED.format("<multiInstanceLoopCharacteristics/>")), "loop.no-count", "x"),
        (within(LOOPED.format("<standardLoopCharacteristics/>")), "loop.endless", "x"),
        (within(LOOPED.format('<standardLoopCharacteristics loopMaximum="-1"/>')), "loop.bad-count", "x"),
        (within('<task id="x" isForCompensation="true"/>'), "compensation.handler-in-flow", "x"),
        (within('<task id="x" default="start-x"/>'), "flow.default-not-outgoing", "x"),
        (within(SUB.format(end("e"))), "start.subprocess", "x"),
        (within(SUB.format(start("s") + end("end2") + flow("s > end"))), "flow.crosses-scope", "s-end"),
        (within('<task id="x"/>', path="start > x > nowhere"), "flow.dangling", "x-nowhere"),
        (within('<task id="x"/>', path="start > x > end > x"), "flow.out-of-end", "end"),
        (within('<task id="x"/>', path="start > x > start"), "flow.into-start", "start"),
        (within('<task id="x"/><boundaryEvent id="b" attachedToRef="end"/>'), "boundary.bad-host", "b"),
        (within('<task id="x"/><task id="x"/>'), "id.duplicate", "x"),
        (process(end()), "start.missing", "p"),
        (within('<exclusiveGateway id="x"/>' + end("e2") + flow("x > e2")), "flow.no-condition", "x"),
        (
            process(start() + end() + flow("start > end", {"start-end": "amount > 3"})),
            "flow.condition-no-feel",
            "start-end",
        ),
        (within('<eventBasedGateway id="x"/>'), "gateway.no-event", "x"),
        (
            within(
                user("x", more='<zeebe:ioMapping><zeebe:input source="=1" target="a b"/></zeebe:ioMapping>')
            ),
            "mapping.bad-target",
            "x",
        ),
        (f'{HEAD}<process id="p"/></definitions>'.encode(), "process.not-executable", None),
        (
            HEAD.encode()
            + b'<process id="p" isExecutable="true"/><process id="q" isExecutable="true"/></definitions>',
            "process.ambiguous",
            None,
        ),
    ],
)
def test_what_cannot_run_as_it_is_drawn_is_refused_by_rule_and_element(source, code, element):
    assert (code, element) in refused(source)


def test_a_refusal_tells_what_where_and_what_to_do():
    with pytest.raises(bpmn.ModelRefused) as wrong:
        bpmn.compile_model({"a.bpmn": within('<serviceTask id="x"/>')})
    assert wrong.value.code == "job.missing"
    assert wrong.value.where == "a.bpmn#x"
    assert wrong.value.hint
    assert all(finding.hint and finding.message for finding in wrong.value.findings)


def test_lanes_annotations_and_data_objects_only_describe():
    describing = (
        '<laneSet id="l"><lane id="lane"><flowNodeRef>x</flowNodeRef></lane></laneSet>'
        '<dataObject id="d"/><dataObjectReference id="dr" dataObjectRef="d"/>'
        '<textAnnotation id="t"><text>why</text></textAnnotation>'
        '<association id="a" sourceRef="x" targetRef="t"/>'
    )
    assert refused(within(describing + '<task id="x"><documentation>so</documentation></task>')) == []
