"""Event-based gateways and receive tasks that start a process."""

import pytest

import bpmn
from support.bpmn_text import Case, end, extension, flow, mapping, process, refused, service, start

DEFINITIONS = (
    "".join(
        f'<message id="m-{name}" name="{name}">'
        + extension('<zeebe:subscription correlationKey="=order"/>')
        + "</message>"
        for name in ("order", "paid", "sent")
    )
    + '<message id="m-bare" name="bare"/><signal id="s-alarm" name="alarm"/>'
)
GROUP = '<eventBasedGateway id="g" instantiate="true" eventGatewayType="{}"/>'
LINK = '<linkEventDefinition name="x"/>'


def catch(id: str, definition: str, attributes: str = "", inner: str = "") -> str:
    return f'<intermediateCatchEvent id="{id}" {attributes}>{inner}{definition}</intermediateCatchEvent>'


def message(id: str) -> str:
    return catch(id, f'<messageEventDefinition messageRef="m-{id}"/>')


def timer(id: str, time: str) -> str:
    return catch(id, f"<timerEventDefinition>{time}</timerEventDefinition>")


def signal(id: str) -> str:
    return catch(id, '<signalEventDefinition signalRef="s-alarm"/>')


def receive(id: str, attributes: str = 'instantiate="true"', inner: str = "") -> str:
    return f'<receiveTask id="{id}" messageRef="m-{id}" {attributes}>{inner}</receiveTask>'


def group(kind: str, *events: tuple[str, str]) -> str:
    """A gateway that instantiates, with (id, event) behind it, each followed by a task of its own."""
    ways = "".join(text + service(f"after-{id}") + flow(f"g > {id} > after-{id}") for id, text in events)
    return GROUP.format(kind) + ways


def source(body: str) -> bytes:
    return process(body, definitions=DEFINITIONS)


EXCLUSIVE = source(group("Exclusive", ("order", message("order")), ("alarm", signal("alarm"))))
PARALLEL = source(group("Parallel", ("order", message("order")), ("paid", message("paid"))))


# Exclusive


def test_the_event_that_starts_the_process_decides_an_exclusive_gateway():
    case = Case(EXCLUSIVE, {"order": "17"}, by="order")
    assert case.completed == ["g", "order"]
    assert (case.jobs, case.state.messages, case.state.signals) == (["after-order"], (), ())
    assert case.complete_job("after-order").state.status == "completed"
    assert Case(EXCLUSIVE, by="alarm").jobs == ["after-alarm"]


def test_its_steps_are_those_of_a_gateway_that_an_event_has_decided():
    case = Case(EXCLUSIVE, {"order": "17"}, by="order")
    assert [(event.kind, event.element) for event in case.events[1:6]] == [
        ("element.activated", "g"),
        ("element.completed", "g"),
        ("flow.taken", "g-order"),
        ("element.activated", "order"),
        ("element.completed", "order"),
    ]


def test_what_the_message_brought_goes_through_the_output_mappings_of_its_event():
    event = catch(
        "order",
        '<messageEventDefinition messageRef="m-order"/>',
        inner=extension(mapping(outputs={"copy": "=order"})),
    )
    body = group("Exclusive", ("order", event), ("alarm", signal("alarm")))
    assert Case(source(body), {"order": "17"}, by="order").value("copy") == "17"


def test_an_exclusive_gateway_may_lead_to_receive_tasks_conditions_and_dates():
    condition = "<condition>=days &gt; 30</condition>"
    late = catch("late", f"<conditionalEventDefinition>{condition}</conditionalEventDefinition>")
    date = timer("date", "<timeDate>2026-03-05T12:00:00Z</timeDate>")
    body = source(group("Exclusive", ("order", receive("order", "")), ("late", late), ("date", date)))
    for event in ("order", "late", "date"):
        assert Case(body, {"days": 31}, by=event).jobs == [f"after-{event}"]


