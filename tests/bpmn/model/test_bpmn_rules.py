"""The rules of the BPMN standard: the suites of others, and each kind of rule on small models."""

from __future__ import annotations

import pytest

import bpmn
from bpmn.conformance import run_rules
from bpmn.model.rules import TABLE, broken_rules
from bpmn.model.source import parse_xml
from support.bpmn_text import HEAD, end, flow, process, start
from support.shared import ROOT, shared_path

PLAIN = HEAD.replace('xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" ', "")
"""The head of a file that is not of the zeebe: dialect."""


def found(content: str, *, head: str = PLAIN, definitions: str = "") -> list[tuple[str, str | None]]:
    """The rules that a process with this content breaks, and where."""
    source = f'{head}{definitions}<process id="p" isExecutable="true">{content}</process></definitions>'
    return broken(source.encode())


def broken(source: bytes) -> list[tuple[str, str | None]]:
    return [(each.code, each.element) for each in broken_rules(parse_xml(source, "a.bpmn"), "a.bpmn")]


# The suites


def test_each_model_that_breaks_a_rule_is_refused_for_that_rule():
    report = run_rules(shared_path("conformance", "bpmn", "must-reject"))
    assert [case["id"] for case in report["cases"] if not case["passed"]] == []
    assert report["passed"] == 190


def test_no_valid_model_is_said_to_break_the_standard():
    report = run_rules(shared_path("conformance", "bpmn", "must-accept"))
    assert [(case["id"], case["got"]) for case in report["cases"] if not case["passed"]] == []
    assert report["passed"] == 105


def test_the_reference_models_are_read_and_say_why_they_are_not_executable():
    report = run_rules(shared_path("conformance", "bpmn", "miwg"))
    assert (report["passed"], report["failed"]) == (21, 0)
    described = [case["id"] for case in report["cases"] if "process.not-executable" in case["reason"]]
    executable = {"C.1.0", "C.1.1", "C.3.0", "C.8.1", "C.9.0", "C.9.1", "C.9.2"}
    assert {case["id"].removesuffix(".bpmn") for case in report["cases"]} - executable == {
        each.removesuffix(".bpmn") for each in described
    }


def test_the_executable_suite_breaks_rules_only_where_it_means_to():
    folder = shared_path("conformance", "bpmn", "betsy")
    broken_in = {
        path.stem: [code for code, _ in broken(path.read_bytes())] for path in folder.rglob("*.bpmn")
    }
    assert {model: codes for model, codes in broken_in.items() if codes} == {
        "Token_CompletionQuantity_Zero": ["bpmn.ext-038"],
        "Token_StartQuantity_Zero": ["bpmn.ext-037"],
    }


# The table


def test_every_rule_says_what_it_demands_and_how_to_mend_it():
    for code, rule in TABLE.items():
        assert code == rule.code
        assert rule.demand.endswith("."), code
        assert rule.mend.endswith("."), code
        assert rule.section.partition(".")[0].isdigit(), code


def test_the_documentation_lists_every_rule_as_it_is():
    text = (ROOT / "docs" / "deployment-rules.md").read_text()
    for rule in TABLE.values():
        assert f"| `{rule.code}` | {rule.section} | {rule.demand} | {rule.mend} |" in text


def test_a_finding_names_rule_section_element_and_remedy():
    source = process(start() + end() + '<task id="alone"/>' + flow("start > end"))
    findings = [each for each in bpmn.lint({"a.bpmn": source}) if each.code == "bpmn.ext-150"]
    assert [str(each) for each in findings] == [
        "error bpmn.ext-150 at a.bpmn#alone: No sequence flow leads to alone, though its level has a start "
        "event. (EXT.150, BPMN 2.0.2 section 10.5.2) Connect the element with an incoming flow, or remove it."
    ]
    assert findings[0].breaks_standard


