"""The state of an instance: what is live now, and nothing of what has been."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from bpmn.errors import StateRefused
from bpmn.kernel.commands import time_from_json, time_to_json
from bpmn.kernel.index import SortedKeys
from bpmn.kernel.records import (
    EMPTY,
    EventWait,
    Incident,
    Job,
    JobWait,
    SignalSubscription,
    Slot,
    Stop,
    Stored,
    Subscription,
    Task,
    TaskWait,
    Timer,
    TimerWait,
    Token,
    Variables,
    Wait,
    encode,
    wait_from_json,
)
from bpmn.kernel.table import Table
from bpmn.model.definition import Element, Model
from bpmn.values import Json, Value, ValueRefused

FORMAT = 1


def _record_bytes(record: Any) -> bytes:
    return encode(record.to_json())


def _own_bytes(record: Any) -> bytes:
    canonical: bytes = record.canonical()
    return canonical


class VariableView(Mapping[str, Value]):
    """The variables that a token sees, innermost scope first, under `extra` values; read when asked."""

    __slots__ = ("_chain", "_extra")

    def __init__(self, chain: tuple[Mapping[str, Slot], ...], extra: Mapping[str, Value] = EMPTY) -> None:
        self._chain = chain
        self._extra = extra

    def __getitem__(self, name: str) -> Value:
        if name in self._extra:
            return self._extra[name]
        for slots in self._chain:
            slot = slots.get(name)
            if slot is not None:
                return slot.value
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in self._extra or any(name in slots for slots in self._chain)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._extra, *(name for slots in self._chain for name in slots)}))

    def __len__(self) -> int:
        return len({*self._extra, *(name for slots in self._chain for name in slots)})


class State:
    """Immutable state of one instance. `bpmn.new_instance` makes the first, `bpmn.step` the next ones.

    `status` is 'created', 'running', 'completed' or 'cancelled'. An instance with incidents is
    running: it waits for someone to resolve them.
    """

    __slots__ = (
        "_root_hex",
        "at",
        "channels",
        "children",
        "due",
        "instance",
        "live",
        "model",
        "next_key",
        "root_token",
        "seq",
        "status",
        "stops",
        "stored",
        "tokens",
        "variable_table",
        "waits",
    )

    def __init__(
        self,
        model: Model,
        instance: str,
        *,
        status: str = "created",
        at: datetime | None = None,
        next_key: int = 1,
        seq: int = 0,
        root_token: int = 0,
        tokens: Table[Token] | None = None,
        variable_table: Table[Variables] | None = None,
        waits: Table[Wait] | None = None,
        stops: Table[Stop] | None = None,
        stored: Table[Stored] | None = None,
        live: Table[int] | None = None,
        children: SortedKeys | None = None,
        channels: SortedKeys | None = None,
        due: SortedKeys | None = None,
    ) -> None:
        self.model = model
        self.instance = instance
        self.status = status
        self.at = at
        self.next_key = next_key
        self.seq = seq
        self.root_token = root_token
        self.tokens: Table[Token] = tokens or Table(_record_bytes)
        self.variable_table: Table[Variables] = variable_table or Table(_own_bytes)
        self.waits: Table[Wait] = waits or Table(_record_bytes)
        self.stops: Table[Stop] = stops or Table(_record_bytes)
        self.stored: Table[Stored] = stored or Table(_own_bytes)
        # Derived from the tables: how many tokens a scope contains, and which; who waits for what.
        self.live: Table[int] = live or Table(_record_bytes)
        self.children = children or SortedKeys()
        self.channels = channels or SortedKeys()
        self.due = due or SortedKeys()
        self._root_hex: str | None = None

    @property
    def kernel(self) -> str:
        """The version of the kernel that runs the instance: the one that its model is compiled for."""
        return self.model.kernel.version

    # What the instance waits for

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The open jobs, oldest first (those held by an incident are not among them)."""
        return tuple(self._job(wait) for wait in self.waits if isinstance(wait, JobWait) and not wait.failed)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The open user tasks, oldest first."""
        return tuple(self._task(wait) for wait in self.waits if isinstance(wait, TaskWait))

    @property
    def messages(self) -> tuple[Subscription, ...]:
        """The open message subscriptions, oldest first."""
        return tuple(
            Subscription(
                f"{wait.element}:{wait.key}",
                wait.element,
                wait.name,
                wait.correlation,
                self.model.elements[wait.element].interrupting,
            )
            for wait in self.waits
            if isinstance(wait, EventWait) and wait.channel == "message"
        )

    @property
    def signals(self) -> tuple[SignalSubscription, ...]:
        """The open signal subscriptions, oldest first."""
        return tuple(
            SignalSubscription(
                f"{wait.element}:{wait.key}",
                wait.element,
                wait.name,
                self.model.elements[wait.element].interrupting,
            )
            for wait in self.waits
            if isinstance(wait, EventWait) and wait.channel == "signal"
        )

    @property
    def timers(self) -> tuple[Timer, ...]:
        """The running timers, oldest first."""
        return tuple(
            Timer(f"{wait.element}:{wait.key}", wait.element, wait.due)
            for wait in self.waits
            if isinstance(wait, TimerWait)
        )

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """The open incidents, oldest first."""
        return tuple(self._incident(stop) for stop in self.stops)

    @property
    def next_due(self) -> datetime | None:
        """When the earliest timer is due."""
        first = self.due.first()
        return first[0] if first else None

    @property
    def variables(self) -> Mapping[str, Value]:
        """The variables of the process scope; they stay readable when the instance has ended."""
        return self.variables_at(self.root_token)

    @property
    def active_elements(self) -> tuple[str, ...]:
        """The refs of the elements that hold a token, with repetitions, oldest first (scopes included)."""
        return tuple(token.element for token in self.tokens)

    def job(self, job_id: str) -> Job | None:
        """The open job with this id, or None; costs no search."""
        wait = self.waits.get(key_of(job_id))
        if isinstance(wait, JobWait) and job_id == f"{wait.element}:{wait.key}" and not wait.failed:
            return self._job(wait)
        return None

    def task(self, task_id: str) -> Task | None:
        """The open user task with this id, or None; costs no search."""
        wait = self.waits.get(key_of(task_id))
        if isinstance(wait, TaskWait) and task_id == f"{wait.element}:{wait.key}":
            return self._task(wait)
        return None

    def variables_at(self, token: int) -> VariableView:
        """The variables that the token with this key sees."""
        return VariableView(tuple(self._chain(token)))

    def element(self, ref: str) -> Element:
        """The model's element behind a ref of an event or record."""
        return self.model.elements[ref]

    # Identity

    @property
    def root(self) -> str:
        """The state root: SHA-256 (hex) over the header and the Merkle roots of the tables."""
        if self._root_hex is None:
            digest = sha256(b"bpmn-state/1\0" + encode(self._header()))
            for table in (self.tokens, self.variable_table, self.waits, self.stops, self.stored):
                digest.update(table.root())
            self._root_hex = digest.hexdigest()
        return self._root_hex

    def _header(self) -> dict[str, Any]:
        return {
            "model": self.model.hash,
            "instance": self.instance,
            "kernel": self.kernel,
            "status": self.status,
            "at": time_to_json(self.at) if self.at else None,
            "next_key": self.next_key,
            "seq": self.seq,
            "root_token": self.root_token,
        }

    def to_json(self) -> dict[str, Any]:
        """The whole state as JSON data."""
        return {
            "format": FORMAT,
            **self._header(),
            "tokens": [token.to_json() for token in self.tokens],
            "variables": [variables.to_json() for variables in self.variable_table],
            "waits": [wait.to_json() for wait in self.waits],
            "stops": [stop.to_json() for stop in self.stops],
            "stored": [each.to_json() for each in self.stored],
        }

    @classmethod
    def from_json(cls, model: Model, document: Json) -> State:
        """Restore a state.

        Raises:
            StateRefused: `state.other-model`, `state.other-kernel`, `state.format` or `state.damaged`.
        """
        found = document.get("format") if isinstance(document, Mapping) else None
        if found != FORMAT:
            raise StateRefused(
                "state.format", f"The stored state has format {found!r}, this kernel reads {FORMAT}."
            )
        if document.get("model") != model.hash:
            raise StateRefused(
                "state.other-model",
                f"The state belongs to model {document.get('model')}, not {model.hash}.",
                where=str(document.get("instance")),
                hint="Load the model version that the instance runs on, or migrate the instance.",
            )
        if document.get("kernel") != model.kernel.version:
            raise StateRefused(
                "state.other-kernel",
                f"The state was made by kernel {document.get('kernel')}; "
                f"the model is compiled for kernel {model.kernel.version}.",
                where=str(document.get("instance")),
                hint="Compile the model for the kernel that the state names.",
            )
        try:
            tokens = [Token.from_json(each) for each in document["tokens"]]
            waits = [wait_from_json(each) for each in document["waits"]]
            counts: dict[int, int] = {}
            for token in tokens:
                counts[token.scope] = counts.get(token.scope, 0) + 1
            return cls(
                model,
                document["instance"],
                status=document["status"],
                at=time_from_json(document["at"]) if document["at"] else None,
                next_key=document["next_key"],
                seq=document["seq"],
                root_token=document["root_token"],
                tokens=Table[Token](_record_bytes).updated({token.key: token for token in tokens}),
                variable_table=Table[Variables](_own_bytes).updated(
                    {each["key"]: Variables.from_json(each) for each in document["variables"]}
                ),
                waits=Table[Wait](_record_bytes).updated({wait.key: wait for wait in waits}),
                stops=Table[Stop](_record_bytes).updated(
                    {each["key"]: Stop.from_json(each) for each in document["stops"]}
                ),
                stored=Table[Stored](_own_bytes).updated(
                    {each["key"]: Stored.from_json(each) for each in document["stored"]}
                ),
                live=Table[int](_record_bytes).updated(counts),
                children=SortedKeys.of([(token.scope, token.key) for token in tokens]),
                channels=SortedKeys.of([channel_key(wait) for wait in waits if isinstance(wait, EventWait)]),
                due=SortedKeys.of([(wait.due, wait.key) for wait in waits if isinstance(wait, TimerWait)]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ValueRefused) as wrong:
            raise StateRefused(
                "state.damaged",
                f"The stored state cannot be read: {wrong!r}.",
                where=str(document.get("instance")),
                hint="Replay the instance's commands.",
            ) from wrong

    # Views

    def _chain(self, key: int) -> Iterator[Mapping[str, Slot]]:
        while key:
            variables = self.variable_table.get(key)
            if variables is not None:
                yield variables.slots
            token = self.tokens.get(key)
            closed = token is None or self.model.elements[token.element].behaviour.closed
            key = token.scope if token is not None and not closed else 0

    def _job(self, wait: JobWait) -> Job:
        element = self.model.elements[wait.element]
        own = self.variable_table.get(wait.token)
        # With input mappings a job sees what they give and no more.
        variables = (
            VariableView((own.slots,))
            if element.inputs and own is not None
            else self.variables_at(wait.token)
        )
        return Job(
            f"{wait.element}:{wait.key}",
            wait.type,
            wait.element,
            element.name,
            wait.retries,
            wait.headers,
            variables,
            wait.token,
        )

    def _task(self, wait: TaskWait) -> Task:
        element = self.model.elements[wait.element]
        own = self.variable_table.get(wait.token)
        variables = (
            VariableView((own.slots,))
            if element.inputs and own is not None
            else self.variables_at(wait.token)
        )
        return Task(
            f"{wait.element}:{wait.key}",
            wait.element,
            element.name,
            wait.form,
            wait.assignee,
            wait.candidate_users,
            wait.candidate_groups,
            wait.due,
            wait.follow_up,
            wait.priority,
            variables,
            element.properties,
        )

    def _incident(self, stop: Stop) -> Incident:
        return Incident(
            f"{stop.element}:{stop.key}",
            stop.element,
            stop.code,
            stop.message,
            f"{stop.element}:{stop.job}" if stop.job else None,
        )


def key_of(identifier: str) -> int:
    """The integer key inside an identifier `element:key`; 0 if there is none."""
    tail = identifier.rpartition(":")[2]
    return int(tail) if tail.isdecimal() and len(tail) < 19 else 0


def channel_key(wait: EventWait) -> tuple[str, str, str, int]:
    """Where the index of channels lists a subscription."""
    return (wait.channel, wait.name, wait.correlation, wait.key)
