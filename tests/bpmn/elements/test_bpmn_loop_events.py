"""Multi-instance behaviour: what rounds throw when they are completed, and who catches it."""

import pytest

import bpmn
from support.bpmn_text import Case, end, extension, flow, mapping, process, refused, service, start

DEFINITIONS = (
    '<signal id="s" name="done"/><error id="x" errorCode="X"/><escalation id="y" escalationCode="Y"/>'
    '<message id="m" name="note">'
    + extension('<zeebe:subscription correlationKey="=order"/>')
    + '</message><signalEventDefinition id="signalled" signalRef="s"/>'
    '<escalationEventDefinition id="raised" escalationRef="y"/>'
    '<errorEventDefinition id="failed" errorRef="x"/><messageEventDefinition id="told" messageRef="m"/>'
    '<timerEventDefinition id="timed"><timeDuration>P1D</timeDuration></timerEventDefinition>'
    '<compensateEventDefinition id="undone"/>'
)
ITEMS = extension('<zeebe:loopCharacteristics inputCollection="=items" inputElement="item"/>')
SIGNAL = '<signalEventDefinition signalRef="s"/>'


def rounds(behaviour: str, attributes: str = "", inner: str = "", sequential: bool = True) -> str:
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}" behavior="{behaviour}"'
        f"{attributes}>{ITEMS}{inner}</multiInstanceLoopCharacteristics>"
    )


def each(event: str = "signalled", sequential: bool = True) -> str:
    return rounds("None", f' noneBehaviorEventRef="{event}"', sequential=sequential)


def first(event: str = "signalled", sequential: bool = True) -> str:
    return rounds("One", f' oneBehaviorEventRef="{event}"', sequential=sequential)


def complex_(condition: str, event: str = SIGNAL) -> str:
    return (
        f"<complexBehaviorDefinition><condition>{condition}</condition><event>{event}</event>"
        "</complexBehaviorDefinition>"
    )


def model(loop: str, caught: str = SIGNAL, *, interrupting: bool = False) -> bytes:
    body = start() + service("a", inner=loop) + end() + end("heard") + flow("start > a > end")
    body += f'<boundaryEvent id="b" attachedToRef="a" cancelActivity="{str(interrupting).lower()}">{caught}'
    body += "</boundaryEvent>" + flow("b > heard")
    return process(body, definitions=DEFINITIONS)


def run(source: bytes, items: int = 3, **variables) -> Case:
    case = Case(source, {"items": list(range(items)), **variables})
    while case.jobs:
        case.send(bpmn.CompleteJob(case.now, case.state.jobs[-1].id))
    return case


@pytest.mark.parametrize("sequential", [True, False])
def test_with_none_every_round_throws_and_the_loop_goes_on(sequential):
    case = run(model(each(sequential=sequential)))
    assert (case.completed.count("a"), case.completed.count("b")) == (3, 3)
    assert (case.state.status, case.completed.count("end")) == ("completed", 1)


@pytest.mark.parametrize("sequential", [True, False])
def test_with_one_only_the_first_completed_round_throws(sequential):
    case = run(model(first(sequential=sequential)))
    assert (case.completed.count("a"), case.completed.count("b"), case.state.status) == (3, 1, "completed")


def test_with_all_nothing_is_thrown():
    case = run(model(rounds("All")))
    assert (case.completed.count("a"), case.completed.count("b")) == (3, 0)


@pytest.mark.parametrize("sequential", [True, False])
def test_an_interrupting_boundary_event_ends_the_loop_with_the_round_that_threw(sequential):
    case = run(model(each(sequential=sequential), interrupting=True))
    assert case.completed == ["start", "a", "b", "heard"]
    assert (case.state.status, case.state.to_json()["stored"]) == ("completed", [])


def test_with_complex_each_definition_throws_when_its_condition_holds_after_a_round():
    escalation = '<escalationEventDefinition escalationRef="y"/>'
    inner = complex_("=numberOfCompletedInstances = 2") + complex_("=item &gt; 0", escalation)
    case = run(model(rounds("Complex", inner=inner)))
    thrown = [event.kind for event in case.events if event.kind.endswith(".thrown")]
    assert thrown == ["signal.thrown", "escalation.thrown", "escalation.thrown"]
    assert (case.completed.count("b"), case.state.status) == (1, "completed")


def test_a_complex_definition_may_refer_to_its_event_and_sees_what_the_round_made():
    inner = complex_("=good", "<eventDefinitionRef>signalled</eventDefinitionRef>")
    case = Case(model(rounds("Complex", inner=inner)), {"items": [1, 2]})
    case.complete_job("a", good=False).complete_job("a", good=True)
    assert (case.completed.count("b"), case.state.status) == (1, "completed")


def test_a_condition_that_is_neither_true_nor_false_stops_the_round_until_it_is():
    inner = complex_("=good")
    case = Case(model(rounds("Complex", inner=inner)), {"items": [1]}).complete_job("a")
    assert (case.codes, case.completed) == (["loop.condition-not-boolean"], ["start"])
    assert case.resolve(good=True).completed.count("b") == 1
    assert case.state.status == "completed"


