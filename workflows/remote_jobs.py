"""Remote jobs: service tasks that call a system outside, each as an activity of Temporal.

A burst leaves such a job open and notes it (`follow`). The case's workflow runs an activity for it, which is
given ids only, reads its variables from the case's row, makes the call, and records the result in the
database (`RemoteJobs.perform`). The case takes the result with its next burst (`commands`), so exactly once,
whatever died in between. The call itself is made at least once: its idempotency key lets the other side
count it once, and what was called for nothing (a case that waits no longer) has to be reconciled there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from bpmn import Command, CompleteJob, FailJob, Job, State, ThrowError
from bpmn.values import from_json, to_json
from core import Broken, Clock, Database, ScfError, Unavailable, derived_id
from workflows import repository
from workflows.burst import Burst
from workflows.carried_over import renamed
from workflows.case_workflow import RemoteCall, RemoteJob, remote_queue
from workflows.definitions import Definitions
from workflows.effects import BusinessError, Effects, RemoteContext
from workflows.repository import Connection, RemoteResult

_log = logging.getLogger(__name__)

# How many calls one case has in flight; its others wait. It bounds what a workflow's history tells at once.
AT_ONCE = 50

# A worker that is told to stop lets calls come to their end for this long; others make them again.
_GRACE = timedelta(seconds=5)

# A worker tells that it lives this often in the time after which it would count as lost.
_BEATS = 3


async def follow(sql: Connection, case_id: UUID, burst: Burst, effects: Effects, at: datetime) -> None:
    """Note which remote jobs a burst has opened, and which are over, at the real time `at`."""
    if not effects.remote_types:
        return
    ids = renamed(burst)
    before = {ids.get(job_id, job_id) for job_id in _remote(burst.before, effects)}
    after = _remote(burst.state, effects)
    if opened := [job for job in after.values() if job.id not in before]:
        await repository.open_remote_jobs(sql, case_id, [_row(case_id, job, effects, at) for job in opened])
    if over := before - after.keys():
        await repository.close_remote_jobs(sql, case_id, over, at)


async def to_run(
    sql: Connection, case_id: UUID, running: tuple[str, ...], effects: Effects
) -> tuple[tuple[RemoteJob, ...], tuple[str, ...]]:
    """Return the calls that the case's workflow is to begin, and those of `running` that are for nothing.

    A call goes by the id under which its job was opened, whatever the job's element is called by now.
    """
    if not effects.remote_types:
        return (), running
    found = await repository.remote_jobs_to_run(sql, case_id, running, limit=AT_ONCE)
    still_open = {job_id for job_id, _ in found}
    begin = tuple(_call(job_id, type_, effects) for job_id, type_ in found if job_id not in running)
    return begin, tuple(job_id for job_id in running if job_id not in still_open)


def command(result: RemoteResult, at: datetime) -> Command:
    """Return what the kernel is to know of a result, at the business time `at`."""
    match result.outcome:
        case {"complete": variables}:
            return CompleteJob(at, result.job_id, {name: from_json(each) for name, each in variables.items()})
        case {"error": code, "message": message, "variables": variables}:
            read = {name: from_json(each) for name, each in variables.items()}
            return ThrowError(at, result.job_id, code, message, read)
        case {"failure": code, "message": message}:
            return FailJob(at, result.job_id, code, message)
        case _:
            raise Broken("job.result_unreadable", "The result of a call cannot be read.", where=result.job_id)


async def give_up(sql: Connection, case_id: UUID, call_id: str, reason: str, at: datetime) -> None:
    """Record that a call has failed for good, as its workflow tells; a result that is there stands."""
    error = await repository.last_remote_error(sql, case_id, call_id)
    message = f"The call was given up ({reason})" + (f"; the last error was {error}" if error else ".")
    failure = {"failure": "job.remote_failed", "message": message}
    await repository.record_remote_result(sql, case_id, call_id, failure, at)


class RemoteJobs:
    """Makes the calls. One per process."""

    def __init__(self, database: Database, effects: Effects, definitions: Definitions, clock: Clock) -> None:
        self._database = database
        self._effects = effects
        self._definitions = definitions
        self._clock = clock

    async def perform(self, call: RemoteCall) -> None:
        """Make one call and record its result, unless there is one or nobody waits for it any more.

        Raises:
            ApplicationError: the call failed and may be made again; it tells the kind of error only.
        """
        case_id = UUID(call.case_id)
        open_ = await self._open_job(case_id, call.job_id)
        if open_ is None:
            return
        effect, _ = self._effects.remote_of(open_.job.type)
        context = RemoteContext(
            case_id=case_id,
            request_id=open_.request_id,
            idempotency_key=open_.idempotency_key,
            variables=open_.job.variables,
            headers=open_.job.headers,
        )
        try:
            variables = await effect(context)
            outcome: Mapping[str, Any] = {
                "complete": {name: to_json(value) for name, value in variables.items()}
            }
        except BusinessError as error:
            given = {name: to_json(value) for name, value in error.variables.items()}
            outcome = {"error": error.code, "message": error.message, "variables": given}
        except Exception as error:
            if isinstance(error, ScfError) and not isinstance(error, Unavailable):
                outcome = {"failure": error.code, "message": str(error)}
            else:
                _log.warning("The call %s of case %s failed: %r", call.job_id, case_id, error)
                async with self._database.transaction() as tx:
                    told = f"{type(error).__name__}: {error}"
                    await repository.note_remote_error(tx.sql, case_id, call.job_id, told)
                raise ApplicationError("the call failed", type=type(error).__name__) from None
        async with self._database.transaction() as tx:
            await repository.record_remote_result(tx.sql, case_id, call.job_id, outcome, self._clock.now())

    async def _open_job(self, case_id: UUID, call_id: str) -> _OpenJob | None:
        """Read what is to be called, and count the attempt."""
        async with self._database.transaction() as tx:
            noted = await repository.open_remote_job(tx.sql, case_id, call_id)
            case = await repository.read_case(tx.sql, case_id)
            if noted is None or case is None or case.ended_at is not None:
                return None
            model = await self._definitions.model(tx.sql, case.definition_id, case.kernel_version)
            job = State.from_json(model, orjson.loads(case.state_json)).job(noted.job_id)
            if job is None:
                return None
            _, policy = self._effects.remote_of(job.type)
            if not await repository.begin_attempt(
                tx.sql, case_id, call_id, self._clock.now() + policy.patience
            ):
                return None
            return _OpenJob(job, case.request_id, noted.idempotency_key)

    def workers(self, client: Client, queue_prefix: str) -> list[Worker]:
        """Return one worker for each task queue of the remote job types."""
        queues: dict[str, list[str]] = {}
        for job_type in sorted(self._effects.remote_types):
            queues.setdefault(self._effects.remote_of(job_type)[1].task_queue, []).append(job_type)
        return [
            Worker(
                client,
                task_queue=remote_queue(queue_prefix, queue),
                activities=[self._activity(job_type) for job_type in job_types],
                max_task_queue_activities_per_second=self._effects.remote_of(job_types[0])[1].rate_limit,
                graceful_shutdown_timeout=_GRACE,
            )
            for queue, job_types in queues.items()
        ]

    def _activity(self, job_type: str) -> Callable[[RemoteCall], Awaitable[None]]:
        _, policy = self._effects.remote_of(job_type)

        @activity.defn(name=job_type)
        async def call(call: RemoteCall) -> None:
            async with _heartbeats(policy.heartbeat):
                await self.perform(call)

        return call


@dataclass(frozen=True, slots=True)
class _OpenJob:
    """A job that is to be called, the financing request that its case serves, and the call's key."""

    job: Job
    request_id: UUID | None
    idempotency_key: UUID


