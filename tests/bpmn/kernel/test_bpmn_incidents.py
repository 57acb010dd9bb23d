"""Incidents: a token stops where it stands, loses nothing, and goes on from there."""

from decimal import Decimal

import pytest

import bpmn
from support.bpmn_text import Case, end, extension, flow, mapping, process, script, service, start, user

COLLECT = (
    "<multiInstanceLoopCharacteristics>"
    + extension(
        '<zeebe:loopCharacteristics inputCollection="=items" outputCollection="all" outputElement="=r"/>'
    )
    + "</multiInstanceLoopCharacteristics>"
)


def test_a_result_that_cannot_be_mapped_is_kept_and_taken_when_the_reason_is_gone():
    task = service("w", more=mapping(outputs={"rate": "=if ok then r else function(x) x"}))
    case = Case(process(start() + task + end() + flow("start > w > end")), {"ok": False})
    case.complete_job("w", r=3)
    assert case.codes == ["value.no_json"]
    assert case.jobs == []

    case.resolve(ok=True)

    assert (case.state.status, case.value("rate")) == ("completed", Decimal(3))
    assert case.state.to_json()["stored"] == []


def test_results_of_two_loops_that_collect_into_one_variable_conflict_at_the_second_loop():
    body = start() + '<parallelGateway id="f"/><parallelGateway id="j"/>' + service("a", inner=COLLECT)
    body += service("b", inner=COLLECT) + end() + flow("start > f > a > j > end") + flow("f > b > j")
    case = Case(process(body), {"items": [1]}).complete_job("a", r="x").complete_job("b", r="y")
    assert case.codes == ["variable.conflict"]
    case.resolve()
    assert (case.state.status, case.value("all")) == ("completed", ["y"])
    assert [event.element for event in case.events if event.kind == "loop.completed"] == ["a", "b"]


def test_an_activity_that_cannot_begin_begins_again_with_all_its_events():
    body = start() + user("w", more='<zeebe:assignmentDefinition assignee="=who"/>')
    body += (
        '<boundaryEvent id="late" attachedToRef="w"><timerEventDefinition><timeDuration>P1D</timeDuration>'
    )
    body += (
        "</timerEventDefinition></boundaryEvent>"
        + end()
        + end("e2")
        + flow("start > w > end")
        + flow("late > e2")
    )
    case = Case(process(body), {"who": 5})
    assert case.codes == ["task.bad-assignee"]
    assert case.state.timers == ()  # what the attempt had begun is undone
    case.resolve(who="ann")
    assert (case.tasks, len(case.state.timers)) == (["w"], 1)


def test_the_rest_of_the_instance_goes_on_beside_an_incident():
    body = start() + '<parallelGateway id="f"/><parallelGateway id="j"/>' + script("bad", "=1", "x")
    body += '<exclusiveGateway id="g"/>' + service("good") + end() + end("other")
    body += flow("start > f > bad > g > j > end", {"g-j": "=broken"}) + flow(
        "g > other", {"g-other": "=false"}
    )
    body += flow("f > good > j")
    case = Case(process(body))
    assert (case.codes, case.jobs) == (["flow.condition-not-boolean"], ["good"])
    case.complete_job("good").resolve(broken=True)
    assert case.state.status == "completed"


def test_an_interrupt_takes_the_incident_of_what_it_ends():
    inner = start("s") + service("w", type="=missing") + end("e") + flow("s > w > e")
    body = start() + f'<subProcess id="sub">{inner}</subProcess>'
    body += (
        '<boundaryEvent id="late" attachedToRef="sub"><timerEventDefinition><timeDuration>P1D</timeDuration>'
    )
    body += "</timerEventDefinition></boundaryEvent>" + end() + end("e2") + flow("start > sub > end")
    case = Case(process(body + flow("late > e2")))
    assert case.codes == ["job.no-type"]
    case.after(days=1)
    assert (case.codes, case.state.status) == ([], "completed")
    assert [event.kind for event in case.events if event.kind.startswith("incident")] == [
        "incident.raised",
        "incident.cancelled",
    ]


def test_an_incident_can_be_resolved_only_once():
    body = start() + service("w", type="=missing") + end() + flow("start > w > end")
    case = Case(process(body))
    (incident,) = case.state.incidents
    case.resolve(missing="bank")
    assert case.state.jobs[0].type == "bank"
    with pytest.raises(bpmn.CommandRefused, match=r"incident\.unknown"):
        bpmn.step(case.model, case.state, bpmn.ResolveIncident(case.now, incident.id))
