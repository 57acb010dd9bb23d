"""Timers, messages, signals and conditions that a token waits for, by itself or meanwhile."""

from datetime import timedelta

import pytest

import bpmn
from support.bpmn_migrations import kinds, move, refusals
from support.bpmn_text import NOON, Case, end, extension, flow, process, service, start, user


def declared(name: str, key: str) -> str:
    subscription = extension(f'<zeebe:subscription correlationKey="={key}"/>')
    return f'<message id="{name}" name="{name}">{subscription}</message><signal id="s{name}" name="{name}"/>'


DEFINITIONS = declared("paid", "order") + declared("sent", "parcel")


def timer(time: str, kind: str = "Duration") -> str:
    return f"<timerEventDefinition><time{kind}>{time}</time{kind}></timerEventDefinition>"


def message(name: str) -> str:
    return f'<messageEventDefinition messageRef="{name}"/>'


def signal(name: str) -> str:
    return f'<signalEventDefinition signalRef="s{name}"/>'


def condition(text: str) -> str:
    return f"<conditionalEventDefinition><condition>{text}</condition></conditionalEventDefinition>"


def caught(definition: str, id: str = "c", more: str = "") -> bytes:
    event = f'<intermediateCatchEvent id="{id}"{more}>{definition}</intermediateCatchEvent>'
    return process(start() + event + end() + flow(f"start > {id} > end"), definitions=DEFINITIONS)


def border(definition: str, id: str = "b", stays: bool = False) -> str:
    attributes = f'id="{id}" attachedToRef="a" cancelActivity="{"false" if stays else "true"}"'
    last = end(f"{id}end") + flow(f"{id} > {id}end")
    return f"<boundaryEvent {attributes}>{definition}</boundaryEvent>{last}"


def bordered(*borders: str) -> bytes:
    content = start() + service("a") + "".join(borders) + end() + flow("start > a > end")
    return process(content, definitions=DEFINITIONS)


VARIABLES = {"order": "o1", "parcel": "p1", "ready": False}


# An event of the token's own


def test_a_timer_keeps_the_time_at_which_it_is_due():
    case = Case(caught(timer("PT2H"))).after(hours=1)
    assert move(case, caught(timer("PT5H"))) == ["migration.wait-kept"]
    assert case.state.next_due == NOON + timedelta(hours=2)
    assert case.after(hours=1).state.status == "completed"


def test_a_renewed_timer_begins_at_the_time_of_the_migration():
    case = Case(caught(timer("PT2H"))).after(hours=1)
    before = len(case.events)
    assert move(case, caught(timer("PT5H")), renew=["c"]) == ["migration.wait-renewed"]
    assert case.state.next_due == NOON + timedelta(hours=6)
    assert kinds(case, before)[1:] == [("timer.closed", "c"), ("timer.started", "c")]


def test_a_timer_of_another_form_is_another_timer():
    case = Case(caught(timer("PT2H")))
    assert move(case, caught(timer("2026-03-03T00:00:00Z", "Date"))) == ["migration.wait-renewed"]
    assert case.state.next_due == NOON + timedelta(hours=12)


def test_a_timer_that_is_due_fires_when_timers_are_fired_again():
    case = Case(caught(timer("PT2H")))
    case.now += timedelta(hours=3)
    move(case, caught(timer("PT2H"), "d"), elements={"c": "d"})
    assert [event.data.get("from") for event in case.events if event.kind == "timer.migrated"] != []
    assert case.after().state.status == "completed"


def test_a_message_that_is_called_the_same_is_still_awaited_with_its_key():
    case = Case(caught(message("paid")), VARIABLES)
    (was,) = case.state.messages
    assert move(case, caught(message("paid"))) == []
    assert case.state.messages == (was,)
    assert case.message("paid", "o1").state.status == "completed"


def test_another_message_or_key_is_awaited_anew():
    case = Case(caught(message("paid")), VARIABLES)
    before = len(case.events)
    assert move(case, caught(message("sent"))) == ["migration.wait-renewed"]
    assert [(each.message, each.key) for each in case.state.messages] == [("sent", "p1")]
    assert kinds(case, before)[1:] == [("subscription.closed", "c"), ("message.subscribed", "c")]


def test_another_signal_is_awaited_anew():
    case = Case(caught(signal("paid")))
    assert move(case, caught(signal("sent"))) == ["migration.wait-renewed"]
    assert case.send(bpmn.BroadcastSignal(case.now, "paid")).state.status == "running"
    assert case.send(bpmn.BroadcastSignal(case.now, "sent")).state.status == "completed"


def test_another_condition_is_asked_at_once():
    case = Case(caught(condition("=ready")), VARIABLES)
    assert move(case, caught(condition("=not(ready)"))) == ["migration.wait-renewed"]
    assert case.state.status == "completed"


def test_what_cannot_be_awaited_is_refused():
    case = Case(caught(message("paid")), {"order": "o1"})
    assert refusals(case, caught(message("sent"))) == [("migration.wait-cannot-open", "c")]


