"""The commands: everything that can happen to an instance from outside, as data.

Each carries the time at which it happens; the kernel has no other clock. `to_json` and
`command_from_json` are exact inverses, so a log of commands re-executes to the same states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar

from bpmn.errors import CommandRefused
from bpmn.values import Json, Value, from_json, to_json


@dataclass(frozen=True, slots=True)
class Command:
    """Base of all commands. `at` is an aware UTC datetime: the business time of the command."""

    kind: ClassVar[str] = ""

    at: datetime

    def to_json(self) -> dict[str, Any]:
        """The command as JSON data, with its kind."""
        document: dict[str, Any] = {"kind": self.kind}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "at":
                document["at"] = time_to_json(value)
            elif item.name == "variables":
                document["variables"] = {name: to_json(each) for name, each in value.items()}
            elif item.name == "activate":
                document["activate"] = [each.to_json() for each in value]
            else:
                document[item.name] = value
        return document


def _no_variables() -> Mapping[str, Value]:
    return {}


@dataclass(frozen=True, slots=True)
class Start(Command):
    """Start the instance with these variables; `start_element` names what starts it (see `Model.starts`).

    Without it the process begins by its only start without a trigger, else by the first condition that
    holds for the variables. What the event brought stands among the variables; that it has come (for a
    parallel multiple start: that all have come) is the driver's word.
    """

    kind: ClassVar[str] = "start"

    variables: Mapping[str, Value] = field(default_factory=_no_variables)
    start_element: str | None = None


@dataclass(frozen=True, slots=True)
class CompleteJob(Command):
    """A job was done; its result variables go through the element's output mappings."""

    kind: ClassVar[str] = "complete-job"

    job: str
    variables: Mapping[str, Value] = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class FailJob(Command):
    """A job cannot be done: an incident is raised at its token."""

    kind: ClassVar[str] = "fail-job"

    job: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ThrowError(Command):
    """A job ended with a business error, which error boundary events and event subprocesses may catch."""

    kind: ClassVar[str] = "throw-error"

    job: str
    error_code: str
    message: str = ""
    variables: Mapping[str, Value] = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class CompleteTask(Command):
    """A person completed a user task."""

    kind: ClassVar[str] = "complete-task"

    task: str
    variables: Mapping[str, Value] = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class CorrelateMessage(Command):
    """A message arrived for this instance: the earliest open subscription with its name and key takes it."""

    kind: ClassVar[str] = "correlate-message"

    name: str
    key: str = ""
    variables: Mapping[str, Value] = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class BroadcastSignal(Command):
    """A signal was broadcast: every open subscription of its name takes it; it is no error if none does."""

    kind: ClassVar[str] = "broadcast-signal"

    name: str
    variables: Mapping[str, Value] = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class FireTimers(Command):
    """Fire every timer due at `at` or before, the earliest first."""

    kind: ClassVar[str] = "fire-timers"


@dataclass(frozen=True, slots=True)
class ResolveIncident(Command):
    """Try again what an incident stopped, after setting these variables in the token's scope."""

    kind: ClassVar[str] = "resolve-incident"

    incident: str
    variables: Mapping[str, Value] = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class SkipElement(Command):
    """Count the element that an incident stopped as completed, with these variables as its result."""

    kind: ClassVar[str] = "skip-element"

    incident: str
    variables: Mapping[str, Value] = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class ThrowAtIncident(Command):
    """Throw a business error where an incident stands; refused when no error event catches it."""

    kind: ClassVar[str] = "throw-at-incident"

    incident: str
    error_code: str
    variables: Mapping[str, Value] = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class Activation:
    """An element that is to begin, after these variables are set where it begins.

    `scope` is the id (`element:key`) of the token within which; it must be named when there are several.
    """

    element: str
    scope: str | None = None
    variables: Mapping[str, Value] = field(default_factory=_no_variables)

    def to_json(self) -> dict[str, Any]:
        """The activation as JSON data."""
        variables = {name: to_json(each) for name, each in self.variables.items()}
        return {"element": self.element, "scope": self.scope, "variables": variables}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Activation:
        """Read what `to_json` wrote."""
        given = dict(document)
        variables = {name: from_json(each) for name, each in given.pop("variables", {}).items()}
        return cls(**given, variables=variables)


@dataclass(frozen=True, slots=True)
class Modify(Command):
    """End tokens with all that is within them, and let elements begin; to move a token is to do both.

    `cancel` names tokens by their ids (`element:key`), or by the element at which only one stands.
    """

    kind: ClassVar[str] = "modify"

    cancel: tuple[str, ...] = ()
    activate: tuple[Activation, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cancel(Command):
    """End the instance: every live token is terminated.

    With `compensate` what it has completed is undone first, the last activity first; the instance is
    cancelled when the last handler is done.
    """

    kind: ClassVar[str] = "cancel"

    reason: str = ""
    compensate: bool = False


COMMANDS: Mapping[str, type[Command]] = {
    command.kind: command
    for command in (
        Start,
        CompleteJob,
        FailJob,
        ThrowError,
        CompleteTask,
        CorrelateMessage,
        BroadcastSignal,
        FireTimers,
        ResolveIncident,
        SkipElement,
        ThrowAtIncident,
        Modify,
        Cancel,
    )
}


def command_from_json(document: Json) -> Command:
    """Read what `Command.to_json` wrote.

    Raises:
        CommandRefused: `command.unknown` or `command.malformed`.
    """
    if not isinstance(document, Mapping):
        raise CommandRefused("command.malformed", "A command is a JSON object.")
    kind = str(document.get("kind"))
    if kind not in COMMANDS:
        raise CommandRefused(
            "command.unknown", f"There is no command {kind!r}.", hint=f"Use one of {', '.join(COMMANDS)}."
        )
    try:
        given = {name: _field_from_json(name, value) for name, value in document.items() if name != "kind"}
        return COMMANDS[kind](**given)
    except (TypeError, ValueError, AttributeError) as wrong:
        raise CommandRefused(
            "command.malformed", f"The command {kind!r} cannot be read: {wrong}.", where=str(kind)
        ) from wrong


def _field_from_json(name: str, value: Any) -> Any:
    """Read one field of a command. Raises TypeError, ValueError or AttributeError."""
    if name == "at":
        return time_from_json(value)
    if name == "variables":
        return {_text(key): from_json(each) for key, each in value.items()}
    if name == "cancel":
        return tuple(_text(each) for each in value)
    if name == "activate":
        return tuple(Activation.from_json(each) for each in value)
    if name == "compensate" and isinstance(value, bool):
        return value
    return None if name == "start_element" and value is None else _text(value)


def _text(value: Any) -> str:
    """A text that can be stored: half of a surrogate pair, which JSON can spell, has no UTF-8."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    value.encode()
    return value


def time_to_json(moment: datetime) -> str:
    """An aware datetime as RFC 3339 in UTC."""
    # Not cached by the moment that was given: of an hour that a clock change repeats, both are equal.
    return _utc_text(moment.astimezone(UTC))


@lru_cache(maxsize=256)
def _utc_text(moment: datetime) -> str:
    """Cached, because all steps of a burst have one time."""
    return moment.isoformat().replace("+00:00", "Z")


def time_from_json(text: str) -> datetime:
    """Read what `time_to_json` wrote. Raises ValueError, also for a time without offset."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError as wrong:
        raise ValueError(f"{text!r} lies outside the calendar in UTC") from wrong
