"""Repair: an incident's element is skipped or throws an error, and an instance is cancelled by undoing it."""

from __future__ import annotations

from decimal import Decimal

import pytest

import bpmn
from support.bpmn_text import Case, end, extension, flow, mapping, process, script, service, start, user

CATCHES = (
    '<boundaryEvent id="caught" attachedToRef="w"><errorEventDefinition errorRef="bad"/></boundaryEvent>'
)
BAD = '<error id="bad" errorCode="BAD"/>'
COLLECT = (
    "<multiInstanceLoopCharacteristics>"
    + extension(
        '<zeebe:loopCharacteristics inputCollection="=items" outputCollection="all" outputElement="=r"/>'
    )
    + "</multiInstanceLoopCharacteristics>"
)


def fail(case: Case, element: str) -> Case:
    job = next(job.id for job in case.state.jobs if job.element == element)
    return case.send(bpmn.FailJob(case.now, job, "bank.down", "No answer."))


def skip(case: Case, **variables: object) -> Case:
    (incident,) = case.state.incidents
    return case.send(bpmn.SkipElement(case.now, incident.id, variables))


def throw(case: Case, code: str, **variables: object) -> Case:
    (incident,) = case.state.incidents
    return case.send(bpmn.ThrowAtIncident(case.now, incident.id, code, variables))


def kinds(case: Case, *elements: str) -> list[str]:
    return [event.kind for event in case.events if event.element in elements]


def test_a_failed_job_is_skipped_with_its_result_given_by_hand():
    body = start() + service("w", more=mapping(outputs={"rate": "=r"})) + user("b") + end()
    case = fail(Case(process(body + flow("start > w > b > end"))), "w")
    skip(case, rate=5)
    assert (case.tasks, case.jobs, case.codes, case.value("rate")) == (["b"], [], [], Decimal(5))
    assert kinds(case, "w")[-5:] == [
        "incident.resolved",
        "job.cancelled",
        "element.skipped",
        "variables.changed",
        "element.completed",
    ]


def test_what_could_not_begin_is_skipped():
    body = start() + service("w", type="=missing") + end() + flow("start > w > end")
    assert skip(Case(process(body))).state.status == "completed"


def test_a_result_that_could_not_be_taken_is_dropped_by_skipping():
    body = start() + service("w", more=mapping(outputs={"rate": "=function(x) x"})) + end()
    case = Case(process(body + flow("start > w > end"))).complete_job("w", r=3)
    skip(case, rate=1)
    assert (case.state.status, case.value("rate")) == ("completed", 1)
    assert case.state.to_json()["stored"] == []


def test_a_skipped_conflict_keeps_the_other_branch_s_value():
    body = start() + '<parallelGateway id="f"/><parallelGateway id="j"/>' + service("a") + service("b")
    case = Case(process(body + end() + flow("start > f > a > j > end") + flow("f > b > j")))
    case.complete_job("a", v="first").complete_job("b", v="second")
    assert case.codes == ["variable.conflict"]
    assert (skip(case).state.status, case.value("v")) == ("completed", "first")


def test_a_skipped_round_gives_what_was_given_for_it():
    body = start() + service("w", inner=COLLECT) + end() + flow("start > w > end")
    case = Case(process(body), {"items": [1, 2]}).complete_job("w", r="one")
    skip(fail(case, "w"), r="by hand")
    assert (case.state.status, case.value("all")) == ("completed", ["one", "by hand"])


def test_a_skipped_loop_is_left_as_a_whole():
    body = start() + service("w", inner=COLLECT) + end() + flow("start > w > end")
    case = Case(process(body), {"items": "no list"})
    assert case.codes == ["loop.collection-no-list"]
    assert skip(case).state.status == "completed"


def test_a_loop_whose_results_conflict_is_skipped_without_them():
    body = start() + '<parallelGateway id="f"/><parallelGateway id="j"/>' + service("a", inner=COLLECT)
    body += service("b", inner=COLLECT) + end() + flow("start > f > a > j > end") + flow("f > b > j")
    case = Case(process(body), {"items": [1]}).complete_job("a", r="x").complete_job("b", r="y")
    assert (skip(case).state.status, case.value("all")) == ("completed", ["x"])


def test_a_gateway_that_cannot_decide_is_not_skippable():
    body = start() + '<exclusiveGateway id="g"/>' + end() + end("other")
    case = Case(
        process(body + flow("start > g > end", {"g-end": "=broken"}) + flow("g > other", {"g-other": "=1"}))
    )
    with pytest.raises(bpmn.CommandRefused, match=r"incident\.not-skippable"):
        skip(case)
    assert case.resolve(broken=True).state.status == "completed"


def test_an_incident_that_is_over_is_neither_skipped_nor_thrown_at():
    body = start() + service("w", type="=missing") + end() + flow("start > w > end")
    case = Case(process(body))
    (incident,) = case.state.incidents
    case.resolve(missing="bank")
    for command in (
        bpmn.SkipElement(case.now, incident.id),
        bpmn.ThrowAtIncident(case.now, incident.id, "BAD"),
    ):
        with pytest.raises(bpmn.CommandRefused, match=r"incident\.unknown"):
            bpmn.step(case.model, case.state, command)


