"""The kernel: `steps` applies commands to a state and gives the next state with what happened.

Pure: no clock, no randomness, no input or output. The same model, state and command give the same
state, root and events on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bpmn.elements.compensation import take_everything
from bpmn.elements.events.error import throw_error
from bpmn.elements.events.timer import fire
from bpmn.elements.process import begin_undoing, end_cancelled
from bpmn.errors import CommandRefused
from bpmn.kernel import incidents
from bpmn.kernel.burst import Burst
from bpmn.kernel.commands import (
    BroadcastSignal,
    Cancel,
    Command,
    CompleteJob,
    CompleteTask,
    CorrelateMessage,
    FailJob,
    FireTimers,
    Modify,
    ResolveIncident,
    SkipElement,
    Start,
    ThrowAtIncident,
    ThrowError,
)
from bpmn.kernel.modify import modify
from bpmn.kernel.records import EMPTY, Event, JobWait, TaskWait, Uncaught
from bpmn.kernel.scopes import Stuck
from bpmn.kernel.state import State, key_of
from bpmn.model.definition import Model
from bpmn.model.starts import by_plain_start
from bpmn.values import Value, accepted

MAX_FIRINGS = 10_000
"""Timers that one command may fire; the rest stay due for the next one."""


@dataclass(frozen=True, slots=True)
class Step:
    """What commands did: the state after them, the element steps in order, and the errors that nobody caught.

    The latter are no part of what happened, only a word to the driver: whoever called the instance may catch.
    """

    state: State
    events: tuple[Event, ...]
    uncaught: tuple[Uncaught, ...] = ()


def new_instance(model: Model, instance_id: str) -> State:
    """The state of an instance that has not started."""
    return State(model, instance_id)


def steps(model: Model, state: State, commands: Sequence[Command]) -> Step:
    """Apply commands one after the other, all of them or none; `events` are those of all.

    State and events are those that a call for each command would give. What comes and goes between the first
    and the last command is never written into the state's tables: of many commands, each costs less.

    Raises:
        CommandRefused: a command does not fit the state that it meets; the state given is unchanged.
    """
    if state.model.hash != model.hash:
        raise CommandRefused(
            "command.other-model", "The state belongs to another model.", where=state.instance
        )
    if state.model.kernel is not model.kernel:
        raise CommandRefused(
            "command.other-kernel",
            f"The state belongs to kernel {state.kernel}, the model is compiled for {model.kernel.version}.",
            where=state.instance,
            hint="Compile the model for the kernel that the state names.",
        )
    if not commands:
        return Step(state, ())
    burst, now = Burst(state, commands[0].at), state.at
    for command in commands:
        now = _time_of(command, now)
        if isinstance(command, Start) != (burst.status == "created") or burst.status not in (
            "created",
            "running",
        ):
            raise CommandRefused(
                "command.wrong-status",
                f"An instance that is {burst.status} takes no {command.kind}.",
                where=state.instance,
            )
        burst.take_up(now)
        _apply(burst, command)
        burst.run()
    return Step(burst.finish(), tuple(burst.events), tuple(burst.uncaught))


def _time_of(command: Command, now: datetime | None) -> datetime:
    """The command's time in UTC, not before the instance's."""
    if command.at.tzinfo is None:
        raise CommandRefused("command.no-zone", "The command's time has no time zone.", where=command.kind)
    at = command.at.astimezone(UTC)
    if now is not None and at < now:
        raise CommandRefused(
            "command.in-the-past",
            f"The command's time {at.isoformat()} lies before the instance's {now.isoformat()}.",
            where=command.kind,
            hint="Send commands in the order of their times.",
        )
    return at


def _apply(burst: Burst, command: Command) -> None:
    match command:
        case Start():
            _start(burst, command)
        case CompleteJob():
            job = _open_job(burst, command.job)
            variables = accepted(command.variables)
            burst.close_wait(job)
            burst.emit("job.completed", job.element, {"job": command.job})
            burst.complete(job.token, variables)
        case FailJob():
            job = _open_job(burst, command.job)
            _fail(burst, job, Stuck(command.code, command.message))
        case ThrowError():
            job = _open_job(burst, command.job)
            _throw(burst, job, command)
        case CompleteTask():
            wait = burst.wait(key_of(command.task))
            if not isinstance(wait, TaskWait) or command.task != f"{wait.element}:{wait.key}":
                raise CommandRefused(
                    "task.unknown", f"No open task is called {command.task}.", where=command.task
                )
            variables = accepted(command.variables)
            burst.close_wait(wait)
            burst.emit("task.completed", wait.element, {"task": command.task})
            burst.complete(wait.token, variables)
        case CorrelateMessage():
            waiting = burst.subscriptions("message", command.name, command.key)
            if not waiting:
                raise CommandRefused(
                    "message.not-awaited",
                    f"Nothing waits for the message {command.name} with key {command.key!r}.",
                    where=command.name,
                    hint="Keep the message and send it again when its subscription is open.",
                )
            first = waiting[0]
            burst.emit(
                "message.correlated",
                first.element,
                {"subscription": f"{first.element}:{first.key}", "name": command.name},
            )
            burst.trigger(first, accepted(command.variables))
        case BroadcastSignal():
            burst.broadcast(command.name, accepted(command.variables))
        case FireTimers():
            _fire_timers(burst)
        case ResolveIncident():
            incidents.resolve(burst, command)
        case SkipElement():
            incidents.skip(burst, command)
        case ThrowAtIncident():
            incidents.throw(burst, command)
        case Modify():
            modify(burst, command)
        case Cancel():
            _cancel(burst, command)
        case _:
            raise CommandRefused("command.unknown", f"The kernel knows no command {type(command).__name__}.")


def _start(burst: Burst, command: Start) -> None:
    process = burst.model.process
    start = command.start_element
    if start is not None and start not in process.starts:
        raise CommandRefused("start.unknown", f"{start} does not start {process.ref}.", where=start)
    variables = accepted(command.variables)
    if start is None:
        start = _start_without_name(burst.model, variables, burst.at)
    burst.status = "running"
    root = burst.create(process.ref, 0, 0, (), data={"start": start} if start is not None else EMPTY)
    burst.root_token = root.key
    burst.set_local(root, variables, local=False)


def _start_without_name(model: Model, variables: Mapping[str, Value], at: datetime) -> str | None:
    """The start without a trigger (None: it begins by itself), else the first whose condition holds."""
    process = model.process_id
    possible = by_plain_start(model.starts)
    for start in possible:
        if not start.triggers or start.holds(variables, at):
            return start.element
    if possible:
        raise CommandRefused(
            "start.condition-not-met",
            f"No start condition of {process} holds.",
            where=process,
            hint="Start it with variables that one of its conditions asks for.",
        )
    plain = any(not start.triggers for start in model.starts)
    raise CommandRefused(
        "start.ambiguous" if plain else "start.needs-element",
        f"{process} has several start events without a trigger."
        if plain
        else f"{process} is started by events only.",
        where=process,
        hint=f"Name what starts it: {', '.join(model.process.starts)}.",
    )


def _open_job(burst: Burst, job_id: str) -> JobWait:
    wait = burst.wait(key_of(job_id))
    if not isinstance(wait, JobWait) or job_id != f"{wait.element}:{wait.key}" or wait.failed:
        raise CommandRefused("job.unknown", f"No open job is called {job_id}.", where=job_id)
    return wait


def _fail(burst: Burst, job: JobWait, stuck: Stuck) -> None:
    burst.put_wait(replace(job, failed=True))
    burst.stop(job.token, "job", stuck, job=job.key)


def _throw(burst: Burst, job: JobWait, command: ThrowError) -> None:
    if not throw_error(burst, burst.alive(job.token), command.error_code, accepted(command.variables)):
        text = f": {command.message}" if command.message else ""
        _fail(
            burst,
            job,
            Stuck(
                "error.uncaught",
                f"No scope around {job.element} catches the error {command.error_code}{text}.",
            ),
        )


def _fire_timers(burst: Burst) -> None:
    for count, wait in enumerate(burst.due_timers()):
        if count == MAX_FIRINGS:
            return
        fire(burst, wait)
        # What a timer sets off happens before the next one fires: it may end the next one's owner.
        burst.run()


def _cancel(burst: Burst, command: Cancel) -> None:
    root = burst.alive(burst.root_token)
    if command.compensate and "cancelling" in root.data:
        raise CommandRefused(
            "cancel.undoing",
            "The instance is being undone already.",
            where=root.element,
            hint="Wait for what undoes it, or cancel it without.",
        )
    records = take_everything(burst, root) if command.compensate else []
    burst.terminate_children(root)
    if records:
        # Nothing runs beside what undoes: all that was written lies before it.
        root = burst.absorb_visible(burst.alive(root.key))
        begin_undoing(burst, root, records, command.reason)
    else:
        end_cancelled(burst, burst.alive(root.key), command.reason)
