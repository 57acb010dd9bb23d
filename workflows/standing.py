"""Where a case stands after a burst: its row, its state as people read it, and its clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import orjson

from bpmn import State
from workflows.burst import Burst
from workflows.escalation import next_wake
from workflows.repository import CaseRow


def business_time(case: CaseRow, at: datetime) -> datetime:
    """Return the business time of a case at a real time; it never runs backwards."""
    return max(case.clock.at(at), case.business_now)


def after_burst(case: CaseRow, burst: Burst, at: datetime, now: datetime) -> CaseRow:
    """Return the row of a case after a burst that was over at the real time `at`, the business time `now`."""
    state = burst.state
    still = stands_still(case, state)
    clock = case.clock
    if still != clock.paused:
        clock = clock.pause(at, now) if still else clock.resume(at)
    ended = state.status in ("completed", "cancelled")
    after = replace(
        case,
        state=_case_state(state, bool(_waits_on(state))),
        state_json=orjson.dumps(state.to_json()).decode(),
        seq=case.seq + 1,
        step_seq=case.step_seq + len(burst.events),
        ended_at=now if ended else None,
        clock=clock,
        business_now=now,
        incidents=len(state.incidents),
    )
    due_at = None if ended else next_wake(after, state) if burst.finished else at
    return replace(after, due_at=due_at)


def _waits_on(state: State) -> frozenset[str]:
    """Return what a case waits for that its clock may stand still for."""
    waits = (("task", state.tasks), ("message", state.messages))
    return frozenset(kind for kind, open_ in waits if open_)


def stands_still(case: CaseRow, state: State) -> bool:
    """Tell whether a case waits for what its clock stands still for."""
    return bool(_waits_on(state) & case.pause_on)


def _case_state(state: State, waits: bool) -> str:
    if state.status in ("completed", "cancelled"):
        return state.status
    if state.incidents:
        return "incident"
    return "waiting" if waits else "running"
