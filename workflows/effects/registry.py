"""The registry of job types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
        value = self.variables.get(name)
        if not isinstance(value, str):
            raise NotFound(
                "job.variable_missing",
                f"The job needs the text {name!r} and has {type(value).__name__}.",
                where=name,
                hint="Map it into the task with zeebe:input, or set it earlier in the process.",
            )
        return value

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


Effect = Callable[[JobContext], Awaitable[Mapping[str, Value]]]
BulkEffect = Callable[[Sequence[JobContext]], Awaitable[Sequence[Mapping[str, Value]]]]
Cancelled = Callable[[JobContext], Awaitable[None]]


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
        self._when_cancelled: list[Cancelled] = []

    def job(self, job_type: str) -> Callable[[Effect], Effect]:
        """Register the decorated function for a job type."""

        def register(effect: Effect) -> Effect:
            if job_type in self._effects:
                raise ValueError(f"the job type {job_type} is registered twice")
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

    def when_cancelled(self, effect: Cancelled) -> Cancelled:
        """Register what a cancelled case gives back; it raises where a case must go on."""
        self._when_cancelled.append(effect)
        return effect

    def include(self, other: Effects) -> None:
        """Register every effect of another registry."""
        for job_type, effect in other._effects.items():
            self.job(job_type)(effect)
        self._bulk.update(other._bulk)
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
        return frozenset(self._effects)

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
            raise NotFound(
                "job.type_unknown",
                f"No effect is registered for the job type {job_type!r}.",
                hint="Deploy the release that has it, then retry the incident.",
            ) from None
