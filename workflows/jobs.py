"""Jobs in bulk: the open jobs of one type, performed together as one write of the burst's transaction.

The kernel still gets one command per job, so a case re-executes the same however its jobs were performed.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from bpmn import Command, CompleteJob, Job
from workflows.burst import Burst
from workflows.effects import BulkEffect, JobContext
from workflows.transient import is_transient

_log = logging.getLogger(__name__)

Context = Callable[[Job], JobContext]
Alone = Callable[[Job], Awaitable[Command]]


def of_type(burst: Burst, job_type: str, limit: int) -> list[Job]:
    """Return the open jobs of a type, oldest first, at most `limit` of them."""
    return list(islice((job for job in burst.state.jobs if job.type == job_type), limit))


async def perform_together(
    burst: Burst, jobs: Sequence[Job], effect: BulkEffect, context: Context, alone: Alone
) -> None:
    """Perform jobs of one type with one call; where that fails, each half by itself, down to the single job.

    So one job that cannot be done costs a few calls more, becomes an incident of its own, and holds none of
    the others.

    Args:
        burst: what goes on with the results.
        jobs: open jobs of the effect's type, in the order in which the kernel is to hear of them.
        effect: what performs many.
        context: gives what a job has to work with.
        alone: performs one job and returns what the kernel is to know of it.

    Raises:
        Exception: what `workflows.transient` knows as passing.
    """
    if len(jobs) == 1:
        burst.apply(await alone(jobs[0]))
    elif jobs and not await _done_at_once(burst, jobs, effect, context):
        middle = len(jobs) // 2
        for half in (jobs[:middle], jobs[middle:]):
            # An interrupt may have ended a job while its elders were performed.
            still_open = [job for job in half if burst.state.job(job.id) is not None]
            await perform_together(burst, still_open, effect, context, alone)


async def _done_at_once(burst: Burst, jobs: Sequence[Job], effect: BulkEffect, context: Context) -> bool:
    """Perform jobs and complete them all; False when that failed, with nothing written and nothing moved."""
    contexts = [context(job) for job in jobs]
    branch = burst.branch()
    try:
        async with contexts[0].tx.savepoint():
            # Refused when an elder's completion has ended a job: what was written for it must go.
            branch.apply_all(
                [
                    CompleteJob(given.at, job.id, variables)
                    for given, job, variables in zip(contexts, jobs, await effect(contexts), strict=True)
                ]
            )
    except Exception as error:
        if is_transient(error):
            raise
        _log.info("%d jobs %s are performed in halves: %r", len(jobs), jobs[0].type, error)
        return False
    burst.join(branch)
    return True
