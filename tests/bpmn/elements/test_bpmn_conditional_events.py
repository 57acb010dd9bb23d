"""Conditional events: asked when a variable is written, happening when the answer turns to yes."""

import pytest

import bpmn
from support.bpmn_text import Case, end, flow, process, refused, service, start


def condition(text: str) -> str:
    return f"<conditionalEventDefinition><condition>={text}</condition></conditionalEventDefinition>"


LATE = condition("days &gt; 30")


def boundary(*, interrupting: bool) -> bytes:
    cancel = "" if interrupting else ' cancelActivity="false"'
    body = start() + '<parallelGateway id="f"/>' + service("w") + service("other") + end() + end("told")
    body += f'<boundaryEvent id="late" attachedToRef="w"{cancel}>{LATE}</boundaryEvent>'
    return process(
        body + flow("start > f > w > end") + flow("f > other > f2 > end") + flow("late > told")
        + '<exclusiveGateway id="f2" default="f2-end"/>' + flow("f2 > other", {"f2-other": "=again"})
    )  # fmt: skip


def test_a_catch_event_goes_on_when_a_parallel_branch_makes_its_condition_true():
    body = start() + '<parallelGateway id="f"/>' + service("w") + end()
    body += f'<intermediateCatchEvent id="c">{LATE}</intermediateCatchEvent>'
    case = Case(process(body + flow("start > f > w > end") + flow("f > c > end")), {"days": 1})
    assert "c" not in case.completed
    assert case.complete_job("w", days=31).completed[-1] == "end"
    assert (case.state.status, "c" in case.completed) == ("completed", True)


def test_a_condition_that_holds_already_happens_at_once():
    body = start() + f'<intermediateCatchEvent id="c">{LATE}</intermediateCatchEvent>' + end()
    assert Case(process(body + flow("start > c > end")), {"days": 31}).state.status == "completed"


def test_a_variable_that_is_not_there_yet_is_waited_for():
    body = start() + f'<intermediateCatchEvent id="c">{LATE}</intermediateCatchEvent>' + end()
    case = Case(process(body + flow("start > c > end")))
    assert (case.codes, case.state.status) == ([], "running")


def test_an_interrupting_boundary_condition_ends_its_activity():
    case = Case(boundary(interrupting=True), {"days": 1, "again": False})
    case.complete_job("other", days=31)
    assert (case.state.status, case.completed[-1], "late" in case.completed) == ("completed", "told", True)
    assert "w" not in case.completed


def test_a_condition_that_stays_true_happens_once_and_again_after_it_was_false():
    case = Case(boundary(interrupting=False), {"days": 1, "again": True})
    counts = [case.complete_job("other", days=days).completed.count("late") for days in (31, 32, 5, 40)]
    assert counts == [1, 1, 1, 2]


def test_a_condition_starts_an_event_subprocess():
    inner = f'<startEvent id="es">{LATE}</startEvent>' + end("ee") + flow("es > ee")
    body = start() + service("w") + end() + flow("start > w > end")
    body += f'<subProcess id="sub" triggeredByEvent="true">{inner}</subProcess>' + service("v")
    case = Case(process(body + flow("start > v > end")), {"days": 1}).complete_job("v", days=31)
    assert (case.state.status, case.jobs, "sub" in case.completed) == ("completed", [], True)


def test_a_condition_may_decide_an_event_based_gateway():
    wait = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"
    body = start() + '<eventBasedGateway id="g"/>' + end()
    body += f'<intermediateCatchEvent id="c">{LATE}</intermediateCatchEvent>'
    body += f'<intermediateCatchEvent id="t">{wait}</intermediateCatchEvent>'
    case = Case(process(body + flow("start > g > c > end") + flow("g > t > end")), {"days": 31})
    assert case.completed == ["start", "g", "c", "end"]
    assert case.state.timers == ()


def test_a_process_starts_only_when_its_start_condition_holds():
    source = process(f'<startEvent id="start">{LATE}</startEvent>' + end() + flow("start > end"))
    assert Case(source, {"days": 31}).state.status == "completed"
    with pytest.raises(bpmn.CommandRefused) as refusal:
        Case(source, {"days": 1})
    assert refusal.value.code == "start.condition-not-met"


def test_a_condition_that_gives_a_text_is_an_incident():
    body = start() + f'<intermediateCatchEvent id="c">{condition("word")}</intermediateCatchEvent>' + end()
    case = Case(process(body + flow("start > c > end")), {"word": "yes"})
    assert case.codes == ["event.condition-not-boolean"]
    assert case.resolve(word=True).state.status == "completed"


def test_a_condition_that_is_no_feel_is_refused():
    event = "<conditionalEventDefinition><condition>x</condition></conditionalEventDefinition>"
    body = start() + f'<intermediateCatchEvent id="c">{event}</intermediateCatchEvent>' + end()
    assert refused(process(body + flow("start > c > end"))) == [("event.condition-no-feel", "c")]
