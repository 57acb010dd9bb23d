"""Random nests of what can be undone, gathered, interrupted and left: nothing crashes, nothing is left over.

Each command's state survives being stored and restored (`Case` checks that), an instance that has
ended holds no token, wait or kept value, and one that runs always waits for someone.
"""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

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
