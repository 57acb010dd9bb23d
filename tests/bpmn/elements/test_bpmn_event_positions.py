"""Every trigger at every place of an event: what BPMN 2.0.2 allows (Table 10.93) runs, the rest is refused.

The starts of processes have tests of their own; here stands what may not start one.
"""

import pytest

import bpmn
from support.bpmn_text import Case, end, flow, process, refused, service, start, user

DEFINITIONS = (
    '<signal id="s" name="S"/><message id="m" name="M"/><error id="x" errorCode="X"/>'
    '<escalation id="y" escalationCode="Y"/>'
)
EVENTS = {
    "message": '<messageEventDefinition messageRef="m"/>',
    "timer": "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>",
    "error": '<errorEventDefinition errorRef="x"/>',
    "escalation": '<escalationEventDefinition escalationRef="y"/>',
    "cancel": "<cancelEventDefinition/>",
    "compensate": "<compensateEventDefinition/>",
    "conditional": "<conditionalEventDefinition><condition>=told</condition></conditionalEventDefinition>",
    "link": '<linkEventDefinition name="L"/>',
    "signal": '<signalEventDefinition signalRef="s"/>',
    "terminate": "<terminateEventDefinition/>",
}
BESIDE = {"message", "timer", "escalation", "conditional", "signal"}
ALLOWED = {
    "event subprocess": BESIDE | {"error", "compensate"},
    "event subprocess beside": BESIDE,
    "catch": {"message", "timer", "conditional", "link", "signal"},
    "boundary": BESIDE | {"error", "cancel", "compensate"},
    "boundary beside": BESIDE,
    "throw": {"message", "escalation", "compensate", "link", "signal"},
    "end": {"message", "error", "escalation", "cancel", "compensate", "signal", "terminate"},
}
# `cancelActivity` says nothing at a compensation event: its activity is completed when it comes.
MEANINGLESS = {("boundary beside", "compensate")}
STARTS = {"message", "timer", "conditional", "signal"}


def host(kind: str, inner: str = "") -> str:
    """A subprocess `host` whose job `go` leads to what throws the trigger, if it comes from inside."""
    tag = "transaction" if kind == "cancel" else "subProcess"
    body = start("first") + service("go") + service("rest") + end("done")
    if kind in ("error", "cancel"):
        body += f'<endEvent id="throws">{EVENTS[kind]}</endEvent>' + flow("first > go > throws")
        body = body.replace(service("rest") + end("done"), "")
    elif kind == "escalation":
        body += f'<intermediateThrowEvent id="throws">{EVENTS[kind]}</intermediateThrowEvent>'
        body += flow("first > go > throws > rest > done")
    else:
        body += flow("first > go > rest > done")
    return f'<{tag} id="host">{body}{inner}</{tag}>'


def around(content: str, kind: str) -> bytes:
    """The process: the host, a task that writes beside it, and afterwards whatever throws a compensation."""
    body = start() + '<parallelGateway id="f"/>' + user("tell") + end("told") + content + end()
    if kind == "compensate":
        body += f'<intermediateThrowEvent id="undo">{EVENTS[kind]}</intermediateThrowEvent>'
        body += flow("start > f > host > undo > end")
    else:
        body += flow("start > f > host > end")
    return process(body + flow("f > tell > told"), definitions=DEFINITIONS)


def boundary(kind: str, *, interrupting: bool) -> bytes:
    stays = "" if interrupting else ' cancelActivity="false"'
    content = (
        host(kind) + f'<boundaryEvent id="it" attachedToRef="host"{stays}>{EVENTS[kind]}</boundaryEvent>'
    )
    if kind == "compensate":
        content += service("react").replace("<serviceTask ", '<serviceTask isForCompensation="true" ')
        content += '<association id="to" sourceRef="it" targetRef="react"/>'
    else:
        content += service("react") + end("reacted") + flow("it > react > reacted")
    return around(content, kind)


def event_subprocess(kind: str, *, interrupting: bool) -> bytes:
    stays = "" if interrupting else ' isInterrupting="false"'
    inner = f'<startEvent id="it"{stays}>{EVENTS[kind]}</startEvent>' + service("react") + end("reacted")
    inner += flow("it > react > reacted")
    return around(host(kind, f'<subProcess id="es" triggeredByEvent="true">{inner}</subProcess>'), kind)


def catch(kind: str) -> bytes:
    body = start() + '<parallelGateway id="f"/>' + user("tell") + end("told") + service("react") + end()
    body += f'<intermediateCatchEvent id="it">{EVENTS[kind]}</intermediateCatchEvent>'
    if kind == "link":
        body += f'<intermediateThrowEvent id="to">{EVENTS[kind]}</intermediateThrowEvent>' + flow("f > to")
        body += flow("it > react > end")
    else:
        body += flow("f > it > react > end")
    return process(body + flow("start > f > tell > told"), definitions=DEFINITIONS)


def throw(kind: str) -> bytes:
    body = start() + service("done") + service("react") + end()
    body += f'<intermediateThrowEvent id="it">{EVENTS[kind]}</intermediateThrowEvent>'
    if kind == "link":
        body += f'<intermediateCatchEvent id="from">{EVENTS[kind]}</intermediateCatchEvent>'
        body += flow("start > done > it") + flow("from > react > end")
    else:
        body += flow("start > done > it > react > end")
    return process(body, definitions=DEFINITIONS)


