"""One burst of a case: the kernel's steps from one command to the next wait, and what they produced."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime

import orjson

from bpmn import (
    Command,
    CompleteJob,
    Event,
    FailJob,
    Job,
    Model,
    State,
    ThrowError,
    Uncaught,
    is_call,
    migrate,
    steps,
)
from workflows.logged import Migrate

_JOB_ENDS = (CompleteJob, FailJob, ThrowError)


class Burst:
    """Collects commands and events while the state moves on. Pure: whoever drives it performs the jobs."""

    def __init__(self, model: Model, state: State) -> None:
        self.model = model
        self.before = state
        self.state = state
        self.commands: list[Command] = []
        self.events: list[Event] = []
        self.jobs_ended = 0
        # Errors that nobody in the case catches: its caller may.
        self.uncaught: list[Uncaught] = []
        # False when the burst was cut: open jobs are left for the next one.
        self.finished = True

    def apply(self, command: Command) -> None:
        """Execute a command up to the next wait.

        Raises:
            CommandRefused: the command does not fit the state; the burst is as before.
        """
        self.apply_all((command,))

    def apply_all(self, commands: Sequence[Command]) -> None:
        """Execute commands one after the other, all of them or none.

        Raises:
            CommandRefused: one does not fit; the burst is as before.
        """
        result = steps(self.model, self.state, commands)
        self.state = result.state
        self.commands.extend(commands)
        self.jobs_ended += sum(isinstance(command, _JOB_ENDS) for command in commands)
        self.events.extend(result.events)
        self.uncaught.extend(result.uncaught)

    def migrate(self, move: Migrate, new: Model) -> None:
        """Go over to another model, and on to the next wait there.

        Raises:
            MigrationRefused: with every reason; the burst is as before.
        """
        result = migrate(self.state, move.plan, new, move.at)
        self.model = new
        self.state = result.state
        self.commands.append(move)
        self.events.extend(result.events)
        self.uncaught.extend(result.uncaught)

    def branch(self) -> Burst:
        """Return a burst that goes on from here by itself; `join` takes what it did, or it is forgotten."""
        return Burst(self.model, self.state)

    def join(self, branch: Burst) -> None:
        """Take over what a branch of this burst did; this burst must not have moved meanwhile."""
        self.state = branch.state
        self.commands += branch.commands
        self.jobs_ended += branch.jobs_ended
        self.events += branch.events
        self.uncaught += branch.uncaught

    def open_jobs(
        self, besides: Container[str] = (), held: Callable[[Job], bool] = lambda _: False
    ) -> Iterator[Job]:
        """Yield open jobs, oldest first, while there are any; whoever takes one completes or fails it.

        Jobs of the types in `besides` are left open, those that are `held`, and calls that run as cases of
        their own.
        """
        while jobs := [
            job
            for job in self.state.jobs
            if job.type not in besides and not held(job) and not is_call(self.state, job)
        ]:
            for job in jobs:
                # An interrupt may have ended a job while its elders were performed.
                current = self.state.job(job.id)
                if current is not None:
                    yield current

    def not_before(self, moment: datetime) -> datetime:
        """Return the moment, or the state's time when that is later: time in a case never runs backwards."""
        return max(moment, self.state.at) if self.state.at else moment

    @property
    def migrated(self) -> bool:
        """Whether it has left the model on which it began."""
        return self.state.model is not self.before.model

    @property
    def moved(self) -> bool:
        """Whether anything was executed."""
        return bool(self.commands)

    def log(self) -> bytes:
        """Return the executed commands, job results included, for re-execution.

        Keys keep their order: variables are written in it, and the order of a context's entries is its own.
        """
        return orjson.dumps([command.to_json() for command in self.commands])