def test_what_the_engine_does_not_run_is_no_breach_of_the_standard():
    lane = '<complexGateway id="both"/>'
    source = process(
        start() + lane + end() + end("other") + flow("start > both > end") + flow("both > other")
    )
    assert not any(each.breaks_standard for each in bpmn.lint({"a.bpmn": source}))


# Rules on small models


TASK = '<task id="a"/>'
WAY = start() + TASK + end() + flow("start > a > end")


def test_a_plain_model_breaks_no_rule():
    assert found(WAY) == []


def test_ids_are_unique():
    assert ("bpmn.ext-002", "a") in found(WAY + '<dataObject id="a"/>')


@pytest.mark.parametrize(
    ("reference", "code"),
    [("nowhere", "bpmn.ref-existence"), ("a", "bpmn.ref-type"), ("m", None), ("tns:m", None)],
)
def test_references_lead_to_an_element_of_the_right_kind(reference: str, code: str | None):
    content = WAY.replace(TASK, f'<sendTask id="a" messageRef="{reference}"/>')
    codes = [each for each, _ in found(content, definitions='<message id="m"/>')]
    assert codes == ([code] if code else [])


def test_references_into_other_files_are_left_to_them():
    head = PLAIN.replace("targetNamespace", 'xmlns:other="elsewhere" targetNamespace')
    content = WAY.replace(TASK, '<sendTask id="a" messageRef="other:m"/>')
    assert found(content, head=head) == []


def test_flow_lists_are_optional_but_not_half_kept():
    listed = WAY.replace(TASK, '<task id="a"><incoming>start-a</incoming></task>')
    assert found(WAY) == []
    assert {code for code, _ in found(listed)} == {"bpmn.ext-023"}
    assert ("bpmn.ext-023", "start-a") in found(listed)


def test_flows_stay_on_their_level():
    inner = '<subProcess id="s"><task id="i"/></subProcess>'
    content = start() + inner + end() + flow("start > s > end") + flow("start > i")
    assert found(content) == [("bpmn.ext-152", "start-i")]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ('<intermediateCatchEvent id="a"><errorEventDefinition/></intermediateCatchEvent>', "bpmn.ext-148"),
        ('<intermediateCatchEvent id="a"/>', "bpmn.ext-148"),
        (
            '<intermediateThrowEvent id="a"><terminateEventDefinition/></intermediateThrowEvent>',
            "bpmn.ext-149",
        ),
        ('<intermediateThrowEvent id="a"/>', None),
        ('<intermediateCatchEvent id="a"><signalEventDefinition/></intermediateCatchEvent>', None),
    ],
)
def test_intermediate_events_have_triggers_that_are_allowed_there(event: str, code: str | None):
    assert [each for each, _ in found(WAY.replace(TASK, event))] == ([code] if code else [])


def test_a_cancel_event_belongs_to_a_transaction():
    event = '<boundaryEvent id="c" attachedToRef="a"><cancelEventDefinition/></boundaryEvent>'
    content = WAY + event + end("off") + flow("c > off")
    assert found(content) == [("bpmn.ext-120", "c"), ("bpmn.ext-111", "c")]
    assert found(content.replace(TASK, '<transaction id="a"/>')) == []


def test_links_are_paired_by_reference_or_by_name():
    def linked(throw: str, catch: str) -> list[tuple[str, str | None]]:
        return found(
            start()
            + f'<intermediateThrowEvent id="t">{throw}</intermediateThrowEvent>'
            + f'<intermediateCatchEvent id="c">{catch}</intermediateCatchEvent>'
            + end()
            + flow("start > t")
            + flow("c > end")
        )

    named = '<linkEventDefinition id="{}" name="{}"/>'
    assert linked(named.format("l1", "on"), named.format("l2", "on")) == []
    assert linked(named.format("l1", "on"), named.format("l2", "off")) == [
        ("bpmn.ext-124", "c"),
        ("bpmn.ext-125", "t"),
    ]


