"""What holds for every run of every model: re-execution, restoring, conservation of tokens.

Models are generated as nested blocks (tasks, choices, forks, loops, subprocesses, multi-instances,
boundary events), and runs as random decisions of the outside world (`support.bpmn_blocks`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings

import bpmn
from support.bpmn_blocks import Builder, blocks, decisions, run

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
