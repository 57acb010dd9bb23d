"""Tasks that are not done by their due date: marked once, and opened to the groups that come next.

A task is overdue when the business time of its case has passed its due date. So the case wakes at the next
due date of its open tasks, as it does for timers, and each burst marks what its business time has passed: of
the open tasks those that are due by `business_now` are marked, and no others.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import ledger
from bpmn import Model, State
from core import Transaction
from workflows import repository
from workflows.clock import wake_at
from workflows.repository import CaseRow

_KIND = "task.escalate"
_CLOCK = "system:clock"


def next_wake(case: CaseRow, state: State) -> datetime | None:
    """Return the real time at which a case has something to do by itself: a timer, or a task to mark."""
    due = [task.due for task in state.tasks if task.due is not None and task.due > case.business_now]
    if state.next_due is not None:
        due.append(state.next_due)
    return wake_at(case.clock, min(due, default=None))


async def escalate(
    tx: Transaction, recorder: ledger.Recorder, case: CaseRow, model: Model, state: State, now: datetime
) -> CaseRow:
    """Mark the open tasks that are due by `now`, with one ledger entry for all; return the case after that.

    Business time goes on to the last of their due dates, not to `now`: what happens happens at its own time,
    however late the machine is.
    """
    late = [task.id for task in state.tasks if task.due is not None and task.due <= now]
    marked = await repository.mark_overdue(tx.sql, case.id, late) if late else []
    if not marked:
        return case
    reached = max(case.business_now, *(task.due for task in marked))
    after = replace(case, seq=case.seq + 1, business_now=reached)
    after = replace(after, due_at=next_wake(after, state))
    await repository.postpone_wake(tx.sql, after)
    await recorder.record(
        tx,
        ledger.EntryDraft(
            stream=str(case.id),
            seq=after.seq,
            kind=_KIND,
            occurred_at=reached,
            actor=_CLOCK,
            statement={
                "tasks": [
                    {
                        "task": str(task.id),
                        "element": task.element,
                        "due": task.due.isoformat(),
                        "escalated_to": list(task.escalate_to),
                    }
                    for task in sorted(marked, key=lambda task: (task.due, task.id))
                ]
            },
            model_hash=model.hash,
            kernel_version=case.kernel_version,
            state_root=state.root,
            payloads={"commands": b"[]"},
        ),
    )
    return after
