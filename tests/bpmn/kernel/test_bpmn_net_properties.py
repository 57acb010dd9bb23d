"""What holds for every run of every model, however wild: on random unstructured nets.

Nets are made from one integer each (`support.random_nets`), so that a failure is told by a number.
The bound on a burst is lowered here, because wild nets often loop without end.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpmn
import bpmn.kernel.burst
from bpmn.kernel.burst import Burst
from support.random_nets import Net, compiled, walk

MAX_STEPS = 300
seeds = st.integers(0, 2**32)
some = settings(max_examples=60, deadline=None)

Run = tuple[bpmn.Model, list[tuple[bpmn.State, bpmn.Command, bpmn.Step]]]


@pytest.fixture(autouse=True, scope="module")
def short_bursts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bpmn.kernel.burst, "MAX_STEPS", MAX_STEPS)
        yield


def run(seed: int) -> Run:
    choices = random.Random(seed)
    model = compiled(Net(choices).source)
    return model, list(walk(model, choices))


@some
@given(seeds)
def test_running_the_commands_again_gives_the_same_states_and_events(seed):
    model, steps = run(seed)
    state = bpmn.new_instance(model, "case")
    for _, command, before in steps:
        stored = json.loads(json.dumps(command.to_json()))
        again = bpmn.step(model, state, bpmn.command_from_json(stored))
        assert again.state.root == before.state.root
        assert [event.to_json() for event in again.events] == [event.to_json() for event in before.events]
        state = again.state


@some
@given(seeds)
def test_commands_in_one_row_do_what_each_does_by_itself(seed):
    """However a run is cut into rows: the state with its root, and every event, are the same."""
    model, steps = run(seed)
    cuts = random.Random(seed + 1)
    left = list(steps)
    state = bpmn.new_instance(model, "case")
    while left:
        size = cuts.randint(1, len(left))
        row, left = left[:size], left[size:]
        done = bpmn.steps(model, state, [command for _, command, _ in row])
        assert done.state.to_json() == row[-1][2].state.to_json()
        assert done.state.root == row[-1][2].state.root
        assert list(done.events) == [event for _, _, each in row for event in each.events]
        state = done.state


@some
@given(seeds)
def test_a_row_with_a_command_that_does_not_fit_changes_nothing(seed):
    model, steps = run(seed)
    state, commands = steps[0][0], [command for _, command, _ in steps]
    before = state.to_json()
    unknown = bpmn.CompleteJob(commands[-1].at, "nothing:0")
    with pytest.raises(bpmn.CommandRefused):
        bpmn.steps(model, state, [*commands, unknown])
    assert state.to_json() == before


@some
@given(seeds)
def test_a_state_restored_at_any_time_goes_on_to_the_same_root(seed):
    model, steps = run(seed)
    for before, command, done in steps[1:]:
        restored = bpmn.State.from_json(model, json.loads(json.dumps(before.to_json())))
        assert restored.root == before.root
        again = bpmn.step(model, restored, command)
        assert again.state.root == done.state.root
        assert again.state.to_json() == done.state.to_json()


@some
@given(seeds)
def test_a_burst_is_bounded(seed):
    """Each activation costs a step; beyond the bound nothing begins any more, and nothing multiplies."""
    _, steps = run(seed)
    for before, _, done in steps:
        activated = sum(event.kind == "element.activated" for event in done.events)
        assert activated <= MAX_STEPS
        assert len(done.state.tokens) <= len(before.tokens) + MAX_STEPS


class Watch:
    """Reads the steps of a run in order and knows what is live: which token, where, in which scope."""

    def __init__(self, model: bpmn.Model, scopes: dict[int, int]) -> None:
        self.model = model
        self.scopes = scopes
        self.live: dict[int, str] = {}
        self.ended: set[int] = set()
        self.terminated: Counter[tuple[str, int]] = Counter()

    def read(self, event: bpmn.Event) -> None:
        token = event.data.get("token")
        if event.kind in ("element.activated", "loop.activated"):
            self._begins(token, self.model.elements[event.element])
        elif event.kind in ("element.completed", "loop.completed"):
            # What is left behind in a join goes on without beginning again.
            joins = self.model.elements[event.element].joins
            assert self.live.pop(token, event.element if joins else None) == event.element
            self._ends(token)
        elif event.kind == "element.terminated":
            assert self.live.pop(token, event.element) == event.element  # it need not have begun yet
            self.terminated[event.element, self.scopes[token]] += 1
            self._ends(token)
        elif event.kind in ("process.completed", "process.cancelled"):
            # A called process names its token; the outermost one has none, for nothing is left of it.
            ended = token or next(key for key in self.live if self.scopes[key] == 0)
            assert self.live.pop(ended) == event.element
            self._ends(ended)

    def inside(self, scope: int) -> list[str]:
        """The elements of the live tokens directly in a scope."""
        return [element for token, element in self.live.items() if self.scopes[token] == scope]

    def _begins(self, token: int, element: bpmn.Element) -> None:
        scope = self.scopes[token]
        assert token not in self.ended
        assert scope == 0 or scope in self.live, f"{element.ref} begins in a scope that has ended"
        if element.attached_to is not None and element.interrupting:
            host = (element.attached_to, scope)
            assert self.terminated[host] > 0, f"{element.ref} begins before its host has ended"
            self.terminated[host] -= 1
        if any(self.model.elements[start].interrupting for start in element.starts):
            assert self.inside(scope) == [], f"{element.ref} begins beside what it interrupts"
        self.live[token] = element.ref

    def _ends(self, token: int) -> None:
        assert self.inside(token) == [], "a scope ends before what is in it"
        self.ended.add(token)


@pytest.fixture
def scopes(monkeypatch):
    """The scope of every token that is ever created, for tokens may come and go within one command.

    A subprocess that is opened again, to undo what it did, is no activation: what is in it counts as
    in the scope around it.
    """
    known: dict[int, int] = {}
    create = Burst.create

    def noting(self, element, scope, *args, **options):
        token = create(self, element, scope, *args, **options)
        around = self.token(scope)
        known[token.key] = known[scope] if around is not None and "reopened" in around.data else scope
        return token

    monkeypatch.setattr(Burst, "create", noting)
    return known


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_tokens_are_conserved_and_an_interrupt_takes_effect_before_the_next_step(scopes, first):
    """Each token that begins is completed, terminated or live; none begins in what has ended.

    What interrupts begins when all that it interrupts has ended. Waits, incidents and variables
    belong to live tokens, and an instance that runs waits for something.
    """
    for seed in range(first, first + 50):
        scopes.clear()
        choices = random.Random(seed)
        model = compiled(Net(choices).source)
        watch = Watch(model, scopes)
        for _, _, done in walk(model, choices):
            for event in done.events:
                watch.read(event)
            state = done.state
            live = {token.key: token for token in state.tokens}
            waits = {
                key for key, token in live.items() if token.status == "stopped" or "arrived" in token.data
            }
            assert watch.live.items() <= {key: token.element for key, token in live.items()}.items()
            new = {key for key in live.keys() - watch.live.keys() if "reopened" not in live[key].data}
            assert new <= waits, "only who stands still has not begun"
            assert all(token.scope == 0 or token.scope in live for token in live.values())
            owned = {key for token in live.values() for key in token.waits}
            assert owned == {wait.key for wait in state.waits} | {stop.key for stop in state.stops}
            assert {each.key for each in state.variable_table} <= {*live, state.root_token}
            if state.status == "running":
                assert waits or owned
            else:
                assert (live, len(state.stored)) == ({}, 0)


@some
@given(seeds)
def test_the_deployment_check_of_any_net_ends_in_findings(seed):
    """A net may be unsound and break rules of the standard that do not matter to the engine."""
    findings = bpmn.lint({"net.bpmn": Net(random.Random(seed)).source}, process="p")
    for finding in findings:
        assert "." in finding.code
        about_the_net = finding.breaks_standard or finding.code.startswith("soundness.")
        assert about_the_net or finding.severity == "warning", finding


def test_nothing_depends_on_the_hash_seed():
    """The same nets and walks in processes with different hash seeds give the same states and events."""
    program = """
import sys; sys.path.insert(0, sys.argv[1])
import hashlib, random
import bpmn.kernel.burst
from support.random_nets import Net, compiled, walk
bpmn.kernel.burst.MAX_STEPS = 300
for seed in range(40):
    choices = random.Random(seed)
    digest = hashlib.sha256()
    for _, _, done in walk(compiled(Net(choices).source), choices):
        digest.update(repr([event.to_json() for event in done.events]).encode())
    print(seed, done.state.status, done.state.root, digest.hexdigest())
"""
    tests = str(Path(__file__).resolve().parents[2])
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, tests],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1
    assert len(next(iter(outputs)).splitlines()) == 40
