"""The workflow that drives a case: a small, stable, durable loop around one local activity.

It holds no business state. What it waits for are commands, which arrive as updates that carry only the id
of a command, the earliest due time of the case, for which it keeps one durable timer, and the remote jobs of
the case, for each of which it runs an ordinary activity. For each of these it runs the local activity
`advance`, which does everything in one transaction. So a change of kernel, model or
effects never meets the determinism of this file; only a change of this file does, and recorded histories
are replayed in the tests to hold that.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, CancelledError
from temporalio.exceptions import TimeoutError as TimeoutFailure

ADVANCE = "advance"

# A burst that meets a transient failure (a lost connection, a serialization failure) is tried until it
# commits.
_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=10))
_BURST_TIMEOUT = timedelta(seconds=60)
# For how long a workflow with a long history lets its remote calls end before it continues as new.
_LAST_CALLS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Drive:
    """The workflow's input: the case, and the command that starts it (None when it is taken up again).

    `continue_after` is the length of history after which the workflow continues as new, when that is to come
    before the server suggests it.
    """

    case_id: str
    command_id: str | None = None
    continue_after: int | None = None


@dataclass(frozen=True, slots=True)
class Burst:
    """The local activity's input: ids and the time, nothing else.

    `running` are the remote jobs for which the workflow runs an activity; `failed` is one whose activity has
    failed for good, for the `reason`.
    """

    case_id: str
    command_id: str | None
    at: datetime
    running: tuple[str, ...] = ()
    failed: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A remote job for which an activity is to run, and the policy of its type; times in seconds.

    The policy stands in the history, so that another release of the type's policy changes no replay.
    """

    id: str
    type: str
    queue: str
    timeout: float
    heartbeat: float
    attempts: int
    first_pause: float
    longest_pause: float


@dataclass(frozen=True, slots=True)
class RemoteCall:
    """A remote activity's input: ids. The variables are in the database, and there goes the result."""

    case_id: str
    job_id: str


@dataclass(frozen=True, slots=True)
class Waits:
    """The local activity's answer: whether the case is over, or when it is due next, in real time.

    `begin` are remote jobs for which no activity runs yet, `over` running ones that nobody waits for now.
    Histories of releases before remote jobs hold neither, so they never lead to what follows from them.
    """

    ended: bool
    due: datetime | None = None
    begin: tuple[RemoteJob, ...] = ()
    over: tuple[str, ...] = ()


@workflow.defn(name="CaseWorkflow")
class CaseWorkflow:
    """Drives one case until it ends."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waits: Waits | None = None
        self._remote: dict[str, workflow.ActivityHandle[None]] = {}
        self._following: set[asyncio.Task[None]] = set()

    @workflow.run
    async def run(self, drive: Drive) -> None:
        """Advance the case whenever it is due, and continue as new before the history grows long."""
        self._drive = drive
        await self._advance(drive.command_id)
        while not self._ended and not self._history_is_long():
            waits = self._waits
            try:
                await workflow.wait_condition(
                    partial(self._has_news_since, waits), timeout=_until(waits.due if waits else None)
                )
            except TimeoutError:
                await self._advance(None)
        await self._let_calls_end()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self._ended:
            workflow.continue_as_new(Drive(drive.case_id, None, drive.continue_after))

    @workflow.update
    async def command(self, command_id: str) -> None:
        """Carry out a command that the inbox has accepted; its outcome is recorded there."""
        await workflow.wait_condition(lambda: self._waits is not None)
        await self._advance(command_id)

    @command.validator
    def _refuse_when_ended(self, command_id: str) -> None:
        if self._ended:
            raise ValueError(f"the case is over: {command_id}")

    @property
    def _ended(self) -> bool:
        return self._waits is not None and self._waits.ended

    def _has_news_since(self, waits: Waits | None) -> bool:
        return self._waits is not waits or self._history_is_long()

    def _history_is_long(self) -> bool:
        info = workflow.info()
        limit = self._drive.continue_after
        return info.is_continue_as_new_suggested() or (
            limit is not None and info.get_current_history_length() >= limit
        )

    async def _advance(self, command_id: str | None, *, failed: str | None = None, reason: str = "") -> None:
        async with self._turn:
            waits = await workflow.execute_local_activity(
                ADVANCE,
                Burst(self._drive.case_id, command_id, workflow.now(), tuple(self._remote), failed, reason),
                result_type=Waits,
                start_to_close_timeout=_BURST_TIMEOUT,
                retry_policy=_RETRY,
            )
            self._waits = waits
            for job_id in waits.over:
                if job_id in self._remote:
                    self._remote.pop(job_id).cancel()
            if not self._history_is_long():  # the next run begins them
                for job in waits.begin:
                    self._begin(job)

    def _begin(self, job: RemoteJob) -> None:
        """Run the activity of a remote job, and advance the case when it has ended."""
        handle = self._remote[job.id] = workflow.start_activity(
            job.type,
            RemoteCall(self._drive.case_id, job.id),
            activity_id=job.id,
            task_queue=remote_queue(workflow.info().task_queue, job.queue),
            start_to_close_timeout=timedelta(seconds=job.timeout),
            heartbeat_timeout=timedelta(seconds=job.heartbeat),
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=job.first_pause),
                maximum_interval=timedelta(seconds=job.longest_pause),
                maximum_attempts=job.attempts,
            ),
            # A call that takes no notice of being cancelled must not hold up the case.
            cancellation_type=workflow.ActivityCancellationType.TRY_CANCEL,
        )
        following = asyncio.create_task(self._follow(job.id, handle))
        self._following.add(following)
        following.add_done_callback(self._following.discard)

    async def _follow(self, job_id: str, call: workflow.ActivityHandle[None]) -> None:
        try:
            await call
        except ActivityError as error:
            if isinstance(error.cause, CancelledError):
                return
            del self._remote[job_id]
            await self._advance(None, failed=job_id, reason=_reason(error))
        else:
            del self._remote[job_id]
            await self._advance(None)

    async def _let_calls_end(self) -> None:
        """Wait for running calls before the workflow continues as new; what takes longer is called again."""
        if self._following and not self._ended:
            try:
                await workflow.wait_condition(lambda: not self._following, timeout=_LAST_CALLS)
            except TimeoutError:
                workflow.logger.warning("Remote calls that still run are made again by the next run")


def remote_queue(case_queue: str, queue: str) -> str:
    """Return the name of a remote task queue of the installation whose cases have this one."""
    return f"{case_queue}/{queue}"


def _reason(error: ActivityError) -> str:
    if isinstance(error.cause, TimeoutFailure) and error.cause.type is not None:
        return f"timed out: {error.cause.type.name.lower()}"
    return "no attempt is left"


def _until(due: datetime | None) -> timedelta | None:
    return max(due - workflow.now(), timedelta(0)) if due is not None else None