def test_an_error_thrown_at_an_incident_takes_the_way_of_its_boundary_event():
    body = start() + service("w") + CATCHES + user("amend") + end() + flow("start > w > end")
    case = fail(Case(process(body + flow("caught > amend > end"), definitions=BAD)), "w")
    throw(case, "BAD", why="by hand")
    assert (case.tasks, case.codes, case.value("why")) == (["amend"], [], "by hand")
    assert kinds(case, "w")[-4:] == [
        "incident.resolved",
        "error.thrown",
        "element.terminated",
        "job.cancelled",
    ]


def test_an_error_is_thrown_where_an_element_could_not_begin():
    body = start() + service("w", type="=missing") + CATCHES + end() + end("out") + flow("start > w > end")
    case = throw(Case(process(body + flow("caught > out"), definitions=BAD)), "BAD")
    assert (case.state.status, case.completed[-1]) == ("completed", "out")


def test_an_error_that_nobody_catches_is_refused_and_the_incident_stays():
    body = start() + service("w") + CATCHES + end() + flow("start > w > end") + flow("caught > end")
    case = fail(Case(process(body, definitions=BAD)), "w")
    with pytest.raises(bpmn.CommandRefused, match=r"error\.uncaught"):
        throw(case, "OTHER")
    assert case.codes == ["bank.down"]
    assert case.resolve().jobs == ["w"]


# Cancelling with compensation


def handled(activity: str) -> str:
    return (
        f'<boundaryEvent id="c-{activity}" attachedToRef="{activity}"><compensateEventDefinition/>'
        "</boundaryEvent>"
        f'<association id="to-{activity}" sourceRef="c-{activity}" targetRef="un-{activity}"/>'
        + service(f"un-{activity}").replace("<serviceTask ", '<serviceTask isForCompensation="true" ')
    )


BOOKED = process(
    start()
    + service("a")
    + handled("a")
    + f'<subProcess id="sub">{start("s")}{service("b")}{handled("b")}{user("wait")}'
    + flow("s > b > wait")
    + "</subProcess>"
    + end()
    + flow("start > a > sub > end")
)


def booked() -> Case:
    return Case(BOOKED).complete_job("a", n=1).complete_job("b", m=2)


def cancel(case: Case, *, compensate: bool = True) -> Case:
    return case.send(bpmn.Cancel(case.now, "withdrawn", compensate))


def test_what_was_completed_is_undone_last_first_before_the_instance_is_cancelled():
    case = cancel(booked())
    assert (case.state.status, case.jobs, case.tasks) == ("running", ["un-b"], [])
    assert case.state.jobs[0].variables["m"] == 2
    case.complete_job("un-b")
    assert (case.state.status, case.jobs) == ("running", ["un-a"])
    case.complete_job("un-a")
    assert (case.state.status, case.state.active_elements) == ("cancelled", ())
    told = [event for event in case.events if event.kind.startswith("instance.")]
    assert [(event.kind, dict(event.data)) for event in told] == [
        ("instance.cancelling", {"reason": "withdrawn", "activities": ["sub", "a"]}),
        ("instance.cancelled", {"reason": "withdrawn"}),
    ]


def test_without_anything_to_undo_it_is_cancelled_at_once():
    body = process(start() + user("a") + end() + flow("start > a > end"))
    assert cancel(Case(body)).state.status == "cancelled"


def test_by_default_nothing_is_undone():
    assert cancel(booked(), compensate=False).state.status == "cancelled"


def test_what_undoes_can_fail_and_be_retried_or_skipped():
    case = fail(cancel(booked()), "un-b")
    assert case.resolve().jobs == ["un-b"]
    skip(fail(case, "un-b"))
    assert case.complete_job("un-a").state.status == "cancelled"


def test_what_undoes_can_be_cancelled_and_the_rest_is_undone():
    case = cancel(booked())
    case.send(bpmn.Modify(case.now, ("un-b",)))
    assert case.jobs == ["un-a"]
    case.send(bpmn.Modify(case.now, ("un-a",)))
    assert case.state.status == "cancelled"


def test_meanwhile_it_is_not_undone_again_but_may_be_cancelled_without():
    case = cancel(booked())
    with pytest.raises(bpmn.CommandRefused, match=r"cancel\.undoing"):
        cancel(case)
    assert cancel(case, compensate=False).state.status == "cancelled"


def test_meanwhile_nothing_else_begins():
    case = cancel(booked())
    with pytest.raises(bpmn.CommandRefused, match=r"modify\.scope-not-live"):
        case.send(bpmn.Modify(case.now, (), (bpmn.Activation("a"),)))


def test_what_undoes_sees_the_latest_values_and_may_write():
    body = start() + '<parallelGateway id="f"/>' + service("a") + handled("a") + script("x", "=1", "v")
    case = Case(process(body + user("u") + flow("start > f > a > u") + flow("f > x")))
    case.complete_job("a")
    cancel(case).complete_job("un-a", v=2)
    assert (case.state.status, case.value("v")) == ("cancelled", 2)
