"""What the commands about user tasks carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from workflows.actors import Actor

if TYPE_CHECKING:
    from workflows.payloads import _Fields as Fields

# The most tasks that one request claims or completes.
MOST_AT_ONCE = 100
LONGEST_COMMENT = 4000


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement as a person sends it: its exact text, and the signature as browser or hardware gave it."""

    statement: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class OfTask:
    """A command about one task."""

    task_id: UUID


@dataclass(frozen=True, slots=True)
class ClaimTask(OfTask):
    """`task.claim`: the actor takes an open task."""


@dataclass(frozen=True, slots=True)
class UnclaimTask(OfTask):
    """`task.unclaim`: the holder gives the task back, or who delegated it takes it back."""


@dataclass(frozen=True, slots=True)
class DelegateTask(OfTask):
    """`task.delegate`: the holder lets another person act; `to` has the roles that person holds today."""

    to: Actor


@dataclass(frozen=True, slots=True)
class AssignTask(OfTask):
    """`task.assign`: who hands out the work of a group gives the task to a person."""

    to: Actor


@dataclass(frozen=True, slots=True)
class ScheduleTask(OfTask):
    """`task.schedule`: when to come back to the task, in business time; None is at once."""

    follow_up: datetime | None


@dataclass(frozen=True, slots=True)
class CommentOnTask(OfTask):
    """`task.comment`: a remark for whoever works on the task."""

    text: str


@dataclass(frozen=True, slots=True)
class SaveTaskDraft(OfTask):
    """`task.save-draft`: what the actor has filled in so far."""

    draft: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CompleteTask(OfTask):
    """`task.complete`: what the actor decided, the statement made about it, and one that the actor signed."""

    variables: Mapping[str, Any]
    statement: Mapping[str, Any] | None
    signed: Signed | None = None


@dataclass(frozen=True, slots=True)
class ClaimTasks:
    """`task.claim-many`: the actor takes several tasks, each by a command of its own."""

    task_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class CompleteTasks:
    """`task.complete-many`: the actor decides several tasks, each by a command of its own."""

    items: tuple[CompleteTask, ...]


TaskPayload = (
    ClaimTask
    | UnclaimTask
    | DelegateTask
    | AssignTask
    | ScheduleTask
    | CommentOnTask
    | SaveTaskDraft
    | CompleteTask
    | ClaimTasks
    | CompleteTasks
)


def _person(f: Fields) -> Actor:
    return Actor(f.text("person", limit=80), frozenset(f.names("roles")), f.optional_uuid("party_id"))


def _completion(f: Fields) -> CompleteTask:
    return CompleteTask(
        f.uuid("task_id"), f.mapping("variables"), f.statement("statement"), f.signed("signed")
    )


READERS: Mapping[str, Callable[[Fields], TaskPayload]] = {
    "task.claim": lambda f: ClaimTask(f.uuid("task_id")),
    "task.unclaim": lambda f: UnclaimTask(f.uuid("task_id")),
    "task.delegate": lambda f: DelegateTask(f.uuid("task_id"), _person(f)),
    "task.assign": lambda f: AssignTask(f.uuid("task_id"), _person(f)),
    "task.schedule": lambda f: ScheduleTask(f.uuid("task_id"), f.optional_moment("follow_up")),
    "task.comment": lambda f: CommentOnTask(f.uuid("task_id"), f.text("text", limit=LONGEST_COMMENT)),
    "task.save-draft": lambda f: SaveTaskDraft(f.uuid("task_id"), f.small_mapping("draft")),
    "task.complete": _completion,
    "task.claim-many": lambda f: ClaimTasks(f.uuids("task_ids", most=MOST_AT_ONCE)),
    "task.complete-many": lambda f: CompleteTasks(
        f.each("items", _completion, of=lambda item: item.task_id, most=MOST_AT_ONCE)
    ),
}