def idempotency_key(case_id: UUID, call_id: str) -> UUID:
    """Return the key that every call of a job carries, by the id under which the job was opened."""
    return derived_id("remote-job", case_id, call_id)


@contextlib.asynccontextmanager
async def _heartbeats(timeout: timedelta) -> AsyncIterator[None]:
    """Tell Temporal that this worker lives while a call lasts; the call itself is bounded by its timeout."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(timeout.total_seconds() / _BEATS)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


def _remote(state: State, effects: Effects) -> dict[str, Job]:
    return {job.id: job for job in state.jobs if job.type in effects.remote_types}


def _row(case_id: UUID, job: Job, effects: Effects, at: datetime) -> Mapping[str, Any]:
    return {
        "kernel_id": job.id,
        "element": job.element,
        "type": job.type,
        "idempotency_key": idempotency_key(case_id, job.id),
        "opened_at": at,
        "expected_by": at + effects.remote_of(job.type)[1].patience,
    }


def _call(job_id: str, job_type: str, effects: Effects) -> RemoteJob:
    _, policy = effects.remote_of(job_type)
    return RemoteJob(
        id=job_id,
        type=job_type,
        queue=policy.task_queue,
        timeout=policy.timeout.total_seconds(),
        heartbeat=policy.heartbeat.total_seconds(),
        attempts=policy.retry.attempts,
        first_pause=policy.retry.first_pause.total_seconds(),
        longest_pause=policy.retry.longest_pause.total_seconds(),
    )
