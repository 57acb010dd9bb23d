"""Scopes without a start event: everything to which no flow leads begins with them."""

import pytest

import bpmn
from support.bpmn_text import (
    Case,
    end,
    extension,
    flow,
    mapping,
    process,
    refused,
    script,
    service,
    start,
)

TIMED = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"
SUB = '<subProcess id="sub">{}</subProcess>' + end() + flow("start > sub > end")


def warnings(source: bytes) -> list[tuple[str, str | None]]:
    return [(each.code, each.element) for each in bpmn.lint({"a.bpmn": source})]


def test_everything_to_which_no_flow_leads_begins_with_the_process_and_it_ends_when_nothing_is_left():
    case = Case(process(service("a") + service("b") + '<task id="c"/>' + flow("b > c")))
    assert (case.jobs, case.state.status) == (["a", "b"], "running")
    case.complete_job("b")
    assert (case.completed, case.state.status) == (["b", "c"], "running")
    assert case.complete_job("a").state.status == "completed"


def test_a_single_activity_is_a_process():
    assert Case(process('<task id="only"/>')).completed == ["only"]


def test_gateways_and_events_begin_too():
    body = '<parallelGateway id="fork"/>' + service("a") + service("b")
    body += flow("fork > a") + flow("fork > b")
    body += f'<intermediateCatchEvent id="late">{TIMED}</intermediateCatchEvent>'
    body += '<intermediateThrowEvent id="told"/>'
    case = Case(process(body))
    assert (case.jobs, case.completed) == (["a", "b"], ["fork", "told"])
    case.complete_job("a").complete_job("b")
    assert (case.state.status, case.after(days=1).state.status) == ("running", "completed")


def test_boundary_events_event_subprocesses_handlers_and_catching_links_do_not_begin():
    undo = '<boundaryEvent id="undone" attachedToRef="work"><compensateEventDefinition/></boundaryEvent>'
    undo += '<task id="handler" isForCompensation="true"/>'
    undo += '<association id="leads" sourceRef="undone" targetRef="handler"/>'
    by_event = f'<startEvent id="s">{TIMED}</startEvent><task id="t"/>' + flow("s > t")
    body = service("work") + undo + f'<subProcess id="es" triggeredByEvent="true">{by_event}</subProcess>'
    body += '<intermediateThrowEvent id="throw"><linkEventDefinition name="on"/></intermediateThrowEvent>'
    body += '<intermediateCatchEvent id="catch"><linkEventDefinition name="on"/></intermediateCatchEvent>'
    body += '<task id="linked"/>' + flow("work > throw") + flow("catch > linked")
    case = Case(process(body))
    assert (case.jobs, case.completed) == (["work"], [])
    assert case.complete_job("work").completed == ["work", "throw", "catch", "linked"]
    assert case.state.status == "completed"


def test_a_subprocess_and_a_transaction_begin_by_themselves():
    inner = service("a") + service("b")
    for scope in ("subProcess", "transaction"):
        body = f'<{scope} id="sub">{inner}</{scope}>' + end() + start() + flow("start > sub > end")
        case = Case(process(body)).complete_job("a")
        assert (case.jobs, case.completed) == (["b"], ["start", "a"])
        assert case.complete_job("b").completed == ["start", "a", "b", "sub", "end"]


def test_a_called_process_begins_by_itself():
    called = process(service("a") + service("b"), id="q")
    call = '<callActivity id="call" calledElement="q"/>' + end()
    case = Case({"a.bpmn": process(start() + call + flow("start > call > end")), "b.bpmn": called})
    case.complete_job("q/a").complete_job("q/b")
    assert (case.completed[-2:], case.state.status) == (["call", "end"], "completed")


def test_an_interrupt_ends_all_that_began():
    boundary = f'<boundaryEvent id="late" attachedToRef="sub">{TIMED}</boundaryEvent><task id="told"/>'
    body = start() + SUB.format(service("a") + service("b")) + boundary + flow("late > told")
    case = Case(process(body)).after(days=1)
    assert (case.jobs, case.completed, case.state.status) == ([], ["start", "late", "told"], "completed")


def test_what_begins_together_is_parallel_so_that_a_lost_update_stops():
    case = Case(process(script("a", "=1", "x") + script("b", "=2", "x")))
    assert (case.codes, case.state.status) == (["variable.conflict"], "running")
    assert (case.resolve().state.status, case.value("x")) == ("completed", 2)


def test_all_that_begins_may_write_what_its_scope_brought_along():
    """The clock of a branch is pruned by what it sees: the scope's own variables are among that."""
    names = [f"v{number}" for number in range(10)]
    split = start() + '<parallelGateway id="fork"/><parallelGateway id="join"/>' + end()
    split += flow("start > fork > join") + "".join(
        script(f"set-{name}", "=1", name) + flow(f"fork > set-{name} > join") for name in names
    )
    given = extension(mapping({"own": "=0"}))
    sub = f'<subProcess id="sub">{given}<task id="first"/>{script("second", "=own + 1", "own")}</subProcess>'
    case = Case(process(split + sub + flow("join > sub > end")))
    assert (case.codes, case.state.status) == ([], "completed")


def test_an_incident_in_one_of_them_leaves_the_others_alone():
    case = Case(process(service("a", type="=kind") + service("b")))
    assert (case.codes, case.jobs) == (["job.no-type"], ["b"])
    case.resolve(kind="work").complete_job("a").complete_job("b")
    assert case.state.status == "completed"


def test_a_cancelled_instance_ends_all_of_them():
    case = Case(process(service("a") + service("b")))
    assert case.send(bpmn.Cancel(case.now)).state.status == "cancelled"


def test_an_implicit_start_has_no_name():
    model = bpmn.compile_model({"a.bpmn": process('<task id="only"/>')})
    assert [(each.element, each.triggers) for each in model.starts] == [(None, ())]
    with pytest.raises(bpmn.CommandRefused) as refusal:
        Case(process('<task id="only"/>'), by="only")
    assert refusal.value.code == "start.unknown"


def test_the_check_knows_what_begins_and_what_nothing_reaches():
    assert warnings(process(service("a") + '<task id="b"/>' + flow("a > b"))) == []
    circle = '<task id="c"/><task id="d"/>' + flow("c > d > c")
    assert warnings(process(service("a") + circle)) == [
        ("soundness.unreachable", "c"),
        ("soundness.unreachable", "d"),
    ]


def test_beside_a_start_event_nothing_begins_by_itself():
    """BPMN demands then that flows lead to everything else (rule 150)."""
    source = process(start() + end() + service("alone") + flow("start > end"))
    assert Case(source).completed == ["start", "end"]
    assert ("bpmn.ext-150", "alone") in warnings(source)


@pytest.mark.parametrize(
    ("source", "code", "element"),
    [
        (process(""), "start.missing", "p"),
        (process('<task id="a"/><task id="b"/>' + flow("a > b > a")), "start.missing", "p"),
        (process(start() + SUB.format("")), "start.subprocess", "sub"),
        (process(start() + SUB.format(end("e"))), "start.subprocess", "sub"),
        (process(start() + SUB.format(start("s") + start("t"))), "start.subprocess", "sub"),
    ],
)
def test_a_scope_in_which_nothing_or_anything_could_begin_is_refused(source, code, element):
    assert (code, element) in refused(source)