@pytest.mark.parametrize("time", ["PT5M", "P1Y2M3DT4H", "P2W", "= wait", "-PT0.5S"])
def test_durations_that_are_durations(time: str):
    assert timer("timeDuration", time) == []


@pytest.mark.parametrize("time", ["P", "PT", "5 minutes", "T5M", "P1H"])
def test_durations_that_are_none(time: str):
    assert timer("timeDuration", time) == ["bpmn.ext-134"]


def test_dates_and_cycles():
    assert timer("timeDate", "2026-03-02T12:00:00+01:00") == []
    assert timer("timeDate", "tomorrow") == ["bpmn.ext-132"]
    assert timer("timeCycle", "R/2026-03-02T12:00:00Z/P1D") == []
    assert timer("timeCycle", "R3") == ["bpmn.ext-133"]


def timer(tag: str, time: str) -> list[str]:
    definition = (
        f'<timerEventDefinition><{tag} xsi:type="tFormalExpression">{time}</{tag}></timerEventDefinition>'
    )
    event = f'<intermediateCatchEvent id="a">{definition}</intermediateCatchEvent>'
    return [code for code, _ in found(WAY.replace(TASK, event))]


def test_the_dialect_takes_the_place_of_operations_and_formal_expressions():
    event = (
        '<intermediateCatchEvent id="a"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
        '<boundaryEvent id="b" attachedToRef="t"><timerEventDefinition><timeDuration>PT1M</timeDuration>'
        "</timerEventDefinition></boundaryEvent>"
    )
    content = start() + event + '<task id="t"/>' + end() + flow("start > a > t > end") + flow("b > end")
    message = '<message id="m" name="paid"/>'
    assert found(content, definitions=message, head=HEAD) == []
    assert {code for code, _ in found(content, definitions=message)} == {"bpmn.ext-012", "bpmn.ext-128"}


def test_data_inputs_are_in_an_input_set():
    io = '<ioSpecification><dataInput id="d"/><inputSet>{}</inputSet><outputSet/></ioSpecification>'
    task = '<task id="a">{}</task>'
    assert found(WAY.replace(TASK, task.format(io.format("")))) == [("bpmn.ext-084", "d")]
    assert found(WAY.replace(TASK, task.format(io.format("<dataInputRefs>d</dataInputRefs>")))) == []


def test_message_flows_join_two_pools():
    pools = (
        '<collaboration id="c"><participant id="one" processRef="p"/><participant id="two"/>'
        '<messageFlow id="f" sourceRef="a" targetRef="{}"/></collaboration>'
    )
    assert found(WAY, definitions=pools.format("two")) == []
    assert found(WAY, definitions=pools.format("one")) == [("bpmn.ext-031", "f")]


def test_an_event_gateway_waits_for_several_events_and_for_messages_in_one_way():
    gateway = '<eventBasedGateway id="g"/>'
    event = '<intermediateCatchEvent id="a"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    content = start() + gateway + event + '<receiveTask id="b" messageRef="m"/>' + end()
    ways = flow("start > g > a > end")
    message = '<message id="m" name="paid"/>'
    both = found(content + ways + flow("g > b > end"), definitions=message, head=HEAD)
    assert both == [("bpmn.ext-139", "g")]
    one = [code for code, _ in found(content + ways + flow("b > end"), definitions=message, head=HEAD)]
    assert "bpmn.ext-136" in one
    assert "bpmn.ext-139" not in one


def test_a_named_data_object_gives_its_references_their_name():
    def named(reference: str, original: str = 'name="Invoice"') -> list[tuple[str, str | None]]:
        data = f'<dataObject id="d" {original}/>'
        data += f'<dataObjectReference id="r" dataObjectRef="d" name="{reference}">'
        return found(WAY + data + '<dataState name="paid"/></dataObjectReference>')

    assert named("Invoice [paid]") == []
    assert named("Invoice") == [("bpmn.ext-076", "r")]
    assert named("Invoice", original="") == []