def test_only_events_behind_it_start_such_a_process():
    for element in (None, "g", "after-order"):
        with pytest.raises(bpmn.CommandRefused) as refusal:
            Case(EXCLUSIVE, by=element)
        assert refusal.value.code == ("start.unknown" if element else "start.needs-element")


# Parallel


def test_a_parallel_gateway_waits_in_the_same_instance_for_the_events_that_did_not_start_it():
    case = Case(PARALLEL, {"order": "17"}, by="paid")
    assert case.completed == ["g", "paid"]
    assert [(each.message, each.key) for each in case.state.messages] == [("order", "17")]
    case.complete_job("after-paid")
    assert case.state.status == "running"
    case.message("order", "17", lines=3)
    assert (case.jobs, case.value("lines")) == (["after-order"], 3)
    assert case.complete_job("after-order").state.status == "completed"


def test_each_event_behind_it_goes_its_own_way_as_soon_as_it_comes():
    case = Case(PARALLEL, {"order": "17"}, by="order").message("paid", "17")
    assert case.jobs == ["after-order", "after-paid"]


def test_a_message_with_another_key_is_not_for_this_instance():
    case = Case(PARALLEL, {"order": "17"}, by="order")
    with pytest.raises(bpmn.CommandRefused) as refusal:
        case.message("paid", "18")
    assert refusal.value.code == "message.not-awaited"


def test_signals_and_dates_are_waited_for_too():
    date = timer("date", "<timeDate>2026-03-05T12:00:00Z</timeDate>")
    body = group("Parallel", ("order", message("order")), ("alarm", signal("alarm")), ("date", date))
    case = Case(source(body), {"order": "17"}, by="order")
    case.send(bpmn.BroadcastSignal(case.now, "alarm")).after(days=3)
    assert case.jobs == ["after-order", "after-alarm", "after-date"]


def test_a_key_that_cannot_be_told_stops_that_event_alone():
    case = Case(PARALLEL, by="order")
    assert (case.codes, case.jobs) == (["message.bad-key"], ["after-order"])
    case.resolve(order="17").message("paid", "17")
    assert case.jobs == ["after-order", "after-paid"]


def test_an_interrupting_event_subprocess_ends_what_is_still_waited_for():
    by_event = '<startEvent id="s"><signalEventDefinition signalRef="s-alarm"/></startEvent>'
    by_event += '<task id="t"/>' + flow("s > t")
    body = group("Parallel", ("order", message("order")), ("paid", message("paid")))
    body += f'<subProcess id="es" triggeredByEvent="true">{by_event}</subProcess>'
    case = Case(source(body), {"order": "17"}, by="order")
    case.send(bpmn.BroadcastSignal(case.now, "alarm"))
    assert (case.state.messages, case.state.status, case.completed[-1]) == ((), "completed", "es")


# Receive tasks


def test_a_receive_task_starts_the_process_by_its_message():
    body = receive("order") + service("work") + flow("order > work")
    case = Case(source(body), {"order": "17"}, by="order")
    assert (case.completed, case.jobs, case.state.messages) == (["order"], ["work"], ())


def test_its_boundary_events_and_mappings_work_as_in_any_activity():
    given = extension(mapping({"mine": "=order"}, {"kept": "=mine"}))
    boundary = '<boundaryEvent id="b" attachedToRef="order"><errorEventDefinition/></boundaryEvent>'
    body = receive("order", inner=given) + boundary + '<task id="t"/>' + flow("b > t")
    case = Case(source(body), {"order": "17"}, by="order")
    assert (case.completed, case.value("kept"), case.state.status) == (["order"], "17", "completed")


# Together


def test_without_a_start_event_all_that_instantiate_belong_to_one_instance():
    """One event of each group has to come (BPMN 2.0, 13.5.1); the first makes the instance."""
    body = group("Exclusive", ("order", message("order")), ("paid", message("paid")))
    case = Case(source(body + receive("sent") + service("beside")), {"order": "17"}, by="sent")
    assert (case.completed, case.jobs) == (["sent"], ["beside"])
    assert {each.message for each in case.state.messages} == {"order", "paid"}
    case.message("paid", "17")
    assert (case.jobs, case.state.messages) == (["beside", "after-paid"], ())


