"""What people do with tasks. Whether they may is decided where the command is carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from core import Forbidden
from scf_api import views
from scf_api.accounts import colleague
from scf_api.context import Info
from scf_api.schema.cases import Task
from scf_api.schema.commands import CommandState, UserError
from scf_api.schema.describe import argument, mutation, output
from scf_api.schema.performing import CommandStatus, perform
from scf_api.schema.relay import global_id, key_of


@argument
class ClaimTaskInput:
    """A task to take."""

    idempotency_key: str
    task_id: strawberry.ID


@argument
class UnclaimTaskInput:
    """A task to give back, or to take back from the person to whom the caller delegated it."""

    idempotency_key: str
    task_id: strawberry.ID


@argument
class DelegateTaskInput:
    """A task that the caller has, and the person who is to do it on the caller's behalf."""

    idempotency_key: str
    task_id: strawberry.ID
    person: str


@argument
class AssignTaskInput:
    """A task, and the person to whom it is given."""

    idempotency_key: str
    task_id: strawberry.ID
    person: str


@argument
class ScheduleTaskInput:
    """A task, and when to come back to it, in business time; null is at once."""

    idempotency_key: str
    task_id: strawberry.ID
    follow_up: datetime | None = None


@argument
class CommentOnTaskInput:
    """A task, and a remark of at most 4,000 characters."""

    idempotency_key: str
    task_id: strawberry.ID
    text: str


@argument
class SaveTaskDraftInput:
    """A task, and what the caller has filled in so far; it takes the place of what was saved before."""

    idempotency_key: str
    task_id: strawberry.ID
    draft: JSON


@argument
class SignedStatement:
    """The text that statementFor gave, and its signature with the person's own key."""

    statement: str
    signature_base64: str = strawberry.field(
        description="ECDSA P-256, SHA-256, over the domain and the text: r ‖ s as WebCrypto gives it, or DER."
    )


@argument
class CompleteTaskInput:
    """What was decided, the statement that the person makes about it, and one that the person signed."""

    idempotency_key: str
    task_id: strawberry.ID
    variables: JSON
    statement: JSON | None = None
    signed: SignedStatement | None = None


@argument
class ClaimTasksInput:
    """Tasks to take, at most 100."""

    idempotency_key: str
    task_ids: list[strawberry.ID]


@argument
class TaskDecision:
    """What was decided about one of several tasks."""

    task_id: strawberry.ID
    variables: JSON
    statement: JSON | None = None
    signed: SignedStatement | None = None


@argument
class CompleteTasksInput:
    """Tasks to complete, at most 100, each with what was decided."""

    idempotency_key: str
    items: list[TaskDecision]


@output
class TaskPayload:
    """What became of a task."""

    command: CommandStatus | None
    user_errors: list[UserError]
    task: Task | None


@output
class TaskResult:
    """What became of one of several tasks."""

    task_id: strawberry.ID
    command: CommandStatus | None = strawberry.field(
        description="The command for this task alone; null when not even that was accepted."
    )
    done: bool
    code: str | None = strawberry.field(description="Why it was refused.")
    message: str | None


@output
class TasksPayload:
    """What became of several tasks, each by itself, in the order in which they were named."""

    command: CommandStatus | None
    user_errors: list[UserError]
    results: list[TaskResult]