def test_a_token_at_an_event_does_not_go_to_one_of_another_kind():
    assert refusals(Case(caught(timer("PT1H"))), caught(signal("paid"))) == [("migration.kind-changed", "c")]


def test_a_receive_task_does_not_become_a_task_that_receives_nothing():
    receive = '<receiveTask id="c" messageRef="paid"/>'
    content = start() + "{}" + end() + flow("start > c > end")
    case = Case(process(content.format(receive), definitions=DEFINITIONS), VARIABLES)
    assert refusals(case, process(content.format(user("c")))) == [("migration.work-changed", "c")]
    move(case, process(content.format(receive), definitions=DEFINITIONS))
    assert case.message("paid", "o1").state.status == "completed"


def test_what_some_of_several_events_have_brought_is_not_lost():
    both = caught(message("paid") + message("sent"), more=' parallelMultiple="true"')
    case = Case(both, VARIABLES).message("paid", "o1", amount=5)
    other = caught(message("paid") + message("sent"), "d", ' parallelMultiple="true"')
    move(case, other, elements={"c": "d"})
    case.message("sent", "p1")
    assert (case.state.status, case.value("amount")) == ("completed", 5)
    first = caught(message("paid") + message("sent"))
    case = Case(both, VARIABLES).message("paid", "o1")
    assert refusals(case, first) == [("migration.kind-changed", "c")]


# Events on the border


def test_events_that_stay_keep_their_waits_new_ones_are_opened_and_old_ones_closed():
    case = Case(bordered(border(timer("PT5H")), border(message("paid"), "m")), VARIABLES)
    before = len(case.events)
    assert move(case, bordered(border(timer("PT5H")), border(signal("sent"), "s"))) == [
        "migration.wait-closed",
        "migration.wait-opened",
    ]
    assert kinds(case, before)[1:] == [("subscription.closed", "m"), ("signal.subscribed", "s")]
    assert (len(case.state.timers), case.state.messages, len(case.state.signals)) == (1, (), 1)
    assert case.after(hours=5).completed[-2:] == ["b", "bend"]


def test_an_added_timer_begins_at_the_time_of_the_migration():
    case = Case(bordered())
    case.now += timedelta(hours=3)
    move(case, bordered(border(timer("PT5H"))))
    assert case.state.next_due == NOON + timedelta(hours=8)


def test_an_event_that_has_happened_already_is_not_awaited_again():
    case = Case(bordered(border(timer("PT1H"), stays=True))).after(hours=2)
    assert case.state.timers == ()
    assert move(case, bordered(border(timer("PT1H"), stays=True))) == []
    assert case.state.timers == ()


def test_an_event_of_another_kind_under_the_same_name_is_another_event():
    case = Case(bordered(border("<errorEventDefinition/>")))
    assert move(case, bordered(border(timer("PT1H")))) == ["migration.wait-opened"]
    assert case.after(hours=1).completed[-2:] == ["b", "bend"]


def test_an_event_may_begin_to_interrupt():
    case = Case(bordered(border(timer("PT1H"), stays=True)))
    move(case, bordered(border(timer("PT1H"))))
    assert case.after(hours=1).state.status == "completed"


def test_an_error_is_caught_where_the_new_model_catches_it():
    case = Case(bordered())
    move(case, bordered(border("<errorEventDefinition/>")))
    assert case.throw("a", "BAD").completed[-2:] == ["b", "bend"]


def test_a_new_event_that_cannot_be_awaited_is_refused_with_the_token_that_would_wait():
    case = Case(bordered())
    assert refusals(case, bordered(border(message("paid")))) == [("migration.wait-cannot-open", "a")]
    (job,) = case.state.jobs
    assert job.id == f"a:{job.id[2:]}"


def test_all_that_speaks_against_it_is_told_at_once():
    def fork(second: str, *borders: str) -> bytes:
        content = start() + '<parallelGateway id="f"/>' + service("a") + second + end() + "".join(borders)
        return process(content + flow("start > f > a > end") + flow("f > c > end"), definitions=DEFINITIONS)

    case = Case(fork(service("c")))
    assert refusals(case, fork(user("c"), border(message("paid")))) == [
        ("migration.work-changed", "c"),
        ("migration.wait-cannot-open", "a"),
    ]


# Event subprocesses


def listening(definition: str = "", interrupting: str = "true", id: str = "es", parts: str = "") -> bytes:
    inner = ""
    if definition:
        event = f'<startEvent id="{id}s" isInterrupting="{interrupting}">{definition}</startEvent>'
        inner = event + service(f"{id}w") + end(f"{id}e") + flow(f"{id}s > {id}w > {id}e")
        inner = f'<subProcess id="{id}" triggeredByEvent="true">{inner}</subProcess>'
    content = start() + service("a") + inner + parts + end() + flow("start > a > end")
    return process(content, definitions=DEFINITIONS)


def test_event_subprocesses_that_are_new_listen_from_now_on():
    case = Case(listening(), VARIABLES)
    assert move(case, listening(message("paid"))) == ["migration.wait-opened"]
    assert case.message("paid", "o1").jobs == ["esw"]


