"""What holds for every migration: an instance goes on as if it had been started in the new model."""

from __future__ import annotations

import json
import random
import re
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bpmn
from support.bpmn_blocks import Builder, blocks, choose, decisions, run
from support.bpmn_nests import Nest, move
from support.bpmn_text import Case, service

slow = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

_REFERENCES = re.compile(r'\b(id|sourceRef|targetRef|attachedToRef|default)="([^"]*)"')


def renamed(source: bytes) -> bytes:
    """The same model with other ids."""
    return _REFERENCES.sub(r'\1="new_\2"', source.decode()).encode()


def compiled(source: bytes) -> bpmn.Model:
    return bpmn.compile_model({"m.bpmn": source})


def stored(state: bpmn.State) -> dict[str, Any]:
    """The state as JSON, but for its model, the events that it has counted, and what incidents say of ids."""
    document = {name: value for name, value in state.to_json().items() if name not in ("model", "seq")}
    for stop in document["stops"]:
        del stop["message"]
    return document


def restored(model: bpmn.Model, state: bpmn.State) -> bpmn.State:
    again = bpmn.State.from_json(model, json.loads(json.dumps(state.to_json())))
    assert again.root == state.root
    return again


@slow
@given(blocks, decisions, st.integers(0, 25))
def test_an_instance_goes_on_as_if_it_had_been_started_in_the_new_model(block, choices, point):
    old, _, steps = run(Builder().source(block), choices)
    new, there, wanted = run(renamed(Builder().source(block)), choices)
    at = min(point, len(steps) - 1)
    state = steps[at].state
    if state.status != "running":
        return
    plan = bpmn.plan_migration(old, new, elements={ref: f"new_{ref}" for ref in old.elements})
    plan = bpmn.MigrationPlan.from_json(json.loads(json.dumps(plan.to_json())))
    assert bpmn.dry_run(state, plan, new, state.at).possible
    state = restored(new, bpmn.migrate(state, plan, new, state.at).state)
    assert stored(state) == stored(wanted[at].state)
    for command, want in zip(there[at + 1 :], wanted[at + 1 :], strict=True):
        done = bpmn.step(new, state, command)
        told = [(event.kind, event.element, event.data) for event in done.events]
        assert told == [(event.kind, event.element, event.data) for event in want.events]
        assert stored(done.state) == stored(want.state)
        state = done.state


@slow
@given(st.integers(0, 2**32), st.integers(0, 20))
def test_so_does_one_with_what_can_be_undone_gathered_and_left(seed, point):
    source = Nest(random.Random(seed)).source
    case, there = Case(source, {"v": 0}), Case(renamed(source), {"v": 0})
    names = {ref: f"new_{ref}" for ref in case.model.elements}
    plan = bpmn.plan_migration(case.model, there.model, elements=names)
    choices, same = random.Random(seed), random.Random(seed)
    for number in range(60):
        if case.state.status != "running":
            break
        if number == point:
            case.state = restored(there.model, bpmn.migrate(case.state, plan, there.model, case.now).state)
            case.model = there.model
        if number >= point:
            assert stored(case.state) == stored(there.state)
        move(case, choices)
        move(there, same)
    assert case.state.status == there.state.status


@slow
@given(blocks, decisions, st.integers(0, 25))
def test_going_over_to_the_same_model_changes_nothing(block, choices, point):
    model, _, steps = run(Builder().source(block), choices)
    state = steps[min(point, len(steps) - 1)].state
    if state.status != "running":
        return
    done = bpmn.migrate(state, bpmn.plan_migration(model, model), model, state.at)
    assert stored(done.state) == stored(state)
    assert [event.kind for event in done.events] == ["instance.migrated"]


class Inserting(Builder):
    """Knows the block `inserted`: a task of that name, which leaves the names of all others alone."""

    def block(self, block):
        if block[0] != "inserted":
            return super().block(block)
        self.text.append(service("inserted"))
        return "inserted", "inserted"


LEAVES = ("script", "service", "user", "guarded")


def leaves(block) -> int:
    return 1 if block[0] in LEAVES else sum(leaves(part) for part in block[1:] if isinstance(part, tuple))


def with_leaf(block, at: int, change):
    """The block with `change` made to its leaf number `at`."""
    if block[0] in LEAVES:
        return block if at else change(block)
    parts = []
    for part in block[1:]:
        parts.append(with_leaf(part, at, change) if at >= 0 else part)
        at -= leaves(part)
    return (block[0], *parts)


def with_task(block, at: int, before: bool):
    """The block with a task before or after its leaf number `at`."""
    return with_leaf(
        block,
        at,
        lambda leaf: ("sequence", ("inserted",), leaf) if before else ("sequence", leaf, ("inserted",)),
    )


def whereabouts(token) -> tuple[int, str, int, str, list[int]]:
    """A token without the names of the flows by which others have come to it."""
    arrived = token.data.get("arrived", {})
    return token.key, token.element, token.scope, token.status, sorted(arrived.values())


def finish(state: bpmn.State) -> bpmn.State:
    """Do all that the instance waits for."""
    moment = state.at
    for number in range(400):
        moment += timedelta(minutes=1)
        command = (
            choose(state, ("resolve", number), moment)
            or choose(state, ("job", number), moment)
            or choose(state, ("task", number % 2), moment)
        )
        if command is None:
            break
        state = bpmn.step(state.model, state, command).state
        if state.status != "running":
            break
    return state


@slow
@given(blocks, decisions, st.integers(0, 25), st.integers(0, 5), st.booleans())
def test_a_task_more_in_the_new_model_keeps_every_token_and_the_way_to_the_end(
    block, choices, point, leaf, before
):
    old, _, steps = run(Builder().source(block), choices)
    new = compiled(Inserting().source(with_task(block, leaf % leaves(block), before)))
    assert "inserted" in new.elements
    state = steps[min(point, len(steps) - 1)].state
    if state.status != "running":
        return
    done = bpmn.migrate(state, bpmn.plan_migration(old, new), new, state.at)
    assert list(done.state.waits) == list(state.waits)
    assert [whereabouts(token) for token in done.state.tokens] == [
        whereabouts(token) for token in state.tokens
    ]
    # A parallel join that an interrupt has robbed of a token stays where it is in either model.
    assert finish(restored(new, done.state)).status == finish(state).status


@slow
@given(blocks, decisions, st.integers(0, 25), st.integers(0, 5), blocks)
def test_an_instance_goes_over_to_any_model_in_good_order_or_is_told_why_not(
    block, choices, point, leaf, other
):
    """Another block in place of a leaf also shifts the names of what follows: kinds and scopes differ."""
    _, _, steps = run(Builder().source(block), choices)
    new = compiled(Builder().source(with_leaf(block, leaf % leaves(block), lambda _: other)))
    state = steps[min(point, len(steps) - 1)].state
    if state.status != "running":
        return
    plan = bpmn.plan_migration(state.model, new)
    report = bpmn.dry_run(state, plan, new, state.at)
    if not report.possible:
        assert all(each.code and each.hint for move in report.moves for each in move.refusals)
        return
    done = bpmn.migrate(state, plan, new, state.at).state
    assert all(token.status != "ready" and token.element in new.elements for token in done.tokens)
    assert {key for token in done.tokens for key in token.waits} == {
        record.key for record in (*done.waits, *done.stops)
    }
    last = finish(restored(new, done))
    if last.status == "completed":
        document = last.to_json()
        assert [document[name] for name in ("tokens", "waits", "stops", "stored")] == [[], [], [], []]
