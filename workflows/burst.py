"""One burst of a case: the kernel's steps from one command to the next wait, and what they produced."""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import datetime

import orjson

from bpmn import Command, Event, Job, Model, State, Uncaught, is_call, step


class Burst:
    """Collects commands and events while the state moves on. Pure: whoever drives it performs the jobs."""

    def __init__(self, model: Model, state: State) -> None:
        self.model = model
        self.before = state
        self.state = state
        self.commands: list[Command] = []
        self.events: list[Event] = []
        # Errors that nobody in the case catches: its caller may.
        self.uncaught: list[Uncaught] = []
        # False when the burst was cut: open jobs are left for the next one.
        self.finished = True

    def apply(self, command: Command) -> None:
        """Execute a command up to the next wait.

        Raises:
            CommandRefused: the command does not fit the state; the burst is as before.
        """
        result = step(self.model, self.state, command)
        self.state = result.state
        self.commands.append(command)
        self.events.extend(result.events)
        self.uncaught.extend(result.uncaught)

    def branch(self) -> Burst:
        """Return a burst that goes on from here by itself; `join` takes what it did, or it is forgotten."""
        return Burst(self.model, self.state)

    def join(self, branch: Burst) -> None:
        """Take over what a branch of this burst did; this burst must not have moved meanwhile."""
        self.state = branch.state
        self.commands += branch.commands
        self.events += branch.events
        self.uncaught += branch.uncaught

    def open_jobs(self, besides: Container[str] = ()) -> Iterator[Job]:
        """Yield open jobs, oldest first, while there are any; whoever takes one completes or fails it.

        Jobs of the types in `besides` are left open, and calls that run as cases of their own.
        """
        while jobs := [
            job for job in self.state.jobs if job.type not in besides and not is_call(self.state, job)
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
    def moved(self) -> bool:
        """Whether anything was executed."""
        return bool(self.commands)

    def log(self) -> bytes:
        """Return the executed commands, job results included, for re-execution.

        Keys keep their order: variables are written in it, and the order of a context's entries is its own.
        """
        return orjson.dumps([command.to_json() for command in self.commands])
