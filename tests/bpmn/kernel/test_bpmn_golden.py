"""The golden corpora: commands, and the state roots and events that they have led to ever since this kernel.

Two ways may end in one state, so the events are held, too: by a digest for each command. Whoever changes one
of these changes what running cases and the ledger's proofs rest on: that
is a new kernel in `bpmn.kernels` beside the old one, with a corpus of its own.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

import bpmn
from bpmn.elements.behaviour import default_flow, holds
from bpmn.elements.exclusive_gateway import ExclusiveGateway
from bpmn.kernel.records import encode
from bpmn.kernels import KERNEL_1, KERNELS
from support.bpmn_text import NOON, end, extension, flow, mapping, process, script, service, start, user

Outcome = tuple[list[str], list[str]]
ROUNDS = (
    '<multiInstanceLoopCharacteristics isSequential="{0}">'
    + extension(
        '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" '
        'outputCollection="all" outputElement="=r"/>'
    )
    + "</multiInstanceLoopCharacteristics>"
)
TIMER = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"


def at(hours: int):
    return NOON + timedelta(hours=hours)


def each(sequential: str) -> bytes:
    inner = start("s") + service("a") + script("b", "=x * 1.10", "r") + end("e") + flow("s > a > b > e")
    sub = f'<subProcess id="each">{ROUNDS.format(sequential)}{inner}</subProcess>'
    return process(start() + sub + end() + flow("start > each > end"))


FORK = process(
    start()
    + '<parallelGateway id="f"/><parallelGateway id="j"/>'
    + service("a", more=mapping({"in": "=n + 1"}, {"out.a": "=r"}))
    + user("b")
    + f'<boundaryEvent id="late" attachedToRef="b" cancelActivity="false">{TIMER}</boundaryEvent>'
    + end()
    + end("told")
    + flow("start > f > a > j > end")
    + flow("f > b > j")
    + flow("late > told")
)


def handled(activity: str) -> str:
    """A compensation boundary event with its handler."""
    return (
        f'<boundaryEvent id="c" attachedToRef="{activity}"><compensateEventDefinition/></boundaryEvent>'
        f'<association id="to" sourceRef="c" targetRef="not-{activity}"/>'
        + service(f"not-{activity}").replace("<serviceTask ", '<serviceTask isForCompensation="true" ')
    )


def undone_rounds(waits: str) -> bytes:
    undo = f'<intermediateThrowEvent id="undo"><compensateEventDefinition{waits}/></intermediateThrowEvent>'
    body = start() + service("a", inner=ROUNDS.format("true")) + handled("a") + undo + end()
    return process(body + flow("start > a > undo > end"))


CANCELLED_ROUND = process(
    start()
    + '<transaction id="t"><standardLoopCharacteristics loopMaximum="3"/>'
    + start("s")
    + service("a")
    + handled("a")
    + '<exclusiveGateway id="x" default="x-e"/><endEvent id="no"><cancelEventDefinition/></endEvent>'
    + end("e")
    + flow("s > a > x > no", {"x-no": "=bad"})
    + flow("x > e")
    + '</transaction><boundaryEvent id="b" attachedToRef="t"><cancelEventDefinition/></boundaryEvent>'
    + end()
    + end("out")
    + flow("start > t > end")
    + flow("b > out")
)
CANCELLED_WITHIN = process(
    start()
    + '<transaction id="t">'
    + start("s")
    + '<parallelGateway id="f"/>'
    + service("b")
    + end("e")
    + '<subProcess id="inner">'
    + start("si")
    + service("a")
    + handled("a")
    + '<endEvent id="no"><cancelEventDefinition/></endEvent>'
    + flow("si > a > no")
    + "</subProcess>"
    + flow("s > f > inner > e")
    + flow("f > b > e")
    + '</transaction><boundaryEvent id="x" attachedToRef="t"><cancelEventDefinition/></boundaryEvent>'
    + end()
    + end("out")
    + flow("start > t > end")
    + flow("x > out")
)
GATHERED = process(
    start()
    + user("work")
    + '<boundaryEvent id="both" attachedToRef="work" parallelMultiple="true" cancelActivity="false">'
    + '<messageEventDefinition messageRef="m"/><signalEventDefinition signalRef="sp"/></boundaryEvent>'
    + end()
    + end("came")
    + flow("start > work > end")
    + flow("both > came"),
    definitions='<signal id="sp" name="paid"/><message id="m" name="note">'
    + extension('<zeebe:subscription correlationKey="=order"/>')
    + "</message>",
)
THROWING = process(
    start()
    + service(
        "a",
        inner='<multiInstanceLoopCharacteristics behavior="Complex"><loopCardinality>2</loopCardinality>'
        "<complexBehaviorDefinition><condition>=numberOfCompletedInstances = 1</condition>"
        "<event><eventDefinitionRef>raised</eventDefinitionRef></event></complexBehaviorDefinition>"
        "</multiInstanceLoopCharacteristics>",
    )
    + '<boundaryEvent id="b" attachedToRef="a" cancelActivity="false">'
    + '<escalationEventDefinition escalationRef="y"/></boundaryEvent>'
    + end()
    + end("heard")
    + flow("start > a > end")
    + flow("b > heard"),
    definitions='<escalation id="y" escalationCode="Y"/>'
    '<escalationEventDefinition id="raised" escalationRef="y"/>',
)
REPAIRED = process(
    start()
    + '<parallelGateway id="f"/>'
    + service("w")
    + handled("w")
    + '<boundaryEvent id="x" attachedToRef="w"><errorEventDefinition/></boundaryEvent>'
    + f'<subProcess id="sub">{start("s")}{user("u")}{user("v")}{end("e")}{flow("s > u > v > e")}</subProcess>'
    + end()
    + end("out")
    + flow("start > f > w > sub > end")
    + flow("f > sub")
    + flow("x > out")
)
TWO_WAYS = process(
    start()
    + user("decide")
    + '<exclusiveGateway id="g"/>'
    + end("first")
    + end("second")
    + flow("start > decide > g > first", {"g-first": "=n &gt; 0"})
    + flow("g > second", {"g-second": "=n &gt; 1"})
)
FAILED = [bpmn.Start(at(0), {"n": 1}), bpmn.FailJob(at(1), "w:8", "bank.down", "No answer.")]
CASES = {
    "parallel rounds": (
        each("false"),
        [
            bpmn.Start(at(0), {"items": ["p", "q"]}),
            bpmn.CompleteJob(at(1), "a:21", {"x": 5}),
            bpmn.CompleteJob(at(2), "a:20", {"x": 7}),
        ],
    ),
    "sequential rounds": (
        each("true"),
        [bpmn.Start(at(0), {"items": ["p"]}), bpmn.CompleteJob(at(1), "a:12", {"x": 5})],
    ),
    "fork, conflict, timer": (
        FORK,
        [
            bpmn.Start(at(0), {"n": 1}),
            bpmn.CompleteJob(at(1), "a:9", {"r": "done"}),
            bpmn.FireTimers(at(24)),
            bpmn.CompleteTask(at(25), "b:11", {"out": None}),
        ],
    ),
    "cancelled": (FORK, [bpmn.Start(at(0), {"n": 1}), bpmn.Cancel(at(1), "withdrawn")]),
    "rounds undone": (
        undone_rounds(""),
        [
            bpmn.Start(at(0), {"items": ["p", "q"]}),
            bpmn.CompleteJob(at(1), "a:11", {"r": 5}),
            bpmn.CompleteJob(at(2), "a:16", {"r": 7}),
            bpmn.CompleteJob(at(3), "not-a:25", {}),
            bpmn.CompleteJob(at(4), "not-a:31", {"r": 9}),
        ],
    ),
    "undone beside": (
        undone_rounds(' waitForCompletion="false"'),
        [
            bpmn.Start(at(0), {"items": ["p"]}),
            bpmn.CompleteJob(at(1), "a:10", {"r": 5}),
            bpmn.CompleteJob(at(2), "not-a:22", {}),
        ],
    ),
    "cancelled round": (
        CANCELLED_ROUND,
        [
            bpmn.Start(at(0), {"bad": False}),
            bpmn.CompleteJob(at(1), "a:9", {}),
            bpmn.CompleteJob(at(2), "a:16", {"bad": True}),
            bpmn.CompleteJob(at(3), "not-a:21", {}),
            bpmn.CompleteJob(at(4), "not-a:25", {}),
        ],
    ),
    "cancelled within": (
        CANCELLED_WITHIN,
        [
            bpmn.Start(at(0), {}),
            bpmn.CompleteJob(at(1), "a:12", {"r": 1}),
            bpmn.CompleteJob(at(2), "not-a:19", {}),
        ],
    ),
    "events gathered": (
        GATHERED,
        [
            bpmn.Start(at(0), {"order": "7"}),
            bpmn.CorrelateMessage(at(1), "note", "7", {"m": 1}),
            bpmn.BroadcastSignal(at(2), "paid", {"s": 2}),
            bpmn.BroadcastSignal(at(3), "paid", {"s": 3}),
        ],
    ),
    "two ways": (TWO_WAYS, [bpmn.Start(at(0), {"n": 2}), bpmn.CompleteTask(at(1), "decide:5", {})]),
    "skipped, undone and cancelled": (
        REPAIRED,
        [
            *FAILED,
            bpmn.SkipElement(at(2), "w:12", {"rate": 7}),
            bpmn.Cancel(at(3), "withdrawn", compensate=True),
            bpmn.CompleteJob(at(4), "not-w:19", {"n": 2}),
        ],
    ),
    "thrown at": (REPAIRED, [*FAILED, bpmn.ThrowAtIncident(at(2), "w:12", "BAD", {"why": "late"})]),
    "moved": (
        REPAIRED,
        [
            *FAILED,
            bpmn.Modify(at(2), ("sub",), (bpmn.Activation("v", None, {"n": 5}),), "by hand"),
            bpmn.Modify(at(3), ("w:5",), ()),
        ],
    ),
    "round cancelled": (
        each("false"),
        [
            bpmn.Start(at(0), {"items": ["p", "q"]}),
            bpmn.Modify(at(1), ("a:18",), (), "unknown"),
            bpmn.CompleteJob(at(2), "a:21", {"x": 5}),
        ],
    ),
    "rounds that throw": (
        THROWING,
        [bpmn.Start(at(0), {}), bpmn.CompleteJob(at(1), "a:11", {}), bpmn.CompleteJob(at(2), "a:10", {})],
    ),
}


def corpus(version: str) -> dict[str, Outcome]:
    """What each case led to: its states, and the digests of its events."""
    here = Path(__file__)
    roots = json.loads(here.with_name(f"golden_kernel_{version}.json").read_text())
    events = json.loads(here.with_name(f"golden_events_{version}.json").read_text())
    return {name: (roots[name], events[name]) for name in roots}


def outcome(name: str, kernel: bpmn.Kernel) -> Outcome:
    source, commands = CASES[name]
    model = bpmn.compile_model({"golden.bpmn": source}, kernel=kernel)
    state = bpmn.new_instance(model, "golden")
    roots, events = [], []
    for command in commands:
        done = bpmn.step(model, state, command)
        state = done.state
        roots.append(f"{state.status} {state.root}")
        events.append(sha256(encode([event.to_json() for event in done.events])).hexdigest())
    return roots, events


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.version)
@pytest.mark.parametrize("name", CASES)
def test_the_same_commands_lead_to_the_same_states_and_events_as_ever(name, kernel):
    assert outcome(name, kernel) == corpus(kernel.version)[name]


# A change of the kernel, made on purpose


class LastFirst(ExclusiveGateway):
    """Looks at its flows from the last to the first: another way, so another kernel."""

    def choose(self, burst, token, element):
        for way in reversed(element.outgoing):
            if way is not element.default and holds(burst, token, way):
                return (way,)
        return (default_flow(element),)


KERNEL_2 = replace(KERNEL_1, version="2", behaviours={**KERNEL_1.behaviours, LastFirst.tag: LastFirst()})


@pytest.fixture
def two_kernels(monkeypatch):
    monkeypatch.setattr("bpmn.kernels.KERNELS", {"1": KERNEL_1, "2": KERNEL_2})


def test_an_edit_of_a_kernel_that_changes_a_trace_is_caught(monkeypatch):
    monkeypatch.setattr(ExclusiveGateway, "choose", LastFirst.choose)
    caught = [name for name in CASES if outcome(name, KERNEL_1) != corpus("1")[name]]
    assert caught == ["two ways"]


def test_as_a_new_kernel_it_leaves_running_and_closed_instances_as_they_were(two_kernels):
    source, (begin, *rest) = CASES["two ways"]

    def play(model, commands):
        state, events = bpmn.new_instance(model, "golden"), []
        for command in commands:
            done = bpmn.step(model, state, bpmn.command_from_json(command.to_json()))
            # As the driver does: each command finds the state as it was stored.
            state = bpmn.State.from_json(model, done.state.to_json())
            events += [event.to_json() for event in done.events]
        return state, events

    old = bpmn.compile_model({"golden.bpmn": source}, kernel=bpmn.kernel_of("1"))
    new = bpmn.compile_model({"golden.bpmn": source})
    assert (old.hash, old.kernel.version, new.kernel.version) == (new.hash, "1", "2")

    running, _ = play(old, [begin])
    assert running.kernel == "1"
    state, ways = running, []
    for command in rest:  # it goes on where it stands, while new ones begin on the new kernel
        done = bpmn.step(old, state, command)
        state, ways = done.state, ways + [event.element for event in done.events]
    beside, events = play(new, [begin, *rest])

    assert f"{state.status} {state.root}" == corpus("1")["two ways"][0][-1]
    assert "g-first" in ways
    assert (state.kernel, beside.kernel) == ("1", "2")
    assert "g-second" in [event["element"] for event in events]
    # Both re-execute to what they were, each on its own kernel.
    assert play(old, [begin, *rest])[0].root == state.root
    assert play(new, [begin, *rest])[1] == events
    assert {name: outcome(name, KERNEL_1) for name in CASES} == corpus("1")


def test_a_state_goes_on_by_no_other_kernel_than_its_own(two_kernels):
    source, (begin, *_) = CASES["two ways"]
    old = bpmn.compile_model({"golden.bpmn": source}, kernel=KERNEL_1)
    new = bpmn.compile_model({"golden.bpmn": source}, kernel=KERNEL_2)
    state = bpmn.step(old, bpmn.new_instance(old, "golden"), begin).state
    with pytest.raises(bpmn.CommandRefused, match=r"command\.other-kernel"):
        bpmn.step(new, state, bpmn.Cancel(at(1)))
    with pytest.raises(bpmn.StateRefused, match=r"state\.other-kernel"):
        bpmn.State.from_json(new, state.to_json())


def test_a_kernel_that_no_release_has_is_named():
    with pytest.raises(bpmn.StateRefused, match=r"kernel\.unknown"):
        bpmn.kernel_of("0")
