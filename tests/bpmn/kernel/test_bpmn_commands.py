"""Commands: what is accepted, what is refused, and that a log of them is the whole truth."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import bpmn
from support.bpmn_text import NOON, Case, end, flow, process, service, start, user

MODEL = process(start() + service("work") + end() + flow("start > work > end"))

COMMANDS = [
    bpmn.Start(NOON, {"amount": Decimal("1.50"), "due": NOON, "list": [None, True, "x"]}),
    bpmn.Start(NOON, {}, "start"),
    bpmn.CompleteJob(NOON, "work:4", {"a": Decimal(1)}),
    bpmn.FailJob(NOON, "work:4", "bank.down", "no answer"),
    bpmn.ThrowError(NOON, "work:4", "NO", "why", {"a": "b"}),
    bpmn.CompleteTask(NOON, "task:4", {}),
    bpmn.CorrelateMessage(NOON, "paid", "17", {"a": False}),
    bpmn.BroadcastSignal(NOON, "halt"),
    bpmn.FireTimers(NOON + timedelta(microseconds=1)),
    bpmn.ResolveIncident(NOON, "work:9", {}),
    bpmn.SkipElement(NOON, "work:9", {"rate": Decimal("1.5")}),
    bpmn.ThrowAtIncident(NOON, "work:9", "BAD", {"why": "late"}),
    bpmn.Modify(NOON, ("work:3",), (bpmn.Activation("end", "p:1", {"due": NOON}),), "by hand"),
    bpmn.Cancel(NOON, "withdrawn", compensate=True),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.kind)
def test_a_command_survives_json(command):
    assert bpmn.command_from_json(command.to_json()) == command


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"kind": "explode"}, "command.unknown"),
        ({}, "command.unknown"),
        ({"kind": "start"}, "command.malformed"),
        ({"kind": "start", "at": "today"}, "command.malformed"),
        (
            {"kind": "modify", "at": "2026-01-01T00:00:00Z", "activate": [{"scope": "p:1"}]},
            "command.malformed",
        ),
        ({"kind": "cancel", "at": "2026-01-01T00:00:00Z", "why": 1}, "command.malformed"),
    ],
)
def test_what_is_no_command_is_refused(document, code):
    with pytest.raises(bpmn.CommandRefused) as refused:
        bpmn.command_from_json(document)
    assert refused.value.code == code


def refusal(state: bpmn.State, command: bpmn.Command) -> str:
    with pytest.raises(bpmn.CommandRefused) as refused:
        bpmn.step(state.model, state, command)
    return refused.value.code


def test_commands_that_do_not_fit_the_state_are_refused_by_code():
    case = Case(MODEL)
    job = case.state.jobs[0].id
    fresh = bpmn.new_instance(case.model, "other")
    assert refusal(fresh, bpmn.FireTimers(NOON)) == "command.wrong-status"
    assert refusal(case.state, bpmn.Start(NOON)) == "command.wrong-status"
    assert refusal(case.state, bpmn.CompleteJob(NOON, "work:999")) == "job.unknown"
    assert refusal(case.state, bpmn.CompleteJob(NOON, "other:" + job.rpartition(":")[2])) == "job.unknown"
    assert refusal(case.state, bpmn.CompleteTask(NOON, job)) == "task.unknown"
    assert refusal(case.state, bpmn.ResolveIncident(NOON, job)) == "incident.unknown"
    assert refusal(case.state, bpmn.CompleteJob(datetime(2026, 4, 1), job)) == "command.no-zone"
    assert refusal(case.state, bpmn.CompleteJob(NOON - timedelta(days=1), job)) == "command.in-the-past"
    assert refusal(fresh, bpmn.Start(NOON, {}, "work")) == "start.unknown"
    case.complete_job("work")
    assert refusal(case.state, bpmn.CompleteJob(NOON, job)) == "command.wrong-status"


def test_a_cancelled_instance_keeps_its_variables_and_nothing_else():
    case = Case(MODEL, {"amount": 5}).send(bpmn.Cancel(NOON, "withdrawn"))
    assert case.state.status == "cancelled"
    assert (case.state.jobs, len(case.state.tokens)) == ((), 0)
    assert case.value("amount") == Decimal(5)


def test_a_state_knows_its_model_and_its_kernel():
    case = Case(MODEL)
    other = bpmn.compile_model({"other.bpmn": process(start() + end() + flow("start > end"))})
    document = case.state.to_json()
    for change, code in [
        ({"model": "0" * 64}, "state.other-model"),
        ({"kernel": "0"}, "state.other-kernel"),
        ({"format": 99}, "state.format"),
        ({"tokens": [{}]}, "state.damaged"),
    ]:
        with pytest.raises(bpmn.StateRefused) as refused:
            bpmn.State.from_json(case.model, {**document, **change})
        assert refused.value.code == code
    with pytest.raises(bpmn.CommandRefused, match=r"command\.other-model"):
        bpmn.step(other, case.state, bpmn.Cancel(NOON))


def test_ids_name_the_element_and_are_found_without_search():
    case = Case(process(start() + user("approve") + end() + flow("start > approve > end")))
    (task,) = case.state.tasks
    assert task.id.startswith("approve:")
    assert case.state.task(task.id) == task
    assert case.state.task("approve:77") is None
    assert case.state.job(task.id) is None
    assert case.state.task("nonsense") is None


def test_times_of_other_zones_are_the_same_time():
    model = bpmn.compile_model({"m.bpmn": MODEL})
    from datetime import timezone

    east = NOON.astimezone(timezone(timedelta(hours=8)))
    one = bpmn.step(model, bpmn.new_instance(model, "i"), bpmn.Start(NOON)).state
    two = bpmn.step(model, bpmn.new_instance(model, "i"), bpmn.Start(east)).state
    assert one.root == two.root
    assert one.at == NOON.astimezone(UTC)
