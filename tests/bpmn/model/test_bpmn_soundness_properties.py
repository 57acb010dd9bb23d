"""The verdict on soundness agrees with what the kernel does, on every run of random models."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import bpmn
from bpmn.soundness import find_troubles
from support.random_models import Graph, every_run, structured, unstructured

STUCK = {"soundness.deadlock", "soundness.join-never-fires"}


def check(graph: Graph) -> set[str]:
    """Compare the verdict with every run; gives the codes of the verdict."""
    model = bpmn.compile_model({"random.bpmn": graph.source()})
    troubles = find_troubles(model)
    codes = {trouble.code for trouble in troubles}
    assume("soundness.not-explored" not in codes)
    runs = every_run(graph, model)
    for trouble in troubles:
        if trouble.code == "soundness.unbounded":
            assert not runs.whole, trouble
        elif trouble.code == "soundness.unreachable":
            assert trouble.element not in runs.activated, trouble
        elif trouble.code == "soundness.join-never-fires":
            assert trouble.element not in runs.joined, trouble
        if trouble.severity == "error" and trouble.code != "soundness.join-never-fires":
            assert not runs.completes, trouble
        if trouble.code in STUCK and runs.whole:
            tasks = Counter(ref for ref in trouble.path if model.elements[ref].tag == "userTask")
            waiting = {ref for key in runs.lost() for ref, _ in key}
            assert trouble.element in waiting, trouble
            assert runs.follows(tasks) or "soundness.never-ends" in codes, trouble
    if runs.whole:
        assert not runs.stuck() or codes & STUCK, troubles
        lost = runs.lost()
        assert bool(lost) == bool(codes & (STUCK | {"soundness.never-ends"})), troubles
        if "soundness.join-never-fires" not in codes:
            hopeless = any(trouble.severity == "error" for trouble in troubles)
            assert hopeless == (runs.start in lost), troubles
    return codes


@given(st.integers(0, 2**32), st.integers(2, 7))
@settings(max_examples=100, deadline=None)
def test_the_verdict_on_random_graphs_agrees_with_every_run(seed: int, size: int) -> None:
    check(unstructured(Random(seed), size))


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_blocks_whose_merges_fit_their_splits_are_sound(seed: int) -> None:
    assert check(structured(Random(seed), 2, wrong=False)) == set()


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_the_verdict_on_blocks_with_any_merge_agrees_with_every_run(seed: int) -> None:
    check(structured(Random(seed), 2, wrong=True))
