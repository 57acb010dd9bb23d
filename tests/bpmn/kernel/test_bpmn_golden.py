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
