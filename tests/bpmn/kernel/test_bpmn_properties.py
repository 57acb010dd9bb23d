"""What holds for every run of every model: re-execution, restoring, conservation of tokens.

Models are generated as nested blocks (tasks, choices, forks, loops, subprocesses, multi-instances,
boundary events), and runs as random decisions of the outside world.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bpmn
from support.bpmn_text import NOON, end, extension, process, script, service, start, user

LOOP = (
    "<multiInstanceLoopCharacteristics{0}>"
    + extension('<zeebe:loopCharacteristics inputCollection="=items" inputElement="item"/>')
    + "</multiInstanceLoopCharacteristics>"
)


class Builder:
    """Turns a nested description into BPMN; each block has one way in and one way out."""

    def __init__(self) -> None:
        self.count = 0
        self.text: list[str] = []

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def flow(self, source: str, target: str, condition: str = "") -> None:
        inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        self.text.append(
            f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">'
            f"{inner}</sequenceFlow>"
        )

    def block(self, block) -> tuple[str, str]:
        kind, *parts = block
        if kind == "script":
            name = self.name("t")
            self.text.append(script(name, "=a + 1", "a"))
        elif kind in ("service", "user"):
            name = self.name("t")
            self.text.append(service(name) if kind == "service" else user(name))
        elif kind == "guarded":
            name = self.name("t")
            event = self.name("b")
            self.text.append(user(name))
            self.text.append(
                f'<boundaryEvent id="{event}" attachedToRef="{name}" cancelActivity="{parts[0]}">'
                "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
            )
            last = self.name("e")
            self.text.append(end(last))
            self.flow(event, last)
        elif kind == "sequence":
            first, last = self.block(parts[0])
            then, name = self.block(parts[1])
            self.flow(last, then)
            return first, name
        elif kind in ("parallel", "exclusive", "inclusive"):
            gateway = f"{kind}Gateway"
            split, merge = self.name("g"), self.name("g")
            entered = []
            for at, part in enumerate(parts):
                first, last = self.block(part)
                entered.append(first)
                condition = f"=a &lt; {at}" if kind != "parallel" and at else ""
                self.flow(split, first, condition)
                self.flow(last, merge)
            default = f' default="{split}-{entered[0]}"' if kind != "parallel" else ""
            self.text.append(f'<{gateway} id="{split}"{default}/><{gateway} id="{merge}"/>')
            return split, merge
        elif kind == "loop":
            again, more = self.name("g"), self.name("g")
            count = self.name("t")
            first, last = self.block(parts[0])
            exit_ = self.name("t")
            self.text.append(f'<exclusiveGateway id="{again}"/>' + script(count, "=n + 1", "n"))
            self.text.append(f'<exclusiveGateway id="{more}" default="{more}-{exit_}"/><task id="{exit_}"/>')
            for pair in ((again, first), (last, count), (count, more), (more, exit_)):
                self.flow(*pair)
            self.flow(more, again, "=n &lt; 3")
            return again, exit_
        else:  # subprocess, each (parallel multi-instance), every (sequential one)
            inner = Builder()
            inner.count = self.count
            first, last = inner.block(parts[0])
            begin, finish = inner.name("s"), inner.name("e")
            inner.flow(begin, first)
            inner.flow(last, finish)
            self.count = inner.count
            name = self.name("p")
            loop = {"each": LOOP.format(""), "every": LOOP.format(' isSequential="true"')}.get(kind, "")
            content = loop + start(begin) + end(finish) + "".join(inner.text)
            self.text.append(f'<subProcess id="{name}">{content}</subProcess>')
        return name, name

    def source(self, block) -> bytes:
        first, last = self.block(block)
        self.flow("start", first)
        self.flow(last, "end")
        return process(start() + end() + "".join(self.text))


leaves = st.sampled_from([("script",), ("service",), ("user",), ("guarded", "true"), ("guarded", "false")])
blocks = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("sequence"), inner, inner),
        st.tuples(st.sampled_from(["parallel", "exclusive", "inclusive"]), inner, inner),
        st.tuples(st.sampled_from(["loop", "subprocess", "each", "every"]), inner),
    ),
    max_leaves=6,
)
decisions = st.lists(
    st.tuples(st.sampled_from(["job", "task", "time", "fail", "resolve"]), st.integers(0, 7)), max_size=25
)


def choose(state: bpmn.State, decision: tuple[str, int], moment):
    """The command that a decision means in a state; None if it means nothing there."""
    kind, at = decision
    if kind in ("job", "fail") and state.jobs:
        job = state.jobs[at % len(state.jobs)]
        if kind == "fail":
            return bpmn.FailJob(moment, job.id, "work.failed", "no")
        return bpmn.CompleteJob(moment, job.id, {f"r{at}": at})
    if kind == "task" and state.tasks:
        return bpmn.CompleteTask(moment, state.tasks[at % len(state.tasks)].id, {"a": at})
    if kind == "resolve" and state.incidents:
        return bpmn.ResolveIncident(moment, state.incidents[at % len(state.incidents)].id, {})
    if kind == "time" and state.next_due is not None:
        return bpmn.FireTimers(moment)
    return None


def run(source: bytes, choices) -> tuple[bpmn.Model, list[bpmn.Command], list[bpmn.Step]]:
    model = bpmn.compile_model({"m.bpmn": source})
    commands: list[bpmn.Command] = [bpmn.Start(NOON, {"a": 1, "n": 0, "items": ["x", "y"]})]
    steps = [bpmn.step(model, bpmn.new_instance(model, "case"), commands[0])]
    moment = NOON
    for decision in choices:
        state = steps[-1].state
        if state.status != "running":
            break
        moment += timedelta(minutes=20)
        command = choose(state, decision, moment)
        if command is not None:
            commands.append(command)
            steps.append(bpmn.step(model, state, command))
    return model, commands, steps


slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@slow
@given(blocks, decisions)
def test_running_the_commands_again_gives_the_same_states_and_events(block, choices):
    _, commands, steps = run(Builder().source(block), choices)
    state = bpmn.new_instance(bpmn.compile_model({"m.bpmn": Builder().source(block)}), "case")
    for command, before in zip(commands, steps, strict=True):
        again = bpmn.step(
            state.model, state, bpmn.command_from_json(json.loads(json.dumps(command.to_json())))
        )
        assert again.state.root == before.state.root
        assert [event.to_json() for event in again.events] == [event.to_json() for event in before.events]
        state = again.state


@slow
@given(blocks, decisions)
def test_a_restored_state_is_the_state_and_goes_on_as_it_would_have(block, choices):
    model, commands, steps = run(Builder().source(block), choices)
    for at, done in enumerate(steps):
        restored = bpmn.State.from_json(model, json.loads(json.dumps(done.state.to_json())))
        assert restored.root == done.state.root
        if at + 1 < len(commands):
            assert bpmn.step(model, restored, commands[at + 1]).state.root == steps[at + 1].state.root


@slow
@given(blocks, decisions)
def test_tokens_are_conserved(block, choices):
    """Every token that was begun is completed, terminated or live; scopes and waits belong to live tokens."""
    _, _, steps = run(Builder().source(block), choices)
    begun: dict[int, str] = {}
    for done in steps:
        for event in done.events:
            if event.kind in ("element.activated", "loop.activated"):
                begun[event.data["token"]] = event.element
            elif event.kind in ("element.completed", "element.terminated", "loop.completed"):
                assert begun.pop(event.data["token"], None) == event.element
            elif event.kind == "process.completed":
                begun.pop(next(key for key, element in begun.items() if element == "p"))
        state = done.state
        live = {token.key: token for token in state.tokens}
        assert {key: token.element for key, token in live.items() if token.status != "ready"} == begun
        assert all(token.scope == 0 or token.scope in live for token in live.values())
        assert all(token.status != "ready" for token in live.values())
        owned = {key for token in live.values() for key in token.waits}
        assert owned == {wait.key for wait in state.waits} | {stop.key for stop in state.stops}
        assert {each.key for each in state.variable_table} <= set(live) | {state.root_token}
        if state.status == "running":
            assert live
            waiting = [token for token in live.values() if token.waits or "arrived" in token.data]
            assert waiting, "a running instance waits for something"
        else:
            assert not live


@slow
@given(blocks, decisions)
def test_the_size_of_a_state_follows_what_is_live(block, choices):
    _, _, steps = run(Builder().source(block), choices)
    last = steps[-1].state
    if last.status == "completed":
        document = last.to_json()
        assert [document[name] for name in ("tokens", "waits", "stops", "stored")] == [[], [], [], []]


def test_nothing_depends_on_the_hash_seed():
    """The same run in processes with different hash seeds ends in the same root."""
    program = """
import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]
from test_bpmn_properties import Builder, run
choice = ("inclusive", ("service",), ("guarded", "false"))
block = ("sequence", ("parallel", ("each", ("user",)), choice), ("loop", ("user",)))
choices = [("task", 1), ("job", 0), ("time", 0), ("time", 0), ("time", 0), ("task", 0), ("fail", 1)]
_, _, steps = run(Builder().source(block), choices)
print(len(steps), steps[-1].state.root)
"""
    here = Path(__file__).resolve().parent
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, str(here), str(here.parents[1])],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1
    assert next(iter(outputs)).split()[0] != "1"
