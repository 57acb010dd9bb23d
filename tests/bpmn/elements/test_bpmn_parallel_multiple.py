"""Parallel multiple events at borders: they happen when all of their definitions have come."""

import pytest

import bpmn
from support.bpmn_text import Case, end, extension, flow, process, refused, service, start, user

DEFINITIONS = (
    '<signal id="s1" name="paid"/><signal id="s2" name="shipped"/><error id="x" errorCode="X"/>'
    '<escalation id="y" escalationCode="Y"/><message id="m" name="note">'
    + extension('<zeebe:subscription correlationKey="=order"/>')
    + "</message>"
)
SIGNAL = '<signalEventDefinition signalRef="{0}"/>'
MESSAGE = '<messageEventDefinition messageRef="m"/>'
CONDITION = "<conditionalEventDefinition><condition>=limit &gt; 5</condition></conditionalEventDefinition>"
TIMER = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"
CYCLE = "<timerEventDefinition><timeCycle>R3/P1D</timeCycle></timerEventDefinition>"
PAID, SHIPPED = SIGNAL.format("s1"), SIGNAL.format("s2")


def border(*events: str, interrupting: bool) -> str:
    stays = "" if interrupting else ' cancelActivity="false"'
    return (
        f'<boundaryEvent id="both" attachedToRef="work" parallelMultiple="true"{stays}>'
        f"{''.join(events)}</boundaryEvent>"
    )


def at_border(*events: str, interrupting: bool = True, host: str = user("work")) -> bytes:
    body = start() + host + border(*events, interrupting=interrupting) + end() + end("came")
    return process(body + flow("start > work > end") + flow("both > came"), definitions=DEFINITIONS)


def in_event_subprocess(*events: str, interrupting: bool = True) -> bytes:
    stays = "" if interrupting else ' isInterrupting="false"'
    begin = f'<startEvent id="on" parallelMultiple="true"{stays}>{"".join(events)}</startEvent>'
    sub = begin + service("react") + end("done") + flow("on > react > done")
    body = start() + user("work") + end() + flow("start > work > end")
    body += f'<subProcess id="es" triggeredByEvent="true">{sub}</subProcess>'
    return process(body, definitions=DEFINITIONS)


def signal(case: Case, name: str, **variables) -> Case:
    return case.send(bpmn.BroadcastSignal(case.now, name, variables))


def test_an_interrupting_boundary_event_waits_for_all_and_brings_what_all_of_them_brought():
    case = Case(at_border(PAID, MESSAGE), {"order": "7"})
    case.message("note", "7", note="n", both=1)
    assert (case.tasks, case.completed, case.state.messages) == (["work"], ["start"], ())
    signal(case, "paid", amount=5, both=2)
    assert (case.tasks, case.completed[-2:], case.state.status) == ([], ["both", "came"], "completed")
    assert dict(case.state.variables) == {"order": "7", "note": "n", "amount": 5, "both": 2}


def test_a_timer_and_a_condition_count_among_the_events():
    case = Case(at_border(TIMER, CONDITION), {"limit": 1}).after(days=1)
    assert (case.tasks, case.state.timers) == (["work"], ())
    case.send(bpmn.Cancel(case.now))
    ended = Case(at_border(TIMER, CONDITION), {"limit": 9}).after(days=1)
    assert (ended.tasks, ended.state.status) == ([], "completed")


def test_an_activity_that_is_done_takes_what_has_come_so_far_with_it():
    case = signal(Case(at_border(PAID, SHIPPED)), "paid").complete_task("work")
    assert (case.state.status, case.state.signals, "both" in case.completed) == ("completed", (), False)


def test_an_event_that_does_not_interrupt_takes_one_of_each_every_time():
    case = Case(at_border(PAID, MESSAGE, interrupting=False), {"order": "7"}).message("note", "7")
    with pytest.raises(bpmn.CommandRefused, match="Nothing waits"):  # the second one waits for its turn
        case.message("note", "7")
    signal(case, "paid")
    assert case.completed.count("both") == 1
    signal(case, "paid")
    assert case.completed.count("both") == 1
    assert case.message("note", "7").completed.count("both") == 2
    assert case.complete_task("work").state.status == "completed"
    subscribed = [event.kind.split(".")[0] for event in case.events if event.kind.endswith("subscribed")]
    assert subscribed == ["signal", "message", "message", "signal", "signal", "message"]


def test_what_comes_once_lets_the_event_happen_once():
    case = signal(Case(at_border(PAID, TIMER, interrupting=False)), "paid").after(days=1)
    assert (case.completed.count("both"), case.state.signals, case.state.timers) == (1, (), ())
    assert case.tasks == ["work"]