def at_end(kind: str) -> bytes:
    tag = "transaction" if kind == "cancel" else "subProcess"
    inner = start("first") + '<parallelGateway id="f"/>' + user("slow") + service("done") + end("slowly")
    inner += f'<endEvent id="it">{EVENTS[kind]}</endEvent>' + flow("first > f > done > it")
    inner += flow("f > slow > slowly")
    body = start() + f'<{tag} id="host">{inner}</{tag}>' + end() + flow("start > host > end")
    if kind in ("error", "cancel"):
        body += f'<boundaryEvent id="b" attachedToRef="host">{EVENTS[kind]}</boundaryEvent>' + end("out")
        body += flow("b > out")
    return process(body, definitions=DEFINITIONS)


MODELS = {
    "event subprocess": lambda kind: event_subprocess(kind, interrupting=True),
    "event subprocess beside": lambda kind: event_subprocess(kind, interrupting=False),
    "catch": catch,
    "boundary": lambda kind: boundary(kind, interrupting=True),
    "boundary beside": lambda kind: boundary(kind, interrupting=False),
    "throw": throw,
    "end": at_end,
}
CATCHING = ("event subprocess", "event subprocess beside", "catch", "boundary", "boundary beside")


def trigger(case: Case, kind: str) -> Case:
    """Let the trigger come, from outside or from within the host."""
    match kind:
        case "message":
            return case.message("M")
        case "timer":
            return case.after(days=1)
        case "signal":
            return case.send(bpmn.BroadcastSignal(case.now, "S"))
        case "conditional":
            return case.complete_task("tell", told=True)
        case "error" | "escalation" | "cancel":
            return case.complete_job("go")
        case "compensate":
            return case.complete_job("go").complete_job("rest")
    return case  # a link has come by itself


def combinations(places, *, allowed: bool) -> list[tuple[str, str]]:
    return [
        (place, kind)
        for place in places
        for kind in EVENTS
        if (kind in ALLOWED[place]) == allowed and (place, kind) not in MEANINGLESS
    ]


@pytest.mark.parametrize(("place", "kind"), combinations(CATCHING, allowed=True))
def test_each_trigger_is_caught_where_it_may_stand(place, kind):
    case = trigger(Case(MODELS[place](kind)), kind)
    assert "react" in case.jobs
    inside = [each for each in case.jobs if each in ("go", "rest")]
    assert bool(inside) == place.endswith("beside")
    while case.jobs:
        case.complete_job(case.jobs[0])
    for task in case.tasks:
        case.complete_task(task)
    assert case.state.status == "completed"


@pytest.mark.parametrize(("place", "kind"), combinations(["throw"], allowed=True))
def test_each_trigger_is_thrown_on_the_way_where_it_may_be(place, kind):
    case = Case(throw(kind)).complete_job("done")
    assert case.jobs == ["react"]
    thrown = {"compensate": "compensation"}.get(kind, kind)
    assert kind == "link" or f"{thrown}.thrown" in [event.kind for event in case.events]
    assert case.complete_job("react").state.status == "completed"


@pytest.mark.parametrize(("place", "kind"), combinations(["end"], allowed=True))
def test_each_trigger_is_thrown_at_an_end_where_it_may_be(place, kind):
    case = Case(at_end(kind)).complete_job("done")
    assert bool(case.tasks) == (kind not in ("error", "cancel", "terminate"))
    if case.tasks:
        case.complete_task("slow")
    assert case.state.status == "completed"
    assert ("out" in case.completed) == (kind in ("error", "cancel"))


@pytest.mark.parametrize(("place", "kind"), combinations(ALLOWED, allowed=False))
def test_each_trigger_is_refused_where_it_may_not_stand(place, kind):
    stands_beside = place.endswith("beside") and kind in ALLOWED[place.removesuffix(" beside")]
    area = {"compensate": "compensation"}.get(kind, kind)
    found = f"{area}.not-interrupting" if stands_beside else "event.unsupported"
    assert (found, "it") in refused(MODELS[place](kind))


@pytest.mark.parametrize("kind", sorted(EVENTS.keys() - STARTS))
def test_what_comes_from_within_starts_no_process(kind):
    body = f'<startEvent id="it">{EVENTS[kind]}</startEvent>' + end() + flow("it > end")
    assert ("event.unsupported", "it") in refused(process(body, definitions=DEFINITIONS))


# Several triggers at one event: the first that comes counts, and all of them are thrown


@pytest.mark.parametrize("place", CATCHING)
@pytest.mark.parametrize("first", ["message", "signal", "timer", "conditional"])
def test_the_first_of_several_triggers_counts(place, first):
    several = "".join(EVENTS[kind] for kind in ("message", "signal", "timer", "conditional"))
    case = trigger(Case(MODELS[place]("signal").replace(EVENTS["signal"].encode(), several.encode())), first)
    assert "react" in case.jobs
    assert bool(case.state.messages) == place.endswith("beside")


def test_all_of_several_triggers_are_thrown():
    several = EVENTS["message"] + EVENTS["signal"] + EVENTS["escalation"]
    for model in (throw, at_end):
        case = Case(model("signal").replace(EVENTS["signal"].encode(), several.encode())).complete_job("done")
        thrown = [event.kind for event in case.events if event.kind.endswith(".thrown")]
        assert thrown == ["message.thrown", "signal.thrown", "escalation.thrown"]