def test_a_parallel_gateway_that_another_one_preceded_waits_for_all_of_its_events():
    body = group("Parallel", ("order", message("order")), ("paid", message("paid"))) + receive("sent")
    case = Case(source(body), {"order": "17"}, by="sent")
    assert {each.message for each in case.state.messages} == {"order", "paid"}
    assert case.message("paid", "17").message("order", "17").jobs == ["after-paid", "after-order"]


def test_beside_a_start_event_each_is_a_start_of_its_own():
    body = start() + service("plain") + receive("order") + service("work")
    model = source(body + flow("start > plain") + flow("order > work"))
    assert Case(model).jobs == ["plain"]
    assert Case(model, {"order": "17"}, by="order").jobs == ["work"]
    findings = [(each.code, each.element) for each in bpmn.lint({"a.bpmn": model})]
    assert findings == []


# Refusals


def inside(body: str) -> bytes:
    return source(start() + f'<subProcess id="sub">{body}</subProcess>' + end() + flow("start > sub > end"))


@pytest.mark.parametrize(
    ("model", "code", "element"),
    [
        (inside(receive("order")), "start.instantiating-inside", "order"),
        (
            inside(group("Exclusive", ("order", message("order")), ("paid", message("paid")))),
            "start.instantiating-inside",
            "g",
        ),
        (source(start() + receive("order") + flow("start > order")), "start.instantiating-in-flow", "order"),
        (
            source(start() + group("Exclusive", ("order", message("order"))) + flow("start > g")),
            "start.instantiating-in-flow",
            "g",
        ),
        (
            source(
                start()
                + '<eventBasedGateway id="g" eventGatewayType="Parallel"/>'
                + message("order")
                + message("paid")
                + flow("start > g > order")
                + flow("g > paid")
            ),
            "gateway.parallel-events",
            "g",
        ),
        (
            source(
                receive(
                    "order",
                    inner='<standardLoopCharacteristics loopMaximum="2"/>',
                )
            ),
            "receive.instantiating-loop",
            "order",
        ),
        (
            source(
                group(
                    "Exclusive",
                    ("order", receive("order", "", '<standardLoopCharacteristics loopMaximum="2"/>')),
                )
            ),
            "gateway.loop",
            "g",
        ),
        (source(group("Exclusive", ("x", catch("x", LINK)))), "gateway.no-event", "g"),
        (source(group("Exclusive", ("x", service("x")))), "gateway.no-event", "g"),
        (
            source(group("Exclusive", ("x", timer("x", "<timeDuration>P1D</timeDuration>")))),
            "timer.start-duration",
            "x",
        ),
        (
            source(group("Parallel", ("order", message("order")), ("bare", message("bare")))),
            "start.correlation",
            "g",
        ),
        (source(group("Parallel", ("bare", message("bare")), ("a", signal("a")))), "start.correlation", "g"),
        (source(receive("order") + receive("bare")), "start.correlation", "order"),
        (source(receive("order").replace('id="order" ', "")), "id.missing", "p"),
        (source(GROUP.format("Parallel") + '<dataObject id="d"/>' + flow("g > d")), "gateway.no-event", "g"),
    ],
)
def test_what_cannot_start_a_process_is_refused_by_rule_and_element(model, code, element):
    assert (code, element) in refused(model)


def test_a_called_process_needs_a_start_that_the_call_can_take():
    call = process(start() + '<callActivity id="call" calledElement="q"/>' + flow("start > call"))
    for body in (receive("order"), start() + start("other")):
        called = process(body, id="q", definitions=DEFINITIONS)
        assert refused({"a.bpmn": call, "b.bpmn": called}) == [("call.start-unclear", "call")]
