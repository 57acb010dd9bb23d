"""Steps that wait for the log's witnesses: what a case did before must be published first.

A service task with the task header `waitForQuorum` = `true` is performed only when every entry of its case so
far is covered by a published checkpoint: with a witness policy one that a quorum cosigned, without one any.
So money moves only on what the witnesses have seen; while a witness contradicts the log, and nothing is
published, it does not move. The case waits meanwhile, and commands reach it.

Calls of systems outside cannot wait so: put a task of the platform's own before them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import ledger
from bpmn import FailJob, Job
from workflows.burst import Burst
from workflows.repository import CaseRow, Connection

HEADER = "waitForQuorum"
# How long a case waits before it looks again.
_LOOK_AGAIN = timedelta(seconds=2)


def waits_for_quorum(job: Job) -> bool:
    """Tell whether a job's task says that it waits."""
    return job.headers.get(HEADER) == "true"


async def held_back(sql: Connection, case: CaseRow, burst: Burst) -> Callable[[Job], bool]:
    """Return what tells whether a job must still wait.

    A job that this burst opens always does: the entry of the burst is not even written.
    """
    waiting = {job.id for job in burst.before.jobs if waits_for_quorum(job)}
    published = bool(waiting) and await ledger.is_published(sql, str(case.id), case.seq)
    return lambda job: waits_for_quorum(job) and not (published and job.id in waiting)


def refuse_remote(burst: Burst, remote_types: Collection[str], at: datetime) -> None:
    """Make an incident of each call of a system outside that says it waits: none goes out unwitnessed."""
    for job in burst.state.jobs:
        if waits_for_quorum(job) and job.type in remote_types:
            message = "A call of a system outside cannot wait for the quorum. Put another task before it."
            burst.apply(FailJob(burst.not_before(at), job.id, "quorum.remote", message))


def next_look(case: CaseRow, burst: Burst, at: datetime) -> datetime | None:
    """Return when a case looks again whether its open jobs may be performed; None when none waits."""
    waits = burst.finished and case.ended_at is None and any(map(waits_for_quorum, burst.state.jobs))
    if not waits:
        return None
    look = at + _LOOK_AGAIN
    return min(case.due_at, look) if case.due_at is not None and case.due_at > at else look
