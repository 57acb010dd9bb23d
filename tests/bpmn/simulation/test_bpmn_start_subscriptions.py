"""Processes that start by themselves on a virtual clock: timers, messages, signals, and several of these."""

from datetime import timedelta

import pytest

import bpmn
from bpmn.simulation.subscriptions import MAX_ROUNDS
from bpmn.simulation.world import EPOCH, World
from support.bpmn_text import extension, flow, process, script, service

KEY = extension('<zeebe:subscription correlationKey="=order"/>')
DEFINITIONS = (
    f'<message id="m-order" name="order">{KEY}</message><message id="m-paid" name="paid">{KEY}</message>'
    '<signal id="s-alarm" name="alarm"/>'
)
ORDER = '<messageEventDefinition messageRef="m-order"/>'
PAID = '<messageEventDefinition messageRef="m-paid"/>'
ALARM = '<signalEventDefinition signalRef="s-alarm"/>'
EVERY = 'parallelMultiple="true"'


def timer(form: str, text: str) -> str:
    return f"<timerEventDefinition><{form}>{text}</{form}></timerEventDefinition>"


def model(definitions: str, attributes: str = "", *, id: str = "p") -> bpmn.Model:
    """A process that notes when it has started, by these definitions."""
    body = f'<startEvent id="s" {attributes}>{definitions}</startEvent>' + script("note", "=now()", "at")
    return bpmn.compile_model(
        {"a.bpmn": process(body + flow("s > note"), id=id, definitions=DEFINITIONS)}, process=id
    )


def began(world: World) -> list[timedelta]:
    return [state.variables["at"] - EPOCH for state in world.states]


def test_a_date_starts_one_instance_and_a_cycle_one_in_each_round():
    date = World([model(timer("timeDate", "2026-01-03T00:00:00Z"))])
    date.run()
    assert began(date) == [timedelta(days=2)]

    cycle = World([model(timer("timeCycle", "R3/P1D"))])
    assert cycle.states == []
    cycle.run()
    assert began(cycle) == [timedelta(days=day) for day in (1, 2, 3)]
    assert all(state.status == "completed" for state in cycle.states)


def test_a_date_that_has_passed_is_due_at_once():
    world = World([model(timer("timeDate", "2020-01-01T00:00:00Z"))])
    world.run()
    assert began(world) == [timedelta(0)]


def test_an_endless_cycle_comes_to_rest():
    world = World([model(timer("timeCycle", "R/PT1H"))])
    world.run()
    assert len(world.states) == MAX_ROUNDS


def test_timers_of_starts_and_of_instances_run_on_one_clock():
    wait = f'<intermediateCatchEvent id="wait">{timer("timeDuration", "PT36H")}</intermediateCatchEvent>'
    body = f'<startEvent id="s">{timer("timeCycle", "R2/P1D")}</startEvent>' + wait
    source = process(body + script("note", "=now()", "at") + flow("s > wait > note"))
    world = World([bpmn.compile_model({"a.bpmn": source})])
    world.run()
    assert began(world) == [timedelta(hours=60), timedelta(hours=84)]


def test_a_timer_that_cannot_be_told_is_an_error():
    with pytest.raises(bpmn.BpmnError) as wrong:
        World([model(timer("timeDate", '="soon"'))])
    assert wrong.value.code == "timer.bad-date"


def test_any_of_several_events_starts_an_instance():
    world = World([model(ORDER + ALARM + timer("timeCycle", "R1/P1D"))])
    world.message("order", "", {"order": "A"})
    world.signal("alarm", {"order": "B"})
    world.run()
    assert [state.variables.get("order") for state in world.states] == ["A", "B", None]


def test_where_every_event_has_to_come_the_last_one_starts_the_instance():
    world = World([model(ORDER + ALARM + timer("timeCycle", "R1/P1D"), EVERY)])
    world.message("order", "", {"order": "A", "lines": 2})
    world.signal("alarm", {"why": "fire"})
    assert world.states == []
    world.run()
    assert began(world) == [timedelta(days=1)]
    assert {name: world.states[0].variables[name] for name in ("order", "lines", "why")} == {
        "order": "A",
        "lines": 2,
        "why": "fire",
    }


def test_events_that_have_come_wait_for_their_turn():
    world = World([model(ORDER + PAID, EVERY)])
    for order in ("A", "B"):
        world.message("order", "", {"order": order})
    for amount in (1, 2):
        world.message("paid", "", {"amount": amount})
    assert [(state.variables["order"], state.variables["amount"]) for state in world.states] == [
        ("A", 1),
        ("B", 2),
    ]


def test_a_message_starts_one_process_and_a_signal_every_one():
    world = World([model(ORDER + ALARM, id="p"), model(ORDER + ALARM, id="q")])
    world.message("order", "", {})
    assert [state.model.process_id for state in world.states] == ["p"]
    world.signal("alarm", {})
    assert [state.model.process_id for state in world.states] == ["p", "p", "q"]


def test_what_nobody_waits_for_starts_nothing():
    world = World([model(ORDER)])
    world.message("paid", "", {})
    world.signal("order", {})
    assert world.states == []


def test_messages_of_a_parallel_event_gateway_meet_in_one_instance_by_their_key():
    body = '<eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>'
    for id, event in (("order", ORDER), ("paid", PAID)):
        body += f'<intermediateCatchEvent id="{id}">{event}</intermediateCatchEvent>' + service(f"do-{id}")
        body += flow(f"g > {id} > do-{id}")
    world = World([bpmn.compile_model({"a.bpmn": process(body, definitions=DEFINITIONS)})])
    world.message("order", "A", {"order": "A"})
    world.message("paid", "B", {"order": "B"})
    world.message("paid", "A", {})
    world.message("order", "B", {})
    assert [[job.element for job in state.jobs] for state in world.states] == [
        ["do-order", "do-paid"],
        ["do-paid", "do-order"],
    ]