def test_event_subprocesses_that_are_gone_listen_no_longer():
    case = Case(listening(message("paid")), VARIABLES)
    assert move(case, listening()) == ["migration.wait-closed"]
    assert case.state.messages == ()


def test_a_scope_that_was_interrupted_listens_to_nothing_new():
    case = Case(listening(message("paid")), VARIABLES).message("paid", "o1")
    event = f'<startEvent id="fs">{signal("sent")}</startEvent>' + end("fe") + flow("fs > fe")
    more = f'<subProcess id="f" triggeredByEvent="true">{event}</subProcess>'
    assert move(case, listening(message("paid"), parts=more)) == []
    assert (case.state.signals, case.jobs) == ((), ["esw"])
    assert case.complete_job("esw").state.status == "completed"


def test_a_running_event_subprocess_goes_on_under_its_new_name():
    case = Case(listening(signal("paid"), "false"))
    case.send(bpmn.BroadcastSignal(case.now, "paid"))
    names = {each: each.replace("es", "new", 1) for each in ("es", "ess", "esw", "ese")}
    move(case, listening(signal("paid"), "false", id="new"), elements=names)
    assert case.jobs == ["a", "neww"]
    assert case.complete_job("neww").complete_job("a").state.status == "completed"


def test_the_event_that_started_a_scope_is_of_no_more_use_to_it():
    case = Case(listening(signal("paid"), "false"))
    case.send(bpmn.BroadcastSignal(case.now, "paid"))
    new = (
        listening(signal("paid"), "false").replace(b'"ess"', b'"other"').replace(b'"ess-esw"', b'"other-esw"')
    )
    assert move(case, new) == ["migration.wait-closed", "migration.wait-opened"]
    assert case.complete_job("esw").complete_job("a").state.status == "completed"


def test_a_scope_that_could_not_begin_needs_the_event_with_which_it_begins():
    case = Case(listening(message("paid")))
    assert case.codes == ["message.bad-key"]
    new = listening(message("paid")).replace(b'"start"', b'"begin"').replace(b'"start-a"', b'"begin-a"')
    assert refusals(case, new) == [("migration.no-counterpart", "p")]
    move(case, new, elements={"start": "begin"})
    assert case.resolve(order="o1").jobs == ["a"]


# Event-based gateways


def first_of(*events: tuple[str, str]) -> bytes:
    content = start() + '<eventBasedGateway id="g"/>' + end() + flow("start > g")
    for id, definition in events:
        content += f'<intermediateCatchEvent id="{id}">{definition}</intermediateCatchEvent>' + flow(
            f"g > {id} > end"
        )
    return process(content, definitions=DEFINITIONS)


def test_a_gateway_waits_for_the_events_behind_it_in_the_new_model():
    case = Case(first_of(("t", timer("PT9H")), ("m", message("paid"))), VARIABLES)
    assert move(case, first_of(("t", timer("PT9H")), ("s", signal("sent")))) == [
        "migration.wait-closed",
        "migration.wait-opened",
    ]
    assert (len(case.state.timers), case.state.messages) == (1, ())
    case.send(bpmn.BroadcastSignal(case.now, "sent"))
    assert case.completed[-3:] == ["g", "s", "end"]


@pytest.mark.parametrize("then", ["message", "timer"])
def test_events_behind_a_gateway_may_have_other_names(then):
    case = Case(first_of(("t", timer("PT9H")), ("m", message("paid"))), VARIABLES)
    new = first_of(("t2", timer("PT9H")), ("m2", message("paid")))
    assert move(case, new, elements={"t": "t2", "m": "m2"}) == []
    case = case.message("paid", "o1") if then == "message" else case.after(hours=9)
    assert case.completed[-2:] == ["m2" if then == "message" else "t2", "end"]


# Several events that are waited for together

TOGETHER = message("paid") + message("sent")


def together(definitions: str, id: str = "b") -> bytes:
    host = border(definitions, id).replace("<boundaryEvent ", '<boundaryEvent parallelMultiple="true" ', 1)
    return process(start() + service("a") + host + end() + flow("start > a > end"), definitions=DEFINITIONS)


def test_what_has_come_of_several_events_stays_come_under_the_events_new_name():
    case = Case(together(TOGETHER), VARIABLES).message("paid", "o1", amount=5)
    move(case, together(TOGETHER, "both"), elements={"b": "both", "bend": "bothend"})
    case.message("sent", "p1")
    assert (case.state.status, case.completed[-1], case.value("amount")) == ("completed", "bothend", 5)


def test_what_has_come_of_several_events_does_not_go_over_to_others():
    case = Case(together(TOGETHER), VARIABLES).message("paid", "o1")
    assert refusals(case, together(message("sent") + message("paid"))) == [
        ("migration.gathering-changed", "a")
    ]


def test_an_event_that_is_gone_takes_with_it_what_had_come():
    case = Case(together(TOGETHER), VARIABLES).message("paid", "o1")
    move(case, bordered())
    assert case.complete_job("a").state.status == "completed"
