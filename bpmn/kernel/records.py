"""What a state is made of: small frozen records, each with the integer key under which it lives.

Keys count up within an instance, so they order records by birth and make identifiers
(`element:key`) that any re-execution produces again. Records know how to become JSON and back;
their canonical JSON is what the state root hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal

import orjson

from bpmn.kernel.commands import time_from_json, time_to_json
from bpmn.values import Value, from_json, to_json

Seen = tuple[tuple[int, int], ...]
"""What a token knows of other branches: (branch, number of its latest write that is in the past), sorted."""

EMPTY: Mapping[str, Any] = MappingProxyType({})


def encode(document: Any) -> bytes:
    """Canonical bytes of JSON data: keys sorted, no spaces."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Token:
    """A live activation of an element (a process, subprocess and multi-instance body are elements too).

    `scope` is the key of the token that contains this one (0: none), `waits` are the keys of the
    jobs, tasks, timers and subscriptions that end with it, `branch` and `seen` its place in the
    order of writes, `data` what its element kind remembers (JSON data, never changed in place).
    """

    key: int
    element: str
    scope: int
    status: Literal["ready", "active", "leaving", "stopped"]
    branch: int
    seen: Seen
    waits: tuple[int, ...]
    data: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {
            "key": self.key,
            "element": self.element,
            "scope": self.scope,
            "status": self.status,
            "branch": self.branch,
            "seen": self.seen,
            "waits": self.waits,
            "data": dict(self.data),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Token:
        """Read what `to_json` wrote."""
        return cls(
            document["key"],
            document["element"],
            document["scope"],
            document["status"],
            document["branch"],
            tuple((branch, write) for branch, write in document["seen"]),
            tuple(document["waits"]),
            dict(document["data"]),
        )


class Slot:
    """The value of one variable, and which branch wrote it with which write of the instance. Immutable.

    `local` marks what was put there from outside the scope's own work (input mapping, loop element):
    it does not travel outwards when the scope completes. `json` is the value as it is stored; making
    it at once refuses what cannot be stored (a function) before anything changes.
    """

    __slots__ = ("_digest", "branch", "json", "local", "value", "write")

    def __init__(self, value: Value, branch: int, write: int, local: bool = False) -> None:
        self.value = value
        self.branch = branch
        self.write = write
        self.local = local
        self.json = to_json(value)
        self._digest: bytes | None = None

    def digest(self) -> bytes:
        """SHA-256 of the canonical slot; computed once, because a slot never changes."""
        if self._digest is None:
            self._digest = sha256(encode(self.to_json())).digest()
        return self._digest

    def as_local(self) -> Slot:
        """The same value, which does not travel outwards."""
        return self if self.local else Slot(self.value, self.branch, self.write, True)

    def to_json(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {"value": self.json, "branch": self.branch, "write": self.write, "local": self.local}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Slot:
        """Read what `to_json` wrote."""
        return cls(from_json(document["value"]), document["branch"], document["write"], document["local"])


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A value kept for later: a collection, a round's result, a payload to try again."""

    key: int
    slot: Slot

    def to_json(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {"key": self.key, "slot": self.slot.to_json()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Stored:
        """Read what `to_json` wrote."""
        return cls(document["key"], Slot.from_json(document["slot"]))

    def canonical(self) -> bytes:
        """The bytes that stand for the record in the state root."""
        return self.slot.digest()


@dataclass(frozen=True, slots=True, eq=False)
class Variables:
    """The variables that live at one token."""

    key: int
    slots: Mapping[str, Slot]

    def to_json(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {"key": self.key, "slots": {name: slot.to_json() for name, slot in self.slots.items()}}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Variables:
        """Read what `to_json` wrote."""
        return cls(
            document["key"], {name: Slot.from_json(each) for name, each in sorted(document["slots"].items())}
        )

    def canonical(self) -> bytes:
        """The bytes that stand for the record in the state root."""
        # Only the slots that changed are encoded again: the others give their kept digest.
        return encode([self.key, [[name, self.slots[name].digest().hex()] for name in sorted(self.slots)]])


@dataclass(frozen=True, slots=True)
class JobWait:
    """An open job. `failed`: an incident holds it until someone resolves it."""

    key: int
    token: int
    element: str
    type: str
    retries: int
    headers: Mapping[str, str]
    failed: bool = False

    def to_json(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {
            "is": "job",
            "key": self.key,
            "token": self.token,
            "element": self.element,
            "type": self.type,
            "retries": self.retries,
            "headers": dict(self.headers),
            "failed": self.failed,
        }


@dataclass(frozen=True, slots=True)
class TaskWait:
    """An open user task."""

    key: int
    token: int
    element: str
    form: str | None
    assignee: str | None
    candidate_users: tuple[str, ...]
    candidate_groups: tuple[str, ...]
    due: datetime | None
    follow_up: datetime | None
    priority: int

    def to_json(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {
            "is": "task",
            "key": self.key,
            "token": self.token,
            "element": self.element,
            "form": self.form,
            "assignee": self.assignee,
            "candidate_users": self.candidate_users,
            "candidate_groups": self.candidate_groups,
            "due": time_to_json(self.due) if self.due else None,
            "follow_up": time_to_json(self.follow_up) if self.follow_up else None,
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class TimerWait:
    """A running timer: `element` is the event that it triggers, `again` the firings left (-1: endless)."""

    key: int
    token: int
    element: str
    definition: int
    due: datetime
    again: int = 0
    interval: str = ""

    def to_json(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {
            "is": "timer",
            "key": self.key,
            "token": self.token,
            "element": self.element,
            "definition": self.definition,
            "due": time_to_json(self.due),
            "again": self.again,
            "interval": self.interval,
        }


@dataclass(frozen=True, slots=True)
class EventWait:
    """An open subscription to a message or signal: `channel` is "message" or "signal"."""

    key: int
    token: int
    element: str
    definition: int
    channel: str
    name: str
    correlation: str

    def to_json(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {
            "is": "event",
            "key": self.key,
            "token": self.token,
            "element": self.element,
            "definition": self.definition,
            "channel": self.channel,
            "name": self.name,
            "correlation": self.correlation,
        }


Wait = JobWait | TaskWait | TimerWait | EventWait


def wait_from_json(document: Mapping[str, Any]) -> Wait:
    """Read what a wait's `to_json` wrote."""
    given = {name: value for name, value in document.items() if name != "is"}
    match document["is"]:
        case "job":
            return JobWait(**{**given, "headers": dict(given["headers"])})
        case "task":
            for name in ("due", "follow_up"):
                given[name] = time_from_json(given[name]) if given[name] else None
            for name in ("candidate_users", "candidate_groups"):
                given[name] = tuple(given[name])
            return TaskWait(**given)
        case "timer":
            return TimerWait(**{**given, "due": time_from_json(given["due"])})
        case "event":
            return EventWait(**given)
        case other:
            raise ValueError(f"no wait is called {other!r}")


@dataclass(frozen=True, slots=True)
class Stop:
    """An incident: the token stands still until it is resolved. `phase` says what is tried again."""

    key: int
    token: int
    element: str
    phase: Literal["activate", "complete", "leave", "job"]
    code: str
    message: str
    job: int = 0

    def to_json(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {
            "key": self.key,
            "token": self.token,
            "element": self.element,
            "phase": self.phase,
            "code": self.code,
            "message": self.message,
            "job": self.job,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Stop:
        """Read what `to_json` wrote."""
        return cls(**document)


# What the outside sees of a state: identifiers are texts, variables are ready to read.


@dataclass(frozen=True, slots=True)
class Job:
    """Work for the driver, open until CompleteJob, ThrowError or FailJob."""

    id: str
    type: str
    element: str
    name: str
    retries: int
    headers: Mapping[str, str]
    variables: Mapping[str, Value]
    token: int


@dataclass(frozen=True, slots=True)
class Task:
    """Work for a person, open until CompleteTask."""

    id: str
    element: str
    name: str
    form: str | None
    assignee: str | None
    candidate_users: tuple[str, ...]
    candidate_groups: tuple[str, ...]
    due: datetime | None
    follow_up: datetime | None
    priority: int
    variables: Mapping[str, Value]
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subscription:
    """An open wait for a message; `interrupting` tells whether the message ends the activity it hangs on."""

    id: str
    element: str
    message: str
    key: str
    interrupting: bool


@dataclass(frozen=True, slots=True)
class SignalSubscription:
    """An open wait for a signal."""

    id: str
    element: str
    signal: str
    interrupting: bool


@dataclass(frozen=True, slots=True)
class Timer:
    """A running timer; due at an aware UTC datetime."""

    id: str
    element: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """A token that stopped; `job` is the id of the failed job, if one failed."""

    id: str
    element: str
    code: str
    message: str
    job: str | None


@dataclass(frozen=True, slots=True)
class Uncaught:
    """An error that no event of the instance caught; an incident stands at the element that threw it."""

    element: str
    code: str
    variables: Mapping[str, Value]


@dataclass(slots=True)
class Event:
    """One element step of a burst. Treat it as frozen: it is not, only because making it must be cheap."""

    seq: int
    kind: str
    element: str
    at: datetime
    data: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The event as JSON data; values inside are tagged as `bpmn.values` does."""
        return {
            "seq": self.seq,
            "kind": self.kind,
            "element": self.element,
            "at": time_to_json(self.at),
            "data": dict(self.data),
        }
