"""What a step costs does not grow with what lies behind it: counted in calls and bytes, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bench.kernel import chain, fork_xml, job_loop, loop_steps, mixed_xml, script_loop_xml, state_size
from bpmn import CompleteJob, Model, Start, compile_model, new_instance, step

AT = datetime(2026, 1, 1, tzinfo=UTC)


def calls(action: Callable[[], object]) -> int:
    """How many functions, Python's and C's, an action calls: its cost on every machine alike."""
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(before)
    return counted


def burst(model: Model, **variables: int) -> Callable[[], object]:
    def run() -> None:
        state = step(model, new_instance(model, "case"), Start(AT, variables)).state
        assert state.status == "completed"
        assert state.root

    return run


def test_a_step_of_a_long_loop_costs_what_one_of_a_short_loop_does() -> None:
    model = compile_model({"loop.bpmn": script_loop_xml()})
    cost = {turns: calls(burst(model, n=0, count=turns)) / loop_steps(turns) for turns in (10, 10_000)}
    assert cost[10_000] <= 1.2 * cost[10]


def test_a_step_of_a_long_sequence_costs_what_one_of_a_short_sequence_does() -> None:
    cost = {length: calls(burst(chain(length, "task"))) / (length + 2) for length in (10, 1_000)}
    assert cost[1_000] <= 1.2 * cost[10]


def test_a_branch_of_a_wide_fork_costs_what_one_of_a_narrow_fork_does() -> None:
    cost = {width: calls(burst(compile_model({"fork.bpmn": fork_xml(width)}))) / width for width in (20, 200)}
    assert cost[200] <= 1.5 * cost[20]


def test_a_command_costs_the_same_after_a_long_history() -> None:
    model = job_loop()
    state = step(model, new_instance(model, "case"), Start(AT)).state
    cost = []
    for turn in range(2_001):
        command = CompleteJob(AT, state.jobs[0].id)
        if turn in (10, 2_000):
            cost.append(calls(lambda state=state, command=command: step(model, state, command).state.root))
        state = step(model, state, command).state
    assert cost[1] <= 1.2 * cost[0]


@pytest.mark.parametrize("turns", [100, 10_000])
def test_the_size_of_a_state_follows_what_is_live_and_not_its_history(turns: int) -> None:
    assert state_size(turns) <= 1.1 * state_size(10)


def test_compiling_costs_in_proportion_to_the_model() -> None:
    def cost(blocks: int) -> float:
        sources = {"mixed.bpmn": mixed_xml(blocks=blocks, edition=blocks)}
        return calls(lambda: compile_model(sources)) / blocks

    assert cost(40) <= 2 * cost(10)
