"""Random nests of what can be undone, gathered, interrupted and left: nothing crashes, nothing is left over.

Each command's state survives being stored and restored (`Case` checks that), an instance that has
ended holds no token, wait or kept value, and one that runs always waits for someone.
"""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

import bpmn
from support.bpmn_nests import Nest, move
from support.bpmn_text import Case


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_nest_ends_or_waits_for_someone_and_leaves_nothing_behind(seed):
    choices = random.Random(seed)
    case = Case(Nest(choices).source, {"v": 0})
    for _ in range(100):
        if case.state.status != "running":
            break
        assert case.state.jobs or case.state.incidents
        move(case, choices)
    if case.state.status != "running":
        kept = case.state.to_json()
        assert [kept[table] for table in ("tokens", "waits", "stops", "stored")] == [[], [], [], []]


def repair(case: Case, choices: random.Random) -> bpmn.Command:
    """Something that a person may do by hand; much of it cannot be done."""
    tokens = [f"{token.element}:{token.key}" for token in case.state.tokens]
    elements = sorted(case.model.elements)
    incident = choices.choice(case.state.incidents).id if case.state.incidents else ""
    kind = choices.choice(["end", "begin", "move", "move", "undo"] + ["skip", "throw"] * bool(incident))
    scope = choices.choice([None, None, choices.choice(tokens)])
    cancel = tuple(choices.sample(tokens, min(len(tokens), choices.randint(1, 3))))
    begin = (bpmn.Activation(choices.choice(elements), scope, {"v": choices.randint(0, 5)}),)
    match kind:
        case "skip":
            return bpmn.SkipElement(case.now, incident, {"v": 1})
        case "throw":
            return bpmn.ThrowAtIncident(case.now, incident, "BAD")
        case "undo":
            return bpmn.Cancel(case.now, "withdrawn", compensate=choices.random() < 0.9)
        case "end":
            return bpmn.Modify(case.now, cancel)
        case "begin":
            return bpmn.Modify(case.now, (), begin)
        case _:
            return bpmn.Modify(case.now, cancel, begin)


def check(state: bpmn.State) -> None:
    """Scopes and waits belong to live tokens, and no scope stands empty."""
    live = {token.key: token for token in state.tokens}
    assert all(token.scope == 0 or token.scope in live for token in live.values())
    assert {key for token in live.values() for key in token.waits} == {
        record.key for table in (state.waits, state.stops) for record in table
    }
    inner = {token.scope for token in live.values()}
    for token in live.values():
        assert token.key in inner or token.waits or "arrived" in token.data, token


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_repairs_by_hand_leave_no_token_that_nothing_can_move(seed):
    choices = random.Random(seed)
    case = Case(Nest(choices).source, {"v": 0})
    for _ in range(60):
        if case.state.status != "running":
            break
        if choices.random() < 0.3 or not (case.state.jobs or case.state.incidents):
            before = case.state.root
            try:
                case.send(repair(case, choices))
            except bpmn.CommandRefused:
                assert case.state.root == before
        elif case.state.incidents and choices.random() < 0.5:
            job = choices.choice(case.state.jobs).id if case.state.jobs else None
            if job:
                case.send(bpmn.FailJob(case.now, job, "bank.down", "No answer."))
        else:
            move(case, choices)
        check(case.state)
    if case.state.status != "running":
        kept = case.state.to_json()
        assert [kept[table] for table in ("tokens", "waits", "stops", "stored")] == [[], [], [], []]
