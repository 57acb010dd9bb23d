"""The registry of job types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bpmn.values import Value
from core import NotFound, Transaction


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job has to work with: its transaction, the business time, its case, entry and variables."""

    tx: Transaction
    at: datetime
    case_id: UUID
    request_id: UUID | None
    entry_id: UUID
    variables: Mapping[str, Value]
    headers: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return a variable that must be a text.

        Raises:
            NotFound: `job.variable_missing`, when the process does not give the job what it needs.
        """
        return _text(self.variables, name)

    def id(self, name: str) -> UUID:
        """Return a variable that must be an id."""
        return UUID(self.text(name))

    def optional_text(self, name: str) -> str | None:
        """Return a text variable, or None when it is not set."""
        value = self.variables.get(name)
        return value if isinstance(value, str) else None

    @property
    def request(self) -> UUID:
        """The financing request that the case serves.

        Raises:
            NotFound: `job.no_request`.
        """
        if self.request_id is None:
            raise NotFound("job.no_request", "This case serves no financing request.", where="requestId")
        return self.request_id


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a remote job is tried, and how long the pauses between are: each is twice the one before."""

    attempts: int = 10
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RemotePolicy:
    """How the jobs of a remote type are called; times are real.

    Attributes:
        timeout: for how long one call may take.
        heartbeat: after which silence of its worker a call counts as lost and is made again.
        retry: what happens when a call fails.
        rate_limit: calls a second, over all workers; None: no limit.
        task_queue: which workers make the calls; types of one queue share its rate limit.
    """

    timeout: timedelta
    heartbeat: timedelta
    retry: Retry
    rate_limit: float | None
    task_queue: str

    @property
    def patience(self) -> timedelta:
        """After which time without news the workflow that makes the calls is surely lost."""
        return self.timeout + self.retry.longest_pause


