"""Tasks: what they open, what their results do to the variables."""

from decimal import Decimal

import pytest

import bpmn
from support.bpmn_text import Case, end, extension, flow, mapping, process, script, service, start, user


def test_a_service_task_opens_a_job_and_goes_on_with_its_result():
    case = Case(
        process(start() + service("pay", type="bank") + end() + flow("start > pay > end")), {"amount": 5}
    )
    (job,) = case.state.jobs
    assert (job.type, job.element, job.retries) == ("bank", "pay", 3)
    assert job.variables["amount"] == Decimal(5)

    case.complete_job("pay", receipt="r-1")

    assert case.state.status == "completed"
    assert dict(case.state.variables) == {"amount": Decimal(5), "receipt": "r-1"}
    assert case.state.jobs == ()


def test_input_mappings_are_all_that_a_job_sees_and_outputs_all_that_it_gives():
    task = service("pay", more=mapping({"sum": "=amount * 2"}, {"bank.receipt": "=receipt"}))
    case = Case(process(start() + task + end() + flow("start > pay > end")), {"amount": 5, "bank": {"id": 1}})
    assert dict(case.state.jobs[0].variables) == {"sum": Decimal(10)}

    case.complete_job("pay", receipt="r-1", noise="x")

    assert dict(case.state.variables) == {"amount": Decimal(5), "bank": {"id": Decimal(1), "receipt": "r-1"}}


def test_headers_and_a_type_from_an_expression_reach_the_job():
    more = '<zeebe:taskHeaders><zeebe:header key="about" value="limits"/></zeebe:taskHeaders>'
    case = Case(
        process(start() + service("notify", type="=kind", more=more) + end() + flow("start > notify > end")),
        {"kind": "mail"},
    )
    assert case.state.jobs[0].type == "mail"
    assert case.state.jobs[0].headers == {"about": "limits"}


def test_a_user_task_tells_who_may_do_it_and_until_when():
    more = (
        '<zeebe:formDefinition formId="approve"/>'
        "<zeebe:assignmentDefinition assignee='=officer' candidateGroups='credit, risk'/>"
        "<zeebe:taskSchedule dueDate='=now() + duration(\"P3D\")'/>"
        '<zeebe:properties><zeebe:property name="fourEyes" value="approval"/></zeebe:properties>'
    )
    case = Case(
        process(start() + user("approve", more=more) + end() + flow("start > approve > end")),
        {"officer": "ann"},
    )
    (task,) = case.state.tasks
    assert (task.form, task.assignee, task.candidate_groups) == ("approve", "ann", ("credit", "risk"))
    assert task.due is not None
    assert (task.due - case.now).days == 3
    assert task.properties == {"fourEyes": "approval"}

    case.complete_task("approve", decision="approve")

    assert case.state.status == "completed"
    assert case.value("decision") == "approve"


def test_a_script_task_evaluates_feel_in_exact_numbers():
    case = Case(process(start() + script("sum", "=0.1 + 0.2", "total") + end() + flow("start > sum > end")))
    assert case.value("total") == Decimal("0.3")


def test_undefined_and_manual_tasks_pass_at_once():
    body = start() + '<task id="a"/><manualTask id="b"/>' + end() + flow("start > a > b > end")
    assert Case(process(body)).completed == ["start", "a", "b", "end"]


def test_a_receive_task_waits_for_its_message_and_key():
    message = (
        '<message id="m" name="paid">'
        + extension('<zeebe:subscription correlationKey="=order"/>')
        + "</message>"
    )
    body = start() + '<receiveTask id="wait" messageRef="m"/>' + end() + flow("start > wait > end")
    case = Case(process(body, definitions=message), {"order": 17})
    assert [(each.message, each.key) for each in case.state.messages] == [("paid", "17")]

    with pytest.raises(bpmn.CommandRefused, match=r"message\.not-awaited"):
        case.message("paid", "18")
    case.message("paid", "17", amount=4)

    assert case.value("amount") == Decimal(4)
    assert case.state.status == "completed"


def test_a_message_that_is_thrown_is_handed_to_the_driver():
    message = '<message id="m" name="offer"/>'
    task = '<sendTask id="send" messageRef="m">' + extension(mapping({"price": "=cost + 1"})) + "</sendTask>"
    case = Case(
        process(start() + task + end() + flow("start > send > end"), definitions=message), {"cost": 1}
    )
    (thrown,) = [event for event in case.events if event.kind == "message.thrown"]
    assert thrown.data["name"] == "offer"
    assert thrown.data["variables"] == {"price": 2}


def test_a_result_with_a_float_is_refused_and_nothing_changes():
    case = Case(process(start() + service("pay") + end() + flow("start > pay > end")))
    before = case.state.root
    with pytest.raises(bpmn.BpmnError, match=r"value\.no_json"):
        case.complete_job("pay", amount=0.5)
    assert case.state.root == before
    assert case.jobs == ["pay"]
