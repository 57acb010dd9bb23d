"""The golden corpus: commands and the state roots that they have led to ever since this kernel version.

Whoever changes one of these roots changes what running cases and the ledger's proofs rest on: that
is a new `KERNEL_VERSION` beside the old one, with a corpus of its own.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

import bpmn
from support.bpmn_text import NOON, end, extension, flow, mapping, process, script, service, start, user

CORPUS = Path(__file__).with_name(f"golden_kernel_{bpmn.KERNEL_VERSION}.json")
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
    "rounds that throw": (
        THROWING,
        [bpmn.Start(at(0), {}), bpmn.CompleteJob(at(1), "a:11", {}), bpmn.CompleteJob(at(2), "a:10", {})],
    ),
}


def roots(name: str) -> list[str]:
    source, commands = CASES[name]
    model = bpmn.compile_model({"golden.bpmn": source})
    state = bpmn.new_instance(model, "golden")
    found = []
    for command in commands:
        state = bpmn.step(model, state, command).state
        found.append(f"{state.status} {state.root}")
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_same_commands_lead_to_the_same_roots_as_ever(name):
    assert roots(name) == json.loads(CORPUS.read_text())[name]