@dataclass(frozen=True, slots=True)
class RemoteContext:
    """What a remote job has to work with: no transaction, for nothing it does can be undone by one.

    `idempotency_key` is the same for every call of one job: the other side must count those once.
    """

    case_id: UUID
    request_id: UUID | None
    idempotency_key: UUID
    variables: Mapping[str, Value]
    headers: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return a variable that must be a text.

        Raises:
            NotFound: `job.variable_missing`.
        """
        return _text(self.variables, name)


Effect = Callable[[JobContext], Awaitable[Mapping[str, Value]]]
BulkEffect = Callable[[Sequence[JobContext]], Awaitable[Sequence[Mapping[str, Value]]]]
Cancelled = Callable[[JobContext], Awaitable[None]]
RemoteEffect = Callable[[RemoteContext], Awaitable[Mapping[str, Value]]]


class BusinessError(Exception):
    """A BPMN error: an outcome that the process expects and may catch with an error event of this code."""

    def __init__(self, code: str, message: str, variables: Mapping[str, Value] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.variables = variables or {}


class Effects:
    """Job types and what they do."""

    def __init__(self) -> None:
        self._effects: dict[str, Effect] = {}
        self._bulk: dict[str, BulkEffect] = {}
        self._remote: dict[str, tuple[RemoteEffect, RemotePolicy]] = {}
        self._when_cancelled: list[Cancelled] = []

    def job(self, job_type: str) -> Callable[[Effect], Effect]:
        """Register the decorated function for a job type."""

        def register(effect: Effect) -> Effect:
            self._require_new(job_type)
            self._effects[job_type] = effect
            return effect

        return register

    def bulk(self, job_type: str) -> Callable[[BulkEffect], BulkEffect]:
        """Register the decorated function for a job type whose open jobs are performed together.

        It gets the contexts of all of them and returns what completes each, in the same order. Its writes are
        undone as one when it raises; then it is called again with fewer, down to one, so that the job that
        cannot be done is found and the rest stand. So it must do for many what it does for each.
        """

        def register(effect: BulkEffect) -> BulkEffect:
            async def alone(job: JobContext) -> Mapping[str, Value]:
                (variables,) = await effect([job])
                return variables

            self.job(job_type)(alone)
            self._bulk[job_type] = effect
            return effect

        return register

    def remote(
        self,
        job_type: str,
        *,
        timeout: timedelta,
        heartbeat: timedelta = timedelta(seconds=10),
        retry: Retry = Retry(),
        rate_limit: float | None = None,
        task_queue: str | None = None,
    ) -> Callable[[RemoteEffect], RemoteEffect]:
        """Register the decorated function for a job type that calls a system outside.

        It runs outside of every transaction, at least once, and with one idempotency key until the case has
        its result. What it raises is tried again, apart from `BusinessError` and from a `ScfError` other
        than `Unavailable`, which trying again would not change. See `RemotePolicy` for the arguments.
        """
        policy = RemotePolicy(timeout, heartbeat, retry, rate_limit, task_queue or job_type)

        def register(effect: RemoteEffect) -> RemoteEffect:
            self._require_new(job_type)
            for _, other in self._remote.values():
                if other.task_queue == policy.task_queue and other.rate_limit != policy.rate_limit:
                    raise ValueError(f"the task queue {policy.task_queue} has two rate limits")
            self._remote[job_type] = effect, policy
            return effect

        return register

    def _require_new(self, job_type: str) -> None:
        if job_type in self.job_types:
            raise ValueError(f"the job type {job_type} is registered twice")

    def when_cancelled(self, effect: Cancelled) -> Cancelled:
        """Register what a cancelled case gives back; it raises where a case must go on."""
        self._when_cancelled.append(effect)
        return effect

    def include(self, other: Effects) -> None:
        """Register every effect of another registry."""
        for job_type, effect in other._effects.items():
            self.job(job_type)(effect)
        self._bulk.update(other._bulk)
        for job_type, (remote, policy) in other._remote.items():
            self.remote(
                job_type,
                timeout=policy.timeout,
                heartbeat=policy.heartbeat,
                retry=policy.retry,
                rate_limit=policy.rate_limit,
                task_queue=policy.task_queue,
            )(remote)
        self._when_cancelled.extend(other._when_cancelled)

    async def cancel(self, context: JobContext) -> None:
        """Give back what a case holds, because it is cancelled.

        Raises:
            ScfError: the case must go on, and why.
        """
        for effect in self._when_cancelled:
            await effect(context)

    @property
    def job_types(self) -> frozenset[str]:
        """Every registered job type; the deployment check knows no others."""
        return frozenset(self._effects) | self.remote_types

    @property
    def remote_types(self) -> frozenset[str]:
        """The job types that call systems outside."""
        return frozenset(self._remote)

    def remote_of(self, job_type: str) -> tuple[RemoteEffect, RemotePolicy]:
        """Return what a remote job type does, and how it is called.

        Raises:
            NotFound: `job.type_unknown`.
        """
        try:
            return self._remote[job_type]
        except KeyError:
            raise _unknown(job_type) from None

    def bulk_of(self, job_type: str) -> BulkEffect | None:
        """Return what a job type does for many jobs at once, or None when each is performed by itself."""
        return self._bulk.get(job_type)

    def of(self, job_type: str) -> Effect:
        """Return what a job type does.

        Raises:
            NotFound: `job.type_unknown`.
        """
        try:
            return self._effects[job_type]
        except KeyError:
            raise _unknown(job_type) from None


def _unknown(job_type: str) -> NotFound:
    return NotFound(
        "job.type_unknown",
        f"No effect is registered for the job type {job_type!r}.",
        hint="Deploy the release that has it, then retry the incident.",
    )


def _text(variables: Mapping[str, Value], name: str) -> str:
    value = variables.get(name)
    if not isinstance(value, str):
        raise NotFound(
            "job.variable_missing",
            f"The job needs the text {name!r} and has {type(value).__name__}.",
            where=name,
            hint="Map it into the task with zeebe:input, or set it earlier in the process.",
        )
    return value