def test_a_condition_that_still_holds_has_to_turn_true_again():
    host = user("work") + user("write") + '<parallelGateway id="f"/>'
    body = start() + host + border(CONDITION, PAID, interrupting=False) + end() + end("came")
    body += flow("start > f > work > end") + flow("f > write > end") + flow("both > came")
    case = Case(process(body, definitions=DEFINITIONS), {"limit": 9})
    signal(signal(case, "paid"), "paid")
    assert case.completed.count("both") == 1  # the second signal waits for the condition
    case.complete_task("write", limit=3)
    assert case.completed.count("both") == 1


def test_a_condition_that_turns_true_again_counts_again():
    loop = user("write") + '<exclusiveGateway id="top"/>'
    body = start() + user("work") + loop + '<parallelGateway id="f"/>' + end() + end("came")
    body += border(CONDITION, PAID, interrupting=False)
    body += flow("start > f > work > end") + flow("f > top > write > top") + flow("both > came")
    case = Case(process(body, definitions=DEFINITIONS), {"limit": 9})
    signal(signal(case, "paid"), "paid")
    case.complete_task("write", limit=3).complete_task("write", limit=8)
    assert case.completed.count("both") == 2


def test_an_event_subprocess_starts_when_all_have_come_and_ends_its_scope():
    case = signal(Case(in_event_subprocess(PAID, SHIPPED)), "paid", amount=5)
    assert case.jobs == []
    signal(case, "shipped", parcel="p")
    assert (case.tasks, case.jobs) == ([], ["react"])
    assert dict(case.state.jobs[0].variables) == {"amount": 5, "parcel": "p"}
    assert case.complete_job("react").state.status == "completed"


def test_an_event_subprocess_that_does_not_interrupt_starts_each_time():
    case = Case(in_event_subprocess(PAID, SHIPPED, interrupting=False))
    for _ in range(2):
        signal(signal(case, "shipped"), "paid")
    assert (case.tasks, case.jobs) == (["work"], ["react", "react"])


def test_two_events_of_one_activity_gather_apart():
    other = border(PAID, MESSAGE, interrupting=False).replace('"both"', '"other"')
    body = start() + user("work") + border(PAID, SHIPPED, interrupting=False) + other + end() + end("came")
    body += flow("start > work > end") + flow("both > came") + flow("other > came")
    case = Case(process(body, definitions=DEFINITIONS), {"order": "7"})
    signal(case, "paid")
    assert case.message("note", "7").completed[-2:] == ["other", "came"]
    assert signal(case, "shipped").completed[-2:] == ["both", "came"]


def test_the_events_of_a_loop_are_gathered_for_all_of_its_rounds():
    rounds = '<standardLoopCharacteristics loopMaximum="2"/>'
    case = signal(Case(at_border(PAID, SHIPPED, host=user("work", inner=rounds))), "paid")
    assert signal(case.complete_task("work"), "shipped").completed[-1] == "came"
    assert case.state.status == "completed"


def test_what_has_come_is_kept_while_the_result_of_a_loop_is_in_conflict():
    loop = (
        "<multiInstanceLoopCharacteristics>"
        + extension('<zeebe:loopCharacteristics inputCollection="=[1]" outputCollection="all"/>')
        + "</multiInstanceLoopCharacteristics>"
    )
    body = start() + '<parallelGateway id="f"/>' + user("work", inner=loop) + service("other") + end()
    body += border(PAID, SHIPPED, interrupting=True) + end("came") + flow("start > f > work > end")
    body += flow("f > other > end") + flow("both > came")
    case = signal(Case(process(body, definitions=DEFINITIONS)), "paid", amount=5)
    case.complete_job("other", all=[]).complete_task("work")
    assert case.codes == ["variable.conflict"]
    assert signal(case, "shipped").completed[-2:] == ["both", "came"]
    assert (case.state.status, case.value("amount")) == ("completed", 5)


def test_one_definition_alone_happens_when_it_comes():
    assert signal(Case(at_border(PAID)), "paid").state.status == "completed"


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([PAID, '<errorEventDefinition errorRef="x"/>'], "event.thrown-in-parallel"),
        ([PAID, '<escalationEventDefinition escalationRef="y"/>'], "event.thrown-in-parallel"),
        ([PAID, CYCLE], "timer.cycle-once"),
        ([PAID, "<compensateEventDefinition/>"], "event.not-alone"),
    ],
)
def test_what_cannot_be_waited_for_together_is_refused(events, found):
    stays = found == "timer.cycle-once"
    assert (found, "both") in refused(at_border(*events, interrupting=not stays))