@output
class TaskMutations:
    """What can be done with tasks."""

    @mutation
    async def claim_task(self, info: Info, input: ClaimTaskInput) -> TaskPayload:
        """Take an open task."""
        return await _on_task(info, "task.claim", input.task_id, {}, input.idempotency_key)

    @mutation
    async def unclaim_task(self, info: Info, input: UnclaimTaskInput) -> TaskPayload:
        """Give a task back: to who delegated it, else to all whom it is for."""
        return await _on_task(info, "task.unclaim", input.task_id, {}, input.idempotency_key)

    @mutation
    async def delegate_task(self, info: Info, input: DelegateTaskInput) -> TaskPayload:
        """Let another person whom the task is for do it; under four eyes both count."""
        return await _give(info, "task.delegate", input.task_id, input.person, input.idempotency_key)

    @mutation
    async def assign_task(self, info: Info, input: AssignTaskInput) -> TaskPayload:
        """Give a task to a person whom it is for; this is for those who hand out such tasks."""
        return await _give(info, "task.assign", input.task_id, input.person, input.idempotency_key)

    @mutation
    async def schedule_task(self, info: Info, input: ScheduleTaskInput) -> TaskPayload:
        """Put a task off to a later date, or take that back."""
        follow_up = input.follow_up.astimezone(UTC).isoformat() if input.follow_up else None
        fields = {"follow_up": follow_up} if follow_up else {}
        return await _on_task(info, "task.schedule", input.task_id, fields, input.idempotency_key)

    @mutation
    async def comment_on_task(self, info: Info, input: CommentOnTaskInput) -> TaskPayload:
        """Leave a remark for whoever works on a task."""
        return await _on_task(
            info, "task.comment", input.task_id, {"text": input.text}, input.idempotency_key
        )

    @mutation
    async def save_task_draft(self, info: Info, input: SaveTaskDraftInput) -> TaskPayload:
        """Keep what has been filled in so far, for the caller alone."""
        return await _on_task(
            info, "task.save-draft", input.task_id, {"draft": input.draft}, input.idempotency_key
        )

    @mutation
    async def complete_task(self, info: Info, input: CompleteTaskInput) -> TaskPayload:
        """Complete a task with what was decided."""
        fields = {"variables": input.variables, "statement": input.statement, **_signed(input.signed)}
        return await _on_task(info, "task.complete", input.task_id, fields, input.idempotency_key)

    @mutation
    async def claim_tasks(self, info: Info, input: ClaimTasksInput) -> TasksPayload:
        """Take several tasks; one that is refused holds no other."""
        return await _on_tasks(
            info,
            "task.claim-many",
            lambda: {"task_ids": [str(key_of(one, "Task", "taskIds")) for one in input.task_ids]},
            input.idempotency_key,
        )

    @mutation
    async def complete_tasks(self, info: Info, input: CompleteTasksInput) -> TasksPayload:
        """Complete several tasks; one that is refused holds no other."""
        return await _on_tasks(
            info,
            "task.complete-many",
            lambda: {
                "items": [
                    {
                        "task_id": str(key_of(item.task_id, "Task", "items.taskId")),
                        "variables": item.variables,
                        "statement": item.statement,
                        **_signed(item.signed),
                    }
                    for item in input.items
                ]
            },
            input.idempotency_key,
        )


def _signed(signed: SignedStatement | None) -> Mapping[str, Any]:
    if signed is None:
        return {}
    return {"signed": {"statement": signed.statement, "signature": signed.signature_base64}}


async def _on_task(
    info: Info, kind: str, task_id: str, fields: Mapping[str, Any], idempotency_key: str
) -> TaskPayload:
    answer = await perform(
        info, kind, lambda: {"task_id": str(key_of(task_id, "Task", "taskId")), **fields}, idempotency_key
    )
    row = None
    if answer.status is not None:
        row = await info.context.one(views.TASK, key_of(task_id, "Task", "taskId"))
    return TaskPayload(
        command=answer.status, user_errors=answer.errors, task=Task.from_row(row) if row else None
    )


async def _give(info: Info, kind: str, task_id: str, person: str, idempotency_key: str) -> TaskPayload:
    """Name a person in a command, with the roles that the person's account holds."""
    found = await colleague(info.context.person, person)
    if found is None:
        refusal = Forbidden("task.person_unknown", f"{person!r} is nobody to give a task to.", where="person")
        return TaskPayload(command=None, user_errors=[UserError.of(refusal)], task=None)
    fields: dict[str, Any] = {"person": found.name, "roles": sorted(found.roles)}
    if found.party_id is not None:
        fields["party_id"] = str(found.party_id)
    return await _on_task(info, kind, task_id, fields, idempotency_key)


async def _on_tasks(info: Info, kind: str, payload: Any, idempotency_key: str) -> TasksPayload:
    answer = await perform(info, kind, payload, idempotency_key)
    results = await asyncio.gather(*(_result(info, item) for item in answer.result.get("items", ())))
    return TasksPayload(command=answer.status, user_errors=answer.errors, results=list(results))


async def _result(info: Info, item: Mapping[str, Any]) -> TaskResult:
    """Tell what became of one task, as its own command's outcome says."""
    task_id = global_id("Task", item["task_id"])
    if "error" in item:
        error = item["error"]
        return TaskResult(
            task_id=task_id, command=None, done=False, code=error["code"], message=error["message"]
        )
    outcome = await info.context.commands.outcome(UUID(item["command_id"]))
    state = CommandState(outcome.state) if outcome else CommandState.ACCEPTED
    error = (outcome.error if outcome else None) or {}
    return TaskResult(
        task_id=task_id,
        command=CommandStatus(id=global_id("Command", item["command_id"]), state=state),
        done=state is CommandState.DONE,
        code=error.get("code"),
        message=error.get("message"),
    )