@pytest.mark.parametrize(
    ("event", "caught"),
    [
        ("raised", '<escalationEventDefinition escalationRef="y"/>'),
        ("failed", '<errorEventDefinition errorRef="x"/>'),
    ],
)
def test_escalations_and_errors_are_caught_at_the_border_of_the_loop(event, caught):
    case = run(model(first(event), caught, interrupting=True))
    assert case.completed == ["start", "a", "b", "heard"]


def test_an_error_that_nobody_catches_stops_the_round_and_is_thrown_again_later():
    case = Case(model(each("failed")), {"items": [1]}).complete_job("a")
    assert case.codes == ["error.uncaught"]
    case.resolve()
    assert (case.codes, case.completed.count("a")) == (["error.uncaught"], 1)


def test_what_was_thrown_before_an_incident_is_not_thrown_again():
    inner = complex_("=true", "<eventDefinitionRef>signalled</eventDefinitionRef>")
    inner += complex_("=true", "<eventDefinitionRef>told</eventDefinitionRef>")
    case = Case(model(rounds("Complex", inner=inner)), {"items": [1]}).complete_job("a")
    assert (case.codes, case.completed.count("b")) == (["message.bad-key"], 1)
    case.resolve(order="7")
    assert (case.state.status, case.completed.count("b"), case.completed.count("a")) == ("completed", 1, 1)


def test_a_message_is_handed_to_the_driver_with_the_key_of_its_round_and_without_content():
    source = model(each("told")).replace(b'"=order"', b'"=item"')
    thrown = [event for event in run(source, 2).events if event.kind == "message.thrown"]
    assert [event.data for event in thrown] == [
        {"name": "note", "key": key, "variables": {}} for key in ("0", "1")
    ]


def test_a_round_that_is_completed_does_not_hear_its_own_signal():
    handler = f'<startEvent id="on">{SIGNAL}</startEvent>' + service("react") + end("re")
    handler = f'<subProcess id="es" triggeredByEvent="true">{handler}{flow("on > react > re")}</subProcess>'
    inner = start("si") + service("work") + end("e") + flow("si > work > e") + handler
    body = start() + f'<subProcess id="a">{each()}{inner}</subProcess>' + end() + flow("start > a > end")
    case = run(process(body, definitions=DEFINITIONS), 2)
    assert (case.completed.count("work"), case.completed.count("react"), case.state.status) == (
        2,
        0,
        "completed",
    )


def test_a_thrown_event_may_end_the_scope_around_the_loop():
    inner = start("si") + service("a", inner=each()) + end("e") + flow("si > a > e")
    body = start() + f'<subProcess id="sub">{inner}</subProcess>' + end() + end("left")
    body += f'<boundaryEvent id="b" attachedToRef="sub">{SIGNAL}</boundaryEvent>'
    case = run(process(body + flow("start > sub > end") + flow("b > left"), definitions=DEFINITIONS))
    assert (case.completed[-2:], case.state.status, case.completed.count("a")) == (
        ["b", "left"],
        "completed",
        1,
    )


def test_rounds_that_throw_are_undone_like_others():
    undo = "<compensateEventDefinition/>"
    body = (
        start()
        + service("a", inner=each())
        + f'<intermediateThrowEvent id="t">{undo}</intermediateThrowEvent>'
    )
    body += f'<boundaryEvent id="c" attachedToRef="a">{undo}</boundaryEvent>' + end()
    body += '<association id="to" sourceRef="c" targetRef="not-a"/>'
    body += service("not-a").replace("<serviceTask ", '<serviceTask isForCompensation="true" ')
    case = run(process(body + flow("start > a > t > end"), definitions=DEFINITIONS), 2)
    assert (case.completed.count("not-a"), case.state.status) == (2, "completed")


@pytest.mark.parametrize(
    ("loop", "found"),
    [
        (rounds("Some"), "loop.behaviour"),
        (rounds("None"), "loop.behaviour-no-event"),
        (rounds("One"), "loop.behaviour-no-event"),
        (rounds("Complex"), "loop.behaviour-no-event"),
        (rounds("Complex", inner=complex_("=true", "")), "loop.behaviour-no-event"),
        (rounds("All", ' oneBehaviorEventRef="signalled"'), "loop.behaviour-unused"),
        (rounds("One", ' noneBehaviorEventRef="signalled"'), "loop.behaviour-unused"),
        (rounds("All", inner=complex_("=true")), "loop.behaviour-unused"),
        (each("nothing"), "event.missing-definition"),
        (each("m"), "event.missing-definition"),
        (each("timed"), "loop.event-kind"),
        (each("undone"), "loop.event-kind"),
        (rounds("Complex", inner=complex_("true")), "loop.condition-no-feel"),
        (rounds("Complex", inner=complex_("=1 +")), "feel.syntax"),
        (rounds("Complex", inner=complex_("=true", "<dataInput/>")), "element.unsupported"),
    ],
)
def test_a_behaviour_that_could_not_run_as_written_is_refused(loop, found):
    assert (found, "a") in refused(model(loop))


def test_an_event_of_a_loop_takes_no_job_and_no_mappings():
    job = extension('<zeebe:taskDefinition type="mail"/>')
    event = f'<messageEventDefinition messageRef="m">{job}</messageEventDefinition>'
    for thrown in (event, extension(mapping({"n": "=1"})) + SIGNAL):
        loop = rounds("Complex", inner=complex_("=true", thrown))
        assert ("extension.unsupported", "a") in refused(model(loop))
