"""What the tables of the cases hold, as records, and how a row becomes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from core import BusinessTime
from workflows.actors import Actor

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command as it was accepted; `state` and `outcome` tell whether it has been decided."""

    id: UUID
    case_id: UUID | None
    kind: str
    actor: Actor
    payload: Mapping[str, Any]
    state: str
    outcome: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as its row tells it. `state_json` is the kernel's state, or None in listings."""

    id: UUID
    definition_id: UUID
    product: str
    business_key: str
    state: str
    state_json: str
    seq: int
    step_seq: int
    request_id: UUID | None
    seller_id: UUID | None
    buyer_id: UUID | None
    requested_by: str
    started_at: datetime
    ended_at: datetime | None
    clock: BusinessTime
    pause_on: frozenset[str]
    business_now: datetime
    due_at: datetime | None
    incidents: int

    @property
    def party_id(self) -> UUID | None:
        """Whose case it is: the seller's, who asks for money, else the buyer's, else nobody's."""
        return self.seller_id or self.buyer_id

    @property
    def kernel_version(self) -> str:
        """The version of the kernel that the case's state names; the case stays on it."""
        version: str = orjson.loads(self.state_json)["kernel"]
        return version


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A user task as the read model tells it.

    `form_definition_id` is the version whose form it shows; None: the one on which its case runs.
    """

    id: UUID
    case_id: UUID
    kernel_id: str
    element: str
    name: str
    state: str
    form_id: str | None
    four_eyes: str | None
    candidate_groups: frozenset[str]
    candidate_users: frozenset[str]
    assignee: str | None
    delegators: tuple[str, ...]
    escalate_to: frozenset[str]
    overdue: bool
    form_definition_id: UUID | None
    requires_signature: bool


@dataclass(frozen=True, slots=True)
class OverdueRow:
    """A task that has just been found overdue, and the groups to which it is escalated."""

    id: UUID
    element: str
    due: datetime
    escalate_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a command is carried out. A case whose start was refused counts as ended.

    Its stream is its case, or the command itself when it has none: one command of a stream is carried at a
    time. It is followed when another one of its stream waits behind it.
    """

    id: UUID
    stream: UUID
    kind: str
    decided: bool
    case_id: UUID | None
    case_ended: bool
    workflow_id: str
    followed: bool


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """A deployed version of a process."""

    id: UUID
    key: str
    version: int
    hash: str
    process_id: str
    sources: Mapping[str, str]
    forms: Mapping[str, Any]
    state: str
    requested_by: str | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a process by its number, state and tags, without its sources."""

    id: UUID
    version: int
    state: str
    hash: str
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class DraftRow:
    """The next version of a process on its way to deployment; `authors` are all who saved it."""

    id: UUID
    key: str
    revision: int
    state: str
    hash: str
    sources: Mapping[str, str]
    findings: Sequence[Mapping[str, Any]]
    authors: frozenset[str]
    saved_by: str
    requested_by: str | None
    entries: int


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A ledger entry of a case, from the ledger's view."""

    id: UUID
    seq: int
    body: Mapping[str, Any]


def command_row(row: asyncpg.Record) -> CommandRow:
    """Return a command from its row, in which `command_id` and `command_state` are its own."""
    return CommandRow(
        id=row["command_id"],
        case_id=row["case_id"],
        kind=row["kind"],
        actor=Actor.from_label(row["actor"], frozenset(row["roles"]), row["party_id"]),
        payload=orjson.loads(row["payload"]),
        state=row["command_state"],
        outcome=json_of(row["outcome"]),
    )


def case_row(row: asyncpg.Record) -> CaseRow:
    """Return a case from its row."""
    return CaseRow(
        id=row["id"],
        definition_id=row["definition_id"],
        product=row["product"],
        business_key=row["business_key"],
        state=row["state"],
        state_json=row["state_json"],
        seq=row["seq"],
        step_seq=row["step_seq"],
        request_id=row["request_id"],
        seller_id=row["seller_id"],
        buyer_id=row["buyer_id"],
        requested_by=row["requested_by"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        clock=BusinessTime(
            row["real_anchor"], row["business_anchor"], row["clock_rate"], paused=row["clock_paused"]
        ),
        pause_on=frozenset(row["pause_on"]),
        business_now=row["business_now"],
        due_at=row["due_at"],
        incidents=row["incidents"],
    )


def definition_row(row: asyncpg.Record) -> DefinitionRow:
    """Return a version of a process from its row."""
    return DefinitionRow(
        id=row["id"],
        key=row["key"],
        version=row["version"],
        hash=row["hash"],
        process_id=row["process_id"],
        sources=orjson.loads(row["sources"]),
        forms=orjson.loads(row["forms"]),
        state=row["state"],
        requested_by=row["requested_by"],
    )


def version_row(row: asyncpg.Record) -> VersionRow:
    """Return a version of a process, without its sources, from its row."""
    return VersionRow(row["id"], row["version"], row["state"], row["hash"], frozenset(row["tags"]))


def draft_row(row: asyncpg.Record) -> DraftRow:
    """Return a draft from its row."""
    return DraftRow(
        id=row["id"],
        key=row["key"],
        revision=row["revision"],
        state=row["state"],
        hash=row["hash"],
        sources=orjson.loads(row["sources"]),
        findings=orjson.loads(row["findings"] or "[]"),
        authors=frozenset(row["authors"]),
        saved_by=row["saved_by"],
        requested_by=row["requested_by"],
        entries=row["entries"],
    )


def json_of(value: str | None) -> Mapping[str, Any] | None:
    """Return the object in a JSON column, None for a null."""
    return orjson.loads(value) if value is not None else None
